/**
 * The server's end of a path without relays: punching back, and proof before anything large is sent.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import { isUsableCandidate, type Signal } from "./candidates.ts";
import type { FrameLink } from "./frame_link.ts";
import { PeerAddress, plainAddress } from "./peer_address.ts";
import { Punch } from "./punch.ts";
import type { RelaySession, SendPath, ServerRoute } from "./relay_session.ts";

/** Between two challenges to an address that nobody named: as often as its owner would have it. */
const CHALLENGE_INTERVAL_MS = 100;

/** A path to one client. */
export class ServerDirect implements SendPath {
  /** The route whose ticket brought the key. */
  readonly route: ServerRoute;
  /** Repeated by the client at each address that is its own. */
  readonly token = new Uint8Array(8);
  /** See {@link SendPath.duplicateUntilMs}. */
  duplicateUntilMs: number = -Infinity;
  readonly #random: (into: Uint8Array) => void;
  #peer: PeerAddress | undefined;
  #candidates: readonly Address[] = [];
  #round = -1;
  #punch: Punch | undefined;
  #challengedAtMs = -Infinity;

  /** Unproven. */
  constructor(route: ServerRoute, random: (into: Uint8Array) => void) {
    this.route = route;
    this.#random = random;
    random(this.token);
  }

  /** See {@link SendPath.session}. */
  get session(): RelaySession {
    return this.route.session;
  }

  /** See {@link SendPath.link}. */
  get link(): FrameLink {
    return this.route.directLink;
  }

  /** Whether the client has answered from its address. */
  get isProven(): boolean {
    return this.#peer !== undefined;
  }

  /** Where the client was proven to be. */
  get to(): Address {
    return this.#peer!.address;
  }

  /** When a challenge is due. */
  get deadlineMs(): number {
    return this.#punch?.deadlineMs ?? Infinity;
  }

  /** Whether a frame came from where the client was proven to be. */
  isFrom(from: Address): boolean {
    return this.#peer !== undefined && this.#peer.is(from);
  }

  /** Takes an offer. */
  onOffer(signal: Signal, allowLoopback: boolean): void {
    this.#round = signal.round;
    this.#candidates = signal.candidates.filter((candidate) =>
      isUsableCandidate(candidate, allowLoopback)
    );
  }

  /** Begins to punch; `false` when that is not what was offered. */
  onStart(signal: Signal, nowMs: number): boolean {
    if (signal.round !== this.#round) return false;
    this.#punch = new Punch(this.#candidates, nowMs, this.#random);
    return true;
  }

  /** The address that a challenge is to be sent to now, if any. */
  pollChallenge(nowMs: number): Address | undefined {
    const to = this.#punch?.poll(nowMs);
    if (to === undefined && this.#punch?.deadlineMs === Infinity) this.#punch = undefined;
    return to;
  }

  /** Whether an address that the client was heard from is to be challenged now. */
  challenges(from: Address, nowMs: number): boolean {
    if (this.isFrom(from) || nowMs - this.#challengedAtMs < CHALLENGE_INTERVAL_MS) return false;
    this.#challengedAtMs = nowMs;
    return true;
  }

  /** Takes a response; returns whether it proves an address that was not proven before. */
  onResponse(token: Uint8Array, from: Address): boolean {
    for (let i = 0; i < 8; i++) if (token[i] !== this.token[i]) return false;
    this.#punch = undefined;
    if (this.isFrom(from)) return false;
    this.#peer = new PeerAddress(plainAddress(from));
    // A response seen before must not prove the next address.
    this.#random(this.token);
    return true;
  }
}
