/**
 * Opens a hole through two NATs: short bursts of challenges to every address that the peer may have.
 *
 * After libp2p's DCUtR: both ends begin at the same moment, which the round trip over the relays tells
 * them, and repeat at random intervals, so that one of the packets leaves after the other end's NAT has
 * been opened and before it has thought ill of us. Three tries, then the relays keep the session.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import { isSameAddress } from "../../same_address.ts";
import { MAX_CANDIDATES } from "./candidates.ts";

/** Bounds of the random interval between bursts (libp2p DCUtR, "10 to 200 ms"). */
const MIN_INTERVAL_MS = 10;
const MAX_INTERVAL_MS = 200;

/** How long one try goes on. */
export const PUNCH_MS = 1_200;

/** Tries, each with a new exchange of addresses. */
export const PUNCH_TRIES = 3;

/**
 * Bursts of one try: a peer that names others' addresses makes us send them at most this many small
 * packets in each of its tries.
 */
const MAX_BURSTS = 24;

/** One try. */
export class Punch {
  readonly #targets: Address[] = [];
  readonly #random: (into: Uint8Array) => void;
  readonly #byte = new Uint8Array(1);
  #nextMs: number;
  #endMs: number;
  #bursts = 0;
  #cursor = 0;

  /**
   * Waits for its first burst.
   *
   * @param startMs When that leaves.
   */
  constructor(targets: readonly Address[], startMs: number, random: (into: Uint8Array) => void) {
    for (const target of targets) this.addTarget(target);
    this.#nextMs = startMs;
    this.#endMs = startMs + PUNCH_MS;
    this.#random = random;
  }

  /** When the next packet is due; `Infinity` when this try is over. */
  get deadlineMs(): number {
    return this.#nextMs;
  }

  /** Adds an address that the peer turned out to have. */
  addTarget(target: Address): void {
    if (this.#targets.length >= MAX_CANDIDATES + 1) return;
    if (this.#targets.some((known) => isSameAddress(known, target))) return;
    this.#targets.push(target);
  }

  /** The address that a challenge is to be sent to now, or `undefined` when none is due. */
  poll(nowMs: number): Address | undefined {
    if (nowMs < this.#nextMs) return undefined;
    const target = this.#targets[this.#cursor++];
    if (target !== undefined) return target;
    this.#cursor = 0;
    this.#random(this.#byte);
    const share = this.#byte[0]! / 255;
    const nextMs = nowMs + MIN_INTERVAL_MS + share * (MAX_INTERVAL_MS - MIN_INTERVAL_MS);
    const isOver = ++this.#bursts >= MAX_BURSTS || nextMs > this.#endMs;
    this.#nextMs = isOver ? Infinity : nextMs;
    return undefined;
  }
}
