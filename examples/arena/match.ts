/**
 * One match of the arena: a room with a world of its own, its rounds, and all that happens in them.
 *
 * The server decides everything. Clients say what they want of their bodies tick by tick, and hear of what
 * can be seen from where they stand.
 *
 * @module
 */
import type {
  Entity,
  Infer,
  PeerInputs,
  Room,
  RoomMember,
  ServerWorld,
  Viewer,
} from "../../mod.ts";
import { RewindRing, type Server } from "../../mod.ts";
import { Arena, MAX_HP, MAX_SAID_BYTES } from "../../schema/messages/arena.ts";
import { WORLD_HALF_HEIGHT, WORLD_HALF_WIDTH } from "../../schema/messages/arena.ts";
import { cleanText, cutText } from "../player_text.ts";
import * as field from "./field.ts";
import { RULES, SECONDS } from "./field.ts";

type Body = Infer<typeof Arena.Player>;

/** What matches are played with. */
export interface Venue {
  readonly server: Server<typeof Arena, unknown>;
  readonly inputs: PeerInputs<typeof Arena, unknown, Infer<typeof Arena.Input>>;
  readonly tickHz: number;
  readonly roundSeconds: number;
  /** At least 0 and below 1. */
  readonly random: () => number;
}

/** What a match keeps with a member: what it was shown last. */
export interface Onlooker {
  eye?: Fighter | undefined;
  /** Another one when the member has come back with another session. */
  viewer?: Viewer;
  squares: ReadonlySet<number>;
}

/** A player's part in a match. Times are ticks. */
interface Fighter {
  readonly member: RoomMember<typeof Arena, "Match", Onlooker>;
  readonly body: Entity<Body>;
  readonly standing: Entity<Infer<typeof Arena.Standing>>;
  /** The body as the wire carries it. */
  value: Body;
  square: number;
  armedAt: number;
  backAt: number;
}

interface Flight {
  readonly by: Fighter;
  readonly bullet: Entity<Infer<typeof Arena.Bullet>>;
  readonly aim: number;
  at: field.Place;
  ticksLeft: number;
}

const NO_SQUARES: ReadonlySet<number> = new Set();

/** One match. */
export class Match {
  readonly #room: Room<typeof Arena, "Match", Onlooker>;
  readonly #venue: Venue;
  readonly #world: ServerWorld<unknown>;
  readonly #past: RewindRing<Fighter, Body>;
  readonly #then: Body;
  readonly #fighters = new Map<number, Fighter>();
  #bySquare = new Map<number, Fighter[]>();
  #flights: Flight[] = [];

  /** Plays in a room from now on. */
  constructor(room: Room<typeof Arena, "Match", Onlooker>, venue: Venue) {
    this.#room = room;
    this.#venue = venue;
    this.#world = room.world({ grid: { field: "pos", cellSize: 16, radius: 2 } });
    this.#past = new RewindRing(Arena.Player, { tickHz: venue.tickHz, interpolationMs: 150 });
    this.#then = this.#past.create();
    room.on("joined", (member) => void (member.isSpectator || this.#join(member)));
    room.on("left", (member) => this.#leave(member.id));
    room.on("ready", () => this.#countDown());
    room.on(Arena.Say, (member, said) => {
      const text = cutText(cleanText(said.text), MAX_SAID_BYTES);
      if (text !== "") room.broadcast(Arena.Said, { member: member.id, text });
    });
    room.onTick(() => this.#tick(venue.server.tick));
  }

  #join(member: Fighter["member"]): void {
    const reds = [...this.#fighters.values()].filter(({ value }) => value.team === "red").length;
    const team = reds * 2 > this.#fighters.size ? "blue" : "red";
    const body = this.#world.spawn(Arena.Player, { member: member.id, team });
    const standing = this.#world.spawn(Arena.Standing, { member: member.id, team });
    const rest = { value: body.value, square: -1, armedAt: 0, backAt: 0 };
    const fighter = { member, body, standing, ...rest };
    this.#fighters.set(member.id, fighter);
    this.#revive(fighter);
  }

  #leave(id: number): void {
    const fighter = this.#fighters.get(id);
    if (fighter === undefined) return;
    this.#fighters.delete(id);
    this.#past.remove(fighter);
    fighter.body.despawn();
    fighter.standing.despawn();
    this.#countDown();
  }

  /** The lobby ends when everybody is ready, or some time after the first one was. */
  #countDown(): void {
    const { players, isEverybodyReady, metadata: { phase, endTick } } = this.#room;
    if (phase !== "lobby") return;
    if (isEverybodyReady) this.#play();
    else if (!players.some(({ isReady }) => isReady)) this.#room.setMetadata({ endTick: 0 });
    else if (endTick === 0) this.#room.setMetadata({ endTick: this.#in(SECONDS.ready) });
  }

  #play(): void {
    this.#room.setMetadata({ phase: "playing", endTick: this.#in(this.#venue.roundSeconds) });
    for (const fighter of this.#fighters.values()) {
      fighter.standing.set({ kills: 0, deaths: 0 });
      this.#revive(fighter);
    }
  }

  #endPhase(): void {
    const { phase } = this.#room.metadata;
    if (phase === "lobby") this.#play();
    else if (phase === "playing") {
      this.#room.setMetadata({ phase: "scores", endTick: this.#in(SECONDS.scores) });
    } else {
      this.#room.clearReady();
      this.#room.setMetadata({ phase: "lobby", endTick: 0 });
    }
  }

  /** Gives a body all hit points, and a free place in its team's half. */
  #revive(fighter: Fighter): void {
    const { random } = this.#venue;
    const side = fighter.value.team === "red" ? -WORLD_HALF_WIDTH : WORLD_HALF_WIDTH;
    const anywhere = (): field.Place => ({
      x: random() * side,
      y: (random() * 2 - 1) * WORLD_HALF_HEIGHT,
    });
    let pos = anywhere();
    while (!field.isFree(pos)) pos = anywhere();
    this.#set(fighter, { hp: MAX_HP, pos });
  }

  #set(fighter: Fighter, changes: Partial<Body>): void {
    const { body } = fighter;
    body.set(changes);
    // Rounded as clients have it: both ends go on from the same numbers.
    fighter.value = body.value;
    fighter.square = this.#putInSight(body, fighter.value.pos);
  }

  /** Those see an entity who could see its square. */
  #putInSight(entity: Pick<Entity<Body>, "room" | "setRoom">, place: field.Place): number {
    const square = field.squareOf(place);
    if (entity.room !== String(square)) entity.setRoom(String(square));
    return square;
  }

  #tick(tick: number): void {
    const { endTick } = this.#room.metadata;
    if (endTick !== 0 && tick >= endTick) this.#endPhase();
    for (const fighter of this.#fighters.values()) this.#act(fighter, tick);
    this.#bySquare = Map.groupBy(this.#fighters.values(), ({ square }) => square);
    this.#flights = this.#flights.filter((flight) => this.#fly(flight, tick));
    for (const member of this.#room.members.values()) this.#show(member);
  }

  #act(fighter: Fighter, tick: number): void {
    const { member: { peer, isAway }, value, square, backAt, armedAt } = fighter;
    const input = peer && !isAway ? this.#venue.inputs.take(peer) : undefined;
    if (value.hp === 0 && tick >= backAt) this.#revive(fighter);
    else if (input !== undefined && value.hp > 0) {
      const others = this.#near(square).filter((other) => other !== fighter && other.value.hp > 0);
      const places = others.map((other) => other.value.pos);
      field.moveBody(value, input, 1 / this.#venue.tickHz, places);
      this.#set(fighter, value);
      if (input.fire && tick >= armedAt) this.#shoot(fighter, input.drawnBehind, tick);
    }
    this.#past.record(fighter, tick, fighter.value);
  }

  /** A bullet begins in the past that its shooter saw, and catches up with the present at once. */
  #shoot(by: Fighter, drawnBehind: number, tick: number): void {
    const { member, pos, aim } = by.value;
    const rttMs = by.member.peer?.rttMs ?? 0;
    const seenTick = Math.round(this.#past.tickOf({ tick, drawnBehind, rttMs }));
    const bullet = this.#world.spawn(Arena.Bullet, { by: member, from: pos, aim, tick: seenTick });
    bullet.setPosition(pos);
    this.#putInSight(bullet, pos);
    const flight = { by, bullet, aim, at: pos, ticksLeft: SECONDS.bullet * this.#venue.tickHz };
    by.armedAt = this.#in(SECONDS.firePause);
    let isFlying = true;
    for (let past = seenTick + 1; past < tick && isFlying; past++) {
      isFlying = this.#fly(flight, past);
    }
    if (isFlying) this.#flights.push(flight);
  }

  /** Flies for one tick, among everybody as they were then. Says whether the bullet goes on. */
  #fly(flight: Flight, tick: number): boolean {
    const { by, bullet, at, aim } = flight;
    const to = field.ahead(at, aim, RULES.bulletSpeed / this.#venue.tickHz);
    let share = field.freeShare(at, to);
    let victim: Fighter | undefined;
    const isOver = share < 1 || --flight.ticksLeft < 0;
    for (const other of this.#near(field.squareOf(at))) {
      if (!this.#isTarget(other, by) || !this.#past.sampleAt(other, tick, this.#then)) continue;
      const met = field.meetingShare(at, to, this.#then.pos);
      if (met < share) [share, victim] = [met, other];
    }
    if (victim !== undefined) this.#hurt(victim, by);
    if (victim !== undefined || isOver) {
      // Clients hear of every bullet, of one that flew in the past only as well.
      this.#room.after(0, () => bullet.despawn());
      return false;
    }
    flight.at = to;
    bullet.setPosition(to);
    this.#putInSight(bullet, to);
    return true;
  }

  #isTarget({ body, value, member }: Fighter, by: Fighter): boolean {
    return body.isAlive && value.hp > 0 && value.team !== by.value.team && !member.isAway &&
      this.#room.metadata.phase === "playing";
  }

  #hurt(victim: Fighter, by: Fighter): void {
    const { standing, member } = victim;
    this.#set(victim, { hp: Math.max(0, victim.value.hp - RULES.bulletDamage) });
    if (victim.value.hp > 0) return;
    victim.backAt = this.#in(SECONDS.respawn);
    standing.set({ deaths: standing.value.deaths + 1 });
    if (by.standing.isAlive) by.standing.set({ kills: by.standing.value.kills + 1 });
    this.#room.broadcast(Arena.Killed, { victim: member.id, by: by.member.id });
  }

  /** Lets a member see what can be seen from where its body is, or the one that it watches. */
  #show(member: Fighter["member"]): void {
    const { data, peer } = member;
    const viewer = peer && this.#world.viewer(peer);
    if (viewer === undefined) return;
    const watched = data.eye?.body.isAlive ? data.eye : this.#fighters.values().next().value;
    const eye = this.#fighters.get(member.id) ?? watched;
    const squares = eye === undefined ? NO_SQUARES : field.squaresSeenFrom(eye.square);
    if (viewer === data.viewer && eye === data.eye && squares === data.squares) return;
    if (viewer !== data.viewer || eye !== data.eye) {
      member.send(Arena.You, { entity: eye?.body.id ?? 0, isYours: eye?.member === member });
    }
    const before = viewer === data.viewer ? data.squares : NO_SQUARES;
    for (const square of before.difference(squares)) viewer.leaveRoom(String(square));
    for (const square of squares.difference(before)) viewer.enterRoom(String(square));
    viewer.focus = eye?.value.pos;
    Object.assign(data, { eye, viewer, squares });
  }

  #near(square: number): Fighter[] {
    return field.squaresAround(square).flatMap((near) => this.#bySquare.get(near) ?? []);
  }

  /** The tick so many seconds from now. */
  #in(seconds: number): number {
    return this.#venue.server.tick + Math.ceil(seconds * this.#venue.tickHz);
  }
}
