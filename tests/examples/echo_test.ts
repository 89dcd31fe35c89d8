import assert from "node:assert/strict";
import { runProgram, startServer } from "./program.ts";

const SERVER = "examples/echo/server.ts";
const CLIENT = "examples/echo/client.ts";

Deno.test("echo comes back, in JSON and in words, and SIGINT ends the server with 0", async () => {
  const { server, url } = await startServer(SERVER);
  await using _ = server;
  const args = ["--count", "20", "--size", "1000", "--rate", "500"];
  const [json, words] = await Promise.all([
    runProgram(CLIENT, [url, ...args, "--json"]),
    runProgram(CLIENT, [url, ...args]),
  ]);
  assert.deepEqual([json.code, words.code], [0, 0], json.stderr + words.stderr);
  const { event, sent, received, rttMs } = JSON.parse(json.stdout);
  assert.deepEqual([event, sent, received], ["done", 20, 20]);
  assert.ok(rttMs.p50 > 0 && rttMs.p50 <= rttMs.p90 && rttMs.p90 <= rttMs.p99);
  assert.match(
    words.stdout,
    /^20 sent, 20 came back, 0\.0 % lost\nround trip: half within [\d.]+ ms/,
  );
  const { code, stdout } = await server.interrupt();
  assert.equal(code, 0);
  assert.match(stdout, /\{"event":"stopped"\}\n$/);
});

Deno.test("echo over a simulated bad line takes longer and loses some", async () => {
  const { server, url } = await startServer(SERVER);
  await using _ = server;
  const sim = "delay=20ms,loss=20%,seed=3";
  const { code, stdout, stderr } = await runProgram(
    CLIENT,
    [url, "--count", "50", "--rate", "500", "--sim", sim, "--json"],
  );
  assert.equal(code, 0, stderr);
  const { sent, received, rttMs } = JSON.parse(stdout);
  assert.equal(sent, 50);
  assert.ok(received > 0 && received < 50, `${received} came back`);
  assert.ok(rttMs.p50 >= 40);
});
