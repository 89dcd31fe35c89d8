import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import { UdpPipe, type UdpSocket } from "../../transport/udp.ts";
import { VirtualClock } from "../../transport/virtual_clock.ts";

/** What a socket under a test's control does next: a datagram, or an error. */
type Reception = { from: Deno.NetAddr; sizeBytes: number; fill?: number } | Error;

/** A socket that receives and sends what a test says, and nothing by itself. */
class ScriptedSocket implements UdpSocket {
  readonly addr: Deno.NetAddr;
  readonly sent: { bytes: Uint8Array; to: Deno.Addr; settle: PromiseWithResolvers<number> }[] = [];
  receives = 0;
  /** Every receive fails with this, if set. */
  failAlways: Error | undefined;
  #waiting: { buffer: Uint8Array; settle: PromiseWithResolvers<[Uint8Array, Deno.Addr]> }[] = [];

  constructor(hostname = "::") {
    this.addr = { transport: "udp", hostname, port: 9_999 };
  }

  receive(buffer: Uint8Array): Promise<[Uint8Array, Deno.Addr]> {
    this.receives++;
    if (this.failAlways !== undefined) return Promise.reject(this.failAlways);
    const settle = Promise.withResolvers<[Uint8Array, Deno.Addr]>();
    this.#waiting.push({ buffer, settle });
    return settle.promise;
  }

  send(bytes: Uint8Array, to: Deno.Addr): Promise<number> {
    const settle = Promise.withResolvers<number>();
    this.sent.push({ bytes, to, settle });
    return settle.promise;
  }

  close(): void {
    for (const { settle } of this.#waiting) settle.reject(new Deno.errors.Interrupted());
  }

  /** Ends the receive that waits, and lets what follows from it happen. */
  async happen(reception: Reception): Promise<void> {
    await this.receiveNow(reception);
    // One turn to receive it, one to deliver it.
    await turn();
    await turn();
  }

  /** Ends the receive that waits; the pipe has taken it and asks for the next one, in the same turn. */
  async receiveNow(reception: Reception): Promise<void> {
    const waiting = this.#waiting.shift();
    assert.ok(waiting !== undefined, "nobody receives");
    if (reception instanceof Error) waiting.settle.reject(reception);
    else {
      const { from, sizeBytes, fill = 0 } = reception;
      waiting.settle.resolve([waiting.buffer.subarray(0, sizeBytes).fill(fill), from]);
    }
    for (let i = 0; i < 5; i++) await null;
  }
}

const PEER: Deno.NetAddr = { transport: "udp", hostname: "::ffff:192.0.2.1", port: 5 };

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function send(pipe: UdpPipe, to: Address): void {
  const slot = pipe.acquire();
  assert.ok(slot !== undefined);
  pipe.send(slot, 10, to);
}

Deno.test("UdpPipe drops datagrams from port 0, to which an answer would end the process", async () => {
  const socket = new ScriptedSocket();
  const pipe = new UdpPipe(socket);
  const sources: Address[] = [];
  pipe.start((_bytes, from) => sources.push(from));
  await socket.happen({ from: { ...PEER, port: 0 }, sizeBytes: 10 });
  await socket.happen({ from: PEER, sizeBytes: 10 });
  assert.deepEqual(sources, [PEER]);
  assert.equal(pipe.counters.portZero, 1);
  assert.equal(pipe.counters.datagramsReceived, 1);
  await pipe.close();
});

Deno.test("UdpPipe delivers together, in order, what it received in one turn", async () => {
  for (const transmitSlots of [3, 8]) {
    const socket = new ScriptedSocket();
    const pipe = new UdpPipe(socket, { transmitSlots });
    const sizes: number[] = [];
    const microtasks: number[] = [];
    pipe.start((bytes) => {
      sizes.push(bytes.byteLength);
      queueMicrotask(() => microtasks.push(sizes.length));
    });
    const all = [1, 2, 3, 4, 5, 6];
    for (const sizeBytes of all) await socket.receiveNow({ from: PEER, sizeBytes });
    // A batch that is as large as its buffers allow is not kept any longer.
    assert.deepEqual(sizes, transmitSlots === 3 ? all : []);
    await turn();
    assert.deepEqual(sizes, all);
    assert.deepEqual(microtasks, transmitSlots === 3 ? [3, 3, 3, 6, 6, 6] : [6, 6, 6, 6, 6, 6]);
    await pipe.close();
  }
});

Deno.test("UdpPipe keeps apart what waits for delivery and what is received meanwhile", async () => {
  const socket = new ScriptedSocket();
  const pipe = new UdpPipe(socket, { transmitSlots: 2 });
  const seen: number[] = [];
  pipe.start((bytes) => seen.push(bytes[0]!));
  for (let n = 0; n < 20; n++) {
    await socket.receiveNow({ from: PEER, sizeBytes: 1, fill: n });
    if (n % 3 === 2) await turn();
  }
  await turn();
  assert.deepEqual(seen, Array.from({ length: 20 }, (_, n) => n));
  await pipe.close();
});

Deno.test("UdpPipe drops what fills its buffer and takes one byte less", async () => {
  const socket = new ScriptedSocket();
  const pipe = new UdpPipe(socket);
  const sizes: number[] = [];
  pipe.start((bytes) => sizes.push(bytes.byteLength));
  for (const sizeBytes of [pipe.maxDatagramBytes + 1, pipe.maxDatagramBytes, 0]) {
    await socket.happen({ from: PEER, sizeBytes });
  }
  assert.deepEqual(sizes, [pipe.maxDatagramBytes, 0]);
  assert.equal(pipe.counters.truncated, 1);
  await pipe.close();
});

Deno.test("UdpPipe survives single receive errors, as Windows reports for every dead port", async () => {
  const socket = new ScriptedSocket();
  const pipe = new UdpPipe(socket, {}, new VirtualClock());
  let received = 0;
  pipe.start(() => received++);
  for (let round = 0; round < 50; round++) {
    for (let count = 0; count < 10; count++) await socket.happen(new Deno.errors.ConnectionReset());
    await socket.happen({ from: PEER, sizeBytes: 1 });
  }
  assert.equal(received, 50);
  assert.equal(pipe.counters.receiveErrors, 500);
  await pipe.close();
});

Deno.test("UdpPipe does not spin on a socket that only fails, and recovers when it works again", async () => {
  const clock = new VirtualClock();
  const socket = new ScriptedSocket();
  socket.failAlways = new Error("broken");
  const pipe = new UdpPipe(socket, {}, clock);
  let received = 0;
  pipe.start(() => received++);
  await clock.runAsync(0);
  assert.equal(socket.receives, 17, "some tries at once, then a pause");
  // Pauses of 10, 20, 40, 80, 160, 320, 640, then 1,000 ms each.
  await clock.runAsync(1_270);
  assert.equal(socket.receives, 17 + 7);
  await clock.runAsync(11_270);
  assert.equal(socket.receives, 17 + 7 + 10);
  assert.equal(pipe.counters.receiveErrors, socket.receives);
  socket.failAlways = undefined;
  await clock.runAsync(12_270);
  await socket.happen({ from: PEER, sizeBytes: 1 });
  assert.equal(received, 1);
  await pipe.close();
});

Deno.test("UdpPipe closes during a pause without waiting for its end", async () => {
  const clock = new VirtualClock();
  const socket = new ScriptedSocket();
  socket.failAlways = new Error("broken");
  const pipe = new UdpPipe(socket, {}, clock);
  pipe.start(() => {});
  await clock.runAsync(0);
  assert.equal(clock.pendingEvents, 1);
  await pipe.close();
  assert.equal(clock.pendingEvents, 0);
  assert.equal(socket.receives, 17);
});

Deno.test("UdpPipe counts sends that are rejected, ENOBUFS and EAGAIN like any other", async () => {
  const socket = new ScriptedSocket();
  const pipe = new UdpPipe(socket, { transmitSlots: 3 });
  for (const code of ["ENOBUFS", "EAGAIN", "EINVAL"]) {
    send(pipe, PEER);
    socket.sent.at(-1)?.settle.reject(Object.assign(new Error(code), { code }));
  }
  assert.equal(pipe.acquire(), undefined, "a slot is in flight until its promise has settled");
  await turn();
  assert.equal(pipe.counters.sendErrors, 3);
  assert.equal(pipe.counters.datagramsSent, 0);
  send(pipe, PEER);
  socket.sent.at(-1)?.settle.resolve(10);
  await pipe.close();
  assert.equal(pipe.counters.bytesSent, 10);
});

Deno.test("UdpPipe.close waits for datagrams in flight", async () => {
  const socket = new ScriptedSocket();
  const pipe = new UdpPipe(socket);
  send(pipe, PEER);
  let closed = false;
  const closing = pipe.close().then(() => {
    closed = true;
  });
  await turn();
  assert.equal(closed, false);
  socket.sent[0]?.settle.resolve(10);
  await closing;
});

Deno.test("UdpPipe answers with the very address that it received, and builds others once", async () => {
  const socket = new ScriptedSocket();
  const pipe = new UdpPipe(socket);
  pipe.start((_bytes, from) => send(pipe, from));
  await socket.happen({ from: PEER, sizeBytes: 1 });
  const plain: Address = { hostname: "192.0.2.9", port: 7 };
  send(pipe, plain);
  send(pipe, plain);
  const [first, second, third] = socket.sent.map(({ to }) => to);
  assert.equal(first, PEER);
  assert.deepEqual(second, { transport: "udp", hostname: "::ffff:192.0.2.9", port: 7 });
  assert.equal(third, second);
  for (const { settle } of socket.sent) settle.resolve(1);
  await pipe.close();
});

Deno.test("UdpPipe drops a datagram that arrived just before it was closed", async () => {
  const socket = new ScriptedSocket();
  const pipe = new UdpPipe(socket);
  pipe.start(() => assert.fail("delivered after close"));
  const happening = socket.happen({ from: PEER, sizeBytes: 10 });
  await Promise.all([pipe.close(), happening]);
  assert.equal(pipe.counters.datagramsReceived, 0);
});
