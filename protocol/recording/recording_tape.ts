/**
 * The end of a tape that writes: records become chunks, chunks go to a sink.
 *
 * @module
 */
import { encodeChunk, encodePreamble } from "./chunk.ts";
import { RecordCode } from "./record_code.ts";
import { encodeHeader, type RecordingHeader } from "./recording_header.ts";
import { Tape } from "./tape.ts";

/** Where a recording goes. */
export interface RecordingSink {
  /** Writes all of the bytes, or throws. They are the sink's to keep. */
  write(bytes: Uint8Array): void;
  /** Ends it. */
  close(): void;
}

/** Where a recorded end really has its values from. */
export interface TapeSources {
  /** The time, milliseconds. */
  readonly nowMs: () => number;
  /** The wall clock, milliseconds since 1970. */
  readonly wallClockMs: () => number;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
}

/** Bounds of a recording. */
export interface TapeLimits {
  /** Bytes after which it stops. */
  readonly maxBytes: number;
  /** Told once when it stops before its end, with the reason. */
  readonly onStopped: (reason: string) => void;
}

/** Records per chunk: what is lost by a crash, and what one write to a disk takes. */
const CHUNK_BYTES = 64 * 1024;

/** A chunk that is not full is written after this long, when something happens at all. */
const CHUNK_MS = 1_000;

/** Room that is kept for the last chunk and what it says. */
const END_BYTES = 256;

/** Writes a tape. */
export class RecordingTape extends Tape {
  readonly #sink: RecordingSink;
  readonly #sources: TapeSources;
  readonly #limits: TapeLimits;
  #chunks = 0;
  #sizeBytes = 0;
  #chunkFromMs: number;
  #isOver = false;

  /** Writes the header at once, so that a sink that cannot be written to says so. */
  constructor(
    sink: RecordingSink,
    header: RecordingHeader,
    sources: TapeSources,
    limits: TapeLimits,
  ) {
    super();
    this.#sink = sink;
    this.#sources = sources;
    this.#limits = limits;
    this.#chunkFromMs = sources.nowMs();
    this.#write(encodePreamble());
    this.#write(encodeChunk(encodeHeader(header), this.#chunks++));
  }

  /** Bytes written so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Whether nothing is recorded any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  override commit(): void {
    if (this.#isOver) this.out.reset();
    else if (this.out.sizeBytes >= CHUNK_BYTES) this.#flush();
  }

  override nowMs(): number {
    const nowMs = this.#sources.nowMs();
    this.noteTime(RecordCode.clock, nowMs);
    return nowMs;
  }

  override noteTime(code: number, nowMs: number): void {
    super.noteTime(code, nowMs);
    if (nowMs - this.#chunkFromMs >= CHUNK_MS) this.#flush(nowMs);
  }

  override wallClockMs(): number {
    const wallMs = this.#sources.wallClockMs();
    this.out.byte(RecordCode.wallClock);
    this.out.float(wallMs);
    this.commit();
    return wallMs;
  }

  override random(into: Uint8Array): void {
    this.#sources.random(into);
    this.out.byte(RecordCode.random);
    this.out.bytes(into);
    this.commit();
  }

  /** Writes what is left, and why it ends. Idempotent. */
  end(reason: string): void {
    if (this.#isOver) return;
    try {
      this.out.byte(RecordCode.end);
      this.out.text(reason);
      this.#write(encodeChunk(this.out.written, this.#chunks++));
    } catch (error) {
      this.#limits.onStopped(textOf(error));
    }
    this.#finish();
  }

  #flush(nowMs = this.#sources.nowMs()): void {
    if (this.#isOver || this.out.sizeBytes === 0) return;
    this.#chunkFromMs = nowMs;
    if (this.#sizeBytes + this.out.sizeBytes + END_BYTES > this.#limits.maxBytes) {
      this.#stop(`it has reached its limit of ${this.#limits.maxBytes} bytes`);
      return;
    }
    try {
      this.#write(encodeChunk(this.out.written, this.#chunks++));
    } catch (error) {
      // A full disk must not end a game: the recording ends instead.
      this.#limits.onStopped(textOf(error));
      this.#finish();
      return;
    }
    this.out.reset();
  }

  #stop(reason: string): void {
    this.out.reset();
    this.end(reason);
    this.#limits.onStopped(reason);
  }

  #finish(): void {
    this.#isOver = true;
    this.out.reset();
    this.#sink.close();
  }

  #write(bytes: Uint8Array): void {
    this.#sink.write(bytes);
    this.#sizeBytes += bytes.byteLength;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
