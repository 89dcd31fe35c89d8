/**
 * The arena's world: who is where, which bullets fly, what happens in a step.
 *
 * Pure and deterministic: no clock, no network, randomness as an argument. The same players, inputs and
 * steps give the same world. `game.ts` connects it to peers.
 *
 * @module
 */
import {
  MAX_BULLET_ID,
  MAX_HP,
  MAX_PLAYER_ID,
  WORLD_HALF_HEIGHT,
  WORLD_HALF_WIDTH,
} from "../../schema/messages/arena.ts";
import {
  BULLET_DAMAGE,
  BULLET_LIFE_SECONDS,
  BULLET_SPEED,
  FIRE_PAUSE_SECONDS,
  PLAYER_RADIUS,
  PLAYER_SPEED,
  RESPAWN_SECONDS,
  SAFE_SECONDS,
} from "./rules.ts";

/** What a player wants. */
export interface Steering {
  /** -1 to 1, right is positive. */
  readonly moveX: number;
  /** -1 to 1, down is positive. */
  readonly moveY: number;
  /** Radians; 0 is right, a quarter turn is down. */
  readonly aim: number;
  /** Whether the trigger is pulled. */
  readonly fire: boolean;
}

/** A player. The world changes it; everybody else reads. */
export interface Player {
  /** Its number. */
  readonly id: number;
  /** Its name. */
  readonly name: string;
  /** Where it is. */
  x: number;
  /** Where it is. */
  y: number;
  /** Where it looks, radians. */
  aim: number;
  /** 0 while dead. */
  hp: number;
  /** Whom it finished off. */
  kills: number;
  /** How often it was finished off. */
  deaths: number;
  /** Absent in spirit: stands still and cannot be hit. */
  away: boolean;
  /** The step in which it moved or turned last. */
  changedAtStep: number;
  /** What it wants. */
  steering: Steering;
  /** Until the next shot. */
  pauseSeconds: number;
  /** Until it is back. */
  respawnSeconds: number;
  /** Until it can be hit. */
  safeSeconds: number;
}

/** A bullet. */
export interface Bullet {
  /** Its number. */
  readonly id: number;
  /** Who shot. */
  readonly owner: number;
  /** Its direction, radians. */
  readonly aim: number;
  /** Where it is. */
  x: number;
  /** Where it is. */
  y: number;
  /** Until it falls. */
  lifeSeconds: number;
}

/** What happened in a step. */
export type WorldEvent =
  | { readonly kind: "shot"; readonly bullet: Bullet }
  | {
    readonly kind: "hit";
    readonly bullet: Bullet;
    readonly victim: Player;
  }
  | { readonly kind: "died"; readonly victim: Player; readonly by: number }
  | { readonly kind: "respawned"; readonly player: Player };

const AT_REST: Steering = { moveX: 0, moveY: 0, aim: 0, fire: false };

/** Places that are looked at for a spawn; the one farthest from everybody is taken. */
const SPAWN_TRIES = 8;

/** The world. */
export class World {
  /** Steps so far. */
  step = 0;
  readonly #players = new Map<number, Player>();
  readonly #random: () => number;
  #bullets: Bullet[] = [];
  #nextPlayerId = 0;
  #nextBulletId = 0;

  /** @param random At least 0 and below 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Who is there. */
  get players(): ReadonlyMap<number, Player> {
    return this.#players;
  }

  /** What flies. */
  get bullets(): readonly Bullet[] {
    return this.#bullets;
  }

  /** Puts a new player somewhere. */
  add(name: string): Player {
    while (this.#players.has(this.#nextPlayerId)) this.#countPlayer();
    const player: Player = {
      id: this.#nextPlayerId,
      name,
      ...this.#spawnPlace(),
      aim: 0,
      hp: MAX_HP,
      kills: 0,
      deaths: 0,
      away: false,
      changedAtStep: this.step,
      steering: AT_REST,
      pauseSeconds: 0,
      respawnSeconds: 0,
      safeSeconds: SAFE_SECONDS,
    };
    this.#countPlayer();
    this.#players.set(player.id, player);
    return player;
  }

  /** Takes a player out. Its bullets fly on. */
  remove(player: Player): void {
    this.#players.delete(player.id);
  }

  /** What a player wants from now on. */
  steer(player: Player, steering: Steering): void {
    player.steering = steering;
    if (player.hp === 0 || player.aim === steering.aim) return;
    player.aim = steering.aim;
    player.changedAtStep = this.step;
  }

  /** Lets a player stand still. */
  rest(player: Player): void {
    player.steering = { ...AT_REST, aim: player.aim };
  }

  /** Everything goes on for `seconds`. Returns what happened, in order. */
  advance(seconds: number): readonly WorldEvent[] {
    const events: WorldEvent[] = [];
    this.step++;
    for (const player of this.#players.values()) this.#advancePlayer(player, seconds, events);
    this.#bullets = this.#bullets.filter((bullet) => this.#fly(bullet, seconds, events));
    return events;
  }

  #advancePlayer(player: Player, seconds: number, events: WorldEvent[]): void {
    player.pauseSeconds = Math.max(0, player.pauseSeconds - seconds);
    if (player.hp === 0) {
      player.respawnSeconds -= seconds;
      if (player.respawnSeconds <= 0 && !player.away) this.#respawn(player, events);
      return;
    }
    if (player.away) return;
    player.safeSeconds = Math.max(0, player.safeSeconds - seconds);
    this.#move(player, seconds);
    if (player.steering.fire && player.pauseSeconds === 0) this.#shoot(player, events);
  }

  #move(player: Player, seconds: number): void {
    const { moveX, moveY } = player.steering;
    const length = Math.hypot(moveX, moveY);
    if (length === 0) return;
    const distance = PLAYER_SPEED * seconds / Math.max(1, length);
    const x = clamp(player.x + moveX * distance, WORLD_HALF_WIDTH);
    const y = clamp(player.y + moveY * distance, WORLD_HALF_HEIGHT);
    if (x === player.x && y === player.y) return;
    player.x = x;
    player.y = y;
    player.changedAtStep = this.step;
  }

  #shoot(player: Player, events: WorldEvent[]): void {
    const { id: owner, x, y, aim } = player;
    const id = this.#nextBulletId;
    this.#nextBulletId = (id + 1) % (MAX_BULLET_ID + 1);
    const bullet = { id, owner, aim, x, y, lifeSeconds: BULLET_LIFE_SECONDS };
    player.pauseSeconds = FIRE_PAUSE_SECONDS;
    player.safeSeconds = 0;
    this.#bullets.push(bullet);
    events.push({ kind: "shot", bullet: { ...bullet } });
  }

  /** Moves a bullet; `false` when it is gone. */
  #fly(bullet: Bullet, seconds: number, events: WorldEvent[]): boolean {
    const distance = BULLET_SPEED * Math.min(seconds, bullet.lifeSeconds);
    const toX = bullet.x + Math.cos(bullet.aim) * distance;
    const toY = bullet.y + Math.sin(bullet.aim) * distance;
    const victim = this.#firstOnWay(bullet, toX, toY);
    bullet.x = toX;
    bullet.y = toY;
    bullet.lifeSeconds -= seconds;
    if (victim !== undefined) {
      this.#hurt(victim, bullet, events);
      return false;
    }
    return bullet.lifeSeconds > 0 && Math.abs(toX) <= WORLD_HALF_WIDTH &&
      Math.abs(toY) <= WORLD_HALF_HEIGHT;
  }

  /** Who is met first between where the bullet is and where it goes: at low tick rates that is far. */
  #firstOnWay(bullet: Bullet, toX: number, toY: number): Player | undefined {
    let first: Player | undefined;
    let firstShare = Infinity;
    for (const player of this.#players.values()) {
      const isTarget = player.id !== bullet.owner && player.hp > 0 && !player.away &&
        player.safeSeconds === 0;
      if (!isTarget) continue;
      const share = meetingShare(bullet, toX, toY, player);
      if (share < firstShare) {
        firstShare = share;
        first = player;
      }
    }
    return first;
  }

  #hurt(victim: Player, bullet: Bullet, events: WorldEvent[]): void {
    victim.hp = Math.max(0, victim.hp - BULLET_DAMAGE);
    events.push({ kind: "hit", bullet, victim });
    if (victim.hp > 0) return;
    victim.deaths++;
    victim.respawnSeconds = RESPAWN_SECONDS;
    const shooter = this.#players.get(bullet.owner);
    if (shooter !== undefined) shooter.kills++;
    events.push({ kind: "died", victim, by: bullet.owner });
  }

  #respawn(player: Player, events: WorldEvent[]): void {
    Object.assign(player, this.#spawnPlace());
    player.hp = MAX_HP;
    player.safeSeconds = SAFE_SECONDS;
    player.changedAtStep = this.step;
    events.push({ kind: "respawned", player });
  }

  #spawnPlace(): { x: number; y: number } {
    let best = { x: 0, y: 0 };
    let bestDistance = -1;
    for (let i = 0; i < SPAWN_TRIES; i++) {
      const x = (this.#random() * 2 - 1) * (WORLD_HALF_WIDTH - PLAYER_RADIUS);
      const y = (this.#random() * 2 - 1) * (WORLD_HALF_HEIGHT - PLAYER_RADIUS);
      let nearest = Infinity;
      for (const player of this.#players.values()) {
        nearest = Math.min(nearest, Math.hypot(player.x - x, player.y - y));
      }
      if (nearest <= bestDistance) continue;
      bestDistance = nearest;
      best = { x, y };
    }
    return best;
  }

  #countPlayer(): void {
    this.#nextPlayerId = (this.#nextPlayerId + 1) % (MAX_PLAYER_ID + 1);
  }
}

/** Which share of the way passes before a bullet is within reach of a player; `Infinity` for never. */
function meetingShare(bullet: Bullet, toX: number, toY: number, player: Player): number {
  const wayX = toX - bullet.x;
  const wayY = toY - bullet.y;
  const lengthSquared = wayX * wayX + wayY * wayY;
  const along = (player.x - bullet.x) * wayX + (player.y - bullet.y) * wayY;
  const share = lengthSquared === 0 ? 0 : Math.min(1, Math.max(0, along / lengthSquared));
  const offX = player.x - (bullet.x + wayX * share);
  const offY = player.y - (bullet.y + wayY * share);
  return offX * offX + offY * offY <= PLAYER_RADIUS * PLAYER_RADIUS ? share : Infinity;
}

function clamp(value: number, bound: number): number {
  return Math.min(bound, Math.max(-bound, value));
}
