/**
 * Rooms: what a lobby and its players say to each other, in any game's protocol.
 *
 * {@link roomKind} declares what rooms of one kind have, {@link withRooms} adds three messages to a
 * game's own. They travel on a channel of their own, `rooms`, reliable and in order. Options, metadata
 * and profiles are part of the game's wire: two ends that disagree about them never connect.
 *
 * @module
 */
import { t } from "../builders/t.ts";
import type { Field } from "../field.ts";
import type { Carrier, Fields, Flatten } from "../infer.ts";
import { checkInteger } from "../limits.ts";
import { message, type MessageDefinition } from "../message.ts";
import type { Definitions, ProtocolCore } from "../protocol.ts";
import {
  type AnswerValue,
  type AskValue,
  MAX_LISTED_ROOMS,
  MAX_ROOM_CODE_BYTES,
  MAX_ROOM_REASON_BYTES,
  type NoticeValue,
  ROOM_DEPARTURES,
  ROOM_REFUSALS,
  ROOM_SECRET_BYTES,
} from "./rooms_values.ts";

/** Most members, spectators included, that a kind may allow. */
export const MAX_ROOM_MEMBERS = 4_096;

/** Members of a room whose kind does not say. */
const DEFAULT_MAX_MEMBERS = 64;

/** What {@link roomKind} takes. */
export interface RoomKindOptions<O extends Fields, M extends Fields, R extends Fields> {
  /** What is chosen when a room is created and never changes: a map, a number of rounds. Default: nothing. */
  readonly options?: O;
  /** What the room tells of itself while it runs, in lists too: a phase, a score. Default: nothing. */
  readonly metadata?: M;
  /** What each member tells of itself to the others: a name, a color. Default: nothing. */
  readonly profile?: R;
  /** Most members of one room, spectators included, 1 to 4,096. Default 64. */
  readonly maxMembers?: number;
}

/** A declared kind of room. */
export interface RoomKind<
  O extends Fields = Fields,
  M extends Fields = Fields,
  R extends Fields = Fields,
> {
  /** What is chosen when a room is created. */
  readonly options: O;
  /** What the room tells of itself. */
  readonly metadata: M;
  /** What each member tells of itself. */
  readonly profile: R;
  /** Most members of one room, spectators included. */
  readonly maxMembers: number;
}

/** Kinds of rooms by name. */
export type RoomKinds = Readonly<Record<string, RoomKind>>;

/** The three messages that {@link withRooms} adds. */
export interface RoomMessages<K extends RoomKinds> {
  /** What a player wants of the lobby. */
  readonly RoomsAsk: MessageDefinition<AskValue<K>, "client">;
  /** What came of it. */
  readonly RoomsAnswer: MessageDefinition<AnswerValue<K>, "server">;
  /** What happens in the player's room. */
  readonly RoomsNotice: MessageDefinition<NoticeValue<K>, "server">;
}

/** Kinds by the struct of their `RoomsAsk`, which a protocol keeps. */
const kindsByStruct = new WeakMap<object, RoomKinds>();

/**
 * Declares a kind of room.
 *
 * @throws RangeError or TypeError for fields or a number out of bounds.
 *
 * @example
 * ```ts
 * import { roomKind, t } from "../mod.ts";
 * const Match = roomKind({
 *   options: { map: t.enum("desert", "forest") },
 *   metadata: { phase: t.enum("waiting", "playing") },
 *   profile: { name: t.string({ maxBytes: 24 }) },
 *   maxMembers: 8,
 * });
 * console.assert(Match.maxMembers === 8);
 * ```
 */
export function roomKind<
  O extends Fields = Record<never, never>,
  M extends Fields = Record<never, never>,
  R extends Fields = Record<never, never>,
>(kind: RoomKindOptions<O, M, R> = {}): RoomKind<O, M, R> {
  const { maxMembers = DEFAULT_MAX_MEMBERS } = kind;
  checkInteger("room maxMembers", maxMembers, 1, MAX_ROOM_MEMBERS);
  // What is left out is a record without properties, which is what the type parameter then is.
  const { options = {} as O, metadata = {} as M, profile = {} as R } = kind;
  for (const fields of [options, metadata, profile]) t.struct(fields);
  return Object.freeze({ options, metadata, profile, maxMembers });
}

/**
 * Adds rooms to a game's messages: give what it returns to `protocol()`.
 *
 * @param kinds Kinds of rooms by name.
 * @param definitions The game's own messages and entities.
 * @throws TypeError when there is no kind, or the game has a message of one of the three names.
 *
 * @example
 * ```ts
 * import { message, protocol, roomKind, t, withRooms } from "../mod.ts";
 * const Match = roomKind({ profile: { name: t.string({ maxBytes: 24 }) } });
 * const Say = message({ text: t.string({ maxBytes: 200 }) }, {
 *   from: "both",
 *   delivery: "reliable-ordered",
 * });
 * const Game = protocol("game", { version: 1 }, withRooms({ Match }, { Say }));
 * console.assert(Game.RoomsAsk.from === "client");
 * ```
 */
export function withRooms<const K extends RoomKinds, D extends Definitions>(
  kinds: K,
  definitions: D,
): Flatten<D & RoomMessages<K>> {
  if (Object.keys(kinds).length === 0) {
    throw new TypeError("Cannot declare rooms: there is no kind of room");
  }
  for (const name of ["RoomsAsk", "RoomsAnswer", "RoomsNotice"]) {
    if (Object.hasOwn(definitions, name)) {
      throw new TypeError(`Cannot declare rooms: the game has a message "${name}" of its own`);
    }
  }
  const messages = roomMessages(kinds);
  kindsByStruct.set(messages.RoomsAsk.struct, kinds);
  // Spreading joins the two, which Flatten says of the types.
  return { ...definitions, ...messages } as Flatten<D & RoomMessages<K>>;
}

/** The kinds of rooms that a protocol was declared with; `undefined` without {@link withRooms}. */
export function roomKindsOf(protocol: ProtocolCore): RoomKinds | undefined {
  const ask = protocol.messages.find(({ name }) => name === "RoomsAsk");
  return ask && kindsByStruct.get(ask.struct);
}

const TRAVELS = { delivery: "reliable-ordered", channel: "rooms" } as const;

/** The boundary between builders, which take any kinds, and the types of these kinds. */
function roomMessages<K extends RoomKinds>(kinds: K): RoomMessages<K> {
  return {
    RoomsAsk: message({ id: t.u32(), ask: askField(kinds) }, { ...TRAVELS, from: "client" }),
    RoomsAnswer: message({ id: t.u32(), answer: answerField(kinds) }, {
      ...TRAVELS,
      from: "server",
    }),
    RoomsNotice: message({ room: t.u32(), notice: noticeField(kinds) }, {
      ...TRAVELS,
      from: "server",
    }),
  } as unknown as RoomMessages<K>;
}

const secret = t.bytes({ length: ROOM_SECRET_BYTES });
const code = t.string({ maxBytes: MAX_ROOM_CODE_BYTES });
const reason = t.string({ maxBytes: MAX_ROOM_REASON_BYTES });
const count = t.int(0, MAX_ROOM_MEMBERS);

function askField(kinds: RoomKinds): Field<unknown> {
  const entry = perKind(kinds, ({ profile }) => ({ profile: t.struct(profile) }));
  const making = perKind(kinds, ({ options, profile }) => ({
    options: t.struct(options),
    profile: t.struct(profile),
  }));
  const wanted = perKind(kinds, ({ metadata }) => ({ where: t.struct(allOptional(metadata)) }));
  return t.union("op", {
    list: {
      of: wanted.optional(),
      hasSpace: t.bool(),
      offset: t.varint(),
      limit: t.int(1, MAX_LISTED_ROOMS),
    },
    create: { as: making, isPrivate: t.bool(), capacity: count },
    joinOrCreate: { as: making },
    join: { room: t.u32(), as: entry, spectates: t.bool() },
    joinByCode: { code, as: entry, spectates: t.bool() },
    joinReserved: { ticket: secret, as: entry },
    rejoin: { room: t.u32(), seat: secret },
    leave: {},
    ready: { isReady: t.bool() },
  });
}

function answerField(kinds: RoomKinds): Field<unknown> {
  return t.union("result", {
    done: {},
    refused: { reason: t.enum(...ROOM_REFUSALS), text: reason, retryAfterMs: t.u32() },
    listed: {
      total: t.varint(),
      rooms: t.array(perKind(kinds, listingFields), { max: MAX_LISTED_ROOMS }),
    },
    joined: {
      room: perKind(kinds, (kind) => ({
        ...listingFields(kind),
        isPrivate: t.bool(),
        members: t.array(memberField(kind), { max: kind.maxMembers }),
      })),
      me: t.u32(),
      seat: secret,
      code: code.optional(),
    },
  });
}

function noticeField(kinds: RoomKinds): Field<unknown> {
  return t.union("event", {
    member: { of: perKind(kinds, (kind) => ({ member: memberField(kind) })) },
    gone: { id: t.u32(), reason: t.enum(...ROOM_DEPARTURES) },
    metadata: { of: perKind(kinds, ({ metadata }) => ({ metadata: t.struct(metadata) })) },
    locked: { isLocked: t.bool() },
    out: { reason: t.enum(...ROOM_DEPARTURES), text: reason },
  });
}

function listingFields({ options, metadata }: RoomKind): Fields {
  return {
    id: t.u32(),
    options: t.struct(options),
    metadata: t.struct(metadata),
    players: count,
    spectators: count,
    capacity: count,
    isLocked: t.bool(),
  };
}

function memberField({ profile }: RoomKind): Field<unknown> {
  return t.struct({
    id: t.u32(),
    isReady: t.bool(),
    isSpectator: t.bool(),
    isAway: t.bool(),
    profile: t.struct(profile),
  });
}

function perKind(kinds: RoomKinds, fieldsOf: (kind: RoomKind) => Fields): Field<unknown> {
  const variants = Object.entries(kinds).map(([name, kind]) => [name, fieldsOf(kind)] as const);
  return t.union("kind", Object.fromEntries(variants));
}

/** Fields of a filter: what is absent may be anything. */
function allOptional(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      field.node.kind === "optional" ? field : field.optional(),
    ]),
  );
}

/** What rooms of each kind are, from the type of a protocol. */
export type RoomShape<P> = P extends { readonly RoomsAnswer: Carrier<{ answer: infer A }> }
  ? Extract<A, { result: "joined" }> extends { room: infer R } ? R : never
  : never;

/** The names of the kinds of rooms of a protocol; `never` without rooms. */
export type RoomKindName<P> = RoomShape<P> extends { kind: infer N extends string } ? N : never;

/** What rooms of one kind are. */
export type RoomShapeOf<P, N> = Extract<RoomShape<P>, { kind: N }>;

/** The options of a kind of room. */
export type RoomOptionsOf<P, N> = RoomShapeOf<P, N> extends { options: infer O } ? O : never;

/** The metadata of a kind of room. */
export type RoomMetadataOf<P, N> = RoomShapeOf<P, N> extends { metadata: infer M } ? M : never;

/** What a member of a kind of room tells of itself. */
export type RoomProfileOf<P, N> = RoomShapeOf<P, N> extends { members: { profile: infer R }[] } ? R
  : never;
