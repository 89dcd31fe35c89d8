import assert from "node:assert/strict";
import { BACKENDS, countingBytes, sodium } from "./backends.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const repeated = (byte: number, count: number): Uint8Array => new Uint8Array(count).fill(byte);

/** FIPS 180-4, examples of NIST's Cryptographic Standards and Guidelines, "SHA256". */
const SHA_256: readonly [string, Uint8Array, string][] = [
  [
    "nothing",
    text(""),
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  ],
  [
    "one block",
    text("abc"),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  ],
  [
    "two blocks",
    text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  [
    "a million letters",
    repeated(0x61, 1_000_000),
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
  ],
];

/** RFC 4231, section 4, test cases 1 to 7; case 5 publishes the first 128 bits only. */
const HMAC_SHA_256: readonly [number, Uint8Array, Uint8Array, string][] = [
  [
    1,
    repeated(0x0b, 20),
    text("Hi There"),
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  ],
  [
    2,
    text("Jefe"),
    text("what do ya want for nothing?"),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  [
    3,
    repeated(0xaa, 20),
    repeated(0xdd, 50),
    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  ],
  [
    4,
    countingBytes(25, 1),
    repeated(0xcd, 50),
    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
  ],
  [5, repeated(0x0c, 20), text("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b"],
  [
    6,
    repeated(0xaa, 131),
    text("Test Using Larger Than Block-Size Key - Hash Key First"),
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  ],
  [
    7,
    repeated(0xaa, 131),
    text(
      "This is a test using a larger than block-size key and a larger than block-size data. " +
        "The key needs to be hashed before being used by the HMAC algorithm.",
    ),
    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
  ],
];

interface HkdfVector {
  readonly source: string;
  readonly input: Uint8Array;
  readonly salt: Uint8Array;
  readonly info: Uint8Array;
  readonly pseudoRandomKey: string;
  readonly output: string;
}

const HKDF_SHA_256: readonly HkdfVector[] = [
  {
    source: "RFC 5869, appendix A.1",
    input: repeated(0x0b, 22),
    salt: countingBytes(13),
    info: countingBytes(10, 0xf0),
    pseudoRandomKey: "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
    output: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf" +
      "34007208d5b887185865",
  },
  {
    source: "RFC 5869, appendix A.2",
    input: countingBytes(80),
    salt: countingBytes(80, 0x60),
    info: countingBytes(80, 0xb0),
    pseudoRandomKey: "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
    output: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c" +
      "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71" +
      "cc30c58179ec3e87c14c01d5c1f3434f1d87",
  },
  {
    source: "RFC 5869, appendix A.3",
    input: repeated(0x0b, 22),
    salt: new Uint8Array(0),
    info: new Uint8Array(0),
    pseudoRandomKey: "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
    output: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d" +
      "9d201395faa4b61a96c8",
  },
];

/**
 * BLAKE2b with a 32-byte key of 00 to 1f, 16 bytes long, of the bytes 00, 01, 02 and so on. The official
 * vectors have 64-byte results only, so these are from Python's `hashlib`, the BLAKE2 reference code:
 * `blake2b(data, key=bytes(range(32)), digest_size=16)`.
 */
const BLAKE2B_128: readonly [number, string][] = [
  [0, "3daf97bce7888fd59773c66bf647459c"],
  [1, "cb0f7736a53974236661585b8842dd8c"],
  [64, "d70096919189ec3b386b4de2e4cf86d4"],
  [127, "1bd91774d74d27c31ebf3b9089a29219"],
  [128, "45d43af02414a146c8803c3f7da3554d"],
  [129, "aab5517a7ade99ce990a81aa3d3ea27d"],
  [255, "89cde4d1b8ea2dd5325db76af38ccb90"],
  [1200, "77805b5fc8b2122cc222c89c80956ab5"],
];

/**
 * The table `vectors_sip64` of the SipHash reference code (https://github.com/veorq/SipHash, vectors.h):
 * entry n is the hash of the n bytes 00, 01 ... under the key 00 to 0f. Checked against OpenSSL's SIPHASH.
 */
const SIPHASH_2_4 = `
  310e0edd47db6f72 fd67dc93c539f874 5a4fa9d909806c0d 2d7efbd796666785
  b7877127e09427cf 8da699cd64557618 cee3fe586e46c9cb 37d1018bf50002ab
  6224939a79f5f593 b0e4a90bdf82009e f3b9dd94c5bb5d7a a7ad6b22462fb3f4
  fbe50e86bc8f1e75 903d84c02756ea14 eef27a8e90ca23f7 e545be4961ca29a1
  db9bc2577fcc2a3f 9447be2cf5e99a69 9cd38d96f0b3c14b bd6179a71dc96dbb
  98eea21af25cd6be c7673b2eb0cbf2d0 883ea3e395675393 c8ce5ccd8c030ca8
  94af49f6c650adb8 eab8858ade92e1bc f315bb5bb835d817 adcf6b0763612e2f
  a5c91da7acaa4dde 716595876650a2a6 28ef495c53a387ad 42c341d8fa92d832
  ce7cf2722f512771 e37859f94623f3a7 381205bb1ab0e012 ae97a10fd434e015
  b4a31508beff4d31 81396229f0907902 4d0cf49ee5d4dcca 5c73336a76d8bf9a
  d0a704536ba93e0e 925958fcd6420cad a915c29bc8067318 952b79f3bc0aa6d4
  f21df2e41d4535f9 87577519048f53a9 10a56cf5dfcd9adb eb75095ccd986cd0
  51a9cb9ecba312e6 96afadfc2ce666c7 72fe52975a4364ee 5a1645b276d592a1
  b274cb8ebf87870a 6f9bb4203de7b381 eaecb2a30b22a87f 9924a43cc1315724
  bd838d3aafbf8db7 0b1a2a3265d51aea 135079a3231ce660 932b2846e4d70666
  e1915f5cb1eca46c f325965ca16d629f 575ff28e60381be5 724506eb4c328a95
`.trim().split(/\s+/);

for (const crypto of BACKENDS) {
  for (const [what, data, digest] of SHA_256) {
    Deno.test(`${crypto.name} SHA-256 of ${what} is as in FIPS 180-4`, () => {
      assert.equal(crypto.sha256(data).toHex(), digest);
    });
  }

  Deno.test(`${crypto.name} HMAC-SHA-256 gives the results of RFC 4231`, () => {
    for (const [testCase, key, data, mac] of HMAC_SHA_256) {
      const result = crypto.hmacSha256(key, data);
      assert.equal(result.byteLength, 32);
      assert.equal(result.toHex().slice(0, mac.length), mac, `test case ${testCase}`);
    }
  });

  for (const { source, input, salt, info, pseudoRandomKey, output } of HKDF_SHA_256) {
    Deno.test(`${crypto.name} HMAC-SHA-256 chains to the HKDF of ${source}`, () => {
      const key = crypto.hmacSha256(salt, input);
      assert.equal(key.toHex(), pseudoRandomKey);
      let okm = "";
      let block = new Uint8Array(0) as Uint8Array;
      for (let i = 1; okm.length < output.length; i++) {
        block = crypto.hmacSha256(key, Uint8Array.from([...block, ...info, i]));
        okm += block.toHex();
      }
      assert.equal(okm.slice(0, output.length), output);
    });
  }

  Deno.test(`${crypto.name} mac128 gives keyed BLAKE2b of 16 bytes`, () => {
    for (const [sizeBytes, mac] of BLAKE2B_128) {
      assert.equal(crypto.mac128(countingBytes(32), countingBytes(sizeBytes)).toHex(), mac);
    }
  });

  Deno.test(`${crypto.name} mac128 throws on keys that have not 32 bytes`, () => {
    for (const sizeBytes of [0, 16, 31, 33, 64]) {
      assert.throws(() => crypto.mac128(new Uint8Array(sizeBytes), new Uint8Array(1)), RangeError);
    }
  });

  Deno.test(`${crypto.name} hashes and MACs leave their arguments as they were`, () => {
    const key = countingBytes(32);
    const data = countingBytes(100, 3);
    crypto.sha256(data);
    crypto.hmacSha256(key, data);
    crypto.mac128(key, data);
    assert.deepEqual(key, countingBytes(32));
    assert.deepEqual(data, countingBytes(100, 3));
  });
}

Deno.test("MACs of more data than libsodium's scratch memory holds are the same on every backend", () => {
  for (const sizeBytes of [65_503, 65_504, 65_505, 65_536, 65_537, 200_000]) {
    const data = countingBytes(sizeBytes);
    const key = countingBytes(32, 5);
    const [hmac, ...otherHmacs] = BACKENDS.map((crypto) => crypto.hmacSha256(key, data).toHex());
    const [mac, ...otherMacs] = BACKENDS.map((crypto) => crypto.mac128(key, data).toHex());
    for (const other of otherHmacs) assert.equal(other, hmac);
    for (const other of otherMacs) assert.equal(other, mac);
  }
});

Deno.test("sipHash24 gives the 64 reference vectors", () => {
  assert.equal(SIPHASH_2_4.length, 64);
  const heapPiece = sodium.allocate(80);
  for (const [sizeBytes, hash] of SIPHASH_2_4.entries()) {
    const foreign = countingBytes(sizeBytes);
    const inPlace = heapPiece.subarray(5, 5 + sizeBytes);
    inPlace.set(foreign);
    for (const data of [foreign, inPlace]) {
      const result = sodium.sipHash24(countingBytes(16), data);
      assert.equal(result.toHex(), hash, `${sizeBytes} bytes`);
      assert.deepEqual([...data], [...foreign], "data is not changed");
    }
  }
});

Deno.test("sipHash24 writes eight bytes to the start of the array that it is given", () => {
  for (const into of [sodium.allocate(10), new Uint8Array(10)]) {
    into.fill(0xa5);
    assert.equal(sodium.sipHash24(countingBytes(16), countingBytes(3), into), into);
    assert.equal(into.toHex(), `${SIPHASH_2_4[3]}a5a5`);
  }
  assert.throws(
    () => sodium.sipHash24(countingBytes(16), countingBytes(3), new Uint8Array(7)),
    RangeError,
  );
});

Deno.test("sipHash24 throws on keys that have not 16 bytes and on data over 65,536 bytes", () => {
  for (const sizeBytes of [0, 15, 17, 32]) {
    assert.throws(() => sodium.sipHash24(new Uint8Array(sizeBytes), new Uint8Array(1)), RangeError);
  }
  assert.throws(() => sodium.sipHash24(new Uint8Array(16), new Uint8Array(65_537)), RangeError);
  assert.equal(sodium.sipHash24(new Uint8Array(16), new Uint8Array(65_536)).byteLength, 8);
});
