import assert from "node:assert/strict";
import { nobleBackend } from "../../protocol/crypto/noble.ts";
import type { CryptoBackend } from "../../protocol/crypto/backend.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import { serve } from "../../server/mod.ts";
import { DatagramMemory } from "../../transport/datagram_memory.ts";
import { Room } from "../server/room.ts";

/** A backend with a slab of so many bytes, and how often it was asked. */
function slabOf(sizeBytes: number): CryptoBackend & { readonly taken: number[] } {
  const slab = new ArrayBuffer(sizeBytes);
  const taken: number[] = [];
  let next = 0;
  return {
    ...nobleBackend(),
    taken,
    allocate: (size) => {
      if (next + size > sizeBytes) throw new RangeError("the slab is used up");
      taken.push(size);
      next += size;
      return new Uint8Array(slab, next - size, size);
    },
  };
}

Deno.test("datagram memory: what one gave back the next one gets", () => {
  const crypto = slabOf(1_000);
  const first = new DatagramMemory(crypto);
  const buffers = [first.allocate(600), first.allocate(100)];
  first.release();
  const second = new DatagramMemory(crypto);
  assert.equal(second.allocate(100), buffers[1]);
  assert.equal(second.allocate(600), buffers[0]);
  assert.deepEqual(crypto.taken, [600, 100]);
  second.release();
  second.release();
  const third = new DatagramMemory(crypto);
  assert.equal(third.allocate(600), buffers[0]);
  assert.equal(third.allocate(200).buffer, buffers[0]?.buffer, "another size, from the slab");
});

Deno.test("datagram memory: where the slab is used up, ordinary memory serves", () => {
  const crypto = slabOf(100);
  const memory = new DatagramMemory(crypto);
  const inside = memory.allocate(80);
  const outside = memory.allocate(80);
  assert.equal(outside.byteLength, 80);
  assert.notEqual(outside.buffer, inside.buffer);
  memory.release();
  const next = new DatagramMemory(crypto);
  assert.equal(next.allocate(80), inside, "only the slab's is kept");
  assert.notEqual(next.allocate(80), outside);
});

Deno.test("datagram memory: two at once never share", () => {
  const crypto = slabOf(1_000);
  const [one, other] = [new DatagramMemory(crypto), new DatagramMemory(crypto)];
  assert.notEqual(one.allocate(10).byteOffset, other.allocate(10).byteOffset);
});

Deno.test("servers can be started one after the other without end, and three at once", async () => {
  await loadSodium();
  for (let i = 0; i < 6; i++) {
    const servers = await Promise.all(
      [1, 2, 3].map(() => serve(Room, { hostname: "127.0.0.1", port: 0 })),
    );
    await Promise.all(servers.map((server) => server.close()));
  }
});
