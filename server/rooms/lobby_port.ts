/**
 * A room's way out, in the server's thread: to peers, seats and the lobby.
 *
 * @module
 */
import type { SendResult } from "../../protocol/send_channel.ts";
import type { BoundMessage, ProtocolCore } from "../../schema/mod.ts";
import type { Peer } from "../peer.ts";
import type { Server } from "../server.ts";
import type { ServerWorld } from "../world/server_worlds.ts";
import type { WorldOptions } from "../world/world.ts";
import type { Announcer } from "./announcer.ts";
import { type LobbyRoom, stateOf } from "./lobby_room.ts";
import type { RoomPort } from "./room_port.ts";
import type { Seating } from "./seating.ts";

/** What a port works with. */
export interface LobbyPortOptions {
  /** Sends. */
  readonly server: Server<ProtocolCore, unknown>;
  /** Who sits where. */
  readonly seating: Seating;
  /** Tells players. */
  readonly announcer: Announcer;
  /** Length of a tick. */
  readonly periodMs: number | undefined;
  /** Ends the room. */
  readonly end: (reason: string) => void;
  /** A handler of the room failed. */
  readonly fail: (error: unknown, where: string) => void;
}

/** The way out of one room. */
export class LobbyPort implements RoomPort {
  readonly #room: LobbyRoom;
  readonly #options: LobbyPortOptions;

  constructor(room: LobbyRoom, options: LobbyPortOptions) {
    this.#room = room;
    this.#options = options;
  }

  get periodMs(): number | undefined {
    return this.#options.periodMs;
  }

  peerOf(member: number): Peer<unknown> | undefined {
    return stateOf(this.#room).seats.get(member)?.peer;
  }

  send(member: number, message: BoundMessage<unknown, "server">, value: unknown): SendResult {
    return this.peerOf(member)?.send(message, value) ?? "dropped";
  }

  broadcast(
    members: Iterable<number>,
    message: BoundMessage<unknown, "server">,
    value: unknown,
  ): number {
    const to: Peer<unknown>[] = [];
    for (const member of members) {
      const peer = this.peerOf(member);
      if (peer !== undefined) to.push(peer);
    }
    return this.#options.server.broadcast(message, value, { to });
  }

  setMetadata(metadata: unknown): unknown {
    const state = stateOf(this.#room);
    state.metadata = state.codecs.metadata(metadata);
    if (!state.isOver) this.#options.announcer.metadata(this.#room);
    return state.metadata;
  }

  setProfile(member: number, profile: unknown): unknown {
    const state = stateOf(this.#room);
    const checked = state.codecs.profile(profile);
    const seat = state.seats.get(member);
    if (seat !== undefined) {
      seat.profile = checked;
      this.#options.announcer.member(seat);
    }
    return checked;
  }

  makeWorld(options: WorldOptions): ServerWorld<unknown> {
    const { seats, isOver } = stateOf(this.#room);
    if (isOver) throw new TypeError(`Cannot make a world in ${this.#room.name}: it is over`);
    const world = this.#options.server.world({ ...options, autoJoin: false });
    stateOf(this.#room).world = world;
    for (const { peer } of seats.values()) if (peer !== undefined) world.join(peer);
    return world;
  }

  clearReady(): void {
    for (const seat of stateOf(this.#room).seats.values()) {
      if (!seat.isReady) continue;
      seat.isReady = false;
      this.#options.announcer.member(seat);
    }
  }

  setLocked(isLocked: boolean): void {
    const state = stateOf(this.#room);
    if (state.isLocked === isLocked) return;
    state.isLocked = isLocked;
    if (!state.isOver) this.#options.announcer.locked(this.#room);
  }

  kick(member: number, reason: string): void {
    const seat = stateOf(this.#room).seats.get(member);
    if (seat !== undefined) this.#options.seating.release(seat, "kicked", reason);
  }

  end(reason: string): void {
    this.#options.end(reason);
  }

  fail(error: unknown, where: string): void {
    this.#options.fail(error, where);
  }
}
