/**
 * The end of a tape that compares: values come from the recording, and every call and result must be
 * the one that stands there.
 *
 * @module
 */
import { type ChunkList, readChunks } from "./chunk.ts";
import { writeFact } from "./fact_writer.ts";
import { RecordCode } from "./record_code.ts";
import { describeFact, type RecordedFact, RecordReader } from "./record_reader.ts";
import { decodeHeader, type RecordingHeader } from "./recording_header.ts";
import { RecordingError } from "./recording_error.ts";
import { Tape } from "./tape.ts";

/** A recording, taken apart. */
export interface Recording {
  /** Who made it, of what. */
  readonly header: RecordingHeader;
  /** The records, by chunk. */
  readonly chunks: readonly Uint8Array[];
  /** What is wrong with its end; `undefined` when it is whole. */
  readonly damage: RecordingError | undefined;
}

/** Options of {@link readRecording}. */
export interface ReadRecordingOptions {
  /** Takes what is whole of a damaged file, instead of refusing it. Default false. */
  readonly partial?: boolean;
}

/**
 * Takes a file apart.
 *
 * @throws RecordingError
 */
export function readRecording(file: Uint8Array, options: ReadRecordingOptions = {}): Recording {
  const { bodies, damage }: ChunkList = readChunks(file);
  if (damage !== undefined && options.partial !== true) throw damage;
  const [header, ...chunks] = bodies;
  // There is at least one chunk, or `readChunks` has thrown.
  return { header: decodeHeader(header!), chunks, damage };
}

/** Where a replay and its recording part ways. */
export class ReplayDivergence extends Error {
  /** Always `"ReplayDivergence"`. */
  override readonly name = "ReplayDivergence";
  /** For programs. */
  readonly code = "diverged";
  /** Number of the record, counted from 0. */
  readonly record: number;
  /** Time of the recording, milliseconds of its clock. */
  readonly atMs: number;
  /** What stands in the recording. */
  readonly expected: string;
  /** What the replay did. */
  readonly actual: string;

  /** @param place Where it is. */
  constructor(
    place: { readonly record: number; readonly atMs: number },
    expected: string,
    actual: string,
  ) {
    super(
      `The replay differs from the recording at record ${place.record}, ` +
        `at ${place.atMs.toFixed(3)} ms: recorded was "${expected}", replayed "${actual}"`,
    );
    this.record = place.record;
    this.atMs = place.atMs;
    this.expected = expected;
    this.actual = actual;
  }
}

/** Compares with a recording. */
export class VerifyingTape extends Tape {
  /** The first difference; from then on everything throws it. */
  divergence: ReplayDivergence | undefined;
  /** Told of every record that was reproduced, in order. */
  onFact: ((fact: RecordedFact) => void) | undefined;
  readonly #chunks: readonly Uint8Array[];
  #chunk = 0;
  #reader: RecordReader;
  #fact: RecordedFact | undefined;
  #start = 0;
  #record = 0;
  #atMs = 0;

  /** Stands before the first record. */
  constructor({ chunks }: Recording) {
    super();
    this.#chunks = chunks;
    this.#reader = new RecordReader(chunks[0] ?? new Uint8Array(0));
    this.peek();
  }

  /** Records that were reproduced. */
  get record(): number {
    return this.#record;
  }

  /** Time of the record at hand, milliseconds of the recording's clock. */
  get atMs(): number {
    return this.#fact?.timeMs ?? this.#atMs;
  }

  /** The next record; `undefined` at the end. @throws RecordingError `corrupt`. */
  peek(): RecordedFact | undefined {
    if (this.#fact !== undefined) return this.#fact;
    while (this.#reader.isAtEnd) {
      if (this.#chunk + 1 >= this.#chunks.length) return undefined;
      this.#reader = new RecordReader(this.#chunks[++this.#chunk]!);
      this.out.reset();
    }
    this.#start = this.#reader.offset;
    this.#fact = this.#reader.read();
    return this.#fact;
  }

  /** Goes on after a record that nobody has to reproduce. */
  skip(): void {
    const fact = this.peek();
    if (fact === undefined) return;
    writeFact(this.out, fact);
    this.commit();
  }

  override commit(): void {
    if (this.divergence !== undefined) throw this.divergence;
    const { out } = this;
    // It was read when the last one was done: a chunk begins before the writer begins its first record.
    const fact = this.#fact;
    const expected = this.#reader.slice(this.#start, this.#reader.offset);
    if (fact === undefined || !isSame(expected, out.written)) {
      throw this.diverge(describeFact(this.#reader.readInstead(out.written)));
    }
    out.clear();
    this.#atMs = fact.timeMs;
    this.#fact = undefined;
    this.#record++;
    this.peek();
    this.onFact?.(fact);
  }

  override nowMs(): number {
    return this.#take(RecordCode.clock, "clock").timeMs;
  }

  override wallClockMs(): number {
    return this.#take(RecordCode.wallClock, "wallClock").value;
  }

  override random(into: Uint8Array): void {
    const name = `random ${into.byteLength} bytes`;
    const fact = this.#expect(RecordCode.random, name);
    if (fact.bytes.byteLength !== into.byteLength) throw this.diverge(name);
    into.set(fact.bytes);
    this.skip();
  }

  /** Notes that the replay did something else than what stands here. */
  diverge(actual: string): ReplayDivergence {
    const fact = this.peek();
    const expected = fact === undefined ? "the end" : describeFact(fact);
    const place = { record: this.#record, atMs: this.atMs };
    this.divergence ??= new ReplayDivergence(place, expected, actual);
    return this.divergence;
  }

  #take(code: number, actual: string): RecordedFact {
    const fact = this.#expect(code, actual);
    this.skip();
    return fact;
  }

  #expect(code: number, actual: string): RecordedFact {
    if (this.divergence !== undefined) throw this.divergence;
    const fact = this.peek();
    if (fact === undefined || fact.code !== code) throw this.diverge(actual);
    return fact;
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return false;
  return true;
}
