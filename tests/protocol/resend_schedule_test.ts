import assert from "node:assert/strict";
import { REQUEST_TIMEOUT_MS, ResendSchedule } from "../../protocol/resend_schedule.ts";
import { randomFill } from "../fixtures/seeded.ts";

function times(random: (into: Uint8Array) => void, timeoutMs?: number): number[] {
  const schedule = new ResendSchedule(random, 1_000, timeoutMs);
  const sent: number[] = [];
  for (let nowMs = 1_000; !schedule.isOver(nowMs); nowMs = schedule.deadlineMs) {
    if (schedule.take(nowMs)) sent.push(nowMs - 1_000);
  }
  assert.equal(schedule.attempts, sent.length);
  return sent;
}

Deno.test("without jitter a request leaves at once, after 100 ms, then 1.5 times later up to 500 ms", () => {
  const sent = times((into) => into.fill(127));
  const waits = sent.slice(1).map((atMs, i) => Math.round(atMs - sent[i]!));
  assert.deepEqual(sent[0], 0);
  assert.deepEqual(waits.slice(0, 6), [100, 150, 225, 337, 500, 500]);
});

Deno.test("jitter is 20 % at most, and differs between clients", () => {
  const base = [100, 150, 225, 337.5, 500, 500, 500];
  const seen = new Set<string>();
  for (let seed = 0; seed < 50; seed++) {
    const sent = times(randomFill("jitter", seed));
    for (let i = 0; i < base.length; i++) {
      const wait = sent[i + 1]! - sent[i]!;
      assert.ok(wait >= base[i]! * 0.8 - 1e-9 && wait <= base[i]! * 1.2 + 1e-9, `${wait}`);
    }
    seen.add(sent.map(Math.round).join());
  }
  assert.equal(seen.size, 50);
});

Deno.test("nothing leaves after the timeout, and the timeout is a deadline itself", () => {
  const sent = times(randomFill("end"));
  assert.ok(sent.at(-1)! < REQUEST_TIMEOUT_MS);
  assert.ok(sent.length >= 11, `${sent.length} attempts`);
  const schedule = new ResendSchedule(randomFill("end"), 0, 50);
  schedule.take(0);
  assert.equal(schedule.deadlineMs, 50);
  assert.equal(schedule.take(50), false);
  assert.equal(schedule.isOver(50), true);
});

Deno.test("take() before its time does nothing", () => {
  const schedule = new ResendSchedule(randomFill("early"), 1_000);
  assert.equal(schedule.take(999), false);
  assert.equal(schedule.take(1_000), true);
  assert.equal(schedule.take(1_001), false);
});
