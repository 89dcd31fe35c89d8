import assert from "node:assert/strict";
import {
  expandSequence,
  frameEpoch,
  frameFlags,
  frameLabel,
  frameSequenceLow,
  frameShard,
  frameTagHigh,
  frameTagLow,
  frameType,
  frameVersion,
  isFrameAuthentic,
  isRelayFrame,
  RELAY_DATA_TAGGED_BYTES,
  RELAY_HEADER_BYTES,
  RELAY_MAX_FRAME_BYTES,
  RelayFlag,
  RelayFrameType,
  writeFrameTag,
  writeRelayHeader,
} from "../../../protocol/relay/relay_frame.ts";
import { PureSipHasher } from "../../../protocol/relay/siphash.ts";

const HASHER = new PureSipHasher();
const KEY = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);

function frameOf(type: RelayFrameType, payloadBytes: number): Uint8Array {
  const frame = new Uint8Array(RELAY_HEADER_BYTES + payloadBytes).fill(0x5a);
  writeRelayHeader(frame, {
    type,
    shard: 3,
    flags: RelayFlag.downstream | RelayFlag.duplicate,
    epoch: 250,
    label: 0xfedc_ba98,
    sequence: 2 ** 40 + 0xdead_beef,
  });
  writeFrameTag(HASHER, KEY, 0, frame, frame.byteLength);
  return frame;
}

Deno.test("a header has the documented bytes and reads back", () => {
  const frame = frameOf(RelayFrameType.signal, 0);
  assert.equal(frame.subarray(0, 12).toHex(), "ef0325fa98badcfeefbeadde");
  assert.equal(frameType(frame), RelayFrameType.signal);
  assert.equal(frameShard(frame), 3);
  assert.equal(frameVersion(frame), 1);
  assert.equal(frameFlags(frame), RelayFlag.downstream | RelayFlag.duplicate);
  assert.equal(frameEpoch(frame), 250);
  assert.equal(frameLabel(frame), 0xfedc_ba98);
  assert.equal(frameSequenceLow(frame), 0xdead_beef);
  const view = new DataView(frame.buffer);
  assert.equal(frameTagLow(frame), view.getUint32(12, true));
  assert.equal(frameTagHigh(frame), view.getUint32(16, true));
});

Deno.test("exactly 0xE0 to 0xEF begin a relay frame", () => {
  for (let first = 0; first < 256; first++) {
    assert.equal(isRelayFrame(first), first >= 0xe0 && first <= 0xef);
  }
});

Deno.test("the tag covers every byte of a frame, but of DATA only the first 32 bytes that it carries", () => {
  for (const type of Object.values(RelayFrameType)) {
    for (const payloadBytes of [0, 1, 31, 32, 33, 64, 1_212]) {
      const frame = frameOf(type, payloadBytes);
      assert.ok(isFrameAuthentic(HASHER, KEY, 0, frame, frame.byteLength));
      for (let i = 0; i < frame.byteLength; i += i < 60 ? 1 : 97) {
        frame[i]! ^= 0x10;
        const isBlind = type === RelayFrameType.data &&
          i >= RELAY_HEADER_BYTES + RELAY_DATA_TAGGED_BYTES;
        const isAuthentic = isFrameAuthentic(HASHER, KEY, 0, frame, frame.byteLength);
        // A flip that turns another type into DATA changes the tag as well.
        assert.equal(isAuthentic, isBlind, `byte ${i} of type ${type} with ${payloadBytes} bytes`);
        frame[i]! ^= 0x10;
      }
    }
  }
});

Deno.test("the tag covers the length: bytes cut off or added behind are noticed", () => {
  for (const type of [RelayFrameType.data, RelayFrameType.ping]) {
    const frame = frameOf(type, 100);
    const longer = new Uint8Array(121);
    longer.set(frame);
    assert.ok(!isFrameAuthentic(HASHER, KEY, 0, frame, 119));
    assert.ok(!isFrameAuthentic(HASHER, KEY, 0, longer, 121));
    assert.ok(isFrameAuthentic(HASHER, KEY, 0, longer, 120));
  }
});

Deno.test("the tag depends on every byte of the key", () => {
  const frame = frameOf(RelayFrameType.data, 50);
  for (let i = 0; i < 16; i++) {
    const other = KEY.slice();
    other[i]! ^= 1;
    assert.ok(!isFrameAuthentic(HASHER, other, 0, frame, frame.byteLength));
  }
});

Deno.test("the largest frame can be tagged, a larger one cannot", () => {
  const frame = new Uint8Array(RELAY_MAX_FRAME_BYTES + 100);
  frame[0] = 0xe1;
  writeFrameTag(HASHER, KEY, 0, frame, RELAY_MAX_FRAME_BYTES);
  assert.throws(
    () => writeFrameTag(HASHER, KEY, 0, frame, RELAY_MAX_FRAME_BYTES + 100),
    RangeError,
  );
});

Deno.test("a sequence number is rebuilt from its low half, across 2^32 both ways", () => {
  for (const base of [0, 5, 2 ** 31, 2 ** 32 - 2, 2 ** 32 + 3, 2 ** 45 - 1]) {
    for (const step of [-1_000, -1, 0, 1, 2, 1_000, 2 ** 31 - 2]) {
      const sequence = base + step;
      if (sequence < 0) continue;
      assert.equal(expandSequence(sequence % 2 ** 32, base), sequence, `${sequence} after ${base}`);
    }
  }
  assert.equal(expandSequence(7, -1), 7);
  assert.equal(expandSequence(0xffff_ffff, -1), 0xffff_ffff);
});
