/**
 * One end of a hop, as simple as the document has it: numbers, tags and a window.
 *
 * @module
 */
import { Replay } from "../../../protocol/received_packets.ts";
import { bindFrameBytes, writeBindBody } from "../../../protocol/relay/control_frames.ts";
import { HOP_TICKET_BYTES } from "../../../protocol/relay/hop_ticket.ts";
import {
  expandSequence,
  frameLabel,
  frameSequenceLow,
  frameType,
  isFrameAuthentic,
  RELAY_HEADER_BYTES,
  RelayFlag,
  RelayFrameType,
  writeFrameTag,
  writeRelayHeader,
} from "../../../protocol/relay/relay_frame.ts";
import { ReplayWindows } from "../../../protocol/relay/replay_window.ts";
import { PureSipHasher } from "../../../protocol/relay/siphash.ts";

const END_HASHER = new PureSipHasher();

/** What an end knows of its hop. */
interface EndOptions {
  readonly label: number;
  readonly key: Uint8Array;
  readonly epoch: number;
  readonly shard: number;
  readonly isServer: boolean;
}

/** One end of a hop: builds frames with its numbers, and judges what arrives as the document wants it. */
export class LabEnd {
  /** What it knows of its hop. */
  readonly options: EndOptions;
  /** Sequence number of the next frame. */
  sequence = 1;
  /** Frames that passed all checks, payload only, by type. */
  readonly received: { readonly type: RelayFrameType; readonly frame: Uint8Array }[] = [];
  /** Frames that did not. */
  refused = 0;
  readonly #window = new ReplayWindows(1);

  constructor(options: EndOptions) {
    this.options = options;
  }

  /** Forgets which numbers came. */
  resetWindow(): void {
    this.#window.reset(0);
  }

  /** A frame with header and tag. */
  frame(type: RelayFrameType, payload: Uint8Array | number = 0, flags = 0): Uint8Array {
    const bytes = typeof payload === "number" ? new Uint8Array(payload).fill(0x77) : payload;
    const frame = new Uint8Array(RELAY_HEADER_BYTES + bytes.byteLength);
    frame.set(bytes, RELAY_HEADER_BYTES);
    this.seal(frame, type, flags);
    return frame;
  }

  /** Writes header and tag of a frame whose payload is in place. */
  seal(frame: Uint8Array, type: RelayFrameType, flags = 0, sequence = this.sequence++): void {
    const { label, key, epoch, shard, isServer } = this.options;
    const direction = isServer ? RelayFlag.downstream : 0;
    writeRelayHeader(frame, { type, shard, flags: flags | direction, epoch, label, sequence });
    writeFrameTag(END_HASHER, key, 0, frame, frame.byteLength);
  }

  /** A BIND with these tickets. */
  bind(tickets: Uint8Array, bindId = 1n, cookie?: Uint8Array): Uint8Array {
    const frame = new Uint8Array(bindFrameBytes(tickets.byteLength / HOP_TICKET_BYTES));
    writeBindBody(frame, bindId, tickets, cookie);
    this.seal(frame, RelayFrameType.bind);
    return frame;
  }

  /** Takes a frame from the hop, if it is authentic and new. */
  take(frame: Uint8Array): boolean {
    const { label, key } = this.options;
    const type = frameType(frame);
    const isOurs = frameLabel(frame) === label &&
      isFrameAuthentic(END_HASHER, key, 0, frame, frame.byteLength);
    if (!isOurs) {
      this.refused++;
      return false;
    }
    if (type === RelayFrameType.bound) this.#window.reset(0);
    const sequence = expandSequence(frameSequenceLow(frame), this.#window.largest[0]!);
    if (type !== RelayFrameType.retry && type !== RelayFrameType.bind) {
      if (this.#window.judge(0, sequence) !== Replay.fresh) {
        this.refused++;
        return false;
      }
      this.#window.mark(0, sequence);
    }
    this.received.push({ type, frame: frame.slice() });
    return true;
  }

  /** Frames of one type that were taken. */
  of(type: RelayFrameType): Uint8Array[] {
    return this.received.filter((one) => one.type === type).map((one) => one.frame);
  }

  /** Payloads of the DATA frames that were taken, as text. */
  texts(): string[] {
    return this.of(RelayFrameType.data).map((frame) =>
      new TextDecoder().decode(frame.subarray(RELAY_HEADER_BYTES))
    );
  }
}
