import assert from "node:assert/strict";
import { DropCounters } from "../../protocol/counters.ts";
import { countOpenError, Link, OpenError } from "../../protocol/link.ts";
import { MIN_DATA_BYTES } from "../../protocol/packet.ts";
import { CRYPTO } from "../fixtures/pair.ts";
import { keyOf } from "../fixtures/seeded.ts";

function links(): { client: Link; server: Link } {
  const link = (send: string, receive: string, peerConnectionId: number): Link =>
    new Link({
      crypto: CRYPTO,
      secrets: { send: keyOf(send), receive: keyOf(receive) },
      localConnectionId: 7,
      peerConnectionId,
    }, 0);
  return { client: link("up", "down", 7), server: link("down", "up", -1) };
}

function packetOf(link: Link, packetNumber: number, frames = [1], largestAcked = -1): Uint8Array {
  const bytes = new Uint8Array(100);
  const headerBytes = link.writeHeader(bytes, packetNumber, largestAcked, 0);
  bytes.set(frames, headerBytes);
  return bytes.slice(0, link.seal(bytes, packetNumber, headerBytes, headerBytes + frames.length));
}

Deno.test("a sealed packet opens at the other end, with its number and its frames", () => {
  const { client, server } = links();
  const bytes = packetOf(client, 300, [1, 2, 3]);
  const end = server.open(bytes, 0);
  assert.equal(server.packetNumber, 300);
  assert.deepEqual([...bytes.subarray(server.textStart, end)], [1, 2, 3]);
});

Deno.test("overhead is 23 bytes up and 19 bytes down with a packet number of two bytes", () => {
  const { client, server } = links();
  assert.equal(packetOf(client, 300, [], -1).byteLength, 23);
  assert.equal(packetOf(server, 300, [], -1).byteLength, 19);
});

Deno.test("open() says why it refuses, and the window does not move", () => {
  const { client, server } = links();
  const good = packetOf(client, 0);
  const refusals: [string, Uint8Array, number][] = [
    ["one byte short of any packet", good.subarray(0, MIN_DATA_BYTES - 1), OpenError.tooShort],
    ["no room for a frame", packetOf(client, 0, []), OpenError.tooShort],
    [
      "reserved bit",
      Uint8Array.from(good, (byte, i) => i === 0 ? byte | 1 : byte),
      OpenError.badHeader,
    ],
    ["tag", Uint8Array.from(good, (byte, i) => i === 22 ? byte ^ 1 : byte), OpenError.forged],
    ["text", Uint8Array.from(good, (byte, i) => i === 6 ? byte ^ 1 : byte), OpenError.forged],
    ["key phase", Uint8Array.from(good, (byte, i) => i === 0 ? byte ^ 16 : byte), OpenError.forged],
    ["number", Uint8Array.from(good, (byte, i) => i === 5 ? byte ^ 1 : byte), OpenError.forged],
    [
      "connection id",
      Uint8Array.from(good, (byte, i) => i === 1 ? byte ^ 1 : byte),
      OpenError.forged,
    ],
  ];
  for (const [what, bytes, error] of refusals) {
    assert.equal(server.open(bytes.slice(), 0), -error, what);
    assert.equal(server.received.largest, -1, what);
  }
  assert.ok(server.open(good.slice(), 0) > 0);
  server.received.mark(server.packetNumber, true, 0);
  assert.equal(server.open(good.slice(), 0), -OpenError.duplicate);
  const old = packetOf(client, 300);
  server.received.mark(300 + 1_023, true, 0);
  assert.ok(server.open(old.slice(), 0) > 0, "the last one inside of the window");
  server.received.mark(300 + 1_024, true, 0);
  assert.equal(server.open(old.slice(), 0), -OpenError.tooOld);
});

Deno.test("each refusal has its own counter", () => {
  const counted: [number, keyof DropCounters][] = [
    [OpenError.tooShort, "dataTooShort"],
    [OpenError.badHeader, "dataBadHeader"],
    [OpenError.duplicate, "replayed"],
    [OpenError.tooOld, "tooOld"],
    [OpenError.forged, "forged"],
  ];
  for (const [error, name] of counted) {
    const drops = new DropCounters();
    countOpenError(drops, error);
    assert.deepEqual(drops, Object.assign(new DropCounters(), { [name]: 1 }));
  }
});
