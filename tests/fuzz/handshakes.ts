/**
 * Fuzzes what handshakes, tickets and queries carry: payloads of peers that hold the right keys.
 *
 * @module
 */
import assert from "node:assert/strict";
import { appIdOf } from "../../protocol/app_id.ts";
import { parseConnectUrl } from "../../protocol/connect_url.ts";
import { noiseInitiator, noiseResponder } from "../../protocol/crypto/noise.ts";
import { seal } from "../../protocol/crypto/sealed_box.ts";
import {
  acceptPrologue,
  buildAccept,
  buildQuery,
  HELLO_BYTES,
  HELLO_PROLOGUE_BYTES,
  MAX_HELLO_NOISE_BYTES,
  parseHello,
  writeHelloBody,
  writeHelloPrologue,
} from "../../protocol/handshake_packets.ts";
import { QueryAsker } from "../../protocol/query_asker.ts";
import { TicketOffice } from "../../protocol/ticket_office.ts";
import {
  acceptCodec,
  helloCodec,
  resumeTicketCodec,
  schemaPageCodec,
  sealedTicketCodec,
  serverInfoCodec,
} from "../../schema/messages/mod.ts";
import { CRYPTO, Pair, SERVER_ADDRESS } from "../fixtures/pair.ts";
import { PROBE } from "../fixtures/probe_protocol.ts";
import { keyOf, randomFill } from "../fixtures/seeded.ts";
import { type FuzzOptions, type FuzzReport, Mutator, Tally } from "./mutator.ts";

/** Handshakes before the server is made anew. */
const INPUTS_PER_SERVER = 300;

/** Wakes of a client in a minute, whatever limits its server announced: a few a second. */
const MOST_WAKE_UPS = 3_000;

const ENCODER = new TextEncoder();
const CONNECT_LABEL = ENCODER.encode("tickwire connect ticket 1");
const RESUME_LABEL = ENCODER.encode("tickwire resume ticket 1");
const SHARED = keyOf("shared");
const RESUME_KEY = keyOf("resume");

/** Gives payloads that nearly make sense to both ends of handshakes, to tickets and to queries. */
export function fuzzHandshakes({ seed, iterations }: FuzzOptions): FuzzReport {
  const mutator = new Mutator(seed);
  const tally = new Tally();
  let pair = new Pair({ seed });
  for (let i = 0; i < iterations; i++) {
    const at = `seed ${seed}, iteration ${i}`;
    if (i % INPUTS_PER_SERVER === 0) {
      finish(pair, tally);
      pair = new Pair({ seed: seed + i, server: { ticketKeys: [SHARED], isDevelopment: true } });
    }
    // Those with key exchange cost a hundred times what the others cost.
    const kind = mutator.random.below(40);
    if (kind < 1) helloPayload(pair, mutator, tally, i);
    else if (kind < 2) acceptPayload(mutator, tally, seed + i, at);
    else if (kind < 16) ticketText(mutator, tally);
    else if (kind < 30) query(pair, mutator, tally, at);
    else connectUrl(mutator, tally, at);
  }
  finish(pair, tally);
  return tally;
}

function finish(pair: Pair, tally: Tally): void {
  tally.countAll("server ", pair.server.drops);
  pair.advance(60_000, () => pair.drop());
  assert.deepEqual([pair.server.halfOpen, pair.server.pool.outstanding], [0, 0]);
}

/** Limits that nobody sensible announces, and others. */
function limitsOf(mutator: Mutator) {
  const { random } = mutator;
  const value = (): number => random.pick([0, 1, 500, 10_000, 256_000, 2 ** 32 - 1]);
  return { idleTimeoutMs: value(), packetsPerSecond: value(), bytesPerSecond: value() };
}

/** A HELLO under the server's key whose payload is damaged, or sane and strange. */
function helloPayload(pair: Pair, mutator: Mutator, tally: Tally, number: number): void {
  const { random } = mutator;
  const sealed = random.chance(0.5) ? ticketOf(mutator) : undefined;
  const encoded = helloCodec.encode({
    protocolId: random.chance(0.8) ? PROBE.tables[0]!.id : random.bytes(8),
    protocolVersion: random.below(65_536),
    limits: limitsOf(mutator),
    ticket: sealed?.subarray(0, 512),
    resumeTicket: random.chance(0.3) ? random.bytes(random.below(65)) : undefined,
    auth: random.chance(0.3) ? random.bytes(random.below(300)) : undefined,
  });
  const most = MAX_HELLO_NOISE_BYTES - 48;
  const payload = random.chance(0.4) ? encoded : mutator.damaged(encoded, most, encoded);
  const isPsk = sealed !== undefined && random.chance(0.5);
  const hello = new Uint8Array(HELLO_BYTES);
  writeHelloPrologue(hello, isPsk ? 1 : 0, appIdOf(CRYPTO, PROBE.name), number);
  const noise = noiseInitiator(CRYPTO, {
    pattern: isPsk ? "NKpsk2" : "NK",
    prologue: hello.slice(0, HELLO_PROLOGUE_BYTES),
    responderStatic: pair.server.staticPublic,
    ephemeralSecret: random.bytes(32),
    ...(isPsk ? { psk: keyOf("psk") } : {}),
  });
  writeHelloBody(hello, new Uint8Array(20), noise.writeMessage1(payload.subarray(0, most)));
  const from = { hostname: `100.64.${(number >> 8) & 255}.${number & 255}`, port: 4_000 };
  pair.nowMs += 10;
  tally.run(() => pair.server.handleDatagram(hello, from, pair.nowMs));
  const replies = pair.drop();
  tally.count(replies.length === 0 ? "hello unanswered" : "hello answered");
  for (const { bytes } of replies) assert.ok(bytes.length <= 240);
}

/** An authentic ACCEPT whose payload is damaged, or sane and strange; then a minute of the session. */
function acceptPayload(mutator: Mutator, tally: Tally, seed: number, at: string): void {
  const { random } = mutator;
  const pair = new Pair({ seed });
  const secret = keyOf("hostile server");
  const publicKey = CRYPTO.x25519PublicKey(secret);
  const client = pair.addClient({ serverKey: publicKey });
  client.endpoint.handleTimeout(0);
  const hello = parseHello(pair.drop()[0]!.bytes)!;
  const noise = noiseResponder(CRYPTO, {
    pattern: "NK",
    prologue: helloPrologueOf(hello.appId, hello.clientConnectionId),
    staticSecret: secret,
    staticPublic: publicKey,
    ephemeralSecret: random.bytes(32),
  });
  assert.ok(noise.readMessage1(hello.noise) !== undefined);
  const prologue = acceptPrologue(hello.clientConnectionId);
  noise.mixHash(prologue);
  const encoded = acceptCodec.encode({
    accept: random.chance(0.2)
      ? { result: "refused", status: "busy", retryAfterMs: random.below(2 ** 31), reason: "no" }
      : {
        result: "accepted",
        connectionId: random.below(2 ** 32),
        resetToken: random.bytes(16),
        resumeTicket: random.bytes(random.below(65)),
        resumed: random.chance(0.5),
        resumeWindowMs: random.pick([0, 30_000, 2 ** 32 - 1]),
        limits: limitsOf(mutator),
        serverTimeMs: random.pick([0, -1, 1.7e12, 1e300]),
        tick: random.below(2 ** 32),
      },
  });
  const payload = random.chance(0.5) ? encoded : mutator.damaged(encoded, 180, encoded);
  const accept = buildAccept(prologue, noise.writeMessage2(payload));
  tally.run(() => client.endpoint.handleDatagram(accept, SERVER_ADDRESS, 0));
  const { session } = client.endpoint;
  pair.drop();
  tally.count(session === undefined ? `accept ${client.kinds[0]}` : "accept connected");
  if (session !== undefined) {
    client.send("reliable-ordered", new Uint8Array(5_000));
    session.flush();
  }
  const wakeUps = pair.advance(60_000, () => pair.drop());
  assert.ok(wakeUps < MOST_WAKE_UPS, `${at}: ${wakeUps} wake-ups`);
}

function helloPrologueOf(appId: Uint8Array, clientConnectionId: number): Uint8Array {
  const prologue = new Uint8Array(HELLO_PROLOGUE_BYTES);
  writeHelloPrologue(prologue, 0, appId, clientConnectionId);
  return prologue;
}

/** A connect ticket by the issuer's own key. */
function ticketOf(mutator: Mutator): Uint8Array {
  const { random } = mutator;
  const encoded = sealedTicketCodec.encode({
    id: random.bytes(16),
    serverKeyPrefix: random.bytes(8),
    expiresAtMs: random.pick([0, -1e300, 1e15, 1e300]),
    psk: keyOf("psk"),
    userId: "somebody",
    userData: random.bytes(random.below(100)),
  });
  const plaintext = random.chance(0.3) ? encoded : mutator.damaged(encoded, 400, encoded);
  return seal(CRYPTO, SHARED, random.bytes(12), CONNECT_LABEL, plaintext);
}

const OFFICE = new TicketOffice({
  crypto: CRYPTO,
  staticPublic: keyOf("public"),
  connectKeys: [keyOf("other"), SHARED],
  resumeKey: RESUME_KEY,
  random: randomFill("office"),
});

/** Tickets of both kinds, by the right keys and by none. */
function ticketText(mutator: Mutator, tally: Tally): void {
  const { random } = mutator;
  const isResume = random.chance(0.5);
  const encoded = resumeTicketCodec.encode({
    session: random.bytes(8),
    generation: random.below(2 ** 31),
  });
  const sealed = isResume
    ? seal(
      CRYPTO,
      RESUME_KEY,
      random.bytes(12),
      RESUME_LABEL,
      mutator.damaged(encoded, 60, encoded),
    )
    : ticketOf(mutator);
  const shown = random.chance(0.5) ? sealed : mutator.damaged(sealed, 600, sealed);
  tally.run(() => {
    const opened = isResume ? OFFICE.openResume(shown) : OFFICE.openConnect(shown, 1e12);
    tally.count(opened === undefined ? "ticket refused" : "ticket opened");
  });
}

/** Questions to a server, and answers to who asked. */
function query(pair: Pair, mutator: Mutator, tally: Tally, at: string): void {
  const { random } = mutator;
  const from = { hostname: `100.65.${random.below(256)}.${random.below(256)}`, port: 5_000 };
  const kind = random.below(3);
  const asker = new QueryAsker({
    random: randomFill(at),
    addresses: [SERVER_ADDRESS],
    kind,
    page: random.below(4),
  }, 0);
  asker.handleTimeout(0);
  const into = new Uint8Array(1_452);
  const sizeBytes = asker.pollTransmit(into);
  const asked = random.chance(0.3)
    ? buildQuery(random.below(256), random.bytes(8), random.below(65_536))
    : into.slice(0, sizeBytes);
  const question = random.chance(0.5) ? asked : mutator.damaged(asked, 1_452, asked);
  pair.nowMs += 5;
  tally.run(() => pair.server.handleDatagram(question.slice(), from, pair.nowMs));
  for (const { bytes } of pair.drop()) {
    assert.ok(bytes.length <= question.length, `${at}: amplified`);
    const answer = random.chance(0.5) ? bytes : mutator.damaged(bytes, 1_452, bytes);
    if (answer.length === 0) continue;
    tally.run(() => asker.handleDatagram(answer, SERVER_ADDRESS, 1));
    const { payload = new Uint8Array(0) } = asker.answer ?? {};
    tally.count(asker.answer === undefined ? "answer refused" : "answer taken");
    serverInfoCodec.decode(payload);
    schemaPageCodec.decode(payload);
  }
}

/** What people paste: a mistake is a TypeError that says so, and nothing else. */
function connectUrl(mutator: Mutator, tally: Tally, at: string): void {
  const url = ENCODER.encode(`tickwire://play.example.org:9999#${"A".repeat(43)}`);
  const text = new TextDecoder().decode(mutator.damaged(url, 100, mutator.noise(60)));
  tally.run(() => {
    try {
      const { port, serverKey } = parseConnectUrl(text);
      assert.ok(port >= 1 && port <= 65_535, at);
      assert.ok(serverKey === undefined || serverKey.length === 32, at);
      tally.count("url read");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      tally.count("url refused");
    }
  });
}
