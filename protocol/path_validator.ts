/**
 * Follows a peer whose address changes: NAT rebinding, Wi-Fi to mobile.
 *
 * Implements docs/protocol.md, "Migration" (RFC 9000, section 9): an authentic packet with the
 * highest number from a new address is answered there by a challenge only; everything else still
 * goes to the old address until the new one echoes the challenge.
 *
 * @module
 */
import type { Address } from "./address.ts";

/** Challenges sent to one candidate before it is given up. */
const MAX_CHALLENGES = 5;

/** Bytes sent to an unproven address per byte received from it (RFC 9000, 8.1). */
const AMPLIFICATION_LIMIT = 3;

/** Size of a challenge packet, assumed before it is built. */
const CHALLENGE_PACKET_BYTES = 40;

/** Addresses of one peer. */
export class PathValidator {
  #current: Address;
  #candidate: Address | undefined;
  readonly #challenge = new Uint8Array(8);
  #challengesSent = 0;
  #nextChallengeMs = Infinity;
  #candidateReceivedBytes = 0;
  #candidateSentBytes = 0;

  constructor(current: Address) {
    this.#current = current;
  }

  /** Where packets go. */
  get current(): Address {
    return this.#current;
  }

  /** The address being proven, if any. */
  get candidate(): Address | undefined {
    return this.#candidate;
  }

  /** When the next challenge is due, or `Infinity`. */
  get deadlineMs(): number {
    return this.#nextChallengeMs;
  }

  /** Whether an address is the one in use; cheap, called per packet. */
  isCurrent(from: Address): boolean {
    return from === this.#current ||
      (from.port === this.#current.port && from.hostname === this.#current.hostname);
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
    if (
      this.#candidate !== undefined && this.#candidate.port === from.port &&
      this.#candidate.hostname === from.hostname
    ) {
      this.#candidateReceivedBytes += sizeBytes;
      return;
    }
    if (!isNewest) return;
    this.#candidate = from;
    this.#candidateReceivedBytes = sizeBytes;
    this.#candidateSentBytes = 0;
    this.#challengesSent = 0;
    this.#nextChallengeMs = nowMs;
    random(this.#challenge);
  }

  /** The challenge, if one may leave now; the caller sends it to {@link candidate}. */
  takeChallenge(probeTimeoutMs: number, nowMs: number): Uint8Array | undefined {
    if (this.#candidate === undefined || nowMs < this.#nextChallengeMs) return undefined;
    if (this.#challengesSent >= MAX_CHALLENGES) {
      this.#forgetCandidate();
      return undefined;
    }
    const budget = this.#candidateReceivedBytes * AMPLIFICATION_LIMIT - this.#candidateSentBytes;
    this.#nextChallengeMs = nowMs + probeTimeoutMs;
    if (budget < CHALLENGE_PACKET_BYTES) return undefined;
    this.#challengesSent++;
    return this.#challenge;
  }

  /** Notes bytes sent to the candidate. */
  onSentToCandidate(sizeBytes: number): void {
    this.#candidateSentBytes += sizeBytes;
  }

  /** Takes the echo. Returns whether it proves the candidate, which is then the current address. */
  onResponse(data: Uint8Array, from: Address): boolean {
    const candidate = this.#candidate;
    if (candidate === undefined) return false;
    if (candidate.port !== from.port || candidate.hostname !== from.hostname) return false;
    for (let i = 0; i < 8; i++) if (data[i] !== this.#challenge[i]) return false;
    this.#current = candidate;
    this.#forgetCandidate();
    return true;
  }

  #forgetCandidate(): void {
    this.#candidate = undefined;
    this.#nextChallengeMs = Infinity;
  }
}
