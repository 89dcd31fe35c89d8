/**
 * One shard of a relay: forwards the frames of its sessions, label by label, without seeing inside.
 *
 * Implements docs/relay_protocol.md. No I/O and no clock: datagrams, time and random bytes come in; datagrams
 * go out. It has the surface of `ServerEndpoint`, so the same run loop drives it; a loop of its own spares
 * forwarded frames a copy ({@link RelayCore.forwardInPlace}).
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { RelayKey } from "./hop_ticket.ts";
import { RelayBinder } from "./relay_binder.ts";
import type { RelayDropCounters, RelayTotals } from "./relay_counters.ts";
import { RelayForwarder } from "./relay_forwarder.ts";
import {
  frameType,
  frameVersion,
  isRelayFrame,
  RELAY_HEADER_BYTES,
  RELAY_MAX_FRAME_BYTES,
  RELAY_VERSION,
  RelayFrameType,
} from "./relay_frame.ts";
import { isSizeOf } from "./relay_frame_rules.ts";
import type { RelayLimits } from "./relay_limits.ts";
import type { ShedLevel } from "./relay_load.ts";
import { RelayPaths } from "./relay_paths.ts";
import { RelayReplies } from "./relay_replies.ts";
import { RelaySessions } from "./relay_sessions.ts";
import { SlotState } from "./relay_slots.ts";
import { type RelaySessionStats, sessionStats } from "./relay_stats.ts";
import { type RelayCoreOptions, RelayState } from "./relay_state.ts";
import { exportSessions, importSessions } from "./relay_takeover.ts";

export type { RelayCoreOptions } from "./relay_state.ts";
export type { RelaySessionStats } from "./relay_stats.ts";

/** All sessions of one shard. */
export class RelayCore {
  readonly #state: RelayState;
  readonly #paths: RelayPaths;
  readonly #binder: RelayBinder;
  readonly #sessions: RelaySessions;
  readonly #replies: RelayReplies;
  readonly #forwarder: RelayForwarder;
  #transmitTo: Address | undefined;

  /**
   * Allocates everything that sessions and frames will need.
   *
   * @throws RangeError or TypeError when shard or limits are out of bounds.
   */
  constructor(options: RelayCoreOptions, nowMs: number) {
    this.#state = new RelayState(options, nowMs);
    this.#paths = new RelayPaths(this.#state);
    this.#binder = new RelayBinder(this.#state, this.#paths);
    this.#sessions = new RelaySessions(this.#state, this.#paths, nowMs);
    this.#replies = new RelayReplies(this.#state, nowMs);
    this.#forwarder = new RelayForwarder({
      state: this.#state,
      paths: this.#paths,
      binder: this.#binder,
      sessions: this.#sessions,
      replies: this.#replies,
    });
  }

  /** Counts of what is refused. */
  get drops(): RelayDropCounters {
    return this.#state.drops;
  }

  /** Frames and bytes by type. */
  get totals(): RelayTotals {
    return this.#state.totals;
  }

  /** All limits. */
  get limits(): RelayLimits {
    return this.#state.limits;
  }

  /** Which shard this is. */
  get shard(): number {
    return this.#state.shard;
  }

  /** Sessions, anchors and those that are being bound included. */
  get size(): number {
    return this.#state.slots.used;
  }

  /** Frames of the last second as a part of the ceiling; 0 when there is none. */
  get load(): number {
    return this.#state.load.load;
  }

  /** What is shed now. */
  get shedLevel(): ShedLevel {
    return this.#state.load.level;
  }

  /** The least that is shed, whatever the load: for hosts that see more than frames. */
  set shedFloor(level: ShedLevel) {
    this.#state.load.floor = level;
  }

  /** Whether new sessions are refused, since the relay is about to close. */
  get isDraining(): boolean {
    return this.#state.isDraining;
  }

  /** Whether the director is taken for away. */
  get isHolding(): boolean {
    return this.#sessions.isHolding;
  }

  /** Where the frame that {@link forwardInPlace} rewrote goes. */
  get forwardTo(): Address {
    return this.#forwarder.target;
  }

  /** Where the datagram that {@link pollTransmit} gave goes. */
  get transmitTo(): Address {
    return this.#transmitTo!;
  }

  /** Replaces the keys that open tickets and tokens: at most two are alive at a time. */
  setKeys(keys: readonly RelayKey[]): void {
    this.#state.keys = keys;
  }

  /** Refuses new sessions, tells all ends, and closes what is left at `untilMs`. */
  drain(untilMs: number): void {
    this.#state.drainUntilMs = untilMs;
  }

  /** Ends a drain before its time. */
  cancelDrain(): void {
    this.#state.drainUntilMs = Infinity;
  }

  /** The director is away (`true`), or back. */
  hold(isHolding: boolean, nowMs: number): void {
    this.#sessions.hold(isHolding, nowMs);
  }

  /** Ends all paths of a session and refuses its tickets for a day; how many paths there were. */
  revoke(sessionId: bigint, nowMs: number): number {
    return this.#sessions.revoke(sessionId, nowMs);
  }

  /** What every session did. Allocates: not for hot paths. */
  sessions(nowMs: number): RelaySessionStats[] {
    const { slots } = this.#state;
    const all: RelaySessionStats[] = [];
    for (let slot = 0; slot < slots.capacity; slot++) {
      if (slots.state[slot] !== SlotState.free) all.push(sessionStats(slots, slot, nowMs));
    }
    return all;
  }

  /** All sessions as one buffer, for a process that takes this one's place. */
  export(nowMs: number): Uint8Array {
    return exportSessions(this.#state, nowMs);
  }

  /**
   * Takes sessions over that another process has exported. Call it before the first frame.
   *
   * @returns How many were taken; fewer than there were when there is no room, or labels are taken.
   * @throws RangeError when the buffer is no such table.
   */
  import(table: Uint8Array, nowMs: number): number {
    return importSessions(this.#state, table, nowMs);
  }

  /** Takes a datagram. Never throws, whatever it holds; the bytes may be changed. */
  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): void {
    const sizeBytes = this.forwardInPlace(bytes, from, nowMs);
    if (sizeBytes === 0) return;
    const { ring, drops } = this.#state;
    const { spare } = ring;
    if (spare === undefined) {
      drops.outboundFull++;
      return;
    }
    spare.set(sizeBytes === bytes.byteLength ? bytes : bytes.subarray(0, sizeBytes));
    ring.commit(sizeBytes, this.#forwarder.target);
  }

  /**
   * Takes a datagram, and turns a frame that goes on into what is to be sent, where it lies.
   *
   * @returns Its size: send the first so many bytes to {@link forwardTo}, before the next call. 0 when
   * nothing goes on. Either way, drain {@link pollTransmit} afterwards.
   */
  forwardInPlace(bytes: Uint8Array, from: Address, nowMs: number): number {
    const { drops, totals, load, options } = this.#state;
    const sizeBytes = bytes.byteLength;
    if (sizeBytes < RELAY_HEADER_BYTES) return this.#drop("tooShort");
    if (!isRelayFrame(bytes[0]!)) return this.#drop("notRelay");
    if (sizeBytes > RELAY_MAX_FRAME_BYTES) return this.#drop("tooLong");
    load.onFrame(nowMs);
    const type = frameType(bytes);
    totals.onReceived(type, sizeBytes);
    if (frameVersion(bytes) !== RELAY_VERSION) return this.#drop("badVersion");
    if (!isSizeOf(type, sizeBytes)) return this.#drop("wrongSize");
    switch (type) {
      case RelayFrameType.bind:
        this.#binder.handleBind(bytes, from, nowMs);
        return 0;
      case RelayFrameType.qosPing:
        this.#replies.qosPing(bytes, from, nowMs);
        return 0;
      case RelayFrameType.mesh:
      case RelayFrameType.qosPong:
        if (options.onProbe === undefined) drops.unexpectedType++;
        else options.onProbe(bytes, from, nowMs);
        return 0;
    }
    const forwardBytes = this.#forwarder.handle(bytes, type, from, nowMs);
    if (forwardBytes > 0) totals.onSent(type, forwardBytes);
    return forwardBytes;
  }

  /** Queues a frame that the host built, such as a MESH probe. Returns whether there was room. */
  send(bytes: Uint8Array, to: Address): boolean {
    const { ring, drops, totals } = this.#state;
    const { spare } = ring;
    if (spare === undefined) {
      drops.outboundFull++;
      return false;
    }
    spare.set(bytes);
    totals.onSent(frameType(bytes), bytes.byteLength);
    ring.commit(bytes.byteLength, to);
    return true;
  }

  /**
   * Copies the next datagram to the start of `into`.
   *
   * @returns Its size, or 0 when nothing is to be sent now; it goes to {@link transmitTo}.
   */
  pollTransmit(into: Uint8Array, _nowMs: number): number {
    const { ring } = this.#state;
    if (ring.count === 0) return 0;
    this.#transmitTo = ring.firstTarget;
    return ring.shift(into);
  }

  /** Does what time asks for. */
  handleTimeout(nowMs: number): void {
    this.#paths.handleTimeout(nowMs);
    this.#sessions.handleTimeout(nowMs);
  }

  /** When {@link handleTimeout} should be called at the latest, or `Infinity`. */
  deadlineMs(): number {
    return Math.min(this.#paths.deadlineMs, this.#sessions.deadlineMs);
  }

  #drop(reason: keyof RelayDropCounters): number {
    this.#state.drops[reason]++;
    return 0;
  }
}
