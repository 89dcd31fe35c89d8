/**
 * The rooms of a server as a client sees them: lists, the way in and out, and back in.
 *
 * @module
 */
import {
  type BoundMessage,
  type ProtocolCore,
  type RoomKindName,
  roomKindsOf,
  type RoomMetadataOf,
  type RoomOptionsOf,
  type RoomProfileOf,
} from "../../schema/mod.ts";
import type { RoomKinds } from "../../schema/messages/rooms.ts";
import {
  type AnswerValue,
  type AskValue,
  MAX_LISTED_ROOMS,
  type NoticeValue,
  ROOM_SECRET_BYTES,
  type RoomAnswer,
  type RoomAsk,
} from "../../schema/messages/rooms_values.ts";
import type { Clock, TimerId } from "../../transport/clock.ts";
import type { Client } from "../client.ts";
import { createJoinedRoom, type JoinedRoom, type JoinedRoomControls } from "./joined_room.ts";
import { RoomError } from "./room_error.ts";

/** How long the server may take to answer. */
const ANSWER_TIMEOUT_MS = 10_000;

/** What a client tells of itself. May be left out where the kind has nothing to tell. */
export interface JoinOptions<P, K> {
  /** What everybody in the room sees of the client. */
  readonly profile?: RoomProfileOf<P, K>;
  /** Whether the client only wants to watch. Default false. */
  readonly spectate?: boolean;
}

/** What room a client wants, and what it tells of itself. */
export interface JoinOrCreateOptions<P, K> {
  /** What the room is to be like. May be left out where the kind has nothing to choose. */
  readonly options?: RoomOptionsOf<P, K>;
  /** What everybody in the room sees of the client. */
  readonly profile?: RoomProfileOf<P, K>;
}

/** What room a client creates, and what it tells of itself. */
export interface CreateOptions<P, K> extends JoinOrCreateOptions<P, K> {
  /** Whether the room is in no list, and has a code that lets friends in. Default false. */
  readonly isPrivate?: boolean;
  /** Seats for players. Default: as many as such a room may have. */
  readonly capacity?: number;
}

/** What {@link ClientRooms.list} looks for. */
export interface ListOptions<P, K> {
  /** Rooms of this kind only; needed for `where`. */
  readonly kind?: K;
  /** Rooms whose metadata has these values. */
  readonly where?: Partial<RoomMetadataOf<P, K>>;
  /** Rooms that somebody could join now. Default false. */
  readonly hasSpace?: boolean;
  /** How many rooms to leave out. Default 0. */
  readonly offset?: number;
  /** How many rooms to return at most, 1 to 50. Default 50. */
  readonly limit?: number;
}

/** A room in a list. */
export interface RoomListing<P, K> {
  /** Number of the room. */
  readonly id: number;
  /** Its kind. */
  readonly kind: K;
  /** What was chosen when it was created. */
  readonly options: RoomOptionsOf<P, K>;
  /** What it tells of itself. */
  readonly metadata: RoomMetadataOf<P, K>;
  /** Seats that are taken, kept or reserved. */
  readonly players: number;
  /** Members who watch. */
  readonly spectators: number;
  /** Seats in all. */
  readonly capacity: number;
  /** Whether it takes nobody at the moment. */
  readonly isLocked: boolean;
}

/** A page of rooms, the oldest first. */
export interface RoomListPage<P, K> {
  /** How many rooms there are on all pages. */
  readonly total: number;
  /** Those of this page. */
  readonly rooms: readonly AnyRoomListing<P, K>[];
}

/** One listing for each kind, told apart by `kind`. */
export type AnyRoomListing<P, K> = K extends string ? RoomListing<P, K> : never;

/** One room type for each kind, told apart by `kind`. */
export type AnyJoinedRoom<P extends ProtocolCore, K = RoomKindName<P>> = K extends string
  ? JoinedRoom<P, K>
  : never;

interface Pending {
  resolve(answer: RoomAnswer<RoomKinds>): void;
  reject(error: unknown): void;
  readonly timer: TimerId;
}

interface Messages {
  readonly RoomsAsk: BoundMessage<AskValue<RoomKinds>, "client">;
  readonly RoomsAnswer: BoundMessage<AnswerValue<RoomKinds>, "server">;
  readonly RoomsNotice: BoundMessage<NoticeValue<RoomKinds>, "server">;
}

/**
 * The rooms of a server. Made by `client.rooms`. Add handlers of the game's messages before joining: what
 * the room sends to a newcomer may be there before the answer.
 */
export class ClientRooms<P extends ProtocolCore = ProtocolCore> {
  readonly #client: Client<P>;
  readonly #clock: Clock;
  readonly #messages: Messages;
  readonly #pending = new Map<number, Pending>();
  readonly #fail: (error: unknown, where: string) => void;
  #current: { room: AnyJoinedRoom<P>; controls: JoinedRoomControls } | undefined;
  #nextAsk = 1;

  /** Use `client.rooms` instead. */
  constructor(
    client: Client<P>,
    clock: Clock,
    fail: (error: unknown, where: string) => void,
  ) {
    if (roomKindsOf(client.protocol) === undefined) {
      throw new TypeError(`Protocol "${client.protocol.name}" has no rooms: see withRooms()`);
    }
    this.#client = client;
    this.#clock = clock;
    this.#fail = fail;
    // The boundary: `withRooms` declared them.
    this.#messages = client.protocol as unknown as Messages;
    client.on(this.#messages.RoomsAnswer, (value) => this.#onAnswer(value));
    client.on(this.#messages.RoomsNotice, (value) => this.#onNotice(value));
    client.on("reconnecting", () => this.#onLost());
    client.on("reconnected", () => this.#rejoin());
    client.on("disconnected", () => {
      this.#onLost();
      this.#leaveCurrent("lost", "the connection ended");
    });
  }

  /** The room that the client is in. */
  get current(): AnyJoinedRoom<P> | undefined {
    return this.#current?.room;
  }

  /**
   * Lists public rooms, the oldest first.
   *
   * @throws RoomError; TypeError or RangeError for values that the kind does not allow.
   */
  async list<K extends RoomKindName<P>>(
    options: ListOptions<P, K> = {},
  ): Promise<RoomListPage<P, AnyKind<P, K>>> {
    const { kind, where = {}, hasSpace = false, offset = 0, limit = MAX_LISTED_ROOMS } = options;
    const of = kind === undefined ? {} : { of: { kind, where } };
    const answer = await this.#ask({ op: "list", hasSpace, offset, limit, ...of });
    if (answer.result !== "listed") throw unexpected();
    // The server answers with rooms of the kinds that were asked for.
    const rooms = answer.rooms as unknown as AnyRoomListing<P, AnyKind<P, K>>[];
    return { total: answer.total, rooms };
  }

  /** Creates a room and joins it. @throws RoomError; TypeError or RangeError for bad values. */
  create<K extends RoomKindName<P>>(
    kind: K,
    options: CreateOptions<P, K> = {},
  ): Promise<JoinedRoom<P, K>> {
    const { isPrivate = false, capacity = 0 } = options;
    return this.#enter<K>({ op: "create", as: making(kind, options), isPrivate, capacity });
  }

  /**
   * Joins the oldest public room of these options that has a seat, or creates one.
   *
   * @throws RoomError; TypeError or RangeError for values that the kind does not allow.
   */
  joinOrCreate<K extends RoomKindName<P>>(
    kind: K,
    options: JoinOrCreateOptions<P, K> = {},
  ): Promise<JoinedRoom<P, K>> {
    return this.#enter<K>({ op: "joinOrCreate", as: making(kind, options) });
  }

  /** Joins a public room by its number. @throws RoomError; TypeError or RangeError for bad values. */
  join<K extends RoomKindName<P>>(
    kind: K,
    room: number,
    options: JoinOptions<P, K> = {},
  ): Promise<JoinedRoom<P, K>> {
    const spectates = options.spectate ?? false;
    return this.#enter<K>({ op: "join", room, as: entering(kind, options), spectates });
  }

  /**
   * Joins a room by the code that a friend told; case, spaces and hyphens do not matter.
   *
   * @throws RoomError, `"busy"` after too many wrong codes; TypeError or RangeError for bad values.
   */
  joinByCode<K extends RoomKindName<P>>(
    kind: K,
    code: string,
    options: JoinOptions<P, K> = {},
  ): Promise<JoinedRoom<P, K>> {
    const spectates = options.spectate ?? false;
    const short = code.replace(/[\s-]/g, "");
    return this.#enter<K>({
      op: "joinByCode",
      code: short,
      as: entering(kind, options),
      spectates,
    });
  }

  /**
   * Takes a seat that the server reserved.
   *
   * @param ticket As the server gave it out.
   * @throws RoomError, `"expired"` when the seat is not kept any more; TypeError for what is no ticket.
   */
  joinReserved<K extends RoomKindName<P>>(
    kind: K,
    ticket: string,
    options: Pick<JoinOptions<P, K>, "profile"> = {},
  ): Promise<JoinedRoom<P, K>> {
    const bytes = ticketBytes(ticket);
    return this.#enter<K>({ op: "joinReserved", ticket: bytes, as: entering(kind, options) });
  }

  /** Leaves the room. @throws RoomError `"not-seated"` when the client is in none. */
  async leave(): Promise<void> {
    await this.#ask({ op: "leave" });
  }

  /** Says that the client is ready, or not any more. @throws RoomError when it is in no room, or watches. */
  async ready(isReady = true): Promise<void> {
    await this.#ask({ op: "ready", isReady });
  }

  async #enter<K extends RoomKindName<P>>(
    ask: RoomAsk<RoomKinds>,
  ): Promise<JoinedRoom<P, K>> {
    await this.#ask(ask);
    const room = this.#current?.room;
    // The next message may have ended it: then there is a room, and it is over.
    if (room === undefined) throw new RoomError("not-found", "The room ended at once");
    return room as unknown as JoinedRoom<P, K>;
  }

  #ask(ask: RoomAsk<RoomKinds>): Promise<RoomAnswer<RoomKinds>> {
    const id = this.#nextAsk++;
    const { promise, resolve, reject } = Promise.withResolvers<RoomAnswer<RoomKinds>>();
    try {
      const sent = this.#client.send(this.#messages.RoomsAsk, { id, ask });
      if (sent !== "queued") return Promise.reject(lost());
    } catch (error) {
      return Promise.reject(error);
    }
    const timer = this.#clock.setTimer(this.#clock.nowMs() + ANSWER_TIMEOUT_MS, () => {
      this.#pending.delete(id);
      reject(new RoomError("timeout", `The server did not answer "${ask.op}" in time`));
    });
    this.#pending.set(id, { resolve, reject, timer });
    return promise;
  }

  #onAnswer({ id, answer }: AnswerValue<RoomKinds>): void {
    // Also for a question that has timed out: the client is in the room all the same.
    if (answer.result === "joined") this.#enterRoom(answer);
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    this.#clock.clearTimer(pending.timer);
    if (answer.result !== "refused") pending.resolve(answer);
    else {
      const { reason, text, retryAfterMs } = answer;
      const message = `The server refused (${reason}): ${text}`;
      pending.reject(new RoomError(reason, message, retryAfterMs));
    }
  }

  #enterRoom(joined: Extract<RoomAnswer<RoomKinds>, { result: "joined" }>): void {
    const current = this.#current;
    if (current?.room.id === joined.room.id && current.room.me?.id === joined.me) {
      if (current.room.state === "away") current.controls.restore(joined);
      return;
    }
    this.#leaveCurrent("moved", "");
    const { room, controls } = createJoinedRoom<P, RoomKindName<P>>(joined, {
      leave: () => this.leave(),
      ready: (isReady) => this.ready(isReady),
      fail: this.#fail,
    });
    // It is of one of the kinds, which is what its `kind` says.
    this.#current = { room: room as unknown as AnyJoinedRoom<P>, controls };
  }

  #onNotice({ room, notice }: NoticeValue<RoomKinds>): void {
    const current = this.#current;
    if (current === undefined || current.room.id !== room) return;
    if (notice.event === "out") this.#leaveCurrent(notice.reason, notice.text);
    else current.controls.notice(notice);
  }

  #onLost(): void {
    for (const { reject, timer } of this.#pending.values()) {
      this.#clock.clearTimer(timer);
      reject(lost());
    }
    this.#pending.clear();
    this.#current?.controls.suspend();
  }

  #rejoin(): void {
    const current = this.#current;
    if (current === undefined) return;
    const { room: { id }, controls: { seat } } = current;
    this.#ask({ op: "rejoin", room: id, seat }).catch((error) => {
      // Another loss: then it is tried again. A new room in between: then the old one is over already.
      const isLost = error instanceof RoomError && error.code === "lost";
      if (isLost || this.#current !== current) return;
      this.#leaveCurrent("lost", "the seat was not kept");
    });
  }

  #leaveCurrent(
    reason: "moved" | "lost" | Parameters<JoinedRoomControls["finish"]>[0],
    text: string,
  ): void {
    const current = this.#current;
    this.#current = undefined;
    current?.controls.finish(reason, text);
  }
}

/** All kinds where none was named. */
export type AnyKind<P, K> = [K] extends [never] ? RoomKindName<P> : K;

function making(
  kind: string,
  { options = {}, profile = {} }: { options?: unknown; profile?: unknown },
): Extract<RoomAsk<RoomKinds>, { op: "create" }>["as"] {
  // The codec checks what the types of this kind have let pass.
  return {
    kind,
    options: options as Record<string, unknown>,
    profile: profile as Record<string, unknown>,
  };
}

function entering(
  kind: string,
  { profile = {} }: { profile?: unknown },
): Extract<RoomAsk<RoomKinds>, { op: "join" }>["as"] {
  return { kind, profile: profile as Record<string, unknown> };
}

function ticketBytes(ticket: string): Uint8Array {
  let bytes: Uint8Array | undefined;
  try {
    bytes = Uint8Array.fromBase64(ticket, { alphabet: "base64url" });
  } catch {
    // The check below says it.
  }
  if (bytes?.byteLength !== ROOM_SECRET_BYTES) {
    throw new TypeError("Cannot join by reservation: this is no ticket of a reservation");
  }
  return bytes;
}

function lost(): RoomError {
  return new RoomError("lost", "The session was lost before the server answered");
}

function unexpected(): RoomError {
  return new RoomError("failed", "The server answered something else than what was asked");
}
