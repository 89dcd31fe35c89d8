import assert from "node:assert/strict";
import type { FleetReport } from "../../tools/bot_messages.ts";
import { BotPacer } from "../../tools/bot_pacer.ts";
import { BotTally, missedObjectives } from "../../tools/bot_summary.ts";
import { checkOpenFiles, openFilesLimit } from "../../tools/open_files.ts";

function report(more: Partial<FleetReport>): FleetReport {
  return {
    attempted: 0,
    connected: 0,
    online: 0,
    failed: {},
    dropped: 0,
    sent: 0,
    received: 0,
    lost: 0,
    skipped: 0,
    bytesSent: 0,
    bytesReceived: 0,
    rttMicroseconds: new Uint32Array(),
    connectMicroseconds: new Uint32Array(),
    ...more,
  };
}

Deno.test("a pacer calls each action at its rate, evenly spread", () => {
  const pacer = new BotPacer(4, 10, 0);
  const calls: [number, number][] = [];
  let nowMs = 0;
  for (const place of [0, 1, 3]) pacer.set(place, () => calls.push([place, nowMs]));
  for (nowMs = 0; nowMs < 1000; nowMs++) pacer.run(nowMs);
  for (const place of [0, 1, 3]) {
    const times = calls.filter(([who]) => who === place).map(([, atMs]) => atMs);
    assert.deepEqual(times, Array.from({ length: 10 }, (_, k) => k * 100 + place * 25));
  }
  pacer.set(0, undefined);
  calls.length = 0;
  for (; nowMs < 2000; nowMs++) pacer.run(nowMs);
  assert.equal(calls.filter(([who]) => who === 0).length, 0);
});

Deno.test("a pacer that is late leaves out what is too old instead of a burst, and counts it", () => {
  const pacer = new BotPacer(1, 100, 0);
  let calls = 0;
  pacer.set(0, () => calls++);
  pacer.run(1000);
  assert.equal(calls + pacer.skipped, 101);
  assert.ok(calls <= 7, `${calls} at once`);
});

Deno.test("a tally sums up the last reports of all workers, and the samples of all reports", () => {
  const tally = new BotTally();
  tally.add(0, report({ sent: 5, rttMicroseconds: new Uint32Array([1_000, 2_000]) }));
  tally.add(0, report({ sent: 10, received: 9, lost: 1, online: 2, connected: 2 }));
  tally.add(1, report({ sent: 7, failed: { full: 2 }, attempted: 2 }));
  tally.add(1, report({ sent: 8, failed: { full: 3 }, rttMicroseconds: new Uint32Array([9_000]) }));
  assert.equal(tally.online, 2);
  const { sent, received, lost, failed, rttMs, connectMs } = tally.summary(4, 1.2345);
  assert.deepEqual({ sent, received, lost, failed }, {
    sent: 18,
    received: 9,
    lost: 1,
    failed: { full: 3 },
  });
  assert.ok(Math.abs(rttMs.max! - 9) < 0.1 && Math.abs(rttMs.p50! - 2) < 0.1);
  assert.deepEqual(connectMs, { p50: null, p90: null, p99: null, max: null });
  assert.ok(tally.takeRecentRtt().max! >= 8.9);
  assert.equal(tally.takeRecentRtt().max, null);
});

Deno.test("objectives are missed by more than they allow, and named", () => {
  const tally = new BotTally();
  tally.add(
    0,
    report({
      sent: 200,
      lost: 2,
      attempted: 10,
      failed: { full: 1 },
      rttMicroseconds: new Uint32Array([5_000]),
    }),
  );
  const summary = tally.summary(10, 1);
  const missed = (failLoss?: number, failRttP99?: number, failConnect?: number): string[] =>
    missedObjectives(summary, { failLoss, failRttP99, failConnect });
  assert.deepEqual(missed(), []);
  assert.deepEqual(missed(1, 6, 10), []);
  assert.match(missed(0.9).join(), /^loss 1 % is above --fail-loss 0\.9$/);
  assert.match(missed(undefined, 4.9).join(), /^round trip p99 5(\.\d+)? ms is above/);
  assert.match(missed(undefined, undefined, 9).join(), /^10 % failed to connect, above/);
  assert.equal(missed(0, 0, 0).length, 3);
});

Deno.test("an objective about round trips is missed when there was none", () => {
  const summary = new BotTally().summary(1, 1);
  const objectives = { failLoss: undefined, failRttP99: 1_000, failConnect: undefined };
  assert.match(missedObjectives(summary, objectives).join(), /p99 unknown ms/);
});

Deno.test("the limit of open files is read from what Linux says", async () => {
  const limits =
    "Limit      Soft Limit  Hard Limit  Units\nMax open files            1024     4096     files\n";
  assert.equal(openFilesLimit(limits), 1024);
  assert.equal(
    openFilesLimit("Max open files            unlimited     unlimited     files"),
    Infinity,
  );
  assert.equal(openFilesLimit(""), undefined);
  await checkOpenFiles(1);
  if (Deno.build.os === "linux") {
    await assert.rejects(checkOpenFiles(1e12), /run first: ulimit -n 1000000000064/);
  }
});
