import assert from "node:assert/strict";
import { runProgram, startServer, TemporaryFolder } from "../examples/program.ts";

const QUERY = "tools/query.ts";

Deno.test("query tells what a server says of itself, and how far away it is", async () => {
  await using folder = new TemporaryFolder();
  const { server, url } = await startServer(
    "server/main.ts",
    ["--name", "Test \u202e arena", "--max-peers", "7"],
    { cwd: folder.path },
  );
  await using _ = server;
  const args = ["--count", "3", "--interval", "0.05"];
  const bare = url.replace(/#.*/, "");
  const [json, words] = await Promise.all([
    runProgram(QUERY, [bare, ...args, "--json"]),
    runProgram(QUERY, [bare, ...args]),
  ]);
  assert.equal(json.code, 0, json.stderr);
  const lines = json.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ event }) => event), ["info", "ping", "ping", "ping", "done"]);
  const { game, players, capacity, keyText } = lines[0];
  assert.deepEqual([game, players, capacity], ["arena", 0, 7]);
  assert.equal(`#${keyText}`, new URL(url).hash);
  const { sent, received, rttMs } = lines.at(-1);
  assert.deepEqual([sent, received], [3, 3]);
  assert.ok(rttMs.min > 0 && rttMs.min <= rttMs.mean && rttMs.mean <= rttMs.max);
  assert.ok(words.stdout.includes(url), words.stdout);
  assert.match(words.stdout, /^name {9}Test arena$/m);
  assert.match(words.stdout, /3 of 3 answered/);
});

Deno.test("query ends with 1 when nobody answers, and when the URL is none", async () => {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  const [silent, wrong] = await Promise.all([
    runProgram(QUERY, [`tickwire://127.0.0.1:${port}`, "--timeout", "0.3"]),
    runProgram(QUERY, ["127.0.0.1"]),
  ]);
  socket.close();
  assert.equal(silent.code, 1);
  assert.match(silent.stderr, /^error: Cannot reach the server: no answer to a query\n$/);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /expected tickwire:\/\/host:port#key/);
});
