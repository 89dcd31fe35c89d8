/**
 * What happens to memory that lives in libsodium's heap. Makes the heap grow,
 * which is safe here only because each test file has modules, and so a heap, of its own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { packetKey } from "../../../protocol/crypto/backend.ts";
import { loadRawSodium } from "../../../protocol/crypto/raw_sodium.ts";
import { loadSodium, MAX_SLAB_BYTES } from "../../../protocol/crypto/sodium.ts";

const KEY = packetKey(new Uint8Array(32).fill(9));
/** Large enough that the heap has to grow for it, so that nothing is left over by chance. */
const SLAB_BYTES = 8 * 1024 * 1024;

Deno.test("loadSodium refuses slabs that are none, and the next call still loads", async () => {
  for (const slabBytes of [-1, 0.5, NaN, Infinity, MAX_SLAB_BYTES + 1]) {
    await assert.rejects(loadSodium({ slabBytes }), RangeError);
  }
  await assert.rejects(loadSodium({ slabBytes: MAX_SLAB_BYTES }), RangeError);
  assert.equal((await loadSodium({ slabBytes: SLAB_BYTES })).slabBytes, SLAB_BYTES);
});

Deno.test("loadSodium gives one backend per process, and refuses to promise a larger slab", async () => {
  const first = await loadSodium({ slabBytes: SLAB_BYTES });
  assert.equal(await loadSodium(), first);
  assert.equal(await loadSodium({ slabBytes: 100 }), first);
  await assert.rejects(loadSodium({ slabBytes: SLAB_BYTES + 1 }), /slab of 8388609 bytes/);
});

Deno.test("allocate gives aligned pieces that do not overlap, until the slab is empty", async () => {
  const crypto = await loadSodium({ slabBytes: SLAB_BYTES });
  const { HEAPU8 } = await loadRawSodium();
  const pieces = [1, 0, 63, 64, 65, 1_500].map((sizeBytes) => crypto.allocate(sizeBytes));
  let previousEnd = 0;
  for (const piece of pieces) {
    assert.equal(piece.buffer, HEAPU8.buffer);
    assert.equal(piece.byteOffset % 64, 0);
    assert(piece.byteOffset >= previousEnd);
    previousEnd = piece.byteOffset + piece.byteLength;
  }
  assert.throws(() => crypto.allocate(SLAB_BYTES), /slabBytes are left/);
  let takenBytes = 0;
  assert.throws(() => {
    while (true) takenBytes += crypto.allocate(64).byteLength;
  }, /Cannot allocate 64 bytes: 0 of the 8388608/);
  // 64 + 0 + 64 + 64 + 128 + 1,536 bytes were taken by the pieces above, each rounded up to 64.
  assert.equal(takenBytes, SLAB_BYTES - 1_856);
  assert.equal(crypto.allocate(0).byteLength, 0);
});

Deno.test("copies of the module share the backend, so that none makes the heap of another grow", async () => {
  const backend = await loadSodium();
  const piece = backend.allocate(0);
  const copy = await import(`../../../protocol/crypto/sodium.ts?copy=${Deno.pid}`);
  assert.notEqual(copy.loadSodium, loadSodium);
  assert.equal(await copy.loadSodium(), backend);
  assert.equal(piece.buffer.detached, false);
});

Deno.test("other users of the heap have room before it grows", async () => {
  await loadSodium({ slabBytes: SLAB_BYTES });
  const raw = await loadRawSodium();
  const before = raw.HEAPU8;
  const pointer = raw._malloc(400_000);
  assert.equal(raw.HEAPU8, before);
  raw._free(pointer);
});

Deno.test("a heap that grew leaves old views refused and everything else working", async () => {
  const crypto = await loadSodium({ slabBytes: SLAB_BYTES });
  const raw = await loadRawSodium();
  // The slab is used up by now; any view of the heap is in place.
  const pointer = raw._malloc(4_096);
  const old = raw.HEAPU8.subarray(pointer, pointer + 100);
  old.fill(7);
  crypto.seal(KEY, 1, old, 0, 4, 50);
  const sealed = old.slice();
  const oldHeap = raw.HEAPU8;
  assert.notEqual(raw._malloc(64 * 1024 * 1024), 0);
  assert.notEqual(raw.HEAPU8, oldHeap, "the heap grew");
  assert.equal(old.byteLength, 0);

  const before = raw.HEAPU8.slice(0, 1024 * 1024);
  assert.throws(() => crypto.seal(KEY, 2, old, 0, 4, 50), /detached/);
  assert.throws(() => crypto.seal(KEY, 2, old, 0, 0, 0), /detached/);
  assert.equal(crypto.open(KEY, 1, old, 0, 4, 66), false);
  assert.deepEqual(raw.HEAPU8.slice(0, 1024 * 1024), before, "no byte was written");

  const renewed = raw.HEAPU8.subarray(pointer, pointer + 100);
  assert.deepEqual(renewed.slice(), sealed, "the memory itself is unchanged");
  assert(crypto.open(KEY, 1, renewed, 0, 4, 66));
  assert(renewed.subarray(4, 50).every((byte) => byte === 7));
  assert(crypto.open(KEY, 1, sealed, 0, 4, 66), "foreign buffers work");
  assert.equal(crypto.allocate(0).buffer, raw.HEAPU8.buffer);
  const mac = crypto.mac128(new Uint8Array(32), new Uint8Array(3));
  assert.equal(mac.byteLength, 16);
});

Deno.test("secrets do not stay behind in the heap", async () => {
  const crypto = await loadSodium({ slabBytes: SLAB_BYTES });
  const raw = await loadRawSodium();
  const secret = Uint8Array.from({ length: 32 }, (_, i) => 0xc3 ^ (i * 7));
  const isLeftBehind = (value: Uint8Array): boolean => indexIn(raw.HEAPU8, value) !== -1;
  const ours = crypto.x25519PublicKey(secret);
  assert(!isLeftBehind(secret), "by x25519PublicKey");
  const shared = crypto.x25519(secret, ours)!;
  assert(!isLeftBehind(secret) && !isLeftBehind(shared), "by x25519");
  const mac = crypto.hmacSha256(secret, shared);
  assert(!isLeftBehind(secret) && !isLeftBehind(shared) && !isLeftBehind(mac), "by hmacSha256");
  raw.HEAPU8.set(secret, raw._malloc(32));
  assert(isLeftBehind(secret), "the search finds what is there");
});

/** Where `needle` stands in `heap`, or -1. */
function indexIn(heap: Uint8Array<ArrayBuffer>, needle: Uint8Array): number {
  return Buffer.from(heap.buffer).indexOf(needle);
}
