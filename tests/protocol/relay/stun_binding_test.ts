import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import * as fc from "fast-check";
import {
  isStunBinding,
  MAX_STUN_ANSWER_BYTES,
  STUN_ANSWERS_PER_SECOND,
  STUN_ANSWERS_PER_SECOND_PER_ADDRESS,
  StunResponder,
  writeStunAnswer,
} from "../../../protocol/relay/stun_binding.ts";

/** RFC 5769, section 2.1: a request of ICE, with a fingerprint. */
const RFC_5769_REQUEST = Uint8Array.fromHex(
  "000100582112a442b7e7a701bc34d686fa87dfae" +
    "802200105354554e207465737420636c69656e74" +
    "002400046e0001ff" + "80290008932ff9b151263b36" +
    "000600096576746a3a68367659202020" +
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2" + "80280004e57a3bcf",
);
/** RFC 5769, sections 2.2 and 2.3: where its client is seen, as the answers say it. */
const MAPPED_V4 = "002000080001a147e112a643";
const MAPPED_V6 = "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9";
const V4 = { hostname: "192.0.2.1", port: 32_853 };
const V6 = { hostname: "2001:db8:1234:5678:11:2233:4455:6677", port: 32_853 };
const TRANSACTION = "b7e7a701bc34d686fa87dfae";

function request(attributes = ""): Uint8Array {
  const bytes = (attributes.length / 2).toString(16).padStart(4, "0");
  return Uint8Array.fromHex(`0001${bytes}2112a442${TRANSACTION}${attributes}`);
}

function answerTo(bytes: Uint8Array, from = V4): string {
  const into = new Uint8Array(MAX_STUN_ANSWER_BYTES).fill(0xee);
  return into.subarray(0, writeStunAnswer(bytes, from, into)).toHex();
}

Deno.test("the plainest request is told its address", () => {
  assert.equal(answerTo(request()), `0101000c2112a442${TRANSACTION}${MAPPED_V4}`);
  assert.equal(answerTo(request(), V6), `010100182112a442${TRANSACTION}${MAPPED_V6}`);
});

Deno.test("an IPv4 address that a socket of both families reports is an IPv4 address", () => {
  const from = { hostname: "::ffff:192.0.2.1", port: 32_853 };
  assert.equal(answerTo(request(), from), answerTo(request(), V4));
});

Deno.test("the request of RFC 5769 is answered with a fingerprint that is right", () => {
  assert.equal(isStunBinding(RFC_5769_REQUEST), true);
  const answer = answerTo(RFC_5769_REQUEST);
  assert.equal(answer.slice(0, -16), `010100142112a442${TRANSACTION}${MAPPED_V4}`);
  assert.equal(answer.slice(-16, -8), "80280004");
  const covered = Uint8Array.fromHex(answer.slice(0, -16));
  const fingerprint = (crc32(covered) ^ 0x5354_554e) >>> 0;
  assert.equal(answer.slice(-8), fingerprint.toString(16).padStart(8, "0"));
});

Deno.test("a request with one wrong bit is never taken for one with a right fingerprint", () => {
  for (let bit = 20 * 8; bit < RFC_5769_REQUEST.byteLength * 8; bit++) {
    const bytes = RFC_5769_REQUEST.slice();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(answerTo(bytes).includes("80280004"), false, `bit ${bit}`);
  }
  const wrong = RFC_5769_REQUEST.slice();
  wrong[30]! ^= 1;
  assert.equal(answerTo(wrong), "");
});

Deno.test("attributes that have to be understood and are not are named in an error 420", () => {
  // CHANGE-REQUEST (RFC 5780) and one that nobody has; 0x8fff may be ignored.
  const attributes = "0003000400000006" + "7abc0000" + "8fff0000";
  assert.equal(
    answerTo(request(attributes)),
    `011100102112a442${TRANSACTION}` + "0009000400000414" + "000a000400037abc",
  );
});

Deno.test("an error names eight attributes and no more, and fits", () => {
  const attributes = Array.from(
    { length: 20 },
    (_, i) => `7a${i.toString(16).padStart(2, "0")}0000`,
  );
  const answer = answerTo(request(attributes.join("")));
  assert.equal(answer.length / 2, 20 + 8 + 4 + 16);
});

Deno.test("padding makes a request as large as its answer", () => {
  assert.equal(answerTo(request("002600080000000000000000")).length / 2, 32);
});

Deno.test("what is no Binding request is none", () => {
  const good = request();
  assert.equal(isStunBinding(good), true);
  assert.equal(isStunBinding(good.subarray(0, 19)), false);
  assert.equal(isStunBinding(new Uint8Array([...good, 0, 0, 0, 0])), false);
  assert.equal(isStunBinding(request("002600020000")), false);
  const changed = (at: number): Uint8Array => good.with(at, good[at]! ^ 1);
  for (const at of [0, 1, 2, 3, 4, 5, 6, 7]) {
    assert.equal(isStunBinding(changed(at)), false, `${at}`);
  }
  assert.equal(isStunBinding(new Uint8Array(1_232)), false);
});

Deno.test("attributes beyond the end, or after the fingerprint, are not answered", () => {
  assert.equal(answerTo(request("80220005")), "");
  const twice = new Uint8Array([...RFC_5769_REQUEST, ...RFC_5769_REQUEST.subarray(-8)]);
  twice[3]! += 8;
  assert.equal(answerTo(twice), "");
});

Deno.test("no bytes make it throw or answer more than it says", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
    const bytes = new Uint8Array(20 + (body.byteLength & ~3));
    bytes.set(request().subarray(0, 20));
    bytes.set(body.subarray(0, bytes.byteLength - 20), 20);
    new DataView(bytes.buffer).setUint16(2, bytes.byteLength - 20);
    const into = new Uint8Array(MAX_STUN_ANSWER_BYTES);
    assert.ok(writeStunAnswer(bytes, V6, into) <= MAX_STUN_ANSWER_BYTES);
  }));
});

Deno.test("answers are limited per address and in all", () => {
  const responder = new StunResponder(0);
  const into = new Uint8Array(MAX_STUN_ANSWER_BYTES);
  const ask = (hostname: string, nowMs: number): boolean =>
    responder.answer(request(), { hostname, port: 1 }, into, nowMs) > 0;
  let answered = 0;
  for (let i = 0; i < 50; i++) if (ask("192.0.2.1", 0)) answered++;
  assert.equal(answered, STUN_ANSWERS_PER_SECOND_PER_ADDRESS);
  const before = answered;
  for (let i = 0; i < 1_000; i++) if (ask(`198.51.${i >> 8}.${i & 255}`, 0)) answered++;
  // The forty beyond the first address's rate have had their share of the total.
  assert.equal(answered - before, STUN_ANSWERS_PER_SECOND - 50);
  assert.equal(ask("192.0.2.1", 1_000), true);
  assert.equal(responder.answer(new Uint8Array(20), V4, into, 1_000), 0);
  assert.deepEqual(responder.counters, {
    answered: answered + 1,
    malformed: 1,
    limited: 1_050 - answered,
  });
});
