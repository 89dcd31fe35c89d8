import assert from "node:assert/strict";
import { FailureLimiter } from "../../transport/report_failure.ts";

/** What a limiter says to failures at these times. */
function said(timesMs: readonly number[]): number[] {
  const limiter = new FailureLimiter();
  return timesMs.map((atMs) => limiter.admit(atMs));
}

Deno.test("FailureLimiter tells the first ten failures of a burst, then one a second with what it left out", () => {
  const burst = Array.from({ length: 101 }, (_, i) => i * 30);
  const answers = said(burst);
  assert.deepEqual(answers.slice(0, 10), new Array(10).fill(0));
  const later = burst.map((atMs, i) => [atMs, answers[i]!] as const).slice(10);
  assert.deepEqual(later.filter(([, answer]) => answer >= 0), [[1_290, 33], [2_310, 33]]);
});

Deno.test("FailureLimiter starts again after a second of peace", () => {
  const first = new Array(12).fill(0);
  assert.deepEqual(said([...first, 999.9, 2_000, 2_000]).slice(9), [0, -1, -1, -1, 3, 0]);
});
