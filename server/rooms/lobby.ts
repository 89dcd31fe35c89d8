/**
 * The lobby of a server: its rooms, and the way into them.
 *
 * @module
 */
import { HandlerTable } from "../../protocol/handler_table.ts";
import {
  type ProtocolCore,
  ROOM_REFUSALS,
  type RoomDeparture,
  type RoomKindName,
  type RoomRefusal,
} from "../../schema/mod.ts";
import { roomKindsOf } from "../../schema/messages/rooms.ts";
import { reportFailure } from "../../transport/report_failure.ts";
import type { Peer } from "../peer.ts";
import type { Server } from "../server.ts";
import { Announcer, type LobbyMessages, lobbyMessagesOf } from "./announcer.ts";
import { KindCodecs } from "./kind_codecs.ts";
import { LobbyDesk } from "./lobby_desk.ts";
import type { LobbyHost } from "./lobby_host.ts";
import {
  checkLobbyOptions,
  type CreateRoomOptions,
  LOBBY_EVENTS,
  type LobbyEvents,
  LobbyFullError,
  type LobbyOptions,
  type LobbyStats,
  type RoomPage,
  type RoomQuery,
} from "./lobby_options.ts";
import { type LobbyRoom, stateOf } from "./lobby_room.ts";
import { makeLobbyRoom } from "./make_lobby_room.ts";
import { drawRoomCode, normalizeRoomCode } from "./room_codes.ts";
import { type AnyRoomDefinition, capacityOf } from "./room_definition.ts";
import { matchesQuery } from "./room_query.ts";
import type { RoomOrigin } from "./room_port.ts";
import { Seating } from "./seating.ts";

/** Rooms at once, unless told otherwise. */
const MAX_ROOMS = 4_096;
/** Rooms on workers at once, unless told otherwise. */
const MAX_ISOLATED_ROOMS = 64;
/** How long a worker may go without finishing a tick, unless told otherwise. */
const HANG_TIMEOUT_MS = 5_000;
/** How long a room waits for its first member. */
const FIRST_MEMBER_MS = 30_000;

/** The rooms of a server. Made by `server.rooms`. */
export class Lobby<P extends ProtocolCore = ProtocolCore> {
  readonly #server: Server<P, unknown>;
  readonly #host: LobbyHost;
  readonly #options: LobbyOptions;
  readonly #definitions = new Map<string, AnyRoomDefinition>();
  readonly #codecs = new Map<string, KindCodecs>();
  readonly #rooms = new Map<number, LobbyRoom>();
  readonly #byCode = new Map<string, LobbyRoom>();
  readonly #announcer: Announcer;
  readonly #seating: Seating;
  readonly #desk: LobbyDesk;
  readonly #handlers = new HandlerTable<LobbyEvents>(
    LOBBY_EVENTS,
    (error, where) => reportFailure("server", error, where),
  );
  /** Threads that are not gone yet. */
  readonly #workers = new Set<Promise<void>>();
  readonly #refused: Record<RoomRefusal, number>;
  #nextRoom = 1;
  #isolated = 0;
  #created = 0;
  #ended = 0;
  #crashed = 0;
  #errors = 0;
  #isClosed = false;

  /** Use `server.rooms` instead. */
  constructor(
    server: Server<P, unknown>,
    host: LobbyHost,
    definitions: readonly AnyRoomDefinition[],
    options: LobbyOptions,
  ) {
    checkLobbyOptions(options);
    this.#server = server;
    this.#host = host;
    this.#options = options;
    for (const definition of definitions) this.#define(definition);
    const noRefusals = ROOM_REFUSALS.map((reason) => [reason, 0] as const);
    // Every refusal is in the list, which is what its type says.
    this.#refused = Object.fromEntries(noRefusals) as Record<RoomRefusal, number>;
    const messages = lobbyMessagesOf(server.protocol);
    this.#announcer = new Announcer(messages, (message, value, to) => {
      server.broadcast(message, value, { to });
    });
    this.#seating = new Seating({
      clock: host.clock,
      random: host.random,
      announcer: this.#announcer,
      onError: (room, error, where) => this.#fail(room, error, where),
      onEmpty: (room) => this.#endWhenEmpty(room),
    });
    this.#desk = new LobbyDesk({
      // What the desk needs of any protocol's lobby.
      lobby: this as unknown as Lobby,
      seating: this.#seating,
      announcer: this.#announcer,
      definitions: this.#definitions,
      codecs: this.#codecs,
      refused: this.#refused,
      clock: host.clock,
      options,
      fail: (error, where) => this.#failAt(error, where),
    });
    this.#listen(messages);
  }

  /** Rooms by number, private ones too, the oldest first. */
  get rooms(): ReadonlyMap<number, LobbyRoom> {
    return this.#rooms;
  }

  /**
   * Listens to an event.
   *
   * @returns What removes the handler.
   * @throws TypeError for an unknown event.
   */
  on<E extends keyof LobbyEvents>(event: E, handler: LobbyEvents[E]): () => void {
    return this.#handlers.addEvent(event, handler);
  }

  /**
   * Creates a room.
   *
   * @throws TypeError or RangeError for a kind that is not defined or values that it does not allow,
   * RangeError when there are too many rooms, and what the game's `start` throws.
   */
  create<K extends RoomKindName<P>>(kind: K, options: CreateRoomOptions<P, K> = {}): LobbyRoom {
    const definition = this.#definitions.get(kind);
    const codecs = this.#codecs.get(kind);
    if (definition === undefined || codecs === undefined) {
      throw new TypeError(`Cannot create room "${kind}": the server defines no such room`);
    }
    if (this.#isClosed) throw new TypeError(`Cannot create room "${kind}": the server stops`);
    this.#checkRoomsLeft(definition);
    const room = this.#make(definition, codecs, options);
    const state = stateOf(room);
    try {
      state.driver.start();
    } catch (error) {
      state.isOver = true;
      state.driver.finish("the room did not start");
      state.world?.close();
      throw error;
    }
    this.#rooms.set(room.id, room);
    if (room.code !== undefined) this.#byCode.set(room.code, room);
    if (room.isIsolated) this.#isolated++;
    this.#created++;
    this.#endWhenEmpty(room);
    this.#handlers.emit("created", room);
    return room;
  }

  /** Rooms that a query asks for, the oldest first. */
  list<K extends RoomKindName<P>>(query: RoomQuery<P, K> = {}): RoomPage {
    const { offset = 0, limit = Infinity } = query;
    const rooms: LobbyRoom[] = [];
    let total = 0;
    for (const room of this.#rooms.values()) {
      if (!matchesQuery(room, query)) continue;
      if (total >= offset && rooms.length < limit) rooms.push(room);
      total++;
    }
    return { total, rooms };
  }

  /** The room with a code, as a person may have typed it. */
  find(code: string): LobbyRoom | undefined {
    const normal = normalizeRoomCode(code);
    return normal === undefined ? undefined : this.#byCode.get(normal);
  }

  /** The room that a peer is in. */
  roomOf(peer: Pick<Peer<unknown>, "id">): LobbyRoom | undefined {
    return this.#seating.seatOf(peer)?.room;
  }

  /** What is in the lobby, and what it counted. */
  stats(): LobbyStats {
    let players = 0;
    let spectators = 0;
    let reservations = 0;
    for (const room of this.#rooms.values()) {
      players += stateOf(room).players;
      spectators += room.spectators;
      reservations += room.reservations;
    }
    return {
      rooms: this.#rooms.size,
      isolated: this.#isolated,
      players,
      spectators,
      reservations,
      created: this.#created,
      ended: this.#ended,
      crashed: this.#crashed,
      errors: this.#errors,
      wrongCodes: this.#desk.wrongCodes,
      refused: this.#refused,
    };
  }

  /** Resolves when no room's worker is left. Rooms end when the server closes. */
  async workersGone(): Promise<void> {
    while (this.#workers.size > 0) await Promise.all(this.#workers);
  }

  #define(definition: AnyRoomDefinition): void {
    const { protocol, room, isolate } = definition;
    if (protocol !== this.#server.protocol) {
      throw new TypeError(`Cannot define room "${room}": it belongs to another protocol`);
    }
    if (this.#definitions.has(room)) throw new TypeError(`Cannot define room "${room}" twice`);
    if (isolate !== undefined && this.#host.periodMs === undefined) {
      throw new TypeError(`Cannot run room "${room}" on a worker: give serve() a "tickHz"`);
    }
    // `defineRoom` has made sure that the protocol has this kind.
    const kind = roomKindsOf(protocol)![room]!;
    this.#definitions.set(room, definition);
    this.#codecs.set(room, new KindCodecs(room, kind));
  }

  #listen({ ask }: LobbyMessages): void {
    const server = this.#server;
    server.on(ask, (peer, value) => this.#desk.handle(peer, value));
    server.on("suspended", (peer) => this.#seating.setAway(peer, true));
    server.on("resumed", (peer) => this.#seating.setAway(peer, false));
    server.on("disconnected", (peer, info) => {
      this.#desk.forget(peer);
      this.#seating.onDisconnected(peer, info);
    });
    server.on("stopping", () => {
      this.#isClosed = true;
      for (const room of this.#rooms.values()) this.#end(room, "ended", "the server stops");
    });
    if (this.#host.periodMs === undefined) return;
    server.onTick(() => {
      const nowMs = this.#host.clock.nowMs();
      for (const room of this.#rooms.values()) stateOf(room).driver.runTick(nowMs);
    });
  }

  #checkRoomsLeft({ room, isolate }: AnyRoomDefinition): void {
    const { maxRooms = MAX_ROOMS, maxIsolatedRooms = MAX_ISOLATED_ROOMS } = this.#options;
    if (this.#rooms.size >= maxRooms) {
      throw new LobbyFullError(`Cannot create room "${room}": there are ${maxRooms} already`);
    }
    if (isolate !== undefined && this.#isolated >= maxIsolatedRooms) {
      throw new LobbyFullError(
        `Cannot create room "${room}": there are ${maxIsolatedRooms} rooms on workers already`,
      );
    }
  }

  #make<K extends RoomKindName<P>>(
    definition: AnyRoomDefinition,
    codecs: KindCodecs,
    create: CreateRoomOptions<P, K>,
  ): LobbyRoom {
    const { isPrivate = false } = create;
    const most = capacityOf(definition);
    const { capacity = most } = create;
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > most) {
      throw new RangeError(
        `Cannot create room "${definition.room}": "capacity" is an integer of 1 to ${most}`,
      );
    }
    const id = this.#nextRoom++;
    const options = codecs.options(create.options ?? {});
    const origin: RoomOrigin = {
      id,
      kind: definition.room,
      name: `${definition.room} ${id}`,
      options,
      metadata: codecs.metadata(create.metadata ?? definition.metadata?.(options as never)),
      capacity,
      isPrivate,
      code: isPrivate
        ? drawRoomCode(this.#host.random, (code) => this.#byCode.has(code))
        : undefined,
    };
    return makeLobbyRoom(definition, codecs, origin, {
      server: this.#server,
      host: this.#host,
      seating: this.#seating,
      announcer: this.#announcer,
      hangTimeoutMs: this.#options.hangTimeoutMs ?? HANG_TIMEOUT_MS,
      workers: this.#workers,
      end: (room, how, reason) => this.#end(room, how, reason),
      fail: (room, error, where) => this.#fail(room, error, where),
    });
  }

  #endWhenEmpty(room: LobbyRoom): void {
    const state = stateOf(room);
    const { emptyTimeoutMs = 0 } = state.definition;
    const waitMs = state.wasEntered ? emptyTimeoutMs : Math.max(emptyTimeoutMs, FIRST_MEMBER_MS);
    if (waitMs === Infinity) return;
    const { clock } = this.#host;
    if (state.emptyTimer !== undefined) clock.clearTimer(state.emptyTimer);
    if (waitMs === 0) this.#end(room, "ended", "nobody is left");
    else {
      const end = (): void => this.#end(room, "ended", "nobody is left");
      state.emptyTimer = clock.setTimer(clock.nowMs() + waitMs, end);
    }
  }

  #end(room: LobbyRoom, how: RoomDeparture & ("ended" | "crashed"), reason: string): void {
    const state = stateOf(room);
    if (state.isOver) return;
    state.isOver = true;
    // First the game, which may still send; then whoever is left.
    state.driver.finish(reason);
    this.#seating.clear(room, how, reason);
    state.world?.close();
    this.#rooms.delete(room.id);
    if (room.code !== undefined) this.#byCode.delete(room.code);
    if (room.isIsolated) this.#isolated--;
    this.#ended++;
    if (how === "crashed") this.#crashed++;
    this.#handlers.emit("ended", room, reason);
  }

  #fail(room: LobbyRoom, error: unknown, where: string): void {
    stateOf(room).errors++;
    this.#failAt(error, `${room.name}: ${where}`);
  }

  #failAt(error: unknown, where: string): void {
    this.#errors++;
    this.#handlers.fail(error, where);
  }
}
