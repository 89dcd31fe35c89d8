import assert from "node:assert/strict";
import { InboundBudget } from "../../protocol/inbound_budget.ts";
import { DEFAULT_SESSION_LIMITS } from "../../protocol/limits.ts";

function budget(packetsPerSecond: number, bytesPerSecond: number): InboundBudget {
  return new InboundBudget({ ...DEFAULT_SESSION_LIMITS, packetsPerSecond, bytesPerSecond }, 0);
}

/** Packets of a size that are let through at one moment. */
function letThrough(b: InboundBudget, sizeBytes: number, nowMs: number): number {
  let count = 0;
  for (; b.hasRoom(nowMs) && count < 1e6; count++) b.spend(sizeBytes, nowMs);
  return count;
}

Deno.test("a second's worth of packets passes at once, then packets at the rate", () => {
  const b = budget(500, 1e9);
  assert.equal(letThrough(b, 40, 0), 500);
  assert.equal(letThrough(b, 40, 100), 50);
});

Deno.test("a second's worth of bytes passes at once, and the packet that exceeds it", () => {
  const b = budget(1e9, 10_000);
  assert.equal(letThrough(b, 1_000, 0), 10);
  assert.equal(letThrough(b, 1_000, 1), 1, "ten bytes are worth a look at one more packet");
  assert.equal(letThrough(b, 1_000, 50), 0, "which is a debt");
});

Deno.test("asking costs nothing: only authentic packets are spent", () => {
  const b = budget(10, 1e9);
  for (let i = 0; i < 1_000; i++) assert.equal(b.hasRoom(0), true);
});
