import assert from "node:assert/strict";
import fc from "fast-check";
import {
  dataHeaderBytes,
  expandPacketNumber,
  hasConnectionId,
  keyPhaseOf,
  PacketFamily,
  packetFamily,
  packetNumberBytes,
  readConnectionId,
  readTruncatedPacketNumber,
  writeDataHeader,
} from "../../protocol/packet.ts";

Deno.test("packetFamily() gives every first byte the family that the design draws", () => {
  const expected = (byte: number): number => {
    if (byte <= 0x03) return PacketFamily.stun;
    if (byte >= 0x20 && byte <= 0x3f) return PacketFamily.data;
    if (byte >= 0x40 && byte <= 0x4f) return PacketFamily.handshake;
    if ((byte >= 0x90 && byte <= 0x9f) || byte === 0xdc || byte === 0xdd) {
      return PacketFamily.legacy;
    }
    if (byte >= 0xe0 && byte <= 0xef) return PacketFamily.relay;
    return PacketFamily.unknown;
  };
  for (let byte = 0; byte <= 0xff; byte++) {
    assert.equal(packetFamily(byte), expected(byte), `${byte}`);
  }
});

Deno.test("packetNumberBytes() encodes the examples of RFC 9000, appendix A.2", () => {
  assert.equal(packetNumberBytes(0xac5c02, 0xabe8b3), 2);
  assert.equal(packetNumberBytes(0xace8fe, 0xabe8b3), 3);
});

Deno.test("packetNumberBytes() covers twice the unacknowledged span, at every boundary", () => {
  const spans: [number, number][] = [[1, 1], [127, 1], [128, 2], [32_767, 2], [32_768, 3]];
  spans.push([8_388_607, 3], [8_388_608, 4], [2 ** 31, 4]);
  for (const [span, bytes] of spans) {
    assert.equal(packetNumberBytes(span - 1, -1), bytes, `${span} packets, none acknowledged`);
    assert.equal(packetNumberBytes(1_000 + span, 1_000), bytes, `${span} packets after 1,000`);
  }
});

Deno.test("expandPacketNumber() decodes the example of RFC 9000, appendix A.3", () => {
  assert.equal(expandPacketNumber(0x9b32, 2, 0xa82f30ea), 0xa82f9b32);
});

Deno.test("expandPacketNumber() takes the candidate nearest to the next expected number", () => {
  assert.equal(expandPacketNumber(0, 1, -1), 0, "the very first packet");
  assert.equal(expandPacketNumber(0xff, 1, 0xfe), 0xff);
  assert.equal(expandPacketNumber(0x00, 1, 0xff), 0x100);
  assert.equal(expandPacketNumber(0xff, 1, 0x100), 0xff, "one before the wrap, late");
  assert.equal(expandPacketNumber(0x80, 1, 0xff), 0x180, "half a window ahead");
  assert.equal(expandPacketNumber(0x81, 1, 0xff), 0x81, "more than half a window ahead is behind");
  assert.equal(expandPacketNumber(0xff, 1, -1), 0xff, "there is nothing below zero");
  const huge = Number.MAX_SAFE_INTEGER - 1;
  assert.equal(expandPacketNumber(huge % 65_536, 2, huge - 1), huge);
});

Deno.test("a packet number survives truncation while the receiver lags by no more than the sender knows", () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 40),
      fc.nat(2 ** 20),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (acked, ahead, share) => {
        const packetNumber = acked + 1 + ahead;
        const bytes = packetNumberBytes(packetNumber, acked);
        // The receiver has seen at least what it acknowledged, and at most the packet before this one.
        const largest = acked + Math.floor(share * ahead);
        const truncated = packetNumber % 2 ** (8 * bytes);
        assert.equal(expandPacketNumber(truncated, bytes, largest), packetNumber);
      },
    ),
    { seed: 1, numRuns: 2_000 },
  );
});

Deno.test("a DATA header is read back as it was written, in every combination", () => {
  const numbers = [0, 1, 0xff, 0x1_00, 0xffff, 0xff_ffff, 0xffff_ffff, 2 ** 32 + 5, 2 ** 52 + 7];
  for (const keyPhase of [0, 1]) {
    for (const connectionId of [-1, 0, 1, 0x1234_5678, 0xffff_ffff]) {
      for (const bytes of [1, 2, 3, 4]) {
        for (const packetNumber of numbers) {
          const header = new Uint8Array(12).fill(0xaa);
          const size = writeDataHeader(header, keyPhase, connectionId, packetNumber, bytes);
          assert.equal(size, 1 + (connectionId < 0 ? 0 : 4) + bytes);
          assert.equal(packetFamily(header[0]!), PacketFamily.data);
          assert.equal(dataHeaderBytes(header[0]!), size);
          assert.equal(keyPhaseOf(header[0]!), keyPhase);
          assert.equal(hasConnectionId(header[0]!), connectionId >= 0);
          if (connectionId >= 0) assert.equal(readConnectionId(header), connectionId);
          assert.equal(readTruncatedPacketNumber(header, size), packetNumber % 2 ** (8 * bytes));
          assert.equal(header[size], 0xaa, "nothing is written behind the header");
        }
      }
    }
  }
});

Deno.test("dataHeaderBytes() refuses the reserved bit and nothing else", () => {
  for (let byte = 0x20; byte <= 0x3f; byte++) {
    const size = dataHeaderBytes(byte);
    if ((byte & 1) === 1) assert.equal(size, 0);
    else assert.equal(size, 1 + ((byte & 8) === 0 ? 0 : 4) + ((byte >> 1) & 3) + 1);
  }
});
