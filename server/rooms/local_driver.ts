/**
 * Runs a room's game beside the server, in the same thread.
 *
 * @module
 */
import type { BoundMessage, RoomDeparture } from "../../schema/mod.ts";
import { linkOf, type MessageRouter, type Peer, type PeerLink } from "../peer.ts";
import type { Room } from "./room.ts";
import type { RoomControls } from "./room_controls.ts";
import { createRoom } from "./room.ts";
import type { AnyRoomDefinition } from "./room_definition.ts";
import type { RoomDriver } from "./room_driver.ts";
import type { RoomMemberIdentity, RoomOrigin, RoomPort } from "./room_port.ts";

/** Hands a message to the server's own handlers. */
export type ServerDispatch = (peer: Peer<unknown>, message: BoundMessage, value: unknown) => void;

/** A room in this thread. */
export class LocalDriver implements RoomDriver {
  /** The room. */
  readonly room: Room;
  readonly #controls: RoomControls;
  readonly #dispatch: ServerDispatch;

  constructor(
    definition: AnyRoomDefinition,
    origin: RoomOrigin,
    port: RoomPort,
    dispatch: ServerDispatch,
  ) {
    const { room, controls } = createRoom(definition, origin, port);
    // What the game keeps with members is nobody's business but the game's own.
    this.room = room as Room;
    this.#controls = controls;
    this.#dispatch = dispatch;
  }

  start(): void {
    this.#controls.start();
  }

  join(identity: RoomMemberIdentity, profile: unknown): void {
    this.#controls.join(identity, profile);
  }

  routerFor(member: number, peer: Peer<unknown>): MessageRouter {
    return new LocalRouter(member, peer, this.#controls, this.#dispatch);
  }

  setAway(member: number, isAway: boolean): void {
    this.#controls.setAway(member, isAway);
  }

  setReady(member: number, isReady: boolean): void {
    this.#controls.setReady(member, isReady);
  }

  leave(member: number, reason: RoomDeparture): void {
    this.#controls.leave(member, reason);
  }

  runTick(): void {
    this.#controls.runTick();
  }

  finish(reason: string): void {
    this.#controls.finish(reason);
  }
}

/** Gives a member's messages to the room, and to the server those that the room does not listen to. */
class LocalRouter implements MessageRouter {
  readonly #member: number;
  readonly #peer: Peer<unknown>;
  readonly #controls: RoomControls;
  readonly #dispatch: ServerDispatch;

  constructor(
    member: number,
    peer: Peer<unknown>,
    controls: RoomControls,
    dispatch: ServerDispatch,
  ) {
    this.#member = member;
    this.#peer = peer;
    this.#controls = controls;
    this.#dispatch = dispatch;
  }

  handleNext(link: PeerLink, nowMs: number): boolean {
    const { typed } = link;
    if (!typed.poll(nowMs)) return false;
    const { message, value } = typed;
    if (this.#controls.handles(message)) this.#controls.dispatch(this.#member, message, value);
    else this.#dispatch(this.#peer, message, value);
    return true;
  }
}

/** Sends the messages of a peer to its room, or to the server again. */
export function route(peer: Peer<unknown>, router: MessageRouter | undefined): void {
  linkOf(peer).router = router;
}
