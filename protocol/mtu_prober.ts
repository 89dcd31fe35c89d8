/**
 * Tries larger datagrams and notices when they stop arriving.
 *
 * Implements docs/protocol.md, "Datagram size" (after RFC 8899). Deno sets no "don't fragment" bit,
 * so a success is a hint that larger datagrams work, not that they are not fragmented below us.
 *
 * @module
 */

/** Sizes tried in turn: IPv6's minimum MTU of 1,280 and usual tunnels, down by IP and UDP headers. */
export const PROBE_SIZES_BYTES = [1_280, 1_360, 1_400] as const;

/** Losses of one size that end probing. */
const MAX_PROBE_LOSSES = 3;

/** Probe timeouts in a row with larger datagrams in flight that make a black hole. */
const BLACK_HOLE_TIMEOUTS = 2;

/**
 * Larger datagrams lost in a row that make one too: smaller packets may get through all the while, and
 * then no probe timeout ever fires. At 30 % loss this happens by chance once in 15,000.
 */
const BLACK_HOLE_LOSSES = 8;

/** Largest datagram of one session. */
export class MtuProber {
  readonly #baseBytes: number;
  #currentBytes: number;
  #sizes: readonly number[];
  #losses = 0;
  #largeLosses = 0;
  #inFlight = false;

  constructor(baseBytes: number, isEnabled: boolean) {
    this.#baseBytes = baseBytes;
    this.#currentBytes = baseBytes;
    this.#sizes = isEnabled ? PROBE_SIZES_BYTES.filter((size) => size > baseBytes) : [];
  }

  /** Largest datagram that may be sent. */
  get currentBytes(): number {
    return this.#currentBytes;
  }

  /** Size of the probe that should leave, or 0. */
  get nextProbeBytes(): number {
    return this.#inFlight ? 0 : this.#sizes[0] ?? 0;
  }

  /** Notes that a probe left. */
  onProbeSent(): void {
    this.#inFlight = true;
  }

  /** Notes what became of a probe. */
  onProbeResult(sizeBytes: number, arrived: boolean): void {
    this.#inFlight = false;
    if (this.#sizes[0] !== sizeBytes) return;
    if (arrived) {
      this.#currentBytes = sizeBytes;
      this.#sizes = this.#sizes.slice(1);
      this.#losses = 0;
    } else if (++this.#losses >= MAX_PROBE_LOSSES) {
      this.#sizes = [];
    }
  }

  /** Notes a probe timeout of the session; falls back when larger datagrams vanish. */
  onProbeTimeout(timeoutsInARow: number): void {
    if (timeoutsInARow >= BLACK_HOLE_TIMEOUTS) this.#fallBack();
  }

  /** Notes what became of a datagram that is larger than the base and no probe. */
  onLargeDatagram(arrived: boolean): void {
    this.#largeLosses = arrived || this.#currentBytes === this.#baseBytes
      ? 0
      : this.#largeLosses + 1;
    if (this.#largeLosses >= BLACK_HOLE_LOSSES) this.#fallBack();
  }

  #fallBack(): void {
    if (this.#currentBytes === this.#baseBytes) return;
    this.#currentBytes = this.#baseBytes;
    this.#sizes = [];
  }
}
