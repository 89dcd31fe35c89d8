/**
 * The receiving half of a channel: order and once-only delivery of the six modes.
 *
 * Implements docs/protocol.md, "Channels". Verdicts come first and change nothing, so that a packet
 * can be refused whole before any of its frames is applied.
 *
 * @module
 */
import { type ChannelConfig, isFlowControlled } from "./channel_config.ts";
import type { MessageBuffer } from "./message_pool.ts";
import {
  CREDIT_OVERHEAD_BYTES,
  initialCreditBytes,
  RELIABLE_WINDOW_MESSAGES,
} from "./send_channel.ts";

/** What is thought of a sequence before anything is changed. */
export const SequenceVerdict = {
  /** Deliver it, now or in its turn. */
  accept: 0,
  /** Delivered before, or older than what was delivered: acknowledge and ignore. */
  stale: 1,
  /** No honest sender sends this. */
  violation: 2,
} as const;

/** Takes messages in the order in which the application shall see them. */
export type Deliver = (message: MessageBuffer) => void;

/** One channel's receiving half. */
export interface ReceiveChannel {
  /** The sequence near which 16-bit sequences are expanded. */
  readonly reference: number;
  /** Judges a message. */
  judge(sequence: number, sizeBytes: number): number;
  /** Judges a part of a message: one of {@link SequenceVerdict}. */
  judgePart(sequence: number): number;
  /** The sequence of an older message whose parts need not be kept once this one is here, or -1. */
  superseded(sequence: number): number;
  /** Notes that parts of a message are being gathered. */
  beginParts(sequence: number): void;
  /** Takes a message that {@link judge} accepted. */
  accept(message: MessageBuffer, deliver: Deliver): void;
}

/** Makes the receiving half that a channel's delivery asks for. */
export function createReceiveChannel(config: ChannelConfig): ReceiveChannel {
  switch (config.delivery) {
    case "unreliable":
      return new UnreliableReceiver();
    case "sequenced":
    case "reliable-latest":
    case "input":
      return new NewestReceiver();
    case "reliable-unordered":
    case "reliable-ordered":
      return new ReliableReceiver(config);
  }
}

/** `unreliable`: everything that arrives; packets are never delivered twice, so nothing is kept. */
class UnreliableReceiver implements ReceiveChannel {
  /** Newest sequence of a fragmented message. */
  reference = 0;

  judge(): number {
    return SequenceVerdict.accept;
  }

  judgePart(sequence: number): number {
    return sequence < 0 ? SequenceVerdict.violation : SequenceVerdict.accept;
  }

  superseded(): number {
    return -1;
  }

  beginParts(sequence: number): void {
    if (sequence > this.reference) this.reference = sequence;
  }

  accept(message: MessageBuffer, deliver: Deliver): void {
    deliver(message);
  }
}

/**
 * `sequenced`, `reliable-latest` and `input`: whatever is newer than all before.
 * Inputs stand oldest first in a packet, so the repeats that fill a hole come before the newest.
 */
class NewestReceiver implements ReceiveChannel {
  #newest = -1;
  /** Newest message of which parts are being gathered, or -1; parts of older ones are not kept beside it. */
  #gathering = -1;

  get reference(): number {
    return this.#newest < 0 ? 0 : this.#newest;
  }

  judge(sequence: number): number {
    if (sequence < 0) return SequenceVerdict.violation;
    return sequence > this.#newest ? SequenceVerdict.accept : SequenceVerdict.stale;
  }

  judgePart(sequence: number): number {
    return sequence < this.#gathering ? SequenceVerdict.stale : this.judge(sequence);
  }

  superseded(sequence: number): number {
    return this.#gathering < sequence ? this.#gathering : -1;
  }

  beginParts(sequence: number): void {
    if (sequence > this.#gathering) this.#gathering = sequence;
  }

  accept(message: MessageBuffer, deliver: Deliver): void {
    this.#newest = message.sequence;
    if (this.#gathering <= message.sequence) this.#gathering = -1;
    deliver(message);
  }
}

/** `reliable-ordered` and `reliable-unordered`: every message once, within window and credit. */
export class ReliableReceiver implements ReceiveChannel {
  readonly #isOrdered: boolean;
  readonly #windowBytes: number;
  /** Lowest sequence not received. */
  #expected = 0;
  /** Ordered: messages waiting for their turn. Unordered: marks of what was delivered. */
  #waiting: (MessageBuffer | true | undefined)[] = [];
  #receivedBytes = 0;
  #consumedBytes = 0;
  #grantedBytes: number;

  constructor(config: ChannelConfig) {
    this.#isOrdered = config.delivery === "reliable-ordered";
    this.#windowBytes = initialCreditBytes(config);
    this.#grantedBytes = this.#windowBytes;
  }

  get reference(): number {
    return this.#expected;
  }

  /** Bytes that the sender may have sent in all. */
  get grantedBytes(): number {
    return this.#grantedBytes;
  }

  judge(sequence: number, sizeBytes: number): number {
    if (sequence < this.#expected) return SequenceVerdict.stale;
    if (sequence >= this.#expected + RELIABLE_WINDOW_MESSAGES) return SequenceVerdict.violation;
    if (this.#waiting[sequence % RELIABLE_WINDOW_MESSAGES] !== undefined) {
      return SequenceVerdict.stale;
    }
    if (this.#receivedBytes + sizeBytes + CREDIT_OVERHEAD_BYTES > this.#grantedBytes) {
      return SequenceVerdict.violation;
    }
    return SequenceVerdict.accept;
  }

  judgePart(sequence: number): number {
    // Its size is judged when it is whole; until then the reassembler's budget bounds it.
    return this.judge(sequence, 0);
  }

  superseded(): number {
    return -1;
  }

  beginParts(): void {}

  accept(message: MessageBuffer, deliver: Deliver): void {
    this.#receivedBytes += message.sizeBytes + CREDIT_OVERHEAD_BYTES;
    const sequence = message.sequence;
    if (sequence !== this.#expected) {
      this.#waiting[sequence % RELIABLE_WINDOW_MESSAGES] = this.#isOrdered ? message : true;
      if (!this.#isOrdered) deliver(message);
      return;
    }
    this.#expected++;
    deliver(message);
    while (true) {
      const slot = this.#expected % RELIABLE_WINDOW_MESSAGES;
      const next = this.#waiting[slot];
      if (next === undefined) return;
      this.#waiting[slot] = undefined;
      this.#expected++;
      if (next !== true) deliver(next);
    }
  }

  /**
   * The application took a message of this size.
   *
   * @returns Whether the sender should be granted more now.
   */
  onConsumed(sizeBytes: number): boolean {
    this.#consumedBytes += sizeBytes + CREDIT_OVERHEAD_BYTES;
    return this.#grantedBytes - this.#consumedBytes < this.#windowBytes / 2;
  }

  /** Grants a full window beyond what was consumed and returns the new limit. */
  grant(): number {
    this.#grantedBytes = this.#consumedBytes + this.#windowBytes;
    return this.#grantedBytes;
  }

  /** Hands out the messages that wait for their turn, for release when the session ends. */
  drain(release: (message: MessageBuffer) => void): void {
    for (const message of this.#waiting) {
      if (message !== undefined && message !== true) release(message);
    }
    this.#waiting = [];
  }
}

/** Whether a receiving half grants credit. */
export function grantsCredit(
  config: ChannelConfig,
  channel: ReceiveChannel,
): channel is ReliableReceiver {
  return isFlowControlled(config.delivery) && channel instanceof ReliableReceiver;
}
