/**
 * Puts a room together: what the lobby knows of it, its way out, and what runs its game.
 *
 * @module
 */
import type { ProtocolCore } from "../../schema/mod.ts";
import type { Server } from "../server.ts";
import { IsolatedDriver } from "../workers/isolated_driver.ts";
import { spawnRoomWorker } from "../workers/spawn_worker.ts";
import type { Announcer } from "./announcer.ts";
import type { KindCodecs } from "./kind_codecs.ts";
import type { LobbyHost } from "./lobby_host.ts";
import { LobbyPort } from "./lobby_port.ts";
import { createLobbyRoom, type LobbyRoom, type LobbyRoomState, stateOf } from "./lobby_room.ts";
import { LocalDriver } from "./local_driver.ts";
import type { AnyRoomDefinition } from "./room_definition.ts";
import type { RoomOrigin } from "./room_port.ts";
import type { Seating } from "./seating.ts";

/** What rooms are made with. */
export interface LobbyRoomMakings {
  /** Sends. */
  readonly server: Server<ProtocolCore, unknown>;
  /** What the lobby needs of its server besides. */
  readonly host: LobbyHost;
  /** Who sits where. */
  readonly seating: Seating;
  /** Tells players. */
  readonly announcer: Announcer;
  /** How long a worker may go without finishing a tick. */
  readonly hangTimeoutMs: number;
  /** Threads that are not gone yet. */
  readonly workers: Set<Promise<void>>;
  /** Ends a room. */
  end(room: LobbyRoom, how: "ended" | "crashed", reason: string): void;
  /** A handler of a room failed. */
  fail(room: LobbyRoom, error: unknown, where: string): void;
}

/** Makes a room whose game has not started yet. */
export function makeLobbyRoom(
  definition: AnyRoomDefinition,
  codecs: KindCodecs,
  origin: RoomOrigin,
  makings: LobbyRoomMakings,
): LobbyRoom {
  const { seating, end } = makings;
  const base = {
    definition,
    codecs,
    origin,
    optionsKey: codecs.optionsKey(origin.options),
    seats: new Map(),
    reservations: new Map(),
    metadata: origin.metadata as object,
    players: 0,
    spectators: 0,
    isLocked: false,
    wasEntered: false,
    isOver: false,
    errors: 0,
    emptyTimer: undefined,
    local: undefined,
    world: undefined,
  };
  // The driver needs the room and the room its driver: it is set before anybody can look.
  const room = createLobbyRoom(base as unknown as LobbyRoomState, {
    reserve: (of, options) => seating.reserve(of, options),
    end: (of, reason) => end(of, "ended", reason),
  });
  addDriver(room, makings);
  return room;
}

function addDriver(room: LobbyRoom, makings: LobbyRoomMakings): void {
  const { server, host, seating, announcer, hangTimeoutMs, workers, end, fail } = makings;
  const state = stateOf(room);
  const { definition, origin } = state;
  const { dispatch, resume, drops, clock, periodMs } = host;
  const port = new LobbyPort(room, {
    server,
    seating,
    announcer,
    periodMs,
    end: (reason) => end(room, "ended", reason),
    fail: (error, where) => fail(room, error, where),
  });
  if (definition.isolate === undefined) {
    const driver = new LocalDriver(definition, origin, port, dispatch);
    state.driver = driver;
    state.local = driver.room;
    return;
  }
  const gone = Promise.withResolvers<void>();
  workers.add(gone.promise);
  state.driver = new IsolatedDriver({
    module: String(definition.isolate),
    protocol: server.protocol,
    origin,
    port,
    clock,
    // A lobby without ticks has refused to define such rooms.
    periodMs: periodMs!,
    hangTimeoutMs,
    spawn: host.spawnWorker ?? spawnRoomWorker,
    drops,
    dispatch,
    resume,
    onCrash: (reason) => end(room, "crashed", reason),
    onGone: () => {
      workers.delete(gone.promise);
      gone.resolve();
    },
  });
}
