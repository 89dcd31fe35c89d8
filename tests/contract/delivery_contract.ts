/**
 * The part of the pipe contract that is about what arrives: bytes, sources, bursts, and what is too long.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Random } from "../../transport/random.ts";
import { collect, type DefineTest, sendBytes, withPair } from "./pipe_fixture.ts";

/** Defines the tests of delivery. */
export function testDelivery(test: DefineTest): void {
  test("delivers datagrams of every kind of size with their bytes intact", (fixture) =>
    withPair(fixture, async (a, b, received) => {
      a.start(() => {});
      const random = new Random(1);
      for (const sizeBytes of [1, 2, 63, 64, 65, 576, 1_200, 1_451, a.maxDatagramBytes]) {
        const sent = random.bytes(sizeBytes);
        assert.ok(sendBytes(a, sent, b.localAddress));
        await fixture.until(() => received.length === 1);
        assert.deepEqual(received.pop()?.bytes, sent);
      }
      assert.equal(a.counters.datagramsSent, 9);
      assert.equal(b.counters.datagramsReceived, 9);
      assert.equal(b.counters.bytesReceived, a.counters.bytesSent);
    }));

  test("delivers an empty datagram as an empty one, or loses it", (fixture) =>
    withPair(fixture, async (a, b, received) => {
      assert.ok(sendBytes(a, new Uint8Array(0), b.localAddress));
      assert.ok(sendBytes(a, new Uint8Array([7]), b.localAddress));
      await fixture.until(() => received.some(({ bytes }) => bytes[0] === 7));
      for (const { bytes } of received) assert.ok(bytes.length === 0 || bytes[0] === 7);
    }));

  test("reports a source address that can be kept and answered", (fixture) =>
    withPair(fixture, async (a, b, received) => {
      const answers = collect(a);
      for (const round of [1, 2, 3]) {
        sendBytes(a, new Uint8Array([round]), b.localAddress);
        await fixture.until(() => received.length === round);
        // The address of the first datagram serves every answer.
        const from = received[0]?.from;
        assert.ok(from !== undefined);
        sendBytes(b, new Uint8Array([round, round]), from);
        await fixture.until(() => answers.length === round);
      }
      assert.deepEqual(answers.map(({ bytes }) => [...bytes]), [[1, 1], [2, 2], [3, 3]]);
    }));

  test("lets a handler change the bytes in place and answer from inside the call", (fixture) =>
    withPair(fixture, async (a, b, received) => {
      a.start((bytes, from) => {
        bytes.reverse();
        sendBytes(a, bytes, from);
      });
      sendBytes(b, new Uint8Array([1, 2, 3]), a.localAddress);
      await fixture.until(() => received.length === 1);
      assert.deepEqual([...received[0]?.bytes ?? []], [3, 2, 1]);
    }));

  test("loses at most a bounded part of a burst of 1,000 and changes none of it", (fixture) =>
    withPair(fixture, async (a, b, received) => {
      const sizeBytes = 100;
      for (let index = 0; index < 1_000; index++) {
        const bytes = new Uint8Array(sizeBytes).fill(index & 255);
        new DataView(bytes.buffer).setUint32(0, index);
        assert.ok(sendBytes(a, bytes, b.localAddress));
      }
      // A socket buffer of Linux holds some 270 small datagrams while nobody reads.
      await fixture.until(() => received.length >= 200);
      // Whatever comes later comes before this, or was lost.
      await fixture.until(() => {
        if (!received.some(({ bytes }) => bytes.length === 1)) {
          sendBytes(a, new Uint8Array(1), b.localAddress);
        }
        return received.some(({ bytes }) => bytes.length === 1);
      });
      const indices = new Set<number>();
      for (const { bytes } of received) {
        if (bytes.length === 1) continue;
        const index = new DataView(bytes.buffer).getUint32(0);
        assert.ok(!indices.has(index), `datagram ${index} came twice`);
        indices.add(index);
        assert.equal(bytes.length, sizeBytes);
        assert.ok(bytes.subarray(4).every((byte) => byte === (index & 255)));
      }
      assert.ok(indices.size >= 200);
    }, { transmitSlots: 2_048 }));

  test("refuses to be started twice", (fixture) =>
    withPair(fixture, (_a, b) => {
      assert.throws(() => b.start(() => {}), TypeError);
      return Promise.resolve();
    }));
}

/** Defines the tests that need a sender without limits. */
export function testLimits(test: DefineTest): void {
  test("drops and counts datagrams that may have been cut, up to the largest that exists", (fixture) =>
    withPair(fixture, async (_a, b, received) => {
      const raw = fixture.openRaw?.();
      assert.ok(raw !== undefined);
      const { maxDatagramBytes } = b;
      for (const sizeBytes of [maxDatagramBytes + 1, maxDatagramBytes + 2, 9_000, 65_507]) {
        await raw.send(new Uint8Array(sizeBytes), b.localAddress);
      }
      await raw.send(new Uint8Array(maxDatagramBytes), b.localAddress);
      await fixture.until(() => received.length > 0);
      raw.close();
      assert.deepEqual(received.map(({ bytes }) => bytes.length), [maxDatagramBytes]);
      assert.equal(b.counters.truncated, 4);
      assert.equal(b.counters.datagramsReceived, 1);
    }));
}
