/**
 * A game with players on a simulated network: minutes of play in milliseconds, the same every time.
 *
 * @module
 */
import {
  type Client,
  connect,
  type Flags,
  type FlagValues,
  type Game,
  type ProtocolCore,
  type Server,
  startGame,
} from "../../mod.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { Random, SimulatedNetwork } from "../../transport/testing.ts";

const crypto = await loadSodium();

const SERVER_HOST = "192.0.2.1";
const SERVER_PORT = 9_999;
const EPOCH_MS = Date.UTC(2026, 0, 1);
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A player's client and the machine that it runs on. */
export interface LabPlayer<P extends ProtocolCore> {
  /** The client. */
  readonly client: Client<P>;
  /** Cuts the player off, or lets them back. */
  cut(isCut: boolean): void;
}

/** A game that runs on a simulated network. */
export class GameLab<P extends ProtocolCore, Data> implements AsyncDisposable {
  readonly network = new SimulatedNetwork({ seed: 1, link: { delayMs: 10 } });
  readonly #random = new Random(1);
  readonly #clients: Client<P>[] = [];
  #server: Server<P, Data> | undefined;
  #players = 0;

  /** Starts a game. */
  static async start<P extends ProtocolCore, Data, F extends Flags>(
    game: Game<P, Data, F>,
    flags: FlagValues<F>,
  ): Promise<GameLab<P, Data>> {
    const lab = new GameLab<P, Data>();
    const environment = lab.#environment(lab.network.bind(SERVER_HOST, SERVER_PORT));
    const { server } = await startGame(game, { environment }, {
      flags,
      logger: SILENT,
      wallClockMs: environment.wallClockMs,
    });
    lab.#server = server;
    return lab;
  }

  /** The game's server. */
  get server(): Server<P, Data> {
    return this.#server!;
  }

  /** The time. */
  get nowMs(): number {
    return this.network.clock.nowMs();
  }

  /** Lets a player connect from a machine of their own. */
  async connect(): Promise<LabPlayer<P>> {
    const host = `198.51.100.${++this.#players}`;
    const pipe = this.network.bind(host, 0);
    const client = await this.network.settle(
      connect(this.server.protocol, this.server.url(SERVER_HOST), {
        environment: this.#environment(pipe),
      }),
    );
    this.#clients.push(client);
    return {
      client,
      cut: (isCut) => {
        const link = isCut ? { loss: 1 } : { delayMs: 10 };
        this.network.setLink(host, SERVER_HOST, link);
        this.network.setLink(SERVER_HOST, host, link);
      },
    };
  }

  /** Lets time go on. */
  async run(seconds: number): Promise<void> {
    await this.network.runAsync(this.nowMs + seconds * 1000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ends = [...this.#clients.map((client) => client.close()), this.server.close()];
    await this.network.settle(Promise.all(ends));
  }

  #environment(pipe: DatagramPipe): {
    pipe: DatagramPipe;
    clock: SimulatedNetwork["clock"];
    random: (into: Uint8Array) => void;
    crypto: typeof crypto;
    wallClockMs: () => number;
  } {
    return {
      pipe,
      clock: this.network.clock,
      random: (into) => this.#random.fill(into),
      crypto,
      wallClockMs: () => EPOCH_MS + this.nowMs,
    };
  }
}
