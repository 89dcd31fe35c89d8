import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import { QUERY_BYTES, QueryKind } from "../../protocol/handshake_packets.ts";
import { QueryAsker } from "../../protocol/query_asker.ts";
import { schemaPageCodec, serverInfoCodec } from "../../schema/messages/mod.ts";
import { Pair, SERVER_ADDRESS } from "../fixtures/pair.ts";
import { PROBE } from "../fixtures/probe_protocol.ts";
import { transmitted } from "../fixtures/raw_client.ts";
import { randomFill } from "../fixtures/seeded.ts";

const FROM: Address = { hostname: "203.0.113.5", port: 5_000 };

function asker(kind: number, options: { page?: number; addresses?: Address[] } = {}): QueryAsker {
  const { page = 0, addresses = [SERVER_ADDRESS] } = options;
  return new QueryAsker({ random: randomFill(`asker ${page}`), addresses, kind, page }, 0);
}

/** Asks and gives the server's answer back. */
function ask(pair: Pair, query: QueryAsker, nowMs = 0): void {
  const into = new Uint8Array(1_452);
  query.handleTimeout(nowMs);
  for (let size = query.pollTransmit(into); size > 0; size = query.pollTransmit(into)) {
    pair.server.handleDatagram(into.slice(0, size), FROM, nowMs);
  }
  for (const { bytes } of transmitted(pair.server, nowMs)) {
    assert.ok(bytes.byteLength <= QUERY_BYTES);
    query.handleDatagram(bytes, SERVER_ADDRESS, nowMs + 40);
  }
}

Deno.test("a ping is answered with nothing but its echo, and tells the distance", () => {
  const query = asker(QueryKind.ping);
  ask(new Pair(), query);
  assert.equal(query.answer?.payload.byteLength, 0);
  assert.equal(query.answer?.elapsedMs, 40);
  assert.deepEqual(query.answer?.from, SERVER_ADDRESS);
});

Deno.test("information tells name, game, version, players and key", () => {
  const pair = new Pair({ server: { name: "Sunday league", requireTicket: false } });
  pair.connect();
  const query = asker(QueryKind.info);
  ask(pair, query);
  assert.deepEqual(serverInfoCodec.decode(query.answer!.payload), {
    staticKey: pair.server.staticPublic,
    name: "Sunday league",
    game: "probe",
    protocolVersion: 1,
    protocolId: PROBE.tables[0]!.id,
    players: 1,
    capacity: 4_096,
    needsTicket: false,
    draining: false,
  });
});

Deno.test("the schema is told page by page in development, and not otherwise", () => {
  const pair = new Pair({ server: { isDevelopment: true } });
  let text = "";
  for (let page = 0, pageCount = 1; page < pageCount; page++) {
    const query = asker(QueryKind.schema, { page });
    ask(pair, query);
    const answer = schemaPageCodec.decode(query.answer!.payload)!;
    ({ pageCount } = answer);
    text += new TextDecoder().decode(answer.text);
  }
  assert.equal(text, PROBE.tables[0]!.projection);
  const beyond = asker(QueryKind.schema, { page: 99 });
  ask(pair, beyond);
  assert.equal(beyond.answer, undefined);
  const secretive = asker(QueryKind.schema);
  ask(new Pair(), secretive);
  assert.equal(secretive.answer, undefined);
});

Deno.test("a question is repeated over all addresses until it is answered or its time is over", () => {
  const dead = { hostname: "192.0.2.99", port: 1 };
  const query = asker(QueryKind.ping, { addresses: [dead, SERVER_ADDRESS] });
  const into = new Uint8Array(1_452);
  const asked: Address[] = [];
  for (let nowMs = 0; !query.isOver; nowMs = query.deadlineMs()) {
    query.handleTimeout(nowMs);
    while (query.pollTransmit(into) > 0) asked.push(query.transmitTo);
  }
  assert.deepEqual(asked.slice(0, 3), [dead, dead, SERVER_ADDRESS]);
  assert.ok(asked.length > 15);
  assert.equal(query.deadlineMs(), Infinity);
});

Deno.test("an answer to another question, a second answer and noise are ignored", () => {
  const pair = new Pair();
  const [mine, other] = [asker(QueryKind.ping), asker(QueryKind.ping, { page: 3 })];
  ask(pair, other);
  const into = new Uint8Array(1_452);
  mine.handleTimeout(0);
  mine.pollTransmit(into);
  pair.server.handleDatagram(into.slice(0, QUERY_BYTES), FROM, 0);
  const [reply] = transmitted(pair.server);
  const foreign = reply!.bytes.slice();
  foreign[5]! ^= 1;
  assert.equal(mine.handleDatagram(foreign, SERVER_ADDRESS, 1), false);
  assert.equal(mine.handleDatagram(new Uint8Array(0), SERVER_ADDRESS, 1), false);
  assert.equal(mine.handleDatagram(Uint8Array.of(0x20, 1, 2), SERVER_ADDRESS, 1), false);
  assert.equal(mine.handleDatagram(reply!.bytes, SERVER_ADDRESS, 5), true);
  assert.equal(mine.handleDatagram(reply!.bytes, SERVER_ADDRESS, 9), false);
  assert.equal(mine.answer?.elapsedMs, 5);
});
