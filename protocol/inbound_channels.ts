/**
 * The receiving half of a session: what becomes of the messages of a packet, and what the sender may send.
 *
 * A packet is judged whole before any of it is applied ({@link InboundChannels.judge}): then every row is
 * taken, and nothing that was acknowledged is ever thrown away again.
 *
 * @module
 */
import {
  type ChannelConfig,
  expandSequence,
  isFlowControlled,
  isReliable,
} from "./channel_config.ts";
import type { DropCounters } from "./counters.ts";
import { type FrameTable, FrameType } from "./frames.ts";
import type { SessionLimits } from "./limits.ts";
import type { MessageBuffer, MessagePool } from "./message_pool.ts";
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
import {
  CREDIT_OVERHEAD_BYTES,
  MAX_FRAGMENTED_BYTES_IN_FLIGHT,
  MAX_FRAGMENTED_IN_FLIGHT,
} from "./send_channel.ts";

/** What is thought of a packet's messages before any is applied. */
export const AcceptVerdict = { accept: 0, noRoom: 1, queueFull: 2, violation: 3 } as const;

/** The receiving halves of all channels, and the queue to the application. */
export class InboundChannels {
  readonly #configs: readonly ChannelConfig[];
  readonly #receivers: readonly ReceiveChannel[];
  readonly #inbound = new MessageQueue();
  readonly #reassembler: Reassembler;
  readonly #pool: MessagePool;
  readonly #limits: SessionLimits;
  readonly #drops: DropCounters;
  readonly #creditDue: Uint8Array;
  #creditsDue = 0;
  /** Bytes that the packet at hand brings per channel, as far as it is judged. */
  readonly #judgedBytes: Float64Array;
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
    pool: MessagePool,
    limits: SessionLimits,
    drops: DropCounters,
  ) {
    this.#configs = configs;
    this.#pool = pool;
    this.#limits = limits;
    this.#drops = drops;
    this.#receivers = configs.map(createReceiveChannel);
    this.#creditDue = new Uint8Array(configs.length);
    this.#judgedBytes = new Float64Array(configs.length);
    const honest = honestReassembly(configs);
    this.#reassembler = new Reassembler(
      Math.max(limits.reassemblyContexts, honest.contexts),
      Math.max(limits.reassemblyBytes, honest.bytes),
    );
  }

  /** Messages that wait for the application. */
  get length(): number {
    return this.#inbound.length;
  }

  /** Incomplete messages. */
  get incompleteMessages(): number {
    return this.#reassembler.size;
  }

  /** Whether grants are due. */
  get hasCreditDue(): boolean {
    return this.#creditsDue > 0;
  }

  /** Judges the messages of a packet, changing nothing: one of {@link AcceptVerdict}. */
  judge(table: FrameTable): number {
    this.#reassembler.beginPacket();
    this.#judgedBytes.fill(0);
    for (let row = 0; row < table.count; row++) {
      const type = table.type[row];
      if (type === FrameType.credit) {
        // Channels are the same both ways: what receives with credit also sends with it.
        if (!(this.#receivers[table.channel[row]!] instanceof ReliableReceiver)) {
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
    // Judged again, because an earlier frame of the same packet may have brought the same message.
    if (receiver.judge(sequence, sizeBytes) !== SequenceVerdict.accept) return;
    if (!isReliable(this.#configs[channel]!.delivery) && this.#isInboundFull()) {
      this.#drops.receiveQueueDropped++;
      return;
    }
    const message = this.#pool.acquire(sizeBytes);
    copyBody(bytes, table.start[row]!, sizeBytes, message.bytes);
    message.sizeBytes = sizeBytes;
    message.channel = channel;
    message.sequence = sequence;
    this.#forgetSuperseded(channel, sequence);
    receiver.accept(message, this.#deliver);
  }

  /** Applies a FRAGMENT row that {@link judge} accepted. */
  applyFragment(table: FrameTable, row: number, bytes: Uint8Array, nowMs: number): void {
    const channel = table.channel[row]!;
    const receiver = this.#receivers[channel]!;
    const sequence = this.#sequenceOf(table, row);
    if (receiver.judgePart(sequence) !== SequenceVerdict.accept) return;
    this.#forgetSuperseded(channel, sequence);
    receiver.beginParts(sequence);
    const part = this.#partOf(table, row, sequence);
    const start = table.start[row]!;
    const whole = this.#reassembler.add(part, bytes, start, this.#pool, nowMs);
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
    this.#pool.release(whole);
  }

  /** The next message for the application, which gives it back through {@link release}. */
  take(): MessageBuffer | undefined {
    return this.#inbound.shift();
  }

  /** Takes a message back from the application and grants its sender more when due. */
  release(message: MessageBuffer): void {
    const { channel, sizeBytes } = message;
    const receiver = this.#receivers[channel]!;
    this.#pool.release(message);
    if (grantsCredit(this.#configs[channel]!, receiver) && receiver.onConsumed(sizeBytes)) {
      receiver.grant();
      this.#makeCreditDue(channel);
    }
  }

  /** Forgets unreliable messages whose parts stopped coming. */
  expire(nowMs: number): void {
    if (this.#reassembler.size > 0) this.#reassembler.expire(nowMs);
  }

  /** Gives back what waits for its turn: the session is over. Messages for the application stay to be taken. */
  drop(): void {
    for (const receiver of this.#receivers) {
      if (receiver instanceof ReliableReceiver) {
        receiver.drain((message) => this.#pool.release(message));
      }
    }
  }

  /** Grants are cumulative: after a loss all are said again. */
  repeatCredits(): void {
    for (let channel = 0; channel < this.#receivers.length; channel++) {
      if (this.#receivers[channel] instanceof ReliableReceiver) this.#makeCreditDue(channel);
    }
  }

  /** Writes the grants that are due. `false` when the packet is full and more is left. */
  writeCredits(writer: PacketWriter): boolean {
    for (let channel = 0; this.#creditsDue > 0 && channel < this.#creditDue.length; channel++) {
      if (this.#creditDue[channel] === 0) continue;
      const receiver = this.#receivers[channel] as ReliableReceiver; // Only these become due.
      if (!writer.addCredit(channel, receiver.grantedBytes)) return false;
      this.#creditDue[channel] = 0;
      this.#creditsDue--;
    }
    return true;
  }

  readonly #deliver = (message: MessageBuffer): void => this.#inbound.push(message);

  #judgeRow(table: FrameTable, row: number, isPart: boolean): number {
    const channel = table.channel[row]!;
    const config = this.#configs[channel]!;
    const receiver = this.#receivers[channel]!;
    const sizeBytes = table.end[row]! - table.start[row]!;
    if (sizeBytes > config.maxMessageBytes) return AcceptVerdict.violation;
    const sequence = this.#sequenceOf(table, row);
    const verdict = isPart
      ? receiver.judgePart(sequence)
      : receiver.judge(sequence, sizeBytes + this.#judgedBytes[channel]!);
    if (verdict === SequenceVerdict.violation) return AcceptVerdict.violation;
    if (verdict === SequenceVerdict.stale) return AcceptVerdict.accept;
    // Not counted with the packet's other messages: a packet that alone is more than the queue takes
    // would be refused for ever. The queue grows beyond its limit by one packet at most.
    if (isReliable(config.delivery) && this.#isInboundFull()) return AcceptVerdict.queueFull;
    if (isPart) return this.#judgePart(table, row, sequence);
    this.#judgedBytes[channel]! += sizeBytes + CREDIT_OVERHEAD_BYTES;
    return AcceptVerdict.accept;
  }

  #judgePart(table: FrameTable, row: number, sequence: number): number {
    const channel = table.channel[row]!;
    if (this.#configs[channel]!.delivery === "input") return AcceptVerdict.violation;
    // What the sender has given up must not take the room of what came in its place.
    this.#forgetSuperseded(channel, sequence);
    const part = this.#partOf(table, row, sequence);
    switch (this.#reassembler.judge(part)) {
      case PartVerdict.violation:
        return AcceptVerdict.violation;
      case PartVerdict.noRoom:
        return AcceptVerdict.noRoom;
      default:
        return AcceptVerdict.accept;
    }
  }

  #forgetSuperseded(channel: number, sequence: number): void {
    const older = this.#receivers[channel]!.superseded(sequence);
    if (older >= 0) this.#reassembler.forget(partKey(channel, older));
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
}

/**
 * What an honest sender may have incomplete at once: its flow-controlled messages within the limits that
 * every sender keeps, and one message of every `reliable-latest` channel. Were the budget smaller, packets
 * that repeat the same parts could be refused for ever.
 */
function honestReassembly(configs: readonly ChannelConfig[]): { contexts: number; bytes: number } {
  let contexts = MAX_FRAGMENTED_IN_FLIGHT;
  let latestBytes = 0;
  let largest = 0;
  for (const config of configs) {
    if (isFlowControlled(config.delivery)) largest = Math.max(largest, config.maxMessageBytes);
    if (config.delivery !== "reliable-latest") continue;
    contexts++;
    latestBytes += config.maxMessageBytes;
  }
  const inFlight = Math.min(MAX_FRAGMENTED_IN_FLIGHT * largest, MAX_FRAGMENTED_BYTES_IN_FLIGHT);
  return { contexts, bytes: Math.max(inFlight, largest) + latestBytes };
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
