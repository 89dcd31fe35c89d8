/**
 * The client's search for a path without relays: whom to ask, when to punch, when to rest.
 *
 * Decides; the client leg writes and reads the frames. Where the grant names the server's address it is
 * tried first, without a word over the relays: most servers are not behind a NAT.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import { isUsableCandidate, type Signal, SignalKind } from "./candidates.ts";
import { Punch, PUNCH_TRIES } from "./punch.ts";

/** Least wait for the answer to an offer. */
const MIN_ANSWER_WAIT_MS = 400;

/** Offers of one try. */
const MAX_OFFERS = 3;

/** Rest after a search that found nothing; doubles each time, since networks rarely change their minds. */
const FIRST_REST_MS = 30_000;
const LONGEST_REST_MS = 300_000;

/** Rest after a path was lost: long enough for whatever broke it to show on the relays too. */
const LOST_REST_MS = 5_000;

/** What is to be said to the server. */
export interface SignalToSend {
  /** Offer or start. */
  readonly kind: SignalKind;
  /** Number of the try. */
  readonly round: number;
}

/** State of the search. */
export class DirectSearch {
  /** Repeated by whoever hears a challenge of this search; drawn anew for each try. */
  readonly token = new Uint8Array(8);
  /** Tries so far. */
  tries = 0;
  readonly #serverAddress: Address | undefined;
  readonly #random: (into: Uint8Array) => void;
  readonly #allowLoopback: boolean;
  #punch: Punch | undefined;
  #round = 0;
  #triesLeft = 0;
  #offers = 0;
  #offeredAtMs = 0;
  #nextSignalMs = Infinity;
  #isStartDue = false;
  #isPunchOnly = false;
  #restMs = FIRST_REST_MS;
  #restartAtMs = Infinity;

  /**
   * Rests until {@link begin}.
   *
   * @param serverAddress Where the server receives, when that is known.
   */
  constructor(
    serverAddress: Address | undefined,
    allowLoopback: boolean,
    random: (into: Uint8Array) => void,
  ) {
    this.#serverAddress = serverAddress;
    this.#allowLoopback = allowLoopback;
    this.#random = random;
  }

  /** Whether it is under way. */
  get isSearching(): boolean {
    return this.#punch !== undefined || this.#nextSignalMs !== Infinity;
  }

  /** When something is due. */
  get deadlineMs(): number {
    if (this.#isStartDue) return -Infinity;
    return Math.min(this.#nextSignalMs, this.#punch?.deadlineMs ?? Infinity, this.#restartAtMs);
  }

  /** Begins to search. */
  begin(nowMs: number): void {
    this.#restartAtMs = Infinity;
    this.#triesLeft = PUNCH_TRIES;
    if (this.#serverAddress === undefined) {
      this.#offer(nowMs);
      return;
    }
    this.tries++;
    this.#random(this.token);
    this.#isPunchOnly = true;
    this.#punch = new Punch([this.#serverAddress], nowMs, this.#random);
  }

  /** The signal that is to leave now, if any. */
  pollSignal(answerWaitMs: number, nowMs: number): SignalToSend | undefined {
    if (nowMs >= this.#restartAtMs) this.begin(nowMs);
    if (this.#isStartDue) {
      this.#isStartDue = false;
      return { kind: SignalKind.start, round: this.#round };
    }
    if (nowMs < this.#nextSignalMs) return undefined;
    if (this.#offers++ >= MAX_OFFERS) {
      this.#rest(nowMs);
      return undefined;
    }
    this.#offeredAtMs = nowMs;
    this.#nextSignalMs = nowMs + Math.max(MIN_ANSWER_WAIT_MS, answerWaitMs);
    return { kind: SignalKind.offer, round: this.#round };
  }

  /** Takes an answer; `false` when nothing asked for it. Both ends then punch at the same moment. */
  onAnswer(signal: Signal, nowMs: number): boolean {
    const isAwaited = signal.kind === SignalKind.answer && signal.round === this.#round &&
      this.#nextSignalMs !== Infinity;
    if (!isAwaited) return false;
    const targets = signal.candidates.filter((candidate) =>
      isUsableCandidate(candidate, this.#allowLoopback)
    );
    if (this.#serverAddress !== undefined) targets.push(this.#serverAddress);
    this.#nextSignalMs = Infinity;
    this.#isStartDue = true;
    // The start takes half a round trip over the relays; the answer to the newest offer tells how long.
    const halfMs = (nowMs - this.#offeredAtMs) / 2;
    this.#isPunchOnly = false;
    this.#punch = new Punch(targets, nowMs + halfMs, this.#random);
    return true;
  }

  /** The address that a challenge is to be sent to now, if any. */
  pollChallenge(nowMs: number): Address | undefined {
    const punch = this.#punch;
    if (punch === undefined) return undefined;
    const target = punch.poll(nowMs);
    if (target !== undefined || punch.deadlineMs !== Infinity) return target;
    this.#punch = undefined;
    if (this.#isPunchOnly || --this.#triesLeft > 0) this.#offer(nowMs);
    else this.#rest(nowMs);
    return undefined;
  }

  /** Adds an address under which the server turned out to be seen. */
  onHeardFrom(address: Address): void {
    this.#punch?.addTarget(address);
  }

  /** The path is proven. */
  onProven(): void {
    this.#stop();
    this.#restMs = FIRST_REST_MS;
  }

  /** The path is lost. */
  onLost(nowMs: number): void {
    this.#stop();
    this.#restartAtMs = nowMs + LOST_REST_MS;
  }

  #offer(nowMs: number): void {
    this.tries++;
    this.#random(this.token);
    this.#round = this.#round + 1 & 0xff;
    this.#offers = 0;
    this.#nextSignalMs = nowMs;
  }

  #rest(nowMs: number): void {
    this.#stop();
    this.#restartAtMs = nowMs + this.#restMs;
    this.#restMs = Math.min(this.#restMs * 2, LONGEST_REST_MS);
  }

  #stop(): void {
    this.#punch = undefined;
    this.#nextSignalMs = Infinity;
    this.#isStartDue = false;
    this.#restartAtMs = Infinity;
  }
}
