/**
 * Encodes a message once and queues it for many peers.
 *
 * @module
 */
import type { BoundMessage, MessageEntry, ProtocolCore, WireTable } from "../schema/mod.ts";
import type { SendResult } from "../protocol/send_channel.ts";

interface Encoded {
  readonly entry: MessageEntry | undefined;
  readonly sizeBytes: number;
  readonly bytes: Uint8Array;
}

/** Whoever takes a message that is encoded already: a session, or a room's way out of its worker. */
export interface EncodedSink {
  /** The version of the protocol that is spoken there. */
  readonly table: WireTable;
  /** Queues the message; copies the first `sizeBytes` of `bytes`, or shares them unchanged. */
  sendEncoded(
    entry: MessageEntry,
    bytes: Uint8Array,
    sizeBytes: number,
    nowMs: number,
  ): SendResult;
}

/** Encodings of one message for every version of the protocol that peers speak. */
export class Broadcaster {
  readonly #protocol: ProtocolCore;
  readonly #encodings = new Map<WireTable, Encoded>();
  #message: BoundMessage | undefined;
  #value: unknown;

  constructor(protocol: ProtocolCore) {
    this.#protocol = protocol;
  }

  /**
   * Takes the message to send; the newest version is encoded at once, so that a bad value throws even
   * when nobody is there.
   *
   * @throws TypeError or RangeError for a message of another protocol or direction, or a bad value.
   */
  begin<T>(message: BoundMessage<T>, value: T): void {
    if (this.#protocol.messages[message.index] !== message) {
      throw new TypeError(`Cannot broadcast "${message.name}": it belongs to another protocol`);
    }
    if (message.from === "client") {
      throw new TypeError(`Cannot broadcast "${message.name}": only a client sends it`);
    }
    this.#message = message;
    this.#value = value;
    this.#encodings.clear();
    this.#encodingFor(this.#protocol.tables[0]!);
  }

  /** Queues the message for one peer. */
  sendTo(typed: EncodedSink, nowMs: number): SendResult {
    const { entry, bytes, sizeBytes } = this.#encodingFor(typed.table);
    return entry === undefined ? "dropped" : typed.sendEncoded(entry, bytes, sizeBytes, nowMs);
  }

  #encodingFor(table: WireTable): Encoded {
    let encoded = this.#encodings.get(table);
    if (encoded === undefined) {
      encoded = this.#encode(table);
      this.#encodings.set(table, encoded);
    }
    return encoded;
  }

  #encode(table: WireTable): Encoded {
    const message = this.#message!;
    const entry = table.entries[message.index];
    if (entry === undefined) return { entry, bytes: new Uint8Array(0), sizeBytes: 0 };
    const sizeBytes = entry.envelopeBytes + entry.codec.size(this.#value);
    const bytes = new Uint8Array(sizeBytes);
    table.write(message, new DataView(bytes.buffer), 0, this.#value);
    return { entry, bytes, sizeBytes };
  }
}
