import assert from "node:assert/strict";
import fc from "fast-check";
import { Predictor, type StepContext } from "../../../client/netcode/predictor.ts";
import { compileCodec, type Infer, t } from "../../../schema/mod.ts";

const Cart = t.struct({ x: t.quantized(-1_000, 1_000, 1 / 64), v: t.quantized(-8, 8, 1 / 64) });
const Push = t.struct({ force: t.quantized(-1, 1, 1 / 8) });
type CartValue = Infer<typeof Cart>;
type PushValue = Infer<typeof Push>;

const stateCodec = compileCodec(Cart);
const inputCodec = compileCodec(Push);
const IDLE = { force: 0 };

function step(
  cart: CartValue,
  { force }: PushValue,
  { stepSeconds }: { stepSeconds: number },
): void {
  cart.v = Math.min(8, Math.max(-8, cart.v * 0.97 + force));
  cart.x = Math.min(1_000, Math.max(-1_000, cart.x + cart.v * stepSeconds));
}

function predictor(options: { historyTicks?: number; seen?: StepContext[] } = {}) {
  const { seen, ...rest } = options;
  return new Predictor<CartValue, PushValue>({
    stateCodec,
    inputCodec,
    stepSeconds: 1 / 60,
    step: (cart, push, context) => {
      seen?.push({ ...context });
      step(cart, push, context);
    },
    ...rest,
  });
}

/** What a server makes of these inputs, each state rounded as it travels. */
function serverStates(start: CartValue, inputs: readonly PushValue[]): CartValue[] {
  const states = [rounded(start)];
  for (const input of inputs) {
    const next = { ...states.at(-1)! };
    step(next, inputCodec.decode(inputCodec.encode(input))!, { stepSeconds: 1 / 60 });
    states.push(rounded(next));
  }
  return states;
}

function rounded(cart: CartValue): CartValue {
  return stateCodec.decode(stateCodec.encode(cart))!;
}

const START = { x: 0, v: 0 };

Deno.test("Predictor: the same inputs give the server's states to the bit", () => {
  const force = fc.double({ min: -1, max: 1, noNaN: true });
  fc.assert(fc.property(fc.array(fc.record({ force }), { maxLength: 100 }), (inputs) => {
    const own = predictor();
    own.start(7, START);
    const states = serverStates(START, inputs);
    inputs.forEach((input, i) => {
      own.advance(input);
      assert.deepEqual(own.state, states[i + 1]);
      assert.deepEqual(own.previous, states[i]);
      assert.equal(own.reconcile(8 + i, states[i + 1]!), "matched");
    });
    assert.equal(own.corrections, 0);
  }));
});

Deno.test("Predictor: what the server saw otherwise is run again from there", () => {
  const inputs = Array.from({ length: 20 }, (_, i) => ({ force: i % 3 / 4 }));
  const seen: StepContext[] = [];
  const own = predictor({ seen });
  own.start(0, START);
  for (const input of inputs) own.advance(input);
  // The server was hit by a gust in tick 5 of which the client knew nothing.
  const states = serverStates(START, inputs.slice(0, 5));
  const gust = { x: states[5]!.x + 3, v: -2 };
  assert.equal(own.reconcile(5, gust), "corrected");
  const after = serverStates(gust, inputs.slice(5));
  assert.deepEqual(own.state, after.at(-1));
  assert.deepEqual(own.previous, after.at(-2));
  assert.equal(own.tick, 20);
  assert.equal(own.replayedTicks, 15);
  assert.deepEqual(
    seen.slice(20).map(({ tick, isReplay }) => [tick, isReplay]),
    Array.from({ length: 15 }, (_, i) => [6 + i, true]),
  );
  assert.ok(seen.slice(0, 20).every(({ isReplay }) => !isReplay));
  for (let i = 1; i < after.length; i++) {
    assert.equal(own.reconcile(5 + i, after[i]!), "matched", `tick ${5 + i}`);
  }
});

Deno.test("Predictor: states out of order, twice, too old or of the future", () => {
  const own = predictor({ historyTicks: 8 });
  assert.equal(own.reconcile(3, START), "ignored", "nothing is predicted yet");
  own.start(10, START);
  for (let i = 0; i < 20; i++) own.advance(IDLE);
  assert.equal(own.reconcile(22, START), "ignored", "no longer kept");
  assert.equal(own.reconcile(23, START), "matched");
  assert.equal(own.reconcile(23, { x: 9, v: 0 }), "ignored", "twice");
  assert.equal(own.reconcile(25, { x: 1, v: 0 }), "corrected");
  assert.equal(own.reconcile(24, { x: 9, v: 0 }), "ignored", "older than what is known");
  assert.equal(own.state.x, 1);
  assert.equal(own.reconcile(50, { x: 5, v: 0 }), "overtaken");
  assert.equal(own.tick, 50);
  assert.deepEqual(own.state, { x: 5, v: 0 });
});

Deno.test("Predictor returns inputs as the server reads them", () => {
  const own = predictor();
  own.start(0, START);
  assert.deepEqual(own.advance({ force: 0.3 }), { force: 0.25 });
  assert.throws(() => own.advance({ force: 3 }), RangeError);
});

Deno.test("Predictor: a caller's mistakes throw", () => {
  const own = predictor();
  assert.throws(() => own.advance(IDLE), { name: "TypeError", message: /no state to begin from/ });
  for (const tick of [-1, 0.5, NaN]) assert.throws(() => own.start(tick, START), RangeError);
  assert.throws(() => own.start(0, { x: 1e6, v: 0 }), RangeError);
  for (const historyTicks of [1, 2.5, 5_000]) {
    assert.throws(() => predictor({ historyTicks }), RangeError);
  }
  own.start(0, START);
  own.stop();
  assert.equal(own.tick, -1);
});

Deno.test("Predictor: any states of the server in any order end as the newest one, run on", () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant("advance" as const), force: fc.integer({ min: -8, max: 8 }) }),
    fc.record({
      kind: fc.constant("state" as const),
      behind: fc.integer({ min: -3, max: 40 }),
      x: fc.integer({ min: -50, max: 50 }),
    }),
  );
  fc.assert(fc.property(fc.array(event, { maxLength: 150 }), (events) => {
    const own = predictor({ historyTicks: 32 });
    own.start(100, START);
    let base = { tick: 100, state: START as CartValue };
    let inputs = new Map<number, PushValue>();
    for (const item of events) {
      if (item.kind === "advance") {
        own.advance({ force: item.force / 8 });
        inputs.set(own.tick, { force: item.force / 8 });
        continue;
      }
      const tick = own.tick - item.behind;
      const state = { x: item.x, v: 1 };
      const result = own.reconcile(tick, state);
      const isNews = tick > base.tick && tick > own.tick - 32;
      assert.equal(result === "ignored", !isNews, `${result} at ${tick}`);
      if (isNews) base = { tick, state };
      if (result === "overtaken") inputs = new Map();
    }
    const since: PushValue[] = [];
    for (let tick = base.tick + 1; tick <= own.tick; tick++) since.push(inputs.get(tick)!);
    assert.deepEqual(own.state, serverStates(base.state, since).at(-1));
  }));
});
