/**
 * A room as its game sees it: members, messages, ticks and timers of its own.
 *
 * Knows nothing of peers, seats and threads; {@link RoomPort} is its way out, {@link RoomControls} the
 * way in. The same class runs beside the server and on a worker.
 *
 * @module
 */
import { assertReceivable, HandlerTable } from "../../protocol/handler_table.ts";
import type {
  BoundMessage,
  ClientMessage,
  ProtocolCore,
  RoomDeparture,
  RoomMetadataOf,
  RoomOptionsOf,
  ServerMessage,
} from "../../schema/mod.ts";
import type { RoomControls } from "./room_controls.ts";
import type { AnyRoomDefinition, RoomDefinition } from "./room_definition.ts";
import { ROOM_EVENTS, type RoomEvents } from "./room_events.ts";
import { createMember, type MemberState, memberStateOf, type RoomMember } from "./room_member.ts";
import type { RoomMemberIdentity, RoomOrigin, RoomPort } from "./room_port.ts";
import { RoomTimers } from "./room_timers.ts";
import type { ServerWorld } from "../world/server_worlds.ts";
import type { WorldOptions } from "../world/world.ts";

/** Options of {@link Room.broadcast}. */
export interface RoomBroadcastOptions<Member> {
  /** A member that does not get the message. */
  readonly except?: Member | undefined;
  /** Who gets it. Default: every member, spectators included. */
  readonly to?: Iterable<Member>;
}

/** For the lobby: makes a room and the way into it. */
export let createRoom: (
  definition: AnyRoomDefinition,
  origin: RoomOrigin,
  port: RoomPort,
) => { room: Room<ProtocolCore, string, unknown>; controls: RoomControls };

type Handler = (...args: never[]) => void;

/** A room. `MemberData` is what the game keeps with each member. */
export class Room<
  P extends ProtocolCore = ProtocolCore,
  K extends string = string,
  MemberData = undefined,
> {
  readonly #definition: RoomDefinition<P, K, MemberData>;
  readonly #origin: RoomOrigin;
  readonly #port: RoomPort;
  readonly #members = new Map<number, RoomMember<P, K, MemberData>>();
  readonly #timers = new RoomTimers();
  readonly #handlers: HandlerTable<RoomEvents<P, K, MemberData>>;
  #tickHandlers: readonly ((tick: number, stepSeconds: number) => void)[] = [];
  #world: ServerWorld<unknown> | undefined;
  #metadata: unknown;
  #tick = 0;
  #isLocked = false;
  #isOver = false;

  static {
    createRoom = (definition, origin, port) => {
      // What the definition's functions take is what this room has: both are of its kind.
      const own = definition as unknown as RoomDefinition<ProtocolCore, string, unknown>;
      const room = new Room(own, origin, port);
      return { room, controls: room.#controls() };
    };
  }

  private constructor(
    definition: RoomDefinition<P, K, MemberData>,
    origin: RoomOrigin,
    port: RoomPort,
  ) {
    this.#definition = definition;
    this.#origin = origin;
    this.#port = port;
    this.#metadata = origin.metadata;
    this.#handlers = new HandlerTable(ROOM_EVENTS, (error, where) => port.fail(error, where));
  }

  /** Number of the room, never used again while the server runs. */
  get id(): number {
    return this.#origin.id;
  }

  /** Its kind. */
  get kind(): K {
    return this.#definition.room;
  }

  /** What it is called in logs: kind and number. */
  get name(): string {
    return this.#origin.name;
  }

  /** What was chosen when it was created. A player chose that, unless the game created it. */
  get options(): RoomOptionsOf<P, K> {
    // The lobby checked it with the codec of this kind, and so the two below.
    return this.#origin.options as RoomOptionsOf<P, K>;
  }

  /** What it tells of itself. */
  get metadata(): RoomMetadataOf<P, K> {
    return this.#metadata as RoomMetadataOf<P, K>;
  }

  /** Seats for players. */
  get capacity(): number {
    return this.#origin.capacity;
  }

  /** Whether it is in no list. */
  get isPrivate(): boolean {
    return this.#origin.isPrivate;
  }

  /** Lets players in who know it; `undefined` in a public room. */
  get code(): string | undefined {
    return this.#origin.code;
  }

  /** Whether it takes nobody at the moment; who holds a seat or a reservation comes in all the same. */
  get isLocked(): boolean {
    return this.#isLocked;
  }

  /** Members by number, in the order in which they came. */
  get members(): ReadonlyMap<number, RoomMember<P, K, MemberData>> {
    return this.#members;
  }

  /** Members who play, in the order in which they came. */
  get players(): RoomMember<P, K, MemberData>[] {
    return [...this.#members.values()].filter(({ isSpectator }) => !isSpectator);
  }

  /** Number of the room's current tick, counted from 1 when it was created; 0 before. */
  get tick(): number {
    return this.#tick;
  }

  /** Whether there is a player, and every player is ready. */
  get isEverybodyReady(): boolean {
    const { players } = this;
    return players.length > 0 && players.every(({ isReady }) => isReady);
  }

  /** Whether it has ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Listens to a message of members, or to an event. A message that the room listens to does not reach
   * the server's own handlers.
   *
   * @returns What removes the handler.
   * @throws TypeError for an unknown event, or a message of another protocol or direction.
   */
  on<T>(
    message: ClientMessage<T>,
    handler: (member: RoomMember<P, K, MemberData>, value: T) => void,
  ): () => void;
  /** Listens to an event. */
  on<E extends keyof RoomEvents<P, K, MemberData>>(
    event: E,
    handler: RoomEvents<P, K, MemberData>[E],
  ): () => void;
  on(what: BoundMessage | keyof RoomEvents<P, K, MemberData>, handler: Handler): () => void {
    if (typeof what === "string") return this.#handlers.addEvent(what, handler);
    assertReceivable(this.#definition.protocol, what, "server");
    if (what.name === "RoomsAsk") {
      throw new TypeError('Cannot listen to "RoomsAsk": the lobby answers it');
    }
    return this.#handlers.addMessage(what, handler);
  }

  /**
   * Runs the room's game at the server's tick rate, after its timers that are due.
   *
   * @returns What removes the handler.
   * @throws TypeError in a server without ticks.
   */
  onTick(handler: (tick: number, stepSeconds: number) => void): () => void {
    this.#stepMs("run ticks");
    const own = (tick: number, stepSeconds: number): void => handler(tick, stepSeconds);
    this.#tickHandlers = [...this.#tickHandlers, own];
    return () => {
      this.#tickHandlers = this.#tickHandlers.filter((other) => other !== own);
    };
  }

  /**
   * Calls a function once, so many ticks from now as make up the delay, at least one. Timers of one tick
   * run in the order in which they are due, then in which they were set.
   *
   * @returns What cancels it.
   * @throws TypeError in a server without ticks, RangeError for a delay that is no number of 0 and more.
   */
  after(delayMs: number, callback: () => void): () => void {
    return this.#timers.set(this.#tick + this.#ticksOf(delayMs), 0, callback);
  }

  /** As {@link after}, again and again. */
  every(periodMs: number, callback: () => void): () => void {
    const ticks = this.#ticksOf(periodMs);
    return this.#timers.set(this.#tick + ticks, ticks, callback);
  }

  /**
   * Sends a message to every member, or to some. It is encoded once per version that they speak.
   *
   * @returns How many members it was queued for.
   * @throws TypeError or RangeError for a value that the schema does not allow.
   */
  broadcast<T>(
    message: ServerMessage<T>,
    value: NoInfer<T>,
    options: RoomBroadcastOptions<RoomMember<P, K, MemberData>> = {},
  ): number {
    const { except, to } = options;
    if (except === undefined && to === undefined) {
      return this.#port.broadcast(this.#members.keys(), message, value);
    }
    const ids: number[] = [];
    for (const member of to ?? this.#members.values()) {
      if (member !== except && this.#members.get(member.id) === member) ids.push(member.id);
    }
    return this.#port.broadcast(ids, message, value);
  }

  /**
   * Changes what the room tells of itself, in lists and to its members.
   *
   * @param changes What is not named stays as it is.
   * @throws TypeError or RangeError for metadata that the kind does not allow.
   */
  setMetadata(changes: Partial<RoomMetadataOf<P, K>>): void {
    this.#metadata = this.#port.setMetadata({ ...this.#metadata as object, ...changes });
  }

  /**
   * The room's own world of entities, which all its members see, spectators too, and nobody else. Made by
   * the first call; gone with the room.
   *
   * @param options For the first call; later ones give the same world.
   * @throws TypeError for a protocol without entities, a server without ticks, or a room on a worker.
   */
  world(options: WorldOptions = {}): ServerWorld<unknown> {
    return this.#world ??= this.#port.makeWorld(options);
  }

  /** Takes back that members are ready: before another round. */
  clearReady(): void {
    for (const member of this.#members.values()) memberStateOf(member).isReady = false;
    this.#port.clearReady();
  }

  /** Lets nobody in any more, or again. */
  lock(isLocked = true): void {
    this.#isLocked = isLocked;
    this.#port.setLocked(isLocked);
  }

  /** Ends the room: its members are told, and are in no room from then on. */
  end(reason = ""): void {
    if (!this.#isOver) this.#port.end(reason);
  }

  #ticksOf(durationMs: number): number {
    const stepMs = this.#stepMs("set a timer");
    if (!(durationMs >= 0 && Number.isFinite(durationMs))) {
      throw new RangeError(`Cannot set a timer of ${durationMs} ms: it is a number of 0 and more`);
    }
    // 50 ms are three ticks at 60 Hz, which in binary fractions is a bit more than three.
    return Math.max(1, Math.ceil(durationMs / stepMs - 1e-9));
  }

  #stepMs(what: string): number {
    const { periodMs } = this.#port;
    if (periodMs === undefined) {
      throw new TypeError(`Cannot ${what} in ${this.name}: give serve() a "tickHz"`);
    }
    return periodMs;
  }

  #controls(): RoomControls {
    const handlers = this.#handlers;
    const timers = this.#timers;
    const hasTicks = (): boolean => this.#tickHandlers.length > 0 || timers.size > 0;
    return {
      get errors() {
        return handlers.errors;
      },
      get hasTicks() {
        return hasTicks();
      },
      start: () => this.#definition.start(this, this.options),
      join: (identity, profile) => this.#join(identity, profile),
      setAway: (id, isAway) =>
        this.#mark(id, isAway ? "away" : "back", (state) => {
          state.isAway = isAway;
        }),
      setReady: (id, isReady) =>
        this.#mark(id, "ready", (state) => {
          state.isReady = isReady;
        }),
      leave: (id, reason) => this.#leave(id, reason),
      handles: (message) => handlers.handles(message),
      dispatch: (id, message, value) => {
        const member = this.#members.get(id);
        if (member !== undefined) handlers.dispatch(message, member, value);
      },
      runTick: () => this.#runTick(),
      finish: (reason) => this.#finish(reason),
    };
  }

  #join(identity: RoomMemberIdentity, profile: unknown): void {
    const { memberData } = this.#definition;
    const state: MemberState = {
      identity,
      profile,
      port: this.#port,
      isReady: false,
      isAway: false,
      isPresent: true,
    };
    // Without `memberData` the type parameter is `undefined`, which is what the cast says.
    const data = memberData?.({ ...identity, profile: profile as never }) as MemberData;
    const member = createMember<P, K, MemberData>(state, data);
    this.#members.set(identity.id, member);
    this.#handlers.emit("joined", member);
  }

  #mark(
    id: number,
    event: "away" | "back" | "ready",
    change: (state: MemberState) => void,
  ): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    change(memberStateOf(member));
    this.#handlers.emit(event, member);
  }

  #leave(id: number, reason: RoomDeparture): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    this.#members.delete(id);
    memberStateOf(member).isPresent = false;
    this.#handlers.emit("left", member, reason);
  }

  #runTick(): void {
    this.#tick++;
    const handlers = this.#handlers;
    const timers = this.#timers;
    for (let due = timers.pollDue(this.#tick); due; due = timers.pollDue(this.#tick)) {
      handlers.run(due, undefined, undefined, "timer");
    }
    if (this.#tickHandlers.length === 0) return;
    const stepSeconds = this.#port.periodMs! / 1000;
    for (const handler of this.#tickHandlers) {
      if (this.#isOver) return;
      // They take two numbers, which is what they get.
      handlers.run(handler as (a: unknown, b: unknown) => void, this.#tick, stepSeconds, "tick");
    }
  }

  #finish(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timers.clear();
    this.#tickHandlers = [];
    this.#handlers.emit("ended", reason);
    for (const member of this.#members.values()) memberStateOf(member).isPresent = false;
    this.#members.clear();
  }
}
