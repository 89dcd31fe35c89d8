/**
 * Fuzzes both ends with whole datagrams, in every state that a session can be in.
 *
 * Nothing here is authentic, so nothing may change any session: no event, no packet counted as received,
 * no window moved, no buffer taken; and nobody may be sent more bytes than came from his address.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import {
  buildQuery,
  buildReset,
  buildRetry,
  buildVersion,
  parseHello,
} from "../../protocol/handshake_packets.ts";
import { PacketType } from "../../protocol/packet.ts";
import { isSame, Pair, type PairClient, SERVER_ADDRESS } from "../fixtures/pair.ts";
import { fingerprint, type FuzzOptions, type FuzzReport, Mutator, Tally } from "./mutator.ts";

/** Inputs before all ends are made anew. */
const INPUTS_PER_STAGE = 400;

/** Larger than any datagram that is taken. */
const MOST_BYTES = 1_600;

/** First bytes of everything that an end takes, and of some that it does not. */
const FIRST_BYTES = [0x20, 0x28, 0x2e, 0x38, 0x3f, 0x40, 0x41, 0x42, 0x43, 0x44, 0x48, 0x49, 0x90];

/** Gives damaged and random datagrams to servers and clients. */
export function fuzzDatagrams({ seed, iterations }: FuzzOptions): FuzzReport {
  const mutator = new Mutator(seed);
  const tally = new Tally();
  let stage: Stage | undefined;
  for (let i = 0; i < iterations; i++) {
    if (i % INPUTS_PER_STAGE === 0) {
      stage?.finish(tally);
      stage = new Stage(seed + i);
    }
    stage!.give(mutator, tally, `seed ${seed}, iteration ${i}`);
  }
  stage?.finish(tally);
  return tally;
}

/** A server and clients in all states. */
class Stage {
  readonly #pair: Pair;
  /** Everything that was ever on the wire: none of it is new to anybody. */
  readonly #corpus: Uint8Array[] = [];
  readonly #known = new Set<string>();
  readonly #clients: PairClient[];
  readonly #into = new Uint8Array(1_452);
  #foreigners = 0;

  constructor(seed: number) {
    this.#pair = new Pair({ seed, server: { isDevelopment: true } });
    const detached = this.#connect();
    const silent = this.#pair.clients.splice(0);
    const connected = this.#connect();
    this.#advance(10_200);
    detached.endpoint.handleTimeout(this.#pair.nowMs);
    detached.endpoint.pollEvent(this.#pair.nowMs);
    detached.endpoint.pollEvent(this.#pair.nowMs);
    this.#drainClient(detached);
    this.#talk(connected);
    const closing = this.#connect();
    const thrownOut = this.#connect();
    // HELLO arrives, ACCEPT does not: half open at the server, waiting at the client.
    const waiting = this.#pair.addClient();
    waiting.endpoint.handleTimeout(this.#pair.nowMs);
    this.#pair.collect();
    for (const each of this.#remember()) {
      if (isSame(each.to, SERVER_ADDRESS)) this.#pair.deliver(each);
    }
    closing.session.close(0, "over", this.#pair.nowMs);
    this.#pair.server.close(this.#pair.peerOf(thrownOut).entry, 0, "out", this.#pair.nowMs);
    this.#pair.collect();
    this.#remember();
    // What nobody sent here, and anybody could.
    this.#note(buildReset(new Uint8Array(4), new Uint8Array(16)));
    const id = parseHello(this.#corpus.findLast((bytes) => bytes[0] === PacketType.hello)!)!;
    this.#note(buildRetry(id.clientConnectionId, new Uint8Array(20).fill(9)));
    this.#note(buildVersion(id.clientConnectionId));
    for (const kind of [0, 1, 2]) this.#note(buildQuery(kind, new Uint8Array(8).fill(kind)));
    this.#clients = [...silent, ...this.#pair.clients];
    const states = this.#clients.map(({ endpoint }) => endpoint.session?.state);
    assert.deepEqual(states, ["detached", "open", "closing", "open", undefined]);
  }

  /** One input to one end. */
  give(mutator: Mutator, tally: Tally, at: string): void {
    const { random } = mutator;
    const bytes = this.#input(mutator);
    // What came out as it was is authentic, and some of it has never arrived.
    if (this.#known.has(fingerprint(bytes))) return;
    const pair = this.#pair;
    const client = random.pick(this.#clients);
    const before = this.#state();
    pair.nowMs += 0.01;
    if (random.chance(0.6)) {
      const from = random.chance(0.5) ? client.address : this.#foreigner();
      tally.run(() => pair.server.handleDatagram(bytes.slice(), from, pair.nowMs));
      this.#checkReplies(from, bytes.length, at);
    } else {
      tally.run(() => client.endpoint.handleDatagram(bytes.slice(), SERVER_ADDRESS, pair.nowMs));
      this.#drainClient(client);
    }
    assert.equal(this.#state(), before, at);
  }

  /** Counts what was refused, and checks that nothing is kept. */
  finish(tally: Tally): void {
    const { server } = this.#pair;
    tally.countAll("server ", server.drops);
    for (const { endpoint } of this.#clients) tally.countAll("client ", endpoint.drops);
    for (const entry of [...server.sessions()]) server.close(entry, 0, "", this.#pair.nowMs);
    this.#pair.advance(60_000, () => this.#pair.drop());
    assert.deepEqual([server.size, server.halfOpen, server.pool.outstanding], [0, 0, 0]);
  }

  #input(mutator: Mutator): Uint8Array {
    const { random } = mutator;
    if (random.chance(0.15)) {
      const bytes = mutator.noise(MOST_BYTES);
      if (bytes.length > 0 && random.chance(0.7)) bytes[0] = random.pick(FIRST_BYTES);
      return bytes;
    }
    return mutator.damaged(random.pick(this.#corpus), MOST_BYTES, random.pick(this.#corpus));
  }

  /** Everything of all sessions that only authentic packets may change. */
  #state(): string {
    const { server } = this.#pair;
    let text = `${server.pool.outstanding} ${server.size}`;
    for (const { session } of server.sessions()) text += describe(session);
    for (const { endpoint, events } of this.#clients) {
      text += `${describe(endpoint.session)} ${events.length}`;
    }
    return text;
  }

  #checkReplies(from: Address, sizeBytes: number, at: string): void {
    const { server, nowMs } = this.#pair;
    let replied = 0;
    for (;;) {
      const size = server.pollTransmit(this.#into, nowMs);
      if (size === 0) break;
      if (isSame(server.transmitTo, from)) replied += size;
    }
    // Sessions that close repeat their CLOSE to their own address, whoever talks.
    if (from.hostname.startsWith("100.")) assert.ok(replied <= sizeBytes, `${at}: amplified`);
    for (let entry = server.pollNews(); entry; entry = server.pollNews()) {
      assert.equal(entry.session.pollMessage(), undefined, at);
    }
  }

  #foreigner(): Address {
    const number = this.#foreigners++;
    return { hostname: `100.64.${(number >> 8) & 255}.${number & 255}`, port: 1_024 + number };
  }

  #drainClient({ endpoint, events }: PairClient): void {
    const { nowMs } = this.#pair;
    for (let e = endpoint.pollEvent(nowMs); e; e = endpoint.pollEvent(nowMs)) events.push(e);
    while (endpoint.pollTransmit(this.#into, nowMs) > 0);
  }

  #connect(): PairClient {
    const client = this.#pair.addClient();
    this.#advance(5);
    assert.equal(client.endpoint.session?.state, "open");
    return client;
  }

  #talk(client: PairClient): void {
    const peer = this.#pair.peerOf(client);
    for (const end of [client, peer]) {
      for (const delivery of ["unreliable", "sequenced", "input", "reliable-ordered"] as const) {
        end.send(delivery, new Uint8Array(delivery === "reliable-ordered" ? 3_000 : 20).fill(7));
      }
    }
    client.session.flush();
    this.#pair.server.flush(peer.entry);
    this.#advance(300);
  }

  #advance(ms: number): void {
    this.#pair.advance(ms, () => {
      for (;;) {
        this.#pair.collect();
        const datagrams = this.#remember();
        if (datagrams.length === 0) return;
        for (const datagram of datagrams) this.#pair.deliver(datagram);
      }
    });
  }

  #remember(): ReturnType<Pair["drop"]> {
    const datagrams = this.#pair.wire.splice(0);
    for (const { bytes } of datagrams) this.#note(bytes);
    return datagrams;
  }

  #note(bytes: Uint8Array): void {
    this.#corpus.push(bytes);
    this.#known.add(fingerprint(bytes));
  }
}

function describe(session: PairClient["session"] | undefined): string {
  if (session === undefined) return " none";
  const { connection, counters, state } = session;
  const { packetsReceived, bytesReceived, messagesReceived, pathChanges } = counters;
  const received = connection?.link.received.largest;
  const path = connection?.path;
  return ` ${state} ${packetsReceived} ${bytesReceived} ${messagesReceived} ${pathChanges}` +
    ` ${received} ${path?.current.port} ${path?.candidate?.port} ${session.channels.inbound.length}`;
}
