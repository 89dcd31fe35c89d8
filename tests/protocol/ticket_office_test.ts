import assert from "node:assert/strict";
import { sealConnectTicket, TicketOffice } from "../../protocol/ticket_office.ts";
import type { SealedTicket } from "../../schema/messages/mod.ts";
import { CRYPTO } from "../fixtures/pair.ts";
import { keyOf, randomFill } from "../fixtures/seeded.ts";

const SERVER_KEY = keyOf("server public");
const SHARED = keyOf("shared");
const NOW = 1_700_000_000_000;

function ticket(changes: Partial<SealedTicket> = {}): SealedTicket {
  return {
    id: keyOf("id").slice(0, 16),
    serverKeyPrefix: SERVER_KEY.slice(0, 8),
    expiresAtMs: NOW + 60_000,
    psk: keyOf("psk"),
    userId: "ann",
    userData: Uint8Array.of(1, 2, 3),
    ...changes,
  };
}

function sealed(what: SealedTicket, key = SHARED): Uint8Array {
  return sealConnectTicket(CRYPTO, key, keyOf("nonce").slice(0, 12), what);
}

function office(connectKeys: readonly Uint8Array[] = [SHARED]): TicketOffice {
  return new TicketOffice({
    crypto: CRYPTO,
    staticPublic: SERVER_KEY,
    connectKeys,
    resumeKey: keyOf("resume"),
    random: randomFill("office"),
  });
}

Deno.test("a connect ticket opens with any of the shared keys and tells who it is for", () => {
  for (const keys of [[SHARED], [keyOf("newer"), SHARED]]) {
    const shown = office(keys).openConnect(sealed(ticket()), NOW);
    assert.deepEqual(shown, { ticket: ticket(), problem: undefined });
  }
});

Deno.test("a ticket of a stranger does not open, nor a changed one, nor noise", () => {
  const desk = office();
  assert.equal(desk.openConnect(sealed(ticket(), keyOf("stranger")), NOW), undefined);
  const box = sealed(ticket());
  for (let at = 0; at < box.byteLength; at++) {
    const changed = box.slice();
    changed[at]! ^= 0x80;
    assert.equal(desk.openConnect(changed, NOW), undefined, `byte ${at}`);
    assert.equal(desk.openConnect(box.subarray(0, at), NOW), undefined, `cut at ${at}`);
  }
  assert.equal(office([]).openConnect(box, NOW), undefined);
});

Deno.test("a ticket is good until it expires, for one server, once", () => {
  const desk = office();
  const problem = (what: SealedTicket, nowMs = NOW): string | undefined =>
    desk.openConnect(sealed(what), nowMs)?.problem;
  assert.equal(problem(ticket(), NOW + 59_999), undefined);
  assert.match(problem(ticket(), NOW + 60_000)!, /expired/);
  assert.match(desk.problemOf(ticket({ expiresAtMs: NaN }), NOW)!, /expired/);
  assert.match(problem(ticket({ serverKeyPrefix: new Uint8Array(8) }))!, /another server/);
  desk.use(ticket(), NOW);
  assert.match(problem(ticket())!, /used before/);
  assert.equal(problem(ticket({ id: keyOf("other id").slice(0, 16) })), undefined);
});

Deno.test("65,536 used tickets are remembered and no more", () => {
  const desk = office();
  const idOf = (i: number): Uint8Array => {
    const id = new Uint8Array(16);
    new DataView(id.buffer).setUint32(0, i);
    return id;
  };
  for (let i = 0; i < 65_537; i++) desk.use(ticket({ id: idOf(i) }), NOW);
  assert.match(desk.problemOf(ticket({ id: idOf(65_536) }), NOW)!, /used/);
  assert.match(desk.problemOf(ticket({ id: idOf(1) }), NOW)!, /used/);
  assert.equal(desk.problemOf(ticket({ id: idOf(0) }), NOW), undefined, "the oldest is forgotten");
});

Deno.test("expired tickets are forgotten first: they are refused anyway", () => {
  const desk = office();
  desk.use(ticket({ expiresAtMs: NOW + 1 }), NOW);
  desk.use(ticket({ id: keyOf("b").slice(0, 16) }), NOW + 10);
  assert.equal(desk.problemOf(ticket({ expiresAtMs: NOW + 1e6 }), NOW + 10), undefined);
});

Deno.test("a resume ticket is what this server sealed, and nothing else", () => {
  const desk = office();
  const session = keyOf("session").slice(0, 8);
  const box = desk.sealResume({ session, generation: 3 });
  assert.deepEqual(desk.openResume(box), { session, generation: 3 });
  assert.ok(box.byteLength <= 64);
  box[20]! ^= 1;
  assert.equal(desk.openResume(box), undefined);
  assert.equal(desk.openResume(sealed(ticket())), undefined, "a connect ticket");
  const other = new TicketOffice({
    crypto: CRYPTO,
    staticPublic: SERVER_KEY,
    connectKeys: [],
    resumeKey: keyOf("another process"),
    random: randomFill("office"),
  });
  assert.equal(other.openResume(desk.sealResume({ session, generation: 3 })), undefined);
});
