/**
 * A place in a match and everything that keeps it: joining, prediction of one's own body, and drawing the
 * others where they were.
 *
 * @module
 */
import {
  type Client,
  type Infer,
  type MirroredEntity,
  type Netcode,
  type Prediction,
  RoomError,
  type SnapshotInterpolation,
} from "../../mod.ts";
import { Arena } from "../../schema/messages/arena.ts";
import { ahead, freeShare, moveBody, type Place, RULES, SECONDS } from "./field.ts";
import { ArenaModel, type ArenaNews, type ArenaRoom } from "./model.ts";

type Body = Infer<typeof Arena.Player>;
type Input = Infer<typeof Arena.Input>;

/** What a player wants. */
export type Steering = Pick<Input, "moveX" | "moveY" | "aim" | "fire">;

/** What happened to the connection, or to the place in the match. */
export type ConnectionNews =
  | { readonly event: "suspended" | "resumed" | "reconnecting" | "reconnected" }
  | { readonly event: "refused" | "out"; readonly reason: string; readonly text: string }
  | {
    readonly event: "disconnected";
    readonly code: number;
    readonly reason: string;
    readonly isByServer: boolean;
  };

/** What can happen to a player. */
export type PlayerNews = ArenaNews | ConnectionNews;

/** Who wants a place. */
export interface PlaceWish {
  /** Under which name. */
  readonly name: string;
  /** Whether to watch only. Default false. */
  readonly spectate?: boolean;
}

/** A body as it is to be drawn now. */
export interface DrawnBody extends Pick<Body, "member" | "aim" | "hp" | "team"> {
  /** Where. */
  readonly pos: Readonly<Place>;
}

interface SeenBullet {
  readonly value: Infer<typeof Arena.Bullet>;
  /** The tick in which it was gone. */
  endTick: number;
}

const IDLE: Input = { tick: 0, moveX: 0, moveY: 0, aim: 0, fire: false, drawnBehind: 0 };

/** A player at a client. */
export class PlayerSession {
  /** What the client knows of the game. */
  readonly model: ArenaModel;
  readonly #client: Client<typeof Arena>;
  readonly #wish: PlaceWish;
  readonly #onNews: (news: PlayerNews) => void;
  #steering: Steering = { moveX: 0, moveY: 0, aim: 0, fire: false };
  #netcode: Netcode | undefined;
  #own: Prediction<Body, Input> | undefined;
  #others: SnapshotInterpolation<number, Body> | undefined;
  readonly #bullets = new Map<number, SeenBullet>();
  #ownEye = 0;
  #ownTick = -1;

  /** Joins. */
  constructor(client: Client<typeof Arena>, wish: PlaceWish, onNews: (news: PlayerNews) => void) {
    this.#client = client;
    this.#wish = wish;
    this.#onNews = onNews;
    this.model = new ArenaModel(client, onNews);
    for (const event of ["suspended", "resumed", "reconnecting", "reconnected"] as const) {
      client.on(event, () => onNews({ event }));
    }
    client.on("disconnected", (info) => onNews({ event: "disconnected", ...info }));
    this.#join();
  }

  /** How the line is; `undefined` before there is a match. */
  get netcode(): Netcode | undefined {
    return this.#netcode;
  }

  /** What became of predictions; `undefined` while nothing is predicted. */
  get prediction(): Prediction<Body, Input> | undefined {
    return this.#own?.isRunning ? this.#own : undefined;
  }

  /** What the player wants from now on. */
  steer(steering: Steering): void {
    this.#steering = steering;
  }

  /** Moves everything to the present and sends what is due: once per frame, 20 times a second or more. */
  frame(): void {
    const { model } = this;
    const { self } = model;
    if (this.#own !== undefined) {
      if (model.eye !== this.#ownEye || !model.isPlaying) this.#own.stop();
      else if (self !== undefined && (self.tick !== this.#ownTick || !this.#own.isRunning)) {
        this.#own.reconcile(self.tick, self.value);
        this.#ownTick = self.tick;
      }
      this.#ownEye = model.eye;
    }
    this.#netcode?.update();
  }

  /** Seconds until the phase of the round ends; `undefined` when that is open. */
  get secondsLeft(): number | undefined {
    const { endTick = 0, tickHz = 1 } = this.model.room?.metadata ?? {};
    const { serverTick = -1 } = this.#netcode ?? {};
    return endTick === 0 || serverTick < 0
      ? undefined
      : Math.max(0, (endTick - serverTick) / tickHz);
  }

  /** Everybody in sight, as of the last frame: oneself in the present, the others where they were. */
  *bodies(): Iterable<DrawnBody> {
    const { model: { eye } } = this;
    const own = this.prediction?.drawn;
    if (own !== undefined) yield own;
    for (const id of this.#others?.keys() ?? []) {
      const other = own !== undefined && id === eye ? undefined : this.#others?.sample(id);
      if (other !== undefined) yield other;
    }
  }

  /** What flies in sight, as of the last frame: in the same past as the others. */
  *bullets(): Iterable<{ readonly by: number; readonly pos: Place }> {
    const { renderTick = -1 } = this.#netcode ?? {};
    const { tickHz = 1 } = this.model.room?.metadata ?? {};
    for (const [id, { value: { by, from, aim, tick }, endTick }] of this.#bullets) {
      const seconds = (renderTick - tick) / tickHz;
      if (renderTick > endTick || seconds > SECONDS.bullet) this.#bullets.delete(id);
      const pos = ahead(from, aim, seconds * RULES.bulletSpeed);
      if (seconds >= 0 && freeShare(from, pos) === 1) yield { by, pos };
    }
  }

  /** Says something. `false` when it cannot be sent now. */
  say(text: string): boolean {
    return this.#client.send(Arena.Say, { text }) === "queued";
  }

  /** Says that the player is ready for the next round, or not any more. */
  async ready(isReady = true): Promise<void> {
    try {
      await this.model.room?.ready(isReady);
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      this.#onNews({ event: "refused", reason: error.code, text: "you cannot get ready now" });
    }
  }

  /** Gives the place up. */
  async leave(): Promise<void> {
    this.#netcode?.close();
    await this.#client.close("left");
  }

  async #join(): Promise<void> {
    try {
      const room = await this.#enter();
      room.on("out", (reason, text) => this.#onNews({ event: "out", reason, text }));
      this.model.enter(room);
      this.#startNetcode(room.metadata.tickHz);
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      this.#onNews({ event: "refused", reason: error.code, text: error.message });
    }
  }

  async #enter(): Promise<ArenaRoom> {
    const { name, spectate = false } = this.#wish;
    const { rooms } = this.#client;
    const profile = { name };
    if (!spectate) return await rooms.joinOrCreate("Match", { profile });
    const { rooms: [first] } = await rooms.list({ kind: "Match" });
    if (first === undefined) throw new RoomError("not-found", "Nobody plays at the moment");
    return await rooms.join("Match", first.id, { profile, spectate });
  }

  #startNetcode(tickHz: number): void {
    const { world } = this.#client;
    world.on(Arena.Bullet, "spawn", ({ id, value }) => {
      this.#bullets.set(id, { value, endTick: Infinity });
    });
    // It is gone at the server; here it flies on until that moment is drawn.
    const end = ({ id }: MirroredEntity): void => {
      const bullet = this.#bullets.get(id);
      if (bullet !== undefined) bullet.endTick = world.tick;
    };
    world.on(Arena.Bullet, "despawn", end);
    world.on(Arena.Bullet, "leave", end);
    this.#netcode = this.#client.netcode({ tickHz, countMessages: true });
    this.#others = this.#netcode.interpolateEntities(world, Arena.Player);
    this.#own = this.#netcode.predict<Body, Input>({
      state: Arena.Player,
      input: Arena.Input,
      report: Arena.InputReport,
      idle: IDLE,
      sample: (context) => ({ ...this.#steering, ...context }),
      step: (body, input, { stepSeconds }) => moveBody(body, input, stepSeconds, this.#inTheWay()),
    });
  }

  /** Where the others are, as far as is known: who runs into them is put right by the server. */
  *#inTheWay(): Iterable<Place> {
    for (const { id, value } of this.#client.world.entities(Arena.Player)) {
      if (id !== this.model.eye && value.hp > 0) yield value.pos;
    }
  }
}
