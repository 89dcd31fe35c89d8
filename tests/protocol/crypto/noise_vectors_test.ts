import assert from "node:assert/strict";
import { type CryptoBackend, packetKey } from "../../../protocol/crypto/backend.ts";
import { NoiseHandshake, type NoiseKeyPair } from "../../../protocol/crypto/noise_handshake.ts";
import {
  NOISE_PATTERNS,
  type NoisePatternName,
  noiseProtocolName,
} from "../../../protocol/crypto/noise_patterns.ts";
import { openOneShot, sealOneShot } from "../../../protocol/crypto/one_shot.ts";
import vectors from "../../vectors/noise.json" with { type: "json" };
import { BACKENDS } from "./backends.ts";

type Vector = typeof vectors[number];

const NOTHING = new Uint8Array(0);
const PATTERN_NAMES = Object.keys(NOISE_PATTERNS) as NoisePatternName[];

function keyPair(crypto: CryptoBackend, secretHex: string | undefined): NoiseKeyPair | undefined {
  if (secretHex === undefined) return undefined;
  const secret = Uint8Array.fromHex(secretHex);
  return { secret, public: crypto.x25519PublicKey(secret) };
}

function bothEnds(
  crypto: CryptoBackend,
  pattern: NoisePatternName,
  vector: Vector,
): [NoiseHandshake, NoiseHandshake] {
  const initiatorKeys = keyPair(crypto, vector.init_static);
  const responderKeys = keyPair(crypto, vector.resp_static);
  const initiator = new NoiseHandshake(crypto, {
    pattern,
    isInitiator: true,
    prologue: Uint8Array.fromHex(vector.init_prologue),
    ephemeralSecret: Uint8Array.fromHex(vector.init_ephemeral),
    ...(initiatorKeys && { staticKeys: initiatorKeys }),
    ...(vector.init_remote_static !== undefined &&
      { remoteStatic: Uint8Array.fromHex(vector.init_remote_static) }),
  });
  const responder = new NoiseHandshake(crypto, {
    pattern,
    isInitiator: false,
    prologue: Uint8Array.fromHex(vector.resp_prologue),
    ephemeralSecret: Uint8Array.fromHex(vector.resp_ephemeral),
    ...(responderKeys && { staticKeys: responderKeys }),
  });
  for (const psk of vector.init_psks ?? []) initiator.setPsk(Uint8Array.fromHex(psk));
  for (const psk of vector.resp_psks ?? []) responder.setPsk(Uint8Array.fromHex(psk));
  return [initiator, responder];
}

Deno.test("the vector file has one vector for each pattern", () => {
  assert.deepEqual(
    vectors.map((vector) => vector.protocol_name).sort(),
    PATTERN_NAMES.map(noiseProtocolName).sort(),
  );
});

for (const crypto of BACKENDS) {
  for (const pattern of PATTERN_NAMES) {
    Deno.test(`${crypto.name} gives the published bytes of ${noiseProtocolName(pattern)}`, () => {
      const vector = vectors.find((v) => v.protocol_name === noiseProtocolName(pattern))!;
      const ends = bothEnds(crypto, pattern, vector);
      for (const [i, { payload, ciphertext }] of vector.messages.slice(0, 2).entries()) {
        const [writer, reader] = i === 0 ? ends : [ends[1], ends[0]];
        const message = writer.writeMessage(Uint8Array.fromHex(payload));
        assert.equal(message.toHex(), ciphertext);
        assert.equal(reader.readMessage(message)?.toHex(), payload);
      }
      const secrets = [ends[0].split(), ends[1].split()] as const;
      assert.equal(secrets[0].handshakeHash.toHex(), vector.handshake_hash);
      assert.equal(secrets[1].handshakeHash.toHex(), vector.handshake_hash);
      const transport = vector.messages.slice(2);
      assert.equal(transport.length, 4);
      for (const [i, { payload, ciphertext }] of transport.entries()) {
        const [writer, reader] = i % 2 === 0 ? secrets : [secrets[1], secrets[0]];
        const nonce = i >> 1;
        const sealed = sealOneShot(
          crypto,
          packetKey(writer.send),
          nonce,
          NOTHING,
          Uint8Array.fromHex(payload),
        );
        assert.equal(sealed.toHex(), ciphertext);
        const opened = openOneShot(crypto, packetKey(reader.receive), nonce, NOTHING, sealed);
        assert.equal(opened?.toHex(), payload);
      }
    });
  }
}

Deno.test("a message of 65,535 bytes is read and a longer one is not, even where nothing is sealed yet", () => {
  const crypto = BACKENDS[0]!;
  const responder = new NoiseHandshake(crypto, {
    pattern: "NX",
    isInitiator: false,
    prologue: NOTHING,
    ephemeralSecret: new Uint8Array(32).fill(1),
    staticKeys: keyPair(crypto, "02".repeat(32))!,
  });
  assert.equal(responder.readMessage(new Uint8Array(65_536).fill(9)), undefined);
  assert.equal(responder.readMessage(new Uint8Array(65_535).fill(9))?.byteLength, 65_503);
});
