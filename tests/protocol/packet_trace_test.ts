import assert from "node:assert/strict";
import { FrameTable, FrameType } from "../../protocol/frames.ts";
import { PacketTrace, TraceOutcome } from "../../protocol/packet_trace.ts";

/** A table of frames, given as type and channel. */
function tableOf(...frames: readonly (readonly [type: number, channel?: number])[]): FrameTable {
  const table = new FrameTable();
  // Frames are few; a table holds 64 rows, and a packet of more is refused before it is traced.
  for (const [type, channel = 0] of frames) {
    table.type[table.count] = type;
    table.channel[table.count] = channel;
    table.count++;
  }
  return table;
}

Deno.test("packet trace: a packet is told with time, way, size, number and frames", () => {
  const trace = new PacketTrace(4);
  const table = tableOf([FrameType.ack], [FrameType.message, 2], [FrameType.fragment, 300]);
  trace.record(TraceOutcome.sent, 7, 120, table, 1_000.5);
  trace.record(TraceOutcome.applied, 2 ** 40, 1_452, tableOf([FrameType.ping]), 1_001);
  trace.record(TraceOutcome.refused, -1, 20, undefined, 1_002);
  assert.deepEqual(trace.read(), [
    {
      atMs: 1_000.5,
      direction: "out",
      sizeBytes: 120,
      packetNumber: 7,
      isRefused: false,
      frames: "ack message(2) fragment(255)",
    },
    {
      atMs: 1_001,
      direction: "in",
      sizeBytes: 1_452,
      packetNumber: 2 ** 40,
      isRefused: false,
      frames: "ping",
    },
    { atMs: 1_002, direction: "in", sizeBytes: 20, packetNumber: -1, isRefused: true, frames: "" },
  ]);
});

Deno.test("packet trace: a full ring forgets the oldest, in order", () => {
  const trace = new PacketTrace(3);
  assert.deepEqual(trace.read(), []);
  for (let packet = 0; packet < 8; packet++) {
    trace.record(TraceOutcome.sent, packet, 40, tableOf([FrameType.ping]), packet);
  }
  assert.deepEqual(trace.read().map(({ packetNumber }) => packetNumber), [5, 6, 7]);
});

Deno.test("packet trace: many frames are counted, not listed", () => {
  const trace = new PacketTrace(1);
  const pings = Array.from({ length: 15 }, () => [FrameType.ping] as const);
  trace.record(TraceOutcome.sent, 0, 40, tableOf(...pings), 0);
  const [packet] = trace.read();
  assert.equal(packet?.frames, `${"ping ".repeat(12)}and 3 more`);
});
