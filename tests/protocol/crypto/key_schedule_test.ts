import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { TrafficKeys } from "../../../protocol/crypto/key_schedule.ts";
import { BACKENDS, countingBytes } from "./backends.ts";

function hmac(secret: Uint8Array, label: string): Uint8Array {
  return new Uint8Array(createHmac("sha256", secret).update(label).digest());
}

function hexOf(words: Uint32Array): string {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength).toHex();
}

for (const crypto of BACKENDS) {
  Deno.test(`${crypto.name}: traffic keys are HMACs of the secret under their labels, phase by phase`, () => {
    let secret = countingBytes(32) as Uint8Array;
    let keys = new TrafficKeys(crypto, secret.slice());
    for (let phase = 0; phase < 4; phase++) {
      assert.equal(keys.phase, phase);
      assert.equal(keys.phaseBit, phase % 2);
      assert.equal(hexOf(keys.packetKey.keyWords), hmac(secret, "tickwire key").toHex());
      assert.equal(
        hexOf(keys.packetKey.ivWords),
        hmac(secret, "tickwire iv").subarray(0, 12).toHex(),
      );
      secret = hmac(secret, "tickwire next");
      keys = keys.next();
    }
  });

  Deno.test(`${crypto.name}: a packet of one phase does not open with the keys of the next`, () => {
    const first = new TrafficKeys(crypto, countingBytes(32));
    const second = first.next();
    const buffer = crypto.allocate(64);
    crypto.seal(first.packetKey, 3, buffer, 0, 4, 40);
    const sealed = buffer.slice();
    assert(!crypto.open(second.packetKey, 3, buffer, 0, 4, 56));
    buffer.set(sealed);
    assert(crypto.open(first.packetKey, 3, buffer, 0, 4, 56), "the old phase stays usable");
  });

  Deno.test(`${crypto.name}: traffic keys wipe the secret they are made of, and themselves`, () => {
    const secret = countingBytes(32);
    const keys = new TrafficKeys(crypto, secret);
    assert(secret.every((byte) => byte === 0));
    const next = keys.next();
    assert.throws(() => keys.next(), /used or wiped/);
    keys.wipe();
    assert(keys.packetKey.keyWords.every((word) => word === 0));
    assert(keys.packetKey.ivWords.every((word) => word === 0));
    assert(next.packetKey.keyWords.some((word) => word !== 0), "the next phase is not touched");
    next.wipe();
    assert.throws(() => next.next(), /used or wiped/);
  });

  Deno.test(`${crypto.name}: a traffic secret has 32 bytes`, () => {
    for (const sizeBytes of [0, 31, 33]) {
      assert.throws(() => new TrafficKeys(crypto, new Uint8Array(sizeBytes)), RangeError);
    }
  });
}
