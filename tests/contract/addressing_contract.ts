/**
 * The part of the pipe contract that is about hosts, ports and names.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import { TransportError } from "../../transport/errors.ts";
import { collect, type DefineTest, type PipeTraits, sendBytes, withPair } from "./pipe_fixture.ts";

/** Defines the tests of addressing. */
export function testAddressing(test: DefineTest, traits: PipeTraits): void {
  test("tells many senders apart", async (fixture) => {
    const server = await fixture.open();
    const received = collect(server);
    const senders = await Promise.all(Array.from({ length: 20 }, () => fixture.open()));
    senders.forEach((pipe, index) => sendBytes(pipe, new Uint8Array([index]), server.localAddress));
    await fixture.until(() => received.length === 20);
    for (const { bytes, from } of received) {
      assert.equal(from.port, senders[bytes[0] ?? -1]?.localAddress.port);
    }
    await Promise.all([server, ...senders].map((pipe) => pipe.close()));
  });

  test("survives sends to a closed port and goes on receiving", (fixture) =>
    withPair(fixture, async (a, b, received) => {
      const heardByA = collect(a);
      const gone = await fixture.open();
      await gone.close();
      for (let count = 0; count < 20; count++) {
        sendBytes(a, new Uint8Array(1), gone.localAddress);
      }
      sendBytes(a, new Uint8Array([1]), b.localAddress);
      await fixture.until(() => received.length === 1);
      sendBytes(b, new Uint8Array([2]), received[0]?.from ?? a.localAddress);
      await fixture.until(() => heardByA.length === 1);
    }));

  test("counts sends to targets that do not exist and never throws or rejects", (fixture) =>
    withPair(fixture, async (a, b, received) => {
      const { hostname, port } = b.localAddress;
      const impossible: Address[] = [
        { hostname, port: 0 },
        { hostname, port: -1 },
        { hostname, port: 65_536 },
        // Wraps around to the port of b in 16 bits.
        { hostname, port: port + 65_536 },
        { hostname, port: NaN },
      ];
      for (const to of impossible) sendBytes(a, new Uint8Array([1]), to);
      // As an address of the transport's own kind, with everything but the port right.
      sendBytes(a, new Uint8Array([1]), {
        ...(await a.resolve(hostname, port))[0],
        hostname,
        port: 0,
      });
      sendBytes(a, new Uint8Array([2]), b.localAddress);
      await fixture.until(() => received.length > 0 && a.counters.sendErrors === 6);
      assert.deepEqual(received.map(({ bytes }) => bytes[0]), [2]);
    }));

  test("never resolves a name while it sends", (fixture) =>
    withPair(fixture, async (a, b, received) => {
      const { port } = b.localAddress;
      sendBytes(a, new Uint8Array([1]), { hostname: "localhost", port });
      sendBytes(a, new Uint8Array([1]), { hostname: "", port });
      sendBytes(a, new Uint8Array([2]), b.localAddress);
      await fixture.until(() => received.length > 0);
      assert.deepEqual(received.map(({ bytes }) => bytes[0]), [2]);
      assert.equal(a.counters.sendErrors, traits.socket ? 2 : 0);
    }));

  test("resolves localhost and literals to addresses that arrive", (fixture) =>
    withPair(fixture, async (a, b, received) => {
      const { hostname, port } = b.localAddress;
      for (const name of ["localhost", hostname]) {
        const [to] = await a.resolve(name, port);
        assert.ok(to !== undefined && to.port === port);
        sendBytes(a, new Uint8Array(name.length), to);
        await fixture.until(() => received.at(-1)?.bytes.length === name.length);
      }
    }));

  test("rejects names without an address and ports out of range when resolving", (fixture) =>
    withPair(fixture, async (a) => {
      for (const name of ["no-such-host.invalid", "", "256.1.1.1"]) {
        await assert.rejects(
          a.resolve(name, 1),
          (error) => error instanceof TransportError && error.code === "unresolved",
        );
      }
      for (const port of [0, -1, 65_536, 1.5, NaN]) {
        await assert.rejects(a.resolve("127.0.0.1", port), RangeError);
      }
    }));
}
