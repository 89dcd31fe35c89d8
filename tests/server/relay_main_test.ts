import assert from "node:assert/strict";
import { connect } from "../../mod.ts";
import { Echo } from "../../schema/messages/echo.ts";
import { Program, runProgram, TemporaryFolder } from "../examples/program.ts";

const REPOSITORY = new URL("../../", import.meta.url).href;

/** The echo server as a game that main.ts hosts. */
const ECHO_GAME = `
  import { defineGame } from "${REPOSITORY}mod.ts";
  import { Echo } from "${REPOSITORY}schema/messages/echo.ts";
  export default defineGame({
    protocol: Echo,
    start(server) {
      server.on(Echo.Ping, (peer, ping) => void peer.send(Echo.Pong, ping));
      return {};
    },
  });
`;

Deno.test("a relay, a server behind it and a client that has nothing but a join URL, as programs", async () => {
  await using folder = new TemporaryFolder();
  const cwd = folder.path;
  const relayArgs = ["--port", "0", "--http-port", "0", "--advertise", "127.0.0.1", "--json"];
  await using relay = new Program("relay/main.ts", relayArgs, { cwd });
  const { httpUrl } = await relay.event("ready");
  const game = await folder.write("game.ts", ECHO_GAME);
  const args = [game, "--port", "0", "--json", "--relay", `${httpUrl}`];
  await using server = new Program("server/main.ts", args, { cwd });
  const ready = await server.event("ready");
  assert.match(`${ready["joinCode"]}`, /^\w{6}$/);
  const joinUrl = `${ready["joinUrl"]}`;
  assert.ok(joinUrl.startsWith(`${httpUrl}/`.replace("http:", "tickwire-join:")));

  const measured = runProgram("examples/echo/client.ts", [joinUrl, "--count", "20", "--json"]);
  const client = await connect(Echo, joinUrl);
  const { sessionId } = client.stats().route;
  const timer = setInterval(() => {
    client.send(Echo.Ping, { sequence: 1, payload: new Uint8Array(8) });
  }, 20);
  const trace = await runProgram("tools/relay_trace.ts", [
    ...[sessionId, "--relay", `${httpUrl}`],
    ...["--interval", "0.5", "--count", "1", "--json"],
  ]);
  clearInterval(timer);
  await client.close();

  const { code, stdout } = await measured;
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).received, 20);
  assert.equal(trace.code, 0, trace.stderr);
  const { routes } = JSON.parse(trace.stdout);
  assert.deepEqual(routes.map(({ relays }: { relays: string[] }) => relays), [["local-1"]]);
  assert.ok(routes[0].isCarrying);
  assert.equal(routes[0].hops.length, 2);
  assert.equal((await server.interrupt()).code, 0);
});

Deno.test("main.ts says what is wrong with what it was told about relays", async () => {
  await using folder = new TemporaryFolder();
  const cwd = folder.path;
  const token = await folder.write("token", "server-0123456789012345678901\n");
  await Deno.chmod(token, 0o600);
  const cases: [string[], RegExp][] = [
    [["--exposure", "prefer"], /--relay URL/],
    [["--relay", "http://127.0.0.1:1"], /server\.token/],
    [["--relay", "127.0.0.1:1", "--relay-token", token], /http:\/\//],
    [
      ["--relay", "http://127.0.0.1:1", "--relay-token", token, "--relay-address", "x"],
      /IP literal/,
    ],
  ];
  const ends = await Promise.all(
    cases.map(([args]) => runProgram("server/main.ts", ["--port", "0", ...args], { cwd })),
  );
  for (const [i, { code, stderr }] of ends.entries()) {
    assert.equal(code, 1);
    assert.match(stderr, cases[i]![1]);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  }
});
