/**
 * Follows a peer whose address changes: NAT rebinding, Wi-Fi to mobile.
 *
 * Implements docs/protocol.md, "Migration" (RFC 9000, section 9): an authentic packet with the
 * highest number from a new address is answered there by a challenge only; everything else still
 * goes to the old address until the new one echoes the challenge. Where it is not sure that the handshake's
 * own address is the peer's, that one is challenged too, and gets little until it answers.
 *
 * @module
 */
import type { Address } from "./address.ts";
import { isSameAddress } from "./same_address.ts";

/** Challenges sent to one candidate before it is given up. */
const MAX_CHALLENGES = 5;

/** Bytes sent to an unproven address per byte received from it (RFC 9000, 8.1). */
const AMPLIFICATION_LIMIT = 3;

/** Size of a challenge packet, assumed before it is built. */
const CHALLENGE_PACKET_BYTES = 40;

/** Addresses of one peer. */
export class PathValidator {
  #current: Address;
  /** Bytes that may still be sent to the current address; `Infinity` once it is proven. */
  #allowanceBytes: number;
  #candidate: Address | undefined;
  readonly #challenge = new Uint8Array(8);
  #challengesSent = 0;
  #nextChallengeMs = Infinity;
  #candidateReceivedBytes = 0;
  #candidateSentBytes = 0;

  /**
   * @param unprovenBytes Bytes that an address which is not proven has sent so far; left out for one that is.
   * @param random Fills the challenge of an address that is not proven.
   */
  constructor(
    current: Address,
    unprovenBytes?: number,
    random?: (into: Uint8Array) => void,
  ) {
    this.#current = current;
    this.#allowanceBytes = Infinity;
    if (unprovenBytes === undefined) return;
    this.#allowanceBytes = unprovenBytes * AMPLIFICATION_LIMIT;
    this.#nextChallengeMs = -Infinity;
    random?.(this.#challenge);
  }

  /** Where packets go. */
  get current(): Address {
    return this.#current;
  }

  /** The new address being proven, if any. */
  get candidate(): Address | undefined {
    return this.#candidate;
  }

  /** Whether the current address is the peer's for certain. */
  get isProven(): boolean {
    return this.#allowanceBytes === Infinity;
  }

  /** Where a challenge goes. */
  get challenged(): Address {
    return this.#candidate ?? this.#current;
  }

  /** Whether a packet of this size may go to the current address. */
  allows(sizeBytes: number): boolean {
    return sizeBytes <= this.#allowanceBytes;
  }

  /** Notes an authentic packet from the current address. */
  onCurrentPacket(sizeBytes: number, nowMs: number): void {
    if (this.isProven) return;
    this.#allowanceBytes += sizeBytes * AMPLIFICATION_LIMIT;
    if (this.#nextChallengeMs === Infinity) this.#startChallenge(nowMs);
  }

  /** Notes bytes sent to the current address. */
  onSentToCurrent(sizeBytes: number): void {
    this.#allowanceBytes -= sizeBytes;
  }

  /** When the next challenge is due, or `Infinity`. */
  get deadlineMs(): number {
    return this.#nextChallengeMs;
  }

  /** Whether an address is the one in use; cheap, called per packet. */
  isCurrent(from: Address): boolean {
    return isSameAddress(from, this.#current);
  }

  /**
   * Notes an authentic packet from another address than the current one.
   *
   * @param isNewest Whether it has the highest packet number so far: older ones were reordered, or replayed by someone.
   * @param random Fills the challenge.
   */
  onForeignPacket(
    from: Address,
    sizeBytes: number,
    isNewest: boolean,
    random: (into: Uint8Array) => void,
    nowMs: number,
  ): void {
    if (this.#candidate !== undefined && isSameAddress(from, this.#candidate)) {
      this.#candidateReceivedBytes += sizeBytes;
      return;
    }
    if (!isNewest) return;
    this.#candidate = from;
    this.#candidateReceivedBytes = sizeBytes;
    this.#candidateSentBytes = 0;
    random(this.#challenge);
    this.#startChallenge(nowMs);
  }

  /** The challenge, if one may leave now; the caller sends it to {@link challenged}. */
  takeChallenge(probeTimeoutMs: number, nowMs: number): Uint8Array | undefined {
    if (nowMs < this.#nextChallengeMs) return undefined;
    if (this.#challengesSent >= MAX_CHALLENGES) {
      this.#endChallenge();
      return undefined;
    }
    const budget = this.#candidate === undefined
      ? this.#allowanceBytes
      : this.#candidateReceivedBytes * AMPLIFICATION_LIMIT - this.#candidateSentBytes;
    this.#nextChallengeMs = nowMs + probeTimeoutMs;
    if (budget < CHALLENGE_PACKET_BYTES) return undefined;
    this.#challengesSent++;
    return this.#challenge;
  }

  /** Notes bytes sent to the candidate. */
  onSentToCandidate(sizeBytes: number): void {
    this.#candidateSentBytes += sizeBytes;
  }

  /** Takes the echo. Returns whether it proves an address, which is then the current one. */
  onResponse(data: Uint8Array, from: Address): boolean {
    if (this.#nextChallengeMs === Infinity && this.isProven) return false;
    const { challenged } = this;
    if (!isSameAddress(from, challenged)) return false;
    for (let i = 0; i < 8; i++) if (data[i] !== this.#challenge[i]) return false;
    this.#current = challenged;
    this.#allowanceBytes = Infinity;
    this.#endChallenge();
    return true;
  }

  #startChallenge(nowMs: number): void {
    this.#challengesSent = 0;
    this.#nextChallengeMs = nowMs;
  }

  #endChallenge(): void {
    this.#candidate = undefined;
    this.#nextChallengeMs = Infinity;
  }
}
