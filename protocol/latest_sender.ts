/**
 * Sends `reliable-latest` messages: the newest value arrives for certain, older ones may be skipped.
 *
 * At most one message is alive: a newer one takes its place at once, also while parts are in flight.
 *
 * @module
 */
import type { ChannelConfig } from "./channel_config.ts";
import { type MessageBuffer, PartState } from "./message_pool.ts";
import type { PacketWriter } from "./packet_writer.ts";
import { type SendChannel, type SendContext, type SendResult, writePart } from "./send_channel.ts";

/** {@link SendChannel} of the delivery that keeps only the newest message. */
export class LatestSender implements SendChannel {
  readonly index: number;
  readonly config: ChannelConfig;
  deficitBytes = 0;
  readonly #context: SendContext;
  #current: MessageBuffer | undefined;
  #nextSequence = 0;
  #waitingParts = 0;

  constructor(index: number, config: ChannelConfig, context: SendContext) {
    this.index = index;
    this.config = config;
    this.#context = context;
  }

  get queuedBytes(): number {
    return this.#current?.sizeBytes ?? 0;
  }

  get hasUnsent(): boolean {
    return this.isPending();
  }

  get isSettled(): boolean {
    return this.#current === undefined;
  }

  enqueue(message: MessageBuffer): SendResult {
    if (this.#current !== undefined) this.#context.settle(this.#current, "dropped");
    this.#context.split(message);
    this.#current = message;
    this.#waitingParts = 0;
    return "queued";
  }

  isPending(): boolean {
    return this.#current !== undefined && this.#current.nextPart < this.#current.partCount;
  }

  writeNext(writer: PacketWriter): boolean {
    const message = this.#current!;
    const part = message.nextPart;
    // A value that is replaced before it leaves takes no sequence: 32,768 of them would make the next
    // one look older than the last.
    if (part === 0) message.sequence = this.#nextSequence;
    if (!writePart(writer, this.index, message.sequence, message, part)) return false;
    if (part === 0) this.#nextSequence++;
    message.nextPart = part + 1;
    this.#context.track(message, part);
    return true;
  }

  get hasResends(): boolean {
    return this.#waitingParts > 0;
  }

  writeResend(writer: PacketWriter): boolean {
    const message = this.#current!;
    for (let part = 0; part < message.nextPart; part++) {
      if (message.stateOf(part) !== PartState.waiting) continue;
      if (!writePart(writer, this.index, message.sequence, message, part)) return false;
      this.#waitingParts--;
      this.#context.partsResent++;
      this.#context.track(message, part);
      return true;
    }
    this.#waitingParts = 0;
    return true;
  }

  onPartAcked(message: MessageBuffer, part: number): void {
    if (message !== this.#current || message.stateOf(part) === PartState.acked) return;
    if (message.stateOf(part) === PartState.waiting) this.#waitingParts--;
    message.setState(part, PartState.acked);
    if (++message.partsAcked < message.partCount) return;
    this.#current = undefined;
    this.#waitingParts = 0;
    this.#context.settle(message, "acked");
  }

  onPartLost(message: MessageBuffer, part: number, packetNumber: number): void {
    if (message !== this.#current || message.stateOf(part) !== PartState.inFlight) return;
    if (message.packetOf(part) !== packetNumber) return;
    message.setState(part, PartState.waiting);
    this.#waitingParts++;
  }

  drop(): void {
    if (this.#current === undefined) return;
    this.#context.settle(this.#current, "dropped");
    this.#current = undefined;
    this.#waitingParts = 0;
  }
}
