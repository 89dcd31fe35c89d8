import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import {
  type ImpairedPipe,
  type ImpairedPipeOptions,
  impairPipe,
} from "../../transport/impaired_pipe.ts";
import { ImpairedLink } from "../../transport/impaired_link.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { seedFor } from "../../transport/random.ts";
import { SimulatedNetwork } from "../../transport/simulated_network.ts";

/** An impaired pipe and a plain one, on a network without delay. */
function pair(
  options: ImpairedPipeOptions,
): { network: SimulatedNetwork; impaired: ImpairedPipe; plain: DatagramPipe } {
  const network = new SimulatedNetwork({ seed: 1, link: {} });
  const inner = network.bind("10.0.0.1", 1, { transmitSlots: 8 });
  const impaired = impairPipe(inner, { clock: network.clock, seed: 1, ...options });
  return { network, impaired, plain: network.bind("10.0.0.2", 1) };
}

function send(pipe: DatagramPipe, value: number, to: Address): boolean {
  const slot = pipe.acquire();
  if (slot === undefined) return false;
  slot.bytes[0] = value;
  pipe.send(slot, 1, to);
  return true;
}

function note(network: SimulatedNetwork, pipe: DatagramPipe): string[] {
  const notes: string[] = [];
  pipe.start((bytes) => notes.push(`${network.clock.nowMs()}: ${bytes[0]}`));
  return notes;
}

Deno.test("ImpairedPipe delays each direction by its own impairment", () => {
  const { network, impaired, plain } = pair({ send: { delayMs: 30 }, receive: { delayMs: 70 } });
  const atImpaired = note(network, impaired);
  const atPlain = note(network, plain);
  send(impaired, 1, plain.localAddress);
  send(plain, 2, impaired.localAddress);
  network.run(10);
  send(impaired, 3, plain.localAddress);
  assert.equal(impaired.held, 3);
  network.run(1_000);
  assert.deepEqual(atPlain, ["30: 1", "40: 3"]);
  assert.deepEqual(atImpaired, ["70: 2"]);
  assert.equal(impaired.held, 0);
});

Deno.test("ImpairedPipe delivers exactly when its link says, with one timer however much waits", () => {
  const bad = { delayMs: 50, jitterMs: 50 };
  const { network, impaired, plain } = pair({ send: bad });
  const atPlain = note(network, plain);
  const twin = new ImpairedLink(bad, seedFor("send", 1));
  const expected: { atMs: number; value: number }[] = [];
  for (let value = 0; value < 100; value++) {
    send(impaired, value, plain.localAddress);
    twin.offer(0, 1);
    expected.push({ atMs: twin.arrivalsMs[0] ?? NaN, value });
  }
  assert.equal(network.clock.pendingEvents, 1);
  network.run(1_000);
  expected.sort((a, b) => a.atMs - b.atMs);
  assert.deepEqual(atPlain, expected.map(({ atMs, value }) => `${atMs}: ${value}`));
  const values = expected.map(({ value }) => value);
  assert.notDeepEqual(values, values.toSorted((a, b) => a - b), "jitter reorders");
});

Deno.test("ImpairedPipe loses and duplicates in both directions and says how much", () => {
  const bad = { loss: 0.2, duplicate: 0.2, delayMs: 1 };
  const { network, impaired, plain } = pair({ send: bad, receive: bad });
  const atImpaired = note(network, impaired);
  const atPlain = note(network, plain);
  for (let count = 0; count < 500; count++) {
    send(impaired, 1, plain.localAddress);
    send(plain, 2, impaired.localAddress);
    network.run(count);
  }
  network.run(1_000);
  for (
    const [link, notes] of [[impaired.sendLink, atPlain], [
      impaired.receiveLink,
      atImpaired,
    ]] as const
  ) {
    const { offered, loss, duplicated } = link.counters;
    assert.equal(offered, 500);
    assert.ok(loss > 50 && loss < 150 && duplicated > 40);
    assert.equal(notes.length, offered - loss + duplicated);
  }
  assert.notDeepEqual(impaired.sendLink.counters, impaired.receiveLink.counters);
  assert.equal(impaired.counters.datagramsSent, 500);
  assert.equal(impaired.counters.datagramsReceived, atImpaired.length);
});

Deno.test("ImpairedPipe holds no more datagrams than it may", () => {
  const { network, impaired, plain } = pair({ send: { delayMs: 100 }, maxHeldDatagrams: 10 });
  const atPlain = note(network, plain);
  for (let value = 0; value < 25; value++) assert.ok(send(impaired, value, plain.localAddress));
  assert.equal(impaired.held, 10);
  assert.equal(impaired.overflow, 15);
  network.run(200);
  assert.equal(atPlain.length, 10);
  send(impaired, 1, plain.localAddress);
  assert.equal(impaired.held, 1);
});

Deno.test("ImpairedPipe gives slots back at once, so that delay does not use them up", () => {
  const { network, impaired, plain } = pair({ send: { delayMs: 100 } });
  const atPlain = note(network, plain);
  for (let value = 0; value < 50; value++) assert.ok(send(impaired, value, plain.localAddress));
  network.run(200);
  assert.equal(atPlain.length, 50);
});

Deno.test("ImpairedPipe.close forgets what waits and leaves no timer", async () => {
  const { network, impaired, plain } = pair({ send: { delayMs: 100 }, receive: { delayMs: 100 } });
  const atImpaired = note(network, impaired);
  const atPlain = note(network, plain);
  send(impaired, 1, plain.localAddress);
  send(plain, 2, impaired.localAddress);
  network.run(50);
  assert.equal(impaired.held, 2);
  await impaired.close();
  assert.equal(impaired.held, 0);
  assert.equal(network.clock.pendingEvents, 0);
  network.run(500);
  assert.deepEqual([atImpaired, atPlain], [[], []]);
});

Deno.test("ImpairedPipe may be closed by a handler while more is due", () => {
  const { network, impaired, plain } = pair({ receive: { delayMs: 10 } });
  let calls = 0;
  impaired.start(() => {
    calls++;
    impaired.close();
  });
  for (let count = 0; count < 3; count++) send(plain, count, impaired.localAddress);
  network.run(100);
  assert.equal(calls, 1);
});

Deno.test("ImpairedPipe refuses impairments out of bounds", () => {
  assert.throws(() => pair({ send: { loss: 2 } }), RangeError);
});

Deno.test("ImpairedPipe repeats itself for the impairment's seed, and not in both directions alike", () => {
  const lost = (impairmentSeed: number, pipeSeed: number): boolean[][] => {
    const bad = { loss: 0.5, seed: impairmentSeed };
    const { impaired } = pair({ send: bad, receive: bad, seed: pipeSeed });
    return [impaired.sendLink, impaired.receiveLink]
      .map((link) => Array.from({ length: 100 }, () => link.offer(0, 1) === 0));
  };
  assert.deepEqual(lost(7, 1), lost(7, 2));
  assert.notDeepEqual(lost(7, 1), lost(8, 1));
  const [sending, receiving] = lost(7, 1);
  assert.notDeepEqual(sending, receiving);
});
