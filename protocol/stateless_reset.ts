/**
 * RESET: tells a peer whose session is lost that it need not wait for its timeout.
 *
 * Implements docs/protocol.md, "Stateless reset" (RFC 9000, section 10.3). The token of a connection is
 * a MAC of its id under a key derived from the server's own, so that a server that was restarted can
 * still prove that it is the one.
 *
 * @module
 */
import { type Address, sourceKey } from "./address.ts";
import type { DropCounters } from "./counters.ts";
import type { CryptoBackend } from "./crypto/backend.ts";
import { buildReset, RESET_BYTES } from "./handshake_packets.ts";
import { KeyedBuckets } from "./token_bucket.ts";

const LABEL = new TextEncoder().encode("tickwire stateless reset");

/** Makes tokens and RESETs. */
export class StatelessReset {
  readonly #crypto: CryptoBackend;
  readonly #random: (into: Uint8Array) => void;
  readonly #key: Uint8Array;
  readonly #drops: DropCounters;
  readonly #budget: KeyedBuckets;

  /** @param perSecond RESETs a second to one address. */
  constructor(
    crypto: CryptoBackend,
    random: (into: Uint8Array) => void,
    staticSecret: Uint8Array,
    drops: DropCounters,
    perSecond: number,
  ) {
    this.#crypto = crypto;
    this.#random = random;
    this.#key = crypto.hmacSha256(staticSecret, LABEL);
    this.#drops = drops;
    this.#budget = new KeyedBuckets(perSecond, perSecond);
  }

  /** The token of a connection. */
  tokenOf(connectionId: number): Uint8Array {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, connectionId, true);
    return this.#crypto.mac128(this.#key, bytes);
  }

  /** The answer to a DATA packet of an unknown connection; `undefined` when there should be none. */
  answer(
    connectionId: number,
    triggerBytes: number,
    from: Address,
    nowMs: number,
  ): Uint8Array | undefined {
    // Smaller than its trigger, so that two servers cannot keep answering each other.
    if (triggerBytes <= RESET_BYTES) return undefined;
    if (!this.#budget.take(sourceKey(from.hostname), nowMs)) {
      this.#drops.resetRateLimited++;
      return undefined;
    }
    const random = new Uint8Array(4);
    this.#random(random);
    return buildReset(random, this.tokenOf(connectionId));
  }
}
