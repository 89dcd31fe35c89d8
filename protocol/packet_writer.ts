/**
 * Builds the frames of one packet. The counterpart of `frames.ts`.
 *
 * One writer serves all sessions of an endpoint: {@link PacketWriter.begin} points it at a buffer.
 * Frames are written with their length; {@link PacketWriter.finish} takes the length of the last
 * one away again, since a frame without a length ends the packet.
 *
 * @module
 */
import { writeVarint } from "../schema/mod.ts";
import {
  FRAGMENT_CHANNEL_ESCAPE,
  FRAGMENT_LENGTH_BIT,
  FrameType,
  MAX_FRAMES_PER_PACKET,
  MESSAGE_CHANNEL_ESCAPE,
  MESSAGE_LENGTH_BIT,
} from "./frames.ts";
import { MemoryView } from "./memory_view.ts";

/** Most bytes before the body of a FRAGMENT: type, channel, sequence, part, count, length. */
const MAX_FRAGMENT_HEADER_BYTES = 1 + 1 + 2 + 3 + 3 + 2;

/** Writes frames into a datagram buffer. */
export class PacketWriter {
  readonly #memory = new MemoryView();
  #bytes: Uint8Array = this.#memory.bytes;
  #view: DataView = this.#memory.view;
  #offset = 0;
  #limit = 0;
  #frames = 0;
  #isAckEliciting = false;
  #lastFrameAt = -1;
  #lastLengthAt = -1;
  #lastBodyAt = -1;

  /** Offset of the next frame in the buffer's memory. */
  get offset(): number {
    return this.#offset;
  }

  /** First offset that must stay untouched, in the buffer's memory. */
  get limit(): number {
    return this.#limit;
  }

  /** The buffer's memory as a view, for frames that write themselves. */
  get view(): DataView {
    return this.#view;
  }

  /** Frames written so far. */
  get frames(): number {
    return this.#frames;
  }

  /** Whether the peer must acknowledge what was written. */
  get isAckEliciting(): boolean {
    return this.#isAckEliciting;
  }

  /** Starts a packet in `bytes` whose frames begin at `offset` and end before `limit`. */
  begin(bytes: Uint8Array, offset: number, limit: number): void {
    this.#memory.pointAt(bytes);
    this.#bytes = this.#memory.bytes;
    this.#view = this.#memory.view;
    this.#offset = bytes.byteOffset + offset;
    this.#limit = bytes.byteOffset + limit;
    this.#frames = 0;
    this.#isAckEliciting = false;
    this.#lastFrameAt = -1;
  }

  /** Ends the packet and returns the end of its frames in the buffer's memory. */
  finish(): number {
    if (this.#lastFrameAt >= 0 && this.#lastBodyAt > this.#lastLengthAt) {
      const first = this.#bytes[this.#lastFrameAt]!;
      this.#bytes[this.#lastFrameAt] = first >= FrameType.fragment
        ? first & ~FRAGMENT_LENGTH_BIT
        : first & ~MESSAGE_LENGTH_BIT;
      this.#bytes.copyWithin(this.#lastLengthAt, this.#lastBodyAt, this.#offset);
      this.#offset -= this.#lastBodyAt - this.#lastLengthAt;
      this.#lastFrameAt = -1;
    }
    return this.#offset;
  }

  /** Takes over a frame that was written to {@link view} up to `end`. */
  accept(end: number, isAckEliciting: boolean): void {
    if (end === this.#offset) return;
    this.#offset = end;
    this.#frames++;
    this.#lastFrameAt = -1;
    if (isAckEliciting) this.#isAckEliciting = true;
  }

  /** Whether a frame of `sizeBytes` bytes fits. */
  hasRoom(sizeBytes: number): boolean {
    return this.#limit - this.#offset >= sizeBytes && this.#frames < MAX_FRAMES_PER_PACKET;
  }

  /** Writes a frame of the type byte alone: PING. */
  addPing(): boolean {
    if (!this.hasRoom(1)) return false;
    this.#view.setUint8(this.#offset, FrameType.ping);
    this.accept(this.#offset + 1, true);
    return true;
  }

  /** Writes PATH_CHALLENGE or PATH_RESPONSE. */
  addPathFrame(type: number, data: Uint8Array): boolean {
    if (!this.hasRoom(9)) return false;
    this.#view.setUint8(this.#offset, type);
    this.#bytes.set(data, this.#offset + 1);
    this.accept(this.#offset + 9, true);
    return true;
  }

  /** Writes TIME: the tick and the microseconds since it began. */
  addTime(tick: number, microseconds: number): boolean {
    if (!this.hasRoom(7)) return false;
    this.#view.setUint8(this.#offset, FrameType.time);
    this.#view.setUint32(this.#offset + 1, tick, true);
    this.#view.setUint16(this.#offset + 5, Math.min(microseconds, 0xffff), true);
    this.accept(this.#offset + 7, false);
    return true;
  }

  /** Writes CREDIT: how many bytes a channel may carry in all, modulo 2^32. */
  addCredit(channel: number, limitBytes: number): boolean {
    if (!this.hasRoom(1 + 2 + 5)) return false;
    this.#view.setUint8(this.#offset, FrameType.credit);
    const at = writeVarint(this.#view, this.#offset + 1, channel);
    this.accept(writeVarint(this.#view, at, limitBytes >>> 0), true);
    return true;
  }

  /** Writes CLOSE. `reason` is UTF-8 of at most 200 bytes. */
  addClose(code: number, reason: Uint8Array): boolean {
    if (!this.hasRoom(1 + 5 + 1 + reason.byteLength)) return false;
    this.#view.setUint8(this.#offset, FrameType.close);
    const at = writeVarint(this.#view, this.#offset + 1, code);
    this.#view.setUint8(at, reason.byteLength);
    this.#bytes.set(reason, at + 1);
    this.accept(at + 1 + reason.byteLength, false);
    return true;
  }

  /** Fills the packet up to its limit with a PROBE frame. */
  addProbe(): void {
    this.#view.setUint8(this.#offset, FrameType.probe);
    this.#bytes.fill(0, this.#offset + 1, this.#limit);
    this.accept(this.#limit, true);
  }

  /** Pads the packet with PAD frames up to the offset `end` in the buffer's memory. */
  padTo(end: number): void {
    const paddedEnd = Math.min(end, this.#limit);
    if (paddedEnd <= this.#offset) return;
    this.#bytes.fill(0, this.#offset, paddedEnd);
    this.#offset = paddedEnd;
    this.#lastFrameAt = -1;
  }

  /**
   * Writes a whole message.
   *
   * @param sequence Low 16 bits are sent; -1 for channels without a sequence.
   * @returns `false`, with nothing written, when it does not fit.
   */
  addMessage(channel: number, sequence: number, body: Uint8Array, sizeBytes: number): boolean {
    const headerBytes = 1 + (channel < MESSAGE_CHANNEL_ESCAPE ? 0 : 1) + (sequence < 0 ? 0 : 2) +
      (sizeBytes < 128 ? 1 : 2);
    if (!this.hasRoom(headerBytes + sizeBytes)) return false;
    let at = this.#offset;
    this.#lastFrameAt = at;
    if (channel < MESSAGE_CHANNEL_ESCAPE) {
      this.#bytes[at++] = FrameType.message | MESSAGE_LENGTH_BIT | channel;
    } else {
      this.#bytes[at++] = FrameType.message | MESSAGE_LENGTH_BIT | MESSAGE_CHANNEL_ESCAPE;
      at = writeVarint(this.#view, at, channel);
    }
    if (sequence >= 0) {
      this.#bytes[at++] = sequence;
      this.#bytes[at++] = sequence >>> 8;
    }
    return this.#addBody(at, body, 0, sizeBytes);
  }

  /** Writes a part of a message, as {@link addMessage}. */
  addFragment(
    channel: number,
    sequence: number,
    part: number,
    partCount: number,
    body: Uint8Array,
    start: number,
    sizeBytes: number,
  ): boolean {
    if (!this.hasRoom(MAX_FRAGMENT_HEADER_BYTES + sizeBytes)) return false;
    let at = this.#offset;
    this.#lastFrameAt = at;
    if (channel < FRAGMENT_CHANNEL_ESCAPE) {
      this.#bytes[at++] = FrameType.fragment | FRAGMENT_LENGTH_BIT | channel;
    } else {
      this.#bytes[at++] = FrameType.fragment | FRAGMENT_LENGTH_BIT | FRAGMENT_CHANNEL_ESCAPE;
      at = writeVarint(this.#view, at, channel);
    }
    this.#bytes[at++] = sequence;
    this.#bytes[at++] = sequence >>> 8;
    at = writeVarint(this.#view, at, part);
    at = writeVarint(this.#view, at, partCount);
    return this.#addBody(at, body, start, sizeBytes);
  }

  #addBody(at: number, body: Uint8Array, start: number, sizeBytes: number): true {
    this.#lastLengthAt = at;
    at = writeVarint(this.#view, at, sizeBytes);
    this.#lastBodyAt = at;
    if (sizeBytes <= 32) {
      for (let i = 0; i < sizeBytes; i++) this.#bytes[at + i] = body[start + i]!;
    } else if (start === 0 && sizeBytes === body.byteLength) {
      this.#bytes.set(body, at);
    } else {
      this.#bytes.set(body.subarray(start, start + sizeBytes), at);
    }
    this.#offset = at + sizeBytes;
    this.#frames++;
    this.#isAckEliciting = true;
    return true;
  }
}
