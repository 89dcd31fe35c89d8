/**
 * A client as the game sees it.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import { checkCloseCode, CloseCode } from "../protocol/close_code.ts";
import type { DropCounters } from "../protocol/counters.ts";
import type { DeliveryCallback, DeliveryResult } from "../protocol/message_pool.ts";
import type { TracedPacket } from "../protocol/packet_trace.ts";
import type { SendResult } from "../protocol/send_channel.ts";
import type { ServerSession } from "../protocol/session_registry.ts";
import { type SessionStats, sessionStats } from "../protocol/session_stats.ts";
import { TypedSession } from "../protocol/typed_session.ts";
import type { ServerMessage } from "../schema/mod.ts";

/** Where a peer stands. */
export type PeerState =
  /** Messages flow both ways. */
  | "connected"
  /** It fell silent; what is sent to it waits, and it may come back. */
  | "suspended"
  /** It is gone for good, or was told to go: nothing is sent to it or heard of it any more. */
  | "disconnected";

/** Options of {@link Peer.disconnect}. */
export interface DisconnectOptions {
  /** Code that the peer is told: `CloseCode`, or 1,000 and more for the game's own. Default 5, kicked. */
  readonly code?: number;
  /** Reason that the peer is told; what is longer than 200 bytes is cut. Default: none. */
  readonly reason?: string;
  /** Whether reliable messages that are under way go out first. Default false. */
  readonly flush?: boolean;
  /** How long that may take. Default 2,000 ms. */
  readonly timeoutMs?: number;
}

/** What a peer needs of its server. */
export interface PeerHost {
  /** The time. */
  nowMs(): number;
  /** Notes that something waits to be flushed. */
  onSent(link: PeerLink): void;
  /** Lets everything that was sent to the peer leave now. */
  flush(link: PeerLink): void;
  /** Ends the peer's session. */
  disconnect(link: PeerLink, options: Required<DisconnectOptions>): void;
}

/** Takes the messages of a peer in place of the server's handlers: its room. */
export interface MessageRouter {
  /** Takes and handles the next message; `false` when there is none, or none can be taken now. */
  handleNext(link: PeerLink, nowMs: number): boolean;
}

/** What the server knows of a peer and the game does not see. */
export class PeerLink {
  /** The endpoint's entry. */
  readonly entry: ServerSession;
  /** Its session with types. */
  readonly typed: TypedSession;
  /** Its server. */
  readonly host: PeerHost;
  /** Where it stands. */
  state: PeerState = "connected";
  /** Where its messages go; `undefined` for the server's handlers. */
  router: MessageRouter | undefined;
  /** Whether something was sent since the last flush. */
  isUnflushed = false;

  /** @param drops Where messages that the schema refuses are counted. */
  constructor(entry: ServerSession, drops: DropCounters, host: PeerHost) {
    this.entry = entry;
    this.typed = new TypedSession(entry.session, entry.table, "client", drops);
    this.host = host;
  }
}

/** For the server, which is the peer's friend and sees more than the game. */
export let linkOf: (peer: Peer<unknown>) => PeerLink;

/** For the server: makes a peer. */
export let createPeer: <Data>(link: PeerLink, data: Data) => Peer<Data>;

/** One connected client. `Data` is what the game keeps with it. */
export class Peer<Data = undefined> {
  /** What the game keeps with the peer; the server does not look at it. */
  data: Data;
  readonly #link: PeerLink;

  static {
    linkOf = (peer) => peer.#link;
    createPeer = (link, data) => new Peer(link, data);
  }

  private constructor(link: PeerLink, data: Data) {
    this.#link = link;
    this.data = data;
  }

  /** Number of the peer, counted from 1; never used again while the server runs. */
  get id(): number {
    return this.#link.entry.id;
  }

  /** Whom the ticket or the authorize hook vouches for; empty for anonymous peers. */
  get userId(): string {
    return this.#link.entry.identity.userId;
  }

  /** What the issuer of the peer's ticket tells of it; empty without a ticket. */
  get userData(): Uint8Array {
    return this.#link.entry.identity.userData;
  }

  /** Where the peer is now; it changes when the peer changes networks. */
  get address(): Address {
    return this.#link.entry.address;
  }

  /** Where the peer stands. */
  get state(): PeerState {
    return this.#link.state;
  }

  /** Smoothed round-trip time in milliseconds; 100 before the first measurement. */
  get rttMs(): number {
    return this.#link.entry.session.rtt.smoothedMs;
  }

  /** The version of the protocol that the peer speaks. */
  get protocolVersion(): number {
    return this.#link.entry.table.version;
  }

  /**
   * Sends a message. It leaves at the end of the tick; with `dispatch: "immediate"` and in a server
   * without ticks at the end of the current turn of the event loop.
   *
   * @param onResult Told once what became of a message that was queued.
   * @returns `"queued"`; `"blocked"` when a reliable channel's queue is full (try again after
   * `"drained"`); `"dropped"` when the peer is gone or its version does not have the message.
   * @throws TypeError or RangeError for a value that the schema does not allow.
   */
  send<T>(message: ServerMessage<T>, value: NoInfer<T>, onResult?: DeliveryCallback): SendResult {
    const link = this.#link;
    const result = link.typed.send(message, value, onResult, link.host.nowMs());
    if (result === "queued") link.host.onSent(link);
    return result;
  }

  /**
   * Sends a message and tells what became of it: acknowledged, lost, or dropped before it left.
   * Acknowledged means that it arrived; the peer's handlers may run a tick later.
   * A reliable message ends as `"acked"`, or as `"dropped"` when the peer is gone or the channel blocked.
   */
  deliver<T>(message: ServerMessage<T>, value: NoInfer<T>): Promise<DeliveryResult> {
    return new Promise((resolve, reject) => {
      try {
        if (this.send(message, value, resolve) !== "queued") resolve("dropped");
      } catch (error) {
        reject(error);
      }
    });
  }

  /** Lets everything that was sent to the peer leave now instead of at the end of the tick or turn. */
  flush(): void {
    this.#link.host.flush(this.#link);
  }

  /**
   * Ends the connection. From now on nothing is sent to the peer and nothing of it is handled; the
   * `"disconnected"` event follows.
   *
   * @param options Reason that the peer is told, or more than that.
   * @throws RangeError for a code that no one may send.
   */
  disconnect(options: string | DisconnectOptions = {}): void {
    const given = typeof options === "string" ? { reason: options } : options;
    const { code = CloseCode.kicked, reason = "", flush = false, timeoutMs = 2_000 } = given;
    checkCloseCode(code);
    this.#link.host.disconnect(this.#link, { code, reason, flush, timeoutMs });
  }

  /** What the connection did and how it is. */
  stats(): SessionStats {
    return sessionStats(this.#link.entry.session);
  }

  /** The last packets to and from the peer, oldest first, as `traceDatagrams` of the server asks. */
  trace(): TracedPacket[] {
    return this.#link.entry.session.trace?.read() ?? [];
  }
}
