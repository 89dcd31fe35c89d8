/**
 * The part of the pipe contract that is about transmit buffers.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { TransmitSlot } from "../../transport/pipe.ts";
import type { Allocate } from "../../transport/slot_pool.ts";
import { type DefineTest, type PipeTraits, sendBytes, withPair } from "./pipe_fixture.ts";

/** Defines the tests of transmit buffers. */
export function testSlots(test: DefineTest, traits: PipeTraits): void {
  test("counts acquire without a free slot, and slots come back after send and release", (fixture) =>
    withPair(fixture, async (a, b, received) => {
      const slots = Array.from({ length: 4 }, () => a.acquire());
      assert.ok(slots.every((slot) => slot !== undefined));
      assert.equal(a.acquire(), undefined);
      assert.equal(a.acquire(), undefined);
      assert.equal(a.counters.noBuffer, 2);
      for (const [index, slot] of slots.entries()) {
        assert.ok(slot !== undefined && slot.bytes.byteLength >= a.maxDatagramBytes);
        if (index < 2) a.send(slot, 1, b.localAddress);
        else a.release(slot);
      }
      await fixture.until(() => received.length === 2 && a.counters.datagramsSent === 2);
      const again = Array.from({ length: 4 }, () => a.acquire());
      assert.ok(again.every((slot) => slot !== undefined));
      again.forEach((slot) => slot !== undefined && a.release(slot));
    }, { transmitSlots: 4 }));

  if (traits.socket) {
    test("keeps a slot while its datagram is in flight", (fixture) =>
      withPair(fixture, async (a, b) => {
        const slot = a.acquire();
        assert.ok(slot !== undefined);
        a.send(slot, 1, b.localAddress);
        assert.equal(a.acquire(), undefined);
        let back: TransmitSlot | undefined;
        await fixture.until(() => (back = a.acquire()) !== undefined);
        assert.equal(back, slot);
        a.release(slot);
      }, { transmitSlots: 1 }));
  }

  test("throws for a slot that is not on loan and for sizes out of range", (fixture) =>
    withPair(fixture, (a, b) => {
      const slot = a.acquire();
      const other = b.acquire();
      assert.ok(slot !== undefined && other !== undefined);
      for (const sizeBytes of [-1, a.maxDatagramBytes + 1, 1.5, NaN]) {
        assert.throws(() => a.send(slot, sizeBytes, b.localAddress), RangeError);
      }
      assert.throws(() => a.send(other, 1, b.localAddress), TypeError);
      assert.throws(() => a.release(other), TypeError);
      assert.throws(() => a.release({ bytes: new Uint8Array(2_000) }), TypeError);
      a.release(slot);
      b.release(other);
      assert.throws(() => a.release(slot), TypeError);
      assert.throws(() => a.send(slot, 1, b.localAddress), TypeError);
      return Promise.resolve();
    }));

  test("receives into and sends from the memory that it was given", (fixture) => {
    const heap = new Uint8Array(1 << 16);
    let usedBytes = 0;
    const allocate: Allocate = (sizeBytes) => {
      const bytes = heap.subarray(usedBytes, usedBytes + sizeBytes);
      usedBytes += sizeBytes;
      return bytes;
    };
    return withPair(fixture, async (a, b) => {
      let inHeap = false;
      a.start((bytes) => {
        inHeap = bytes.buffer === heap.buffer;
      });
      sendBytes(b, new Uint8Array([1]), a.localAddress);
      await fixture.until(() => a.counters.datagramsReceived === 1);
      assert.ok(inHeap);
      const slot = a.acquire();
      assert.equal(slot?.bytes.buffer, heap.buffer);
      if (slot !== undefined) a.release(slot);
    }, { allocate, transmitSlots: 2 });
  });
}
