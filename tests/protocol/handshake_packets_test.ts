import assert from "node:assert/strict";
import {
  acceptPrologue,
  buildAccept,
  buildQuery,
  buildQueryReply,
  buildReset,
  buildRetry,
  buildVersion,
  HELLO_BYTES,
  HELLO_NOISE_OFFSET,
  MAX_ACCEPT_BYTES,
  MAX_HELLO_NOISE_BYTES,
  parseAccept,
  parseHello,
  parseQuery,
  parseQueryReply,
  parseReset,
  parseRetry,
  parseVersion,
  QUERY_BYTES,
  RESET_BYTES,
  RETRY_BYTES,
  writeHelloBody,
  writeHelloPrologue,
} from "../../protocol/handshake_packets.ts";
import { Random } from "../../transport/random.ts";

const random = new Random(1);
const CID = 0xfedc_ba98;
const APP = random.bytes(8);
const COOKIE = random.bytes(20);

function hello(noiseBytes: number): Uint8Array {
  const bytes = new Uint8Array(HELLO_BYTES);
  writeHelloPrologue(bytes, 1, APP, CID);
  writeHelloBody(bytes, COOKIE, new Uint8Array(noiseBytes).fill(7));
  return bytes;
}

/** Changes one byte. */
function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}

Deno.test("HELLO is read back as it was written, from any place in memory", () => {
  const memory = new Uint8Array(3_000);
  memory.set(hello(100), 333);
  const fields = parseHello(memory.subarray(333, 333 + HELLO_BYTES))!;
  assert.equal(fields.pattern, 1);
  assert.deepEqual(fields.appId, APP);
  assert.equal(fields.clientConnectionId, CID);
  assert.deepEqual(fields.cookie, COOKIE);
  assert.deepEqual([...fields.noise], new Array(100).fill(7));
});

Deno.test("HELLO has 1,200 bytes, no more and no less, and a Noise message that fits", () => {
  assert.ok(parseHello(hello(48)));
  assert.ok(parseHello(hello(MAX_HELLO_NOISE_BYTES)));
  assert.equal(parseHello(hello(48).subarray(0, 1_199)), undefined);
  assert.equal(parseHello(new Uint8Array([...hello(48), 0])), undefined);
  assert.equal(parseHello(changed(hello(48), HELLO_NOISE_OFFSET - 2, 47)), undefined);
  assert.equal(parseHello(changed(hello(48), HELLO_NOISE_OFFSET - 1, 0xff)), undefined);
  assert.equal(parseHello(changed(hello(48), 2, 2)), undefined, "an unknown pattern");
});

Deno.test("RETRY is read by the attempt that it answers only", () => {
  const retry = buildRetry(CID, COOKIE);
  assert.equal(retry.byteLength, RETRY_BYTES);
  assert.deepEqual(parseRetry(retry, CID), COOKIE);
  assert.equal(parseRetry(retry, CID + 1), undefined);
  assert.equal(parseRetry(retry.subarray(0, 25), CID), undefined);
  assert.equal(parseRetry(changed(retry, 1, 2), CID), undefined, "another wire version");
});

Deno.test("ACCEPT is read by the attempt that it answers only, up to 240 bytes", () => {
  const accept = buildAccept(acceptPrologue(CID), new Uint8Array(60).fill(3));
  assert.deepEqual([...parseAccept(accept, CID)!], new Array(60).fill(3));
  assert.equal(parseAccept(accept, CID ^ 1), undefined);
  assert.equal(parseAccept(accept.subarray(0, 53), CID), undefined);
  const largest = buildAccept(acceptPrologue(CID), new Uint8Array(MAX_ACCEPT_BYTES - 6));
  assert.ok(parseAccept(largest, CID));
  assert.equal(parseAccept(new Uint8Array([...largest, 0]), CID), undefined);
});

Deno.test("VERSION is read by the attempt that it answers only, with a list of its own length", () => {
  const version = buildVersion(CID);
  assert.deepEqual([...parseVersion(version, CID)!], [1]);
  assert.equal(parseVersion(version, CID ^ 1), undefined);
  assert.equal(parseVersion(version.subarray(0, 6), CID), undefined);
  assert.equal(parseVersion(changed(version, 5, 2), CID), undefined);
  const many = new Uint8Array([...changed(version, 5, 3), 2, 3]);
  assert.deepEqual([...parseVersion(many, CID)!], [1, 2, 3]);
});

Deno.test("RESET has its size and shows its token", () => {
  const token = random.bytes(16);
  const reset = buildReset(random.bytes(4), token);
  assert.equal(reset.byteLength, RESET_BYTES);
  assert.deepEqual(parseReset(reset), token);
  assert.equal(parseReset(reset.subarray(0, 20)), undefined);
  assert.equal(parseReset(new Uint8Array([...reset, 0])), undefined);
});

Deno.test("QUERY and its reply belong together by kind, token and page", () => {
  const token = random.bytes(8);
  const bytes = buildQuery(2, token, 515);
  assert.equal(bytes.byteLength, QUERY_BYTES);
  const query = parseQuery(bytes)!;
  assert.deepEqual(query, { kind: 2, token, page: 515 });
  const payload = random.bytes(33);
  const reply = buildQueryReply(query, payload);
  assert.deepEqual(parseQueryReply(reply, query), payload);
  assert.equal(parseQueryReply(reply, { ...query, kind: 1 }), undefined);
  assert.equal(parseQueryReply(reply, { ...query, page: 3 }), undefined);
  assert.equal(parseQueryReply(reply, { ...query, token: random.bytes(8) }), undefined);
  assert.equal(parseQueryReply(reply.subarray(0, 12), query), undefined);
  assert.equal(parseQueryReply(new Uint8Array(QUERY_BYTES + 1), query), undefined);
});

Deno.test("QUERY of another size, version or kind is refused", () => {
  const bytes = buildQuery(0, new Uint8Array(8));
  assert.ok(parseQuery(bytes));
  assert.equal(parseQuery(bytes.subarray(0, 1_199)), undefined);
  assert.equal(parseQuery(changed(bytes, 1, 2)), undefined);
  assert.equal(parseQuery(changed(bytes, 2, 3)), undefined);
});
