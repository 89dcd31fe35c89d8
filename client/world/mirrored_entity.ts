/**
 * An entity as a client sees it.
 *
 * @module
 */
import type { BoundEntity } from "../../schema/mod.ts";
import type { EntityCodec } from "../../schema/sync/entity_codec.ts";
import { RING_FRAMES } from "../../schema/sync/snapshot_format.ts";

/** States that there is room for at first; more come when snapshots follow each other closely. */
const FIRST_STATES = 4;

/** Something in the server's world that this client sees, with its states of the last 64 frames. */
export class MirroredEntity<T = unknown> {
  /** Its number, what `t.entityRef()` carries. */
  readonly id: number;
  /** Its type. */
  readonly type: BoundEntity<T>;
  readonly #codec: EntityCodec;
  readonly #stride: number;
  #frames = new Float64Array(FIRST_STATES);
  #ticks = new Float64Array(FIRST_STATES);
  #views = new Uint8Array(FIRST_STATES);
  #columns: Int32Array<ArrayBuffer>;
  /** Values that are no numbers, by the frame in which they came: what their columns hold. */
  readonly #blobs: Map<number, unknown>[];
  readonly #defaultBlobs: unknown[];
  #newest = 0;
  #tick = 0;
  #value: T | undefined;
  #isVisible = true;
  #heldFrame = 0;
  #heldView = 0;
  #held: Int32Array<ArrayBuffer> | undefined;

  /** @ignore Made by `WorldMirror`. */
  constructor(type: BoundEntity<T>, id: number, codec: EntityCodec) {
    this.type = type;
    this.id = id;
    this.#codec = codec;
    this.#stride = codec.stride;
    this.#columns = new Int32Array(FIRST_STATES * codec.stride);
    this.#blobs = codec.layout.blobs.map(() => new Map());
    this.#defaultBlobs = codec.createBlobs();
  }

  /** Whether it is of a type, with the type's value. */
  is<U>(type: BoundEntity<U>): this is MirroredEntity<U> {
    return (this.type as BoundEntity<unknown>) === type;
  }

  /** Whether this client still sees it. */
  get isVisible(): boolean {
    return this.#isVisible;
  }

  /** The server's tick of its newest state. */
  get tick(): number {
    return this.#tick;
  }

  /** Its newest value. The same object until a newer one comes; do not change it. */
  get value(): T {
    return this.#value ??= this.#read(this.#offsetOf(this.#newest));
  }

  /** Ticks of the states that are kept, newest first. */
  ticks(): number[] {
    return [...this.#ticks].filter((tick, i) => this.#isKept(i) && tick <= this.#tick)
      .sort((left, right) => right - left);
  }

  /** A new object with its value at a tick; `undefined` when there was no snapshot of it, or it is too old. */
  at(tick: number): T | undefined {
    const place = this.#ticks.findIndex((kept, i) => kept === tick && this.#isKept(i));
    return place === -1 ? undefined : this.#read(place * this.#stride);
  }

  /** Bit sum of the view tags that this client holds, by order of first use in the declaration. */
  get view(): number {
    return this.#views[this.#newest % this.#frames.length]!;
  }

  /** Frame of the newest state. For the mirror. */
  get newest(): number {
    return this.#newest;
  }

  /** The columns of a frame's state; `undefined` when it is not kept. For tests and the mirror. */
  columnsOf(frame: number): Int32Array | undefined {
    if (frame === this.#heldFrame && this.#held !== undefined) return this.#held;
    const place = frame % this.#frames.length;
    if (this.#frames[place] !== frame) return undefined;
    return this.#columns.subarray(place * this.#stride, (place + 1) * this.#stride);
  }

  /** Whether a baseline is there and of this view. For the mirror, which asks {@link baseline} next. */
  hasBaseline(frame: number): boolean {
    if (frame === this.#heldFrame && this.#held !== undefined) return true;
    return this.#frames[frame % this.#frames.length] === frame;
  }

  /** The view of a state that is there. */
  viewOf(frame: number): number {
    return frame === this.#heldFrame ? this.#heldView : this.#views[frame % this.#frames.length]!;
  }

  /** Memory that holds a state that is there, from {@link baselineOffset}. */
  baseline(frame: number): Int32Array {
    return frame === this.#heldFrame && this.#held !== undefined ? this.#held : this.#columns;
  }

  /** Where in {@link baseline} the state begins. */
  baselineOffset(frame: number): number {
    return frame === this.#heldFrame && this.#held !== undefined ? 0 : this.#offsetOf(frame);
  }

  /**
   * Keeps a baseline beyond the ring: the server refers to it over more than 64 frames, and a newer state
   * could take its place.
   */
  hold(frame: number): void {
    if (frame === this.#heldFrame) return;
    const columns = this.columnsOf(frame);
    if (columns === undefined) return;
    this.#heldView = this.viewOf(frame);
    this.#held ??= new Int32Array(this.#stride);
    this.#held.set(columns);
    this.#heldFrame = frame;
  }

  /** Keeps the value of a blob that came in a frame. */
  keepBlob(blob: number, frame: number, value: unknown): void {
    const values = this.#blobs[blob]!;
    values.set(frame, value);
    if (values.size > RING_FRAMES * 2) this.#forgetBlobs(blob);
  }

  /**
   * Keeps a state.
   *
   * @returns Whether it is the newest.
   */
  store(frame: number, tick: number, columns: Int32Array, view: number): boolean {
    let place = frame % this.#frames.length;
    let old = this.#frames[place]!;
    while (old !== 0 && Math.abs(frame - old) < RING_FRAMES && old !== frame && this.#grow()) {
      place = frame % this.#frames.length;
      old = this.#frames[place]!;
    }
    if (old < frame) {
      this.#frames[place] = frame;
      this.#ticks[place] = tick;
      this.#views[place] = view;
      this.#columns.set(columns, place * this.#stride);
    }
    if (frame <= this.#newest) return false;
    this.#newest = frame;
    this.#tick = tick;
    this.#value = undefined;
    return true;
  }

  /** This client sees it no more. */
  end(): void {
    // The value stays readable: games fade things out.
    this.#value ??= this.value;
    this.#isVisible = false;
  }

  #isKept(place: number): boolean {
    const frame = this.#frames[place]!;
    return frame !== 0 && this.#newest - frame < RING_FRAMES;
  }

  #offsetOf(frame: number): number {
    return (frame % this.#frames.length) * this.#stride;
  }

  #read(offset: number): T {
    const blobs = this.#codec.layout.blobs.map(({ index, column }) => {
      const handle = this.#columns[offset + column]!;
      return handle === 0 ? this.#defaultBlobs[index] : this.#blobs[index]!.get(handle);
    });
    // The boundary: the codec reads what it was compiled for, which is T.
    return this.#codec.read(this.#columns, offset, blobs) as T;
  }

  #grow(): boolean {
    const size = this.#frames.length * 2;
    if (size > RING_FRAMES) return false;
    const frames = new Float64Array(size);
    const ticks = new Float64Array(size);
    const views = new Uint8Array(size);
    const columns = new Int32Array(size * this.#stride);
    this.#frames.forEach((frame, i) => {
      if (frame === 0) return;
      const place = frame % size;
      frames[place] = frame;
      ticks[place] = this.#ticks[i]!;
      views[place] = this.#views[i]!;
      columns.set(
        this.#columns.subarray(i * this.#stride, (i + 1) * this.#stride),
        place * this.#stride,
      );
    });
    this.#frames = frames;
    this.#ticks = ticks;
    this.#views = views;
    this.#columns = columns;
    return true;
  }

  /** Lets go of the values that no state refers to. */
  #forgetBlobs(blob: number): void {
    const { column } = this.#codec.layout.blobs[blob]!;
    const values = this.#blobs[blob]!;
    const used = new Set<number>([this.#held?.[column] ?? 0]);
    for (let i = column; i < this.#columns.length; i += this.#stride) used.add(this.#columns[i]!);
    for (const frame of values.keys()) {
      if (!used.has(frame) && frame < this.#newest) values.delete(frame);
    }
  }
}
