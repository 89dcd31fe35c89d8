/**
 * Servers and clients on a simulated network: what the tests of both are written with.
 *
 * @module
 */
import { type Client, connect, type ConnectOptions, type ProtocolCore } from "../../mod.ts";
import { serve, type ServeOptions, type Server } from "../../server/mod.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import type { ImpairmentOptions } from "../../transport/impairment.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { Random } from "../../transport/random.ts";
import { SimulatedNetwork } from "../../transport/simulated_network.ts";

const crypto = await loadSodium();

/** Where the server is unless a test says otherwise. */
export const SERVER_HOST = "192.0.2.1";

/** Wall clock of a lab when its time is 0: tickets and certificates need some date. */
export const LAB_EPOCH_MS = Date.UTC(2026, 0, 1);

/** How a lab begins. */
export interface LabOptions {
  /** Decides everything random. Default 1. */
  readonly seed?: number;
  /** Every path. Default: 10 ms of delay. */
  readonly link?: ImpairmentOptions;
}

/** A network with servers and clients, all of which end with it. */
export class Lab {
  readonly network: SimulatedNetwork;
  readonly #random: Random;
  readonly #open = new Set<{ close(reason?: string): Promise<void> }>();
  #nextHost = 1;

  constructor({ seed = 1, link = { delayMs: 10 } }: LabOptions = {}) {
    this.network = new SimulatedNetwork({ seed, link });
    this.#random = new Random(seed);
  }

  /** The time. */
  get nowMs(): number {
    return this.network.clock.nowMs();
  }

  /** What an end is given in place of socket, clock and chance. */
  environment(pipe: DatagramPipe): {
    pipe: DatagramPipe;
    clock: SimulatedNetwork["clock"];
    random: (into: Uint8Array) => void;
    crypto: typeof crypto;
    wallClockMs: () => number;
  } {
    return {
      pipe,
      clock: this.network.clock,
      random: (into) => this.fillRandomly(into),
      crypto,
      wallClockMs: () => LAB_EPOCH_MS + this.nowMs,
    };
  }

  /** Seeded random bytes. */
  fillRandomly(into: Uint8Array): void {
    this.#random.fill(into);
  }

  /** A host that nobody has yet. */
  freshHost(): string {
    return `198.51.100.${this.#nextHost++}`;
  }

  /** Starts a server. */
  async serve<P extends ProtocolCore, Data = undefined>(
    protocol: P,
    options: ServeOptions<Data> & { readonly host?: string } = {},
  ): Promise<Server<P, Data>> {
    const { host = SERVER_HOST, ...serveOptions } = options;
    const pipe = this.network.bind(host, options.port ?? 9_999);
    const server = await serve<P, Data>(protocol, {
      ...serveOptions,
      environment: { ...this.environment(pipe), ...options.environment },
    });
    this.#open.add(server);
    return server;
  }

  /** Connects, and lets time go on until that is done or has failed. */
  async connect<P extends ProtocolCore>(
    protocol: P,
    to: { url(): string } | string,
    options: ConnectOptions & { readonly host?: string } = {},
  ): Promise<Client<P>> {
    return await this.network.settle(this.dial(protocol, to, options));
  }

  /** Connects while the test lets time go on. */
  async dial<P extends ProtocolCore>(
    protocol: P,
    to: { url(): string } | string,
    options: ConnectOptions & { readonly host?: string } = {},
  ): Promise<Client<P>> {
    const { host = this.freshHost(), ...connectOptions } = options;
    const pipe = this.network.bind(host, 0);
    const client = await connect(protocol, typeof to === "string" ? to : to.url(), {
      ...connectOptions,
      environment: { ...this.environment(pipe), ...options.environment },
    });
    this.#open.add(client);
    return client;
  }

  /** Lets time go on. */
  run(durationMs: number): Promise<void> {
    return this.network.runAsync(this.nowMs + durationMs);
  }

  /** Lets time go on until the promise settles. */
  settle<Value>(promise: Promise<Value>, limitMs?: number): Promise<Value> {
    return this.network.settle(promise, limitMs === undefined ? undefined : this.nowMs + limitMs);
  }

  /** Closes everything that is still open. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ends = Array.from(this.#open, (end) => end.close("the test is over"));
    await this.settle(Promise.all(ends));
  }
}
