/**
 * Keeps Agones and a game server of one mind: health, states, seats, shutdown.
 *
 * A director gives seats away and says so with its next reply to a heartbeat; this tells Agones, so that
 * the server is not stopped under its players. No right to the Kubernetes API is needed anywhere.
 *
 * @module
 */
import type { Clock, TimerId } from "../../transport/clock.ts";
import { systemClock } from "../../transport/system_clock.ts";
import type { AgonesSdk } from "./agones_sdk.ts";
import { AgonesError, type AgonesGameServer } from "./agones_types.ts";

/** Time between two signs of health: the fleet's period is 5 s, and three may fail. */
export const AGONES_HEALTH_MS = 2_000;

/** How long a link waits for a gateway that starts after the game server. */
const START_PATIENCE_MS = 30_000;
const START_RETRY_MS = 500;

/** The counter that a fleet may declare for its players. */
export const PLAYERS_COUNTER = "players";

/** What a director wants of a server; `ServerReply.desired`. */
export type FleetState = "ready" | "allocated" | "draining";

/** Options of {@link AgonesLink}. */
export interface AgonesLinkOptions {
  /** The gateway. */
  readonly sdk: AgonesSdk;
  /** Whether the server is well; health is not sent while it is not. Default: always. */
  readonly isWell?: () => boolean;
  /** Whether the fleet declares the counter `players`. Default false. */
  readonly countsPlayers?: boolean;
  /** Told when Agones ends the server: close sessions, save, and leave. */
  readonly onShutdown?: (server: AgonesGameServer) => void;
  /** Told of what Agones did not do; it is tried again. */
  readonly onError?: (error: unknown) => void;
  /** Default: real time. */
  readonly clock?: Clock;
}

/** Ties one game server to its Agones. */
export class AgonesLink {
  readonly #options: AgonesLinkOptions;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  #timer: TimerId | undefined;
  #told: FleetState | undefined;
  #wanted: { state: FleetState; players: number } = { state: "ready", players: 0 };
  #toldPlayers = 0;
  #isTelling = false;
  #watching: Promise<void> = Promise.resolve();

  /** Makes a link that says nothing yet. */
  constructor(options: AgonesLinkOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Begins with health, says that the server is ready, and returns what Agones knows of it: its public
   * address and ports are what a director wants. The gateway may start after the game server, so it is
   * asked for half a minute.
   *
   * @throws AgonesError when the gateway does not answer, or refuses.
   */
  async start(): Promise<AgonesGameServer> {
    await this.#firstHealth();
    this.#beat();
    try {
      await this.#options.sdk.ready();
      this.#told = "ready";
      const server = await this.#options.sdk.gameServer();
      this.#watching = this.#watch();
      return server;
    } catch (error) {
      this.#stopTimer();
      throw error;
    }
  }

  /** Takes what a director wants, and how many players are here. Agones is told of changes only. */
  update(state: FleetState, players: number): void {
    this.#wanted = { state, players };
    void this.#tell();
  }

  /** Asks Agones to end the server, and stops. What Agones refuses goes to `onError`. */
  async shutdown(): Promise<void> {
    await this.#options.sdk.shutdown().catch((error) => this.#options.onError?.(error));
    await this.close();
  }

  /** Stops without a word to Agones. */
  async close(): Promise<void> {
    this.#stopTimer();
    this.#abort.abort();
    await this.#watching;
  }

  async #firstHealth(): Promise<void> {
    const untilMs = this.#clock.nowMs() + START_PATIENCE_MS;
    while (true) {
      try {
        return await this.#options.sdk.health();
      } catch (error) {
        const isAbsent = error instanceof AgonesError && error.code === "unreachable";
        if (!isAbsent || this.#clock.nowMs() >= untilMs) throw error;
      }
      await this.#pause(START_RETRY_MS);
    }
  }

  #beat(): void {
    const { sdk, isWell = () => true, onError } = this.#options;
    this.#timer = this.#clock.setTimer(this.#clock.nowMs() + AGONES_HEALTH_MS, () => {
      if (isWell()) sdk.health().catch((error) => onError?.(error));
      // What failed before is tried again with every beat.
      void this.#tell();
      this.#beat();
    });
  }

  /** One word at a time: Agones takes states in the order in which they arrive. */
  async #tell(): Promise<void> {
    if (this.#isTelling || this.#told === undefined) return;
    this.#isTelling = true;
    try {
      while (this.#hasNews()) await this.#tellNext();
    } catch (error) {
      this.#options.onError?.(error);
    } finally {
      this.#isTelling = false;
    }
  }

  #hasNews(): boolean {
    const { state, players } = this.#wanted;
    if (state !== this.#told) return true;
    return this.#options.countsPlayers === true && players !== this.#toldPlayers;
  }

  /** A server that drains keeps its players: Agones must not stop it, nor send others. */
  async #tellNext(): Promise<void> {
    const { sdk } = this.#options;
    const { state, players } = this.#wanted;
    if (state !== this.#told) {
      await (state === "ready" ? sdk.ready() : sdk.allocate());
      this.#told = state;
    } else {
      await sdk.changeCounter(PLAYERS_COUNTER, { count: players });
      this.#toldPlayers = players;
    }
  }

  /** Follows the description until Agones ends the server. A watch that breaks begins again. */
  async #watch(): Promise<void> {
    const { sdk, onShutdown, onError } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        for await (const server of sdk.watch(signal)) {
          if (server.state !== "Shutdown") continue;
          onShutdown?.(server);
          return;
        }
      } catch (error) {
        if (!signal.aborted) onError?.(error);
      }
      await this.#pause(AGONES_HEALTH_MS);
    }
  }

  #pause(delayMs: number): Promise<void> {
    const { signal } = this.#abort;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(this.#clock.nowMs() + delayMs, resolve);
      signal.addEventListener("abort", () => {
        this.#clock.clearTimer(timer);
        resolve();
      }, { once: true });
    });
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}
