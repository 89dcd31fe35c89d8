import assert from "node:assert/strict";
import { connect, queryServer } from "../../mod.ts";
import { Arena } from "../../schema/messages/arena.ts";
import { Program, runProgram, startServer, TemporaryFolder } from "../examples/program.ts";

const MAIN = "server/main.ts";
const REPOSITORY = new URL("../../", import.meta.url).href;

/** A game that is a few lines long. */
function gameModule(start: string, more = ""): string {
  return `
    import { defineGame, flag, message, protocol, t } from "${REPOSITORY}mod.ts";
    const Ping = message({ n: t.u8() }, { from: "both", delivery: "unreliable" });
    const Tiny = protocol("tiny", { version: 1 }, { Ping });
    export default defineGame({ protocol: Tiny, ${more} start(server, context) { ${start} } });
  `;
}

Deno.test("main.ts hosts the arena, tells of players in JSON, and stops at SIGINT with code 0", async () => {
  await using folder = new TemporaryFolder();
  const { server, url } = await startServer(MAIN, ["--stats-seconds", "0.1"], {
    cwd: folder.path,
  });
  await using _ = server;
  const client = await connect(Arena, url);
  const connected = await server.event("connected");
  assert.equal(connected["hostname"], "127.0.0.1");
  await client.close("that was all");
  const disconnected = await server.event("disconnected");
  assert.equal(disconnected["peer"], connected["peer"]);
  assert.equal(disconnected["reason"], "that was all");
  assert.equal(disconnected["isByPeer"], true);
  const stats = await server.event("stats");
  assert.equal(stats["peers"], 0);
  assert.equal(stats["status"], "0 playing, 0 bullets");
  const { code, stdout } = await server.interrupt();
  assert.equal(code, 0);
  const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line).event);
  assert.equal(events[0], "ready");
  assert.equal(events.at(-1), "stopped");
});

Deno.test("main.ts tells clients that it stops", async () => {
  await using folder = new TemporaryFolder();
  const { server, url } = await startServer(MAIN, [], { cwd: folder.path });
  await using _ = server;
  const client = await connect(Arena, url);
  const gone = new Promise<string>((resolve) => {
    client.on("disconnected", ({ reason, isByServer }) => resolve(`${reason} ${isByServer}`));
  });
  await server.event("connected");
  server.signal("SIGTERM");
  assert.equal(await gone, "the server stops true");
  assert.equal((await server.end()).code, 0);
  await client.close();
});

Deno.test("main.ts keeps its key in .tickwire/server.key, so that the URL lasts", async () => {
  await using folder = new TemporaryFolder();
  const start = async (...args: string[]): Promise<string> => {
    const { server, url } = await startServer(MAIN, args, { cwd: folder.path });
    await using _ = server;
    await server.interrupt();
    return url;
  };
  const first = await start();
  const second = await start("--public-host", "play.example.org");
  assert.equal(new URL(second).hash, new URL(first).hash);
  assert.equal(new URL(second).hostname, "play.example.org");
  const { mode } = await Deno.stat(folder.join(".tickwire/server.key"));
  if (Deno.build.os !== "windows") assert.equal((mode ?? 0) & 0o777, 0o600);
});

Deno.test("main.ts says for people what to do next", async () => {
  await using folder = new TemporaryFolder();
  await using server = new Program(MAIN, ["--host", "127.0.0.1", "--port", "0"], {
    cwd: folder.path,
  });
  const url = (await server.line((line) => line.includes("tickwire://"))).trim();
  const play = await server.line((line) => line.startsWith("play"));
  assert.ok(play.includes("examples/arena/client.ts"), play);
  assert.ok(play.endsWith(` '${url}'`), play);
  await server.line((line) => line.startsWith("bots") && line.includes("--count 10"));
  await server.line((line) => line.startsWith("stop") && line.includes("ctrl-C"));
  const { code, stdout } = await server.interrupt();
  assert.equal(code, 0);
  assert.ok(stdout.endsWith("Stopped.\n"));
});

Deno.test("main.ts hosts a game module with its own arguments, and keeps its prints out of the JSON", async () => {
  await using folder = new TemporaryFolder();
  const game = await folder.write(
    "game.ts",
    gameModule(
      `console.log("rounds", context.flags.rounds, context.args);
       return { statusLine: () => "round 1 of " + context.flags.rounds };`,
      `flags: { rounds: flag.integer("N", "Rounds", { default: 3 }) }, tickHz: 20,`,
    ),
  );
  const args = [game, "--stats-seconds", "0.1", "--name", "Tiny test", "--tick-hz", "50"];
  const { server, url } = await startServer(MAIN, [...args, "--", "--rounds", "7", "x"], {
    cwd: folder.path,
  });
  await using _ = server;
  const stats = await server.event("stats");
  assert.equal(stats["status"], "round 1 of 7");
  const { name, game: protocolName } = await queryServer(url);
  assert.deepEqual([name, protocolName], ["Tiny test", "tiny"]);
  const { stdout, stderr } = await server.interrupt();
  for (const line of stdout.trimEnd().split("\n")) JSON.parse(line);
  assert.equal(JSON.parse(stdout.split("\n")[0]!).tickHz, 50);
  assert.match(stderr, /rounds 7 \[ "x" \]/);
});

Deno.test("main.ts warns when ticks are too slow", async () => {
  await using folder = new TemporaryFolder();
  const game = await folder.write(
    "game.ts",
    gameModule(
      `server.onTick(() => { const until = performance.now() + 8; while (performance.now() < until); });`,
      "tickHz: 200,",
    ),
  );
  const { server } = await startServer(MAIN, [game, "--stats-seconds", "0"], { cwd: folder.path });
  await using _ = server;
  const { overruns, longestMs, periodMs } = await server.event("tick-overrun");
  assert.equal(periodMs, 5);
  assert.ok(Number(overruns) >= 2);
  assert.ok(Number(longestMs) >= 8);
});

Deno.test("main.ts survives promises that a game forgot, and reports them", async () => {
  await using folder = new TemporaryFolder();
  const game = await folder.write(
    "game.ts",
    gameModule(`setTimeout(() => Promise.reject(new Error("forgotten promise")), 1);`),
  );
  const { server, url } = await startServer(MAIN, [game], { cwd: folder.path });
  await using _ = server;
  await server.complaint(/forgotten promise/);
  assert.equal((await queryServer(url)).game, "tiny");
  assert.equal((await server.interrupt()).code, 0);
});

Deno.test("main.ts drains: new players are refused, the others may stay for a while", async () => {
  await using folder = new TemporaryFolder();
  const { server, url } = await startServer(MAIN, ["--drain-seconds", "600"], {
    cwd: folder.path,
  });
  await using _ = server;
  const client = await connect(Arena, url);
  await server.event("connected");
  server.signal("SIGINT");
  const draining = await server.event("draining");
  assert.deepEqual([draining["peers"], draining["seconds"]], [1, 600]);
  await assert.rejects(connect(Arena, url), { code: "busy" });
  assert.equal(client.state, "connected");
  await client.close();
  assert.equal((await server.end()).code, 0);
});

Deno.test("main.ts ends at once with 130 at the second SIGINT", async () => {
  await using folder = new TemporaryFolder();
  const game = await folder.write(
    "game.ts",
    gameModule("return { stop: () => new Promise(() => {}) };"),
  );
  const { server } = await startServer(MAIN, [game, "--drain-seconds", "1"], { cwd: folder.path });
  await using _ = server;
  server.signal("SIGINT");
  await server.event("draining");
  assert.equal((await server.interrupt()).code, 130);
});

Deno.test("main.ts writes who comes and goes to the access log", async () => {
  await using folder = new TemporaryFolder();
  const file = folder.join("access.log");
  const { server, url } = await startServer(MAIN, ["--access-log", file], { cwd: folder.path });
  await using _ = server;
  const client = await connect(Arena, url);
  await client.close("evil\n2026-01-01 forged line");
  await server.event("disconnected");
  await server.interrupt();
  const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
  assert.equal(lines.length, 2);
  assert.match(lines[0]!, /^\d{4}-\d\d-\d\dT[\d:.]+Z connected 1 .*127\.0\.0\.1/);
  assert.match(lines[1]!, /^\d{4}-\d\d-\d\dT[\d:.]+Z disconnected 1 /);
});

Deno.test("main.ts works without --unstable-net, and says what is faster", async () => {
  await using folder = new TemporaryFolder();
  const { server, url } = await startServer(MAIN, [], {
    cwd: folder.path,
    denoArgs: ["--no-config", "--no-lock"],
  });
  await using _ = server;
  assert.equal((await queryServer(url)).game, "arena");
  const { code, stderr } = await server.interrupt();
  assert.equal(code, 0);
  assert.match(stderr, /--unstable-net/);
});

Deno.test("main.ts says which port is taken and what to do", async () => {
  await using folder = new TemporaryFolder();
  const { server, url } = await startServer(MAIN, [], { cwd: folder.path });
  await using _ = server;
  const { port } = new URL(url);
  const { code, stdout, stderr } = await runProgram(
    MAIN,
    ["--host", "127.0.0.1", "--port", port, "--json"],
    { cwd: folder.path },
  );
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, new RegExp(`^error: .*${port}.*in use.*--port`));
});

Deno.test("main.ts explains a wrong command line in a sentence, with code 1", async () => {
  await using folder = new TemporaryFolder();
  const tiny = await folder.write("tiny.ts", gameModule(""));
  const ticket = await folder.write("ticket.key", "nonsense");
  await Deno.chmod(ticket, 0o600);
  const cases: [string[], RegExp][] = [
    [["--prot", "1"], /unknown flag --prot; did you mean --port\?/],
    [["--tick-hz", "0"], /arena runs in ticks/],
    [["--require-ticket"], /--ticket-key/],
    [["--ticket-key", ticket], /expected one line with 43 characters of base64url/],
    [[folder.join("none.ts")], /there is no file .*none\.ts/],
    [[tiny, "--", "--rounds", "3"], /unknown flag --rounds/],
  ];
  const ends = await Promise.all(
    cases.map(([args]) => runProgram(MAIN, args, { cwd: folder.path })),
  );
  for (const [i, [args, expected]] of cases.entries()) {
    const { code, stdout, stderr } = ends[i]!;
    assert.match(stderr, expected, args.join(" "));
    assert.match(stderr, /^error: /);
    assert.doesNotMatch(stderr, /\n +at /, "a stack is of no use to a user");
    assert.deepEqual([code, stdout], [1, ""]);
  }
});

Deno.test("main.ts --help tells the flags of host and game", async () => {
  const { code, stdout } = await runProgram(MAIN, ["--help"]);
  assert.equal(code, 0);
  for (const flag of ["--port PORT", "--ticket-key FILE", "--access-log [FILE]", "--seed N"]) {
    assert.ok(stdout.includes(flag), flag);
  }
});
