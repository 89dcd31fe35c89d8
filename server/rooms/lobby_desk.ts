/**
 * Where players ask for rooms: limits, checks, and an answer to everything.
 *
 * @module
 */
import { TokenBucket } from "../../protocol/token_bucket.ts";
import type { RoomRefusal } from "../../schema/mod.ts";
import type { RoomKinds } from "../../schema/messages/rooms.ts";
import type { AskValue, RoomAnswer, RoomAsk } from "../../schema/messages/rooms_values.ts";
import type { Clock } from "../../transport/clock.ts";
import type { Peer } from "../peer.ts";
import { type Announcer, joinedAnswer, listingValue, refusedAnswer } from "./announcer.ts";
import { GuessLimiter } from "./guess_limiter.ts";
import type { KindCodecs } from "./kind_codecs.ts";
import type { Lobby } from "./lobby.ts";
import { LobbyFullError, type LobbyOptions } from "./lobby_options.ts";
import { type LobbyRoom, stateOf } from "./lobby_room.ts";
import { type AnyRoomDefinition, capacityOf } from "./room_definition.ts";
import type { Seat } from "./seat.ts";
import type { Refused, Seating } from "./seating.ts";

const ASK_RATE = { perSecond: 5, burst: 20 };
const CREATE_RATE = { perSecond: 0.5, burst: 5 };

type Ask<Op extends RoomAsk<RoomKinds>["op"]> = Extract<RoomAsk<RoomKinds>, { op: Op }>;

/** What a desk works with. */
export interface LobbyDeskOptions {
  /** Whose rooms they are. */
  readonly lobby: Lobby;
  /** Who sits where. */
  readonly seating: Seating;
  /** Tells players. */
  readonly announcer: Announcer;
  /** Rooms that are defined, by kind. */
  readonly definitions: ReadonlyMap<string, AnyRoomDefinition>;
  /** Their codecs. */
  readonly codecs: ReadonlyMap<string, KindCodecs>;
  /** Counts refusals. */
  readonly refused: Record<RoomRefusal, number>;
  /** The time. */
  readonly clock: Clock;
  /** Limits. */
  readonly options: LobbyOptions;
  /** Told what a room's `start` threw. */
  readonly fail: (error: unknown, where: string) => void;
}

interface PeerRates {
  readonly asks: TokenBucket;
  readonly creates: TokenBucket;
}

/** Answers what players ask. */
export class LobbyDesk {
  /** Codes that were wrong. */
  wrongCodes = 0;
  readonly #options: LobbyDeskOptions;
  readonly #guesses: GuessLimiter;
  /** Of peers who have asked something. */
  readonly #rates = new Map<number, PeerRates>();

  constructor(options: LobbyDeskOptions) {
    this.#options = options;
    this.#guesses = new GuessLimiter(options.clock.nowMs());
  }

  /** Answers a question. */
  handle(peer: Peer<unknown>, { id, ask }: AskValue<RoomKinds>): void {
    const nowMs = this.#options.clock.nowMs();
    const { asks } = this.#ratesOf(peer, nowMs);
    const answer = asks.take(1, nowMs)
      ? this.#answerTo(peer, ask, nowMs)
      : busy(asks.readyAtMs(1, nowMs) - nowMs);
    if (answer.result === "refused") this.#options.refused[answer.reason]++;
    this.#options.announcer.answer(peer, id, answer);
  }

  /** A peer is gone. */
  forget(peer: Peer<unknown>): void {
    this.#rates.delete(peer.id);
  }

  #answerTo(
    peer: Peer<unknown>,
    ask: RoomAsk<RoomKinds>,
    nowMs: number,
  ): RoomAnswer<RoomKinds> {
    switch (ask.op) {
      case "list":
        return this.#list(ask);
      case "create":
        return this.#create(peer, ask, nowMs);
      case "joinOrCreate":
        return this.#joinOrCreate(peer, ask, nowMs);
      case "join":
        return this.#join(peer, ask);
      case "joinByCode":
        return this.#joinByCode(peer, ask, nowMs);
      case "joinReserved":
        return this.#joinReserved(peer, ask);
      case "rejoin": {
        const room = this.#options.lobby.rooms.get(ask.room);
        if (room === undefined) return refusedAnswer("expired", "the room has ended", 0);
        return seated(this.#options.seating.retake(room, peer, ask.seat));
      }
      case "leave":
      case "ready":
        return this.#change(peer, ask);
    }
  }

  #list({ of, hasSpace, offset, limit }: Ask<"list">): RoomAnswer<RoomKinds> {
    const query = of === undefined ? {} : { kind: of.kind as never, where: of.where as never };
    const { total, rooms } = this.#options.lobby.list({ ...query, hasSpace, offset, limit });
    return { result: "listed", total, rooms: rooms.map(listingValue) };
  }

  #create(
    peer: Peer<unknown>,
    { as, isPrivate, capacity }: Omit<Ask<"create">, "op">,
    nowMs: number,
  ): RoomAnswer<RoomKinds> {
    const { definitions, lobby, seating, fail } = this.#options;
    const definition = definitions.get(as.kind);
    if (definition === undefined || definition.clientsCreate === false) {
      return refusedAnswer("denied", "players do not create such rooms", 0);
    }
    const most = capacityOf(definition);
    if (capacity > most) {
      return refusedAnswer("denied", `such a room has ${most} seats at most`, 0);
    }
    const { creates } = this.#ratesOf(peer, nowMs);
    if (!creates.take(1, nowMs)) return busy(creates.readyAtMs(1, nowMs) - nowMs);
    let room: LobbyRoom;
    try {
      room = lobby.create(as.kind as never, {
        options: as.options as never,
        isPrivate,
        ...(capacity === 0 ? {} : { capacity }),
      });
    } catch (error) {
      if (error instanceof LobbyFullError) {
        return refusedAnswer("busy", "there are too many rooms", 5_000);
      }
      fail(error, `${as.kind}: start`);
      return refusedAnswer("failed", "the room could not be started", 0);
    }
    const wish = { profile: as.profile, isSpectator: false, isCreator: true };
    const seat = seating.take(room, peer, wish);
    if ("refused" in seat) room.end("its creator did not come in");
    return seated(seat);
  }

  #joinOrCreate(
    peer: Peer<unknown>,
    ask: Ask<"joinOrCreate">,
    nowMs: number,
  ): RoomAnswer<RoomKinds> {
    const { lobby, seating, codecs } = this.#options;
    const { kind, options, profile } = ask.as;
    const wanted = codecs.get(kind)?.optionsKey(options);
    for (const room of lobby.rooms.values()) {
      if (room.kind !== kind || stateOf(room).optionsKey !== wanted || room.isPrivate) continue;
      const isInside = seating.seatOf(peer)?.room === room;
      if (!isInside && (room.isLocked || room.players >= room.capacity)) continue;
      const seat = seating.take(room, peer, { profile, isSpectator: false });
      // Another room of the same options may want this player.
      if (!("refused" in seat)) return seated(seat);
    }
    return this.#create(peer, { as: ask.as, isPrivate: false, capacity: 0 }, nowMs);
  }

  #join(peer: Peer<unknown>, { room: id, as, spectates }: Ask<"join">): RoomAnswer<RoomKinds> {
    const room = this.#options.lobby.rooms.get(id);
    // Who knows the number of a private room knows no more than that there is one.
    if (room === undefined || room.kind !== as.kind || room.isPrivate) return NOT_FOUND;
    return this.#take(room, peer, as.profile, spectates);
  }

  #joinByCode(
    peer: Peer<unknown>,
    { code, as, spectates }: Ask<"joinByCode">,
    nowMs: number,
  ): RoomAnswer<RoomKinds> {
    const { hostname } = peer.address;
    const waitMs = this.#guesses.waitMs(hostname, nowMs);
    if (waitMs > 0) return busy(waitMs);
    const room = this.#options.lobby.find(code);
    if (room === undefined || room.kind !== as.kind) {
      this.#guesses.onWrong(hostname, nowMs);
      this.wrongCodes++;
      return NOT_FOUND;
    }
    return this.#take(room, peer, as.profile, spectates);
  }

  #joinReserved(peer: Peer<unknown>, ask: Ask<"joinReserved">): RoomAnswer<RoomKinds> {
    const ticket = ask.ticket.toBase64({ alphabet: "base64url", omitPadding: true });
    const room = this.#options.seating.roomOfTicket(ticket);
    if (room === undefined || room.kind !== ask.as.kind) {
      return refusedAnswer("expired", "the reservation does not hold", 0);
    }
    const { profile } = ask.as;
    return seated(this.#options.seating.take(room, peer, { profile, isSpectator: false, ticket }));
  }

  #take(
    room: LobbyRoom,
    peer: Peer<unknown>,
    profile: object,
    isSpectator: boolean,
  ): RoomAnswer<RoomKinds> {
    return seated(this.#options.seating.take(room, peer, { profile, isSpectator }));
  }

  #change(peer: Peer<unknown>, ask: Ask<"leave"> | Ask<"ready">): RoomAnswer<RoomKinds> {
    const { seating } = this.#options;
    const seat = seating.seatOf(peer);
    if (seat === undefined) return refusedAnswer("not-seated", "you are in no room", 0);
    if (ask.op === "leave") seating.release(seat, "left");
    else if (seat.identity.isSpectator) {
      return refusedAnswer("denied", "who only watches is never ready", 0);
    } else seating.setReady(seat, ask.isReady);
    return { result: "done" };
  }

  #ratesOf(peer: Peer<unknown>, nowMs: number): PeerRates {
    let rates = this.#rates.get(peer.id);
    if (rates === undefined) {
      const { askRate = ASK_RATE, createRate = CREATE_RATE } = this.#options.options;
      rates = {
        asks: new TokenBucket(askRate.perSecond, askRate.burst, nowMs),
        creates: new TokenBucket(createRate.perSecond, createRate.burst, nowMs),
      };
      this.#rates.set(peer.id, rates);
    }
    return rates;
  }
}

const NOT_FOUND = refusedAnswer("not-found", "there is no such room", 0);

function busy(waitMs: number): RoomAnswer<RoomKinds> {
  return refusedAnswer("busy", "too much was asked, wait a moment", Math.ceil(waitMs));
}

function seated(seat: Seat | Refused): RoomAnswer<RoomKinds> {
  return "refused" in seat ? refusedAnswer(seat.refused, seat.text, 0) : joinedAnswer(seat);
}
