/**
 * Messages with types over a session: encodes what is sent, checks and decodes what arrives.
 *
 * The table of the protocol's version is chosen once, when the session begins; per message there is
 * no lookup but an array's. Bytes that the schema refuses are counted and dropped, never thrown.
 *
 * @module
 */
import {
  type BoundMessage,
  type DecodedMessage,
  type MessageEntry,
  Refusal,
  type WireTable,
} from "../schema/mod.ts";
import type { DropCounters } from "./counters.ts";
import type { DeliveryCallback, MessageBuffer } from "./message_pool.ts";
import { MessageRates } from "./message_rates.ts";
import type { SendResult } from "./send_channel.ts";
import type { Session } from "./session.ts";

/** Messages whose largest encoding is beyond this are measured before a buffer is taken for them. */
const MEASURED_ABOVE_BYTES = 1_280;

/** A session that speaks in messages. */
export class TypedSession {
  /** The session beneath. */
  readonly session: Session;
  /** The version of the protocol that it speaks. */
  readonly table: WireTable;
  readonly #peer: "client" | "server";
  readonly #drops: DropCounters;
  readonly #decoded: DecodedMessage = { message: undefined, value: undefined };
  readonly #rates = new MessageRates();

  /** @param peer Which end the other one is. */
  constructor(
    session: Session,
    table: WireTable,
    peer: "client" | "server",
    drops: DropCounters,
  ) {
    this.session = session;
    this.table = table;
    this.#peer = peer;
    this.#drops = drops;
  }

  /** The message that {@link poll} found. */
  get message(): BoundMessage {
    return this.#decoded.message!;
  }

  /** Its value, owned by the caller. */
  get value(): unknown {
    return this.#decoded.value;
  }

  /**
   * Queues a message.
   *
   * @returns `"dropped"` also when the peer's version of the protocol does not have the message.
   * @throws TypeError or RangeError for a message of another protocol or direction, a value that the schema
   * does not allow, or an `onResult` that is no function.
   */
  send<T>(
    message: BoundMessage<T>,
    value: T,
    onResult: DeliveryCallback | undefined,
    nowMs: number,
  ): SendResult {
    if (onResult !== undefined && typeof onResult !== "function") {
      throw new TypeError(
        `Cannot send "${message.name}": who is told of its delivery is no function`,
      );
    }
    const entry = this.#entryOf(message);
    if (entry === undefined) return "dropped";
    const buffer = this.#encode(entry, message, value);
    return this.session.send(entry.channel, buffer, onResult, nowMs);
  }

  /** Queues a message that was encoded for the same table already. */
  sendEncoded(
    entry: MessageEntry,
    bytes: Uint8Array,
    sizeBytes: number,
    nowMs: number,
  ): SendResult {
    const buffer = this.session.prepare(sizeBytes);
    buffer.bytes.set(sizeBytes === bytes.byteLength ? bytes : bytes.subarray(0, sizeBytes));
    buffer.sizeBytes = sizeBytes;
    return this.session.send(entry.channel, buffer, undefined, nowMs);
  }

  /** Takes the next message that is well formed and within its rate; `false` when there is none. */
  poll(nowMs: number): boolean {
    while (true) {
      const buffer = this.session.pollMessage();
      if (buffer === undefined) return false;
      if (this.accept(buffer, nowMs)) return true;
    }
  }

  /** Decodes a message that was polled from the session, and releases its buffer; `false` when it is refused. */
  accept(buffer: MessageBuffer, nowMs: number): boolean {
    const { channel, view, sizeBytes } = buffer;
    const end = this.table.read(this.#peer, channel, view, 0, sizeBytes, this.#decoded);
    this.session.release(buffer);
    if (end < 0) {
      if (-end === Refusal.direction) this.#drops.messageWrongDirection++;
      else this.#drops.messageRefused++;
      return false;
    }
    if (this.#rates.take(this.message, nowMs)) return true;
    this.#drops.messageRateLimited++;
    return false;
  }

  #entryOf(message: BoundMessage): MessageEntry | undefined {
    if (message.from === this.#peer) {
      throw new TypeError(`Cannot send "${message.name}": only a ${message.from} sends it`);
    }
    const entry = this.table.entries[message.index];
    if (entry !== undefined && entry.message !== message) {
      throw new TypeError(`Cannot send "${message.name}": it belongs to another protocol`);
    }
    return entry;
  }

  #encode<T>(entry: MessageEntry, message: BoundMessage<T>, value: T): MessageBuffer {
    const capacityBytes = entry.maxBytes <= MEASURED_ABOVE_BYTES
      ? entry.maxBytes
      : entry.envelopeBytes + entry.codec.size(value);
    const buffer = this.session.prepare(capacityBytes);
    try {
      buffer.sizeBytes = this.table.write(message, buffer.view, 0, value);
      return buffer;
    } catch (error) {
      this.session.discard(buffer);
      throw error;
    }
  }
}
