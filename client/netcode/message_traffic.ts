/**
 * Counts the messages of a client by channel, for its netgraph.
 *
 * Opt-in, because the size of each message is measured once more for it.
 *
 * @module
 */
import type { BoundMessage, WireTable } from "../../schema/mod.ts";
import type { ChannelTraffic } from "./netgraph.ts";

/** Is told of the messages of a client. */
export interface MessageObserver {
  /** A message was queued. */
  onSent(message: BoundMessage, value: unknown): void;
  /** A message came. */
  onReceived(message: BoundMessage, value: unknown): void;
}

/** The counts. */
export class MessageTraffic implements MessageObserver {
  readonly #table: WireTable;
  readonly #channels: ChannelTraffic[];

  /** @param channels Receives one entry for each channel. */
  constructor(table: WireTable, channels: ChannelTraffic[]) {
    this.#table = table;
    this.#channels = channels;
    for (const { name } of table.channels) {
      channels.push({ name, messagesOut: 0, bytesOut: 0, messagesIn: 0, bytesIn: 0 });
    }
  }

  onSent(message: BoundMessage, value: unknown): void {
    const channel = this.#channelOf(message);
    if (channel === undefined) return;
    channel.messagesOut++;
    channel.bytesOut += this.#sizeOf(message, value);
  }

  onReceived(message: BoundMessage, value: unknown): void {
    const channel = this.#channelOf(message);
    if (channel === undefined) return;
    channel.messagesIn++;
    channel.bytesIn += this.#sizeOf(message, value);
  }

  #channelOf({ index }: BoundMessage): ChannelTraffic | undefined {
    const entry = this.#table.entries[index];
    return entry === undefined ? undefined : this.#channels[entry.channel];
  }

  #sizeOf({ index }: BoundMessage, value: unknown): number {
    const entry = this.#table.entries[index]!;
    return entry.envelopeBytes + entry.codec.size(value);
  }
}
