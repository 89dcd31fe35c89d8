import assert from "node:assert/strict";
import {
  PacketProtection,
  PREVIOUS_PHASE_MS,
  type RekeyOptions,
} from "../../protocol/packet_protection.ts";
import { CRYPTO } from "../fixtures/pair.ts";
import { keyOf } from "../fixtures/seeded.ts";

interface Sealed {
  readonly bytes: Uint8Array;
  readonly phaseBit: number;
  readonly packetNumber: number;
}

/** One end: seals numbered packets of one byte, and opens the other's. */
class End {
  readonly protection: PacketProtection;
  next = 0;
  largestAcked = -1;

  constructor(isClient: boolean, options: RekeyOptions) {
    const [send, receive] = isClient ? ["up", "down"] : ["down", "up"];
    const secrets = { send: keyOf(send!), receive: keyOf(receive!) };
    this.protection = new PacketProtection(CRYPTO, secrets, 0, options);
  }

  seal(nowMs = 0): Sealed {
    const packetNumber = this.next++;
    const phaseBit = this.protection.nextPhaseBit(packetNumber, this.largestAcked, nowMs);
    const bytes = new Uint8Array(2 + 1 + 16);
    bytes[0] = phaseBit;
    bytes[2] = packetNumber;
    this.protection.seal(bytes, packetNumber, 2, 3);
    return { bytes, phaseBit, packetNumber };
  }

  open({ bytes, phaseBit, packetNumber }: Sealed, nowMs = 0): boolean {
    const copy = bytes.slice();
    const isOpen = this.protection.open(copy, phaseBit, packetNumber, 2, nowMs);
    if (isOpen) assert.equal(copy[2], packetNumber & 0xff);
    return isOpen;
  }
}

function ends(options: RekeyOptions = {}): { client: End; server: End } {
  return { client: new End(true, options), server: new End(false, options) };
}

Deno.test("each direction has its own keys: a packet does not open at its own sender", () => {
  const { client, server } = ends();
  const packet = client.seal();
  assert.equal(server.open(packet), true);
  assert.equal(client.open(packet), false);
});

Deno.test("keys change after rekeyPackets packets and the other end follows with its next packet", () => {
  const { client, server } = ends({ rekeyPackets: 3 });
  for (let i = 0; i < 3; i++) assert.equal(server.open(client.seal()), true);
  client.largestAcked = 2;
  const first = client.seal();
  assert.equal(first.phaseBit, 1);
  assert.equal(server.protection.sendPhase, 0);
  assert.equal(server.open(first), true);
  assert.equal(server.protection.sendPhase, 1, "the server follows");
  const answer = server.seal();
  assert.equal(answer.phaseBit, 1);
  assert.equal(client.open(answer), true);
});

Deno.test("keys change when they are rekeyIntervalMs old, and not a millisecond earlier", () => {
  const { client, server } = ends({ rekeyIntervalMs: 1_000 });
  server.open(client.seal(0));
  client.largestAcked = 0;
  assert.equal(client.seal(999).phaseBit, 0);
  assert.equal(client.seal(1_000).phaseBit, 1);
});

Deno.test("a phase does not begin before a packet of the last one was acknowledged", () => {
  const { client, server } = ends({ rekeyPackets: 2 });
  for (let i = 0; i < 10; i++) assert.equal(client.seal().phaseBit, 0);
  client.largestAcked = 5;
  assert.equal(client.seal().phaseBit, 1);
  // The server follows, which alone does not allow the next phase: our own packets may all be lost.
  const { protection } = server;
  const change = client.seal();
  assert.equal(server.open(change), true);
  assert.equal(protection.sendPhase, 1);
  assert.equal(client.open(server.seal()), true);
  for (let i = 0; i < 10; i++) assert.equal(client.seal().phaseBit, 1);
  client.largestAcked = change.packetNumber;
  assert.equal(client.seal().phaseBit, 0, "phase 2");
});

Deno.test("two ends that begin a phase at once do not run away from each other when packets are lost", () => {
  const { client, server } = ends({ rekeyPackets: 2 });
  for (const [from, to] of [[client, server], [server, client]] as const) {
    for (let i = 0; i < 2; i++) assert.equal(to.open(from.seal()), true);
    from.largestAcked = 1;
  }
  assert.equal(client.seal().phaseBit, 1, "lost");
  assert.equal(client.open(server.seal()), true);
  // The client saw the server in phase 1. Were it to go on, the server could never open a packet again.
  for (let i = 0; i < 5; i++) {
    const packet = client.seal();
    assert.equal(packet.phaseBit, 1);
    assert.equal(server.open(packet), true);
  }
});

Deno.test("packets of the previous phase that arrive late are opened for 3 s and then no more", () => {
  const { client, server } = ends({ rekeyPackets: 2 });
  const early = client.seal();
  const late = client.seal();
  client.largestAcked = 0;
  const change = client.seal();
  assert.equal(change.phaseBit, 1);
  assert.equal(server.open(change, 100), true);
  assert.equal(server.open(early, 100 + PREVIOUS_PHASE_MS), true);
  assert.equal(server.open(late, 100 + PREVIOUS_PHASE_MS + 1), false);
});

Deno.test("packets of the new phase that were overtaken by another are opened with its keys", () => {
  const { client, server } = ends({ rekeyPackets: 1 });
  client.seal();
  client.largestAcked = 0;
  const first = client.seal();
  const second = client.seal();
  assert.deepEqual([first.phaseBit, second.phaseBit], [1, 1]);
  assert.equal(server.open(second), true);
  assert.equal(server.open(first), true);
});

Deno.test("a forged packet of the next phase changes no keys", () => {
  const { client, server } = ends();
  const packet = client.seal();
  const forged = { ...packet, bytes: packet.bytes.slice(), phaseBit: 1, packetNumber: 9 };
  forged.bytes[18]! ^= 1;
  assert.equal(server.open(forged), false);
  assert.equal(server.protection.sendPhase, 0);
  assert.equal(server.open(packet), true);
});

Deno.test("wiped keys open nothing", () => {
  const { client, server } = ends();
  const packet = client.seal();
  server.protection.wipe();
  assert.equal(server.open(packet), false);
});
