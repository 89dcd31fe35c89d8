/**
 * The sessions of a relay as one buffer, so that a new process can take the place of an old one on the
 * same port without any end noticing.
 *
 * Implements docs/relay_protocol.md, "Takeover". Times travel as ages and sequence numbers jump ahead, since
 * the old process may still send while the new one starts.
 *
 * @module
 */
import { formatIp, IP_BYTES, parseIp } from "../address.ts";
import { RELAY_WINDOW_WORDS, type ReplayWindows } from "./replay_window.ts";
import { NO_SLOT, type RelaySlots, SlotState } from "./relay_slots.ts";
import type { RelayState } from "./relay_state.ts";
import { RelayDirection } from "./session_caps.ts";
import { SIPHASH_KEY_BYTES } from "./siphash.ts";

/** What sequence numbers jump by: more than the old process sends until it ends. */
export const TAKEOVER_SEQUENCE_JUMP = 65_536;

/** Bytes of the table's head: magic, version, session count, both lists of ids. */
const HEAD_BYTES = 20;

/** "TWRT", little-endian. */
const MAGIC = 0x5452_5754;
const TABLE_VERSION = 1;
const ID_BYTES = 16;

/** Reads or writes the same fields in the same order, so that the two cannot come apart. */
class Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly isWriting: boolean;
  at = 0;

  constructor(bytes: Uint8Array, isWriting: boolean) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.isWriting = isWriting;
  }

  u32(value: number): number {
    const { at } = this;
    this.at += 4;
    if (this.isWriting) this.view.setUint32(at, value, true);
    return this.isWriting ? value : this.view.getUint32(at, true);
  }

  u64(value: bigint): bigint {
    const { at } = this;
    this.at += 8;
    if (this.isWriting) this.view.setBigUint64(at, value, true);
    return this.isWriting ? value : this.view.getBigUint64(at, true);
  }

  f64(value: number): number {
    const { at } = this;
    this.at += 8;
    if (this.isWriting) this.view.setFloat64(at, value, true);
    return this.isWriting ? value : this.view.getFloat64(at, true);
  }

  /** One element of an array of small numbers. */
  small(array: Uint8Array | Uint32Array, index: number): void {
    array[index] = this.u32(array[index]!);
  }

  /** One element of an array of ids. */
  id(array: BigUint64Array, index: number): void {
    array[index] = this.u64(array[index]!);
  }

  /** One element of an array of numbers. */
  number(array: Float64Array, index: number): void {
    array[index] = this.f64(array[index]!);
  }

  /** One element of an array of times, which travels as an age. */
  time(array: Float64Array, index: number, nowMs: number): void {
    array[index] = nowMs - this.f64(nowMs - array[index]!);
  }

  /** An address that may be missing. */
  address(array: RelaySlots["prev"], index: number): void {
    const { at } = this;
    const address = array[index];
    this.at += IP_BYTES + 2;
    if (this.isWriting) {
      this.bytes.fill(0, at, this.at);
      if (address === undefined) return;
      parseIp(address.hostname, this.bytes, at);
      this.view.setUint16(at + IP_BYTES, address.port, true);
      return;
    }
    const port = this.view.getUint16(at + IP_BYTES, true);
    array[index] = port === 0 ? undefined : { hostname: formatIp(this.bytes, at), port };
  }
}

/** Bytes of one session in the table; its own layout decides. */
const SESSION_BYTES = 596;

/** All sessions of a relay as one buffer. */
export function exportSessions(state: RelayState, nowMs: number): Uint8Array {
  const { slots, ended, revoked } = state;
  const ids = ended.size + revoked.size;
  const bytes = new Uint8Array(HEAD_BYTES + slots.used * SESSION_BYTES + ids * ID_BYTES);
  const cursor = new Cursor(bytes, true);
  cursor.u32(MAGIC);
  cursor.u32(TABLE_VERSION);
  cursor.u32(slots.used);
  cursor.u32(ended.size);
  cursor.u32(revoked.size);
  for (let slot = 0; slot < slots.capacity; slot++) {
    if (slots.state[slot] !== SlotState.free) moveSession(cursor, slots, slot, nowMs);
  }
  for (const list of [ended, revoked]) {
    for (const [id, untilMs] of list.entries()) {
      cursor.u64(id);
      cursor.f64(untilMs - nowMs);
    }
  }
  return bytes;
}

/** Takes sessions out of such a buffer; how many were taken. See `RelayCore.import`. */
export function importSessions(state: RelayState, table: Uint8Array, nowMs: number): number {
  const { slots, ended, revoked } = state;
  const cursor = new Cursor(table, false);
  const isTable = table.byteLength >= HEAD_BYTES && cursor.u32(0) === MAGIC &&
    cursor.u32(0) === TABLE_VERSION;
  if (!isTable) throw new RangeError("Cannot take over: this is no table of relay sessions");
  const sessions = cursor.u32(0);
  const endedCount = cursor.u32(0);
  const revokedCount = cursor.u32(0);
  const ids = endedCount + revokedCount;
  if (table.byteLength !== HEAD_BYTES + sessions * SESSION_BYTES + ids * ID_BYTES) {
    throw new RangeError(
      `Cannot take over: ${table.byteLength} bytes are no table of ${sessions} sessions`,
    );
  }
  let taken = 0;
  for (let i = 0; i < sessions; i++) if (takeSession(cursor, slots, nowMs)) taken++;
  for (let i = 0; i < ids; i++) {
    const id = cursor.u64(0n);
    (i < endedCount ? ended : revoked).add(id, nowMs + cursor.f64(0));
  }
  return taken;
}

function takeSession(cursor: Cursor, slots: RelaySlots, nowMs: number): boolean {
  const slot = slots.claim();
  if (slot === NO_SLOT) {
    cursor.at += SESSION_BYTES;
    return false;
  }
  moveSession(cursor, slots, slot, nowMs);
  const isTaken = slots.findIn(slots.labelIn[slot]!) !== NO_SLOT || (!slots.isAnchor(slot) &&
    slots.findOut(slots.labelOut[slot]!) !== NO_SLOT);
  if (isTaken) {
    slots.unclaim(slot);
    return false;
  }
  slots.sentPrev[slot]! += TAKEOVER_SEQUENCE_JUMP;
  slots.sentNext[slot]! += TAKEOVER_SEQUENCE_JUMP;
  slots.index(slot);
  return true;
}

/** Every field of a session that outlives its process. */
function moveSession(cursor: Cursor, slots: RelaySlots, slot: number, nowMs: number): void {
  const { state, awaitsBound, flags, epoch, nextShard, nextLost, isReplaced } = slots;
  for (const array of [state, awaitsBound, flags, epoch, nextShard, nextLost, isReplaced]) {
    cursor.small(array, slot);
  }
  for (const array of [slots.labelIn, slots.labelOut, slots.rebinds]) cursor.small(array, slot);
  for (let i = 0; i < 2 * SIPHASH_KEY_BYTES; i++) {
    const at = slots.prevKeyAt(slot) + i;
    if (cursor.isWriting) cursor.bytes[cursor.at] = slots.keys[at]!;
    else slots.keys[at] = cursor.bytes[cursor.at]!;
    cursor.at++;
  }
  const { sessionId, ticketId, bindId, anchorId } = slots;
  for (const array of [sessionId, ticketId, bindId, anchorId]) cursor.id(array, slot);
  const { notAfterMs, boundAtMs, heardPrevMs, heardPathMs, heardNextMs, lastDataMs } = slots;
  const times = [notAfterMs, boundAtMs, heardPrevMs, heardPathMs, heardNextMs, lastDataMs];
  for (const array of times) cursor.time(array, slot, nowMs);
  const { sentPrev, sentNext, maxBytes, usedBytes, refused } = slots;
  for (const array of [sentPrev, sentNext, maxBytes, usedBytes, refused]) {
    cursor.number(array, slot);
  }
  const { framesUp, bytesUp, framesDown, bytesDown } = slots;
  for (const array of [framesUp, bytesUp, framesDown, bytesDown]) cursor.number(array, slot);
  moveWindow(cursor, slots.fromPrev, slot);
  moveWindow(cursor, slots.fromNext, slot);
  moveCaps(cursor, slots, slot, RelayDirection.up, nowMs);
  moveCaps(cursor, slots, slot, RelayDirection.down, nowMs);
  cursor.address(slots.prev, slot);
  cursor.address(slots.next, slot);
}

function moveWindow(cursor: Cursor, windows: ReplayWindows, slot: number): void {
  for (const array of [windows.largest, windows.first, windows.taken]) cursor.number(array, slot);
  for (let i = 0; i < RELAY_WINDOW_WORDS; i++) {
    const at = slot * RELAY_WINDOW_WORDS + i;
    windows.bits[at] = cursor.u32(windows.bits[at]! >>> 0);
  }
}

/** Rates travel, what is left in the buckets does not: a full bucket is two seconds of a signed rate. */
function moveCaps(
  cursor: Cursor,
  slots: RelaySlots,
  slot: number,
  direction: RelayDirection,
  nowMs: number,
): void {
  const pps = cursor.f64(slots.caps.ppsOf(slot, direction));
  const kbps = cursor.f64(slots.caps.kbpsOf(slot, direction));
  if (cursor.isWriting) return;
  slots.caps.set(slot, direction, finite(pps), finite(kbps), nowMs);
}

/** `Infinity`, which means no limit, as the 0 of tickets. */
function finite(rate: number): number {
  return rate === Infinity ? 0 : rate;
}
