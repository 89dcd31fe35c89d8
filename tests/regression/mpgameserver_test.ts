/**
 * What MpGameServer gets wrong, as statements about Tickwire. Each test was seen to fail with the defect
 * put into the code.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import { PacketType } from "../../protocol/packet.ts";
import { dropsOf } from "../fixtures/drops.ts";
import { observedCrypto } from "../fixtures/observed_crypto.ts";
import { isSame, Pair, SERVER_ADDRESS } from "../fixtures/pair.ts";
import { probeProtocol } from "../fixtures/probe_protocol.ts";
import { RawClient } from "../fixtures/raw_client.ts";
import { fragment, message, PING } from "../fixtures/raw_frames.ts";

Deno.test("MpGameServer 1: a packet replayed after 300 others, or after thousands, is not delivered again", () => {
  for (const others of [1, 31, 32, 33, 300, 1_023, 1_024, 5_000]) {
    const pair = new Pair({
      server: { sessionLimits: { packetsPerSecond: 10_000, bytesPerSecond: 1_000_000 } },
    });
    const raw = new RawClient(pair.server);
    raw.connect();
    // Nothing but the packet number tells an unreliable message from its copy.
    const recorded = raw.packet(message("unreliable", 0, [7]));
    raw.send(recorded);
    for (let i = 0; i < others; i++) raw.sendFrames(PING);
    raw.send(recorded);
    pair.collect();
    assert.deepEqual(pair.peer.firstBytes("unreliable"), [7], `after ${others} others`);
  }
});

Deno.test("MpGameServer 2: a message in parts arrives whichever of its parts is lost, and how often", () => {
  const body = Uint8Array.from({ length: 10_000 }, (_, i) => i % 251);
  for (const delivery of ["reliable-ordered", "reliable-unordered", "reliable-latest"] as const) {
    for (let lost = 0; lost < 9; lost++) {
      for (const times of [1, 3]) {
        const pair = new Pair();
        const client = pair.connect();
        client.send(delivery, body);
        client.session.flush();
        const sent = pair.drop();
        assert.equal(sent.length, 9, "one part in each packet");
        sent.forEach((datagram, i) => i !== lost && pair.deliver(datagram));
        // What is sent again is lost as well, but for the last time.
        for (let time = 1; time < times; time++) {
          pair.advance(200, () => {
            pair.collect();
            const datagrams = pair.wire.splice(0);
            for (const each of datagrams) if (!isSame(each.to, SERVER_ADDRESS)) pair.deliver(each);
          });
        }
        pair.advance(3_000);
        assert.deepEqual(pair.peer.inbox, [{ delivery, bytes: body }], `part ${lost}, ${times}x`);
      }
    }
  }
});

Deno.test("MpGameServer 3: a few bytes that claim a message of thousands of parts reserve nothing", () => {
  const protocol = probeProtocol({ reliableBytes: 1_048_500 });
  const pair = new Pair({ server: { protocol } });
  const sessions: RawClient[] = [];
  for (let seed = 1; seed <= 40; seed++) {
    const address = { hostname: `198.51.100.${seed}`, port: 7_000 };
    const protocolId = protocol.tables[0]!.id;
    const raw = new RawClient(pair.server, { seed, address, hello: { protocolId } });
    raw.connect();
    raw.sendFrames(fragment("reliable-ordered", 0, [65_534, 65_535], [1]));
    sessions.push(raw);
  }
  assert.deepEqual(dropsOf(pair.server.drops), { channelViolation: 40 }, "65,535 is too many");
  const before = memoryBytes();
  // 4,095 parts of 256 bytes are what a message of 1 MiB may have.
  for (const raw of sessions) {
    for (let sequence = 0; sequence < 64; sequence++) {
      raw.sendFrames(fragment("reliable-unordered", sequence, [4_094, 4_095], [1]));
    }
  }
  const grownBytes = memoryBytes() - before;
  assert.deepEqual(dropsOf(pair.server.drops), { channelViolation: 40 }, "all were taken");
  // A slot of 8 bytes per claimed part would be 84 MB.
  assert.ok(grownBytes < 20e6, `${grownBytes} bytes for ${64 * 40} claims`);
});

Deno.test("MpGameServer 4: the recorded answer to another handshake does not connect a client", () => {
  const pair = new Pair();
  const victim = pair.addClient();
  victim.endpoint.handleTimeout(0);
  pair.collect();
  const [hello] = pair.wire.splice(0);
  // The same server answers somebody who chose the same connection id: all that is clear to read fits.
  const thief = new RawClient(pair.server, { seed: 5 });
  const clientConnectionId = hello!.bytes.slice(11, 15);
  const ofAnother = new Pair({ seed: 9 });
  const recordings = [new RawClient(ofAnother.server, { seed: 6 }), thief].map((raw, i) => {
    const server = i === 0 ? ofAnother.server : pair.server;
    server.handleDatagram(raw.hello(), raw.address, 0);
    const into = new Uint8Array(1_452);
    const sizeBytes = server.pollTransmit(into, 0);
    const accept = into.slice(0, sizeBytes);
    assert.equal(accept[0], PacketType.accept);
    accept.set(clientConnectionId, 2);
    return accept;
  });
  for (const accept of recordings) {
    victim.endpoint.handleDatagram(accept, SERVER_ADDRESS, 0);
    pair.collect();
    assert.equal(victim.endpoint.session, undefined);
  }
  assert.deepEqual(dropsOf(victim.endpoint.drops), { acceptForged: 2 });
  pair.wire.length = 0;
  pair.deliver(hello!);
  pair.settle();
  assert.deepEqual(victim.kinds, ["connected"], "the true answer is still welcome");
});

Deno.test("MpGameServer 5: every packet of the handshake may be lost and is sent again", () => {
  for (const isCookieDue of [false, true]) {
    // HELLO, (RETRY, HELLO,) ACCEPT, the first DATA and its acknowledgement.
    const packets = isCookieDue ? 6 : 4;
    for (let lost = 0; lost < 2 ** packets; lost++) {
      const limits = isCookieDue ? { directHellosPerSecond: 0 } : {};
      const pair = new Pair({ server: { limits } });
      const client = pair.addClient();
      let number = 0;
      pair.advance(3_000, () => {
        for (let round = 0; round < 20; round++) {
          pair.collect();
          const datagrams = pair.wire.splice(0);
          for (const each of datagrams) if (((lost >> number++) & 1) === 0) pair.deliver(each);
        }
      });
      const at = `without packets ${lost.toString(2)}`;
      assert.deepEqual([client.kinds, pair.peer.kinds], [["connected"], ["connected"]], at);
      pair.sendFromClient(client, "reliable-ordered", Uint8Array.of(1));
      pair.settle();
      assert.deepEqual(pair.peer.firstBytes("reliable-ordered"), [1], at);
    }
  }
});

Deno.test("MpGameServer 6: no clock that steps back, and no restart, seals twice with one key and nonce", () => {
  const { crypto, sealed } = observedCrypto();
  const sessionLimits = { rekeyPackets: 40, rekeyIntervalMs: 5_000 };
  const recordedHellos: { bytes: Uint8Array; from: Address }[] = [];
  // The server's key is the same every time, only its randomness is not: a restart.
  for (const seed of [1, 2]) {
    const pair = new Pair({ seed, server: { crypto, sessionLimits } });
    const client = pair.connect({ crypto, sessionLimits });
    for (let second = 0; second < 60; second++) {
      // Forth and back again, an hour now and then: as clocks that somebody sets.
      pair.nowMs = Math.max(
        0,
        pair.nowMs + [1_000, -1_000, 3_600_000, -3_600_000, 40][second % 5]!,
      );
      for (let i = 0; i < 5; i++) {
        client.send("reliable-ordered", Uint8Array.of(i));
        pair.sendFromServer(pair.peer, "unreliable", Uint8Array.of(i));
        client.session.flush();
        pair.settle();
      }
    }
    assert.equal(client.session.state, "open");
    assert.equal(pair.peer.firstBytes("reliable-ordered").length, 300);
    assert.ok(client.session.connection!.link.keyPhase > 2, "keys changed on the way");
    // What was recorded before the restart is answered with keys of its own.
    const hello = new RawClient(pair.server).hello();
    recordedHellos.push({ bytes: hello, from: client.address });
    for (const { bytes, from } of recordedHellos) {
      pair.server.handleDatagram(bytes.slice(), from, pair.nowMs);
    }
    pair.collect();
  }
  assert.ok(sealed.count > 1_000, `${sealed.count} seals`);
  assert.deepEqual(sealed.repeated, []);
});

function memoryBytes(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
