import assert from "node:assert/strict";
import {
  MAX_ACK_DELAY_MS,
  MAX_ACK_FRAME_BYTES,
  ReceivedPackets,
  Replay,
  REPLAY_WINDOW_PACKETS,
} from "../../protocol/received_packets.ts";

function ackOf(received: ReceivedPackets, nowMs = 0): number[] {
  const bytes = new Uint8Array(MAX_ACK_FRAME_BYTES);
  const end = received.writeAck(new DataView(bytes.buffer), 0, bytes.length, nowMs);
  return [...bytes.subarray(0, end)];
}

Deno.test("the window ends 1,024 packets below the largest, refused at the edge and not before", () => {
  const received = new ReceivedPackets();
  received.mark(5_000, true, 0);
  const oldest = 5_000 - REPLAY_WINDOW_PACKETS + 1;
  assert.equal(received.judge(oldest), Replay.fresh);
  assert.equal(received.judge(oldest - 1), Replay.tooOld);
  received.mark(oldest, true, 0);
  assert.equal(received.judge(oldest), Replay.duplicate);
  assert.equal(received.judge(5_000), Replay.duplicate);
  assert.equal(received.judge(5_001), Replay.fresh);
});

Deno.test("judging changes nothing: a number that does not authenticate moves no window", () => {
  const received = new ReceivedPackets();
  received.mark(10, true, 0);
  assert.equal(received.judge(2 ** 52), Replay.fresh);
  assert.equal(received.judge(9), Replay.fresh);
  assert.equal(received.largest, 10);
});

Deno.test("a jump of a whole window or more forgets the old one and takes nothing for new", () => {
  for (const jump of [1_023, 1_024, 1_025, 2_048, 1_000_000]) {
    const received = new ReceivedPackets();
    for (let packet = 0; packet < 100; packet++) received.mark(packet, true, 0);
    received.mark(99 + jump, true, 0);
    for (let packet = 0; packet < 100; packet++) {
      assert.notEqual(received.judge(packet), Replay.fresh, `${packet} after a jump of ${jump}`);
    }
    assert.equal(received.judge(98 + jump), Replay.fresh);
  }
});

Deno.test("packet numbers beyond 2^32 and 2^48 keep their places", () => {
  for (const base of [2 ** 32 - 2, 2 ** 48 - 2, Number.MAX_SAFE_INTEGER - 10]) {
    const received = new ReceivedPackets();
    for (const offset of [0, 1, 3, 4]) received.mark(base + offset, true, 0);
    assert.equal(received.judge(base + 2), Replay.fresh);
    assert.equal(received.judge(base + 3), Replay.duplicate);
    const low = (base + 4) % 65_536;
    assert.deepEqual(ackOf(received), [2, low & 0xff, low >> 8, 0, 2, 1, 1, 2]);
  }
});

Deno.test("an acknowledgement is due after 25 ms, at once after two packets, and at once when a hole is filled", () => {
  const received = new ReceivedPackets();
  assert.equal(received.ackDueMs, Infinity);
  received.mark(0, true, 100);
  assert.equal(received.ackDueMs, 100 + MAX_ACK_DELAY_MS);
  received.mark(1, true, 110);
  assert.equal(received.ackDueMs, 110);
  ackOf(received);
  assert.equal(received.ackDueMs, Infinity);
  received.mark(3, true, 200);
  ackOf(received);
  received.mark(2, true, 210);
  assert.equal(received.ackDueMs, 210, "its sender is about to call it lost");
});

Deno.test("packets that want no acknowledgement make none due", () => {
  const received = new ReceivedPackets();
  received.mark(0, false, 0);
  received.mark(2, false, 0);
  received.mark(1, false, 0);
  assert.equal(received.ackDueMs, Infinity);
  assert.equal(received.isAckPending, false);
  assert.deepEqual(ackOf(received), [2, 2, 0, 0, 3, 0], "but they are told along with others");
});

Deno.test("the delay of an ACK frame counts half milliseconds since the largest arrived, up to 127.5 ms", () => {
  const received = new ReceivedPackets();
  received.mark(7, true, 100);
  received.mark(3, true, 110);
  assert.equal(ackOf(received, 112.3)[3], 25);
  assert.equal(ackOf(received, 227.5)[3], 255);
  assert.equal(ackOf(received, 10_000)[3], 255);
  assert.equal(ackOf(received, 0)[3], 0, "a clock that was set back gives no negative delay");
});

Deno.test("what the peer has confirmed is not told again, but a packet that comes late is", () => {
  const received = new ReceivedPackets();
  for (const packet of [0, 1, 2, 4]) received.mark(packet, true, 0);
  assert.deepEqual(ackOf(received), [2, 4, 0, 0, 1, 1, 1, 3]);
  received.pruneBelow(4);
  assert.deepEqual(ackOf(received), [2, 4, 0, 0, 1, 0]);
  received.mark(3, true, 0);
  assert.deepEqual(ackOf(received), [2, 4, 0, 0, 2, 0]);
});

Deno.test("no ACK frame is begun where it might not fit, nor before anything arrived", () => {
  assert.deepEqual(ackOf(new ReceivedPackets()), []);
  const received = new ReceivedPackets();
  received.mark(0, true, 0);
  assert.equal(received.writeAck(new DataView(new ArrayBuffer(15)), 0, 15, 0), 0);
  assert.equal(received.isAckPending, true);
});
