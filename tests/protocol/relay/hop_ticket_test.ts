import assert from "node:assert/strict";
import fc from "fast-check";
import { nobleBackend } from "../../../protocol/crypto/noble.ts";
import { loadSodium } from "../../../protocol/crypto/sodium.ts";
import {
  exposureBits,
  exposureOf,
  HOP_TICKET_BYTES,
  HopFlag,
  type HopTicket,
  HopTicketOpener,
  openHopTicket,
  type RelayKey,
  sealHopTicket,
  sourceHashOf,
  ticketHops,
  TicketProblem,
} from "../../../protocol/relay/hop_ticket.ts";
import { PureSipHasher, SIPHASH_KEY_BYTES } from "../../../protocol/relay/siphash.ts";
import { keyOf } from "../../fixtures/seeded.ts";

const KEY: RelayKey = {
  keyId: 7,
  aeadKey: keyOf("aead"),
  gateKey: keyOf("gate").slice(0, 16),
};
const NONCE = keyOf("nonce").slice(0, 12);
const CLEAR = { shard: 2, hops: 3 };

function ticketOf(changes: Partial<HopTicket> = {}): HopTicket {
  return {
    flags: HopFlag.first | HopFlag.rebindOk | exposureBits("prefer"),
    hopIndex: 0,
    epoch: 9,
    sessionId: 0x0123_4567_89ab_cdefn,
    notAfterS: 1_900_000_000,
    labelIn: 0xdead_beef,
    labelOut: 0x0bad_cafe,
    nextShard: 4,
    next: { hostname: "2001:db8::7", port: 7_000 },
    keyPrev: keyOf("previous").slice(0, 16),
    keyNext: keyOf("next").slice(0, 16),
    kbpsUp: 256,
    kbpsDown: 1_024,
    ppsUp: 128,
    ppsDown: 65_535,
    maxMiB: 4_096,
    sourceHash: 2n ** 64n - 1n,
    ticketId: 42n,
    ...changes,
  };
}

Deno.test("a ticket has 144 bytes, says version, key, shard and hops in the clear, and opens to what was sealed", async () => {
  for (const crypto of [nobleBackend(), await loadSodium()]) {
    const bytes = sealHopTicket(ticketOf(), KEY, CLEAR, NONCE, crypto);
    assert.equal(bytes.byteLength, HOP_TICKET_BYTES);
    assert.deepEqual([...bytes.subarray(0, 4)], [1, 7, 2, 3]);
    assert.deepEqual(bytes.subarray(4, 16), NONCE);
    assert.equal(ticketHops(bytes, 0), 3);
    assert.deepEqual(openHopTicket(bytes, [KEY], crypto), ticketOf());
  }
});

Deno.test("both backends seal the same bytes", async () => {
  assert.deepEqual(
    sealHopTicket(ticketOf(), KEY, CLEAR, NONCE, await loadSodium()),
    sealHopTicket(ticketOf(), KEY, CLEAR, NONCE),
  );
});

Deno.test("any ticket survives sealing and opening", () => {
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const u16 = fc.integer({ min: 0, max: 65_535 });
  const key = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const next = fc.record({
    hostname: fc.constantFrom("192.0.2.1", "100::1", "2001:db8::ffff", "::1"),
    port: fc.integer({ min: 1, max: 65_535 }),
  }, { noNullPrototype: true });
  const any = fc.record({
    epoch: fc.integer({ min: 0, max: 255 }),
    sessionId: u64,
    notAfterS: u32,
    labelIn: u32,
    labelOut: u32,
    nextShard: fc.integer({ min: 0, max: 255 }),
    next,
    keyPrev: key,
    keyNext: key,
    kbpsUp: u16,
    kbpsDown: u16,
    ppsUp: u16,
    ppsDown: u16,
    maxMiB: u32,
    sourceHash: u64,
    ticketId: u64,
  });
  fc.assert(
    fc.property(any, (fields) => {
      const ticket = ticketOf(fields);
      assert.deepEqual(openHopTicket(sealHopTicket(ticket, KEY, CLEAR, NONCE), [KEY]), ticket);
    }),
    { numRuns: 100, seed: 20261121 },
  );
});

Deno.test("of two live keys the one that the ticket names opens it; without it there is nothing to open", () => {
  const old: RelayKey = { ...KEY, keyId: 6, aeadKey: keyOf("older") };
  const bytes = sealHopTicket(ticketOf(), KEY, CLEAR, NONCE);
  assert.deepEqual(openHopTicket(bytes, [old, KEY]), ticketOf());
  assert.equal(openHopTicket(bytes, [old]), undefined);
  assert.equal(openHopTicket(bytes, []), undefined);
});

Deno.test("every flipped bit of a ticket is noticed", () => {
  const bytes = sealHopTicket(ticketOf(), KEY, CLEAR, NONCE);
  for (let bit = 0; bit < bytes.byteLength * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(openHopTicket(bytes, [KEY]), undefined, `bit ${bit}`);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  assert.notEqual(openHopTicket(bytes, [KEY]), undefined);
  assert.equal(openHopTicket(bytes.subarray(0, 143), [KEY]), undefined);
});

Deno.test("a stranger fails at the gate; only who knows the gate key reaches the seal, and only the AEAD key the content", () => {
  const opener = new HopTicketOpener(nobleBackend(), new PureSipHasher());
  const bytes = sealHopTicket(ticketOf(), KEY, CLEAR, NONCE);
  const open = (keys: RelayKey[]): number => opener.open(bytes, 0, keys);
  assert.equal(open([KEY]), TicketProblem.none);
  assert.equal(opener.key, KEY);
  assert.equal(open([{ ...KEY, gateKey: new Uint8Array(SIPHASH_KEY_BYTES) }]), TicketProblem.gate);
  assert.equal(open([{ ...KEY, aeadKey: keyOf("other") }]), TicketProblem.sealed);
  bytes[0] = 2;
  assert.equal(open([KEY]), TicketProblem.gate);
});

Deno.test("a director cannot seal what no hop would take", () => {
  const refused: [Partial<HopTicket>, Partial<typeof CLEAR>][] = [
    [{ flags: HopFlag.last }, {}],
    [{ next: undefined }, {}],
    [{ hopIndex: 3 }, {}],
    [{ hopIndex: 2 }, {}],
    [{}, { hops: 0 }],
    [{}, { hops: 5 }],
    [{}, { hops: 1 }],
    [{}, { shard: 256 }],
    [{ epoch: 256 }, {}],
    [{ epoch: -1 }, {}],
    [{ flags: 1.5 }, {}],
    [{ kbpsUp: 65_536 }, {}],
    [{ labelIn: 2 ** 32 }, {}],
    [{ sessionId: 2n ** 64n }, {}],
    [{ sourceHash: -1n }, {}],
    [{ next: { hostname: "192.0.2.1", port: 0 } }, {}],
    [{ next: { hostname: "192.0.2.1", port: 65_536 } }, {}],
    [{ keyPrev: new Uint8Array(15) }, {}],
    [{ keyNext: new Uint8Array(17) }, {}],
  ];
  for (const [changes, clear] of refused) {
    const seal = (): unknown =>
      sealHopTicket(ticketOf(changes), KEY, { ...CLEAR, ...clear }, NONCE);
    assert.throws(seal, RangeError, JSON.stringify(Object.keys({ ...changes, ...clear })));
  }
  const name = { next: { hostname: "relay.example.org", port: 1 } };
  assert.throws(() => sealHopTicket(ticketOf(name), KEY, CLEAR, NONCE), TypeError);
  assert.throws(() => sealHopTicket(ticketOf(), KEY, CLEAR, NONCE.slice(1)), RangeError);
});

Deno.test("the last hop has no next, and says so", () => {
  const last = ticketOf({ flags: HopFlag.last, hopIndex: 2, next: undefined });
  assert.deepEqual(openHopTicket(sealHopTicket(last, KEY, CLEAR, NONCE), [KEY]), last);
});

Deno.test("exposures travel in two bits, and what no director writes shows nothing", () => {
  for (const exposure of ["never", "fallback", "prefer"] as const) {
    assert.equal(exposureOf(exposureBits(exposure) | 0x3f), exposure);
  }
  assert.equal(exposureOf(0xc0), "never");
});

Deno.test("an address has one hash in each of its spellings, and another under another key", () => {
  const hash = sourceHashOf("192.0.2.1", KEY.gateKey);
  assert.equal(sourceHashOf("::ffff:192.0.2.1", KEY.gateKey), hash);
  assert.notEqual(sourceHashOf("192.0.2.2", KEY.gateKey), hash);
  assert.notEqual(sourceHashOf("192.0.2.1", keyOf("x").slice(0, 16)), hash);
  assert.throws(() => sourceHashOf("localhost", KEY.gateKey), TypeError);
});
