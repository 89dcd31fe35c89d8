/**
 * The arena as one client knows it: the last that it heard of everybody, and what is new.
 *
 * Terminal client, scripts and bots all look at the world through this. It shows nothing and decides
 * nothing.
 *
 * @module
 */
import type { Client, Infer } from "../../mod.ts";
import { Arena, MAX_HP, WORLD_HALF_HEIGHT, WORLD_HALF_WIDTH } from "../../schema/messages/arena.ts";
import { cleanText } from "../player_text.ts";
import { BULLET_LIFE_SECONDS, BULLET_SPEED } from "./rules.ts";

/** A player as last heard of. */
export interface SeenPlayer {
  /** Its number. */
  readonly id: number;
  /** Its name, safe to show. */
  readonly name: string;
  /** Where it is. */
  x: number;
  /** Where it is. */
  y: number;
  /** Where it looks, radians. */
  aim: number;
  /** 0 while dead. */
  hp: number;
  /** Whether its connection is silent. */
  away: boolean;
  /** Whom it finished off. */
  kills: number;
  /** How often it was finished off. */
  deaths: number;
}

/** A bullet; it flies straight, so that where it began says where it is. */
export interface SeenBullet {
  /** Who shot. */
  readonly owner: number;
  /** Where it began. */
  readonly fromX: number;
  /** Where it began. */
  readonly fromY: number;
  /** Its direction, radians. */
  readonly aim: number;
  /** When we heard of it. */
  readonly heardAtMs: number;
}

/** What happened, in names. The property `event` tells them apart. */
export type ArenaNews =
  | {
    readonly event: "welcome";
    readonly you: number;
    readonly name: string;
    readonly players: readonly string[];
  }
  | {
    readonly event: "refused";
    readonly reason: Infer<typeof Arena.JoinRefused>["reason"];
    readonly retryAfterMs: number;
  }
  | { readonly event: "joined"; readonly id: number; readonly name: string }
  | {
    readonly event: "left";
    readonly id: number;
    readonly name: string;
    readonly reason: Infer<typeof Arena.PlayerLeft>["reason"];
  }
  | { readonly event: "away" | "back"; readonly id: number; readonly name: string }
  | {
    readonly event: "moved" | "respawned";
    readonly id: number;
    readonly name: string;
    readonly x: number;
    readonly y: number;
  }
  | { readonly event: "shot"; readonly by: string }
  | {
    readonly event: "hit";
    readonly victim: string;
    readonly by: string;
    readonly hp: number;
  }
  | { readonly event: "died"; readonly victim: string; readonly by: string }
  | { readonly event: "said"; readonly id: number; readonly name: string; readonly text: string };

/** Where a bullet is now; `undefined` when it has fallen or left the world. */
export function bulletPlace(
  bullet: SeenBullet,
  nowMs: number,
): { x: number; y: number } | undefined {
  const seconds = (nowMs - bullet.heardAtMs) / 1000;
  if (seconds > BULLET_LIFE_SECONDS) return undefined;
  const x = bullet.fromX + Math.cos(bullet.aim) * BULLET_SPEED * seconds;
  const y = bullet.fromY + Math.sin(bullet.aim) * BULLET_SPEED * seconds;
  if (Math.abs(x) > WORLD_HALF_WIDTH || Math.abs(y) > WORLD_HALF_HEIGHT) return undefined;
  return { x, y };
}

/** What one client knows. */
export class ArenaModel {
  /** Our number; `undefined` without a seat. */
  you: number | undefined;
  /** When positions came last; with a seat, that is once a second at least. */
  heardAtMs = Infinity;
  readonly #players = new Map<number, SeenPlayer>();
  readonly #bullets = new Map<number, SeenBullet>();
  readonly #onNews: (news: ArenaNews) => void;
  readonly #nowMs: () => number;

  /**
   * Listens to a client's messages from now on.
   *
   * @param onNews Called for everything that changes, after it changed.
   */
  constructor(
    client: Pick<Client<typeof Arena>, "on">,
    onNews: (news: ArenaNews) => void,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#onNews = onNews;
    this.#nowMs = nowMs;
    client.on(Arena.Welcome, (welcome) => this.#welcome(welcome));
    client.on(Arena.JoinRefused, (refused) => onNews({ event: "refused", ...refused }));
    client.on(Arena.PlayerJoined, ({ player }) => {
      const { id, name } = this.#put(player);
      onNews({ event: "joined", id, name });
    });
    client.on(Arena.PlayerLeft, ({ id, reason }) => {
      const name = this.nameOf(id);
      if (this.#players.delete(id)) onNews({ event: "left", id, name, reason });
    });
    client.on(Arena.Away, ({ id, away }) => {
      const player = this.#players.get(id);
      if (player === undefined) return;
      player.away = away;
      onNews({ event: away ? "away" : "back", id, name: player.name });
    });
    client.on(Arena.Moved, ({ players }) => {
      this.heardAtMs = this.#nowMs();
      players.forEach((moved) => this.#move(moved));
    });
    client.on(Arena.Shot, (shot) => this.#shoot(shot));
    client.on(Arena.Hit, (hit) => this.#hit(hit));
    client.on(Arena.Died, ({ victim, by }) => {
      onNews({ event: "died", victim: this.nameOf(victim), by: this.nameOf(by) });
    });
    client.on(Arena.Respawned, ({ id, x, y }) => {
      const player = this.#players.get(id);
      if (player === undefined) return;
      Object.assign(player, { x, y, hp: MAX_HP });
      onNews({ event: "respawned", id, name: player.name, x, y });
    });
    client.on(Arena.Scores, ({ scores }) => {
      for (const { id, kills, deaths } of scores) {
        const player = this.#players.get(id);
        if (player !== undefined) Object.assign(player, { kills, deaths });
      }
    });
    client.on(Arena.Said, ({ id, text }) => {
      onNews({ event: "said", id, name: this.nameOf(id), text: cleanText(text) });
    });
  }

  /** Everybody, ourselves included. */
  get players(): ReadonlyMap<number, SeenPlayer> {
    return this.#players;
  }

  /** Ourselves; `undefined` without a seat. */
  get self(): SeenPlayer | undefined {
    return this.you === undefined ? undefined : this.#players.get(this.you);
  }

  /** What flies now. */
  bullets(nowMs: number = this.#nowMs()): { owner: number; x: number; y: number }[] {
    const flying = [];
    for (const [id, bullet] of this.#bullets) {
      const place = bulletPlace(bullet, nowMs);
      if (place === undefined) this.#bullets.delete(id);
      else flying.push({ owner: bullet.owner, ...place });
    }
    return flying;
  }

  /** The name of a player, or something in its place. */
  nameOf(id: number): string {
    return this.#players.get(id)?.name ?? "somebody";
  }

  #welcome({ you, players }: Infer<typeof Arena.Welcome>): void {
    const scores = new Map(this.#players);
    this.#players.clear();
    this.#bullets.clear();
    for (const player of players) {
      const { kills = 0, deaths = 0 } = scores.get(player.id) ?? {};
      Object.assign(this.#put(player), { kills, deaths });
    }
    this.you = you;
    const names = Array.from(this.#players.values(), ({ name }) => name);
    this.#onNews({ event: "welcome", you, name: this.nameOf(you), players: names });
  }

  #put({ id, name, x, y, aim, hp, away }: Infer<typeof Arena.PlayerJoined>["player"]): SeenPlayer {
    const player = { id, name: cleanText(name), x, y, aim, hp, away, kills: 0, deaths: 0 };
    this.#players.set(id, player);
    return player;
  }

  /** Of somebody unknown, `PlayerJoined` or `PlayerLeft` is on the way or just came. */
  #move({ id, x, y, aim }: Infer<typeof Arena.Moved>["players"][number]): void {
    const player = this.#players.get(id);
    if (player === undefined) return;
    player.aim = aim;
    if (player.x === x && player.y === y) return;
    player.x = x;
    player.y = y;
    this.#onNews({ event: "moved", id, name: player.name, x, y });
  }

  #shoot({ id, owner, x, y, aim }: Infer<typeof Arena.Shot>): void {
    this.#bullets.set(id, { owner, fromX: x, fromY: y, aim, heardAtMs: this.#nowMs() });
    this.#onNews({ event: "shot", by: this.nameOf(owner) });
  }

  #hit({ bullet, victim, by, hp }: Infer<typeof Arena.Hit>): void {
    this.#bullets.delete(bullet);
    const player = this.#players.get(victim);
    if (player !== undefined) player.hp = hp;
    this.#onNews({ event: "hit", victim: this.nameOf(victim), by: this.nameOf(by), hp });
  }
}
