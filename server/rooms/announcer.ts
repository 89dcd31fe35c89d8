/**
 * What a lobby tells players: answers, and what happens in their rooms.
 *
 * @module
 */
import type { BoundMessage, ProtocolCore, RoomDeparture, RoomRefusal } from "../../schema/mod.ts";
import type { RoomKinds } from "../../schema/messages/rooms.ts";
import {
  type AnswerValue,
  type AskValue,
  type ListingValue,
  MAX_ROOM_REASON_BYTES,
  type MemberValue,
  type NoticeValue,
  type RoomAnswer,
  type RoomNotice,
} from "../../schema/messages/rooms_values.ts";
import type { Peer } from "../peer.ts";
import { type LobbyRoom, stateOf } from "./lobby_room.ts";
import type { Seat } from "./seat.ts";

/** The messages of rooms, whatever the kinds. */
export interface LobbyMessages {
  /** What players ask. */
  readonly ask: BoundMessage<AskValue<RoomKinds>, "client">;
  /** What they are answered. */
  readonly answer: BoundMessage<AnswerValue<RoomKinds>, "server">;
  /** What happens in their rooms. */
  readonly notice: BoundMessage<NoticeValue<RoomKinds>, "server">;
}

/** Finds the messages that `withRooms` declared. */
export function lobbyMessagesOf(protocol: ProtocolCore): LobbyMessages {
  const find = (name: string): unknown =>
    protocol.messages.find((message) => message.name === name);
  // The boundary: `withRooms` declared them, as the caller has made sure.
  return {
    ask: find("RoomsAsk"),
    answer: find("RoomsAnswer"),
    notice: find("RoomsNotice"),
  } as LobbyMessages;
}

/** Sends a message to peers. */
export type SendToPeers = (
  message: BoundMessage<unknown, "server">,
  value: unknown,
  to: Iterable<Peer<unknown>>,
) => void;

/** Tells players. */
export class Announcer {
  readonly #messages: LobbyMessages;
  readonly #send: SendToPeers;

  constructor(messages: LobbyMessages, send: SendToPeers) {
    this.#messages = messages;
    this.#send = send;
  }

  /** Answers a question. */
  answer(peer: Peer<unknown>, id: number, answer: RoomAnswer<RoomKinds>): void {
    this.#send(this.#messages.answer, { id, answer }, [peer]);
  }

  /** Tells everybody in a room but one how a member is. */
  member(seat: Seat, except?: Seat): void {
    const { room } = seat;
    const of = { kind: room.kind, member: memberValue(seat) };
    this.#notify(room, { event: "member", of }, except);
  }

  /** Tells everybody in a room that a member is gone. */
  gone({ room, identity: { id } }: Seat, reason: RoomDeparture): void {
    this.#notify(room, { event: "gone", id, reason });
  }

  /** Tells everybody in a room what the room tells of itself. */
  metadata(room: LobbyRoom): void {
    const metadata = room.metadata as Record<string, unknown>;
    this.#notify(room, { event: "metadata", of: { kind: room.kind, metadata } });
  }

  /** Tells everybody in a room whether it takes somebody. */
  locked(room: LobbyRoom): void {
    this.#notify(room, { event: "locked", isLocked: room.isLocked });
  }

  /** Tells somebody that it is in a room no more. */
  out(peer: Peer<unknown>, room: number, reason: RoomDeparture, text: string): void {
    const notice = { event: "out", reason, text: cutReason(text) } as const;
    this.#send(this.#messages.notice, { room, notice }, [peer]);
  }

  #notify(room: LobbyRoom, notice: RoomNotice<RoomKinds>, except?: Seat): void {
    const peers: Peer<unknown>[] = [];
    for (const seat of stateOf(room).seats.values()) {
      if (seat !== except && seat.peer !== undefined) peers.push(seat.peer);
    }
    if (peers.length > 0) this.#send(this.#messages.notice, { room: room.id, notice }, peers);
  }
}

/** What somebody who has a seat is told of the room. */
export function joinedAnswer({ room, identity, secret }: Seat): RoomAnswer<RoomKinds> {
  const members = Array.from(stateOf(room).seats.values(), memberValue);
  const { isPrivate, code } = room;
  return {
    result: "joined",
    room: { ...listingValue(room), isPrivate, members },
    me: identity.id,
    seat: secret,
    ...(code === undefined ? {} : { code }),
  };
}

/** What a list says of a room. */
export function listingValue(room: LobbyRoom): ListingValue<RoomKinds> {
  const { id, kind, players, spectators, capacity, isLocked } = room;
  return {
    kind,
    id,
    // The codecs of this kind have made them.
    options: room.options as Record<string, unknown>,
    metadata: room.metadata as Record<string, unknown>,
    players,
    spectators,
    capacity,
    isLocked,
  };
}

/** A refusal with a text for people. */
export function refusedAnswer(
  reason: RoomRefusal,
  text: string,
  retryAfterMs: number,
): RoomAnswer<RoomKinds> {
  return { result: "refused", reason, text: cutReason(text), retryAfterMs };
}

function memberValue(seat: Seat): MemberValue<Record<string, unknown>> {
  const { identity: { id, isSpectator }, isReady, isAway } = seat;
  return { id, isReady, isSpectator, isAway, profile: seat.profile as Record<string, unknown> };
}

/** Cuts a text to what fits, without splitting a character; U+0000 does not travel. */
function cutReason(text: string): string {
  const clean = text.replaceAll("\0", "").toWellFormed();
  const bytes = new Uint8Array(MAX_ROOM_REASON_BYTES);
  const { read } = new TextEncoder().encodeInto(clean, bytes);
  return clean.slice(0, read);
}
