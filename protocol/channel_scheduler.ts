/**
 * Whose turn it is: resends first, then channels by priority and weight.
 *
 * The schema gives every channel a priority, by its delivery where the author declared none
 * (docs/protocol.md, "Order of sending"). Among equals the weight shares a paced link by deficit round
 * robin (Shreedhar, Varghese 1996).
 *
 * @module
 */
import type { PacketWriter } from "./packet_writer.ts";
import type { SendChannel } from "./send_channel.ts";

/** Bytes that one unit of weight is worth in each round. */
const QUANTUM_BYTES = 256;

interface Group {
  readonly members: SendChannel[];
  cursor: number;
}

/** Orders the sending halves of one session. */
export class ChannelScheduler {
  readonly #ordered: readonly SendChannel[];
  readonly #groups: Group[] = [];

  constructor(channels: readonly SendChannel[]) {
    this.#ordered = channels.toSorted((a, b) => b.config.priority - a.config.priority);
    let priority = -1;
    for (const channel of this.#ordered) {
      if (channel.config.priority !== priority) {
        priority = channel.config.priority;
        this.#groups.push({ members: [], cursor: 0 });
      }
      this.#groups.at(-1)!.members.push(channel);
    }
  }

  /** Whether something must be sent again. */
  get hasResends(): boolean {
    for (const channel of this.#ordered) if (channel.hasResends) return true;
    return false;
  }

  /** Whether something never sent could be written now. */
  isPending(nowMs: number): boolean {
    for (const channel of this.#ordered) if (channel.isPending(nowMs)) return true;
    return false;
  }

  /** Writes what must be sent again. `false` when the packet is full and more is left. */
  writeResends(writer: PacketWriter): boolean {
    for (const channel of this.#ordered) {
      while (channel.hasResends) if (!channel.writeResend(writer)) return false;
    }
    return true;
  }

  /** Writes what was never sent. `false` when the packet is full and more is left. */
  writeNew(writer: PacketWriter, nowMs: number): boolean {
    for (const group of this.#groups) if (!writeGroup(group, writer, nowMs)) return false;
    return true;
  }
}

function writeGroup(group: Group, writer: PacketWriter, nowMs: number): boolean {
  const { members } = group;
  let idle = 0;
  while (idle < members.length) {
    const channel = members[group.cursor]!;
    if (!channel.isPending(nowMs)) {
      channel.deficitBytes = 0;
      idle++;
    } else {
      idle = 0;
      // A message larger than a round's share is a debt, paid by rounds without a turn.
      if (channel.deficitBytes <= 0) channel.deficitBytes += channel.config.weight * QUANTUM_BYTES;
      if (channel.deficitBytes > 0) {
        const before = writer.offset;
        if (!channel.writeNext(writer, nowMs)) return false;
        channel.deficitBytes -= writer.offset - before;
        if (channel.deficitBytes > 0) continue;
      }
    }
    group.cursor = (group.cursor + 1) % members.length;
  }
  return true;
}
