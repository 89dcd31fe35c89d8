/**
 * The contract of every datagram pipe: one suite, called once per transport.
 *
 * A transport describes itself with a {@link PipeFixture}; what it cannot do it leaves out, and the
 * tests of that are then not defined, rather than passing without having looked.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import { TransportError } from "../../transport/errors.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { Random } from "../../transport/random.ts";
import type { Allocate } from "../../transport/slot_pool.ts";

/** What the suite asks a transport to open. */
export interface OpenOptions {
  /** Local address; the transport's own loopback address when left out. */
  readonly hostname?: string;
  /** Transmit buffers. */
  readonly transmitSlots?: number;
  /** Memory of buffers. */
  readonly allocate?: Allocate;
}

/** A datagram from outside the pipe's own limits, for what a well-behaved pipe never sends. */
export interface RawSender {
  /** Sends any number of bytes. */
  send(bytes: Uint8Array, to: Address): Promise<void>;
  /** Frees the sender. */
  close(): void;
}

/** A transport under test, fresh for each test. */
export interface PipeFixture {
  /** Opens a pipe at a free port. */
  open(options?: OpenOptions): Promise<DatagramPipe>;
  /** Lets datagrams move until the predicate holds; fails the test if it never does. */
  until(predicate: () => boolean): Promise<void>;
  /** Opens a sender without limits. */
  openRaw?(): RawSender;
  /** Frees what belongs to the fixture itself. */
  close?(): Promise<void>;
}

/** What a transport can do beyond the common part. */
export interface PipeTraits {
  /** Binds `::1` besides IPv4. */
  readonly ipv6?: boolean;
  /** Binds `::` and speaks both families through it. */
  readonly dualStack?: boolean;
  /** Has hosts and ports: other senders, closed ports, names. */
  readonly addressed?: boolean;
  /** Is a socket of this machine: sends settle in a later turn, and impossible targets are seen at once. */
  readonly socket?: boolean;
}

/** A received datagram, copied, with its source. */
interface Received {
  readonly bytes: Uint8Array;
  readonly from: Address;
}

/** Defines the contract tests of one transport. */
export function testPipeContract(
  name: string,
  makeFixture: () => PipeFixture,
  traits: PipeTraits,
): void {
  const test = (statement: string, body: (fixture: PipeFixture) => Promise<void>): void => {
    Deno.test(`${name}: ${statement}`, async () => {
      const fixture = makeFixture();
      try {
        await body(fixture);
      } finally {
        await fixture.close?.();
      }
    });
  };
  testDelivery(test);
  testSlots(test, traits);
  testClosing(test);
  if (traits.addressed) testAddressing(test, traits);
  if (traits.addressed) testFamilies(test, traits);
  testLimits(test, makeFixture().openRaw !== undefined);
}

type DefineTest = (statement: string, body: (fixture: PipeFixture) => Promise<void>) => void;

/** Two pipes that talk, closed when the body has ended. */
async function withPair(
  fixture: PipeFixture,
  body: (a: DatagramPipe, b: DatagramPipe, receivedByB: Received[]) => Promise<void>,
  options: OpenOptions = {},
): Promise<void> {
  const a = await fixture.open(options);
  const b = await fixture.open(options);
  try {
    await body(a, b, collect(b));
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

/** Starts a pipe that copies what it hears. */
function collect(pipe: DatagramPipe): Received[] {
  const received: Received[] = [];
  pipe.start((bytes, from) => received.push({ bytes: bytes.slice(), from }));
  return received;
}

/** Sends bytes; false when no transmit buffer was free. */
function sendBytes(pipe: DatagramPipe, bytes: Uint8Array, to: Address): boolean {
  const slot = pipe.acquire();
  if (slot === undefined) return false;
  slot.bytes.set(bytes);
  pipe.send(slot, bytes.byteLength, to);
  return true;
}

function testDelivery(test: DefineTest): void {
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

function testSlots(test: DefineTest, traits: PipeTraits): void {
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
        await fixture.until(() => a.counters.datagramsSent === 1);
        const back = a.acquire();
        assert.equal(back, slot);
        if (back !== undefined) a.release(back);
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

function testClosing(test: DefineTest): void {
  test("closes more than once, before it has started and with datagrams in flight", async (fixture) => {
    const idle = await fixture.open();
    await Promise.all([idle.close(), idle.close()]);
    await idle.close();
    const busy = await fixture.open();
    busy.start(() => {});
    for (let count = 0; count < 10; count++) {
      sendBytes(busy, new Uint8Array(10), busy.localAddress);
    }
    await Promise.all([busy.close(), busy.close()]);
    await busy.close();
  });

  test("counts a send after close as an error and gives the slot back", (fixture) =>
    withPair(fixture, async (a, b) => {
      const slot = a.acquire();
      assert.ok(slot !== undefined);
      await a.close();
      a.send(slot, 1, b.localAddress);
      assert.equal(a.counters.sendErrors, 1);
      assert.equal(a.acquire(), slot);
    }, { transmitSlots: 1 }));

  test("delivers nothing after close, even when it is closed by the handler", (fixture) =>
    withPair(fixture, async (a, b) => {
      let calls = 0;
      a.start(() => {
        calls++;
        a.close();
      });
      for (let count = 0; count < 5; count++) sendBytes(b, new Uint8Array(1), a.localAddress);
      await fixture.until(() => calls > 0 && b.counters.datagramsSent === 5);
      await a.close();
      assert.equal(calls, 1);
    }));
}

function testAddressing(test: DefineTest, traits: PipeTraits): void {
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

function testFamilies(test: DefineTest, traits: PipeTraits): void {
  const exchange = async (
    fixture: PipeFixture,
    server: DatagramPipe,
    client: DatagramPipe,
    to: Address,
  ): Promise<Address> => {
    const heard: Address[] = [];
    let answers = 0;
    server.start((bytes, from) => {
      heard.push(from);
      sendBytes(server, bytes, from);
    });
    client.start(() => answers++);
    sendBytes(client, new Uint8Array([1]), to);
    await fixture.until(() => answers === 1);
    await Promise.all([server.close(), client.close()]);
    const from = heard[0];
    assert.ok(from !== undefined);
    return from;
  };

  test("takes an IPv4-mapped target for the IPv4 host that it is", async (fixture) => {
    const server = await fixture.open({ hostname: "127.0.0.1" });
    const client = await fixture.open({ hostname: "127.0.0.1" });
    const { port } = server.localAddress;
    await exchange(fixture, server, client, { hostname: "::ffff:127.0.0.1", port });
  });

  if (traits.ipv6) {
    test("speaks IPv6", async (fixture) => {
      const server = await fixture.open({ hostname: "::1" });
      const client = await fixture.open({ hostname: "::1" });
      const [to] = await client.resolve("[::1]", server.localAddress.port);
      assert.ok(to !== undefined);
      const from = await exchange(fixture, server, client, to);
      assert.equal(from.hostname, "::1");
    });
  }

  if (traits.dualStack) {
    test("counts a target of the other family as an error", (fixture) =>
      withPair(fixture, async (a, b, received) => {
        const six = await fixture.open({ hostname: "::1" });
        sendBytes(a, new Uint8Array([1]), { hostname: "::1", port: six.localAddress.port });
        sendBytes(six, new Uint8Array([1]), { hostname: "127.0.0.1", port: b.localAddress.port });
        sendBytes(a, new Uint8Array([2]), b.localAddress);
        await fixture.until(() => received.length > 0);
        assert.deepEqual(received.map(({ bytes }) => bytes[0]), [2]);
        assert.equal(a.counters.sendErrors, 1);
        assert.equal(six.counters.sendErrors, 1);
        await assert.rejects(
          a.resolve("::1", 1),
          (error) => error instanceof TransportError && error.code === "unresolved",
        );
        await six.close();
      }, { hostname: "127.0.0.1" }));

    for (const hostname of ["127.0.0.1", "::ffff:127.0.0.1", "::1"]) {
      test(`reaches ${hostname} from a socket of both families, and back`, async (fixture) => {
        const bound = hostname === "::1" ? "::1" : "127.0.0.1";
        const server = await fixture.open({ hostname: bound });
        const client = await fixture.open({ hostname: "::" });
        await exchange(fixture, server, client, { hostname, port: server.localAddress.port });
      });

      test(`reaches a socket of both families at ${hostname}, and back`, async (fixture) => {
        const bound = hostname === "::1" ? "::1" : "127.0.0.1";
        const server = await fixture.open({ hostname: "::" });
        const client = await fixture.open({ hostname: bound });
        const { port } = server.localAddress;
        const from = await exchange(fixture, server, client, { hostname, port });
        assert.equal(from.hostname, bound === "::1" ? "::1" : "::ffff:127.0.0.1");
      });
    }

    test("resolves IPv4 hosts to mapped form on a socket of both families", async (fixture) => {
      const pipe = await fixture.open({ hostname: "::" });
      const addresses = await pipe.resolve("127.0.0.1", 9);
      assert.deepEqual(
        addresses.map(({ hostname, port }) => ({ hostname, port })),
        [{ hostname: "::ffff:127.0.0.1", port: 9 }],
      );
      await pipe.close();
    });
  }
}

function testLimits(test: DefineTest, hasRawSender: boolean): void {
  if (!hasRawSender) return;
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
