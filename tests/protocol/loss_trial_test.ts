import assert from "node:assert/strict";
import { BACKOFF, LossTrial, LOSSY } from "../../protocol/loss_trial.ts";

const FLOOR = 8_000;

/** A path in numbers: what becomes of 100 packets sent at this rate. */
type Path = (sent: number) => number;

/** Feeds samples of 100 packets every second at the rate that the trial wants, up to what the game wants. */
function run(trial: LossTrial, path: Path, wanted: number, seconds: number, fromMs = 0): number[] {
  const rates: number[] = [];
  let rate = 64_000;
  for (let second = 0; second < seconds; second++) {
    const sent = Math.min(rate, wanted);
    const lost = Math.round(path(sent) * 100);
    const sample = { rate, sent, floor: FLOOR, acked: 100 - lost, lost };
    rate = Math.max(FLOOR, trial.judge(sample, fromMs + second * 1_000));
    rates.push(Math.round(rate));
  }
  return rates;
}

const full = (capacity: number): Path => (sent) => Math.max(0, 1 - capacity / sent);

Deno.test("without loss above 5 % the rate stays", () => {
  assert.deepEqual(run(new LossTrial(), () => LOSSY, 64_000, 3), [64_000, 64_000, 64_000]);
});

Deno.test("loss above 5 % takes 15 %", () => {
  assert.deepEqual(run(new LossTrial(), () => 0.06, 64_000, 1), [64_000 * BACKOFF]);
});

Deno.test("loss of a full link is ours: the rate goes down to what the link carries", () => {
  for (const capacity of [12_000, 20_000, 40_000]) {
    const rates = run(new LossTrial(), full(capacity), 200_000, 60);
    const last = rates.at(-1)!;
    assert.ok(last <= capacity * 1.1 && last >= capacity * 0.7, `${capacity}: ${rates}`);
  }
});

Deno.test("loss that does not depend on the rate is not ours: the rate comes back, and more", () => {
  for (const share of [0.08, 0.15, 0.3, 0.45]) {
    const rates = run(new LossTrial(), () => share, 200_000, 8);
    assert.ok(Math.min(...rates) >= 64_000 * BACKOFF * 0.7 - 1, `${rates}`);
    assert.ok(rates.at(-1)! > 64_000, `${share}: ${rates}`);
  }
});

Deno.test("loss above half is never put up with", () => {
  const rates = run(new LossTrial(), () => 0.6, 200_000, 60);
  assert.equal(rates.at(-1), FLOOR);
});

Deno.test("the rate is lowered no further than a trial needs while saved tokens keep the rate in use up", () => {
  const trial = new LossTrial();
  let rate = 64_000;
  for (let second = 0; second < 20; second++) {
    rate = trial.judge({ rate, sent: 24_000, floor: FLOOR, acked: 70, lost: 30 }, second * 1_000);
  }
  assert.equal(rate, 24_000 * 0.7);
});

Deno.test("a trial is over when the loss is", () => {
  const trial = new LossTrial();
  run(trial, () => 0.2, 64_000, 1);
  assert.equal(trial.isRunning, true);
  run(trial, () => 0, 64_000, 2);
  assert.equal(trial.isRunning, false);
});

Deno.test("loss that is put up with is tried again after 10 s, then 20, 40 and no more than 60 s", () => {
  const trial = new LossTrial();
  const rates = run(trial, () => 0.3, 64_000, 300);
  const returned: number[] = [];
  const fell: number[] = [];
  for (let second = 1; second < rates.length; second++) {
    const isFalling = rates[second]! < rates[second - 1]!;
    if (rates[second]! > rates[second - 1]!) returned.push(second);
    else if (isFalling && rates[second - 1]! >= rates[second - 2]!) fell.push(second);
  }
  const pauses = returned.map((second) => (fell.find((other) => other > second) ?? NaN) - second);
  assert.deepEqual(pauses.slice(0, 5), [10, 20, 40, 60, 60], `${rates}`);
});

Deno.test("a session at the floor is not stuck there once the loss is known not to be ours", () => {
  const trial = new LossTrial();
  const rates: number[] = [];
  let rate = FLOOR;
  for (let second = 0; second < 120; second++) {
    rate = Math.max(
      FLOOR,
      trial.judge({ rate, sent: rate, floor: FLOOR, acked: 70, lost: 30 }, second * 1_000),
    );
    rates.push(rate);
  }
  assert.ok(rates.at(-1)! > FLOOR * 1.5, `${rates.map(Math.round)}`);
});
