/**
 * One end of one hop: writes the frames that leave over it and judges those that come.
 *
 * Knows the hop's label, key and sequence numbers; knows no addresses, no time and no route.
 *
 * @module
 */
import { Replay } from "../../received_packets.ts";
import {
  expandSequence,
  frameSequenceLow,
  frameTagHigh,
  frameTagLow,
  isFrameAuthentic,
  RelayFlag,
  type RelayFrameType,
  writeFrameTag,
  writeRelayHeader,
} from "../relay_frame.ts";
import { ReplayWindows } from "../replay_window.ts";
import type { SipHasher } from "../siphash.ts";

/** What {@link FrameLink.judge} says of a frame. */
export const Judgement = { fresh: 0, forged: 1, replayed: 2, tooOld: 3 } as const;

/** One of {@link Judgement}. */
export type Judgement = typeof Judgement[keyof typeof Judgement];

/**
 * Tags of our own frames that a NO_SESSION may echo: half a second of 128 frames, longer than any hint is
 * of use.
 */
const TAGS_REMEMBERED = 64;

/** What makes a link. */
export interface FrameLinkOptions {
  /** Hashes tags. */
  readonly hasher: SipHasher;
  /** The hop's key, 16 bytes. */
  readonly key: Uint8Array;
  /** The hop's label. */
  readonly label: number;
  /** Shard of the relay at the other end; 0 for none. */
  readonly shard: number;
  /** Version of the path. */
  readonly epoch: number;
  /** Whether this end is the client's: its frames go up. */
  readonly isClient: boolean;
}

/** Frames of one hop, both ways. */
export class FrameLink {
  /** The hop's label. */
  readonly label: number;
  /** Version of the path. */
  readonly epoch: number;
  /** The hop's key. */
  readonly key: Uint8Array;
  readonly #hasher: SipHasher;
  readonly #sendFlags: number;
  readonly #receiveFlags: number;
  readonly #tags = new Uint32Array(TAGS_REMEMBERED * 2);
  readonly #header: {
    type: RelayFrameType;
    shard: number;
    flags: number;
    epoch: number;
    label: number;
    sequence: number;
  };
  readonly #received = new ReplayWindows(1);
  /** Sequence number of the frame that {@link judge} looked at last. */
  #judged = -1;

  /** Both directions begin at 1, or wherever the other end begins. */
  constructor(options: FrameLinkOptions) {
    const { hasher, key, label, shard, epoch, isClient } = options;
    this.#hasher = hasher;
    this.key = key;
    this.label = label;
    this.epoch = epoch;
    this.#sendFlags = isClient ? 0 : RelayFlag.downstream;
    this.#receiveFlags = isClient ? RelayFlag.downstream : 0;
    this.#header = { type: 0, shard, flags: 0, epoch, label, sequence: 0 };
  }

  /** Frames of the other end that are missing since the link began, or began anew. */
  get missing(): number {
    return this.#received.missing(0);
  }

  /** Writes the header of the next frame, all but its tag. */
  begin(into: Uint8Array, type: RelayFrameType, flags = 0): void {
    const header = this.#header;
    header.type = type;
    header.flags = flags | this.#sendFlags;
    header.sequence++;
    writeRelayHeader(into, header);
  }

  /** Writes the tag of the frame that was begun, once its body is in place; returns its size. */
  finish(into: Uint8Array, sizeBytes: number): number {
    writeFrameTag(this.#hasher, this.key, 0, into, sizeBytes);
    const slot = (this.#header.sequence % TAGS_REMEMBERED) * 2;
    this.#tags[slot] = frameTagLow(into);
    this.#tags[slot + 1] = frameTagHigh(into);
    return sizeBytes;
  }

  /** Judges a frame without changing anything; one that is fresh must be {@link accept}ed. */
  judge(frame: Uint8Array): Judgement {
    const isForUs = (frame[2]! & RelayFlag.downstream) === this.#receiveFlags;
    const { byteLength } = frame;
    if (!isForUs || !isFrameAuthentic(this.#hasher, this.key, 0, frame, byteLength)) {
      return Judgement.forged;
    }
    this.#judged = expandSequence(frameSequenceLow(frame), this.#received.largest[0]!);
    const verdict = this.#received.judge(0, this.#judged);
    if (verdict === Replay.fresh) return Judgement.fresh;
    return verdict === Replay.duplicate ? Judgement.replayed : Judgement.tooOld;
  }

  /** Notes the frame that was judged last as received. */
  accept(): void {
    this.#received.mark(0, this.#judged);
  }

  /** Begins to count anew at the frame that was judged last: the other end did. */
  restart(): void {
    this.#received.reset(0);
    this.accept();
  }

  /** Whether a NO_SESSION answers a frame that left here a moment ago: it echoes that frame's tag. */
  isEcho(frame: Uint8Array): boolean {
    const [low, high] = [frameTagLow(frame), frameTagHigh(frame)];
    for (let i = 0; i < TAGS_REMEMBERED * 2; i += 2) {
      if (this.#tags[i] === low && this.#tags[i + 1] === high && (low | high) !== 0) return true;
    }
    return false;
  }
}
