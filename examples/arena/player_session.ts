/**
 * A seat in the arena and everything that keeps it: joining, joining again after the connection was
 * lost, and telling the server what the player wants.
 *
 * @module
 */
import type { Client } from "../../mod.ts";
import { Arena } from "../../schema/messages/arena.ts";
import { ArenaModel, type ArenaNews } from "./model.ts";
import type { Steering } from "./world.ts";

/** What happened to the connection. */
export type ConnectionNews =
  | { readonly event: "suspended" | "resumed" | "reconnecting" | "reconnected" }
  | {
    readonly event: "disconnected";
    readonly code: number;
    readonly reason: string;
    readonly isByServer: boolean;
  };

/** What can happen to a player. */
export type PlayerNews = ArenaNews | ConnectionNews;

/** Who wants a seat. */
export interface SeatWish {
  /** Under which name. */
  readonly name: string;
  /** What gets the seat back. */
  readonly seat: Uint8Array;
}

/**
 * An unchanged wish is repeated this often: the server takes a player who is silent for a second for
 * one who let go of the keys.
 */
const REPEAT_WISH_MS = 250;

/** Later than advised by this: the server counts in ticks. */
const RETRY_MARGIN_MS = 100;

/** A player at a client. */
export class PlayerSession {
  /** What the client knows of the world. */
  readonly model: ArenaModel;
  readonly #client: Client<typeof Arena>;
  readonly #wish: SeatWish;
  readonly #onNews: (news: PlayerNews) => void;
  readonly #nowMs: () => number;
  #steering: Steering = { moveX: 0, moveY: 0, aim: 0, fire: false };
  #sentAtMs = -Infinity;
  #retryAtMs = Infinity;
  #hasRetried = false;

  /** Joins. */
  constructor(
    client: Client<typeof Arena>,
    wish: SeatWish,
    onNews: (news: PlayerNews) => void,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#client = client;
    this.#wish = wish;
    this.#onNews = onNews;
    this.#nowMs = nowMs;
    this.model = new ArenaModel(client, (news) => this.#hear(news), nowMs);
    for (const event of ["suspended", "resumed", "reconnecting"] as const) {
      client.on(event, () => onNews({ event }));
    }
    client.on("reconnected", () => {
      // A new session knows nothing of the seat that the old one had.
      this.model.you = undefined;
      onNews({ event: "reconnected" });
      this.#join();
    });
    client.on("disconnected", (info) => onNews({ event: "disconnected", ...info }));
    this.#join();
  }

  /** What the player wants from now on. */
  steer(steering: Steering): void {
    const { moveX, moveY, aim, fire } = this.#steering;
    const isNew = steering.moveX !== moveX || steering.moveY !== moveY || steering.aim !== aim ||
      steering.fire !== fire;
    this.#steering = steering;
    if (isNew) this.#sendSteering();
  }

  /** Does what is due: repeats the wish, asks again for a seat. To be called some times a second. */
  tick(): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#sentAtMs >= REPEAT_WISH_MS) this.#sendSteering();
    if (nowMs >= this.#retryAtMs) {
      this.#retryAtMs = Infinity;
      this.#join();
    }
  }

  /** Says something. `false` when it cannot be sent now. */
  say(text: string): boolean {
    return this.#client.send(Arena.Say, { text }) === "queued";
  }

  /** Gives the seat up. */
  async leave(): Promise<void> {
    await this.#client.close("left");
  }

  #join(): void {
    this.#client.send(Arena.Join, this.#wish);
  }

  #sendSteering(): void {
    if (this.model.you === undefined) return;
    this.#sentAtMs = this.#nowMs();
    this.#client.send(Arena.Input, this.#steering);
  }

  #hear(news: ArenaNews): void {
    // Once, a taken name is asked for again: who crashed elsewhere is silent by then.
    if (news.event === "refused" && news.retryAfterMs > 0 && !this.#hasRetried) {
      this.#hasRetried = true;
      this.#retryAtMs = this.#nowMs() + news.retryAfterMs + RETRY_MARGIN_MS;
    } else if (news.event === "refused") {
      this.#onNews({ ...news, retryAfterMs: 0 });
      return;
    }
    if (news.event === "welcome") this.#hasRetried = false;
    this.#onNews(news);
  }
}
