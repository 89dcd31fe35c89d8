/**
 * Sends `input` messages: every packet repeats the newest unacknowledged ones.
 *
 * An input that is lost arrives with the next packet instead of a round trip later. An input leaves
 * the set when it is acknowledged or when `redundancy` newer ones exist. While nothing newer comes,
 * the set is repeated every {@link REPEAT_INTERVAL_MS} until each input travelled `redundancy` times, and
 * once more whenever its packet is lost, so that a game may send inputs only when they change: the last
 * one, a released key, arrives for certain.
 *
 * @module
 */
import type { ChannelConfig } from "./channel_config.ts";
import type { MessageBuffer } from "./message_pool.ts";
import type { PacketWriter } from "./packet_writer.ts";
import type { SendChannel, SendContext, SendResult } from "./send_channel.ts";

/** One frame at 60 Hz: the pace at which a game that sends every tick repeats by itself. */
export const REPEAT_INTERVAL_MS = 1000 / 60;

/** {@link SendChannel} of the delivery that repeats. */
export class InputSender implements SendChannel {
  readonly index: number;
  readonly config: ChannelConfig;
  deficitBytes = 0;
  readonly #context: SendContext;
  /** Oldest first; never longer than `redundancy`. */
  readonly #recent: MessageBuffer[] = [];
  #nextSequence = 0;
  /** Position in {@link #recent} of the next to write; its length when nothing is to be written. */
  #cursor = 0;
  #repeatAtMs = Infinity;

  constructor(index: number, config: ChannelConfig, context: SendContext) {
    this.index = index;
    this.config = config;
    this.#context = context;
  }

  get queuedBytes(): number {
    let total = 0;
    for (const message of this.#recent) total += message.sizeBytes;
    return total;
  }

  get hasUnsent(): boolean {
    return this.#cursor < this.#recent.length;
  }

  /** Inputs are repeated, but nobody waits for them: a newer one may take their place. */
  readonly isSettled = true;

  /** When the set should travel again although nothing newer came, or `Infinity`. */
  get repeatAtMs(): number {
    return this.#repeatAtMs;
  }

  enqueue(message: MessageBuffer, nowMs: number): SendResult {
    this.#context.split(message);
    if (message.partCount > 1) return "dropped";
    message.queuedAtMs = nowMs;
    while (this.#recent.length >= this.config.redundancy) {
      this.#context.settle(this.#recent.shift()!, "lost");
    }
    this.#recent.push(message);
    this.#cursor = 0;
    return "queued";
  }

  isPending(nowMs: number): boolean {
    if (this.#cursor >= this.#recent.length && nowMs >= this.#repeatAtMs) this.#cursor = 0;
    return this.#cursor < this.#recent.length;
  }

  writeNext(writer: PacketWriter, nowMs: number): boolean {
    const message = this.#recent[this.#cursor]!;
    const isFirst = message.nextPart === 0;
    if (isFirst) message.sequence = this.#nextSequence;
    if (!writer.addMessage(this.index, message.sequence, message.bytes, message.sizeBytes)) {
      return false;
    }
    if (isFirst) this.#nextSequence++;
    this.#context.track(message, 0);
    // `nextPart` counts the times that an input travelled: it has one part only.
    message.nextPart++;
    this.#cursor++;
    if (this.#cursor === this.#recent.length) this.#scheduleRepeat(nowMs);
    return true;
  }

  get hasResends(): boolean {
    return false;
  }

  writeResend(): boolean {
    return true;
  }

  onPartAcked(message: MessageBuffer): void {
    const position = this.#recent.indexOf(message);
    if (position === -1) return;
    this.#recent.splice(position, 1);
    if (this.#cursor > position) this.#cursor--;
    if (this.#recent.length === 0) this.#repeatAtMs = Infinity;
    this.#context.settle(message, "acked");
  }

  onPartLost(message: MessageBuffer, _part: number, packetNumber: number): void {
    if (message.packetOf(0) !== packetNumber) return;
    this.#context.partsResent++;
    this.#cursor = 0;
    this.#repeatAtMs = -Infinity;
  }

  drop(): void {
    for (const message of this.#recent) this.#context.settle(message, "dropped");
    this.#recent.length = 0;
    this.#cursor = 0;
    this.#repeatAtMs = Infinity;
  }

  #scheduleRepeat(nowMs: number): void {
    let wantsRepeat = false;
    for (const message of this.#recent) {
      if (message.nextPart < this.config.redundancy) wantsRepeat = true;
    }
    this.#repeatAtMs = wantsRepeat ? nowMs + REPEAT_INTERVAL_MS : Infinity;
  }
}
