/**
 * The room that a client is in.
 *
 * @module
 */
import { HandlerTable } from "../../protocol/handler_table.ts";
import type {
  ProtocolCore,
  RoomDeparture,
  RoomMetadataOf,
  RoomOptionsOf,
  RoomProfileOf,
} from "../../schema/mod.ts";
import type { RoomKinds } from "../../schema/messages/rooms.ts";
import type { MemberValue, RoomAnswer, RoomNotice } from "../../schema/messages/rooms_values.ts";

/** Somebody in the room, as everybody sees him. A snapshot: a change makes a new one. */
export type RoomMate<P, K> = Readonly<MemberValue<RoomProfileOf<P, K>>>;

/** Where a client stands with its room. */
export type JoinedRoomState =
  /** Inside. */
  | "joined"
  /** The session was lost; the seat is kept for a time, and asked for as soon as there is a new session. */
  | "away"
  /** Over. */
  | "left";

/** Events of a room that a client is in. What a handler throws is contained, counted and reported. */
export interface JoinedRoomEvents<P, K> {
  /** Somebody came in. */
  joined: (member: RoomMate<P, K>) => void;
  /** Somebody is different from before: ready, away, or tells something else of himself. */
  changed: (member: RoomMate<P, K>, before: RoomMate<P, K>) => void;
  /** Somebody is gone. */
  left: (member: RoomMate<P, K>, reason: RoomDeparture) => void;
  /** The room tells something else of itself. */
  metadata: (metadata: RoomMetadataOf<P, K>) => void;
  /** The room takes nobody any more, or somebody again. */
  locked: (isLocked: boolean) => void;
  /** The session was lost, and with it what was under way. */
  away: () => void;
  /** The client has its seat back. */
  back: () => void;
  /** The client is in this room no more. The last event. */
  out: (reason: RoomDeparture, text: string) => void;
  /** A handler threw or rejected. */
  error: (error: unknown, where: string) => void;
}

/** Every event. */
const EVENTS: readonly (keyof JoinedRoomEvents<ProtocolCore, string>)[] = [
  "joined",
  "changed",
  "left",
  "metadata",
  "locked",
  "away",
  "back",
  "out",
  "error",
];

type Joined = Extract<RoomAnswer<RoomKinds>, { result: "joined" }>;
type AnyMate = Readonly<MemberValue<Record<string, unknown>>>;

/** What a room needs of its client. */
export interface JoinedRoomHost {
  /** Leaves the room. */
  leave(): Promise<void>;
  /** Says whether the client is ready. */
  ready(isReady: boolean): Promise<void>;
  /** A handler failed for which the room has no `"error"` handler. */
  fail(error: unknown, where: string): void;
}

/** The way into a room, for its client. */
export interface JoinedRoomControls {
  /** Gives the seat back to whoever shows it. */
  readonly seat: Uint8Array;
  /** Something happened. */
  notice(notice: RoomNotice<RoomKinds>): void;
  /** The session was lost. */
  suspend(): void;
  /** The client has its seat back; this is how the room is now. */
  restore(joined: Joined): void;
  /** It is over. */
  finish(reason: RoomDeparture, text: string): void;
}

/** For the client: makes a room and the way into it. */
export let createJoinedRoom: <P extends ProtocolCore, K extends string>(
  joined: Joined,
  host: JoinedRoomHost,
) => { room: JoinedRoom<P, K>; controls: JoinedRoomControls };

/** The room that a client is in. Kept up to date until the client leaves it. */
export class JoinedRoom<P extends ProtocolCore = ProtocolCore, K extends string = string> {
  readonly #host: JoinedRoomHost;
  readonly #members = new Map<number, AnyMate>();
  readonly #handlers: HandlerTable<JoinedRoomEvents<P, K>>;
  #joined: Joined;
  #metadata: unknown;
  #isLocked: boolean;
  #state: JoinedRoomState = "joined";

  static {
    createJoinedRoom = <P extends ProtocolCore, K extends string>(
      joined: Joined,
      host: JoinedRoomHost,
    ) => {
      const room = new JoinedRoom<P, K>(joined, host);
      return { room, controls: room.#controls() };
    };
  }

  private constructor(joined: Joined, host: JoinedRoomHost) {
    this.#host = host;
    this.#joined = joined;
    this.#metadata = joined.room.metadata;
    this.#isLocked = joined.room.isLocked;
    this.#handlers = new HandlerTable(EVENTS, (error, where) => host.fail(error, where));
    for (const member of joined.room.members) this.#members.set(member.id, member);
  }

  /** Number of the room. */
  get id(): number {
    return this.#joined.room.id;
  }

  /** Its kind. */
  get kind(): K {
    // The client asked for this kind, and the server answered with it.
    return this.#joined.room.kind as K;
  }

  /** Lets friends in; `undefined` in a public room. */
  get code(): string | undefined {
    return this.#joined.code;
  }

  /** Whether it is in no list. */
  get isPrivate(): boolean {
    return this.#joined.room.isPrivate;
  }

  /** Seats for players. */
  get capacity(): number {
    return this.#joined.room.capacity;
  }

  /** Whether it takes nobody at the moment. */
  get isLocked(): boolean {
    return this.#isLocked;
  }

  /** What was chosen when it was created. */
  get options(): RoomOptionsOf<P, K> {
    // The schema of this kind was checked when it came, and so below.
    return this.#joined.room.options as RoomOptionsOf<P, K>;
  }

  /** What it tells of itself. */
  get metadata(): RoomMetadataOf<P, K> {
    return this.#metadata as RoomMetadataOf<P, K>;
  }

  /** Everybody in it, the client too, by number of the member. */
  get members(): ReadonlyMap<number, RoomMate<P, K>> {
    return this.#members as unknown as ReadonlyMap<number, RoomMate<P, K>>;
  }

  /** The client itself; `undefined` once it has left. */
  get me(): RoomMate<P, K> | undefined {
    return this.members.get(this.#joined.me);
  }

  /** Where the client stands. */
  get state(): JoinedRoomState {
    return this.#state;
  }

  /**
   * Listens to an event.
   *
   * @returns What removes the handler.
   * @throws TypeError for an unknown event.
   */
  on<E extends keyof JoinedRoomEvents<P, K>>(
    event: E,
    handler: JoinedRoomEvents<P, K>[E],
  ): () => void {
    return this.#handlers.addEvent(event, handler);
  }

  /** Says that the client is ready, or not any more. @throws RoomError when it is not in the room. */
  ready(isReady = true): Promise<void> {
    return this.#host.ready(isReady);
  }

  /** Leaves the room. @throws RoomError when there is no session. */
  leave(): Promise<void> {
    return this.#host.leave();
  }

  #controls(): JoinedRoomControls {
    const seat = this.#joined.seat;
    return {
      seat,
      notice: (notice) => this.#onNotice(notice),
      suspend: () => {
        if (this.#state !== "joined") return;
        this.#state = "away";
        this.#handlers.emit("away");
      },
      restore: (joined) => this.#restore(joined),
      finish: (reason, text) => this.#finish(reason, text),
    };
  }

  #onNotice(notice: RoomNotice<RoomKinds>): void {
    switch (notice.event) {
      case "member":
        this.#setMember(notice.of.member);
        break;
      case "gone":
        this.#removeMember(notice.id, notice.reason);
        break;
      case "metadata":
        this.#metadata = notice.of.metadata;
        this.#handlers.emit("metadata", this.metadata);
        break;
      case "locked":
        this.#isLocked = notice.isLocked;
        this.#handlers.emit("locked", notice.isLocked);
        break;
      case "out":
        this.#finish(notice.reason, notice.text);
    }
  }

  #setMember(member: AnyMate): void {
    const before = this.members.get(member.id);
    this.#members.set(member.id, member);
    const now = this.members.get(member.id)!;
    if (before === undefined) this.#handlers.emit("joined", now);
    else this.#handlers.emit("changed", now, before);
  }

  #removeMember(id: number, reason: RoomDeparture): void {
    const member = this.members.get(id);
    if (member === undefined) return;
    this.#members.delete(id);
    this.#handlers.emit("left", member, reason);
  }

  /** What happened meanwhile is told as if it happened now. */
  #restore(joined: Joined): void {
    this.#joined = joined;
    this.#state = "joined";
    const present = new Set(joined.room.members.map(({ id }) => id));
    for (const id of [...this.#members.keys()]) {
      if (!present.has(id)) this.#removeMember(id, "left");
    }
    for (const member of joined.room.members) {
      const before = this.#members.get(member.id);
      if (before === undefined || !isSame(before, member)) this.#setMember(member);
    }
    if (!isSame(this.#metadata, joined.room.metadata)) {
      this.#metadata = joined.room.metadata;
      this.#handlers.emit("metadata", this.metadata);
    }
    if (this.#isLocked !== joined.room.isLocked) {
      this.#isLocked = joined.room.isLocked;
      this.#handlers.emit("locked", this.#isLocked);
    }
    this.#handlers.emit("back");
  }

  #finish(reason: RoomDeparture, text: string): void {
    if (this.#state === "left") return;
    this.#state = "left";
    this.#handlers.emit("out", reason, text);
    this.#members.clear();
  }
}

/** Whether two values of one schema are equal: plain data, whose properties come in one order. */
function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left, unusual) === JSON.stringify(right, unusual);
}

function unusual(_key: string, value: unknown): unknown {
  if (value instanceof Map) return [...value];
  return value instanceof Uint8Array ? value.toHex() : value;
}
