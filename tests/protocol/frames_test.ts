import assert from "node:assert/strict";
import {
  FrameError,
  FrameTable,
  FrameType,
  MAX_CLOSE_REASON_BYTES,
  MAX_FRAMES_PER_PACKET,
  MIN_PART_BYTES,
  parseFrames,
} from "../../protocol/frames.ts";

/** Forty channels, so that the escape of MESSAGE is reachable: even ones have sequences. */
const HAS_SEQUENCE = Uint8Array.from({ length: 40 }, (_, channel) => channel % 2 === 0 ? 1 : 0);

function parse(
  bytes: readonly number[],
  table = new FrameTable(),
  channels = HAS_SEQUENCE,
): number {
  // Bytes around the packet that would change the result if they were read.
  const memory = Uint8Array.from([0xff, ...bytes, 0x01, 0x01]);
  return parseFrames(new DataView(memory.buffer), 1, 1 + bytes.length, channels, table);
}

function refuses(error: number, cases: Readonly<Record<string, readonly number[]>>): void {
  for (const [what, bytes] of Object.entries(cases)) assert.equal(parse(bytes), error, what);
}

const zeros = (count: number): number[] => new Array(count).fill(0);

Deno.test("a packet without a byte is refused, one of padding alone is not", () => {
  assert.equal(parse([]), FrameError.empty);
  const table = new FrameTable();
  assert.equal(parse([0, 0, 0], table), FrameError.none);
  assert.equal(table.count, 0);
  assert.equal(table.isAckEliciting, false);
});

Deno.test("frames between padding are found, and say whether they want an acknowledgement", () => {
  const wants: [number[], boolean][] = [
    [[FrameType.ping], true],
    [[FrameType.ack, 5, 0, 0, 1, 0], false],
    [[FrameType.close, 0, 0], false],
    [[FrameType.pathChallenge, ...zeros(8)], true],
    [[FrameType.pathResponse, ...zeros(8)], true],
    [[FrameType.time, ...zeros(6)], false],
    [[FrameType.credit, 0, 1], true],
    [[FrameType.probe], true],
    [[FrameType.message | 1], true],
    [[FrameType.fragment, 0, 0, 1, 2, 9], true],
  ];
  for (const [bytes, isAckEliciting] of wants) {
    const table = new FrameTable();
    assert.equal(parse([0, 0, ...bytes], table), FrameError.none, `${bytes}`);
    assert.equal(table.count, 1);
    assert.equal(table.type[0], bytes[0]! >= 0x80 ? 0x80 : bytes[0]! >= 0x40 ? 0x40 : bytes[0]);
    assert.equal(table.isAckEliciting, isAckEliciting, `${bytes}`);
  }
});

Deno.test("64 frames fill a packet and a 65th is refused; padding does not count", () => {
  const pings = (count: number): number[] => new Array(count).fill(FrameType.ping);
  const table = new FrameTable();
  assert.equal(parse([...pings(MAX_FRAMES_PER_PACKET), ...zeros(500)], table), FrameError.none);
  assert.equal(table.count, MAX_FRAMES_PER_PACKET);
  assert.equal(parse(pings(MAX_FRAMES_PER_PACKET + 1)), FrameError.tooManyFrames);
});

Deno.test("every byte that begins no frame is refused", () => {
  for (let type = 0x09; type < 0x40; type++) {
    assert.equal(parse([type, ...zeros(20)]), FrameError.unknownType, `${type}`);
  }
});

Deno.test("MESSAGE is read with and without sequence, length and escaped channel", () => {
  const table = new FrameTable();
  const bytes = [0x41 | 0x20, 2, 7, 8, 0x40 | 0x20 | 31, 38, 0x34, 0x12, 1, 9, 0x42, 5, 0, 4, 4];
  assert.equal(parse(bytes, table), FrameError.none);
  assert.deepEqual([...table.channel.subarray(0, table.count)], [1, 38, 2]);
  assert.deepEqual([...table.sequence.subarray(0, table.count)], [0, 0x1234, 5]);
  const bodies = [[7, 8], [9], [4, 4]];
  for (let row = 0; row < 3; row++) {
    assert.deepEqual(bytes.slice(table.start[row]! - 1, table.end[row]! - 1), bodies[row]);
  }
});

Deno.test("MESSAGE may be empty, with a length and without", () => {
  const table = new FrameTable();
  assert.equal(parse([0x61, 0, 0x41], table), FrameError.none);
  assert.equal(table.count, 2);
  assert.deepEqual([table.end[0]! - table.start[0]!, table.end[1]! - table.start[1]!], [0, 0]);
});

Deno.test("MESSAGE is refused when it is cut or its channel does not exist", () => {
  refuses(FrameError.truncated, {
    "a sequence without its second byte": [0x40, 1],
    "a sequence without a byte": [0x42],
    "a length beyond the packet": [0x61, 3, 1, 2],
    "a length beyond 2^31": [0x61, 0xff, 0xff, 0xff, 0xff, 0x0f, 1],
  });
  refuses(FrameError.badVarint, {
    "no length": [0x61],
    "a length that is cut": [0x61, 0x80],
    "a length in more bytes than it needs": [0x61, 0x80, 0x00],
    "an escaped channel that is cut": [0x5f, 0x80],
    "no escaped channel": [0x5f],
    "an escape for a channel that needs none": [0x5f, 30],
  });
  refuses(FrameError.unknownChannel, {
    "channel 40": [0x5f, 40],
    "channel 2^32-1": [0x5f, 255, 255, 255, 255, 15],
  });
  assert.equal(parse([0x43], new FrameTable(), new Uint8Array(3)), FrameError.unknownChannel);
});

Deno.test("FRAGMENT is read with its part, count and body", () => {
  const table = new FrameTable();
  const body = new Array(MIN_PART_BYTES).fill(3);
  const bytes = [0x80 | 0x40 | 2, 0x34, 0x12, 0, 3, 0x80, 2, ...body, 0x80 | 63 | 0x40];
  assert.equal(parse(bytes.slice(0, -1), table), FrameError.none);
  assert.equal(table.type[0], FrameType.fragment);
  assert.equal(table.channel[0], 2);
  assert.equal(table.sequence[0], 0x1234);
  assert.equal(table.value[0], 0);
  assert.equal(table.partCount[0], 3);
  assert.equal(table.end[0]! - table.start[0]!, MIN_PART_BYTES);
});

Deno.test("FRAGMENT is refused when its numbers contradict each other", () => {
  const part = zeros(MIN_PART_BYTES);
  refuses(FrameError.badFragment, {
    "one part of one": [0x82, 0, 0, 0, 1, 9],
    "part 2 of 2": [0x82, 0, 0, 2, 2, 9],
    "no parts": [0x82, 0, 0, 0, 0, 9],
    "a last part without bytes": [0x82, 0, 0, 1, 2],
    "a first part below the least": [0x82, 0, 0, 0, 2, ...part.slice(1)],
  });
  assert.equal(parse([0x82, 0, 0, 0, 2, ...part]), FrameError.none);
  assert.equal(parse([0x82, 0, 0, 1, 2, 9]), FrameError.none, "the last part may have one byte");
  refuses(FrameError.badVarint, {
    "no part": [0x82, 0, 0],
    "no count": [0x82, 0, 0, 1],
    "an escape for a channel that needs none": [0xbf, 62, 0, 0, 0, 2, 1],
  });
  refuses(FrameError.truncated, {
    "no sequence": [0x82, 0],
    "a length beyond": [0xc2, 0, 0, 1, 2, 2, 1],
  });
  refuses(FrameError.unknownChannel, { "channel 40": [0x80 | 40, 0, 0, 0, 2] });
});

Deno.test("a claim of 65,535 parts is read without reserving anything", () => {
  const table = new FrameTable();
  assert.equal(parse([0x82, 0, 0, 0xfe, 0xff, 0x03, 0xff, 0xff, 0x03, 1], table), FrameError.none);
  assert.equal(table.value[0], 65_534);
  assert.equal(table.partCount[0], 65_535);
});

Deno.test("ACK is read up to 31 ranges, and notes how many packet numbers it spans", () => {
  const table = new FrameTable();
  const ranges = new Array(31).fill([1, 2]).flat();
  assert.equal(parse([FrameType.ack, 0, 4, 50, 3, 31, ...ranges], table), FrameError.none);
  assert.equal(table.value[0], 3 + 31 * 3);
});

Deno.test("ACK is refused when it acknowledges nothing or is cut", () => {
  refuses(FrameError.badAck, {
    "an empty first run": [2, 0, 0, 0, 0, 0],
    "an empty gap": [2, 0, 0, 0, 1, 1, 0, 1],
    "an empty run": [2, 0, 0, 0, 1, 1, 1, 0],
    "32 ranges": [2, 0, 0, 0, 1, 32, ...new Array(64).fill(1)],
  });
  refuses(FrameError.truncated, {
    "five bytes": [2, 0, 0, 0, 1],
    "no count": [2, 0, 0, 0, 0x80, 1],
  });
  refuses(FrameError.badVarint, {
    "a range that is cut": [2, 0, 0, 0, 1, 1, 1],
    "a gap that is cut": [2, 0, 0, 0, 1, 1, 0x80],
    "a run in more bytes than it needs": [2, 0, 0, 0, 0x81, 0, 0],
  });
});

Deno.test("CLOSE is read with the longest reason and refused with a longer one", () => {
  const table = new FrameTable();
  const reason = new Array(MAX_CLOSE_REASON_BYTES).fill(65);
  assert.equal(parse([3, 0xe8, 7, MAX_CLOSE_REASON_BYTES, ...reason], table), FrameError.none);
  assert.equal(table.value[0], 1_000);
  assert.equal(table.end[0]! - table.start[0]!, MAX_CLOSE_REASON_BYTES);
  refuses(FrameError.badClose, { "201 bytes": [3, 0, 201, ...reason, 65] });
  refuses(FrameError.truncated, { "no length": [3, 0], "a reason that is cut": [3, 0, 2, 65] });
  refuses(FrameError.badVarint, {
    "no code": [3],
    "a code beyond 2^32": [3, 255, 255, 255, 255, 31, 0],
  });
});

Deno.test("path, TIME and CREDIT frames are read whole or refused", () => {
  const table = new FrameTable();
  assert.equal(parse([FrameType.time, 1, 0, 0, 0x80, 2, 0], table), FrameError.none);
  assert.equal(table.value[0], 0x8000_0001);
  assert.equal(parse([FrameType.credit, 5, 0xff, 0xff, 0xff, 0xff, 0x0f], table), FrameError.none);
  assert.deepEqual([table.channel[0], table.value[0]], [5, 0xffff_ffff]);
  refuses(FrameError.truncated, {
    "seven bytes of challenge": [4, ...zeros(7)],
    "seven bytes of response": [5, ...zeros(7)],
    "five bytes of time": [6, ...zeros(5)],
  });
  refuses(FrameError.badVarint, {
    "no channel": [7],
    "no limit": [7, 1],
    "33 bits": [7, 1, 255, 255, 255, 255, 31],
  });
});

Deno.test("PROBE takes the rest of the packet, which must be zeros", () => {
  const table = new FrameTable();
  assert.equal(parse([FrameType.ping, FrameType.probe, ...zeros(50)], table), FrameError.none);
  assert.equal(table.count, 2);
  assert.equal(parse([FrameType.probe, 0, 0, 1]), FrameError.badPadding);
});
