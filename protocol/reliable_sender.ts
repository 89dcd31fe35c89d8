/**
 * Sends `reliable-ordered` and `reliable-unordered` messages: again, until they are acknowledged.
 *
 * Order is the receiver's affair; the sender's is the window of 512 messages, the credit that the
 * receiver granted, and to resend only the parts that were lost.
 *
 * @module
 */
import type { ChannelConfig } from "./channel_config.ts";
import { type MessageBuffer, PartState } from "./message_pool.ts";
import type { PacketWriter } from "./packet_writer.ts";
import {
  CREDIT_OVERHEAD_BYTES,
  initialCreditBytes,
  MAX_FRAGMENTED_BYTES_IN_FLIGHT,
  MAX_FRAGMENTED_IN_FLIGHT,
  RELIABLE_WINDOW_MESSAGES,
  type SendChannel,
  type SendContext,
  type SendResult,
  writePart,
} from "./send_channel.ts";

interface Resend {
  readonly message: MessageBuffer;
  readonly generation: number;
  readonly part: number;
}

const INITIAL_SLOTS = 8;

/** Resends that were dealt with and still stand in the list. */
const RESENDS_COMPACTED_AT = 256;

/** {@link SendChannel} of the two reliable deliveries that keep every message. */
export class ReliableSender implements SendChannel {
  readonly index: number;
  readonly config: ChannelConfig;
  deficitBytes = 0;
  readonly #context: SendContext;
  #slots: (MessageBuffer | undefined)[] = new Array(INITIAL_SLOTS).fill(undefined);
  #oldest = 0;
  #nextToSend = 0;
  #nextSequence = 0;
  #queuedBytes = 0;
  #usedCredit = 0;
  #creditLimit: number;
  #wasBlocked = false;
  readonly #resends: Resend[] = [];
  #resendHead = 0;

  constructor(index: number, config: ChannelConfig, context: SendContext) {
    this.index = index;
    this.config = config;
    this.#context = context;
    this.#creditLimit = initialCreditBytes(config);
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get hasUnsent(): boolean {
    return this.#nextToSend < this.#nextSequence;
  }

  get isSettled(): boolean {
    return this.#oldest === this.#nextSequence;
  }

  /** Messages not yet acknowledged. */
  get unacknowledged(): number {
    return this.#nextSequence - this.#oldest;
  }

  /** Whether the channel refused a message and has since emptied to less than half. Reading it resets it. */
  takeDrained(): boolean {
    if (!this.#wasBlocked || this.#queuedBytes * 2 > this.#context.queueBytes) return false;
    if (this.unacknowledged * 2 > this.#context.queueMessages) return false;
    this.#wasBlocked = false;
    this.#context.blockedChannels--;
    return true;
  }

  enqueue(message: MessageBuffer): SendResult {
    const isTooMuch = this.#queuedBytes > 0 &&
      this.#queuedBytes + message.sizeBytes > this.#context.queueBytes;
    if (isTooMuch || this.unacknowledged >= this.#context.queueMessages) {
      if (!this.#wasBlocked) this.#context.blockedChannels++;
      this.#wasBlocked = true;
      return "blocked";
    }
    this.#context.split(message);
    message.sequence = this.#nextSequence;
    if (this.unacknowledged === this.#slots.length) this.#grow();
    this.#slots[this.#nextSequence & (this.#slots.length - 1)] = message;
    this.#nextSequence++;
    this.#queuedBytes += message.sizeBytes;
    return "queued";
  }

  isPending(): boolean {
    if (this.#nextToSend >= this.#nextSequence) return false;
    const message = this.#slots[this.#nextToSend & (this.#slots.length - 1)]!;
    if (message.nextPart > 0) return true;
    if (this.#nextToSend - this.#oldest >= RELIABLE_WINDOW_MESSAGES) return false;
    if (this.#usedCredit + message.sizeBytes + CREDIT_OVERHEAD_BYTES > this.#creditLimit) {
      return false;
    }
    const context = this.#context;
    return message.partCount === 1 || context.fragmentedInFlight === 0 ||
      (context.fragmentedInFlight < MAX_FRAGMENTED_IN_FLIGHT &&
        context.fragmentedBytesInFlight + message.sizeBytes <= MAX_FRAGMENTED_BYTES_IN_FLIGHT);
  }

  writeNext(writer: PacketWriter): boolean {
    const message = this.#slots[this.#nextToSend & (this.#slots.length - 1)]!;
    const part = message.nextPart;
    if (!writePart(writer, this.index, message.sequence, message, part)) return false;
    if (part === 0) {
      this.#usedCredit += message.sizeBytes + CREDIT_OVERHEAD_BYTES;
      if (message.partCount > 1) {
        this.#context.fragmentedInFlight++;
        this.#context.fragmentedBytesInFlight += message.sizeBytes;
      }
    }
    message.nextPart = part + 1;
    if (message.nextPart === message.partCount) this.#nextToSend++;
    this.#context.track(message, part);
    return true;
  }

  get hasResends(): boolean {
    while (this.#resendHead < this.#resends.length) {
      const next = this.#resends[this.#resendHead]!;
      if (
        next.message.generation === next.generation &&
        next.message.stateOf(next.part) === PartState.waiting
      ) return true;
      this.#resendHead++;
    }
    this.#resends.length = 0;
    this.#resendHead = 0;
    return false;
  }

  /** A path that loses all the time never lets the list run empty: it must not grow for ever. */
  #compactResends(): void {
    if (this.#resendHead < RESENDS_COMPACTED_AT) return;
    this.#resends.splice(0, this.#resendHead);
    this.#resendHead = 0;
  }

  writeResend(writer: PacketWriter): boolean {
    const { message, part } = this.#resends[this.#resendHead]!;
    if (!writePart(writer, this.index, message.sequence, message, part)) return false;
    this.#resendHead++;
    this.#context.partsResent++;
    this.#context.track(message, part);
    return true;
  }

  onPartAcked(message: MessageBuffer, part: number): void {
    if (message.stateOf(part) === PartState.acked) return;
    message.setState(part, PartState.acked);
    if (++message.partsAcked < message.partCount) return;
    this.#slots[message.sequence & (this.#slots.length - 1)] = undefined;
    this.#queuedBytes -= message.sizeBytes;
    if (message.partCount > 1) {
      this.#context.fragmentedInFlight--;
      this.#context.fragmentedBytesInFlight -= message.sizeBytes;
    }
    this.#context.settle(message, "acked");
    while (
      this.#oldest < this.#nextToSend &&
      this.#slots[this.#oldest & (this.#slots.length - 1)] === undefined
    ) this.#oldest++;
  }

  onPartLost(message: MessageBuffer, part: number, packetNumber: number): void {
    if (message.stateOf(part) !== PartState.inFlight) return;
    if (message.packetOf(part) !== packetNumber) return;
    message.setState(part, PartState.waiting);
    this.#compactResends();
    this.#resends.push({ message, generation: message.generation, part });
  }

  /** The receiver takes this many bytes in all, modulo 2^32. Older grants are ignored. */
  onCredit(limitModulo: number): void {
    const increase = (limitModulo - (this.#creditLimit >>> 0)) | 0;
    if (increase > 0) this.#creditLimit += increase;
  }

  drop(): void {
    for (let sequence = this.#oldest; sequence < this.#nextSequence; sequence++) {
      const message = this.#slots[sequence & (this.#slots.length - 1)];
      if (message !== undefined) this.#context.settle(message, "dropped");
    }
    this.#slots.fill(undefined);
    this.#oldest = this.#nextToSend = this.#nextSequence;
    this.#queuedBytes = 0;
    this.#resends.length = 0;
    this.#resendHead = 0;
  }

  #grow(): void {
    const slots: (MessageBuffer | undefined)[] = new Array(this.#slots.length * 2).fill(undefined);
    for (let sequence = this.#oldest; sequence < this.#nextSequence; sequence++) {
      slots[sequence & (slots.length - 1)] = this.#slots[sequence & (this.#slots.length - 1)];
    }
    this.#slots = slots;
  }
}
