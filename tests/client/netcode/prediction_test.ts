import assert from "node:assert/strict";
import { ErrorSmoothing } from "../../../client/netcode/error_smoothing.ts";
import { Prediction } from "../../../client/netcode/prediction.ts";
import { compileCodec, entity, type Infer, t } from "../../../schema/mod.ts";
import { Interpolator } from "../../../schema/sync/interpolator.ts";

const fields = { x: t.quantized(-1_000, 1_000, 1 / 64), hp: t.u8() };
const Cart = entity({ ...fields, x: fields.x.lerp({ snap: 50 }) });
const Push = t.struct({ tick: t.tick(), dx: t.int(-8, 8) });
type PushValue = Infer<typeof Push>;

function lab({ halfLifeMs = 100, dx = 1 } = {}) {
  const sent: PushValue[] = [];
  const sampled: number[] = [];
  const prediction = new Prediction<Infer<typeof Cart>, PushValue>({
    shape: Cart,
    stateCodec: compileCodec(t.struct(fields)),
    inputCodec: compileCodec(Push),
    stepSeconds: 1 / 60,
    step: (cart, push) => {
      cart.x += push.dx;
    },
    idle: { tick: 0, dx: 0 },
    sample: (tick) => {
      sampled.push(tick);
      return { tick, dx };
    },
    send: (input) => sent.push({ ...input }),
    halfLifeMs,
  });
  return { prediction, sent, sampled };
}

Deno.test("Prediction begins with the first state, and makes inputs from the tick that is due", () => {
  const { prediction, sent } = lab();
  prediction.update(0, 5);
  assert.equal(prediction.isRunning, false);
  assert.equal(prediction.reconcile(2, { x: 10, hp: 100 }), "overtaken");
  assert.deepEqual(prediction.drawn, { x: 10, hp: 100 });
  prediction.update(16, 6.5);
  assert.deepEqual(sent, [{ tick: 6, dx: 1 }], "3 to 5 were due before");
  assert.equal(prediction.tick, 6);
  assert.deepEqual(prediction.state, { x: 11, hp: 100 });
  assert.equal(prediction.drawn.x, 10.5, "half way between two ticks");
});

Deno.test("Prediction: a stall runs without inputs but for the last eight ticks", () => {
  const { prediction, sampled } = lab();
  prediction.reconcile(0, { x: 0, hp: 1 });
  prediction.update(0, 1);
  prediction.update(5_000, 301);
  assert.deepEqual(sampled, [1, 294, 295, 296, 297, 298, 299, 300, 301]);
  assert.equal(prediction.tick, 301);
  prediction.update(5_016, 300.5);
  assert.equal(sampled.length, 9, "a clock that waits runs nothing twice");
});

Deno.test("Prediction: a correction is not seen at once, half of it after a half-life, in the end all of it", () => {
  const { prediction } = lab({ dx: 0 });
  prediction.reconcile(0, { x: 0, hp: 9 });
  prediction.update(0, 10);
  assert.equal(prediction.reconcile(5, { x: 8, hp: 5 }), "corrected");
  assert.equal(prediction.drawn.x, 0);
  assert.equal(prediction.drawn.hp, 5, "what does not move is right at once");
  assert.equal(prediction.lastError, 8);
  prediction.update(100, 10);
  assert.ok(Math.abs(prediction.drawn.x - 4) < 1e-9);
  prediction.update(200, 10);
  assert.ok(Math.abs(prediction.drawn.x - 6) < 1e-9);
  assert.ok(Math.abs(prediction.shownError - 2) < 1e-9);
  prediction.update(5_000, 10);
  assert.equal(prediction.drawn.x, 8);
  assert.equal(prediction.shownError, 0);
  assert.equal(prediction.reconcile(6, { x: 8, hp: 5 }), "matched");
  assert.equal(prediction.lastError, 0);
  assert.equal(prediction.largestError, 8);
});

Deno.test("Prediction: a second correction goes on from what is seen", () => {
  const { prediction } = lab({ dx: 0 });
  prediction.reconcile(0, { x: 0, hp: 9 });
  prediction.update(0, 10);
  prediction.reconcile(5, { x: 8, hp: 9 });
  prediction.update(100, 10);
  prediction.reconcile(6, { x: 20, hp: 9 });
  assert.ok(Math.abs(prediction.drawn.x - 4) < 1e-9);
});

Deno.test("Prediction: a teleport and a half-life of 0 are seen at once", () => {
  const { prediction } = lab({ dx: 0 });
  prediction.reconcile(0, { x: 0, hp: 9 });
  prediction.update(0, 10);
  prediction.reconcile(5, { x: 51, hp: 9 });
  assert.equal(prediction.drawn.x, 51);
  const { prediction: blunt } = lab({ dx: 0, halfLifeMs: 0 });
  blunt.reconcile(0, { x: 0, hp: 9 });
  blunt.update(0, 10);
  blunt.reconcile(5, { x: 8, hp: 9 });
  assert.equal(blunt.drawn.x, 8);
});

Deno.test("Prediction stops and begins anew", () => {
  const { prediction, sampled } = lab();
  prediction.reconcile(0, { x: 0, hp: 9 });
  prediction.update(0, 3);
  prediction.stop();
  assert.equal(prediction.isRunning, false);
  const { length } = sampled;
  prediction.update(16, 4);
  assert.equal(sampled.length, length);
  prediction.reconcile(3, { x: 100, hp: 9 });
  prediction.update(33, 5);
  assert.deepEqual(prediction.state, { x: 101, hp: 9 });
});

Deno.test("ErrorSmoothing: a clock that is set back does not let a difference grow", () => {
  const interpolator = new Interpolator(Cart);
  const smoothing = new ErrorSmoothing(interpolator, 100);
  smoothing.begin({ x: 8, hp: 0 }, { x: 0, hp: 0 }, 1_000);
  const shown = interpolator.create();
  smoothing.apply(shown, 500);
  assert.equal(shown.x, 8);
  for (const halfLifeMs of [-1, NaN, Infinity]) {
    assert.throws(() => new ErrorSmoothing(interpolator, halfLifeMs), RangeError);
  }
});
