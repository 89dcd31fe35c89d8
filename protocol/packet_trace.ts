/**
 * The last packets of a session, for people who look for a fault: a ring in a few typed arrays.
 *
 * Off unless `SessionLimits.traceDatagrams` says how many packets to remember. Recording one writes
 * some numbers; the text is made when somebody reads it.
 *
 * @module
 */
import { type FrameTable, FrameType } from "./frames.ts";

/** Frames noted per packet; what is beyond is only counted. */
const MAX_NOTED_FRAMES = 12;

const FRAME_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(FrameType).map(([name, type]) => [type, name]),
);

/** What became of a packet. */
export const TraceOutcome = { sent: 0, applied: 1, refused: 2 } as const;

/** A packet of a session, as it is told to people. */
export interface TracedPacket {
  /** When, in milliseconds of the clock of this end. */
  readonly atMs: number;
  /** `"out"` was sent by this end, `"in"` came from the other. */
  readonly direction: "out" | "in";
  /** Bytes of UDP payload. */
  readonly sizeBytes: number;
  /** Its number, or -1 when it was refused before its number could be trusted. */
  readonly packetNumber: number;
  /** Whether it was refused: a repeat, forged, malformed, or beyond a limit. */
  readonly isRefused: boolean;
  /** Its frames in order, such as `"ack time message(2) fragment(0)"`; the number is the channel. */
  readonly frames: string;
}

/** A ring of packets. */
export class PacketTrace {
  readonly #capacity: number;
  readonly #atMs: Float64Array;
  readonly #packetNumber: Float64Array;
  readonly #sizeBytes: Uint16Array;
  readonly #outcome: Uint8Array;
  readonly #frameCount: Uint8Array;
  /** Type and channel of each noted frame. */
  readonly #frames: Uint8Array;
  #recorded = 0;

  /** @param capacity Packets that are remembered, 1 and more. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#atMs = new Float64Array(capacity);
    this.#packetNumber = new Float64Array(capacity);
    this.#sizeBytes = new Uint16Array(capacity);
    this.#outcome = new Uint8Array(capacity);
    this.#frameCount = new Uint8Array(capacity);
    this.#frames = new Uint8Array(capacity * MAX_NOTED_FRAMES * 2);
  }

  /**
   * Notes a packet.
   *
   * @param outcome One of {@link TraceOutcome}.
   * @param table Its frames, or `undefined` where they could not be read.
   */
  record(
    outcome: number,
    packetNumber: number,
    sizeBytes: number,
    table: FrameTable | undefined,
    nowMs: number,
  ): void {
    const slot = this.#recorded++ % this.#capacity;
    this.#atMs[slot] = nowMs;
    this.#packetNumber[slot] = packetNumber;
    this.#sizeBytes[slot] = sizeBytes;
    this.#outcome[slot] = outcome;
    this.#frameCount[slot] = table?.count ?? 0;
    if (table === undefined) return;
    let at = slot * MAX_NOTED_FRAMES * 2;
    for (let row = 0; row < table.count && row < MAX_NOTED_FRAMES; row++) {
      this.#frames[at++] = table.type[row]!;
      this.#frames[at++] = Math.min(table.channel[row]!, 255);
    }
  }

  /** The remembered packets, oldest first. */
  read(): TracedPacket[] {
    const packets: TracedPacket[] = [];
    for (let i = Math.max(0, this.#recorded - this.#capacity); i < this.#recorded; i++) {
      const slot = i % this.#capacity;
      const outcome = this.#outcome[slot];
      packets.push({
        atMs: this.#atMs[slot]!,
        direction: outcome === TraceOutcome.sent ? "out" : "in",
        sizeBytes: this.#sizeBytes[slot]!,
        packetNumber: this.#packetNumber[slot]!,
        isRefused: outcome === TraceOutcome.refused,
        frames: this.#textOf(slot),
      });
    }
    return packets;
  }

  #textOf(slot: number): string {
    const words: string[] = [];
    const count = this.#frameCount[slot]!;
    const start = slot * MAX_NOTED_FRAMES * 2;
    for (let row = 0; row < count && row < MAX_NOTED_FRAMES; row++) {
      const type = this.#frames[start + row * 2]!;
      const name = FRAME_NAMES.get(type) ?? `0x${type.toString(16)}`;
      const hasChannel = type === FrameType.message || type === FrameType.fragment ||
        type === FrameType.credit;
      words.push(hasChannel ? `${name}(${this.#frames[start + row * 2 + 1]})` : name);
    }
    if (count > MAX_NOTED_FRAMES) words.push(`and ${count - MAX_NOTED_FRAMES} more`);
    return words.join(" ");
  }
}
