import assert from "node:assert/strict";
import { RELAY_HEADER_BYTES, RelayFrameType } from "../../../protocol/relay/relay_frame.ts";
import { Random, seedFor } from "../../../transport/random.ts";
import { CLIENT, type Datagram, LabEnd, relayAddress, RelayLab, SERVER } from "./relay_lab.ts";

const FRAMES = 400;
const DATA_BYTE = 0xe0;

/** A lab whose wire does something to a third of all DATA frames towards one address. */
function tampered(
  relays: number,
  to: Datagram["to"],
  change: (datagram: Datagram, random: Random, past: readonly Datagram[]) => readonly Datagram[],
): { lab: RelayLab; touched: () => number } {
  const lab = RelayLab.bound({ relays });
  const random = new Random(seedFor("malice", relays));
  const past: Datagram[] = [];
  let touched = 0;
  lab.tamper = (datagram) => {
    const isTarget = datagram.to.hostname === to.hostname && datagram.bytes[0] === DATA_BYTE;
    if (!isTarget) return [datagram];
    past.push({ ...datagram, bytes: datagram.bytes.slice() });
    if (!random.chance(1 / 3)) return [datagram];
    touched++;
    return change(datagram, random, past);
  };
  return { lab, touched: () => touched };
}

function exchange(lab: RelayLab): void {
  for (let i = 0; i < FRAMES; i++) {
    lab.say(`up ${i} and more text than the tag covers, which the session's own seal guards`);
    lab.answer(`down ${i} and more text than the tag covers`);
  }
}

/** Numbers of the texts that arrived. */
function numbers(texts: readonly string[]): number[] {
  return texts.map((text) => Number(text.split(" ")[1]));
}

const TARGETS = [
  ["the second relay", relayAddress(1)],
  ["the server", SERVER],
  ["the client", CLIENT],
] as const;

for (const [name, to] of TARGETS) {
  Deno.test(`flipped bits under the tag never pass ${name}`, () => {
    const { lab, touched } = tampered(2, to, (datagram, random) => {
      const at = random.below(RELAY_HEADER_BYTES + 32);
      datagram.bytes[at]! ^= 1 << random.below(8);
      return [datagram];
    });
    exchange(lab);
    for (const texts of [lab.server.texts(), lab.client.texts()]) {
      for (const text of texts) assert.match(text, /^(up|down) \d+ and more text than the tag/);
      assert.equal(new Set(texts).size, texts.length);
    }
    const arrived = lab.server.texts().length + lab.client.texts().length;
    assert.equal(arrived, 2 * FRAMES - touched());
    assert.ok(touched() > 100);
  });

  Deno.test(`replayed frames never pass ${name} twice`, () => {
    const { lab } = tampered(2, to, (datagram, random, past) => {
      const again = random.pick(past);
      return [datagram, { ...again, bytes: again.bytes.slice() }, {
        ...datagram,
        bytes: datagram.bytes.slice(),
      }];
    });
    exchange(lab);
    for (const texts of [lab.server.texts(), lab.client.texts()]) {
      assert.deepEqual(numbers(texts), Array.from({ length: FRAMES }, (_, i) => i));
    }
  });

  Deno.test(`frames that overtake one another on the way to ${name} all arrive`, () => {
    const held: Datagram[] = [];
    const { lab } = tampered(2, to, (datagram) => {
      held.push({ ...datagram, bytes: datagram.bytes.slice() });
      return held.length > 20 ? held.splice(0).reverse() : [];
    });
    exchange(lab);
    for (const datagram of held.splice(0).reverse()) {
      lab.tamper = (one) => [one];
      lab.put(datagram);
    }
    lab.settle();
    for (const texts of [lab.server.texts(), lab.client.texts()]) {
      const sorted = numbers(texts).toSorted((a, b) => a - b);
      assert.deepEqual(sorted, Array.from({ length: FRAMES }, (_, i) => i));
    }
  });
}

Deno.test("a relay that drops frames is known by the gap that the next hop sees", () => {
  const { lab, touched } = tampered(2, relayAddress(1), () => []);
  exchange(lab);
  const [stats] = lab.cores[1]!.sessions(0);
  assert.ok(touched() > 100);
  // What was dropped towards the second relay upwards; it is the next hop of nobody downwards but the server.
  assert.ok(Math.abs(stats!.missingUp + stats!.missingDown - touched()) <= 2);
});

Deno.test("the key of one hop is worth nothing on another", () => {
  const lab = RelayLab.bound({ relays: 3 });
  const [first] = lab.cores;
  const { options } = lab.client;
  const { keyPrev } = lab.route.hops[1]!;
  const forger = new LabEnd({ ...options, key: keyPrev });
  forger.sequence = 100;
  first!.handleDatagram(forger.frame(RelayFrameType.data, 60), CLIENT, 0);
  assert.equal(first!.drops.forged, 1);
  const honest = new LabEnd(options);
  honest.sequence = 100;
  assert.notEqual(first!.forwardInPlace(honest.frame(RelayFrameType.data, 60), CLIENT, 0), 0);
});
