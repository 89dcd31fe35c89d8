import assert from "node:assert/strict";
import { Closing, encodeCloseReason } from "../../protocol/closing.ts";
import { CloseCode, closeCodeName } from "../../protocol/close_code.ts";

const NOTHING = new Uint8Array(0);

/** Times at which CLOSE leaves while `onTick` happens every 10 ms. */
function times(closing: Closing, onTick: (nowMs: number) => void = () => {}): number[] {
  const sent: number[] = [];
  for (let nowMs = 0; !closing.isOver(nowMs); nowMs += 10) {
    onTick(nowMs);
    if (!closing.isDue(nowMs)) continue;
    sent.push(nowMs);
    closing.onSent(100, nowMs);
    assert.equal(closing.deadlineMs, nowMs + 100);
  }
  return sent;
}

Deno.test("CLOSE leaves three times, a probe timeout apart, and has one more to be answered", () => {
  const closing = new Closing(7, NOTHING, 0);
  assert.deepEqual(times(closing), [0, 100, 200]);
  assert.equal(closing.isOver(290), false);
  assert.equal(closing.isOver(300), true);
});

Deno.test("the answer to a CLOSE leaves once", () => {
  assert.deepEqual(times(new Closing(7, NOTHING, 0, 1)), [0]);
});

Deno.test("a peer that goes on talking hears CLOSE again, every 50 ms and eight times at most", () => {
  const closing = new Closing(7, NOTHING, 0);
  const sent = times(closing, (nowMs) => closing.onPeerTalks(nowMs));
  assert.equal(sent.length, 3 + 8);
  for (let i = 1; i < sent.length; i++) assert.ok(sent[i]! - sent[i - 1]! >= 50, `${sent}`);
});

Deno.test("packets that were under way when CLOSE left ask for nothing", () => {
  const closing = new Closing(7, NOTHING, 0, 1);
  closing.onPeerTalks(0);
  closing.onSent(100, 0);
  closing.onPeerTalks(49);
  assert.equal(closing.isDue(49), false);
  closing.onPeerTalks(50);
  assert.equal(closing.isDue(50), true);
});

Deno.test("a reason is cut to 200 bytes without splitting a character", () => {
  assert.equal(new TextDecoder().decode(encodeCloseReason("bye")), "bye");
  assert.equal(encodeCloseReason("x".repeat(300)).byteLength, 200);
  const euros = encodeCloseReason("€".repeat(100));
  assert.equal(euros.byteLength, 198);
  assert.equal(new TextDecoder("utf-8", { fatal: true }).decode(euros), "€".repeat(66));
  assert.equal(encodeCloseReason("").byteLength, 0);
});

Deno.test("close codes have names", () => {
  assert.equal(closeCodeName(CloseCode.kicked), "kicked");
  assert.equal(closeCodeName(1_000), "application");
  assert.equal(closeCodeName(999), "unknown");
});
