import assert from "node:assert/strict";
import fc from "fast-check";
import {
  completeImpairment,
  type ImpairmentOptions,
  NO_IMPAIRMENT,
} from "../../transport/impairment.ts";
import {
  formatImpairment,
  IMPAIRMENT_HELP,
  parseImpairment,
} from "../../transport/impairment_text.ts";

const GOOD: readonly (readonly [string, ImpairmentOptions])[] = [
  ["delay=80ms", { delayMs: 80 }],
  ["delay=0ms", {}],
  ["delay=1.5s", { delayMs: 1_500 }],
  ["delay=60s", { delayMs: 60_000 }],
  ["delay=250us", { delayMs: 0.25 }],
  ["delay=2e1 MS", { delayMs: 20 }],
  ["jitter=20ms", { jitterMs: 20 }],
  ["loss=5%", { loss: 0.05 }],
  ["loss=0.05", { loss: 0.05 }],
  ["loss=100%", { loss: 1 }],
  ["loss=1", { loss: 1 }],
  ["loss=0", {}],
  ["loss=0.1%", { loss: 0.001 }],
  ["burst=1%/25%", { burstEnter: 0.01, burstLeave: 0.25 }],
  ["burst=1% / 0.5 / 90%", { burstEnter: 0.01, burstLeave: 0.5, burstLoss: 0.9 }],
  ["dup=1%", { duplicate: 0.01 }],
  ["reorder=2%", { reorder: 0.02 }],
  ["reorder=2%,reorder-delay=40ms", { reorder: 0.02, reorderDelayMs: 40 }],
  ["reorder-delay=40ms,reorder=2%", { reorder: 0.02, reorderDelayMs: 40 }],
  ["rate=256KB/s", { rateBytesPerSecond: 256_000 }],
  ["rate=256KiB/s", { rateBytesPerSecond: 262_144 }],
  ["rate=2Mbit/s", { rateBytesPerSecond: 250_000 }],
  ["rate=64 kbit/s", { rateBytesPerSecond: 8_000 }],
  ["rate=8bit/s", { rateBytesPerSecond: 1 }],
  ["rate=1MB/s,queue=64KB,bucket=16KiB", {
    rateBytesPerSecond: 1e6,
    queueBytes: 64_000,
    bucketBytes: 16_384,
  }],
  ["rate=1000B/s,queue=0", { rateBytesPerSecond: 1_000, queueBytes: 0 }],
  ["mtu=1200", { mtuBytes: 1_200 }],
  ["mtu=1200B", { mtuBytes: 1_200 }],
  ["seed=7", { seed: 7 }],
  ["seed=-7", { seed: -7 }],
  [" delay = 80ms , loss = 5% ", { delayMs: 80, loss: 0.05 }],
  ["delay=80ms,jitter=20ms,loss=5%,dup=1%,reorder=2%,rate=256KB/s,queue=64KB,mtu=1200,seed=7", {
    delayMs: 80,
    jitterMs: 20,
    loss: 0.05,
    duplicate: 0.01,
    reorder: 0.02,
    rateBytesPerSecond: 256_000,
    queueBytes: 64_000,
    mtuBytes: 1_200,
    seed: 7,
  }],
];

const BAD: readonly (readonly [string, RegExp])[] = [
  ["", /unknown key ""; known keys are delay, jitter, loss, burst, dup, reorder/],
  ["los=5%", /unknown key "los"; known keys are .*seed/],
  ["Delay=5ms", /unknown key "Delay"/],
  ["toString=1", /unknown key "toString"/],
  ["__proto__=1", /unknown key "__proto__"/],
  ["delay=80ms,", /unknown key ""/],
  ["delay=80ms;loss=5%", /"delay=80ms;loss=5%": write it like delay=80ms/],
  ["delay", /"delay": write a value, such as delay=80ms/],
  ["delay=", /write it like delay=80ms/],
  ["delay=80", /write it like delay=80ms/],
  ["delay=-1ms", /write it like/],
  ["delay=ms", /write it like/],
  ["delay=0x10ms", /write it like/],
  ["delay=Infinityms", /write it like/],
  ["delay=60.001s", /"delay=60.001s".*delayMs/],
  ["delay=1e999ms", /delayMs Infinity/],
  ["loss=5", /loss 5: it must be 0 to 1/],
  ["loss=100.1%", /it must be 0 to 1/],
  ["loss=5%%", /write it like loss=5%/],
  ["burst=1%", /write it like burst=/],
  ["burst=1%/2%/3%/4%", /write it like burst=/],
  ["burst=1%//3%", /write it like burst=/],
  ["burst=1%/200%", /burstLeave 2/],
  ["rate=256KB", /write it like rate=256KB\/s/],
  ["rate=0B/s", /rateBytesPerSecond 0/],
  ["rate=1KB/s,queue=64KB/s", /write it like queue=64KB/],
  ["mtu=0", /mtuBytes 0/],
  ["mtu=65508", /mtuBytes 65508/],
  ["seed=1.5", /write it like seed=7/],
  ["seed=99999999999999999999", /seed/],
  ["loss=1%,loss=2%", /"loss" stands there twice/],
  ["queue=64KB", /"queue" does nothing without "rate"/],
  ["bucket=64KB,loss=1%", /"bucket" does nothing without "rate"/],
  ["reorder-delay=5ms", /"reorder-delay" does nothing without "reorder"/],
];

Deno.test("parseImpairment reads every key, unit and mixture", () => {
  for (const [text, expected] of GOOD) {
    assert.deepEqual(parseImpairment(text), { ...NO_IMPAIRMENT, ...expected }, text);
  }
});

Deno.test("parseImpairment says what is wrong and what would be right", () => {
  for (const [text, message] of BAD) {
    assert.throws(() => parseImpairment(text), { name: "RangeError", message }, text);
  }
});

Deno.test("parseImpairment never fails with anything but a RangeError", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "delay",
      "loss",
      "burst",
      "rate",
      "=",
      ",",
      "/",
      "%",
      "ms",
      "KB/s",
      "1",
      "-",
      ".",
    ),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece).map((pieces) => pieces.join("")), (text) => {
      try {
        parseImpairment(text);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }),
    { seed: 3, numRuns: 2_000 },
  );
});

Deno.test("formatImpairment writes what parseImpairment reads back", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const timeMs = fc.double({ min: 0, max: 60_000, noNaN: true });
  const someImpairment = fc.record({
    delayMs: timeMs,
    jitterMs: timeMs,
    loss: share,
    burstEnter: share,
    burstLeave: share,
    burstLoss: share,
    duplicate: share,
    reorder: fc.double({ min: 1e-6, max: 1, noNaN: true }),
    reorderDelayMs: timeMs,
    rateBytesPerSecond: fc.double({ min: 1, max: 1e12, noNaN: true }),
    bucketBytes: fc.integer({ min: 0, max: 1e9 }),
    queueBytes: fc.integer({ min: 0, max: 1e9 }),
    mtuBytes: fc.integer({ min: 1, max: 65_506 }),
    seed: fc.maxSafeInteger(),
  }, { requiredKeys: ["reorder", "rateBytesPerSecond", "mtuBytes"] });
  fc.assert(
    fc.property(someImpairment, (options) => {
      assert.deepEqual(parseImpairment(formatImpairment(options)), completeImpairment(options));
    }),
    { seed: 4, numRuns: 1_000 },
  );
  assert.equal(formatImpairment({}), "");
});

Deno.test("IMPAIRMENT_HELP shows an example of every key that can be read together", () => {
  const items = IMPAIRMENT_HELP.split("\n").map((line) => line.split(" ")[0]);
  assert.equal(items.length, 12);
  parseImpairment(items.join(","));
});
