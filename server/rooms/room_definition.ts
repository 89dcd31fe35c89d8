/**
 * What rooms of one kind do: a module's default export, or an argument of `server.rooms`.
 *
 * @module
 */
import {
  type ProtocolCore,
  type RoomKindName,
  type RoomMetadataOf,
  type RoomOptionsOf,
  type RoomProfileOf,
} from "../../schema/mod.ts";
import { roomKindsOf } from "../../schema/messages/rooms.ts";
import type { Room } from "./room.ts";
import type { RoomMemberIdentity } from "./room_port.ts";

/** A player who wants to come into a room. */
export interface RoomApplicant<P, K> {
  /** Whom the ticket or the authorize hook vouches for; empty for anonymous peers. */
  readonly userId: string;
  /** What the issuer of the peer's ticket tells of it. */
  readonly userData: Uint8Array;
  /** What the player tells of itself. */
  readonly profile: RoomProfileOf<P, K>;
  /** Whether it wants to watch only. */
  readonly isSpectator: boolean;
  /** Whether it creates the room. */
  readonly isCreator: boolean;
  /** What was chosen when the room was created, or is chosen now. */
  readonly options: RoomOptionsOf<P, K>;
  /** What the room tells of itself. */
  readonly metadata: RoomMetadataOf<P, K>;
}

/** Numbers and switches of a kind of room. */
export interface RoomSettings {
  /** Seats for players, 1 to the kind's `maxMembers`. Default: `maxMembers` less `spectators`. */
  readonly capacity?: number;
  /** Members who may watch beside them. Default 0. */
  readonly spectators?: number;
  /** Whether players may create such rooms. Default true. */
  readonly clientsCreate?: boolean;
  /** For how long the seat of a player is kept whose connection is lost. Default 30,000 ms; 0 not at all. */
  readonly keepSeatMs?: number;
  /**
   * How long a room goes on that nobody is in and nobody has reserved a seat in. Default 0: it ends with
   * its last member; one that nobody has been in yet waits 30 s. `Infinity`: until it is ended.
   */
  readonly emptyTimeoutMs?: number;
  /**
   * Whether such rooms run on a worker of their own, whose failure ends that room only: the URL of the
   * module whose default export is this definition, `import.meta.url` as a rule. Default: beside the server.
   * Messages cross as bytes, both ways once a tick.
   */
  readonly isolate?: string | URL;
}

/** What {@link defineRoom} takes. */
export interface RoomOptions<P extends ProtocolCore, K extends string, MemberData>
  extends RoomSettings {
  /** What a new room tells of itself. Default: the defaults of the metadata's fields. */
  readonly metadata?: (options: RoomOptionsOf<P, K>) => RoomMetadataOf<P, K>;
  /**
   * Who may come in, in the server's thread for rooms on workers too. `false`, or a text that the player
   * reads, keeps it out. Default: everybody for whom there is a seat.
   */
  readonly admit?: (applicant: RoomApplicant<P, K>) => boolean | string;
  /** Makes what the game keeps with a new member, before its `"joined"` event. Default: `undefined`. */
  readonly memberData?: (
    who: RoomMemberIdentity & { readonly profile: RoomProfileOf<P, K> },
  ) => MemberData;
  /** Registers the game's handlers on a new room. When it throws there is no room. */
  start(room: Room<P, K, MemberData>, options: RoomOptionsOf<P, K>): void;
}

/** Rooms of one kind, defined. */
export interface RoomDefinition<P extends ProtocolCore, K extends string, MemberData>
  extends RoomOptions<P, K, MemberData> {
  /** Tells definitions from other values, also across copies of this module. */
  readonly kind: "tickwire-room-1";
  /** The protocol, declared with `withRooms`. */
  readonly protocol: P;
  /** The kind of room. */
  readonly room: K;
}

/** Any definition. Its functions take what its own kind has, so nobody else may call them unchecked. */
export interface AnyRoomDefinition extends RoomSettings {
  /** Tells definitions from other values. */
  readonly kind: "tickwire-room-1";
  /** The protocol. */
  readonly protocol: ProtocolCore;
  /** The kind of room. */
  readonly room: string;
  /** What a new room tells of itself. */
  readonly metadata?: (options: never) => unknown;
  /** Who may come in. */
  readonly admit?: (applicant: never) => boolean | string;
  /** Makes what the game keeps with a new member. */
  readonly memberData?: (who: never) => unknown;
  /** Registers the game's handlers on a new room. */
  start(room: never, options: never): void;
}

/** Longest wait that timers can count. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Defines what rooms of one kind do.
 *
 * @example
 * ```ts
 * import { defineRoom, message, protocol, roomKind, t, withRooms } from "../../mod.ts";
 *
 * const Match = roomKind({ profile: { name: t.string({ maxBytes: 24 }) }, maxMembers: 8 });
 * const Say = message({ text: t.string({ maxBytes: 200 }) }, {
 *   from: "both",
 *   delivery: "reliable-ordered",
 * });
 * const Game = protocol("game", { version: 1 }, withRooms({ Match }, { Say }));
 *
 * export default defineRoom(Game, "Match", {
 *   memberData: () => ({ score: 0 }),
 *   start(room) {
 *     room.on(Game.Say, (member, { text }) => {
 *       room.broadcast(Game.Say, { text: `${member.profile.name}: ${text}` });
 *     });
 *   },
 * });
 * ```
 *
 * @throws TypeError for a kind that the protocol does not have, RangeError for numbers out of bounds.
 */
export function defineRoom<
  P extends ProtocolCore,
  K extends RoomKindName<P>,
  MemberData = undefined,
>(
  protocol: P,
  room: K,
  options: RoomOptions<P, K, MemberData>,
): RoomDefinition<P, K, MemberData> {
  const kind = roomKindsOf(protocol)?.[room];
  if (kind === undefined) {
    throw new TypeError(`Cannot define room "${room}": the protocol has no such kind of room`);
  }
  if (typeof options.start !== "function") {
    throw new TypeError(`Cannot define room "${room}": it has no "start"`);
  }
  const { spectators = 0, keepSeatMs = 0, emptyTimeoutMs = 0 } = options;
  const { capacity = kind.maxMembers - spectators } = options;
  if (!Number.isInteger(capacity) || !Number.isInteger(spectators) || capacity < 1) {
    throw new RangeError(`Cannot define room "${room}": "capacity" is an integer of 1 and more`);
  }
  if (spectators < 0 || capacity + spectators > kind.maxMembers) {
    throw new RangeError(
      `Cannot define room "${room}": ${capacity} players and ${spectators} spectators are more than ` +
        `its "maxMembers", ${kind.maxMembers}`,
    );
  }
  checkTimeout(room, "keepSeatMs", keepSeatMs);
  checkTimeout(room, "emptyTimeoutMs", emptyTimeoutMs);
  return {
    ...options,
    start: options.start.bind(options),
    kind: "tickwire-room-1",
    protocol,
    room,
  };
}

/** Whether a value, such as the default export of a module, is a defined room. */
export function isRoomDefinition(value: unknown): value is AnyRoomDefinition {
  return typeof value === "object" && value !== null && "kind" in value &&
    value.kind === "tickwire-room-1";
}

/** Seats for players in a room that nobody asked to be smaller. */
export function capacityOf(
  { protocol, room, capacity, spectators = 0 }: AnyRoomDefinition,
): number {
  return capacity ?? roomKindsOf(protocol)![room]!.maxMembers - spectators;
}

function checkTimeout(room: string, option: string, valueMs: number): void {
  if (valueMs === Infinity || (valueMs >= 0 && valueMs <= MAX_TIMEOUT_MS)) return;
  throw new RangeError(
    `Cannot define room "${room}": "${option}" is 0 to ${MAX_TIMEOUT_MS} ms, or Infinity`,
  );
}
