import fc from "fast-check";
import { DELIVERIES } from "../../schema/mod.ts";
import { playScript, type ScriptEnd, type ScriptStep } from "../fixtures/session_script.ts";

const by = fc.constantFrom("client" as const, "server" as const);
const share = (most: number): fc.Arbitrary<number> =>
  fc.oneof(fc.constant(0), fc.integer({ min: 1, max: most * 100 }).map((percent) => percent / 100));

const send = fc.record({
  kind: fc.constant("send" as const),
  by,
  delivery: fc.nat(DELIVERIES.length - 1),
  count: fc.integer({ min: 1, max: 40 }),
});
const wait = fc.record({
  kind: fc.constant("wait" as const),
  ms: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 60, max: 1_500 })),
});
const network = fc.record({
  kind: fc.constant("network" as const),
  loss: share(0.4),
  duplicate: share(0.3),
  hold: share(0.4),
  damage: share(0.1),
});

const step: fc.Arbitrary<ScriptStep> = fc.oneof(
  { weight: 8, arbitrary: send },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("flush" as const), by }) },
  { weight: 6, arbitrary: wait },
  { weight: 3, arbitrary: network },
  { weight: 1, arbitrary: fc.constant({ kind: "rebind" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("pause" as const), by, isPaused: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("blackout" as const),
      ms: fc.integer({ min: 100, max: 15_000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("replay" as const),
      count: fc.integer({ min: 1, max: 50 }),
    }),
  },
);

const end: fc.Arbitrary<ScriptEnd> = fc.constantFrom(
  "drain",
  "drain",
  "close client",
  "close server",
  "close both",
  "linger client",
);

Deno.test("whatever two ends do and the network does to them, every promise of every delivery holds", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.array(step, { maxLength: 60, size: "max" }),
      end,
      (seed, steps, how) => {
        playScript(seed, steps, how);
      },
    ),
    { seed: 4, numRuns: 100 },
  );
});
