import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import type { Clock } from "../../transport/clock.ts";
import { type DrivenEndpoint, EndpointDriver } from "../../transport/endpoint_driver.ts";
import type { DatagramPipe, TransmitSlot } from "../../transport/pipe.ts";
import { newPipeCounters } from "../../transport/pipe_counters.ts";
import { RestartablePipe } from "../../transport/restartable_pipe.ts";
import { SimulatedNetwork } from "../../transport/simulated_network.ts";
import type { VirtualClock } from "../../transport/virtual_clock.ts";
import { Lab } from "../server/lab.ts";
import { Room } from "../server/room.ts";

const HERE = "192.0.2.1";
const THERE: Address = { hostname: "192.0.2.2", port: 1 };

/** An endpoint that sends what it is told to, at the times that it is told. */
class ScriptedEndpoint implements DrivenEndpoint {
  readonly transmitTo = THERE;
  readonly log: string[] = [];
  /** Datagrams that wait to be sent. */
  outbox = 0;
  /** When it wants to be woken. */
  dueMs = Infinity;
  /** Called by every method with its name; may throw. */
  onCall: (name: string) => void = () => {};

  handleDatagram(bytes: Uint8Array, _from: Address, nowMs: number): void {
    this.log.push(`${nowMs} datagram ${bytes.byteLength}`);
    this.onCall("handleDatagram");
  }

  handleTimeout(nowMs: number): void {
    this.log.push(`${nowMs} timeout`);
    if (nowMs >= this.dueMs) this.dueMs = Infinity;
    this.onCall("handleTimeout");
  }

  deadlineMs(): number {
    this.onCall("deadlineMs");
    return this.dueMs;
  }

  pollTransmit(into: Uint8Array): number {
    this.onCall("pollTransmit");
    if (this.outbox === 0) return 0;
    this.outbox--;
    into[0] = 0xff;
    return 1;
  }
}

/** A clock that counts the timers that fire. */
class CountingClock implements Clock {
  fired = 0;
  readonly #inner: VirtualClock;

  constructor(inner: VirtualClock) {
    this.#inner = inner;
  }

  nowMs(): number {
    return this.#inner.nowMs();
  }

  setTimer(atMs: number, callback: () => void): number {
    return this.#inner.setTimer(atMs, () => {
      this.fired++;
      callback();
    });
  }

  clearTimer(id: number): void {
    this.#inner.clearTimer(id);
  }
}

/** A pipe that needs a while for every datagram. */
class HoldingPipe implements DatagramPipe {
  readonly kind = "holding";
  readonly localAddress = THERE;
  readonly maxDatagramBytes = 1_452;
  readonly counters = newPipeCounters();
  readonly sentAt: number[] = [];
  readonly #clock: VirtualClock;
  readonly #holdMs: number;
  #free: number;

  constructor(clock: VirtualClock, slots: number, holdMs: number) {
    this.#clock = clock;
    this.#free = slots;
    this.#holdMs = holdMs;
  }

  start(): void {}

  acquire(): TransmitSlot | undefined {
    if (this.#free === 0) return undefined;
    this.#free--;
    return { bytes: new Uint8Array(this.maxDatagramBytes) };
  }

  send(): void {
    this.sentAt.push(this.#clock.nowMs());
    this.#clock.setTimer(this.#clock.nowMs() + this.#holdMs, () => this.release());
  }

  release(): void {
    this.#free++;
  }

  resolve(): Promise<Address[]> {
    return Promise.resolve([THERE]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function setUp(options: { transmitSlots?: number; onNews?: (nowMs: number) => void } = {}) {
  const network = new SimulatedNetwork({ seed: 1, link: { delayMs: 10 } });
  const { transmitSlots = 4, onNews = () => {} } = options;
  const pipe = network.bind(HERE, 9, { transmitSlots });
  const endpoint = new ScriptedEndpoint();
  const errors: unknown[] = [];
  const driver = new EndpointDriver(
    endpoint,
    pipe,
    network.clock,
    onNews,
    (error) => errors.push(error),
  );
  const sentAt: number[] = [];
  network.onDatagram = ({ what, from, atMs }) => {
    if (what === "sent" && from.hostname === HERE) sentAt.push(atMs);
  };
  return { network, pipe, endpoint, driver, errors, sentAt };
}

Deno.test("driver: after a datagram the news are told, then everything leaves", () => {
  const { network, endpoint, driver, sentAt } = setUp({
    onNews: (nowMs) => {
      endpoint.log.push(`${nowMs} news`);
      if (nowMs === 5) endpoint.outbox = 3;
    },
  });
  driver.start();
  network.clock.setTimer(
    0,
    () => network.inject(new Uint8Array(7), THERE, { hostname: HERE, port: 9 }),
  );
  network.setDefaultLink({ delayMs: 5 });
  network.run(20);
  assert.deepEqual(endpoint.log, ["0 news", "5 datagram 7", "5 news"]);
  assert.deepEqual(sentAt, [5, 5, 5]);
  driver.stop();
});

Deno.test("driver: many wakes of one turn make one service, in that turn", async () => {
  let news = 0;
  const { driver, endpoint, sentAt } = setUp({ onNews: () => news++ });
  driver.start();
  assert.equal(news, 1);
  endpoint.outbox = 1;
  for (let i = 0; i < 10; i++) driver.wake();
  assert.deepEqual([news, sentAt.length], [1, 0]);
  await Promise.resolve();
  assert.deepEqual([news, sentAt.length], [2, 1]);
  driver.wake();
  driver.stop();
  await Promise.resolve();
  assert.equal(news, 2, "stopped before the turn was over");
});

Deno.test("driver: service and wake inside the news do nothing; transmit does its work", async () => {
  const seen: number[] = [];
  const { driver, endpoint, sentAt } = setUp({
    onNews: (nowMs) => {
      assert.equal(driver.isServicing, true);
      endpoint.outbox = 2;
      driver.service(nowMs);
      driver.wake();
      seen.push(sentAt.length);
      driver.transmit(nowMs);
      seen.push(sentAt.length);
      endpoint.outbox = 1;
    },
  });
  driver.start();
  await Promise.resolve();
  assert.deepEqual(seen, [0, 2]);
  assert.equal(sentAt.length, 3);
  assert.equal(driver.isServicing, false);
  driver.stop();
});

Deno.test("driver: where buffers run out, the rest leaves when some are free again", () => {
  const network = new SimulatedNetwork({ seed: 1 });
  const pipe = new HoldingPipe(network.clock, 2, 30);
  const endpoint = new ScriptedEndpoint();
  const driver = new EndpointDriver(endpoint, pipe, network.clock, () => {});
  endpoint.outbox = 5;
  driver.start();
  network.run(29);
  assert.deepEqual(pipe.sentAt, [0, 0]);
  network.run(100);
  // It looks once a millisecond.
  assert.deepEqual(pipe.sentAt, [0, 0, 30, 30, 60]);
  driver.stop();
  assert.equal(network.clock.pendingEvents, 0);
});

Deno.test("driver: one timer, moved forward only; a late deadline costs one early look", () => {
  const { network, driver, endpoint } = setUp();
  endpoint.dueMs = 50;
  driver.start();
  assert.equal(network.clock.pendingEvents, 1);
  endpoint.dueMs = 20;
  driver.service(0);
  assert.equal(network.clock.pendingEvents, 1);
  endpoint.dueMs = 90;
  driver.service(0);
  network.run(100);
  assert.deepEqual(endpoint.log, ["20 timeout", "90 timeout"]);
  assert.equal(network.clock.pendingEvents, 0);
  driver.stop();
});

Deno.test("driver: a deadline that stays in the past does not make the timer spin", () => {
  const { network, driver, endpoint } = setUp();
  endpoint.onCall = () => {
    endpoint.dueMs = -1_000;
  };
  driver.start();
  network.run(100);
  assert.equal(endpoint.log.length, 100, "once a millisecond");
  driver.stop();
});

for (const method of ["handleDatagram", "handleTimeout", "pollTransmit", "deadlineMs"]) {
  Deno.test(`driver: ${method} that throws once is counted, reported, and not the end`, () => {
    const { network, driver, endpoint, errors } = setUp();
    endpoint.dueMs = 30;
    let isBroken = false;
    endpoint.onCall = (name) => {
      if (!isBroken || name !== method) return;
      isBroken = false;
      throw new Error(`${method} is broken`);
    };
    driver.start();
    isBroken = true;
    network.inject(new Uint8Array(3), THERE, { hostname: HERE, port: 9 });
    network.run(200);
    assert.equal(driver.errors, 1);
    assert.deepEqual(errors.map(String), [`Error: ${method} is broken`]);
    const before = endpoint.log.length;
    endpoint.outbox = 1;
    network.inject(new Uint8Array(3), THERE, { hostname: HERE, port: 9 });
    network.run(400);
    assert.ok(endpoint.log.length > before);
    assert.equal(endpoint.outbox, 0);
    driver.stop();
    assert.equal(network.clock.pendingEvents, 0);
  });
}

Deno.test("driver: news that throw are counted, and what is to leave leaves all the same", () => {
  const { network, driver, endpoint, errors, sentAt } = setUp({
    onNews: () => {
      throw new Error("a handler");
    },
  });
  endpoint.outbox = 1;
  driver.start();
  for (let i = 0; i < 20; i++) {
    network.inject(new Uint8Array(3), THERE, { hostname: HERE, port: 9 });
    network.run(network.clock.nowMs() + 100);
  }
  assert.equal(driver.errors, 21);
  assert.equal(errors.length, 2, "reported once a second");
  assert.equal(sentAt.length, 1);
  driver.stop();
});

Deno.test("driver: an endpoint that is broken for good rests between tries", () => {
  const { network, driver, endpoint } = setUp();
  endpoint.onCall = () => {
    throw new Error("broken");
  };
  driver.start();
  network.run(1_000);
  // Ten timers, of which each finds three broken things.
  assert.ok(driver.errors <= 33, `${driver.errors}`);
  driver.stop();
  assert.equal(network.clock.pendingEvents, 0);
});

Deno.test("driver: stop inside the news, or inside the report of an error, is the end", () => {
  for (const fails of [false, true]) {
    const { network, driver, endpoint, sentAt } = setUp({
      onNews: () => {
        driver.stop();
        if (fails) throw new Error("and more");
      },
    });
    endpoint.outbox = 1;
    endpoint.dueMs = 5;
    driver.start();
    network.inject(new Uint8Array(3), THERE, { hostname: HERE, port: 9 });
    network.run(100);
    assert.deepEqual(sentAt, []);
    assert.deepEqual(endpoint.log, []);
    assert.equal(network.clock.pendingEvents, 0);
  }
});

Deno.test("driver: stopped by the report of what it met, it sets no timer", () => {
  const network = new SimulatedNetwork({ seed: 1 });
  const endpoint = new ScriptedEndpoint();
  endpoint.onCall = () => {
    throw new Error("broken");
  };
  const driver: EndpointDriver = new EndpointDriver(
    endpoint,
    network.bind(HERE, 9),
    network.clock,
    () => {},
    () => driver.stop(),
  );
  driver.start();
  assert.equal(network.clock.pendingEvents, 0);
});

Deno.test("driver: a stopped one gives back the buffer that it held", () => {
  const { driver, pipe } = setUp({ transmitSlots: 1 });
  driver.start();
  assert.equal(pipe.acquire(), undefined);
  driver.stop();
  assert.notEqual(pipe.acquire(), undefined);
});

Deno.test("driver: one after the other drives the same endpoint over the same pipe", () => {
  const { network, pipe, endpoint } = setUp();
  const shared = new RestartablePipe(pipe);
  const heard: string[] = [];
  const make = (name: string): EndpointDriver =>
    new EndpointDriver(endpoint, shared, network.clock, () => heard.push(name));
  const first = make("first");
  first.start();
  first.stop();
  const second = make("second");
  second.start();
  network.inject(new Uint8Array(3), THERE, { hostname: HERE, port: 9 });
  network.run(50);
  assert.deepEqual(heard, ["first", "second", "second"]);
  assert.deepEqual(endpoint.log, ["10 datagram 3"]);
  second.stop();
});

Deno.test("timers of an idle session: a handful a second, at both ends", async () => {
  await using lab = new Lab({ link: { delayMs: 30 } });
  const server = new CountingClock(lab.network.clock);
  const client = new CountingClock(lab.network.clock);
  const pipe = lab.network.bind("192.0.2.7", 9_999);
  const room = await lab.serve(Room, {
    host: "192.0.2.8",
    environment: { pipe, clock: server },
  });
  for (let i = 0; i < 10; i++) await lab.connect(Room, room, { environment: { clock: client } });
  await lab.run(5_000);
  server.fired = client.fired = 0;
  await lab.run(60_000);
  const perSessionSecond = (fired: number): number => fired / 60 / 10;
  assert.ok(perSessionSecond(server.fired) < 3, `server ${perSessionSecond(server.fired)}`);
  assert.ok(perSessionSecond(client.fired) < 3, `client ${perSessionSecond(client.fired)}`);
});

Deno.test("timers of an idle server without peers: none", async () => {
  await using lab = new Lab();
  const clock = new CountingClock(lab.network.clock);
  await lab.serve(Room, { environment: { clock } });
  await lab.run(60_000);
  assert.equal(clock.fired, 0);
});
