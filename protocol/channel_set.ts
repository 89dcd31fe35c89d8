/**
 * All channels of a session: both halves, the queue to the application, credit, and whose turn it is.
 *
 * @module
 */
import { type ChannelConfig, expandSequence, hasSequence, isReliable } from "./channel_config.ts";
import { ChannelScheduler } from "./channel_scheduler.ts";
import type { DropCounters } from "./counters.ts";
import { type FrameTable, FrameType } from "./frames.ts";
import { InputSender } from "./input_sender.ts";
import { LatestSender } from "./latest_sender.ts";
import type { SessionLimits } from "./limits.ts";
import type { MessageBuffer } from "./message_pool.ts";
import { MessageQueue } from "./message_queue.ts";
import type { PacketWriter } from "./packet_writer.ts";
import { type IncomingPart, PartVerdict, Reassembler } from "./reassembler.ts";
import {
  createReceiveChannel,
  grantsCredit,
  type ReceiveChannel,
  ReliableReceiver,
  SequenceVerdict,
} from "./receive_channel.ts";
import { ReliableSender } from "./reliable_sender.ts";
import type { SendChannel, SendContext, SendResult } from "./send_channel.ts";
import { UnreliableSender } from "./unreliable_sender.ts";

/** What is thought of a packet's messages before any is applied. */
export const AcceptVerdict = { accept: 0, noRoom: 1, queueFull: 2, violation: 3 } as const;

/** Makes the sending half that a channel's delivery asks for. */
function createSendChannel(
  index: number,
  config: ChannelConfig,
  context: SendContext,
): SendChannel {
  switch (config.delivery) {
    case "unreliable":
    case "sequenced":
      return new UnreliableSender(index, config, context);
    case "reliable-unordered":
    case "reliable-ordered":
      return new ReliableSender(index, config, context);
    case "reliable-latest":
      return new LatestSender(index, config, context);
    case "input":
      return new InputSender(index, config, context);
  }
}

/** Channels of one session, in the order of the schema's table. */
export class ChannelSet {
  /** Per channel, 1 when its messages carry a sequence. */
  readonly hasSequence: Uint8Array;
  /** What all sending halves share. */
  readonly context: SendContext;
  readonly #configs: readonly ChannelConfig[];
  readonly #senders: readonly SendChannel[];
  readonly #receivers: readonly ReceiveChannel[];
  readonly #scheduler: ChannelScheduler;
  readonly #inbound = new MessageQueue();
  readonly #reassembler: Reassembler;
  readonly #limits: SessionLimits;
  readonly #drops: DropCounters;
  readonly #creditDue: Uint8Array;
  #creditsDue = 0;
  readonly #part: IncomingPart = {
    key: 0,
    part: 0,
    partCount: 0,
    sizeBytes: 0,
    maxMessageBytes: 0,
    isReliable: false,
  };

  constructor(
    configs: readonly ChannelConfig[],
    context: SendContext,
    limits: SessionLimits,
    drops: DropCounters,
  ) {
    this.#configs = configs;
    this.context = context;
    this.#limits = limits;
    this.#drops = drops;
    this.#senders = configs.map((config, index) => createSendChannel(index, config, context));
    this.#receivers = configs.map(createReceiveChannel);
    this.#scheduler = new ChannelScheduler(this.#senders);
    this.hasSequence = Uint8Array.from(configs, (c) => hasSequence(c.delivery) ? 1 : 0);
    this.#creditDue = new Uint8Array(configs.length);
    let largest = 0;
    for (const { maxMessageBytes } of configs) largest = Math.max(largest, maxMessageBytes);
    this.#reassembler = new Reassembler(
      limits.reassemblyContexts,
      Math.max(limits.reassemblyBytes, largest),
    );
  }

  /** Messages that wait for the application. */
  get inboundLength(): number {
    return this.#inbound.length;
  }

  /** Incomplete messages. */
  get incompleteMessages(): number {
    return this.#reassembler.size;
  }

  /** Takes a message over for sending. On any result but `"queued"` it stays the caller's. */
  enqueue(channel: number, message: MessageBuffer, nowMs: number): SendResult {
    message.channel = channel;
    return this.#senders[channel]!.enqueue(message, nowMs);
  }

  /** Bytes that a channel holds. */
  queuedBytes(channel: number): number {
    return this.#senders[channel]!.queuedBytes;
  }

  /** The sending halves that once blocked and have emptied since. */
  takeDrained(): number[] {
    const drained: number[] = [];
    for (const sender of this.#senders) {
      if (sender instanceof ReliableSender && sender.takeDrained()) drained.push(sender.index);
    }
    return drained;
  }

  /** Whether every message that must arrive has been acknowledged. */
  get isFlushed(): boolean {
    return this.#senders.every((sender) =>
      !isReliable(sender.config.delivery) || sender.queuedBytes === 0
    );
  }

  /** When an input should be repeated although nothing newer came, or `Infinity`. */
  get repeatAtMs(): number {
    let earliest = Infinity;
    for (const sender of this.#senders) {
      if (sender instanceof InputSender && sender.repeatAtMs < earliest) {
        earliest = sender.repeatAtMs;
      }
    }
    return earliest;
  }

  /** Whether something must be sent again, or a grant is due. */
  get hasUrgent(): boolean {
    return this.#creditsDue > 0 || this.#scheduler.hasResends;
  }

  /** Whether something never sent could be written now. */
  isPending(nowMs: number): boolean {
    return this.#scheduler.isPending(nowMs);
  }

  /** Writes grants and resends. `false` when the packet is full and more is left. */
  writeUrgent(writer: PacketWriter): boolean {
    return this.#writeCredits(writer) && this.#scheduler.writeResends(writer);
  }

  /** Writes what was never sent. `false` when the packet is full and more is left. */
  writeNew(writer: PacketWriter, nowMs: number): boolean {
    return this.#scheduler.writeNew(writer, nowMs);
  }

  /** Whether grants stand in the packet being written. */
  get hasCreditDue(): boolean {
    return this.#creditsDue > 0;
  }

  /** See {@link SendChannel.onPartAcked}. */
  onPartAcked(message: MessageBuffer, part: number): void {
    this.#senders[message.channel]!.onPartAcked(message, part);
  }

  /** See {@link SendChannel.onPartLost}. */
  onPartLost(message: MessageBuffer, part: number, packetNumber: number, isProbe: boolean): void {
    this.#senders[message.channel]!.onPartLost(message, part, packetNumber, isProbe);
  }

  /** Grants are cumulative: after a loss all are said again. */
  onCreditLost(): void {
    for (let channel = 0; channel < this.#receivers.length; channel++) {
      if (this.#receivers[channel] instanceof ReliableReceiver) this.#makeCreditDue(channel);
    }
  }

  /** The peer takes more bytes on a channel. `false` when the channel takes no credit. */
  onCredit(channel: number, limitModulo: number): boolean {
    const sender = this.#senders[channel];
    if (!(sender instanceof ReliableSender)) return false;
    sender.onCredit(limitModulo);
    return true;
  }

  /** Judges the messages of a packet, changing nothing: one of {@link AcceptVerdict}. */
  judge(table: FrameTable): number {
    for (let row = 0; row < table.count; row++) {
      const type = table.type[row];
      if (type === FrameType.credit) {
        if (!(this.#senders[table.channel[row]!] instanceof ReliableSender)) {
          return AcceptVerdict.violation;
        }
      } else if (type === FrameType.message || type === FrameType.fragment) {
        const verdict = this.#judgeRow(table, row, type === FrameType.fragment);
        if (verdict !== AcceptVerdict.accept) return verdict;
      }
    }
    return AcceptVerdict.accept;
  }

  /** Applies a MESSAGE row that {@link judge} accepted. */
  applyMessage(table: FrameTable, row: number, bytes: Uint8Array): void {
    const channel = table.channel[row]!;
    const receiver = this.#receivers[channel]!;
    const sizeBytes = table.end[row]! - table.start[row]!;
    const sequence = this.#sequenceOf(table, row);
    if (receiver.judge(sequence, sizeBytes) !== SequenceVerdict.accept) return;
    if (!isReliable(this.#configs[channel]!.delivery) && this.#isInboundFull()) {
      this.#drops.receiveQueueDropped++;
      return;
    }
    const message = this.context.pool.acquire(sizeBytes);
    copyBody(bytes, table.start[row]!, sizeBytes, message.bytes);
    message.sizeBytes = sizeBytes;
    message.channel = channel;
    message.sequence = sequence;
    receiver.accept(message, this.#deliver);
  }

  /** Applies a FRAGMENT row that {@link judge} accepted. */
  applyFragment(table: FrameTable, row: number, bytes: Uint8Array, nowMs: number): void {
    const channel = table.channel[row]!;
    const receiver = this.#receivers[channel]!;
    const sequence = this.#sequenceOf(table, row);
    if (receiver.judgePart(sequence) !== SequenceVerdict.accept) return;
    const part = this.#partOf(table, row, sequence);
    if (this.#reassembler.judge(part) !== PartVerdict.accept) return;
    const superseded = receiver.beginParts(sequence);
    if (superseded >= 0) this.#reassembler.forget(partKey(channel, superseded));
    const whole = this.#reassembler.add(part, bytes, table.start[row]!, this.context.pool, nowMs);
    if (whole === undefined) return;
    whole.channel = channel;
    whole.sequence = sequence;
    if (receiver.judge(sequence, whole.sizeBytes) !== SequenceVerdict.accept) {
      this.#drops.channelViolation++;
    } else if (!part.isReliable && this.#isInboundFull()) {
      this.#drops.receiveQueueDropped++;
    } else {
      receiver.accept(whole, this.#deliver);
      return;
    }
    this.context.pool.release(whole);
  }

  /** The next message for the application, which gives it back through {@link release}. */
  take(): MessageBuffer | undefined {
    return this.#inbound.shift();
  }

  /** Takes a message back from the application and grants its sender more when due. */
  release(message: MessageBuffer): void {
    const { channel, sizeBytes } = message;
    const receiver = this.#receivers[channel]!;
    this.context.pool.release(message);
    if (grantsCredit(this.#configs[channel]!, receiver) && receiver.onConsumed(sizeBytes)) {
      receiver.grant();
      this.#makeCreditDue(channel);
    }
  }

  /** Forgets unreliable messages whose parts stopped coming. */
  expire(nowMs: number): void {
    if (this.#reassembler.size > 0) this.#reassembler.expire(nowMs);
  }

  /** Gives everything back: the session is over. Messages for the application stay to be taken. */
  drop(): void {
    for (const sender of this.#senders) sender.drop();
    for (const receiver of this.#receivers) {
      if (receiver instanceof ReliableReceiver) {
        receiver.drain((message) => this.context.pool.release(message));
      }
    }
  }

  readonly #deliver = (message: MessageBuffer): void => this.#inbound.push(message);

  #judgeRow(table: FrameTable, row: number, isPart: boolean): number {
    const channel = table.channel[row]!;
    const config = this.#configs[channel]!;
    const receiver = this.#receivers[channel]!;
    const sizeBytes = table.end[row]! - table.start[row]!;
    if (sizeBytes > config.maxMessageBytes) return AcceptVerdict.violation;
    const sequence = this.#sequenceOf(table, row);
    const verdict = isPart ? receiver.judgePart(sequence) : receiver.judge(sequence, sizeBytes);
    if (verdict === SequenceVerdict.violation) return AcceptVerdict.violation;
    if (verdict === SequenceVerdict.stale) return AcceptVerdict.accept;
    if (isReliable(config.delivery) && this.#isInboundFull()) return AcceptVerdict.queueFull;
    if (!isPart) return AcceptVerdict.accept;
    if (config.delivery === "input") return AcceptVerdict.violation;
    switch (this.#reassembler.judge(this.#partOf(table, row, sequence))) {
      case PartVerdict.violation:
        return AcceptVerdict.violation;
      case PartVerdict.noRoom:
        return AcceptVerdict.noRoom;
      default:
        return AcceptVerdict.accept;
    }
  }

  #sequenceOf(table: FrameTable, row: number): number {
    const reference = this.#receivers[table.channel[row]!]!.reference;
    return expandSequence(table.sequence[row]!, reference);
  }

  #partOf(table: FrameTable, row: number, sequence: number): IncomingPart {
    const part = this.#part;
    const channel = table.channel[row]!;
    const config = this.#configs[channel]!;
    part.key = partKey(channel, sequence);
    part.part = table.value[row]!;
    part.partCount = table.partCount[row]!;
    part.sizeBytes = table.end[row]! - table.start[row]!;
    part.maxMessageBytes = config.maxMessageBytes;
    part.isReliable = isReliable(config.delivery);
    return part;
  }

  #isInboundFull(): boolean {
    return this.#inbound.length >= this.#limits.receiveQueueMessages ||
      this.#inbound.sizeBytes >= this.#limits.receiveQueueBytes;
  }

  #makeCreditDue(channel: number): void {
    if (this.#creditDue[channel] === 0) {
      this.#creditDue[channel] = 1;
      this.#creditsDue++;
    }
  }

  #writeCredits(writer: PacketWriter): boolean {
    for (let channel = 0; this.#creditsDue > 0 && channel < this.#creditDue.length; channel++) {
      if (this.#creditDue[channel] === 0) continue;
      const receiver = this.#receivers[channel] as ReliableReceiver; // Only these become due.
      if (!writer.addCredit(channel, receiver.grantedBytes)) return false;
      this.#creditDue[channel] = 0;
      this.#creditsDue--;
    }
    return true;
  }
}

/** One number per channel and sequence, for maps. Sequences stay below 2^44 for ever. */
function partKey(channel: number, sequence: number): number {
  return sequence * 256 + channel;
}

/** Short bodies are copied by hand: a call of `set` and its view cost more than 32 bytes. */
function copyBody(from: Uint8Array, start: number, sizeBytes: number, into: Uint8Array): void {
  if (sizeBytes <= 32) {
    for (let i = 0; i < sizeBytes; i++) into[i] = from[start + i]!;
  } else {
    into.set(from.subarray(start, start + sizeBytes));
  }
}
