/**
 * A game of numbers over pipes of relayed sessions: the server sends back what it gets, players count.
 *
 * @module
 */
import type { Address } from "../../../protocol/address.ts";
import type { Clock, TimerId } from "../../../transport/clock.ts";
import type { DatagramPipe } from "../../../transport/pipe.ts";

/** A packet of this game; its first byte is of no relay frame. */
const PACKET_BYTES = 64;

/** Longest that a packet is on its way on this machine. */
const ON_ITS_WAY_MS = 300;

/** Sends back what comes. */
export function echoOn(pipe: DatagramPipe): void {
  pipe.start((bytes, from) => send(pipe, from, (into) => into.set(bytes), bytes.byteLength));
}

/** Sends numbers at a steady rate, and notes which came back. */
export class Player {
  /** Numbers sent. */
  sent = 0;
  /** Numbers that came back. */
  readonly received = new Set<number>();
  /** Longest time between two that came back. */
  longestGapMs = 0;
  readonly #pipe: DatagramPipe;
  readonly #to: Address;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #lastMs: number | undefined;
  #nextMs = 0;
  #isStopped = false;
  #timer: TimerId | undefined;

  constructor(
    pipe: DatagramPipe,
    { to, clock, intervalMs = 1000 / 60 }: {
      readonly to: Address;
      readonly clock: Clock;
      readonly intervalMs?: number;
    },
  ) {
    this.#pipe = pipe;
    this.#to = to;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    pipe.start((bytes) => this.#receive(bytes));
  }

  /** Numbers that did not come back. */
  get lost(): number {
    return this.sent - this.received.size;
  }

  /** Whether something came back lately enough that more may be on its way. */
  get isWaiting(): boolean {
    return this.#clock.nowMs() - (this.#lastMs ?? -Infinity) < ON_ITS_WAY_MS;
  }

  /** Sends from now on. */
  play(): void {
    this.#nextMs = this.#clock.nowMs();
    this.#step();
  }

  /** Sends no more. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
  }

  #step(): void {
    if (this.#isStopped) return;
    const number = this.sent++;
    send(this.#pipe, this.#to, (into) => {
      into.fill(0, 0, PACKET_BYTES);
      new DataView(into.buffer, into.byteOffset).setUint32(4, number);
    }, PACKET_BYTES);
    this.#nextMs += this.#intervalMs;
    this.#timer = this.#clock.setTimer(this.#nextMs, () => this.#step());
  }

  #receive(bytes: Uint8Array): void {
    const nowMs = this.#clock.nowMs();
    this.received.add(new DataView(bytes.buffer, bytes.byteOffset).getUint32(4));
    const gapMs = nowMs - (this.#lastMs ?? nowMs);
    this.longestGapMs = Math.max(this.longestGapMs, gapMs);
    this.#lastMs = nowMs;
  }
}

function send(
  pipe: DatagramPipe,
  to: Address,
  write: (into: Uint8Array) => void,
  sizeBytes: number,
): void {
  const slot = pipe.acquire();
  if (slot === undefined) return;
  write(slot.bytes);
  pipe.send(slot, sizeBytes, to);
}
