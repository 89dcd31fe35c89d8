import assert from "node:assert/strict";
import { Refusal } from "../../schema/mod.ts";
import { fuzzSchemaReaders } from "./schema_readers.ts";

Deno.test("no bytes make a schema reader throw, disagree with the other, or accept a second encoding", () => {
  const { accepted, refused } = fuzzSchemaReaders({ seed: 20261121, iterations: 60_000 });
  assert.ok(accepted > 1_000, `${accepted} accepted`);
  const byTable: readonly number[] = [Refusal.unknownMessage, Refusal.direction];
  for (const [name, reason] of Object.entries(Refusal)) {
    if (byTable.includes(reason)) continue;
    assert.ok((refused.get(reason) ?? 0) > 0, `nothing was refused for ${name}`);
  }
});
