import assert from "node:assert/strict";
import fc from "fast-check";
import { MIN_PART_BYTES } from "../../protocol/frames.ts";
import { MessagePool } from "../../protocol/message_pool.ts";
import {
  type IncomingPart,
  PartVerdict,
  Reassembler,
  UNRELIABLE_REASSEMBLY_TIMEOUT_MS,
} from "../../protocol/reassembler.ts";
import { Random } from "../../transport/random.ts";

const { accept, duplicate, noRoom, drop, violation } = PartVerdict;
const PART_BYTES = 300;

function partOf(key: number, part: number, changes: Partial<IncomingPart> = {}): IncomingPart {
  const partCount = changes.partCount ?? 3;
  const sizeBytes = part === partCount - 1 ? 100 : PART_BYTES;
  return { key, part, partCount, sizeBytes, maxMessageBytes: 20_000, isReliable: true, ...changes };
}

class Bench {
  readonly pool = new MessagePool();
  readonly reassembler: Reassembler;
  readonly #bytes = new Uint8Array(2_000);

  constructor(maxContexts = 64, maxBytes = 1_048_576) {
    this.reassembler = new Reassembler(maxContexts, maxBytes);
  }

  /** Judges and takes one part in a packet of its own. */
  offer(incoming: IncomingPart, nowMs = 0): number {
    this.reassembler.beginPacket();
    const verdict = this.reassembler.judge(incoming);
    if (verdict === accept) this.take(incoming, nowMs);
    return verdict;
  }

  take(incoming: IncomingPart, nowMs = 0): Uint8Array | undefined {
    this.#bytes.fill(incoming.part + 1);
    const whole = this.reassembler.add(incoming, this.#bytes, 7, this.pool, nowMs);
    if (whole === undefined) return undefined;
    const bytes = whole.bytes.slice(0, whole.sizeBytes);
    this.pool.release(whole);
    return bytes;
  }
}

Deno.test("a message is whole when its last missing part comes, whichever it is", () => {
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]]) {
    const b = new Bench();
    const results = order.map((part) => b.take(partOf(1, part)));
    assert.deepEqual(results.slice(0, 2), [undefined, undefined]);
    const whole = results[2]!;
    assert.equal(whole.byteLength, 2 * PART_BYTES + 100);
    assert.deepEqual([whole[0], whole[PART_BYTES], whole.at(-1)], [1, 2, 3]);
    assert.equal(b.reassembler.size, 0);
    assert.equal(b.reassembler.heldBytes, 0);
  }
});

Deno.test("messages of any size in any order of parts come out as they went in", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 40 }),
      fc.integer({ min: 1, max: 700 }),
      fc.nat(),
      (count, last, seed) => {
        const partBytes = Math.max(last, MIN_PART_BYTES + (seed % 500));
        const random = new Random(seed);
        const body = random.bytes((count - 1) * partBytes + last);
        const pool = new MessagePool();
        const reassembler = new Reassembler(4, 1e6);
        const order = random.shuffled(Array.from({ length: count }, (_, i) => i));
        let whole: Uint8Array | undefined;
        for (const part of order) {
          const start = part * partBytes;
          const sizeBytes = part === count - 1 ? last : partBytes;
          const incoming = partOf(9, part, { partCount: count, sizeBytes, maxMessageBytes: 1e6 });
          reassembler.beginPacket();
          assert.equal(reassembler.judge(incoming), accept);
          const message = reassembler.add(incoming, body, start, pool, 0);
          assert.equal(reassembler.judge(incoming), message === undefined ? duplicate : accept);
          if (message !== undefined) whole = message.bytes.slice(0, message.sizeBytes);
        }
        assert.deepEqual(whole, body);
      },
    ),
    { seed: 7, numRuns: 100 },
  );
});

Deno.test("a part that is here already is a duplicate and costs nothing", () => {
  const b = new Bench();
  b.offer(partOf(1, 0));
  assert.equal(b.offer(partOf(1, 0)), duplicate);
  assert.equal(b.reassembler.heldBytes, PART_BYTES);
});

Deno.test("parts that contradict each other or the channel are no honest sender's", () => {
  const b = new Bench();
  b.offer(partOf(1, 0));
  const lies: [string, IncomingPart][] = [
    ["another count", partOf(1, 1, { partCount: 4 })],
    ["another size", partOf(1, 1, { sizeBytes: PART_BYTES + 1 })],
    ["a last part larger than the others", partOf(1, 2, { sizeBytes: PART_BYTES + 1 })],
    [
      "more parts than the message can have",
      partOf(2, 0, { partCount: 80, maxMessageBytes: 20_000 }),
    ],
    ["parts that add up to too much", partOf(2, 0, { partCount: 68, sizeBytes: 300 })],
    ["65,535 parts", partOf(2, 0, { partCount: 65_535, sizeBytes: 1_100 })],
    ["17 unreliable parts", partOf(2, 0, { partCount: 17, isReliable: false })],
  ];
  for (const [what, incoming] of lies) assert.equal(b.offer(incoming), violation, what);
  assert.equal(b.reassembler.size, 1);
  b.offer(partOf(3, 2, { sizeBytes: 290 }));
  assert.equal(b.offer(partOf(3, 0, { sizeBytes: 280 })), violation, "smaller than the last");
  const tight = { partCount: 2, maxMessageBytes: 600 };
  assert.equal(b.offer(partOf(4, 1, { ...tight, sizeBytes: 301 })), accept);
  assert.equal(b.offer(partOf(4, 0, { ...tight, sizeBytes: 301 })), violation, "602 of 600 bytes");
});

Deno.test("memory is held for parts that came, never for parts that are claimed", () => {
  const b = new Bench();
  b.offer(partOf(1, 4_000, { partCount: 4_096, sizeBytes: 256, maxMessageBytes: 1_048_576 }));
  assert.equal(b.reassembler.heldBytes, 256);
});

Deno.test("beyond 64 messages or the bytes a reliable part finds no room", () => {
  const b = new Bench();
  for (let key = 0; key < 64; key++) assert.equal(b.offer(partOf(key, 0)), accept);
  assert.equal(b.offer(partOf(64, 0)), noRoom);
  assert.equal(b.offer(partOf(63, 1)), accept, "but parts of what is here do");
  const narrow = new Bench(64, 1_000);
  for (const key of [1, 2, 3]) narrow.offer(partOf(key, 0));
  assert.equal(narrow.offer(partOf(4, 0)), noRoom);
  assert.equal(narrow.offer(partOf(3, 2)), accept, "100 bytes are left");
});

Deno.test("what one packet brings must fit together: nothing that was acknowledged is thrown away", () => {
  const b = new Bench(2, 10_000);
  b.offer(partOf(1, 0));
  b.reassembler.beginPacket();
  assert.equal(b.reassembler.judge(partOf(2, 2)), accept);
  assert.equal(b.reassembler.judge(partOf(3, 2)), noRoom, "each alone would have had its place");
  b.reassembler.beginPacket();
  assert.equal(b.reassembler.judge(partOf(3, 2)), accept);
  const narrow = new Bench(9, 700);
  narrow.reassembler.beginPacket();
  assert.equal(narrow.reassembler.judge(partOf(1, 0)), accept);
  assert.equal(narrow.reassembler.judge(partOf(1, 1)), accept);
  assert.equal(narrow.reassembler.judge(partOf(2, 0)), noRoom);
});

Deno.test("unreliable messages make room for reliable ones and for newer ones of their kind, oldest first", () => {
  const unreliable = { isReliable: false };
  const b = new Bench(2);
  b.offer(partOf(1, 0, unreliable));
  b.offer(partOf(2, 0, unreliable));
  assert.equal(b.offer(partOf(3, 0)), accept);
  assert.equal(b.reassembler.expired, 1);
  assert.equal(b.offer(partOf(2, 0, unreliable)), duplicate, "the newer one is still here");
  assert.equal(b.offer(partOf(4, 0, unreliable)), accept);
  assert.equal(b.offer(partOf(5, 0)), accept);
  assert.equal(b.reassembler.size, 2);
});

Deno.test("an unreliable part that finds no room is dropped, its packet is not refused", () => {
  const b = new Bench(1);
  b.offer(partOf(1, 0));
  const late = partOf(2, 0, { isReliable: false });
  assert.equal(b.offer(late), drop);
  assert.equal(b.take(late), undefined);
  assert.equal(b.reassembler.size, 1);
});

Deno.test("unreliable messages are forgotten after a second, reliable ones never", () => {
  const b = new Bench();
  b.offer(partOf(1, 0, { isReliable: false }), 100);
  b.offer(partOf(2, 0), 100);
  b.reassembler.expire(100 + UNRELIABLE_REASSEMBLY_TIMEOUT_MS - 1);
  assert.equal(b.reassembler.size, 2);
  b.reassembler.expire(100 + UNRELIABLE_REASSEMBLY_TIMEOUT_MS);
  assert.equal(b.reassembler.size, 1);
  assert.equal(b.reassembler.expired, 1);
  b.reassembler.expire(1e9);
  assert.equal(b.reassembler.size, 1);
});

Deno.test("forget() gives back what was held", () => {
  const b = new Bench();
  b.offer(partOf(1, 0));
  b.reassembler.forget(1);
  b.reassembler.forget(1);
  assert.deepEqual([b.reassembler.size, b.reassembler.heldBytes], [0, 0]);
});
