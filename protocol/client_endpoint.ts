/**
 * A client's socket: one handshake at a time, one session, and its resumption after silence.
 *
 * Implements the client's side of docs/protocol.md. No I/O and no clock; the driver's rule is that of
 * {@link Session}.
 *
 * @module
 */
import type { AcceptPayload, HelloPayload } from "../schema/messages/mod.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import type { Address } from "./address.ts";
import { CloseCode } from "./close_code.ts";
import { isEqual } from "./cookie.ts";
import { DropCounters } from "./counters.ts";
import type { CryptoBackend } from "./crypto/backend.ts";
import { HandshakeInitiator } from "./handshake_initiator.ts";
import { parseReset } from "./handshake_packets.ts";
import { DEFAULT_SESSION_LIMITS, type SessionLimits } from "./limits.ts";
import { PacketFamily, packetFamily, PacketType } from "./packet.ts";
import { appIdOf } from "./app_id.ts";
import { Session } from "./session.ts";
import { type SessionShared, sessionShared } from "./session_shared.ts";
import type { SessionEvent } from "./session_event.ts";

/** What makes a client endpoint. */
export interface ClientEndpointOptions {
  /** The game's protocol; its newest version is spoken. */
  readonly protocol: ProtocolCore;
  /** The backend of keys and tags. */
  readonly crypto: CryptoBackend;
  /** Fills a buffer with random bytes from a cryptographic source. */
  readonly random: (into: Uint8Array) => void;
  /** The server's X25519 public key. */
  readonly serverKey: Uint8Array;
  /** Where the server is, best first; at least one. */
  readonly addresses: readonly Address[];
  /** Sealed connect ticket and its key. */
  readonly ticket?: { readonly sealed: Uint8Array; readonly psk: Uint8Array } | undefined;
  /** Anything for the server's authorize hook, at most 512 bytes. */
  readonly auth?: Uint8Array | undefined;
  /** Limits of the session. */
  readonly sessionLimits?: Partial<SessionLimits>;
  /** How long one handshake may take. Default 5,000 ms. */
  readonly handshakeTimeoutMs?: number | undefined;
}

/** What a client endpoint tells beside its session's events. */
export type ClientEvent =
  | SessionEvent
  /** The server's authenticated refusal. */
  | {
    readonly kind: "refused";
    readonly status: (AcceptPayload & { result: "refused" })["status"];
    readonly reason: string;
    readonly retryAfterMs: number;
  }
  /** Nothing authentic was heard. */
  | { readonly kind: "unreachable"; readonly serverVersions: Uint8Array | undefined };

/** One client. */
export class ClientEndpoint {
  /** Counts of what is refused. */
  readonly drops = new DropCounters();
  /** Limits of the session. */
  readonly sessionLimits: SessionLimits;
  readonly #options: ClientEndpointOptions;
  readonly #appId: Uint8Array;
  readonly #shared: SessionShared;
  readonly #events: ClientEvent[] = [];
  #handshake: HandshakeInitiator | undefined;
  #session: Session | undefined;
  #resetToken: Uint8Array | undefined;
  #resumeTicket: Uint8Array | undefined;
  #address: Address;
  #transmitTo: Address;
  #serverTimeMs = 0;
  #serverTimeAtMs = 0;

  constructor(options: ClientEndpointOptions) {
    this.#options = options;
    this.sessionLimits = { ...DEFAULT_SESSION_LIMITS, ...options.sessionLimits };
    this.#appId = appIdOf(options.crypto, options.protocol.name);
    const address = options.addresses[0];
    if (address === undefined) throw new RangeError("Cannot connect: the server has no address");
    this.#address = address;
    this.#transmitTo = address;
    const { random } = options;
    this.#shared = sessionShared({ role: "client", drops: this.drops, random, time: undefined });
  }

  /** The session, once the handshake is through; it stays the same one when it is resumed. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** Where the server is, as far as it answered. */
  get address(): Address {
    return this.#address;
  }

  /** Where the datagram that {@link pollTransmit} gave goes. */
  get transmitTo(): Address {
    return this.#transmitTo;
  }

  /** The server's wall clock, milliseconds since 1970, as it was when {@link serverTimeAtMs} was. */
  get serverTimeMs(): number {
    return this.#serverTimeMs;
  }

  /** When {@link serverTimeMs} was received. */
  get serverTimeAtMs(): number {
    return this.#serverTimeAtMs;
  }

  /** Starts the handshake. */
  connect(nowMs: number): void {
    this.#begin(false, nowMs);
  }

  /** Takes a datagram. Never throws, whatever it holds. */
  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): void {
    if (bytes.byteLength === 0) {
      this.drops.emptyDatagram++;
      return;
    }
    const first = bytes[0]!;
    if (packetFamily(first) === PacketFamily.data) {
      if (this.#session === undefined) this.drops.unknownConnection++;
      else this.#session.handlePacket(bytes, from, nowMs);
    } else if (packetFamily(first) !== PacketFamily.handshake) {
      this.drops.unknownType++;
    } else if (first === PacketType.reset) {
      this.#handleReset(bytes, nowMs);
    } else if (this.#handshake === undefined) {
      this.drops.unexpectedReply++;
    } else {
      this.#handshake.handleDatagram(bytes, from, nowMs);
      this.#collectOutcome(nowMs);
    }
  }

  /** Does what time asks for. */
  handleTimeout(nowMs: number): void {
    this.#session?.handleTimeout(nowMs);
    if (this.#handshake !== undefined) {
      this.#handshake.handleTimeout(nowMs);
      this.#collectOutcome(nowMs);
    }
  }

  /** When {@link handleTimeout} and {@link pollTransmit} should be called at the latest. */
  deadlineMs(nowMs: number): number {
    return Math.min(
      this.#session?.deadlineMs(nowMs) ?? Infinity,
      this.#handshake?.deadlineMs ?? Infinity,
    );
  }

  /** Builds the next datagram into `into`; returns its size, or 0. It goes to {@link transmitTo}. */
  pollTransmit(into: Uint8Array, nowMs: number): number {
    if (this.#handshake !== undefined) {
      this.#handshake.handleTimeout(nowMs);
      const sizeBytes = this.#handshake.pollTransmit(into);
      if (sizeBytes > 0) {
        this.#transmitTo = this.#handshake.transmitTo;
        return sizeBytes;
      }
      // An attempt that has just timed out has no deadline any more: nobody would come back for it.
      this.#collectOutcome(nowMs);
    }
    const sizeBytes = this.#session?.pollTransmit(into, nowMs) ?? 0;
    if (sizeBytes > 0) this.#transmitTo = this.#session!.transmitTo;
    return sizeBytes;
  }

  /** The next event. A detached session is being resumed without being asked to. */
  pollEvent(nowMs: number): ClientEvent | undefined {
    const event = this.#session?.pollEvent();
    if (event?.kind === "detached") this.#begin(true, nowMs);
    if (event?.kind === "closed") this.#handshake = undefined;
    return event ?? this.#events.shift();
  }

  #begin(isResumption: boolean, nowMs: number): void {
    const { crypto, random, protocol, serverKey, addresses, ticket, auth, handshakeTimeoutMs } =
      this.#options;
    const table = protocol.tables[0]!;
    const { idleTimeoutMs, packetsPerSecond, bytesPerSecond } = this.sessionLimits;
    const hello: HelloPayload = {
      protocolId: table.id,
      protocolVersion: table.version,
      limits: { idleTimeoutMs, packetsPerSecond, bytesPerSecond },
      ticket: isResumption ? undefined : ticket?.sealed,
      resumeTicket: isResumption ? this.#resumeTicket : undefined,
      auth: isResumption ? undefined : auth,
    };
    this.#handshake = new HandshakeInitiator({
      crypto,
      random,
      serverKey,
      hello,
      appId: this.#appId,
      psk: isResumption ? undefined : ticket?.psk,
      addresses: isResumption ? [this.#address] : addresses,
      ...(handshakeTimeoutMs === undefined ? {} : { timeoutMs: handshakeTimeoutMs }),
      drops: this.drops,
      rekey: this.sessionLimits,
    }, nowMs);
  }

  #collectOutcome(nowMs: number): void {
    const outcome = this.#handshake?.outcome;
    if (outcome === undefined) return;
    this.#handshake = undefined;
    const session = this.#session;
    switch (outcome.result) {
      case "accepted":
        this.#accepted(outcome.payload, nowMs);
        this.#address = outcome.address;
        this.#session!.attach(outcome.link, outcome.address, outcome.payload.limits, nowMs);
        break;
      case "refused":
        if (session !== undefined) {
          session.abandon(CloseCode.reset, outcome.payload.reason);
        } else {
          const { status, reason, retryAfterMs } = outcome.payload;
          this.#events.push({ kind: "refused", status, reason, retryAfterMs });
        }
        break;
      case "timeout":
        // A session that waits to be resumed goes on trying until its own time is over.
        if (session?.state === "detached") this.#begin(true, nowMs);
        else if (session === undefined) {
          this.#events.push({ kind: "unreachable", serverVersions: outcome.serverVersions });
        }
    }
  }

  #accepted(payload: AcceptPayload & { readonly result: "accepted" }, nowMs: number): void {
    const { protocol } = this.#options;
    this.#session ??= new Session(
      protocol.tables[0]!.channels,
      this.sessionLimits,
      this.#shared,
      nowMs,
    );
    this.#resetToken = payload.resetToken.slice();
    this.#resumeTicket = payload.resumeTicket.slice();
    this.#session.setResumeWindow(
      payload.resumeTicket.byteLength === 0 ? 0 : payload.resumeWindowMs,
    );
    this.#serverTimeMs = payload.serverTimeMs;
    this.#serverTimeAtMs = nowMs;
  }

  #handleReset(bytes: Uint8Array, nowMs: number): void {
    const token = parseReset(bytes);
    const isProven = token !== undefined && this.#resetToken !== undefined &&
      isEqual(token, this.#resetToken);
    if (!isProven) this.drops.resetForged++;
    else this.#session?.handleReset(nowMs);
  }
}
