/**
 * Follows hops whose address changes: NAT rebinding, Wi-Fi to mobile, a server behind a NAT box that
 * restarted.
 *
 * Implements docs/relay_protocol.md, "Rebinding". An authentic frame with the highest sequence number from
 * a new address is answered there by a challenge; everything else goes to the old address until the new one
 * repeats it. Nobody who only copies frames can do that.
 *
 * @module
 */
import type { Address } from "../address.ts";
import { isSameAddress } from "../same_address.ts";
import { PATH_FRAME_BYTES, PATH_TOKEN_BYTES } from "./control_frames.ts";
import { RELAY_HEADER_BYTES, RelayFlag, RelayFrameType } from "./relay_frame.ts";
import type { RelayState } from "./relay_state.ts";

/** Challenges sent to one address before it is given up. */
export const MAX_PATH_CHALLENGES = 5;

/** Time between them. */
export const PATH_CHALLENGE_INTERVAL_MS = 250;

/** Silence of the old address after which frames go to the unproven one as well. */
export const MIRROR_AFTER_MS = 500;

/** How long frames from an address that was left still pass without a challenge. */
export const OLD_PATH_MS = 3_000;

const MINUTE_MS = 60_000;

interface PathProbe {
  readonly candidate: Address;
  readonly token: Uint8Array;
  receivedBytes: number;
  sentBytes: number;
  challenges: number;
  nextMs: number;
}

interface PathHistory {
  readonly old: Address;
  readonly untilMs: number;
  readonly minuteStartMs: number;
  readonly switches: number;
}

/** Addresses of all hops before that are in doubt. */
export class RelayPaths {
  readonly #state: RelayState;
  readonly #probes = new Map<number, PathProbe>();
  readonly #histories = new Map<number, PathHistory>();
  /** No challenge is due before: asked after every frame, so not searched for then. */
  #earliestMs = Infinity;

  /** Works on the sessions of this state. */
  constructor(state: RelayState) {
    this.#state = state;
  }

  /** Sessions whose new address is being proven. */
  get count(): number {
    return this.#probes.size;
  }

  /** When {@link handleTimeout} has something to do, or `Infinity`. */
  get deadlineMs(): number {
    return this.#earliestMs;
  }

  /** Notes an authentic frame from another address than the session's. */
  onForeign(
    slot: number,
    from: Address,
    sizeBytes: number,
    isNewest: boolean,
    nowMs: number,
  ): void {
    let probe = this.#probes.get(slot);
    if (probe !== undefined && isSameAddress(from, probe.candidate)) {
      probe.receivedBytes += sizeBytes;
    } else {
      if (!isNewest || this.#isOld(slot, from, nowMs)) return;
      if (this.#switchesOf(slot, nowMs) >= this.#state.limits.rebindsPerMinute) {
        this.#state.drops.rebindLimited++;
        return;
      }
      const token = new Uint8Array(PATH_TOKEN_BYTES);
      this.#state.options.random(token);
      probe = {
        candidate: from,
        token,
        receivedBytes: sizeBytes,
        sentBytes: 0,
        challenges: 0,
        nextMs: nowMs,
      };
      this.#probes.set(slot, probe);
    }
    const isDue = probe.nextMs === Infinity || nowMs >= probe.nextMs;
    if (isDue) this.#challenge(slot, probe, nowMs);
  }

  /** Takes an authentic PATH_RESPONSE; a right one moves the session. */
  onResponse(slot: number, frame: Uint8Array, from: Address, nowMs: number): void {
    const probe = this.#probes.get(slot);
    if (
      probe === undefined || !isSameAddress(from, probe.candidate) || !repeats(frame, probe.token)
    ) {
      this.#state.drops.pathMismatch++;
      return;
    }
    this.move(slot, from, nowMs);
  }

  /** Moves a session to an address that is proven. */
  move(slot: number, to: Address, nowMs: number): void {
    const { slots, totals } = this.#state;
    const old = slots.prev[slot]!;
    const switches = this.#switchesOf(slot, nowMs) + 1;
    const minuteStartMs = switches === 1 ? nowMs : this.#histories.get(slot)!.minuteStartMs;
    this.#histories.set(slot, { old, untilMs: nowMs + OLD_PATH_MS, minuteStartMs, switches });
    this.#probes.delete(slot);
    slots.prev[slot] = to;
    slots.hear(slot, nowMs);
    slots.rebinds[slot]!++;
    totals.rebinds++;
  }

  /**
   * Where a frame to this hop goes as well: to the address being proven, once the old one is silent, and
   * never more bytes than came from there.
   */
  mirrorTo(slot: number, sizeBytes: number, nowMs: number): Address | undefined {
    if (this.#probes.size === 0) return undefined;
    const probe = this.#probes.get(slot);
    if (probe === undefined) return undefined;
    if (nowMs - this.#state.slots.heardPathMs[slot]! <= MIRROR_AFTER_MS) return undefined;
    if (probe.sentBytes + sizeBytes > probe.receivedBytes) return undefined;
    probe.sentBytes += sizeBytes;
    return probe.candidate;
  }

  /** Forgets a session. */
  forget(slot: number): void {
    this.#probes.delete(slot);
    this.#histories.delete(slot);
  }

  /** Repeats challenges that are due. */
  handleTimeout(nowMs: number): void {
    if (nowMs < this.#earliestMs) return;
    let earliestMs = Infinity;
    for (const [slot, probe] of this.#probes) {
      if (nowMs >= probe.nextMs) this.#challenge(slot, probe, nowMs);
      if (this.#probes.has(slot)) earliestMs = Math.min(earliestMs, probe.nextMs);
    }
    this.#earliestMs = earliestMs;
  }

  /** A challenge must be smaller than what came: until enough has come, the next frame decides. */
  #challenge(slot: number, probe: PathProbe, nowMs: number): void {
    if (probe.challenges >= MAX_PATH_CHALLENGES) {
      this.#probes.delete(slot);
      return;
    }
    if (probe.sentBytes + PATH_FRAME_BYTES >= probe.receivedBytes) {
      probe.nextMs = Infinity;
      return;
    }
    const state = this.#state;
    probe.nextMs = nowMs + PATH_CHALLENGE_INTERVAL_MS;
    this.#earliestMs = Math.min(this.#earliestMs, probe.nextMs);
    const epoch = state.slots.epoch[slot]!;
    const frame = state.begin(RelayFrameType.pathChallenge, RelayFlag.probe, epoch);
    if (frame === undefined) return;
    probe.challenges++;
    probe.sentBytes += PATH_FRAME_BYTES;
    frame.set(probe.token, RELAY_HEADER_BYTES);
    state.stampPrev(slot, frame, PATH_FRAME_BYTES);
    state.commit(PATH_FRAME_BYTES, probe.candidate);
  }

  #isOld(slot: number, from: Address, nowMs: number): boolean {
    const history = this.#histories.get(slot);
    return history !== undefined && nowMs < history.untilMs && isSameAddress(from, history.old);
  }

  #switchesOf(slot: number, nowMs: number): number {
    const history = this.#histories.get(slot);
    if (history === undefined || nowMs - history.minuteStartMs >= MINUTE_MS) return 0;
    return history.switches;
  }
}

function repeats(frame: Uint8Array, token: Uint8Array): boolean {
  let difference = 0;
  for (let i = 0; i < PATH_TOKEN_BYTES; i++) {
    difference |= frame[RELAY_HEADER_BYTES + i]! ^ token[i]!;
  }
  return difference === 0;
}
