/**
 * Asks a server who it is, how far away it is, or which schema it speaks.
 *
 * Implements docs/protocol.md, "Query". Nothing in a reply is authentic: a key learned this way must
 * be trusted by somebody, and is then proven by the handshake.
 *
 * @module
 */
import type { Address } from "./address.ts";
import { buildQuery, parseQueryReply, type QueryFields } from "./handshake_packets.ts";
import { PacketType } from "./packet.ts";
import { ResendSchedule } from "./resend_schedule.ts";

/** What is asked, and of whom. */
export interface QueryAskerOptions {
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** Where the server is, best first; at least one. */
  readonly addresses: readonly Address[];
  /** One of `QueryKind`. */
  readonly kind: number;
  /** Page of the schema. */
  readonly page?: number;
  /** How long the question is repeated. */
  readonly timeoutMs?: number;
}

/** An answer. */
export interface QueryAnswer {
  /** Payload of the reply. */
  readonly payload: Uint8Array;
  /** Who answered. */
  readonly from: Address;
  /** Time since the question was sent last; exact when it was sent once. */
  readonly elapsedMs: number;
}

/** One question. */
export class QueryAsker {
  readonly #query: QueryFields;
  readonly #datagram: Uint8Array;
  readonly #addresses: readonly Address[];
  readonly #schedule: ResendSchedule;
  #queue: Address[] = [];
  #sentAtMs = 0;
  #answer: QueryAnswer | undefined;
  #isOver = false;
  #transmitTo: Address | undefined;

  constructor(options: QueryAskerOptions, nowMs: number) {
    const { random, addresses, kind, page = 0, timeoutMs } = options;
    const token = new Uint8Array(8);
    random(token);
    this.#query = { kind, token, page };
    this.#datagram = buildQuery(kind, token, page);
    this.#addresses = addresses;
    this.#schedule = new ResendSchedule(random, nowMs, timeoutMs);
  }

  /** The answer, once it came. */
  get answer(): QueryAnswer | undefined {
    return this.#answer;
  }

  /** Whether there is nothing more to wait for. */
  get isOver(): boolean {
    return this.#isOver || this.#answer !== undefined;
  }

  /** Where the QUERY that {@link pollTransmit} gave goes. */
  get transmitTo(): Address {
    return this.#transmitTo!;
  }

  /** When to call {@link handleTimeout} and {@link pollTransmit}. */
  deadlineMs(): number {
    return this.isOver ? Infinity : this.#schedule.deadlineMs;
  }

  /** Does what time asks for. */
  handleTimeout(nowMs: number): void {
    if (this.isOver) return;
    if (this.#schedule.isOver(nowMs)) {
      this.#isOver = true;
    } else if (this.#schedule.take(nowMs)) {
      this.#queue = this.#addresses.slice(0, this.#schedule.attempts);
      this.#sentAtMs = nowMs;
    }
  }

  /** Takes a datagram; `false` when it is no answer to this question. */
  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): boolean {
    if (this.isOver || bytes[0] !== PacketType.queryReply) return false;
    const payload = parseQueryReply(bytes, this.#query);
    if (payload === undefined) return false;
    this.#answer = { payload: payload.slice(), from, elapsedMs: nowMs - this.#sentAtMs };
    return true;
  }

  /** Writes the next QUERY into `into` and returns its size, or 0. */
  pollTransmit(into: Uint8Array): number {
    const address = this.#queue.shift();
    if (address === undefined || this.isOver) return 0;
    into.set(this.#datagram);
    this.#transmitTo = address;
    return this.#datagram.byteLength;
  }
}
