/**
 * Values of the messages about rooms, and the words and numbers in them.
 *
 * @module
 */
import type { InferFields } from "../infer.ts";
import type { RoomKinds } from "./rooms.ts";

/** Most rooms of one page of a list. */
export const MAX_LISTED_ROOMS = 50;

/** Longest code that is looked at: six characters, and what people type around them. */
export const MAX_ROOM_CODE_BYTES = 16;

/** Longest text of a refusal or farewell in bytes of UTF-8. */
export const MAX_ROOM_REASON_BYTES = 200;

/** Size of the secrets that hold a seat or a reservation: nobody guesses 128 bits. */
export const ROOM_SECRET_BYTES = 16;

/**
 * Characters of room codes: neither vowels, so that no code is a word, nor what looks like another
 * character in some font.
 */
export const ROOM_CODE_ALPHABET = "34679CDFGHJKMNPRTWXY";

/** Characters of a room code: 64 million of them. */
export const ROOM_CODE_LENGTH = 6;

/** Why a lobby refuses what it is asked. The names are part of the API of clients. */
export const ROOM_REFUSALS = [
  /** No such room, or none with this code. */
  "not-found",
  /** No seat is free. */
  "full",
  /** The room takes nobody at the moment. */
  "locked",
  /** The game does not want this player, or clients at all, to do that. */
  "denied",
  /** Too much was asked in too short a time. */
  "busy",
  /** The reservation or seat is not held any more. */
  "expired",
  /** The player is in no room. */
  "not-seated",
  /** The room could not be started. */
  "failed",
] as const;

/** One of {@link ROOM_REFUSALS}. */
export type RoomRefusal = typeof ROOM_REFUSALS[number];

/** How somebody's time in a room ended. */
export const ROOM_DEPARTURES = [
  /** On his own will, or with his connection. */
  "left",
  /** He joined another room. */
  "moved",
  /** The game threw him out. */
  "kicked",
  /** His connection was lost and he did not come back in time. */
  "lost",
  /** The room ended. */
  "ended",
  /** The room's worker failed. */
  "crashed",
] as const;

/** One of {@link ROOM_DEPARTURES}. */
export type RoomDeparture = typeof ROOM_DEPARTURES[number];

/** One object for each kind, told apart by `kind`. */
export type PerKind<K extends RoomKinds, V extends Record<keyof K & string, object>> = {
  [N in keyof K & string]: { kind: N } & V[N];
}[keyof K & string];

/** A room in a list. */
export type ListingValue<K extends RoomKinds> = PerKind<
  K,
  {
    [N in keyof K & string]: {
      /** Number of the room. */
      id: number;
      /** What was chosen when it was created. */
      options: InferFields<K[N]["options"]>;
      /** What it tells of itself. */
      metadata: InferFields<K[N]["metadata"]>;
      /** Seats that are taken, held or reserved. */
      players: number;
      /** Members who watch. */
      spectators: number;
      /** Seats in all. */
      capacity: number;
      /** Whether it takes nobody. */
      isLocked: boolean;
    };
  }
>;

/** A member as the others see it. */
export interface MemberValue<Profile> {
  /** Number of the member. */
  id: number;
  /** Whether he said that he is ready. */
  isReady: boolean;
  /** Whether he only watches. */
  isSpectator: boolean;
  /** Whether his connection is silent or lost; his seat is kept for a time. */
  isAway: boolean;
  /** What he tells of himself. */
  profile: Profile;
}

/** What a room is to be like, and what its creator tells of himself. */
export type Making<K extends RoomKinds> = PerKind<
  K,
  {
    [N in keyof K & string]: {
      options: InferFields<K[N]["options"]>;
      profile: InferFields<K[N]["profile"]>;
    };
  }
>;

/** What somebody who comes in tells of himself. */
export type Entry<K extends RoomKinds> = PerKind<
  K,
  { [N in keyof K & string]: { profile: InferFields<K[N]["profile"]> } }
>;

/** What rooms somebody looks for. */
export type Wanted<K extends RoomKinds> = PerKind<
  K,
  { [N in keyof K & string]: { where: Partial<InferFields<K[N]["metadata"]>> } }
>;

/** What a player may ask. */
export type RoomAsk<K extends RoomKinds> =
  | { op: "list"; of?: Wanted<K>; hasSpace: boolean; offset: number; limit: number }
  | { op: "create"; as: Making<K>; isPrivate: boolean; capacity: number }
  | { op: "joinOrCreate"; as: Making<K> }
  | { op: "join"; room: number; as: Entry<K>; spectates: boolean }
  | { op: "joinByCode"; code: string; as: Entry<K>; spectates: boolean }
  | { op: "joinReserved"; ticket: Uint8Array; as: Entry<K> }
  | { op: "rejoin"; room: number; seat: Uint8Array }
  | { op: "leave" }
  | { op: "ready"; isReady: boolean };

/** `RoomsAsk`. */
export interface AskValue<K extends RoomKinds> {
  /** Chosen by the client; the answer has the same. */
  id: number;
  /** What is asked. */
  ask: RoomAsk<K>;
}

/** The room that a player came into. */
export type SeatValue<K extends RoomKinds> =
  & ListingValue<K>
  & PerKind<
    K,
    {
      [N in keyof K & string]: {
        isPrivate: boolean;
        members: MemberValue<InferFields<K[N]["profile"]>>[];
      };
    }
  >;

/** What a lobby answers. */
export type RoomAnswer<K extends RoomKinds> =
  | { result: "done" }
  | { result: "refused"; reason: RoomRefusal; text: string; retryAfterMs: number }
  | { result: "listed"; total: number; rooms: ListingValue<K>[] }
  | { result: "joined"; room: SeatValue<K>; me: number; seat: Uint8Array; code?: string };

/** `RoomsAnswer`. */
export interface AnswerValue<K extends RoomKinds> {
  /** As in the question. */
  id: number;
  /** What came of it. */
  answer: RoomAnswer<K>;
}

/** What happens in a player's room. */
export type RoomNotice<K extends RoomKinds> =
  | {
    event: "member";
    of: PerKind<
      K,
      { [N in keyof K & string]: { member: MemberValue<InferFields<K[N]["profile"]>> } }
    >;
  }
  | { event: "gone"; id: number; reason: RoomDeparture }
  | {
    event: "metadata";
    of: PerKind<K, { [N in keyof K & string]: { metadata: InferFields<K[N]["metadata"]> } }>;
  }
  | { event: "locked"; isLocked: boolean }
  | { event: "out"; reason: RoomDeparture; text: string };

/** `RoomsNotice`. */
export interface NoticeValue<K extends RoomKinds> {
  /** Number of the room: what is told of another one comes too late. */
  room: number;
  /** What happened. */
  notice: RoomNotice<K>;
}
