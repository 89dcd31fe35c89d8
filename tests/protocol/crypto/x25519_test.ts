import assert from "node:assert/strict";
import { BACKENDS, countingBytes } from "./backends.ts";

/**
 * Public keys of small order: curve and twist points of order 1, 2, 4 and 8, and their encodings that
 * are not reduced or have the ignored top bit set (https://cr.yp.to/ecdh.html, "validate public keys").
 */
const LOW_ORDER_POINTS = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

for (const crypto of BACKENDS) {
  Deno.test(`${crypto.name} X25519 gives the results of RFC 7748, section 5.2`, () => {
    const first = crypto.x25519(
      Uint8Array.fromHex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
      Uint8Array.fromHex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
    );
    assert.equal(
      first?.toHex(),
      "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    );
    const second = crypto.x25519(
      Uint8Array.fromHex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
      Uint8Array.fromHex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"),
    );
    assert.equal(
      second?.toHex(),
      "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
    );
  });

  Deno.test(`${crypto.name} X25519 iterates as in RFC 7748, section 5.2`, () => {
    let scalar = Uint8Array.of(9, ...new Uint8Array(31)) as Uint8Array;
    let point = scalar;
    const results: Record<number, string> = {};
    for (let i = 1; i <= 1_000; i++) {
      [scalar, point] = [crypto.x25519(scalar, point)!, scalar];
      if (i === 1 || i === 1_000) results[i] = scalar.toHex();
    }
    assert.deepEqual(results, {
      1: "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
      1000: "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51",
    });
  });

  Deno.test(`${crypto.name} X25519 agrees on the secret of RFC 7748, section 6.1`, () => {
    const alice = Uint8Array.fromHex(
      "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
    );
    const bob = Uint8Array.fromHex(
      "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
    );
    const alicePublic = crypto.x25519PublicKey(alice);
    const bobPublic = crypto.x25519PublicKey(bob);
    const shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
    assert.equal(
      alicePublic.toHex(),
      "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
    );
    assert.equal(
      bobPublic.toHex(),
      "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
    );
    assert.equal(crypto.x25519(alice, bobPublic)?.toHex(), shared);
    assert.equal(crypto.x25519(bob, alicePublic)?.toHex(), shared);
  });

  Deno.test(`${crypto.name} X25519 refuses every point of low order`, () => {
    for (const point of LOW_ORDER_POINTS) {
      for (const secret of [countingBytes(32, 1), countingBytes(32, 255), new Uint8Array(32)]) {
        assert.equal(crypto.x25519(secret, Uint8Array.fromHex(point)), undefined, point);
      }
    }
    const base = Uint8Array.of(9, ...new Uint8Array(31));
    assert.notEqual(crypto.x25519(countingBytes(32, 1), base), undefined);
  });

  Deno.test(`${crypto.name} X25519 public key is the secret times the base point`, () => {
    const base = Uint8Array.of(9, ...new Uint8Array(31));
    for (const start of [0, 1, 77, 255]) {
      const secret = countingBytes(32, start);
      assert.deepEqual(crypto.x25519PublicKey(secret), crypto.x25519(secret, base));
      assert.deepEqual(secret, countingBytes(32, start), "the secret is not changed");
    }
  });

  Deno.test(`${crypto.name} X25519 throws on keys that have not 32 bytes`, () => {
    const good = countingBytes(32);
    for (const sizeBytes of [0, 31, 33]) {
      const bad = countingBytes(sizeBytes);
      assert.throws(() => crypto.x25519PublicKey(bad), RangeError);
      assert.throws(() => crypto.x25519(bad, good), RangeError);
      assert.throws(() => crypto.x25519(good, bad), RangeError);
    }
  });
}
