/**
 * A room as its lobby and the server see it, wherever its game runs.
 *
 * @module
 */
import type { TimerId } from "../../transport/clock.ts";
import type { Peer } from "../peer.ts";
import type { ServerWorld } from "../world/server_worlds.ts";
import type { KindCodecs } from "./kind_codecs.ts";
import type { Room } from "./room.ts";
import type { AnyRoomDefinition } from "./room_definition.ts";
import type { RoomDriver } from "./room_driver.ts";
import type { RoomOrigin } from "./room_port.ts";
import type { Reservation, Seat } from "./seat.ts";

/** Options of {@link LobbyRoom.reserve}. */
export interface ReserveOptions {
  /** Who alone may take the seat. Default: whoever shows the ticket. */
  readonly userId?: string;
  /** How long it is kept. Default 15,000 ms. */
  readonly expiresMs?: number;
}

/** What the lobby knows of a room. */
export interface LobbyRoomState {
  /** What its game does. */
  readonly definition: AnyRoomDefinition;
  /** Checks values of its kind. */
  readonly codecs: KindCodecs;
  /** What it was when it began. */
  readonly origin: RoomOrigin;
  /** Equal for rooms of equal options. */
  readonly optionsKey: string;
  /** Who is in it, or may come back, by number of the member. */
  readonly seats: Map<number, Seat>;
  /** Who is still to come, by ticket. */
  readonly reservations: Map<string, Reservation>;
  /** Runs its game. */
  driver: RoomDriver;
  /** The room, if it is in this thread. */
  local: Room | undefined;
  /** What its members see; `undefined` for a room without a world. */
  world: ServerWorld<unknown> | undefined;
  /** What it tells of itself. */
  metadata: object;
  /** Seats of players that are taken or kept. */
  players: number;
  /** Members who watch. */
  spectators: number;
  /** Whether it takes nobody. */
  isLocked: boolean;
  /** Whether somebody was in it. */
  wasEntered: boolean;
  /** Whether it has ended. */
  isOver: boolean;
  /** Handlers that failed. */
  errors: number;
  /** Ends it when it has been empty for long enough. */
  emptyTimer: TimerId | undefined;
}

/** What a room needs of its lobby. */
export interface LobbyRoomHost {
  /** Keeps a seat. */
  reserve(room: LobbyRoom, options: ReserveOptions): string;
  /** Ends a room. */
  end(room: LobbyRoom, reason: string): void;
}

/** For the lobby: makes a room. */
export let createLobbyRoom: (state: LobbyRoomState, host: LobbyRoomHost) => LobbyRoom;

/** For the lobby: what it knows of a room. */
export let stateOf: (room: LobbyRoom) => LobbyRoomState;

/** A room of a lobby. */
export class LobbyRoom {
  readonly #state: LobbyRoomState;
  readonly #host: LobbyRoomHost;

  static {
    createLobbyRoom = (state, host) => new LobbyRoom(state, host);
    stateOf = (room) => room.#state;
  }

  private constructor(state: LobbyRoomState, host: LobbyRoomHost) {
    this.#state = state;
    this.#host = host;
  }

  /** Number of the room, never used again while the server runs. */
  get id(): number {
    return this.#state.origin.id;
  }

  /** Its kind. */
  get kind(): string {
    return this.#state.origin.kind;
  }

  /** What it is called in logs: kind and number. */
  get name(): string {
    return this.#state.origin.name;
  }

  /** What was chosen when it was created. */
  get options(): unknown {
    return this.#state.origin.options;
  }

  /** What it tells of itself. */
  get metadata(): unknown {
    return this.#state.metadata;
  }

  /** Lets players in who know it; `undefined` in a public room. */
  get code(): string | undefined {
    return this.#state.origin.code;
  }

  /** Whether it is in no list. */
  get isPrivate(): boolean {
    return this.#state.origin.isPrivate;
  }

  /** Whether it takes nobody at the moment. */
  get isLocked(): boolean {
    return this.#state.isLocked;
  }

  /** Whether it runs on a worker. */
  get isIsolated(): boolean {
    return this.#state.local === undefined;
  }

  /** Whether it has ended. */
  get isOver(): boolean {
    return this.#state.isOver;
  }

  /** Seats for players. */
  get capacity(): number {
    return this.#state.origin.capacity;
  }

  /** Seats of players that are taken, kept for somebody who was lost, or reserved. */
  get players(): number {
    return this.#state.players + this.#state.reservations.size;
  }

  /** Members who watch. */
  get spectators(): number {
    return this.#state.spectators;
  }

  /** Seats that are reserved for somebody who is still to come. */
  get reservations(): number {
    return this.#state.reservations.size;
  }

  /** Handlers of the room that threw or rejected. */
  get errors(): number {
    return this.#state.errors;
  }

  /** The room as its game sees it; `undefined` when it runs on a worker. */
  get local(): Room | undefined {
    return this.#state.local;
  }

  /** The peers in it, in the order in which they came; without those who are lost at the moment. */
  get peers(): Peer<unknown>[] {
    return [...this.#state.seats.values()].flatMap(({ peer }) => peer ?? []);
  }

  /**
   * Keeps a player's seat for somebody who is still to come: a matchmaker sends the ticket to that player,
   * who calls `client.rooms.joinReserved`. It opens private and locked rooms too, once.
   *
   * @returns The ticket, base64url text.
   * @throws RangeError when no seat is free, the room is over, or the time makes no sense.
   */
  reserve(options: ReserveOptions = {}): string {
    return this.#host.reserve(this, options);
  }

  /** Ends the room: its members are told, and are in no room from then on. */
  end(reason = ""): void {
    this.#host.end(this, reason);
  }
}
