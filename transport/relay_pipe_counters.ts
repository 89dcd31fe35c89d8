/**
 * What the user of a pipe with relays below sees: its own datagrams, and the errors of the pipe inside.
 *
 * @module
 */
import type { PipeCounters } from "./pipe.ts";

/** Counters of datagrams without the frames around them and the frames between them. */
export class RelayPipeCounters implements PipeCounters {
  datagramsSent = 0;
  bytesSent = 0;
  datagramsReceived = 0;
  bytesReceived = 0;
  /** Datagrams for which there was no route, or no such target. */
  ownSendErrors = 0;
  readonly #inner: Readonly<PipeCounters>;

  /** Takes errors from the pipe inside. */
  constructor(inner: Readonly<PipeCounters>) {
    this.#inner = inner;
  }

  get sendErrors(): number {
    return this.ownSendErrors + this.#inner.sendErrors;
  }
  get receiveErrors(): number {
    return this.#inner.receiveErrors;
  }
  get truncated(): number {
    return this.#inner.truncated;
  }
  get portZero(): number {
    return this.#inner.portZero;
  }
  get noBuffer(): number {
    return this.#inner.noBuffer;
  }
}
