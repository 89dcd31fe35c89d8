import assert from "node:assert/strict";
import { open, seal, SEALED_BOX_OVERHEAD_BYTES } from "../../../protocol/crypto/sealed_box.ts";
import { BACKENDS, countingBytes } from "./backends.ts";

const KEY = countingBytes(32, 0x80);
const NONCE = Uint8Array.fromHex("070000004041424344454647");
const AAD = Uint8Array.fromHex("50515253c0c1c2c3c4c5c6c7");

for (const crypto of BACKENDS) {
  Deno.test(`${crypto.name}: a sealed box is nonce, ciphertext and tag of RFC 8439`, () => {
    // RFC 8439, section 2.8.2, whose tag covers all of this text.
    const text = new TextEncoder().encode(
      "Ladies and Gentlemen of the class of '99: If I could offer you " +
        "only one tip for the future, sunscreen would be it.",
    );
    const box = seal(crypto, KEY, NONCE, AAD, text);
    assert.equal(box.byteLength, text.byteLength + SEALED_BOX_OVERHEAD_BYTES);
    assert.equal(box.slice(0, 12).toHex(), NONCE.toHex());
    assert.equal(box.slice(12, 28).toHex(), "d31a8d34648e60db7b86afbc53ef7ec2");
    assert.equal(box.slice(-16).toHex(), "1ae10b594f09e26a7e902ecbd0600691");
    assert.deepEqual(open(crypto, KEY, AAD, box), text);
  });

  Deno.test(`${crypto.name}: a sealed box opens for sizes 0 to 1,000 and is left as it was`, () => {
    for (const sizeBytes of [0, 1, 64, 512, 1_000]) {
      const text = countingBytes(sizeBytes);
      const box = seal(crypto, KEY, NONCE, AAD, text);
      const before = box.slice();
      assert.deepEqual(open(crypto, KEY, AAD, box), text);
      assert.deepEqual(open(crypto, KEY, new Uint8Array(0), box), undefined);
      assert.deepEqual(box, before);
    }
  });

  Deno.test(`${crypto.name}: a changed, cut, extended or foreign box does not open`, () => {
    const box = seal(crypto, KEY, NONCE, AAD, countingBytes(12));
    for (let bit = 0; bit < box.byteLength * 8; bit++) {
      const forged = box.slice();
      forged[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(open(crypto, KEY, AAD, forged), undefined, `bit ${bit}`);
    }
    for (let sizeBytes = 0; sizeBytes < box.byteLength; sizeBytes++) {
      assert.equal(open(crypto, KEY, AAD, box.subarray(0, sizeBytes)), undefined);
    }
    assert.equal(open(crypto, KEY, AAD, Uint8Array.from([...box, 0])), undefined);
    assert.equal(open(crypto, countingBytes(32, 0x81), AAD, box), undefined);
    assert.equal(open(crypto, KEY, AAD.subarray(1), box), undefined);
    assert.equal(open(crypto, KEY, AAD, new Uint8Array(70_000)), undefined);
  });

  Deno.test(`${crypto.name}: keys and nonces of another length throw`, () => {
    const none = new Uint8Array(0);
    assert.throws(() => seal(crypto, KEY.subarray(1), NONCE, none, none), RangeError);
    assert.throws(() => seal(crypto, KEY, NONCE.subarray(1), none, none), RangeError);
    assert.throws(() => seal(crypto, KEY, new Uint8Array(24), none, none), RangeError);
    assert.throws(() => seal(crypto, KEY, NONCE, none, new Uint8Array(65_535)), RangeError);
    assert.throws(() => open(crypto, KEY.subarray(1), none, new Uint8Array(28)), RangeError);
    assert.throws(() => open(crypto, KEY.subarray(1), none, none), RangeError);
  });
}
