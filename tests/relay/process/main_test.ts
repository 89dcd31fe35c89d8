import assert from "node:assert/strict";
import { join } from "node:path";
import { Program, runProgram, TemporaryFolder } from "../../examples/program.ts";
import { ask, LiveGame, until, untilReceived } from "./live_network.ts";

const MAIN = "relay/main.ts";
const HERE = ["--host", "127.0.0.1", "--port", "0", "--http-port", "0", "--json"];

Deno.test("main.ts alone is a network on one host: it answers, forwards, and stops at SIGINT with code 0", async () => {
  await using folder = new TemporaryFolder();
  await using relay = new Program(MAIN, [...HERE, "--stats-seconds", "0.2"], { cwd: folder.path });
  const ready = await relay.event("ready");
  const { httpUrl, port } = ready;
  assert.equal(ready["role"], "both");
  assert.equal(ready["id"], "local-1");
  assert.equal(ready["region"], "local");
  assert.equal(ready["host"], "127.0.0.1");
  assert.deepEqual(ready["advertised"], [`127.0.0.1:${port}`]);
  assert.equal(ready["url"], httpUrl);
  assert.equal(ready["isConnected"], true);

  for (const path of ["/healthz", "/readyz"]) {
    const { status, directorId } = await (await fetch(`${httpUrl}${path}`)).json();
    assert.equal(status, "ok", path);
    assert.match(directorId, /^d-/);
  }
  const { beacons } = await (await fetch(`${httpUrl}/v1/beacons`)).json();
  assert.deepEqual(beacons.map(({ relayId }: { relayId: string }) => relayId), ["local-1"]);

  await using game = new LiveGame(String(httpUrl), folder.path);
  await game.serve("local");
  const player = await game.play();
  await untilReceived(player, 20);
  const stats = await relay.event(
    "stats",
    ({ sessions }) => (sessions as { active: number }).active === 1,
  );
  assert.equal(stats["directory"], "connected");
  // Where the player comes from was not in the request for a session, so a cookie proved it.
  assert.deepEqual(stats["drops"], { bindCookie: 1 });

  const page = await fetch(`${httpUrl}/status`);
  assert.match(page.headers.get("content-type")!, /^text\/html/);
  assert.match(page.headers.get("content-security-policy")!, /default-src 'none'/);
  assert.match(await page.text(), /local-1/);
  const metrics = await (await fetch(`${httpUrl}/metrics`)).text();
  assert.match(metrics, /^tickwire_relay_sessions\{state="active"\} 1$/m);
  assert.match(metrics, /^tickwire_relay_socket_events_total\{event="kernelDrops"\} 0$/m);
  const snapshot = await (await fetch(`${httpUrl}/status.json`)).json();
  assert.equal(snapshot.sessions.length, 1);

  const { code, stdout, stderr } = await relay.interrupt();
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout.trimEnd().split("\n").at(-1)!).event, "stopped");
  assert.deepEqual(player.lost <= 5, true, `${player.lost} lost`);
});

Deno.test("main.ts keeps secrets from others, and uses them again", async () => {
  await using folder = new TemporaryFolder();
  const secrets = async (): Promise<Record<string, string>> => {
    await using relay = new Program(MAIN, HERE, { cwd: folder.path });
    await relay.event("ready");
    const found: Record<string, string> = {};
    for await (const { name } of Deno.readDir(join(folder.path, ".tickwire"))) {
      const path = join(folder.path, ".tickwire", name);
      const { mode, isFile } = await Deno.stat(path);
      assert.equal(mode! & 0o077, 0, name);
      if (isFile) found[name] = await Deno.readTextFile(path);
    }
    assert.equal((await relay.interrupt()).code, 0);
    return found;
  };
  const first = await secrets();
  assert.deepEqual(Object.keys(first).sort(), [
    "backend.token",
    "director.json",
    "local-1.key",
    "operator.token",
    "relay.token",
    "server.token",
  ]);
  assert.deepEqual(await secrets(), first);
});

Deno.test("a newer process takes the port and the sessions of a relay that plays", async () => {
  await using folder = new TemporaryFolder();
  const options = { cwd: folder.path };
  const common = ["--region", "fra", "--host", "127.0.0.1", "--http-port", "0", "--json"];
  await using old = new Program(MAIN, [...common, "--port", "0"], options);
  const { httpUrl, port } = await old.event("ready");
  await using game = new LiveGame(String(httpUrl), folder.path);
  await game.serve("fra");
  // 250 packets a second, so that a gap of a few milliseconds shows.
  const player = await game.play(8);
  await untilReceived(player, 50);
  await using young = new Program(MAIN, [...common, "--takeover"], options);
  const ready = await young.event("ready");
  assert.equal(ready["takenOver"], 1);
  assert.equal(ready["port"], port);
  await untilReceived(player, 50);
  await old.event("taken-over");
  const end = await old.end();
  assert.equal(end.code, 0, end.stderr);
  // The director in the new process knows what the old one knew.
  await ask(String(ready["httpUrl"]), "/v1/sessions", {
    folder: folder.path,
    role: "backend",
    body: { serverId: "s1" },
  });
  await untilReceived(player, 50);
  player.stop();
  await until(() => player.lost === 0 || !player.isWaiting, "the last packets");
  // deno-lint-ignore no-console -- the figure that this test is about.
  console.log(
    `takeover: ${player.lost} of ${player.sent} packets lost, ` +
      `longest gap ${player.longestGapMs.toFixed(0)} ms`,
  );
  assert.ok(player.lost <= 2, `${player.lost} of ${player.sent} packets lost`);
  assert.equal((await young.interrupt()).code, 0);
});

Deno.test("shards are threads with ports of their own, and a second process of one relay is refused", async () => {
  await using folder = new TemporaryFolder();
  await using relay = new Program(MAIN, [...HERE, "--shards", "2"], { cwd: folder.path });
  const { httpUrl, advertised } = await relay.event("ready");
  assert.equal(new Set(advertised as string[]).size, 2);
  await using game = new LiveGame(String(httpUrl), folder.path);
  await game.serve("local");
  const players = [await game.play(), await game.play()];
  for (const player of players) await untilReceived(player, 10);
  const snapshot = await (await fetch(`${httpUrl}/status.json`)).json();
  assert.equal(snapshot.sessions.length, 2);

  const second = await runProgram(MAIN, HERE, { cwd: folder.path });
  assert.equal(second.code, 1);
  assert.match(second.stderr, /This relay runs already .* --takeover/);
  assert.equal((await relay.interrupt()).code, 0);
});

Deno.test("a relay alone joins a director elsewhere with a copy of its token", async () => {
  await using folder = new TemporaryFolder();
  await using away = new TemporaryFolder();
  const options = { cwd: folder.path };
  await using director = new Program(MAIN, [
    "--role",
    "director",
    "--http-port",
    "0",
    "--json",
  ], options);
  const { httpUrl: url, host } = await director.event("ready");
  assert.equal(host, undefined);
  const token = join(away.path, "relay.token");
  await Deno.copyFile(join(folder.path, ".tickwire", "relay.token"), token);
  await Deno.chmod(token, 0o600);
  const args = [
    ...HERE,
    ...["--role", "relay", "--region", "ams", "--id", "ams-7", "--zone", "acme"],
    ...["--director", String(url), "--token-file", token],
  ];
  await using relay = new Program(MAIN, args, { cwd: away.path });
  const ready = await relay.event("ready");
  assert.equal(ready["isConnected"], true);
  assert.equal(ready["url"], url);
  const { regions } = await (await fetch(`${url}/v1/regions`)).json();
  assert.deepEqual(regions.map(({ region }: { region: string }) => region), ["ams"]);
  const status = await fetch(`${ready["httpUrl"]}/readyz`);
  assert.deepEqual(await status.json(), { status: "ok", relayId: "ams-7" });
  assert.equal((await relay.interrupt()).code, 0);
  assert.equal((await director.interrupt()).code, 0);
});

for (
  const [args, complaint] of [
    [["--role", "relay"], /--role relay: name its director with --director URL/],
    [["--takeover"], /No relay to take over from/],
  ] as const
) {
  Deno.test(`main.ts says what is wrong with ${args.join(" ")}`, async () => {
    await using folder = new TemporaryFolder();
    const { code, stdout, stderr } = await runProgram(MAIN, args, { cwd: folder.path });
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, complaint);
    assert.doesNotMatch(stderr, /\n\s+at /);
  });
}
