import assert from "node:assert/strict";
import {
  Program,
  type ProgramEnd,
  runProgram,
  startServer,
  TemporaryFolder,
} from "../examples/program.ts";

const BOTS = "tools/bots.ts";

function summaryOf({ stdout, stderr }: ProgramEnd): Record<string, unknown> & {
  readonly rttMs: Record<string, number>;
  readonly bytes: Record<string, number>;
} {
  const lines = stdout.trimEnd().split("\n");
  assert.equal(lines.length, 1, stderr);
  return JSON.parse(lines[0]!);
}

Deno.test("bots measure an echo server from several threads, and end by themselves", async () => {
  const { server, url } = await startServer("examples/echo/server.ts");
  await using _ = server;
  const { port } = new URL(url);
  const args = ["--host", "127.0.0.1", "--port", port, "--count", "6", "--speed", "0.05"];
  const [good, lossy] = await Promise.all([
    runProgram(BOTS, [...args, "--workers", "2", "--seconds", "1", "--json", "--fail-loss", "0"]),
    runProgram(BOTS, [
      ...["--url", url, "--count", "4", "--rate", "40", "--churn", "4", "--seed", "7"],
      ...["--sim", "loss=20%,delay=5ms,seed=3", "--seconds", "1", "--fail-loss", "5"],
    ]),
  ]);
  const summary = summaryOf(good);
  assert.equal(good.code, 0, good.stderr);
  assert.deepEqual([summary["event"], summary["clients"], summary["connected"]], ["done", 6, 6]);
  assert.equal(summary["sent"], summary["received"]);
  assert.ok(Number(summary["sent"]) >= 60, `${summary["sent"]} sent`);
  assert.deepEqual([summary["lost"], summary["missed"]], [0, []]);
  const { p50, p90, p99, max } = summary.rttMs;
  assert.ok(p50! > 0 && p50! <= p90! && p90! <= p99! && p99! <= max!);
  assert.ok(summary.bytes["sent"]! > 0 && summary.bytes["received"]! > 0);
  assert.match(good.stderr, /^\d+ s {2}\d\/6 bots/m);

  assert.equal(lossy.code, 2, lossy.stderr);
  assert.match(lossy.stderr, /missed: loss [\d.]+ % is above --fail-loss 5/);
  const [, connected] = /4 wanted, (\d+) connected, 0 dropped/.exec(lossy.stdout) ?? [];
  assert.ok(Number(connected) > 4, `churn: ${lossy.stdout}`);
});

Deno.test("bots know the game that the server runs, and play it", async () => {
  await using folder = new TemporaryFolder();
  const [arena, chat] = await Promise.all([
    startServer("server/main.ts", ["--stats-seconds", "0"], { cwd: folder.path }),
    startServer("examples/chat/server.ts"),
  ]);
  await using _arena = arena.server;
  await using _chat = chat.server;
  const args = [
    "--count",
    "3",
    "--rate",
    "20",
    "--seconds",
    "2",
    "--json",
    "--fail-connect",
    "0",
  ];
  const [inArena, inChat] = await Promise.all([
    runProgram(BOTS, ["--url", arena.url, ...args]),
    runProgram(BOTS, ["--url", chat.url, ...args]),
  ]);
  for (const end of [inArena, inChat]) {
    assert.equal(end.code, 0, end.stderr);
    const { connected, sent, received } = summaryOf(end);
    assert.equal(connected, 3);
    assert.ok(Number(sent) > 0 && Number(received) > 0, end.stdout);
  }
  assert.match(arena.server.stderr, /bot 2 joined/);
});

Deno.test("ctrl-C ends bots early, with the summary", async () => {
  const { server, url } = await startServer("examples/echo/server.ts");
  await using _ = server;
  await using bots = new Program(BOTS, [
    "--url",
    url,
    "--rate",
    "50",
    "--seconds",
    "600",
    "--json",
  ]);
  await bots.complaint(/1\/1 bots/);
  const end = await bots.interrupt();
  assert.equal(end.code, 0, end.stderr);
  const { sent, received } = summaryOf(end);
  assert.ok(Number(sent) > 0);
  assert.equal(sent, received);
});

Deno.test("bots explain why they cannot begin, with code 1", async () => {
  await using folder = new TemporaryFolder();
  const { server, url } = await startServer("examples/chat/server.ts");
  await using _ = server;
  const empty = await folder.write("bot.ts", "export default {};");
  const echo = new URL("../../examples/echo/bot.ts", import.meta.url).href;
  const cases: [string[], RegExp][] = [
    [["--bot", folder.join("none.ts")], /Cannot load bot .*there is no file/],
    [["--bot", empty], /its default export is not what defineBot\(\) returns/],
    [["--bot", echo], /the server runs chat, the bot plays echo/],
  ];
  const ends = await Promise.all(cases.map(([args]) => runProgram(BOTS, ["--url", url, ...args])));
  for (const [i, [args, expected]] of cases.entries()) {
    assert.match(ends[i]!.stderr, expected, args.join(" "));
    assert.equal(ends[i]!.code, 1);
  }
});
