/**
 * The door of a server: from a HELLO, through admission and the game's own verdict, to the first
 * authentic packet, with which a session begins or goes on.
 *
 * @module
 */
import type { ProtocolCore } from "../schema/mod.ts";
import type { Address } from "./address.ts";
import { Admission, type Refused } from "./admission.ts";
import type { TickTime } from "./connection_context.ts";
import type { DropCounters } from "./counters.ts";
import type { CryptoBackend } from "./crypto/backend.ts";
import { type Handshake, HandshakeResponder } from "./handshake_responder.ts";
import type { EndpointLimits, SessionLimits } from "./limits.ts";
import { countOpenError } from "./link.ts";
import { Reservations } from "./reservations.ts";
import { type Identity, ServerSession, type SessionRegistry } from "./session_registry.ts";
import type { StatelessReset } from "./stateless_reset.ts";
import { TicketOffice } from "./ticket_office.ts";

/** A player at the door. */
export interface AuthorizationRequest {
  /** Hand it to {@link ServerEndpoint.authorize}. */
  readonly handshake: Handshake;
  /** Where the player is. */
  readonly address: Address;
  /** Whom the ticket's issuer vouches for; empty without a ticket. */
  readonly userId: string;
  /** What the issuer tells of the player. */
  readonly userData: Uint8Array;
  /** What the player brought along. */
  readonly auth: Uint8Array;
}

/** Verdict about a player at the door. */
export type Verdict = { readonly userId?: string } | { readonly refused: Refused };

/** A handshake that its first DATA packet confirmed. */
export interface Admitted {
  /** The handshake; its link is there. */
  readonly handshake: Handshake;
  /** Who it is. */
  readonly identity: Identity;
  /** The session that goes on, or `undefined` for a new one. */
  readonly resumes: ServerSession | undefined;
  /** Names the session in resume tickets. */
  readonly resumeId: Uint8Array;
  /** Generation of the resume ticket that came with the answer. */
  readonly generation: number;
  /** Sessions whose place the new one takes. */
  readonly supersedes: readonly ServerSession[];
  /** The id under which the client addresses us. */
  readonly connectionId: number;
  /** Where the confirming packet came from. */
  readonly from: Address;
  /** That packet, decrypted. */
  readonly bytes: Uint8Array;
  /** Where its frames end. */
  readonly textEnd: number;
}

/** What the door needs of its endpoint. */
export interface ServerDoorOptions {
  /** The game's protocol. */
  readonly protocol: ProtocolCore;
  /** The backend of keys and tags. */
  readonly crypto: CryptoBackend;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** The server's X25519 secret key. */
  readonly staticSecret: Uint8Array;
  /** Its public half. */
  readonly staticPublic: Uint8Array;
  /** Wall clock, milliseconds since 1970, at `nowMs` 0. */
  readonly epochMs: number;
  /** Keys shared with issuers of connect tickets. */
  readonly ticketKeys: readonly Uint8Array[];
  /** Whether clients without a ticket are refused. */
  readonly requireTicket: boolean;
  /** Whether {@link ServerDoor.pollAuthorization} decides about every new session. */
  readonly authorizes: boolean;
  /** Sessions there are. */
  readonly registry: SessionRegistry;
  /** Makes the tokens that ACCEPT carries. */
  readonly reset: StatelessReset;
  /** The current tick. */
  readonly time: TickTime;
  /** Counts of what is refused. */
  readonly drops: DropCounters;
  /** Limits of the endpoint. */
  readonly limits: EndpointLimits;
  /** What ACCEPT announces. */
  readonly sessionLimits: SessionLimits;
  /** Sends a datagram. */
  readonly reply: (bytes: Uint8Array, to: Address) => void;
  /** Ends a session to make room. */
  readonly evict: (entry: ServerSession, code: number, reason: string, nowMs: number) => void;
  /** A session begins or goes on. */
  readonly onAdmitted: (admitted: Admitted, nowMs: number) => void;
}

interface Pending {
  readonly handshake: Handshake;
  readonly identity: Identity;
  readonly resumes: ServerSession | undefined;
  readonly resumeId: Uint8Array;
  readonly generation: number;
}

const BUSY: Refused = { status: "busy", reason: "the server is busy", retryAfterMs: 1_000 };

/** Lets players in. */
export class ServerDoor {
  readonly #options: ServerDoorOptions;
  readonly #tickets: TicketOffice;
  readonly #admission: Admission;
  readonly #handshakes: HandshakeResponder;
  /** Accepted handshakes by the connection id that was given to them. */
  readonly #pending = new Map<number, Pending>();
  readonly #reservations = new Reservations();
  readonly #authorizations: AuthorizationRequest[] = [];
  /** Handshakes that await the game's verdict, and until when. */
  readonly #awaiting = new Map<Handshake, number>();

  constructor(options: ServerDoorOptions, nowMs: number) {
    this.#options = options;
    const { crypto, random, staticPublic, ticketKeys, limits, registry, drops } = options;
    const resumeKey = new Uint8Array(32);
    random(resumeKey);
    this.#tickets = new TicketOffice({
      crypto,
      random,
      resumeKey,
      staticPublic,
      connectKeys: ticketKeys,
    });
    this.#admission = new Admission({
      protocol: options.protocol,
      requireTicket: options.requireTicket,
      limits,
      registry,
      tickets: this.#tickets,
      drops,
      evict: options.evict,
    });
    this.#handshakes = new HandshakeResponder({
      ...options,
      tableOf: (protocolId) => options.protocol.table(protocolId),
      openTicket: (sealed, atMs) => this.#tickets.openConnect(sealed, options.epochMs + atMs),
      decide: (handshake, atMs) => this.#decide(handshake, atMs),
    }, nowMs);
  }

  /** Handshakes that are not confirmed yet. */
  get halfOpen(): number {
    return this.#handshakes.halfOpen;
  }

  /** Whether new players are refused. */
  get isDraining(): boolean {
    return this.#admission.isDraining;
  }

  set isDraining(value: boolean) {
    this.#admission.isDraining = value;
  }

  /** When {@link handleTimeout} has something to do, or `Infinity`. */
  get deadlineMs(): number {
    for (const untilMs of this.#awaiting.values()) {
      return Math.min(untilMs, this.#handshakes.deadlineMs);
    }
    return this.#handshakes.deadlineMs;
  }

  /** Whether a connection id was given to a handshake that is not confirmed yet. */
  has(connectionId: number): boolean {
    return this.#pending.has(connectionId);
  }

  /** Takes a HELLO. */
  handleHello(bytes: Uint8Array, from: Address, nowMs: number): void {
    this.#handshakes.handleHello(bytes, from, nowMs);
  }

  /** Takes a DATA packet of a connection that {@link has}; if it is authentic, its session begins. */
  handleData(connectionId: number, bytes: Uint8Array, from: Address, nowMs: number): void {
    const pending = this.#pending.get(connectionId)!;
    const { handshake } = pending;
    const { drops, onAdmitted, reset, reply } = this.#options;
    const textEnd = handshake.link!.open(bytes, nowMs);
    if (textEnd < 0) {
      countOpenError(drops, -textEnd);
      return;
    }
    this.#pending.delete(connectionId);
    this.#reservations.remove(handshake);
    this.#handshakes.confirm(handshake);
    const supersedes = this.#mayStillEnter(pending, nowMs);
    if (supersedes !== undefined) {
      onAdmitted({ ...pending, supersedes, connectionId, from, bytes, textEnd }, nowMs);
      return;
    }
    // The client takes itself for connected by now: without a word it would wait for its timeout.
    const bad = reset.answer(connectionId, bytes.byteLength, from, nowMs);
    if (bad !== undefined) reply(bad, from);
    handshake.link!.wipe();
  }

  /** Does what time asks for. */
  handleTimeout(nowMs: number): void {
    this.#handshakes.handleTimeout(nowMs, (handshake) => this.#forget(handshake));
    for (const [handshake, untilMs] of this.#awaiting) {
      if (untilMs > nowMs) break;
      this.authorize(handshake, { refused: BUSY }, nowMs);
    }
  }

  /** The next player at the door; answer with {@link authorize}. */
  pollAuthorization(): AuthorizationRequest | undefined {
    return this.#authorizations.shift();
  }

  /** Answers a player at the door. Too late an answer is ignored. */
  authorize(handshake: Handshake, verdict: Verdict, nowMs: number): void {
    if (!this.#awaiting.delete(handshake)) return;
    if ("refused" in verdict) {
      this.#refuse(handshake, verdict.refused, nowMs);
      return;
    }
    const identity = identityOf(handshake);
    const userId = verdict.userId ?? identity.userId;
    this.#accept(handshake, { ...identity, userId }, undefined, nowMs);
  }

  #decide(handshake: Handshake, nowMs: number): void {
    const resumed = this.#admission.resumed(handshake);
    if (resumed instanceof ServerSession) {
      this.#accept(handshake, resumed.identity, resumed, nowMs);
      return;
    }
    const refused = resumed ?? this.#admission.refusalOf(handshake, this.#reservations);
    if (refused !== undefined) {
      this.#refuse(handshake, refused, nowMs);
    } else if (!this.#options.authorizes) {
      this.#reservations.add(handshake);
      this.#accept(handshake, identityOf(handshake), undefined, nowMs);
    } else if (this.#awaiting.size >= this.#options.limits.pendingAuthorizations) {
      this.#refuse(handshake, BUSY, nowMs);
    } else {
      this.#reservations.add(handshake);
      this.#awaiting.set(handshake, nowMs + this.#options.limits.authorizeTimeoutMs);
      const { address, hello } = handshake;
      const auth = hello.auth ?? new Uint8Array(0);
      this.#authorizations.push({ handshake, address, auth, ...identityOf(handshake) });
    }
  }

  #refuse(handshake: Handshake, refused: Refused, nowMs: number): void {
    this.#reservations.remove(handshake);
    this.#handshakes.answer(handshake, { result: "refused", ...refused }, nowMs);
  }

  #accept(
    handshake: Handshake,
    identity: Identity,
    resumes: ServerSession | undefined,
    nowMs: number,
  ): void {
    const { random, reset, limits, epochMs, time } = this.#options;
    const connectionId = this.#freshConnectionId();
    const resumeId = resumes?.resumeId ?? new Uint8Array(8);
    if (resumes === undefined) random(resumeId);
    const generation = resumes === undefined ? 0 : ++resumes.issuedGeneration;
    this.#pending.set(connectionId, { handshake, identity, resumes, resumeId, generation });
    const { resumeWindowMs } = limits;
    const resumeTicket = resumeWindowMs === 0
      ? new Uint8Array(0)
      : this.#tickets.sealResume({ session: resumeId, generation });
    this.#handshakes.answer(handshake, {
      result: "accepted",
      connectionId,
      resumeTicket,
      resumeWindowMs,
      resetToken: reset.tokenOf(connectionId),
      resumed: resumes !== undefined,
      serverTimeMs: epochMs + nowMs,
      tick: time.tick,
    }, nowMs);
  }

  #freshConnectionId(): number {
    const bytes = new Uint8Array(4);
    const view = new DataView(bytes.buffer);
    while (true) {
      this.#options.random(bytes);
      const id = view.getUint32(0, true);
      if (this.#options.registry.get(id) === undefined && !this.#pending.has(id)) return id;
    }
  }

  /**
   * What was free when the HELLO came may be taken by the time it is confirmed.
   *
   * @returns The sessions whose place the new one takes, or `undefined` when it may not enter any more.
   */
  #mayStillEnter(pending: Pending, nowMs: number): ServerSession[] | undefined {
    const { drops, epochMs } = this.#options;
    const { resumes, handshake, identity } = pending;
    if (resumes !== undefined) {
      const { state } = resumes.session;
      if (state === "open" || state === "detached") return [];
      drops.resumeRefused++;
      return undefined;
    }
    const ticket = handshake.shown?.ticket;
    const wallClockMs = epochMs + nowMs;
    if (ticket !== undefined && this.#tickets.problemOf(ticket, wallClockMs) !== undefined) {
      drops.ticketRefused++;
      return undefined;
    }
    const supersedes = this.#admission.superseded(handshake, identity.userId);
    if (supersedes.length === 0 && !this.#admission.makeRoom(nowMs)) return undefined;
    if (ticket !== undefined) this.#tickets.use(ticket, wallClockMs);
    return supersedes;
  }

  #forget(handshake: Handshake): void {
    this.#reservations.remove(handshake);
    this.#awaiting.delete(handshake);
    const connectionId = handshake.link?.localConnectionId;
    if (connectionId !== undefined) this.#pending.delete(connectionId);
  }
}

function identityOf(handshake: Handshake): Identity {
  const ticket = handshake.shown?.ticket;
  return { userId: ticket?.userId ?? "", userData: ticket?.userData ?? new Uint8Array(0) };
}
