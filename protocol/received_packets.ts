/**
 * Which packets arrived: replay protection and the ranges of the ACK frame, from one bitmap.
 *
 * Implements docs/protocol.md, "Replay window" and "ACK". A packet number older than the window is
 * refused, never taken for new; the window moves only after authentication, so a forged number
 * cannot move it.
 *
 * @module
 */
import { writeVarint } from "../schema/mod.ts";

/** Packet numbers that the window covers, as the design has it; 2 s of 500 packets a second. */
export const REPLAY_WINDOW_PACKETS = 1024;

/** Longest wait before an acknowledgement leaves alone (RFC 9000 `max_ack_delay` default). */
export const MAX_ACK_DELAY_MS = 25;

/** Most additional ranges in one ACK frame. */
export const MAX_ACK_RANGES = 31;

/** Ack-eliciting packets after which an acknowledgement leaves at once (RFC 9000, 13.2.2). */
const ELICITING_PACKETS_PER_ACK = 2;

/** Worst case of the ACK frame: type, u16, u8, varint, u8, 31 x two varints of at most 2 bytes. */
export const MAX_ACK_FRAME_BYTES = 1 + 2 + 1 + 2 + 1 + MAX_ACK_RANGES * 4;

/** Verdict on a packet number before the packet is opened. */
export const Replay = { fresh: 0, duplicate: 1, tooOld: 2 } as const;

/** Bitmap over the last {@link REPLAY_WINDOW_PACKETS} packet numbers, and what remains to be acknowledged. */
export class ReceivedPackets {
  readonly #bits = new Int32Array(REPLAY_WINDOW_PACKETS / 32);
  #largest = -1;
  #largestAtMs = 0;
  #ackFloor = 0;
  #elicitingPending = 0;
  #ackDueMs = Infinity;
  #isAckComplete = true;

  /** Largest packet number seen, or -1. */
  get largest(): number {
    return this.#largest;
  }

  /** When an acknowledgement must leave, or `Infinity`. */
  get ackDueMs(): number {
    return this.#ackDueMs;
  }

  /** Whether an ack-eliciting packet waits for its acknowledgement. */
  get isAckPending(): boolean {
    return this.#elicitingPending > 0;
  }

  /** Whether the last ACK frame had room for every range: only then may its acknowledgement prune. */
  get isAckComplete(): boolean {
    return this.#isAckComplete;
  }

  /** Judges a packet number without changing anything: one of {@link Replay}. */
  judge(packetNumber: number): number {
    if (packetNumber > this.#largest) return Replay.fresh;
    if (packetNumber <= this.#largest - REPLAY_WINDOW_PACKETS) return Replay.tooOld;
    return this.#has(packetNumber) ? Replay.duplicate : Replay.fresh;
  }

  /** Notes an authentic packet that {@link judge} called fresh. */
  mark(packetNumber: number, isAckEliciting: boolean, nowMs: number): void {
    if (packetNumber > this.#largest) {
      this.#advance(packetNumber);
      this.#largestAtMs = nowMs;
    } else if (isAckEliciting) {
      // A hole below the largest was filled: the sender is about to call it lost, so tell it now.
      this.#ackDueMs = nowMs;
    }
    const slot = packetNumber % REPLAY_WINDOW_PACKETS;
    this.#bits[slot >>> 5]! |= 1 << (slot & 31);
    if (packetNumber < this.#ackFloor) this.#ackFloor = packetNumber;
    if (!isAckEliciting) return;
    this.#elicitingPending++;
    if (this.#elicitingPending >= ELICITING_PACKETS_PER_ACK) this.#ackDueMs = nowMs;
    else if (this.#ackDueMs === Infinity) this.#ackDueMs = nowMs + MAX_ACK_DELAY_MS;
  }

  /** The peer has our acknowledgement up to `largest`: what lies below need not be said again. */
  pruneBelow(largest: number): void {
    if (largest + 1 > this.#ackFloor) this.#ackFloor = Math.min(largest + 1, this.#largest);
  }

  /**
   * Writes an ACK frame and forgets that one was due.
   *
   * @param limit First offset that must stay untouched; ranges that do not fit are left for later.
   * @returns The end of the frame, or `offset` when there is nothing to acknowledge or no room.
   */
  writeAck(view: DataView, offset: number, limit: number, nowMs: number): number {
    if (this.#largest < 0 || limit - offset < 16) return offset;
    let at = offset;
    view.setUint8(at++, 0x02);
    view.setUint16(at, this.#largest & 0xffff, true);
    at += 2;
    const delay = Math.round((nowMs - this.#largestAtMs) * 2);
    view.setUint8(at++, delay > 255 ? 255 : delay < 0 ? 0 : delay);
    const floor = Math.max(this.#ackFloor, this.#largest - REPLAY_WINDOW_PACKETS + 1, 0);
    let packet = this.#largest;
    const firstRun = this.#runDown(packet, floor, true);
    at = writeVarint(view, at, firstRun);
    packet -= firstRun;
    const countAt = at++;
    let ranges = 0;
    this.#isAckComplete = true;
    while (packet > floor) {
      const gap = this.#runDown(packet, floor, false);
      if (packet - gap < floor) break;
      if (ranges === MAX_ACK_RANGES || limit - at < 4) {
        this.#isAckComplete = false;
        break;
      }
      packet -= gap;
      const run = this.#runDown(packet, floor, true);
      packet -= run;
      at = writeVarint(view, at, gap);
      at = writeVarint(view, at, run);
      ranges++;
    }
    view.setUint8(countAt, ranges);
    this.#elicitingPending = 0;
    this.#ackDueMs = Infinity;
    return at;
  }

  /** Length of the run of equal bits that ends at `packet` and goes down to at most `floor`. */
  #runDown(packet: number, floor: number, value: boolean): number {
    const full = value ? -1 : 0;
    let at = packet;
    while (at >= floor) {
      const slot = at % REPLAY_WINDOW_PACKETS;
      // A whole word at once when it lies inside the range.
      if ((slot & 31) === 31 && at - 31 >= floor && this.#bits[slot >>> 5] === full) {
        at -= 32;
        continue;
      }
      if (((this.#bits[slot >>> 5]! >>> (slot & 31)) & 1) === 1 !== value) break;
      at--;
    }
    return packet - at;
  }

  #has(packetNumber: number): boolean {
    const slot = packetNumber % REPLAY_WINDOW_PACKETS;
    return ((this.#bits[slot >>> 5]! >>> (slot & 31)) & 1) === 1;
  }

  #advance(packetNumber: number): void {
    const first = this.#largest + 1;
    if (packetNumber - first >= REPLAY_WINDOW_PACKETS) {
      this.#bits.fill(0);
    } else {
      for (let packet = first; packet < packetNumber; packet++) {
        const slot = packet % REPLAY_WINDOW_PACKETS;
        this.#bits[slot >>> 5]! &= ~(1 << (slot & 31));
      }
    }
    this.#largest = packetNumber;
  }
}
