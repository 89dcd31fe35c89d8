/**
 * Messages as an async iterable, for programs that read like a script.
 *
 * @module
 */

/** Values that wait for a slow reader; the oldest is dropped first, as on any live feed. */
export const MAX_STREAMED_MESSAGES = 1_024;

/** Values as they come, for a `for await` loop. */
export interface MessageFeed<T> extends AsyncIterableIterator<T> {
  /** Values that a slow reader missed. */
  readonly dropped: number;
  /** Waits for the next value. */
  next(): Promise<IteratorResult<T>>;
  /** Lets go: nothing more is kept for the reader. A `for await` loop that ends early calls it. */
  return(): Promise<IteratorResult<T>>;
}

/** A bounded queue between handlers and a `for await` loop. */
export class MessageStream<T> implements MessageFeed<T> {
  dropped = 0;
  readonly #values: T[] = [];
  readonly #onEnd: () => void;
  #waiting: ((result: IteratorResult<T>) => void)[] = [];
  #isOver = false;

  /** @param onEnd Called once when the reader leaves or the stream is closed. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  /** Adds a value. */
  push(value: T): void {
    const reader = this.#waiting.shift();
    if (reader !== undefined) {
      reader({ done: false, value });
      return;
    }
    this.#values.push(value);
    if (this.#values.length <= MAX_STREAMED_MESSAGES) return;
    this.#values.shift();
    this.dropped++;
  }

  /** Ends the stream once its values are read. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const reader of this.#waiting) reader({ done: true, value: undefined });
    this.#waiting = [];
    this.#onEnd();
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#values.length > 0) {
      return Promise.resolve({ done: false, value: this.#values.shift()! });
    }
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<T>> {
    this.#values.length = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
