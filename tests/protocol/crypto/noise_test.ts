import assert from "node:assert/strict";
import fc from "fast-check";
import type { CryptoBackend } from "../../../protocol/crypto/backend.ts";
import {
  NOISE_OVERHEAD_BYTES,
  type NoiseInitiator,
  noiseInitiator,
  type NoiseResponder,
  noiseResponder,
  type SessionPattern,
} from "../../../protocol/crypto/noise.ts";
import { BACKENDS, countingBytes, sodium } from "./backends.ts";

const PATTERNS: readonly SessionPattern[] = ["NK", "NKpsk2"];
const HELLO = countingBytes(14, 0x40);
const ACCEPT = countingBytes(6, 0x42);
const TICKET = countingBytes(40, 7);
const WELCOME = countingBytes(25, 90);
const STATIC_SECRET = countingBytes(32, 11);
const PSK = countingBytes(32, 77);

/** A key for which every X25519 secret gives zeros (RFC 7748, section 6.1). */
const LOW_ORDER = new Uint8Array(32);

function client(
  crypto: CryptoBackend,
  pattern: SessionPattern,
  change: { prologue?: Uint8Array; responderStatic?: Uint8Array; psk?: Uint8Array; seed?: number } =
    {},
): NoiseInitiator {
  const { prologue = HELLO, psk = PSK, seed = 1 } = change;
  const { responderStatic = crypto.x25519PublicKey(STATIC_SECRET) } = change;
  const ephemeralSecret = countingBytes(32, seed);
  const common = { prologue, responderStatic, ephemeralSecret };
  return noiseInitiator(
    crypto,
    pattern === "NK" ? { pattern, ...common } : { pattern, ...common, psk },
  );
}

function server(crypto: CryptoBackend, pattern: SessionPattern, seed = 200): NoiseResponder {
  return noiseResponder(crypto, {
    pattern,
    prologue: HELLO,
    staticSecret: STATIC_SECRET,
    staticPublic: crypto.x25519PublicKey(STATIC_SECRET),
    ephemeralSecret: countingBytes(32, seed),
  });
}

/** The server's answer to message 1. */
function answer(
  responder: NoiseResponder,
  pattern: SessionPattern,
  message1: Uint8Array,
): Uint8Array {
  assert.deepEqual(responder.readMessage1(message1), TICKET);
  if (pattern === "NKpsk2") responder.setPsk(PSK);
  responder.mixHash(ACCEPT);
  return responder.writeMessage2(WELCOME);
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}

for (const crypto of BACKENDS) {
  for (const pattern of PATTERNS) {
    const name = `${crypto.name} ${pattern}`;

    Deno.test(`${name}: both ends read each other and end with the same secrets, crosswise`, () => {
      const initiator = client(crypto, pattern);
      const responder = server(crypto, pattern);
      const message1 = initiator.writeMessage1(TICKET);
      assert.equal(message1.byteLength, TICKET.byteLength + NOISE_OVERHEAD_BYTES);
      const message2 = answer(responder, pattern, message1);
      assert.equal(message2.byteLength, WELCOME.byteLength + NOISE_OVERHEAD_BYTES);
      initiator.mixHash(ACCEPT);
      assert.deepEqual(initiator.readMessage2(message2), WELCOME);
      const ours = initiator.split();
      const theirs = responder.split();
      assert.deepEqual(ours.send, theirs.receive);
      assert.deepEqual(ours.receive, theirs.send);
      assert.deepEqual(ours.handshakeHash, theirs.handshakeHash);
      assert.notDeepEqual(ours.send, ours.receive);
    });

    Deno.test(`${name}: empty payloads are payloads`, () => {
      const initiator = client(crypto, pattern);
      const responder = server(crypto, pattern);
      assert.deepEqual(
        responder.readMessage1(initiator.writeMessage1(new Uint8Array(0))),
        new Uint8Array(0),
      );
      if (pattern === "NKpsk2") responder.setPsk(PSK);
      assert.deepEqual(
        initiator.readMessage2(responder.writeMessage2(new Uint8Array(0))),
        new Uint8Array(0),
      );
    });

    Deno.test(`${name}: forged answers change nothing and the true one is still read`, () => {
      const initiator = client(crypto, pattern);
      const message2 = answer(server(crypto, pattern), pattern, initiator.writeMessage1(TICKET));
      const lowOrder = message2.slice();
      lowOrder.set(LOW_ORDER);
      const forged = [
        new Uint8Array(0),
        message2.subarray(0, 31),
        message2.subarray(0, 32),
        message2.subarray(0, 47),
        message2.subarray(0, -1),
        Uint8Array.from([...message2, 0]),
        new Uint8Array(70_000),
        flipped(message2, 0),
        flipped(message2, 255),
        flipped(message2, 256),
        flipped(message2, message2.byteLength * 8 - 1),
        lowOrder,
      ];
      for (const bytes of forged) {
        initiator.mixHash(ACCEPT);
        assert.equal(initiator.readMessage2(bytes), undefined);
        assert.throws(() => initiator.split(), /before both messages/);
      }
      assert.equal(initiator.readMessage2(message2), undefined, "a failed read takes mixHash back");
      initiator.mixHash(ACCEPT);
      assert.deepEqual(initiator.readMessage2(message2), WELCOME);
    });

    Deno.test(`${name}: a forged hello is refused and the true one is still read`, () => {
      const message1 = client(crypto, pattern).writeMessage1(TICKET);
      const responder = server(crypto, pattern);
      const lowOrder = message1.slice();
      lowOrder.set(LOW_ORDER);
      const forged = [
        new Uint8Array(0),
        message1.subarray(0, 31),
        message1.subarray(0, 47),
        message1.subarray(0, -1),
        Uint8Array.from([...message1, 0]),
        flipped(message1, 3),
        flipped(message1, 300),
        flipped(message1, message1.byteLength * 8 - 1),
        lowOrder,
      ];
      for (const bytes of forged) assert.equal(responder.readMessage1(bytes), undefined);
      assert.deepEqual(responder.readMessage1(message1), TICKET);
    });

    Deno.test(`${name}: ends that disagree about prologue, server key or clear fields do not connect`, () => {
      const otherPrologue = client(crypto, pattern, { prologue: flipped(HELLO, 9) });
      assert.equal(
        server(crypto, pattern).readMessage1(otherPrologue.writeMessage1(TICKET)),
        undefined,
      );
      const responderStatic = crypto.x25519PublicKey(countingBytes(32, 12));
      const otherServer = client(crypto, pattern, { responderStatic });
      assert.equal(
        server(crypto, pattern).readMessage1(otherServer.writeMessage1(TICKET)),
        undefined,
      );
      const initiator = client(crypto, pattern);
      const message2 = answer(server(crypto, pattern), pattern, initiator.writeMessage1(TICKET));
      initiator.mixHash(flipped(ACCEPT, 0));
      assert.equal(initiator.readMessage2(message2), undefined);
    });

    Deno.test(`${name}: an answer to another hello is refused`, () => {
      const recorded = client(crypto, pattern, { seed: 2 }).writeMessage1(TICKET);
      const replay = answer(server(crypto, pattern), pattern, recorded);
      const initiator = client(crypto, pattern, { seed: 3 });
      initiator.writeMessage1(TICKET);
      initiator.mixHash(ACCEPT);
      assert.equal(initiator.readMessage2(replay), undefined);
    });

    Deno.test(`${name}: a server key of low order throws, since the caller brought it`, () => {
      const initiator = client(crypto, pattern, { responderStatic: LOW_ORDER });
      assert.throws(() => initiator.writeMessage1(TICKET), RangeError);
    });

    Deno.test(`${name}: calls out of turn throw`, () => {
      const initiator = client(crypto, pattern);
      const responder = server(crypto, pattern);
      assert.throws(() => initiator.readMessage2(new Uint8Array(100)), /next step is to write/);
      assert.throws(() => responder.writeMessage2(WELCOME), /next step is to read/);
      assert.throws(() => initiator.mixHash(ACCEPT), /between the two messages/);
      assert.throws(() => responder.mixHash(ACCEPT), /between the two messages/);
      assert.throws(() => initiator.split(), /before both messages/);
      const message1 = initiator.writeMessage1(TICKET);
      assert.throws(() => initiator.writeMessage1(TICKET), /next step is to read/);
      const message2 = answer(responder, pattern, message1);
      assert.throws(() => responder.readMessage1(message1), /next step is to split/);
      assert.throws(() => responder.mixHash(ACCEPT), /between the two messages/);
      initiator.mixHash(ACCEPT);
      initiator.readMessage2(message2);
      assert.throws(() => initiator.readMessage2(message2), /next step is to split/);
      initiator.split();
      assert.throws(() => initiator.split(), /twice/);
    });

    Deno.test(`${name}: an answer that is too long throws and a shorter one is still sent`, () => {
      const initiator = client(crypto, pattern);
      const responder = server(crypto, pattern);
      assert.deepEqual(responder.readMessage1(initiator.writeMessage1(TICKET)), TICKET);
      if (pattern === "NKpsk2") responder.setPsk(PSK);
      responder.mixHash(ACCEPT);
      assert.throws(() => responder.writeMessage2(new Uint8Array(65_535)), RangeError);
      initiator.mixHash(ACCEPT);
      assert.deepEqual(initiator.readMessage2(responder.writeMessage2(WELCOME)), WELCOME);
    });
  }

  Deno.test(`${crypto.name} NKpsk2: without the ticket's key the answer cannot be read`, () => {
    const initiator = client(crypto, "NKpsk2", { psk: countingBytes(32, 78) });
    const message2 = answer(server(crypto, "NKpsk2"), "NKpsk2", initiator.writeMessage1(TICKET));
    initiator.mixHash(ACCEPT);
    assert.equal(initiator.readMessage2(message2), undefined);
  });

  Deno.test(`${crypto.name} NKpsk2: the server's psk may come late but not never`, () => {
    const initiator = client(crypto, "NKpsk2");
    const responder = server(crypto, "NKpsk2");
    responder.readMessage1(initiator.writeMessage1(TICKET));
    assert.throws(() => responder.writeMessage2(WELCOME), /no pre-shared key/);
    responder.setPsk(PSK);
    assert.deepEqual(initiator.readMessage2(responder.writeMessage2(WELCOME)), WELCOME);
    assert.throws(() => responder.setPsk(PSK), /after both messages/);
  });

  Deno.test(`${crypto.name}: a hello of one pattern is not read as the other`, () => {
    const message1 = client(crypto, "NK").writeMessage1(TICKET);
    assert.equal(server(crypto, "NKpsk2").readMessage1(message1), undefined);
    const pskMessage1 = client(crypto, "NKpsk2").writeMessage1(TICKET);
    assert.equal(server(crypto, "NK").readMessage1(pskMessage1), undefined);
  });

  Deno.test(`${crypto.name}: the caller's secrets are neither kept nor changed`, () => {
    const responderStatic = crypto.x25519PublicKey(STATIC_SECRET);
    const ephemeralSecret = countingBytes(32, 5);
    const psk = PSK.slice();
    const initiator = noiseInitiator(crypto, {
      pattern: "NKpsk2",
      prologue: HELLO,
      responderStatic,
      ephemeralSecret,
      psk,
    });
    ephemeralSecret.fill(0);
    psk.fill(0);
    const message2 = answer(server(crypto, "NKpsk2"), "NKpsk2", initiator.writeMessage1(TICKET));
    initiator.mixHash(ACCEPT);
    assert.deepEqual(initiator.readMessage2(message2), WELCOME);
  });
}

Deno.test("psk and pattern go together, and keys have 32 bytes", () => {
  const options = {
    prologue: HELLO,
    responderStatic: sodium.x25519PublicKey(STATIC_SECRET),
    ephemeralSecret: countingBytes(32, 5),
  };
  assert.throws(() => noiseInitiator(sodium, { pattern: "NKpsk2", ...options }), TypeError);
  assert.throws(() => noiseInitiator(sodium, { pattern: "NK", psk: PSK, ...options }), TypeError);
  assert.throws(() => server(sodium, "NK").setPsk(PSK), TypeError);
  assert.throws(() => server(sodium, "NKpsk2").setPsk(new Uint8Array(31)), RangeError);
  for (const sizeBytes of [0, 31, 33]) {
    const key = new Uint8Array(sizeBytes);
    const nk = { pattern: "NK", ...options } as const;
    const responder = {
      pattern: "NK",
      prologue: HELLO,
      staticSecret: STATIC_SECRET,
      staticPublic: options.responderStatic,
      ephemeralSecret: options.ephemeralSecret,
    } as const;
    assert.throws(() => noiseInitiator(sodium, { ...nk, responderStatic: key }), RangeError);
    assert.throws(() => noiseInitiator(sodium, { ...nk, ephemeralSecret: key }), RangeError);
    assert.throws(() => noiseResponder(sodium, { ...responder, staticSecret: key }), RangeError);
    assert.throws(() => noiseResponder(sodium, { ...responder, staticPublic: key }), RangeError);
    assert.throws(() => noiseResponder(sodium, { ...responder, ephemeralSecret: key }), RangeError);
  }
});

Deno.test("whatever bytes arrive, reading never throws and never accepts", () => {
  const initiator = client(sodium, "NK");
  initiator.writeMessage1(TICKET);
  const responder = server(sodium, "NK");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(responder.readMessage1(bytes), undefined);
      assert.equal(initiator.readMessage2(bytes), undefined);
    }),
    { seed: 20, numRuns: 300 },
  );
});
