import assert from "node:assert/strict";
import { type CryptoBackend, packetKey, TAG_BYTES } from "../../../protocol/crypto/backend.ts";
import { MAX_SEALED_BYTES } from "../../../protocol/crypto/sealed_range.ts";
import { BACKENDS, countingBytes } from "./backends.ts";

interface AeadVector {
  readonly source: string;
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
  readonly plaintext: Uint8Array;
  readonly sealed: Uint8Array;
}

const RFC_8439_2_8_2: AeadVector = {
  source: "RFC 8439, section 2.8.2",
  key: countingBytes(32, 0x80),
  nonce: Uint8Array.fromHex("070000004041424344454647"),
  aad: Uint8Array.fromHex("50515253c0c1c2c3c4c5c6c7"),
  plaintext: new TextEncoder().encode(
    "Ladies and Gentlemen of the class of '99: If I could offer you " +
      "only one tip for the future, sunscreen would be it.",
  ),
  sealed: Uint8Array.fromHex(
    "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6" +
      "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36" +
      "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
      "3ff4def08e4b7a9de576d26586cec64b6116" +
      "1ae10b594f09e26a7e902ecbd0600691",
  ),
};

const RFC_8439_A_5: AeadVector = {
  source: "RFC 8439, appendix A.5",
  key: Uint8Array.fromHex("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0"),
  nonce: Uint8Array.fromHex("000000000102030405060708"),
  aad: Uint8Array.fromHex("f33388860000000000004e91"),
  plaintext: new TextEncoder().encode(
    "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, " +
      "replaced, or obsoleted by other documents at any time. It is inappropriate to use " +
      "Internet-Drafts as reference material or to cite them other than as /\u201cwork in progress./\u201d",
  ),
  sealed: Uint8Array.fromHex(
    "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2" +
      "4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf" +
      "332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855" +
      "9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4" +
      "b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e" +
      "af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a" +
      "0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10" +
      "49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29" +
      "a6ad5cb4022b02709b" +
      "eead9d67890cbb22392336fea1851f38",
  ),
};

/** Where a buffer comes from and where in it the packet lies. */
const PLACES: readonly {
  readonly name: string;
  readonly leadBytes: number;
  readonly make: (crypto: CryptoBackend, sizeBytes: number) => Uint8Array;
}[] = [
  { name: "in place", leadBytes: 0, make: (crypto, sizeBytes) => crypto.allocate(sizeBytes) },
  { name: "in place at 7", leadBytes: 7, make: (crypto, sizeBytes) => crypto.allocate(sizeBytes) },
  { name: "foreign", leadBytes: 0, make: (_, sizeBytes) => new Uint8Array(sizeBytes) },
  { name: "foreign at 13", leadBytes: 13, make: (_, sizeBytes) => new Uint8Array(sizeBytes) },
  {
    name: "foreign subarray",
    leadBytes: 3,
    make: (_, sizeBytes) => new Uint8Array(sizeBytes + 50).subarray(25, 25 + sizeBytes),
  },
  {
    name: "shared",
    leadBytes: 5,
    make: (_, sizeBytes) => new Uint8Array(new SharedArrayBuffer(sizeBytes)),
  },
];

const GUARD = 0xa5;

interface Packet {
  readonly buffer: Uint8Array;
  readonly aadStart: number;
  readonly textStart: number;
  readonly textEnd: number;
  readonly end: number;
}

/** A packet with room for its tag, and guard bytes before and after it. */
function place(
  crypto: CryptoBackend,
  where: typeof PLACES[number],
  aad: Uint8Array,
  text: Uint8Array,
): Packet {
  const textStart = where.leadBytes + aad.byteLength;
  const textEnd = textStart + text.byteLength;
  const end = textEnd + TAG_BYTES;
  const buffer = where.make(crypto, end + 9).fill(GUARD);
  buffer.set(aad, where.leadBytes);
  buffer.set(text, textStart);
  return { buffer, aadStart: where.leadBytes, textStart, textEnd, end };
}

function assertGuards({ buffer, aadStart, end }: Packet): void {
  assert(buffer.subarray(0, aadStart).every((byte) => byte === GUARD), "bytes before the packet");
  assert(buffer.subarray(end).every((byte) => byte === GUARD), "bytes after the packet");
}

for (const crypto of BACKENDS) {
  for (const vector of [RFC_8439_2_8_2, RFC_8439_A_5]) {
    for (const where of PLACES) {
      Deno.test(`${crypto.name} seals and opens ${vector.source} ${where.name}`, () => {
        const key = packetKey(vector.key, vector.nonce);
        const packet = place(crypto, where, vector.aad, vector.plaintext);
        const { buffer, aadStart, textStart, textEnd, end } = packet;
        crypto.seal(key, 0, buffer, aadStart, textStart, textEnd);
        assert.equal(buffer.slice(textStart, end).toHex(), vector.sealed.toHex());
        assert.equal(buffer.slice(aadStart, textStart).toHex(), vector.aad.toHex());
        assertGuards(packet);
        assert(crypto.open(key, 0, buffer, aadStart, textStart, end));
        assert.equal(buffer.slice(textStart, textEnd).toHex(), vector.plaintext.toHex());
        assertGuards(packet);
      });
    }
  }

  Deno.test(`${crypto.name} forms the nonce as the IV xor the 64-bit packet number`, () => {
    const { key, nonce, aad, plaintext, sealed } = RFC_8439_2_8_2;
    const numbers = [
      1,
      0xff,
      0x7fff_ffff,
      0x8000_0000,
      0xffff_ffff,
      2 ** 32,
      Number.MAX_SAFE_INTEGER,
    ];
    for (const packetNumber of numbers) {
      const iv = nonce.slice();
      const view = new DataView(iv.buffer);
      view.setBigUint64(4, view.getBigUint64(4, true) ^ BigInt(packetNumber), true);
      const { buffer, textStart, textEnd, end } = place(crypto, PLACES[0]!, aad, plaintext);
      crypto.seal(packetKey(key, iv), packetNumber, buffer, 0, textStart, textEnd);
      assert.equal(buffer.slice(textStart, end).toHex(), sealed.toHex(), `packet ${packetNumber}`);
    }
  });

  for (const where of PLACES) {
    Deno.test(`${crypto.name} refuses each flipped bit of tag, text and associated data ${where.name}`, () => {
      const key = packetKey(countingBytes(32), countingBytes(12));
      const packet = place(crypto, where, countingBytes(5), countingBytes(20));
      const { buffer, aadStart, textStart, textEnd, end } = packet;
      crypto.seal(key, 7, buffer, aadStart, textStart, textEnd);
      const sealed = buffer.slice();
      for (let bit = aadStart * 8; bit < end * 8; bit++) {
        buffer.set(sealed);
        buffer[bit >> 3]! ^= 1 << (bit & 7);
        assert.equal(crypto.open(key, 7, buffer, aadStart, textStart, end), false, `bit ${bit}`);
        assert(buffer.subarray(textStart, textEnd).every((byte) => byte === 0), "text is wiped");
        assertGuards(packet);
      }
      buffer.set(sealed);
      assert(crypto.open(key, 7, buffer, aadStart, textStart, end), "the untouched packet opens");
    });

    Deno.test(`${crypto.name} seals texts of 0 to 1,452 bytes ${where.name}`, () => {
      const key = packetKey(countingBytes(32, 9), countingBytes(12, 3));
      for (const sizeBytes of [0, 1, 15, 16, 17, 63, 64, 65, 100, 1_200, 1_452]) {
        for (const aadBytes of [0, 1, 16, 23]) {
          const text = countingBytes(sizeBytes, 1);
          const packet = place(crypto, where, countingBytes(aadBytes, 200), text);
          const { buffer, aadStart, textStart, textEnd, end } = packet;
          crypto.seal(key, sizeBytes, buffer, aadStart, textStart, textEnd);
          assertGuards(packet);
          assert(crypto.open(key, sizeBytes, buffer, aadStart, textStart, end));
          assert.deepEqual(buffer.slice(textStart, textEnd), text);
          assertGuards(packet);
        }
      }
    });
  }

  Deno.test(`${crypto.name} refuses a packet under another key, IV, packet number or split`, () => {
    const key = packetKey(countingBytes(32), countingBytes(12));
    const { buffer, textStart, textEnd, end } = place(
      crypto,
      PLACES[0]!,
      countingBytes(6),
      countingBytes(30),
    );
    crypto.seal(key, 5, buffer, 0, textStart, textEnd);
    const sealed = buffer.slice();
    const otherKey = packetKey(countingBytes(32, 1), countingBytes(12));
    const otherIv = packetKey(countingBytes(32), countingBytes(12, 1));
    const isOpened = (
      ...[k, n, start, from, to]: [typeof key, number, number, number, number]
    ): boolean => {
      buffer.set(sealed);
      return crypto.open(k, n, buffer, start, from, to);
    };
    assert(!isOpened(otherKey, 5, 0, textStart, end));
    assert(!isOpened(otherIv, 5, 0, textStart, end));
    assert(!isOpened(key, 4, 0, textStart, end));
    assert(!isOpened(key, 5 + 2 ** 32, 0, textStart, end));
    assert(!isOpened(key, 5, 1, textStart, end));
    assert(!isOpened(key, 5, 0, textStart + 1, end));
    assert(!isOpened(key, 5, 0, textStart, end - 1));
    assert(!isOpened(key, 5, 0, textStart, end + 1));
    assert(isOpened(key, 5, 0, textStart, end));
  });

  Deno.test(`${crypto.name} open returns false, touching nothing, when the range cannot be a packet`, () => {
    const key = packetKey(countingBytes(32));
    for (const buffer of [crypto.allocate(64), new Uint8Array(64)]) {
      buffer.fill(GUARD);
      const ranges: [number, number, number][] = [
        [0, 0, 0],
        [0, 0, 15],
        [0, 50, 65],
        [0, 49, 64],
        [0, 0, 65],
        [10, 9, 60],
        [0, 60, 40],
        [-1, 0, 64],
        [0, -5, 64],
        [0, 0.5, 64],
        [0, 0, 63.5],
        [0, 0, NaN],
        [0, 0, Infinity],
        [0, 0, 2 ** 32 + 64],
      ];
      for (const [aadStart, textStart, end] of ranges) {
        assert.equal(crypto.open(key, 0, buffer, aadStart, textStart, end), false);
      }
      for (const packetNumber of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
        assert.equal(crypto.open(key, packetNumber, buffer, 0, 4, 64), false);
      }
      assert(buffer.every((byte) => byte === GUARD));
    }
  });

  Deno.test(`${crypto.name} seal throws when a range or packet number is not one`, () => {
    const key = packetKey(countingBytes(32));
    for (const buffer of [crypto.allocate(64), new Uint8Array(64)]) {
      buffer.fill(GUARD);
      const bad: [number, number, number, number][] = [
        [0, 0, 0, 49],
        [0, 0, 10, 9],
        [0, 5, 4, 20],
        [0, -1, 0, 20],
        [0, 0, 0.5, 20],
        [0, 0, 0, NaN],
        [0, 0, 0, 2 ** 32],
        [-1, 0, 4, 20],
        [1.5, 0, 4, 20],
        [NaN, 0, 4, 20],
        [2 ** 53, 0, 4, 20],
      ];
      for (const [packetNumber, aadStart, textStart, textEnd] of bad) {
        assert.throws(
          () => crypto.seal(key, packetNumber, buffer, aadStart, textStart, textEnd),
          RangeError,
        );
      }
      assert(buffer.every((byte) => byte === GUARD));
      crypto.seal(key, 0, buffer, 0, 0, 48);
    }
  });

  Deno.test(`${crypto.name} seals up to 65,535 bytes with the tag and no more`, () => {
    const key = packetKey(countingBytes(32));
    const buffer = new Uint8Array(MAX_SEALED_BYTES + 10);
    const textEnd = MAX_SEALED_BYTES - TAG_BYTES;
    crypto.seal(key, 1, buffer, 0, 8, textEnd);
    assert(crypto.open(key, 1, buffer, 0, 8, MAX_SEALED_BYTES));
    assert(buffer.every((byte, i) => byte === 0 || i >= textEnd));
    assert.throws(() => crypto.seal(key, 1, buffer, 0, 8, textEnd + 1), RangeError);
    assert.equal(crypto.open(key, 1, buffer, 0, 8, MAX_SEALED_BYTES + 1), false);
  });

  Deno.test(`${crypto.name} allocate refuses what is no size`, () => {
    for (const sizeBytes of [-1, 1.5, NaN, Infinity]) {
      assert.throws(() => crypto.allocate(sizeBytes), RangeError);
    }
    assert.equal(crypto.allocate(0).byteLength, 0);
  });
}

Deno.test("packetKey refuses keys and IVs of another length", () => {
  for (const sizeBytes of [0, 16, 31, 33]) {
    assert.throws(() => packetKey(new Uint8Array(sizeBytes)), RangeError);
  }
  for (const sizeBytes of [0, 8, 11, 13, 24]) {
    assert.throws(() => packetKey(new Uint8Array(32), new Uint8Array(sizeBytes)), RangeError);
  }
});
