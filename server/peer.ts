/**
 * A client as the game sees it.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import { CloseCode } from "../protocol/close_code.ts";
import type { DeliveryCallback, DeliveryResult } from "../protocol/message_pool.ts";
import type { SendResult } from "../protocol/send_channel.ts";
import type { ServerSession } from "../protocol/session_registry.ts";
import { type SessionStats, sessionStats } from "../protocol/session_stats.ts";
import { TypedSession } from "../protocol/typed_session.ts";
import type { ServerMessage } from "../schema/mod.ts";
import type { DropCounters } from "../protocol/counters.ts";

/** Where a peer stands. */
export type PeerState =
  /** Messages flow both ways. */
  | "connected"
  /** It fell silent; what is sent to it waits, and it may come back. */
  | "suspended"
  /** It is gone for good. */
  | "disconnected";

/** Options of {@link Peer.disconnect}. */
export interface DisconnectOptions {
  /** Code that the peer is told: `CloseCode`, or 1,000 and more for the game's own. Default 5, kicked. */
  readonly code?: number;
  /** Reason that the peer is told, at most 200 bytes. */
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
  onSent(peer: Peer<unknown>): void;
  /** Lets everything that was sent to the peer leave now. */
  flush(entry: ServerSession): void;
  /** Ends the peer's session. */
  disconnect(entry: ServerSession, options: Required<DisconnectOptions>): void;
}

/** One connected client. `Data` is what the game keeps with it. */
export class Peer<Data = undefined> {
  /** What the game keeps with the peer; the server does not look at it. */
  data: Data;
  /** Whether something was sent since the last flush. The server's own. */
  isUnflushed = false;
  readonly #entry: ServerSession;
  readonly #typed: TypedSession;
  readonly #host: PeerHost;
  #state: PeerState = "connected";

  /** Made by the server. */
  constructor(entry: ServerSession, drops: DropCounters, host: PeerHost, data: Data) {
    this.#entry = entry;
    this.#typed = new TypedSession(entry.session, entry.table, "client", drops);
    this.#host = host;
    this.data = data;
  }

  /** Number of the peer; never used again while the server runs. */
  get id(): number {
    return this.#entry.id;
  }

  /** Whom the ticket or the authorize hook vouches for; empty for anonymous peers. */
  get userId(): string {
    return this.#entry.identity.userId;
  }

  /** What the issuer of the peer's ticket tells of it. */
  get userData(): Uint8Array {
    return this.#entry.identity.userData;
  }

  /** Where the peer is now. */
  get address(): Address {
    return this.#entry.address;
  }

  /** Where the peer stands. */
  get state(): PeerState {
    return this.#state;
  }

  /** Smoothed round-trip time in milliseconds; 100 before the first measurement. */
  get rttMs(): number {
    return this.#entry.session.rtt.smoothedMs;
  }

  /** The version of the protocol that the peer speaks. */
  get protocolVersion(): number {
    return this.#entry.table.version;
  }

  /** The typed session beneath, for the server. */
  get typed(): TypedSession {
    return this.#typed;
  }

  /** The endpoint's entry beneath, for the server. */
  get entry(): ServerSession {
    return this.#entry;
  }

  /** Changes the state; for the server. */
  setState(state: PeerState): void {
    this.#state = state;
  }

  /**
   * Sends a message. It leaves at the end of the tick, or at once in a server without ticks.
   *
   * @returns `"queued"`; `"blocked"` when a reliable channel's queue is full (try again after
   * `"drained"`); `"dropped"` when the peer is gone or its version does not have the message.
   * @throws TypeError or RangeError for a value that the schema does not allow.
   */
  send<T>(message: ServerMessage<T>, value: NoInfer<T>, onResult?: DeliveryCallback): SendResult {
    const result = this.#typed.send(message, value, onResult, this.#host.nowMs());
    if (result === "queued") this.#host.onSent(this);
    return result;
  }

  /** Sends a message and tells what became of it: acknowledged, lost, or dropped before it left. */
  deliver<T>(message: ServerMessage<T>, value: NoInfer<T>): Promise<DeliveryResult> {
    return new Promise((resolve, reject) => {
      try {
        if (this.send(message, value, resolve) === "dropped") resolve("dropped");
      } catch (error) {
        reject(error);
      }
    });
  }

  /** Lets everything that was sent so far leave now instead of at the end of the tick. */
  flush(): void {
    this.#host.flush(this.#entry);
  }

  /** Ends the connection. */
  disconnect(options: DisconnectOptions = {}): void {
    const { code = CloseCode.kicked, reason = "", flush = false, timeoutMs = 2_000 } = options;
    this.#host.disconnect(this.#entry, { code, reason, flush, timeoutMs });
  }

  /** What the connection did and how it is. */
  stats(): SessionStats {
    return sessionStats(this.#entry.session);
  }
}
