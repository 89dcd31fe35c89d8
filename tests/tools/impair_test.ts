import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import { obey } from "../../tools/impair_control.ts";
import { describeLosses, newDirectionCounters } from "../../tools/impair_counters.ts";
import {
  directionsOf,
  formatEndpoint,
  parseDurationMs,
  parseEndpoint,
  targetOf,
} from "../../tools/impair_options.ts";
import { ImpairProxy, type ImpairProxyOptions } from "../../tools/impair_proxy.ts";
import { TransportError } from "../../transport/errors.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { SimulatedNetwork } from "../../transport/simulated_network.ts";
import { Program, runProgram } from "../examples/program.ts";

const IMPAIR = "tools/impair.ts";

/** A proxy in simulated time in front of a server that answers what it hears. */
class Lab {
  readonly network = new SimulatedNetwork({ seed: 1, link: { delayMs: 1 } });
  readonly server: DatagramPipe = this.network.bind("192.0.2.1", 9999);
  readonly proxy: ImpairProxy;
  /** What the server heard: first byte, source port, time. */
  readonly heard: { byte: number; from: Address; atMs: number }[] = [];
  openSockets = 0;

  constructor(options: Partial<ImpairProxyOptions> = {}) {
    this.server.start((bytes, from) => {
      this.heard.push({ byte: bytes[0]!, from, atMs: this.network.clock.nowMs() });
      send(this.server, bytes[0]!, from);
    });
    this.proxy = new ImpairProxy({
      front: this.network.bind("203.0.113.1", 9998),
      target: this.server.localAddress,
      openUpstream: () => this.#open(),
      clock: this.network.clock,
      seed: 7,
      ...options,
    });
  }

  #open(): DatagramPipe {
    const pipe = this.network.bind("203.0.113.1", 0);
    this.openSockets++;
    const close = pipe.close.bind(pipe);
    pipe.close = () => {
      this.openSockets--;
      return close();
    };
    return pipe;
  }

  /** A client, and the first bytes of what comes back to it. */
  client(hostname: string): { pipe: DatagramPipe; echoes: number[] } {
    const pipe = this.network.bind(hostname, 5_000);
    const echoes: number[] = [];
    pipe.start((bytes, from) => {
      assert.deepEqual(from, this.proxy.localAddress);
      echoes.push(bytes[0]!);
    });
    return { pipe, echoes };
  }

  /** Sends bytes 0, 1, 2 … from a client, one every 10 ms, and lets time go on for a second more. */
  stream(pipe: DatagramPipe, count: number): void {
    for (let byte = 0; byte < count; byte++) {
      send(pipe, byte, this.proxy.localAddress);
      this.network.run(this.network.clock.nowMs() + 10);
    }
    this.network.run(this.network.clock.nowMs() + 1_000);
  }
}

function send(pipe: DatagramPipe, byte: number, to: Address): void {
  const slot = pipe.acquire()!;
  slot.bytes.fill(byte, 0, 20);
  pipe.send(slot, 20, to);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, byte) => byte);

Deno.test("a perfect line forwards everything of several clients, each from a port of its own", () => {
  const lab = new Lab();
  const [ann, bob] = [lab.client("198.51.100.1"), lab.client("198.51.100.2")];
  lab.stream(ann.pipe, 20);
  lab.stream(bob.pipe, 30);
  assert.deepEqual(ann.echoes, upTo(20));
  assert.deepEqual(bob.echoes, upTo(30));
  const ports = new Set(lab.heard.map(({ from }) => from.port));
  assert.equal(ports.size, 2);
  const { clients, up, down } = lab.proxy.counters();
  assert.deepEqual([clients, up.offered, up.passed, down.offered, down.passed], [
    2,
    50,
    50,
    50,
    50,
  ]);
  assert.equal(up.passedBytes, 1_000);
});

Deno.test("delays count in each direction, and may differ", () => {
  const lab = new Lab({ up: { delayMs: 80 }, down: { delayMs: 30 } });
  const { pipe, echoes } = lab.client("198.51.100.1");
  send(pipe, 1, lab.proxy.localAddress);
  lab.network.run(80.5);
  assert.equal(lab.heard.length, 0);
  assert.equal(lab.proxy.counters().held, 1);
  lab.network.run(82);
  assert.equal(lab.heard[0]?.atMs, 82);
  lab.network.run(113);
  assert.deepEqual(echoes, []);
  lab.network.run(114);
  assert.deepEqual(echoes, [1]);
});

Deno.test("the same seed loses the same datagrams, whatever other clients do; another seed others", () => {
  const run = (seed: number, others: number): number[] => {
    const lab = new Lab({ seed, up: { loss: 0.3 }, down: { loss: 0.1, duplicate: 0.1 } });
    const { pipe, echoes } = lab.client("198.51.100.1");
    send(pipe, 255, lab.proxy.localAddress);
    for (let other = 0; other < others; other++) {
      send(lab.client(`198.51.100.${other + 2}`).pipe, other, lab.proxy.localAddress);
    }
    lab.stream(pipe, 100);
    const { up, down } = lab.proxy.counters();
    assert.equal(up.offered, 101 + others);
    assert.equal(up.passed, up.offered - up.loss);
    assert.equal(down.passed, down.offered - down.loss + down.duplicated);
    assert.ok(down.duplicated > 0);
    return echoes;
  };
  const alone = run(7, 0);
  assert.deepEqual(run(7, 3), alone);
  assert.notDeepEqual(run(8, 0), alone);
});

Deno.test("two clients on one kind of line do not lose the same datagrams", () => {
  const lab = new Lab({ up: { loss: 0.3, seed: 5 } });
  const [ann, bob] = [lab.client("198.51.100.1"), lab.client("198.51.100.2")];
  lab.stream(ann.pipe, 100);
  lab.stream(bob.pipe, 100);
  assert.notDeepEqual(ann.echoes, bob.echoes);
});

Deno.test("a rebinding changes the source port; what goes to the old port is lost, what waits is not", async () => {
  const lab = new Lab({ up: { delayMs: 100 } });
  const { pipe, echoes } = lab.client("198.51.100.1");
  send(pipe, 1, lab.proxy.localAddress);
  lab.network.run(50);
  send(pipe, 2, lab.proxy.localAddress);
  lab.network.run(102.5);
  // The server has answered to the port that is left now.
  assert.equal(lab.heard.length, 1);
  assert.equal(obey(lab.proxy, "rebind"), undefined);
  lab.network.run(500);
  const [before, after] = lab.heard;
  assert.notEqual(before?.from.port, after?.from.port);
  assert.deepEqual(echoes, [2]);
  const { rebinds, clients, joined, up } = lab.proxy.counters();
  assert.deepEqual([rebinds, clients, joined, up.passed], [1, 1, 1, 2]);
  await lab.network.settle(lab.proxy.close());
  assert.equal(lab.openSockets, 0);
});

Deno.test("a line rebinds by itself as often as it is told", () => {
  const lab = new Lab({ rebindEveryMs: 250 });
  const { pipe } = lab.client("198.51.100.1");
  lab.stream(pipe, 100);
  const ports = new Set(lab.heard.map(({ from }) => from.port));
  assert.equal(ports.size, 4);
  assert.equal(lab.openSockets, 1);
  assert.throws(() => new Lab({ rebindEveryMs: 0 }), RangeError);
});

Deno.test("a blocked direction loses everything, the other nothing", () => {
  const lab = new Lab();
  const { pipe, echoes } = lab.client("198.51.100.1");
  assert.equal(obey(lab.proxy, "block down"), undefined);
  lab.stream(pipe, 5);
  assert.deepEqual([lab.heard.length, echoes.length], [5, 0]);
  obey(lab.proxy, " unblock ");
  obey(lab.proxy, "block up");
  lab.stream(pipe, 5);
  assert.deepEqual([lab.heard.length, echoes.length], [5, 0]);
  obey(lab.proxy, "unblock");
  lab.stream(pipe, 5);
  assert.deepEqual([lab.heard.length, echoes.length], [10, 5]);
  obey(lab.proxy, "block");
  lab.stream(pipe, 5);
  const { up, down } = lab.proxy.counters();
  assert.deepEqual([up.blocked, down.blocked], [10, 5]);
  assert.deepEqual([up.offered, up.passed, down.offered, down.passed], [20, 10, 10, 5]);
  assert.match(obey(lab.proxy, "block sideways") ?? "", /cannot do "block sideways"/);
});

Deno.test("only the target gets in, from where the line leads", () => {
  const lab = new Lab();
  const { pipe, echoes } = lab.client("198.51.100.1");
  lab.stream(pipe, 1);
  const stranger = lab.network.bind("192.0.2.66", 9999);
  send(stranger, 9, lab.heard[0]!.from);
  lab.network.run(5_000);
  assert.deepEqual(echoes, [0]);
  assert.equal(lab.proxy.counters().stray, 1);
});

Deno.test("silent clients are forgotten, and what they did still counts", () => {
  const lab = new Lab({ idleMs: 3_000 });
  const { pipe, echoes } = lab.client("198.51.100.1");
  lab.stream(pipe, 10);
  lab.network.run(3_000);
  assert.equal(lab.proxy.counters().clients, 1);
  lab.network.run(4_100);
  assert.deepEqual([lab.proxy.counters().clients, lab.openSockets], [0, 0]);
  lab.stream(pipe, 10);
  const { joined, up, down } = lab.proxy.counters();
  assert.deepEqual([joined, up.passed, down.passed], [2, 20, 20]);
  assert.equal(echoes.length, 20);
});

Deno.test("what waits is dropped with the line of a client that is forgotten", () => {
  const lab = new Lab({ idleMs: 1_000, up: { delayMs: 20_000 } });
  send(lab.client("198.51.100.1").pipe, 1, lab.proxy.localAddress);
  lab.network.run(500);
  assert.equal(lab.proxy.counters().held, 1);
  lab.network.run(30_000);
  const { clients, held, up } = lab.proxy.counters();
  assert.deepEqual([clients, held, up.offered, up.passed, lab.heard.length], [0, 0, 1, 0, 0]);
});

Deno.test("a client too many, or without a socket, is refused and counted", () => {
  let sockets = 1;
  const full = new Lab({ maxClients: 1 });
  const poor: Lab = new Lab({
    openUpstream: () => {
      if (sockets-- === 0) throw new TransportError("address-in-use", "no port left");
      return poor.network.bind("203.0.113.1", 0);
    },
  });
  for (const lab of [full, poor]) {
    const [ann, bob] = [lab.client("198.51.100.1"), lab.client("198.51.100.2")];
    lab.stream(ann.pipe, 3);
    send(bob.pipe, 3, lab.proxy.localAddress);
    lab.network.run(5_000);
    assert.deepEqual([ann.echoes.length, bob.echoes.length], [3, 0]);
    assert.equal(lab.proxy.counters().refused, 1);
  }
});

Deno.test("ends and times are read as people write them, and nothing else is", async () => {
  assert.deepEqual(parseEndpoint("play.example.org:9999"), {
    hostname: "play.example.org",
    port: 9999,
  });
  assert.deepEqual(parseEndpoint("[::1]:0"), { hostname: "::1", port: 0 });
  assert.equal(formatEndpoint({ hostname: "::1", port: 7 }), "[::1]:7");
  for (const wrong of ["", "9999", ":9999", "::1:9999", "a:65536", "a:-1", "[a:1", "a:"]) {
    assert.throws(() => parseEndpoint(wrong), RangeError, wrong);
  }
  assert.deepEqual(["2s", "500ms", "0.5"].map(parseDurationMs), [2_000, 500, 500]);
  for (const wrong of ["0", "2m", "-1s", "", "1e3", "90000"]) {
    assert.throws(() => parseDurationMs(wrong), RangeError, wrong);
  }
  assert.deepEqual(await targetOf({ hostname: "0:0::1", port: 7 }), { hostname: "::1", port: 7 });
  await assert.rejects(targetOf({ hostname: "127.0.0.1", port: 0 }), /--to needs a port/);
});

Deno.test("--sim is for both directions unless one has a line of its own", () => {
  const [sim, up, down] = [{ loss: 0.1 }, { loss: 0.2 }, { loss: 0.3 }];
  const none = { sim: undefined, up: undefined, down: undefined };
  assert.deepEqual(directionsOf(none), { up: {}, down: {} });
  assert.deepEqual(directionsOf({ ...none, sim }), { up: sim, down: sim });
  assert.deepEqual(directionsOf({ ...none, sim, up }), { up, down: sim });
  assert.deepEqual(directionsOf({ ...none, down }), { up: {}, down });
  assert.throws(() => directionsOf({ sim, up, down }), /nothing for --sim/);
});

Deno.test("losses are told with their reasons", () => {
  const direction = newDirectionCounters();
  assert.equal(describeLosses(direction), "nothing lost");
  assert.equal(describeLosses({ ...direction, loss: 5, blocked: 2 }), "5 loss, 2 blocked");
});

Deno.test("impair stands between two programs over real sockets, rebinds on demand, ends at ctrl-C", async () => {
  const server = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const client = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = server.addr as Deno.NetAddr;
  await using impair = new Program(IMPAIR, [
    ...["--listen", "127.0.0.1:0", "--to", `localhost:${port}`, "--json", "--control"],
    ...["--sim", "delay=5ms,seed=7"],
  ]);
  const ready = await impair.event("ready");
  assert.equal(ready["up"], "delay=5ms,seed=7");
  const front = parseEndpoint(String(ready["listen"]));
  /** A datagram there and back; returns the port that the server saw. */
  const exchange = async (text: string): Promise<number> => {
    await client.send(new TextEncoder().encode(text), { transport: "udp", ...front });
    const [bytes, from] = await server.receive();
    await server.send(bytes, from);
    const [echo] = await client.receive();
    assert.equal(new TextDecoder().decode(echo), text);
    return (from as Deno.NetAddr).port;
  };
  try {
    const before = await exchange("one");
    assert.equal(await exchange("two"), before);
    await impair.type("turn", "rebind");
    await impair.complaint(/cannot do "turn"/);
    // Shown by the next statistics.
    await impair.event("stats", ({ rebinds }) => rebinds === 1);
    const after = await exchange("three");
    assert.notEqual(after, before);
    impair.signal("SIGUSR2");
    await impair.event("stats", ({ rebinds }) => rebinds === 2);
    assert.notEqual(await exchange("four"), after);
  } finally {
    server.close();
    client.close();
  }
  const end = await impair.interrupt();
  assert.equal(end.code, 0, end.stderr);
  const done = JSON.parse(end.stdout.trimEnd().split("\n").at(-1)!);
  assert.deepEqual([done.event, done.joined, done.up.passed, done.down.passed], ["done", 1, 4, 4]);
});

Deno.test("impair ends by itself, and says what is wrong with its line", async () => {
  const [short, missing, wrong] = await Promise.all([
    runProgram(IMPAIR, ["--to", "127.0.0.1:9", "--sim", "loss=5%", "--seconds", "0.2"]),
    runProgram(IMPAIR),
    runProgram(IMPAIR, ["--to", "127.0.0.1:9", "--up", "loss=lots"]),
  ]);
  assert.equal(short.code, 0, short.stderr);
  assert.match(short.stdout, /^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:9\nup {9}loss=0\.05,seed=\d+$/m);
  assert.match(short.stdout, /^clients {4}0, 0 rebinds$/m);
  assert.deepEqual([missing.code, wrong.code], [1, 1]);
  assert.match(missing.stderr, /--to HOST:PORT is missing/);
  assert.match(wrong.stderr, /--up: Cannot read "loss=lots"/);
});
