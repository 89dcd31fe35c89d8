import assert from "node:assert/strict";
import {
  FrameError,
  FrameTable,
  FrameType,
  MAX_FRAMES_PER_PACKET,
  parseFrames,
} from "../../protocol/frames.ts";
import { PacketWriter } from "../../protocol/packet_writer.ts";

const MEMORY = new Uint8Array(4_096);
const AT = 1_000;
/** Odd channels have sequences. */
const HAS_SEQUENCE = Uint8Array.from({ length: 80 }, (_, channel) => channel % 2);

/** A writer for `capacityBytes` bytes in the middle of a memory that is checked for strays. */
function writerFor(capacityBytes: number): PacketWriter {
  MEMORY.fill(0xee);
  const writer = new PacketWriter();
  writer.begin(MEMORY.subarray(AT, AT + 1_500), 10, 10 + capacityBytes);
  return writer;
}

function parsed(writer: PacketWriter, capacityBytes: number): FrameTable {
  const end = writer.finish();
  assert.ok(end <= AT + 10 + capacityBytes);
  // Shortening the last frame leaves bytes behind its end, but none behind the limit.
  for (let at = AT + 10 + capacityBytes; at < MEMORY.length; at++) assert.equal(MEMORY[at], 0xee);
  for (let at = 0; at < AT + 10; at++) assert.equal(MEMORY[at], 0xee);
  const table = new FrameTable();
  const view = new DataView(MEMORY.buffer);
  assert.equal(parseFrames(view, AT + 10, end, HAS_SEQUENCE, table), FrameError.none);
  return table;
}

Deno.test("every control frame is read back as it was written", () => {
  const writer = writerFor(300);
  assert.equal(writer.addPing(), true);
  assert.equal(
    writer.addPathFrame(FrameType.pathChallenge, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)),
    true,
  );
  assert.equal(
    writer.addPathFrame(FrameType.pathResponse, Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1)),
    true,
  );
  assert.equal(writer.addTime(0xffff_fffe, 16_667), true);
  assert.equal(writer.addCredit(62, 2 ** 32 + 5), true);
  assert.equal(writer.addClose(4_000_000_000, new TextEncoder().encode("bye")), true);
  const table = parsed(writer, 300);
  assert.deepEqual([...table.type.subarray(0, table.count)], [1, 4, 5, 6, 7, 3]);
  assert.equal(MEMORY[table.start[1]!], 1);
  assert.equal(MEMORY[table.start[2]!], 8);
  assert.equal(table.value[3], 0xffff_fffe);
  assert.deepEqual([table.channel[4], table.value[4]], [62, 5]);
  assert.equal(table.value[5], 4_000_000_000);
  assert.equal(new TextDecoder().decode(MEMORY.subarray(table.start[5], table.end[5])), "bye");
});

Deno.test("only frames that want an acknowledgement make a packet ack-eliciting", () => {
  const cases: [string, (writer: PacketWriter) => void, boolean][] = [
    ["time", (writer) => writer.addTime(1, 0), false],
    ["close", (writer) => writer.addClose(0, new Uint8Array(0)), false],
    ["padding", (writer) => writer.padTo(writer.offset + 5), false],
    ["ping", (writer) => writer.addPing(), true],
    ["credit", (writer) => writer.addCredit(0, 1), true],
    ["message", (writer) => writer.addMessage(0, -1, MEMORY, 0), true],
    ["probe", (writer) => writer.addProbe(), true],
  ];
  for (const [what, write, isAckEliciting] of cases) {
    const writer = writerFor(100);
    write(writer);
    assert.equal(writer.isAckEliciting, isAckEliciting, what);
  }
});

Deno.test("the last frame loses its length, frames before it keep theirs", () => {
  const body = Uint8Array.of(1, 2, 3);
  const writer = writerFor(100);
  writer.addMessage(2, -1, body, 3);
  writer.addMessage(2, -1, body, 3);
  const start = AT + 10;
  assert.equal(writer.offset - start, 10);
  const end = writer.finish();
  assert.deepEqual([...MEMORY.subarray(start, end)], [0x62, 3, 1, 2, 3, 0x42, 1, 2, 3]);
});

Deno.test("a control frame behind the last message keeps that message's length", () => {
  const writer = writerFor(100);
  writer.addMessage(2, -1, Uint8Array.of(9), 1);
  writer.addPing();
  const table = parsed(writer, 100);
  assert.deepEqual([...table.type.subarray(0, 2)], [FrameType.message, FrameType.ping]);
  assert.equal(table.end[0]! - table.start[0]!, 1);
});

Deno.test("a message is written when it fits to the byte, and not at all when it does not", () => {
  for (const [channel, sequence] of [[2, -1], [3, 7], [50, -1], [51, 65_536 + 7]] as const) {
    for (const sizeBytes of [0, 1, 32, 33, 127, 128, 300]) {
      const body = Uint8Array.from({ length: 400 }, (_, i) => i);
      const header = 1 + (channel < 31 ? 0 : 1) + (sequence < 0 ? 0 : 2) +
        (sizeBytes < 128 ? 1 : 2);
      const tight = writerFor(header + sizeBytes);
      assert.equal(tight.addMessage(channel, sequence, body, sizeBytes), true);
      const table = parsed(tight, header + sizeBytes);
      assert.equal(table.channel[0], channel);
      assert.equal(table.sequence[0], sequence < 0 ? 0 : 7);
      assert.deepEqual(MEMORY.subarray(table.start[0], table.end[0]), body.subarray(0, sizeBytes));
      const tooTight = writerFor(header + sizeBytes - 1);
      assert.equal(tooTight.addMessage(channel, sequence, body, sizeBytes), false);
      assert.equal(tooTight.frames, 0);
      assert.equal(tooTight.offset, AT + 10);
    }
  }
});

Deno.test("a fragment carries its part of the body", () => {
  const body = Uint8Array.from({ length: 2_000 }, (_, i) => i % 251);
  for (const channel of [5, 62, 63, 79]) {
    const writer = writerFor(700);
    assert.equal(writer.addFragment(channel, 65_536 + 9, 2, 4_096, body, 600, 300), true);
    writer.addPing();
    const table = parsed(writer, 700);
    assert.deepEqual([table.channel[0], table.sequence[0]], [channel, 9]);
    assert.deepEqual([table.value[0], table.partCount[0]], [2, 4_096]);
    assert.deepEqual(MEMORY.subarray(table.start[0], table.end[0]), body.subarray(600, 900));
  }
  const full = writerFor(300);
  assert.equal(full.addFragment(5, 0, 0, 2, body, 0, 300), false);
  assert.equal(full.frames, 0);
});

Deno.test("the 65th frame is not written, whatever it is", () => {
  const writer = writerFor(1_400);
  for (let i = 0; i < MAX_FRAMES_PER_PACKET; i++) assert.equal(writer.addPing(), true);
  assert.equal(writer.addPing(), false);
  assert.equal(writer.addMessage(0, -1, MEMORY, 1), false);
  assert.equal(writer.addFragment(0, 0, 0, 2, MEMORY, 0, 300), false);
  assert.equal(writer.addTime(1, 1), false);
  assert.equal(writer.addCredit(0, 1), false);
  assert.equal(writer.addClose(0, new Uint8Array(0)), false);
  assert.equal(writer.addPathFrame(FrameType.pathChallenge, new Uint8Array(8)), false);
  assert.equal(parsed(writer, 1_400).count, MAX_FRAMES_PER_PACKET);
});

Deno.test("PROBE and padding fill exactly up to where they should", () => {
  const probe = writerFor(500);
  probe.addProbe();
  assert.equal(probe.finish(), AT + 510);
  const padded = writerFor(500);
  padded.addPing();
  padded.padTo(AT + 10 + 120);
  padded.padTo(AT + 10 + 60);
  assert.equal(padded.finish(), AT + 130);
  padded.padTo(AT + 2_000);
  assert.equal(padded.finish(), AT + 510, "never beyond the limit");
});

Deno.test("microseconds of TIME are cut off at 16 bits instead of wrapping", () => {
  const writer = writerFor(20);
  writer.addTime(1, 70_000);
  const table = parsed(writer, 20);
  assert.equal(new DataView(MEMORY.buffer).getUint16(table.start[0]! + 4, true), 65_535);
});
