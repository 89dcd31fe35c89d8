import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import { TransportError } from "../../transport/errors.ts";
import type { ImpairmentOptions } from "../../transport/impairment.ts";
import type { NetworkEvent } from "../../transport/network_event.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { SimulatedNetwork } from "../../transport/simulated_network.ts";

const BAD_LINE: ImpairmentOptions = {
  delayMs: 30,
  jitterMs: 10,
  loss: 0.05,
  burstEnter: 0.01,
  duplicate: 0.02,
  reorder: 0.05,
  rateBytesPerSecond: 50_000,
  queueBytes: 2_000,
};

function sendBytes(pipe: DatagramPipe, bytes: number[], to: Address): void {
  const slot = pipe.acquire();
  assert.ok(slot !== undefined);
  slot.bytes.set(bytes);
  pipe.send(slot, bytes.length, to);
}

/** Starts a pipe; what arrives is noted as "time: bytes". */
function note(network: SimulatedNetwork, pipe: DatagramPipe): string[] {
  const notes: string[] = [];
  pipe.start((bytes) => notes.push(`${network.clock.nowMs()}: ${[...bytes]}`));
  return notes;
}

/** A client sends every 5 ms, a server answers; returns everything that happened. */
function playSeconds(seed: number, link: ImpairmentOptions): string[] {
  const network = new SimulatedNetwork({ seed, link });
  const events: string[] = [];
  network.onDatagram = ({ atMs, what, reason, from, to, bytes }: NetworkEvent) =>
    events.push(`${atMs} ${what} ${reason} ${from.port}>${to.port} ${bytes[0]} ${bytes.length}`);
  const server = network.bind("192.0.2.1", 9_999);
  server.start((bytes, from) => sendBytes(server, [...bytes], from));
  const client = network.bind("198.51.100.1", 0);
  client.start(() => {});
  let count = 0;
  const tick = (): void => {
    sendBytes(client, Array(100 + count % 50).fill(count++ % 256), server.localAddress);
    network.clock.setTimer(network.clock.nowMs() + 5, tick);
  };
  tick();
  network.run(5_000);
  return events;
}

Deno.test("a simulation with the same seed repeats every event, with another seed it does not", () => {
  const first = playSeconds(1, BAD_LINE);
  assert.ok(first.length > 2_000);
  assert.deepEqual(playSeconds(1, BAD_LINE), first);
  assert.notDeepEqual(playSeconds(2, BAD_LINE), first);
});

Deno.test("a bad line really loses, duplicates and reorders", () => {
  const events = playSeconds(1, BAD_LINE);
  for (const reason of ["loss", "burst"]) {
    assert.ok(events.some((event) => event.includes(` dropped ${reason} `)), reason);
  }
  const values = events
    .filter((event) => event.includes(" delivered ") && event.includes(">9999"))
    .map((event) => Number(event.split(" ")[4]));
  // Values count up modulo 256: a small step back is a datagram that was overtaken.
  const stepsBack = values.map((value, index) =>
    ((values[index - 1] ?? value) - value + 256) % 256
  );
  assert.ok(stepsBack.filter((step) => step >= 1 && step <= 20).length > 20);
  const repeated = values.filter((value, index) =>
    values.slice(index + 1, index + 20).includes(value)
  );
  assert.ok(repeated.length > 5);
});

Deno.test("one datagram takes 1 ms by default and is delivered in the order of sending", () => {
  const network = new SimulatedNetwork({ seed: 1 });
  const a = network.bind("10.0.0.1", 0);
  const b = network.bind("10.0.0.2", 0);
  const notes = note(network, b);
  sendBytes(a, [1], b.localAddress);
  sendBytes(a, [2], b.localAddress);
  assert.deepEqual(notes, [], "nothing moves before time does");
  network.run(0.999);
  assert.deepEqual(notes, []);
  network.run(1);
  assert.deepEqual(notes, ["1: 1", "1: 2"]);
});

Deno.test("links have one impairment per direction, and a default for the others", () => {
  const network = new SimulatedNetwork({ seed: 1, link: { delayMs: 10 } });
  const [a, b, c] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((host) => network.bind(host, 7));
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  network.setLink("10.0.0.1", "10.0.0.2", { delayMs: 50 });
  const notes = [a, b, c].map((pipe) => note(network, pipe));
  const everyoneToEveryone = (value: number): void => {
    for (const from of [a, b, c]) {
      for (const to of [a, b, c]) if (from !== to) sendBytes(from, [value], to.localAddress);
    }
  };
  everyoneToEveryone(1);
  network.run(100);
  assert.deepEqual(notes, [["10: 1", "10: 1"], ["10: 1", "50: 1"], ["10: 1", "10: 1"]]);
  // A new default replaces the old one on paths that are in use, and leaves links of their own alone.
  network.setDefaultLink({ delayMs: 20 });
  everyoneToEveryone(2);
  network.run(200);
  assert.deepEqual(notes.map((each) => each.slice(2)), [
    ["120: 2", "120: 2"],
    ["120: 2", "150: 2"],
    ["120: 2", "120: 2"],
  ]);
});

Deno.test("a path's random decisions do not depend on what other paths do", () => {
  const deliveries = (withOthers: boolean): string[] => {
    const network = new SimulatedNetwork({ seed: 3, link: { delayMs: 1, jitterMs: 1, loss: 0.3 } });
    const a = network.bind("10.0.0.1", 7);
    const b = network.bind("10.0.0.2", 7);
    const c = network.bind("10.0.0.3", 7);
    const notes = note(network, b);
    for (let value = 0; value < 50; value++) {
      if (withOthers) sendBytes(c, [99], a.localAddress);
      sendBytes(a, [value], b.localAddress);
      network.run(value + 1);
    }
    network.run(1_000);
    return notes;
  };
  assert.deepEqual(deliveries(true), deliveries(false));
});

Deno.test("an impairment's own seed wins over the network's, and paths that share it still differ", () => {
  const heardBy = (networkSeed: number, seed: number): string[][] => {
    const network = new SimulatedNetwork({
      seed: networkSeed,
      link: { loss: 0.5, delayMs: 1, seed },
    });
    const a = network.bind("10.0.0.1", 7);
    const others = [network.bind("10.0.0.2", 7), network.bind("10.0.0.3", 7)];
    const notes = others.map((pipe) => note(network, pipe));
    for (let value = 0; value < 50; value++) {
      for (const pipe of others) sendBytes(a, [value], pipe.localAddress);
    }
    network.run(10);
    return notes;
  };
  assert.deepEqual(heardBy(1, 7), heardBy(2, 7));
  assert.notDeepEqual(heardBy(1, 7), heardBy(1, 8));
  const [one, other] = heardBy(1, 7);
  assert.notDeepEqual(one, other);
});

Deno.test("a blackout loses what leaves during it, in both directions, and nothing else", () => {
  const network = new SimulatedNetwork({ seed: 1, link: { delayMs: 10 } });
  const a = network.bind("10.0.0.1", 7);
  const b = network.bind("10.0.0.2", 7);
  const c = network.bind("10.0.0.3", 7);
  network.blackout("10.0.0.1", "10.0.0.2", 100, 200);
  network.blackout("10.0.0.2", "10.0.0.1", 300, 301);
  const notes = [a, b, c].map((pipe) => note(network, pipe));
  for (const atMs of [99, 100, 199.5, 200, 300, 301]) {
    network.run(atMs);
    sendBytes(a, [1], b.localAddress);
    sendBytes(b, [2], a.localAddress);
    sendBytes(a, [3], c.localAddress);
  }
  network.run(1_000);
  assert.deepEqual(notes[0], ["109: 2", "210: 2", "311: 2"]);
  assert.deepEqual(notes[1], ["109: 1", "210: 1", "311: 1"]);
  assert.equal(notes[2]?.length, 6);
  assert.equal(network.counters.dropped.blackout, 6);
  assert.throws(() => network.blackout("10.0.0.1", "10.0.0.2", 5, 4), RangeError);
});

Deno.test("bytes that a handler keeps are overwritten, so that keeping them fails in tests", () => {
  const network = new SimulatedNetwork({ seed: 1 });
  const a = network.bind("10.0.0.1", 7);
  const b = network.bind("10.0.0.2", 7);
  let kept: Uint8Array = new Uint8Array(0);
  b.start((bytes) => {
    assert.deepEqual([...bytes], [1, 2, 3]);
    kept = bytes;
  });
  sendBytes(a, [1, 2, 3], b.localAddress);
  network.run(10);
  assert.deepEqual([...kept], [0xdb, 0xdb, 0xdb]);
});

Deno.test("injected datagrams may claim any source, and answers to it reach nobody", () => {
  const network = new SimulatedNetwork({ seed: 1 });
  const server = network.bind("192.0.2.1", 9_999);
  const sources: string[] = [];
  server.start((bytes, from) => {
    sources.push(`${from.hostname}:${from.port}`);
    sendBytes(server, [...bytes], from);
  });
  network.inject(new Uint8Array([1]), { hostname: "203.0.113.5", port: 53 }, server.localAddress);
  network.inject(new Uint8Array([1]), { hostname: "203.0.113.5", port: 0 }, server.localAddress);
  network.run(100);
  assert.deepEqual(sources, ["203.0.113.5:53"]);
  assert.equal(server.counters.portZero, 1);
  assert.equal(network.counters.dropped["port-zero"], 1);
  assert.equal(network.counters.dropped.unreachable, 1);
});

Deno.test("counters and events agree, and nothing vanishes without a reason", () => {
  const network = new SimulatedNetwork({ seed: 4, link: { ...BAD_LINE, queueBytes: 500 } });
  const seen: Record<string, number> = { sent: 0, delivered: 0, dropped: 0 };
  network.onDatagram = ({ what, reason }) => {
    seen[what] = (seen[what] ?? 0) + 1;
    assert.equal(reason !== undefined, what === "dropped");
  };
  const a = network.bind("10.0.0.1", 7);
  const b = network.bind("10.0.0.2", 7);
  b.start(() => {});
  for (let count = 0; count < 2_000; count++) {
    network.run(count);
    sendBytes(
      a,
      Array(100).fill(1),
      count % 10 === 0 ? { hostname: "10.0.0.2", port: 8 } : b.localAddress,
    );
  }
  network.run(10_000);
  const { sent, delivered, dropped } = network.counters;
  const drops = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  assert.deepEqual([seen["sent"], seen["delivered"], seen["dropped"]], [sent, delivered, drops]);
  assert.equal(sent, 2_000);
  assert.equal(b.counters.datagramsReceived, delivered);
  for (const reason of ["queue", "loss", "burst", "unreachable"] as const) {
    assert.ok(dropped[reason] > 0, reason);
  }
});

Deno.test("hosts are literals, ports are unique, and port 0 picks a free one", async () => {
  const network = new SimulatedNetwork({ seed: 1 });
  for (const hostname of ["server", "", "::", "0.0.0.0", "10.0.0"]) {
    assert.throws(() => network.bind(hostname, 1), RangeError);
  }
  for (const port of [-1, 65_536, 1.5]) {
    assert.throws(() => network.bind("10.0.0.1", port), RangeError);
  }
  const first = network.bind("10.0.0.1", 0);
  const second = network.bind("10.0.0.1", 0);
  assert.notEqual(first.localAddress.port, second.localAddress.port);
  const bindAgain = (): DatagramPipe => network.bind("10.0.0.1", first.localAddress.port);
  assert.throws(
    bindAgain,
    (error) => error instanceof TransportError && error.code === "address-in-use",
  );
  await first.close();
  bindAgain();
});

Deno.test("a host has 16,384 dynamic ports, each given again once it is free", async () => {
  const network = new SimulatedNetwork({ seed: 1 });
  const bind = (): DatagramPipe =>
    network.bind("10.0.0.1", 0, { transmitSlots: 1, maxDatagramBytes: 1 });
  const pipes = Array.from({ length: 16_384 }, bind);
  assert.equal(new Set(pipes.map(({ localAddress }) => localAddress.port)).size, 16_384);
  assert.throws(
    bind,
    (error) => error instanceof TransportError && error.code === "address-in-use",
  );
  await pipes[5_000]?.close();
  assert.equal(bind().localAddress.port, pipes[5_000]?.localAddress.port);
});

Deno.test("names resolve to the literals that they were given, best first", async () => {
  const network = new SimulatedNetwork({ seed: 1 });
  const pipe = network.bind("10.0.0.1", 0);
  network.addName("play.example.org", "2001:db8::1", "192.0.2.1");
  const addresses = await pipe.resolve("play.example.org", 5);
  assert.deepEqual(addresses, [
    { hostname: "2001:db8::1", port: 5 },
    { hostname: "192.0.2.1", port: 5 },
  ]);
  assert.throws(() => network.addName("other", "play.example.org"), RangeError);
});

Deno.test("settle drives time for code that awaits", async () => {
  const network = new SimulatedNetwork({ seed: 1, link: { delayMs: 40 } });
  const a = network.bind("10.0.0.1", 7);
  const b = network.bind("10.0.0.2", 7);
  b.start((bytes, from) => sendBytes(b, [...bytes, 9], from));
  const answer = new Promise<number[]>((resolve) => a.start((bytes) => resolve([...bytes])));
  sendBytes(a, [1], b.localAddress);
  assert.deepEqual(await network.settle(answer), [1, 9]);
  assert.equal(network.clock.nowMs(), 80);
});
