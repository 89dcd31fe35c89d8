/**
 * Sends `unreliable` and `sequenced` messages: once, and then no more.
 *
 * A sequenced message that is still waiting when a newer one comes is dropped, since its receiver
 * would drop it. An unreliable one waits for its packet no longer than its time to live.
 *
 * @module
 */
import type { ChannelConfig } from "./channel_config.ts";
import { type MessageBuffer, PartState } from "./message_pool.ts";
import { MessageQueue } from "./message_queue.ts";
import type { PacketWriter } from "./packet_writer.ts";
import {
  MAX_UNRELIABLE_PARTS,
  type SendChannel,
  type SendContext,
  type SendResult,
  writePart,
} from "./send_channel.ts";

/** {@link SendChannel} of the deliveries that send once. */
export class UnreliableSender implements SendChannel {
  readonly index: number;
  readonly config: ChannelConfig;
  readonly hasResends = false;
  deficitBytes = 0;
  readonly #context: SendContext;
  readonly #isSequenced: boolean;
  readonly #queue = new MessageQueue();
  #nextSequence = 0;

  constructor(index: number, config: ChannelConfig, context: SendContext) {
    this.index = index;
    this.config = config;
    this.#context = context;
    this.#isSequenced = config.delivery === "sequenced";
  }

  get queuedBytes(): number {
    return this.#queue.sizeBytes;
  }

  get hasUnsent(): boolean {
    return this.#queue.length > 0;
  }

  /** Nobody waits for what may be lost. */
  readonly isSettled = true;

  enqueue(message: MessageBuffer, nowMs: number): SendResult {
    const context = this.#context;
    context.split(message);
    if (message.partCount > MAX_UNRELIABLE_PARTS) return "dropped";
    if (this.#isSequenced) {
      while (this.#queue.length > 0) this.#expireOldest();
    } else {
      while (
        this.#queue.length > 0 &&
        (this.#queue.sizeBytes + message.sizeBytes > context.queueBytes ||
          this.#queue.length >= context.queueMessages)
      ) this.#expireOldest();
    }
    message.queuedAtMs = nowMs;
    this.#queue.push(message);
    return "queued";
  }

  isPending(nowMs: number): boolean {
    const { ttlMs } = this.config;
    if (ttlMs !== undefined) {
      for (let oldest = this.#queue.peek(); oldest !== undefined; oldest = this.#queue.peek()) {
        if (oldest.nextPart > 0 || nowMs - oldest.queuedAtMs <= ttlMs) break;
        this.#expireOldest();
      }
    }
    return this.#queue.length > 0;
  }

  writeNext(writer: PacketWriter): boolean {
    const message = this.#queue.peek()!;
    const part = message.nextPart;
    const takesSequence = part === 0 && (this.#isSequenced || message.partCount > 1);
    // Not before it leaves: messages that were dropped here must leave no hole of 32,768 behind.
    if (takesSequence) message.sequence = this.#nextSequence;
    const sequence = this.#isSequenced ? message.sequence : -1;
    if (!writePart(writer, this.index, sequence, message, part)) return false;
    if (takesSequence) this.#nextSequence++;
    message.nextPart = part + 1;
    const isTracked = message.onResult !== undefined;
    if (isTracked) this.#context.track(message, part);
    if (message.nextPart === message.partCount) {
      this.#queue.shift();
      if (!isTracked) this.#context.pool.release(message);
    }
    return true;
  }

  writeResend(): boolean {
    return true;
  }

  onPartAcked(message: MessageBuffer, part: number): void {
    if (message.stateOf(part) === PartState.acked) return;
    message.setState(part, PartState.acked);
    if (++message.partsAcked === message.partCount) this.#context.settle(message, "acked");
  }

  onPartLost(message: MessageBuffer, _part: number, _packet: number, isProbe: boolean): void {
    if (isProbe) return;
    if (message.nextPart < message.partCount) this.#queue.remove(message);
    this.#context.settle(message, "lost");
  }

  drop(): void {
    while (this.#queue.length > 0) this.#context.settle(this.#queue.shift()!, "dropped");
  }

  #expireOldest(): void {
    this.#context.messagesExpired++;
    this.#context.settle(this.#queue.shift()!, "dropped");
  }
}
