/**
 * Who sits where: seats are taken, kept for those who were lost, reserved, and given up.
 *
 * One peer has one seat. Whoever takes another gives up the first once the second is his.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { CloseCode } from "../../protocol/close_code.ts";
import type { RoomDeparture, RoomRefusal } from "../../schema/mod.ts";
import { ROOM_SECRET_BYTES } from "../../schema/messages/rooms_values.ts";
import type { Clock } from "../../transport/clock.ts";
import type { DisconnectInfo } from "../handlers.ts";
import type { Peer } from "../peer.ts";
import type { Announcer } from "./announcer.ts";
import { route } from "./local_driver.ts";
import { type LobbyRoom, type ReserveOptions, stateOf } from "./lobby_room.ts";
import type { Seat } from "./seat.ts";

/** For how long a seat is kept when the definition does not say. */
const KEEP_SEAT_MS = 30_000;

/** For how long a reservation holds when nobody says. */
const RESERVE_MS = 15_000;

/** Ends of a connection after which the player may come back for his seat. */
const LOSSES: ReadonlySet<number> = new Set([
  CloseCode.timeout,
  CloseCode.reset,
  CloseCode.superseded,
]);

/** Why somebody gets no seat. */
export interface Refused {
  /** The word for programs. */
  readonly refused: RoomRefusal;
  /** The text for people. */
  readonly text: string;
}

/** What somebody wants who comes in. */
export interface SeatWish {
  /** What he tells of himself, as the wire carried it. */
  readonly profile: object;
  /** Whether he only watches. */
  readonly isSpectator: boolean;
  /** Whether he creates the room. */
  readonly isCreator?: boolean;
  /** Shows that the seat was reserved for him. */
  readonly ticket?: string;
}

/** What a seating works with. */
export interface SeatingOptions {
  /** Time and timers. */
  readonly clock: Clock;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** Tells players. */
  readonly announcer: Announcer;
  /** A handler of a room failed. */
  readonly onError: (room: LobbyRoom, error: unknown, where: string) => void;
  /** Nobody is left in a room, and nobody is to come. */
  readonly onEmpty: (room: LobbyRoom) => void;
}

/** Who sits where. */
export class Seating {
  readonly #options: SeatingOptions;
  readonly #byPeer = new Map<number, Seat>();
  readonly #byTicket = new Map<string, LobbyRoom>();
  #nextMember = 1;

  constructor(options: SeatingOptions) {
    this.#options = options;
  }

  /** The seat of a peer. */
  seatOf(peer: Pick<Peer<unknown>, "id">): Seat | undefined {
    return this.#byPeer.get(peer.id);
  }

  /** The room in which a ticket holds a seat. */
  roomOfTicket(ticket: string): LobbyRoom | undefined {
    return this.#byTicket.get(ticket);
  }

  /** Gives a peer a seat, or the one that it has there or that is kept for its user. */
  take(room: LobbyRoom, peer: Peer<unknown>, wish: SeatWish): Seat | Refused {
    const old = this.seatOf(peer);
    if (old?.room === room) return old;
    const kept = this.#seatKeptFor(room, peer.userId);
    if (kept !== undefined) return this.#bind(kept, peer);
    const refused = this.#refusalOf(room, peer, wish);
    if (refused !== undefined) return refused;
    if (old !== undefined) this.release(old, "moved");
    // What handlers of the room before did may have ended this one.
    if (room.isOver) return { refused: "not-found", text: "the room has ended" };
    if (wish.ticket !== undefined) this.#dropReservation(room, wish.ticket);
    return this.#enter(this.#makeSeat(room, peer, wish), peer);
  }

  /** Gives a seat back to whoever shows its secret, and takes it from the peer before. */
  retake(room: LobbyRoom, peer: Peer<unknown>, secret: Uint8Array): Seat | Refused {
    for (const seat of stateOf(room).seats.values()) {
      if (timingSafeEqual(seat.secret, secret)) return this.#bind(seat, peer);
    }
    return { refused: "expired", text: "the seat is not kept any more" };
  }

  /** Keeps a player's seat for somebody who is still to come. Returns the ticket. */
  reserve(room: LobbyRoom, { userId = "", expiresMs = RESERVE_MS }: ReserveOptions): string {
    const { clock } = this.#options;
    if (!(expiresMs > 0 && Number.isFinite(expiresMs))) {
      throw new RangeError(`Cannot reserve for ${expiresMs} ms: it is a number above 0`);
    }
    if (room.isOver) throw new RangeError(`Cannot reserve a seat in ${room.name}: it is over`);
    if (room.players >= room.capacity) {
      throw new RangeError(`Cannot reserve a seat in ${room.name}: it is full`);
    }
    const ticket = this.#secret().toBase64({ alphabet: "base64url", omitPadding: true });
    const timer = clock.setTimer(clock.nowMs() + expiresMs, () => {
      this.#dropReservation(room, ticket);
      this.#checkEmpty(room);
    });
    stateOf(room).reservations.set(ticket, { userId, timer });
    this.#byTicket.set(ticket, room);
    this.#cancelEnd(room);
    return ticket;
  }

  /** Notes whether a member is ready. */
  setReady(seat: Seat, isReady: boolean): void {
    if (seat.isReady === isReady) return;
    seat.isReady = isReady;
    this.#options.announcer.member(seat);
    stateOf(seat.room).driver.setReady(seat.identity.id, isReady);
  }

  /** A peer fell silent, or is back. */
  setAway(peer: Peer<unknown>, isAway: boolean): void {
    const seat = this.seatOf(peer);
    if (seat !== undefined) this.#markAway(seat, isAway);
  }

  /** A peer is gone: its seat is kept when it may come back. */
  onDisconnected(peer: Peer<unknown>, { code, isByPeer }: DisconnectInfo): void {
    const seat = this.seatOf(peer);
    if (seat === undefined) return;
    const { keepSeatMs = KEEP_SEAT_MS } = stateOf(seat.room).definition;
    if (isByPeer || !LOSSES.has(code) || keepSeatMs === 0) {
      this.release(seat, isByPeer ? "left" : LOSSES.has(code) ? "lost" : "kicked");
      return;
    }
    this.#unseatPeer(seat);
    this.#markAway(seat, true);
    // The handler of "away" may have thrown it out.
    if (!this.#holds(seat) || keepSeatMs === Infinity) return;
    const { clock } = this.#options;
    seat.timer = clock.setTimer(clock.nowMs() + keepSeatMs, () => this.release(seat, "lost"));
  }

  /** Takes a seat from whoever has it, and tells everybody. */
  release(seat: Seat, reason: RoomDeparture, text = ""): void {
    if (!this.#holds(seat)) return;
    const { room, peer, identity } = seat;
    this.#remove(seat);
    if (peer !== undefined) this.#options.announcer.out(peer, room.id, reason, text);
    this.#options.announcer.gone(seat, reason);
    stateOf(room).driver.leave(identity.id, reason);
    this.#checkEmpty(room);
  }

  /** Empties a room that is over. */
  clear(room: LobbyRoom, reason: RoomDeparture, text: string): void {
    const { seats, reservations } = stateOf(room);
    for (const seat of [...seats.values()]) {
      const { peer } = seat;
      this.#remove(seat);
      if (peer !== undefined) this.#options.announcer.out(peer, room.id, reason, text);
    }
    for (const ticket of [...reservations.keys()]) this.#dropReservation(room, ticket);
    this.#cancelEnd(room);
  }

  #enter(seat: Seat, peer: Peer<unknown>): Seat | Refused {
    const { room, identity, profile } = seat;
    const state = stateOf(room);
    state.seats.set(identity.id, seat);
    if (identity.isSpectator) state.spectators++;
    else state.players++;
    state.wasEntered = true;
    this.#cancelEnd(room);
    this.#seatPeer(seat, peer);
    try {
      state.driver.join(identity, profile, peer);
    } catch (error) {
      this.#options.onError(room, error, "memberData");
      this.#remove(seat);
      this.#checkEmpty(room);
      return { refused: "failed", text: "internal error" };
    }
    // A handler of "joined" may have thrown it out, or ended the room.
    if (!this.#holds(seat)) return { refused: "denied", text: "the room let you go at once" };
    this.#options.announcer.member(seat, seat);
    return seat;
  }

  #refusalOf(room: LobbyRoom, peer: Peer<unknown>, wish: SeatWish): Refused | undefined {
    const { definition, metadata, reservations } = stateOf(room);
    const { profile, isSpectator, isCreator = false, ticket } = wish;
    const { userId, userData } = peer;
    if (ticket !== undefined) {
      const reservation = reservations.get(ticket);
      if (reservation === undefined || !["", userId].includes(reservation.userId)) {
        return { refused: "expired", text: "the reservation does not hold" };
      }
    } else if (room.isLocked) {
      return { refused: "locked", text: "the room takes nobody at the moment" };
    } else if (isSpectator) {
      const { spectators = 0 } = definition;
      if (room.spectators >= spectators) return { refused: "full", text: "nobody else may watch" };
    } else if (room.players >= room.capacity) {
      return { refused: "full", text: "no seat is free" };
    }
    if (definition.admit === undefined) return undefined;
    const { options } = room;
    const who = { userId, userData, profile, isSpectator, isCreator, options, metadata };
    try {
      // All of it is of the definition's own kind.
      const verdict: unknown = definition.admit(who as never);
      if (verdict === true) return undefined;
      const text = typeof verdict === "string" ? verdict : "the room does not want you";
      return { refused: "denied", text };
    } catch (error) {
      this.#options.onError(room, error, "admit");
      return { refused: "failed", text: "internal error" };
    }
  }

  #seatKeptFor(room: LobbyRoom, userId: string): Seat | undefined {
    if (userId === "") return undefined;
    for (const seat of stateOf(room).seats.values()) {
      if (seat.peer === undefined && seat.identity.userId === userId) return seat;
    }
    return undefined;
  }

  #makeSeat(room: LobbyRoom, peer: Peer<unknown>, wish: SeatWish): Seat {
    const { userId, userData } = peer;
    return {
      room,
      identity: { id: this.#nextMember++, userId, userData, isSpectator: wish.isSpectator },
      secret: this.#secret(),
      profile: wish.profile,
      peer: undefined,
      isReady: false,
      isAway: false,
      timer: undefined,
    };
  }

  /** Gives a seat to another peer: the same player, back. */
  #bind(seat: Seat, peer: Peer<unknown>): Seat {
    const other = this.seatOf(peer);
    if (other !== undefined && other !== seat) this.release(other, "moved");
    const before = seat.peer;
    if (before === peer) return seat;
    this.#unseatPeer(seat);
    if (before !== undefined) {
      this.#options.announcer.out(before, seat.room.id, "moved", "you joined from elsewhere");
    }
    if (seat.timer !== undefined) this.#options.clock.clearTimer(seat.timer);
    seat.timer = undefined;
    this.#seatPeer(seat, peer);
    // Also for one who never was away: what was sent to the peer before is lost.
    seat.isAway = true;
    this.#markAway(seat, false);
    return seat;
  }

  #markAway(seat: Seat, isAway: boolean): void {
    if (seat.isAway === isAway) return;
    seat.isAway = isAway;
    this.#options.announcer.member(seat);
    stateOf(seat.room).driver.setAway(seat.identity.id, isAway, seat.peer);
  }

  #seatPeer(seat: Seat, peer: Peer<unknown>): void {
    seat.peer = peer;
    this.#byPeer.set(peer.id, seat);
    const { driver, world } = stateOf(seat.room);
    route(peer, driver.routerFor(seat.identity.id, peer));
    world?.join(peer);
  }

  #unseatPeer(seat: Seat): void {
    const { peer } = seat;
    if (peer === undefined) return;
    route(peer, undefined);
    // Whoever is gone sees nothing anyhow, and is forgotten by his worlds.
    if (peer.state !== "disconnected") stateOf(seat.room).world?.leave(peer);
    this.#byPeer.delete(peer.id);
    seat.peer = undefined;
  }

  #holds({ room, identity }: Seat): boolean {
    return stateOf(room).seats.has(identity.id);
  }

  #remove(seat: Seat): void {
    const state = stateOf(seat.room);
    if (!state.seats.delete(seat.identity.id)) return;
    if (seat.identity.isSpectator) state.spectators--;
    else state.players--;
    if (seat.timer !== undefined) this.#options.clock.clearTimer(seat.timer);
    seat.timer = undefined;
    this.#unseatPeer(seat);
  }

  #dropReservation(room: LobbyRoom, ticket: string): void {
    const { reservations } = stateOf(room);
    const reservation = reservations.get(ticket);
    if (reservation === undefined) return;
    this.#options.clock.clearTimer(reservation.timer);
    reservations.delete(ticket);
    this.#byTicket.delete(ticket);
  }

  #checkEmpty(room: LobbyRoom): void {
    const { seats, reservations, isOver } = stateOf(room);
    if (seats.size + reservations.size === 0 && !isOver) this.#options.onEmpty(room);
  }

  #cancelEnd(room: LobbyRoom): void {
    const state = stateOf(room);
    if (state.emptyTimer !== undefined) this.#options.clock.clearTimer(state.emptyTimer);
    state.emptyTimer = undefined;
  }

  #secret(): Uint8Array<ArrayBuffer> {
    const secret = new Uint8Array(ROOM_SECRET_BYTES);
    this.#options.random(secret);
    return secret;
  }
}
