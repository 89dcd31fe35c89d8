/**
 * Rounds values to what the wire carries, so that both ends compute with the same numbers.
 *
 * A server that keeps positions in full precision and a client that got them rounded drift apart with
 * the first step. So a game that is predicted rounds its state after each step, on both ends.
 *
 * @module
 */
import { type Backend, type Codec, codecOf } from "../codec.ts";
import type { Shape } from "./interpolator.ts";

/** The codec of anything that carries a struct. For the start of a program: generating code takes time. */
export function codecOfShape<T>(shape: Shape<T>, name: string, backend: Backend): Codec<T> {
  return codecOf<T>(shape.struct, name, backend);
}

/** Rounds values of one declared struct. */
export class WireRounder<T> {
  readonly #codec: Codec<T>;
  readonly #view: DataView<ArrayBuffer>;

  /**
   * Makes a codec: for the start of a program.
   *
   * @param shape An entity or message, declared or bound.
   * @param backend How the codec is made, default `"jit"`.
   */
  constructor(shape: Shape<T>, backend: Backend = "jit") {
    this.#codec = codecOfShape(shape, "state", backend);
    this.#view = new DataView(new ArrayBuffer(this.#codec.maxBytes));
  }

  /**
   * Rounds a value in place.
   *
   * @throws TypeError or RangeError for a value that the schema does not allow: clamp before.
   */
  round(value: T): void {
    const end = this.#codec.write(this.#view, 0, value);
    this.#codec.read(this.#view, 0, end, value);
  }
}
