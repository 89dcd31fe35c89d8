import assert from "node:assert/strict";
import { ReceivedPackets, Replay } from "../../../protocol/received_packets.ts";
import { RELAY_WINDOW_FRAMES, ReplayWindows } from "../../../protocol/relay/replay_window.ts";
import { Random, seedFor } from "../../../transport/random.ts";

Deno.test("a window judges as the session's own does, whatever the order", () => {
  const random = new Random(seedFor("windows", 1));
  const windows = new ReplayWindows(3);
  const oracle = new ReceivedPackets();
  let base = 2 ** 32 - 3_000;
  for (let step = 0; step < 30_000; step++) {
    base += random.below(3) + (random.chance(0.001) ? random.below(3_000) : 0);
    const sequence = Math.max(base - random.below(1_100), 0);
    const verdict = windows.judge(1, sequence);
    assert.equal(verdict, oracle.judge(sequence), `${sequence} of ${base}`);
    if (verdict !== Replay.fresh || random.chance(0.2)) continue;
    windows.mark(1, sequence);
    oracle.mark(sequence, false, 0);
  }
  assert.equal(windows.largest[0], -1, "neighbors are left alone");
  assert.equal(windows.taken[2], 0);
});

Deno.test("a frame 1,023 behind the newest passes, one 1,024 behind does not", () => {
  const windows = new ReplayWindows(1);
  windows.mark(0, 5_000);
  assert.equal(windows.judge(0, 5_000 - RELAY_WINDOW_FRAMES + 1), Replay.fresh);
  assert.equal(windows.judge(0, 5_000 - RELAY_WINDOW_FRAMES), Replay.tooOld);
  assert.equal(windows.judge(0, 5_000), Replay.duplicate);
});

Deno.test("missing frames are those between the first and the newest that have not come", () => {
  const windows = new ReplayWindows(1);
  assert.equal(windows.missing(0), 0);
  for (const sequence of [100, 101, 105]) windows.mark(0, sequence);
  assert.equal(windows.missing(0), 3);
  windows.mark(0, 103);
  assert.equal(windows.missing(0), 2);
  windows.mark(0, 98);
  assert.equal(windows.missing(0), 3, "99 is missing too");
  windows.reset(0);
  assert.equal(windows.missing(0), 0);
  assert.equal(windows.judge(0, 101), Replay.fresh);
});

Deno.test("marking says whether a frame is the newest", () => {
  const windows = new ReplayWindows(1);
  assert.deepEqual([5, 7, 6, 8].map((sequence) => windows.mark(0, sequence)), [
    true,
    true,
    false,
    true,
  ]);
});
