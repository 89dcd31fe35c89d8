import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameError, FrameTable, parseFrames } from "../../protocol/frames.ts";
import {
  MAX_ACK_FRAME_BYTES,
  MAX_ACK_RANGES,
  ReceivedPackets,
  Replay,
  REPLAY_WINDOW_PACKETS,
} from "../../protocol/received_packets.ts";
import { readVarint, varintEnd } from "../../schema/mod.ts";

/** The packet numbers that an ACK frame names, given the largest, which must parse as a frame. */
function numbersOf(view: DataView, end: number, largest: number): Set<number> {
  assert.equal(parseFrames(view, 0, end, new Uint8Array(1), new FrameTable()), FrameError.none);
  assert.equal(view.getUint16(1, true), largest & 0xffff);
  const numbers = new Set<number>();
  let last = largest;
  let run = readVarint(view, 4, end);
  let at = varintEnd();
  const ranges = view.getUint8(at++);
  for (let range = 0;; range++) {
    for (let packet = last; packet > last - run; packet--) numbers.add(packet);
    if (range === ranges) break;
    const gap = readVarint(view, at, end);
    last -= run + gap;
    run = readVarint(view, varintEnd(), end);
    at = varintEnd();
  }
  assert.equal(at, end);
  return numbers;
}

/** What happens to the receiver: a packet this far from the largest arrives, or an ACK leaves. */
type Step =
  | { readonly arrives: number }
  | { readonly roomBytes: number; readonly acknowledged: boolean };

const arrival = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 4, arbitrary: fc.integer({ min: -12, max: 0 }) },
  { weight: 1, arbitrary: fc.integer({ min: -1_200, max: 1_500 }) },
).map((arrives): Step => ({ arrives }));
const ack = fc.record({
  roomBytes: fc.oneof(fc.constant(MAX_ACK_FRAME_BYTES), fc.integer({ min: 0, max: 60 })),
  acknowledged: fc.boolean(),
}) as fc.Arbitrary<Step>;
const script = fc.array(
  fc.oneof({ weight: 6, arbitrary: arrival }, { weight: 1, arbitrary: ack }),
  {
    maxLength: 400,
  },
);

Deno.test("packet numbers are fresh exactly once, and ACK frames name exactly what arrived", () => {
  const view = new DataView(new ArrayBuffer(256));
  fc.assert(
    fc.property(script, (steps) => {
      const received = new ReceivedPackets();
      const seen = new Set<number>();
      /** Arrived since an ACK frame named it that the peer has confirmed. */
      const owed = new Set<number>();
      let largest = -1;
      for (const step of steps) {
        if ("arrives" in step) {
          const packet = Math.max(0, largest + step.arrives);
          const verdict = packet > largest
            ? Replay.fresh
            : packet <= largest - REPLAY_WINDOW_PACKETS
            ? Replay.tooOld
            : seen.has(packet)
            ? Replay.duplicate
            : Replay.fresh;
          assert.equal(received.judge(packet), verdict);
          if (verdict !== Replay.fresh) continue;
          received.mark(packet, true, 0);
          seen.add(packet);
          owed.add(packet);
          largest = Math.max(largest, packet);
          assert.equal(received.largest, largest);
          continue;
        }
        const end = received.writeAck(view, 0, step.roomBytes, 0);
        if (largest < 0 || step.roomBytes < 16) {
          assert.equal(end, 0);
          continue;
        }
        assert.ok(end <= step.roomBytes);
        const named = numbersOf(view, end, largest);
        for (const packet of named) assert.ok(seen.has(packet), `${packet} never arrived`);
        for (const packet of owed) {
          if (packet <= largest - REPLAY_WINDOW_PACKETS) owed.delete(packet);
        }
        const missing = [...owed].filter((packet) => !named.has(packet));
        if (received.isAckComplete) assert.deepEqual(missing, []);
        if (step.acknowledged && received.isAckComplete) {
          received.pruneBelow(largest);
          for (const packet of named) owed.delete(packet);
        }
      }
    }),
    { seed: 2, numRuns: 300 },
  );
});

Deno.test("an ACK frame that leaves ranges out says so, and only then", () => {
  const view = new DataView(new ArrayBuffer(256));
  const holes = (count: number): ReceivedPackets => {
    const received = new ReceivedPackets();
    for (let packet = 0; packet <= count; packet++) received.mark(packet * 2, true, 0);
    return received;
  };
  const full = holes(MAX_ACK_RANGES);
  const end = full.writeAck(view, 0, 256, 0);
  assert.equal(full.isAckComplete, true);
  assert.equal(numbersOf(view, end, MAX_ACK_RANGES * 2).size, MAX_ACK_RANGES + 1);
  const beyond = holes(MAX_ACK_RANGES + 1);
  beyond.writeAck(view, 0, 256, 0);
  assert.equal(beyond.isAckComplete, false);
  const cramped = holes(5);
  cramped.writeAck(view, 0, 16, 0);
  assert.equal(cramped.isAckComplete, false);
});
