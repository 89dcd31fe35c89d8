import assert from "node:assert/strict";
import { GuessLimiter } from "../../../server/rooms/guess_limiter.ts";
import { drawRoomCode, normalizeRoomCode } from "../../../server/rooms/room_codes.ts";

Deno.test("codes are drawn fairly, and never one that is taken", () => {
  const drawn = [255, 240, 0, 1, 19, 20, 239, 2, 3, 3, 3, 3];
  const random = (into: Uint8Array): void => into.set(drawn);
  assert.equal(drawRoomCode(random, () => false), "34Y3Y6");
  let next = 0;
  const counting = (into: Uint8Array): void => void into.fill(next++);
  assert.equal(drawRoomCode(counting, (code) => code.startsWith("3")), "444444");
});

Deno.test("what people type around a code does not matter, anything else is no code", () => {
  assert.equal(normalizeRoomCode(" cdf-g 37 "), "CDFG37");
  for (const text of ["", "CDFG3", "CDFG377", "CDFG30", "CDFGA3", "ＣＤＦＧ３７"]) {
    assert.equal(normalizeRoomCode(text), undefined, text);
  }
});

Deno.test("wrong codes of one source make it wait, and only it", () => {
  const limiter = new GuessLimiter(0);
  for (let i = 0; i < 10; i++) {
    assert.equal(limiter.waitMs("203.0.113.1", 0), 0);
    limiter.onWrong("203.0.113.1", 0);
  }
  assert.equal(limiter.waitMs("203.0.113.1", 0), 5_000);
  assert.equal(limiter.waitMs("203.0.113.1", 4_000), 1_000);
  assert.equal(limiter.waitMs("203.0.113.2", 0), 0);
  // A /64 is one source.
  for (let i = 0; i < 10; i++) limiter.onWrong(`2001:db8::${i + 1}`, 0);
  assert.equal(limiter.waitMs("2001:db8::ffff", 0), 5_000);
  assert.equal(limiter.waitMs("2001:db8:0:1::1", 0), 0);
});

Deno.test("wrong codes of everybody together are limited too, and memory is bounded", () => {
  const limiter = new GuessLimiter(0);
  for (let i = 0; i < 400; i++) limiter.onWrong(`10.0.${i >> 8}.${i & 255}`, 0);
  assert.equal(limiter.waitMs("203.0.113.1", 0), 50);
  for (let i = 0; i < 10_000; i++) limiter.onWrong(`10.1.${i >> 8}.${i & 255}`, 60_000);
  assert.equal(limiter.size, 4_096);
});
