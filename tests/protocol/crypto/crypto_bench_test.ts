import assert from "node:assert/strict";
import { runCryptoBench } from "../../../bench/crypto_bench.ts";

Deno.test("the crypto benchmark measures four contenders in three operations of two sizes", async () => {
  const rows = await runCryptoBench({ rounds: 1, roundMs: 0 });
  const names = new Set(rows.map((row) => `${row.operation}, ${row.sizeBytes}, ${row.contender}`));
  assert.equal(rows.length, 24);
  assert.equal(names.size, 24, "each row is another measurement");
  for (const { contender, medianNs, ratio } of rows) {
    assert(Number.isFinite(medianNs) && medianNs >= 0);
    if (contender === "libsodium in place") assert.equal(ratio, 1);
  }
});
