/**
 * Every backend against node:crypto, which is OpenSSL's or aws-lc's own code, on generated inputs.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
} from "node:crypto";
import fc from "fast-check";
import { packetKey, TAG_BYTES } from "../../../protocol/crypto/backend.ts";
import { BACKENDS, sodium } from "./backends.ts";

const ALGORITHM = "chacha20-poly1305";
const bytes = (min: number, max = min): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: min, maxLength: max });

/** Keys, nonces and texts of one repeated byte reach the carries that random bytes almost never do. */
const oddBytes = (min: number, max = min): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    bytes(min, max),
    fc.tuple(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min, max }))
      .map(([byte, sizeBytes]) => new Uint8Array(sizeBytes).fill(byte)),
  );

function nodeSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  text: Uint8Array,
): string {
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad, { plaintextLength: text.byteLength });
  const sealed = cipher.update(text).toString("hex") + cipher.final("hex");
  return sealed + cipher.getAuthTag().toString("hex");
}

function nodeOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): string {
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(aad, { plaintextLength: sealed.byteLength - TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return decipher.update(sealed.subarray(0, -TAG_BYTES)).toString("hex") + decipher.final("hex");
}

function withPacketNumber(iv: Uint8Array, packetNumber: number): Uint8Array {
  const nonce = iv.slice();
  const view = new DataView(nonce.buffer);
  view.setBigUint64(4, view.getBigUint64(4, true) ^ BigInt(packetNumber), true);
  return nonce;
}

Deno.test("all backends seal as node:crypto does and it opens what they sealed", () => {
  // One piece of the heap, since allocated memory is never given back.
  const heapPiece = sodium.allocate(2_048);
  fc.assert(
    fc.property(
      oddBytes(32),
      oddBytes(12),
      fc.maxSafeNat(),
      oddBytes(0, 64),
      oddBytes(0, 1_452),
      fc.nat({ max: 70 }),
      (key, iv, packetNumber, aad, text, lead) => {
        const nonce = withPacketNumber(iv, packetNumber);
        const expected = nodeSeal(key, nonce, aad, text);
        const textStart = lead + aad.byteLength;
        const textEnd = textStart + text.byteLength;
        for (const crypto of BACKENDS) {
          for (const buffer of [heapPiece, new Uint8Array(2_048)]) {
            buffer.set(aad, lead);
            buffer.set(text, textStart);
            crypto.seal(packetKey(key, iv), packetNumber, buffer, lead, textStart, textEnd);
            const sealed = buffer.slice(textStart, textEnd + TAG_BYTES);
            assert.equal(sealed.toHex(), expected);
            assert.equal(nodeOpen(key, nonce, aad, sealed), text.toHex());
            const end = textEnd + TAG_BYTES;
            assert(crypto.open(packetKey(key, iv), packetNumber, buffer, lead, textStart, end));
            assert.equal(buffer.slice(textStart, textEnd).toHex(), text.toHex());
          }
        }
      },
    ),
    { seed: 8439, numRuns: 300 },
  );
});

Deno.test("all backends hash and authenticate as node:crypto does", () => {
  fc.assert(
    fc.property(oddBytes(1, 200), oddBytes(0, 300), (key, data) => {
      const digest = createHash("sha256").update(data).digest("hex");
      const mac = createHmac("sha256", key).update(data).digest("hex");
      for (const crypto of BACKENDS) {
        assert.equal(crypto.sha256(data).toHex(), digest);
        assert.equal(crypto.hmacSha256(key, data).toHex(), mac);
      }
    }),
    { seed: 4231, numRuns: 300 },
  );
});

Deno.test("all backends give the same keyed BLAKE2b", () => {
  fc.assert(
    fc.property(oddBytes(32), oddBytes(0, 300), (key, data) => {
      const [first, ...others] = BACKENDS.map((crypto) => crypto.mac128(key, data).toHex());
      for (const other of others) assert.equal(other, first);
    }),
    { seed: 7693, numRuns: 200 },
  );
});

/** DER of an X25519 key without the key itself (RFC 8410). */
const PKCS8_PREFIX = Uint8Array.fromHex("302e020100300506032b656e04220420");
const SPKI_PREFIX = Uint8Array.fromHex("302a300506032b656e032100");

Deno.test("all backends do X25519 as node:crypto does", () => {
  fc.assert(
    fc.property(bytes(32), bytes(32), (secret, theirSecret) => {
      const privateKey = createPrivateKey({
        key: Buffer.concat([PKCS8_PREFIX, secret]),
        format: "der",
        type: "pkcs8",
      });
      for (const crypto of BACKENDS) {
        const theirs = crypto.x25519PublicKey(theirSecret);
        const publicKey = createPublicKey({
          key: Buffer.concat([SPKI_PREFIX, theirs]),
          format: "der",
          type: "spki",
        });
        const expected = diffieHellman({ privateKey, publicKey }).toString("hex");
        assert.equal(crypto.x25519(secret, theirs)?.toHex(), expected);
      }
    }),
    { seed: 7748, numRuns: 25 },
  );
});

Deno.test("all backends agree on X25519 of public keys that are not reduced or off the curve", () => {
  fc.assert(
    fc.property(bytes(32), oddBytes(32), (secret, point) => {
      const [first, ...others] = BACKENDS.map((crypto) => crypto.x25519(secret, point)?.toHex());
      for (const other of others) assert.equal(other, first);
    }),
    { seed: 25519, numRuns: 60 },
  );
});
