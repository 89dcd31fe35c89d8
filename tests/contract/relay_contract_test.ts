import assert from "node:assert/strict";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { Random } from "../../transport/random.ts";
import { RelayGate } from "../../transport/relay_gate.ts";
import { RelayDirector } from "../simulation/relay_director.ts";
import { testAddressing } from "./addressing_contract.ts";
import { testClosing } from "./closing_contract.ts";
import { testDelivery, testLimits } from "./delivery_contract.ts";
import { testFamilies } from "./family_contract.ts";
import { collect, type DefineTest, type PipeFixture, sendBytes, withPair } from "./pipe_fixture.ts";
import { relayedFixture, serverLeg } from "./relay_fixture.ts";
import { simulatedFixture } from "./simulated_fixture.ts";
import { testSlots } from "./slot_contract.ts";

/**
 * Its sizes are larger than a relay takes, and its bytes may begin like a relay frame, which no packet of a
 * session does: both ends have a test of their own below.
 */
const ANY_BYTES = "delivers datagrams of every kind of size with their bytes intact";

/** Defines the tests of the contract on fresh fixtures. */
function contractOf(name: string, makeFixture: () => PipeFixture): DefineTest {
  return (statement, body) => {
    if (statement === ANY_BYTES) return;
    Deno.test(`${name}: ${statement}`, () => body(makeFixture()));
  };
}

/** Two gates without relays: to players who come directly a gate is the pipe that it stands in front of. */
function gateFixture(): PipeFixture {
  const director = new RelayDirector(1);
  return simulatedFixture((pipe, clock) =>
    new RelayGate(pipe, { leg: serverLeg(director, clock), clock })
  );
}

const gate = contractOf("gate", gateFixture);
testDelivery(gate);
testSlots(gate, {});
testClosing(gate);
testAddressing(gate, {});
testFamilies(gate, { ipv6: true });
testLimits(gate);

const relayed = contractOf("relayed", relayedFixture);
testDelivery(relayed);
testSlots(relayed, {});
testClosing(relayed);

Deno.test("gate: delivers packets of sessions of every kind of size with their bytes intact", async () => {
  const fixture = gateFixture();
  await withPair(fixture, async (a, b, received) => {
    const random = new Random(1);
    for (const sizeBytes of [1, 2, 64, 1_200, 1_212, 1_213, 1_451, a.maxDatagramBytes]) {
      const sent = random.bytes(sizeBytes);
      sent[0] = 0x20 | sent[0]! & 0x1f;
      assert.ok(sendBytes(a, sent, b.localAddress));
      await fixture.until(() => received.length === 1);
      assert.deepEqual(received.pop()?.bytes, sent);
    }
  });
});

Deno.test("relayed: delivers datagrams of every size that a session sends, both ways", async () => {
  const fixture = relayedFixture();
  await withPair(fixture, async (a, b, received) => {
    const answers = collect(a);
    const random = new Random(1);
    for (const sizeBytes of [1, 2, 31, 32, 33, 576, 1_200, 1_211, 1_212]) {
      const sent = random.bytes(sizeBytes);
      assert.ok(sendBytes(a, sent, b.localAddress));
      await fixture.until(() => received.length === 1);
      assert.ok(sendBytes(b, sent, received[0]!.from));
      await fixture.until(() => answers.length === 1);
      assert.deepEqual(received.pop()?.bytes, sent);
      assert.deepEqual(answers.pop()?.bytes, sent);
    }
    assert.equal(a.counters.datagramsSent, 9);
    assert.equal(b.counters.datagramsReceived, 9);
    assert.equal(b.counters.bytesReceived, a.counters.bytesSent);
  });
});

Deno.test("relayed: reaches one server, whatever name it is given, and nobody else", async () => {
  const fixture = relayedFixture();
  await withPair(fixture, async (a, b, received) => {
    for (const name of ["play.example.org", "192.0.2.1", "100::7"]) {
      assert.deepEqual(await a.resolve(name, 9_999), [b.localAddress]);
    }
    await assert.rejects(a.resolve("play.example.org", 0), RangeError);
    for (const to of [{ hostname: "192.0.2.1", port: 9_999 }, { hostname: "100::8", port: 1 }]) {
      sendBytes(a, new Uint8Array([1]), to);
      sendBytes(b, new Uint8Array([1]), { hostname: "100::8", port: 1 });
    }
    sendBytes(a, new Uint8Array([2]), b.localAddress);
    await fixture.until(() => received.length === 1);
    assert.equal(received[0]!.bytes[0], 2);
    assert.deepEqual([a, b].map((pipe: DatagramPipe) => pipe.counters.sendErrors), [2, 2]);
  });
});
