/**
 * A member of a room as the room's game sees it.
 *
 * @module
 */
import type { SendResult } from "../../protocol/send_channel.ts";
import type { ProtocolCore, RoomProfileOf, ServerMessage } from "../../schema/mod.ts";
import type { Peer } from "../peer.ts";
import type { RoomMemberIdentity, RoomPort } from "./room_port.ts";

/** What the room knows of a member and the game does not change. */
export interface MemberState {
  /** Who it is. */
  readonly identity: RoomMemberIdentity;
  /** The way out of the room. */
  readonly port: RoomPort;
  /** What the member tells of itself. */
  profile: unknown;
  /** Whether it said that it is ready. */
  isReady: boolean;
  /** Whether its connection is silent or lost. */
  isAway: boolean;
  /** Whether it is in the room. */
  isPresent: boolean;
}

/** For the room: makes a member. */
export let createMember: <P extends ProtocolCore, K extends string, Data>(
  state: MemberState,
  data: Data,
) => RoomMember<P, K, Data>;

/** For the room: what it knows of a member. */
export let memberStateOf: (
  member: Pick<RoomMember<ProtocolCore, string, unknown>, "id">,
) => MemberState;

/** A player or spectator in a room. `Data` is what the game keeps with it. */
export class RoomMember<
  P extends ProtocolCore = ProtocolCore,
  K extends string = string,
  Data = undefined,
> {
  /** What the game keeps with the member, made by `memberData`; nobody else looks at it. */
  data: Data;
  readonly #state: MemberState;

  static {
    createMember = (state, data) => new RoomMember(state, data);
    // Members are made here only.
    memberStateOf = (member) => (member as RoomMember).#state;
  }

  private constructor(state: MemberState, data: Data) {
    this.#state = state;
    this.data = data;
  }

  /** Number of the member, never used again while the server runs; a player who comes back keeps his. */
  get id(): number {
    return this.#state.identity.id;
  }

  /** Whom the ticket or the authorize hook vouches for; empty for anonymous peers. */
  get userId(): string {
    return this.#state.identity.userId;
  }

  /** What the issuer of the peer's ticket tells of it; empty without a ticket. */
  get userData(): Uint8Array {
    return this.#state.identity.userData;
  }

  /** Whether the member only watches. */
  get isSpectator(): boolean {
    return this.#state.identity.isSpectator;
  }

  /** Whether the member said that it is ready. */
  get isReady(): boolean {
    return this.#state.isReady;
  }

  /** Whether the member's connection is silent or lost. What is sent to a lost one is dropped. */
  get isAway(): boolean {
    return this.#state.isAway;
  }

  /** What the member tells of itself. It chose that: any text may be in it. */
  get profile(): RoomProfileOf<P, K> {
    // The lobby checked it with the codec of this kind.
    return this.#state.profile as RoomProfileOf<P, K>;
  }

  /**
   * Through whom the member speaks; `undefined` for one who is lost at the moment, and in a room on a
   * worker. Another one after the member has come back with a new session.
   */
  get peer(): Peer<unknown> | undefined {
    return this.#state.port.peerOf(this.id);
  }

  /**
   * Replaces what everybody sees of the member.
   *
   * @throws TypeError or RangeError for a profile that the kind does not allow.
   */
  setProfile(profile: RoomProfileOf<P, K>): void {
    const { port, isPresent } = this.#state;
    const checked = port.setProfile(this.id, profile);
    if (isPresent) this.#state.profile = checked;
  }

  /**
   * Sends a message; it leaves at the end of the tick.
   *
   * @returns `"queued"`; `"blocked"` when a reliable channel's queue is full; `"dropped"` when the member
   * is gone or its version does not have the message. In a room on a worker `"queued"` for everybody who
   * is there: what becomes of it is not known yet.
   * @throws TypeError or RangeError for a value that the schema does not allow.
   */
  send<T>(message: ServerMessage<T>, value: NoInfer<T>): SendResult {
    return this.#state.port.send(this.id, message, value);
  }

  /** Throws the member out of the room, not off the server. It reads the reason, 200 bytes at most. */
  kick(reason = ""): void {
    if (this.#state.isPresent) this.#state.port.kick(this.id, reason);
  }
}
