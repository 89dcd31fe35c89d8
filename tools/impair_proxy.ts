/**
 * A bad network between any two programs that speak UDP: clients send to the front, the proxy sends to
 * the target, and both directions suffer on the way.
 *
 * Every client has a line of its own, with a bandwidth, a queue and a sequence of random decisions of
 * its own, as households have. The same seed treats the n-th datagram of the n-th client the same way
 * in every run, as long as no bandwidth is set: that depends on real time.
 *
 * @module
 */
import { type Address, addressKey } from "../protocol/address.ts";
import type { Clock, TimerId } from "../transport/clock.ts";
import type { ImpairmentOptions } from "../transport/impairment.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import { seedFor } from "../transport/random.ts";
import { type ImpairCounters, newDirectionCounters } from "./impair_counters.ts";
import { ImpairLine } from "./impair_line.ts";

/** A direction of a proxy: from clients to the target, or back. */
export type Direction = "up" | "down";

/** How a proxy works. */
export interface ImpairProxyOptions {
  /** Where clients send to; not started yet. The proxy closes it. */
  readonly front: DatagramPipe;
  /** Where the proxy sends to. */
  readonly target: Address;
  /** Opens a socket towards the target: one per client, and another at each rebinding. */
  readonly openUpstream: () => DatagramPipe;
  /** Time and timers. */
  readonly clock: Clock;
  /** Seed of every impairment that names none. Any integer. */
  readonly seed: number;
  /** What happens from clients to the target. Default: nothing. */
  readonly up?: ImpairmentOptions | undefined;
  /** What happens from the target to clients. Default: nothing. */
  readonly down?: ImpairmentOptions | undefined;
  /** Moves every line to another socket this often, in milliseconds. Default: never. */
  readonly rebindEveryMs?: number | undefined;
  /** A line ends when its client was silent for so long. Default 120,000. */
  readonly idleMs?: number | undefined;
  /** Clients at a time; more are refused. Default 1,024. */
  readonly maxClients?: number | undefined;
}

/** How often silent clients are looked for. */
const SWEEP_INTERVAL_MS = 1_000;

/** The proxy. Starts when it is made. */
export class ImpairProxy {
  readonly #options: ImpairProxyOptions;
  readonly #idleMs: number;
  readonly #maxClients: number;
  readonly #lines: Map<string, ImpairLine> = new Map();
  readonly #closing: Set<Promise<void>> = new Set();
  readonly #blocked: Record<Direction, boolean> = { up: false, down: false };
  /** What lines that ended had done, and what no line does. */
  readonly #past: ImpairCounters = newImpairCounters();
  readonly #timers: Map<string, TimerId> = new Map();
  #isClosed = false;

  /** Starts to forward. */
  constructor(options: ImpairProxyOptions) {
    this.#options = options;
    this.#idleMs = options.idleMs ?? 120_000;
    this.#maxClients = options.maxClients ?? 1_024;
    options.front.start((bytes, from) => this.#forward(bytes, from));
    this.#repeat("sweep", SWEEP_INTERVAL_MS, () => this.#sweep());
    const { rebindEveryMs } = options;
    if (rebindEveryMs !== undefined) {
      if (!(rebindEveryMs > 0)) throw new RangeError(`Cannot rebind every ${rebindEveryMs} ms`);
      this.#repeat("rebind", rebindEveryMs, () => this.rebind());
    }
  }

  /** Where clients send to. */
  get localAddress(): Address {
    return this.#options.front.localAddress;
  }

  /** What it has done so far. */
  counters(): ImpairCounters {
    const past = this.#past;
    const sum = { ...past, up: { ...past.up }, down: { ...past.down } };
    for (const line of this.#lines.values()) line.addTo(sum);
    sum.clients = this.#lines.size;
    const { sendErrors, noBuffer, truncated } = this.#options.front.counters;
    sum.socketDrops += sendErrors + noBuffer + truncated;
    return sum;
  }

  /**
   * Moves every line to another socket: the target sees new source ports, and what it sends to the old
   * ones is lost. A line for which no socket can be had stays where it is.
   */
  rebind(): void {
    for (const line of this.#lines.values()) {
      try {
        line.rebind();
      } catch {
        this.#past.refused++;
      }
    }
  }

  /** Loses everything of a direction from now on. What is on its way already still arrives. */
  block(direction: Direction): void {
    this.#blocked[direction] = true;
  }

  /** Ends {@link ImpairProxy.block}, in both directions. */
  unblock(): void {
    this.#blocked.up = false;
    this.#blocked.down = false;
  }

  /** Drops what is on its way and frees every socket. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers.values()) this.#options.clock.clearTimer(timer);
    for (const [key, line] of this.#lines) this.#end(key, line);
    await Promise.all([this.#options.front.close(), ...this.#closing]);
  }

  #forward(bytes: Uint8Array, from: Address): void {
    const key = addressKey(from);
    const line = this.#lines.get(key) ?? this.#begin(key, from);
    if (line === undefined) this.#past.refused++;
    else if (this.#blocked.up) this.#drop("up");
    else line.send(bytes, this.#options.clock.nowMs());
  }

  #begin(key: string, client: Address): ImpairLine | undefined {
    if (this.#isClosed || this.#lines.size >= this.#maxClients) return undefined;
    const { openUpstream, target, clock, seed, up = {}, down = {} } = this.#options;
    const place = `client ${this.#past.joined}`;
    const seeded = (impairment: ImpairmentOptions): ImpairmentOptions => ({
      ...impairment,
      seed: seedFor(place, impairment.seed ?? seed),
    });
    try {
      const line = new ImpairLine({
        open: openUpstream,
        target,
        up: seeded(up),
        down: seeded(down),
        clock,
        onReply: (bytes) => this.#reply(bytes, client),
      });
      this.#past.joined++;
      this.#lines.set(key, line);
      return line;
    } catch (error) {
      // Out of sockets: the client's datagrams are lost, and others go on. A defect is no such error.
      if (error instanceof Error && "code" in error) return undefined;
      throw error;
    }
  }

  #reply(bytes: Uint8Array, client: Address): void {
    if (this.#blocked.down) {
      this.#drop("down");
      return;
    }
    const { front } = this.#options;
    const slot = front.acquire();
    if (slot === undefined) return;
    slot.bytes.set(bytes);
    front.send(slot, bytes.byteLength, client);
    this.#past.down.passed++;
    this.#past.down.passedBytes += bytes.byteLength;
  }

  #drop(direction: Direction): void {
    this.#past[direction].blocked++;
    // What is blocked on the way up never meets the link that counts what is offered.
    if (direction === "up") this.#past.up.offered++;
  }

  #sweep(): void {
    const silentSinceMs = this.#options.clock.nowMs() - this.#idleMs;
    for (const [key, line] of this.#lines) {
      if (line.heardAtMs < silentSinceMs) this.#end(key, line);
    }
  }

  #end(key: string, line: ImpairLine): void {
    this.#lines.delete(key);
    line.addTo(this.#past);
    // What was on its way is dropped with the line.
    this.#past.held = 0;
    const closed = line.close();
    this.#closing.add(closed);
    closed.then(() => this.#closing.delete(closed));
  }

  #repeat(name: string, intervalMs: number, action: () => void): void {
    const { clock } = this.#options;
    const next = (atMs: number): void => {
      const run = (): void => {
        action();
        // A machine that slept does not catch up.
        next(Math.max(atMs + intervalMs, clock.nowMs()));
      };
      this.#timers.set(name, clock.setTimer(atMs, run));
    };
    next(clock.nowMs() + intervalMs);
  }
}

function newImpairCounters(): ImpairCounters {
  return {
    clients: 0,
    joined: 0,
    refused: 0,
    rebinds: 0,
    held: 0,
    overflow: 0,
    stray: 0,
    socketDrops: 0,
    up: newDirectionCounters(),
    down: newDirectionCounters(),
  };
}
