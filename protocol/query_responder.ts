/**
 * Answers QUERYs: latency beacon, server information, and in development the schema.
 *
 * Implements docs/protocol.md, "Query". Stateless, unauthenticated, and never larger than what it
 * answers; the key that it tells is believed only as far as the asker decides to.
 *
 * @module
 */
import {
  SCHEMA_PAGE_BYTES,
  schemaPageCodec,
  type ServerInfo,
  serverInfoCodec,
} from "../schema/messages/mod.ts";
import { type Address, isLoopback, sourceKey } from "./address.ts";
import type { DropCounters } from "./counters.ts";
import { buildQueryReply, parseQuery, type QueryFields, QueryKind } from "./handshake_packets.ts";
import type { EndpointLimits } from "./limits.ts";
import { KeyedBuckets, TokenBucket } from "./token_bucket.ts";

/** What the responder needs. */
export interface QueryResponderOptions {
  /** What the server says of itself, asked per query. */
  readonly info: () => ServerInfo;
  /** Printable projection of the protocol, or `undefined` where it is nobody's business. */
  readonly schemaText: string | undefined;
  /** Counts of what is refused. */
  readonly drops: DropCounters;
  /** Limits of the endpoint. */
  readonly limits: EndpointLimits;
  /** Sends a datagram. */
  readonly reply: (bytes: Uint8Array, to: Address) => void;
}

const NOTHING = new Uint8Array(0);

/** Answers QUERYs. */
export class QueryResponder {
  readonly #options: QueryResponderOptions;
  readonly #schemaBytes: Uint8Array | undefined;
  readonly #total: TokenBucket;
  readonly #perAddress: KeyedBuckets;

  constructor(options: QueryResponderOptions, nowMs: number) {
    this.#options = options;
    const { queriesPerSecond, queriesPerSecondPerAddress } = options.limits;
    this.#schemaBytes = options.schemaText === undefined
      ? undefined
      : new TextEncoder().encode(options.schemaText);
    this.#total = new TokenBucket(queriesPerSecond, queriesPerSecond, nowMs);
    this.#perAddress = new KeyedBuckets(queriesPerSecondPerAddress, queriesPerSecondPerAddress);
  }

  /** Takes a QUERY. */
  handleQuery(bytes: Uint8Array, from: Address, nowMs: number): void {
    const { drops, reply } = this.#options;
    const query = parseQuery(bytes);
    if (query === undefined) {
      drops.queryMalformed++;
      return;
    }
    const isWithinRate = this.#total.take(1, nowMs) &&
      (isLoopback(from.hostname) || this.#perAddress.take(sourceKey(from.hostname), nowMs));
    if (!isWithinRate) {
      drops.queryRateLimited++;
      return;
    }
    const payload = this.#payloadOf(query);
    if (payload === undefined) drops.queryMalformed++;
    else reply(buildQueryReply(query, payload), from);
  }

  #payloadOf(query: QueryFields): Uint8Array | undefined {
    if (query.kind === QueryKind.ping) return NOTHING;
    if (query.kind === QueryKind.info) return serverInfoCodec.encode(this.#options.info());
    const bytes = this.#schemaBytes;
    if (bytes === undefined) return undefined;
    const start = query.page * SCHEMA_PAGE_BYTES;
    if (start >= bytes.byteLength) return undefined;
    return schemaPageCodec.encode({
      pageCount: Math.ceil(bytes.byteLength / SCHEMA_PAGE_BYTES),
      text: bytes.subarray(start, start + SCHEMA_PAGE_BYTES),
    });
  }
}
