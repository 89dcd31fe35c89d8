/**
 * One relay that another one measures: its probes in flight, and what they found.
 *
 * @module
 */
import type { Address } from "../../protocol/address.ts";
import { TokenBucket } from "../../protocol/token_bucket.ts";
import { SampleWindow } from "./sample_window.ts";

/** A relay to measure, as the directory describes it. */
export interface MeshPeer {
  /** Its id. */
  readonly relayId: string;
  /** Where it listens. */
  readonly address: Address;
  /** Its shard there, 0 to 255. */
  readonly shard: number;
  /** Key of the pair, 16 bytes: `meshPairKey`. */
  readonly key: Uint8Array;
}

/** Probes are sent this often. */
export const PROBE_INTERVAL_MS = 500;

/** A probe without an answer is lost after this; a path that is slower is no path for a game. */
export const PROBE_TIMEOUT_MS = 2_000;

/** Probes that are remembered: five or six are in flight at a time, 2 s at 400 ms and more. */
const IN_FLIGHT = 16;

/** Answers a second to one peer: twice what it sends, so that a replayed probe is not worth the while. */
const ANSWERS_PER_SECOND = 4;
const ANSWER_BURST = 8;

/** What became of an answer. */
export type AnswerResult = "measured" | "duplicate" | "late";

/** State of one peer. */
export class MeshPeerState {
  /** The directory's word on it; replaced when that changes. */
  peer: MeshPeer;
  /** When the next probe is due. */
  nextProbeMs: number;
  readonly #window = new SampleWindow();
  readonly #answers: TokenBucket;
  /** By place of the number: when it was sent; its round trip, `NaN` in flight, `Infinity` if lost. */
  readonly #sentAtMs = new Float64Array(IN_FLIGHT);
  readonly #rttMs = new Float64Array(IN_FLIGHT).fill(Infinity);
  /** Oldest probe whose result is not in the window; up to the next number all are remembered. */
  #oldest: number;
  #next: number;

  /**
   * Knows nothing of the peer yet.
   *
   * @param firstNumber Number of the first probe, by chance, so that a restart does not repeat itself.
   */
  constructor(peer: MeshPeer, firstProbeMs: number, firstNumber: number, nowMs: number) {
    this.peer = peer;
    this.nextProbeMs = firstProbeMs;
    this.#oldest = firstNumber;
    this.#next = firstNumber;
    this.#answers = new TokenBucket(ANSWERS_PER_SECOND, ANSWER_BURST, nowMs);
  }

  /** What it found lately. */
  get window(): SampleWindow {
    return this.#window;
  }

  /** When the oldest probe in flight is lost; `Infinity` without one. */
  get timeoutMs(): number {
    if (this.#oldest === this.#next) return Infinity;
    return this.#sentAtMs[this.#oldest % IN_FLIGHT]! + PROBE_TIMEOUT_MS;
  }

  /** Forgets what was found and what is in flight: the relay is somewhere else now. */
  reset(): void {
    this.#window.clear();
    this.#oldest = this.#next;
    this.#rttMs.fill(Infinity);
  }

  /** Notes a probe that leaves now; returns its number, whose low 32 bits travel. */
  onProbe(nowMs: number): number {
    const number = this.#next++;
    this.#sentAtMs[number % IN_FLIGHT] = nowMs;
    this.#rttMs[number % IN_FLIGHT] = NaN;
    return number;
  }

  /** Notes an answer, by the low 32 bits of its number; what has timed out was settled before. */
  onAnswer(low: number, nowMs: number): AnswerResult {
    const difference = (this.#next - low) % 0x1_0000_0000;
    const ago = difference < 0 ? difference + 0x1_0000_0000 : difference;
    if (ago < 1 || ago > IN_FLIGHT) return "late";
    const place = (this.#next - ago + IN_FLIGHT) % IN_FLIGHT;
    const rttMs = this.#rttMs[place]!;
    if (!Number.isNaN(rttMs)) return rttMs === Infinity ? "late" : "duplicate";
    this.#rttMs[place] = Math.max(0, nowMs - this.#sentAtMs[place]!);
    this.settle(nowMs);
    return "measured";
  }

  /** Whether a probe of this peer is answered, or it has had enough answers for now. */
  mayAnswer(nowMs: number): boolean {
    return this.#answers.take(1, nowMs);
  }

  /** Puts results into the window, in the order of the probes; returns how many were lost. */
  settle(nowMs: number): number {
    let lost = 0;
    while (this.#oldest < this.#next) {
      const place = this.#oldest % IN_FLIGHT;
      const rttMs = this.#rttMs[place]!;
      const isLost = Number.isNaN(rttMs);
      if (isLost && nowMs < this.#sentAtMs[place]! + PROBE_TIMEOUT_MS) break;
      if (isLost) {
        this.#rttMs[place] = Infinity;
        lost++;
      }
      this.#window.add(this.#sentAtMs[place]!, this.#rttMs[place]!);
      this.#oldest++;
    }
    return lost;
  }
}
