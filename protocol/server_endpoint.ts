/**
 * One socket's worth of sessions: demultiplexing, handshakes, timers, and what is to be sent.
 *
 * Implements the server's side of docs/protocol.md. No I/O and no clock: datagrams, time and random
 * bytes come in; datagrams and sessions with news go out. The driver's rule: after every call that
 * changes something, drain {@link ServerEndpoint.pollNews}, {@link ServerEndpoint.pollAuthorization}
 * and {@link ServerEndpoint.pollTransmit}, then sleep until {@link ServerEndpoint.deadlineMs}.
 *
 * @module
 */
import type { ServerInfo } from "../schema/messages/mod.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import { type Address, sourceKey } from "./address.ts";
import { Admission, type Refused } from "./admission.ts";
import { BlockList } from "./block_list.ts";
import { CloseCode } from "./close_code.ts";
import type { TickTime } from "./connection.ts";
import { addCounters, DropCounters, SessionCounters } from "./counters.ts";
import type { CryptoBackend } from "./crypto/backend.ts";
import { DeadlineHeap } from "./deadline_heap.ts";
import { FrameTable } from "./frames.ts";
import { buildReset, RESET_BYTES } from "./handshake_packets.ts";
import { type Handshake, HandshakeResponder } from "./handshake_responder.ts";
import {
  DEFAULT_ENDPOINT_LIMITS,
  DEFAULT_SESSION_LIMITS,
  type EndpointLimits,
  type SessionLimits,
} from "./limits.ts";
import { MemoryView } from "./memory_view.ts";
import { MessagePool } from "./message_pool.ts";
import {
  CONNECTION_ID_OFFSET,
  hasConnectionId,
  PacketFamily,
  packetFamily,
  PacketType,
  readConnectionId,
} from "./packet.ts";
import { PacketWriter } from "./packet_writer.ts";
import { QueryResponder } from "./query_responder.ts";
import { countOpenError } from "./link.ts";
import { Session, type SessionShared } from "./session.ts";
import { type Identity, ServerSession, SessionRegistry } from "./session_registry.ts";
import { TicketOffice } from "./ticket_office.ts";
import { KeyedBuckets } from "./token_bucket.ts";

const RESET_LABEL = new TextEncoder().encode("tickwire stateless reset");

/** What makes a server endpoint. */
export interface ServerEndpointOptions {
  /** The game's protocol. */
  readonly protocol: ProtocolCore;
  /** The backend of keys and tags. */
  readonly crypto: CryptoBackend;
  /** Fills a buffer with random bytes from a cryptographic source. */
  readonly random: (into: Uint8Array) => void;
  /** The server's X25519 secret key, 32 bytes. Clients know its public half. */
  readonly staticSecret: Uint8Array;
  /** Wall clock, milliseconds since 1970, at `nowMs` 0. */
  readonly epochMs: number;
  /** Keys shared with issuers of connect tickets. */
  readonly ticketKeys?: readonly Uint8Array[];
  /** Whether clients without a ticket are refused. */
  readonly requireTicket?: boolean;
  /** Whether {@link ServerEndpoint.pollAuthorization} decides about every new session. */
  readonly authorizes?: boolean;
  /** What the server calls itself in answers to queries. */
  readonly name?: string;
  /** Whether queries may read the schema, so that a mismatch can be explained. */
  readonly isDevelopment?: boolean;
  /** Limits over all sessions. */
  readonly limits?: Partial<EndpointLimits>;
  /** Limits of each session. */
  readonly sessionLimits?: Partial<SessionLimits>;
}

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

interface Pending {
  readonly handshake: Handshake;
  readonly identity: Identity;
  readonly resumes: ServerSession | undefined;
  readonly resumeId: Uint8Array;
}

/** All sessions of one socket. */
export class ServerEndpoint {
  /** Counts of what is refused. */
  readonly drops = new DropCounters();
  /** Addresses that get no answer. Use {@link block} to also end their sessions. */
  readonly blockList = new BlockList();
  /** The tick that clients are told; the driver keeps it up to date. */
  readonly time: TickTime = { tick: 0, startedAtMs: 0 };
  /** Limits over all sessions. */
  readonly limits: EndpointLimits;
  /** Limits of each session. */
  readonly sessionLimits: SessionLimits;
  readonly #options: ServerEndpointOptions;
  readonly #staticPublic: Uint8Array;
  readonly #resetKey: Uint8Array;
  readonly #registry = new SessionRegistry();
  readonly #tickets: TicketOffice;
  readonly #admission: Admission;
  readonly #handshakes: HandshakeResponder;
  readonly #queries: QueryResponder;
  readonly #shared: SessionShared;
  readonly #timers = new DeadlineHeap<ServerSession>();
  readonly #resetBudget: KeyedBuckets;
  /** Accepted handshakes by the connection id that was given to them. */
  readonly #pending = new Map<number, Pending>();
  readonly #authorizations: AuthorizationRequest[] = [];
  readonly #awaiting = new Map<Handshake, number>();
  readonly #replies: { readonly bytes: Uint8Array; readonly to: Address }[] = [];
  #dirty: ServerSession[] = [];
  #dirtyCursor = 0;
  #news: ServerSession[] = [];
  readonly #endedCounters = new SessionCounters();
  #transmitTo: Address | undefined;
  #nextSessionId = 1;
  #isClosed = false;

  constructor(options: ServerEndpointOptions, nowMs: number) {
    this.#options = options;
    const { protocol, crypto, random, staticSecret } = options;
    this.limits = { ...DEFAULT_ENDPOINT_LIMITS, ...options.limits };
    this.sessionLimits = { ...DEFAULT_SESSION_LIMITS, ...options.sessionLimits };
    this.#staticPublic = crypto.x25519PublicKey(staticSecret);
    this.#resetKey = crypto.hmacSha256(staticSecret, RESET_LABEL);
    this.#tickets = this.#openTicketOffice();
    this.#admission = new Admission({
      protocol,
      requireTicket: options.requireTicket ?? false,
      limits: this.limits,
      registry: this.#registry,
      tickets: this.#tickets,
      drops: this.drops,
      evict: (entry, code, reason) => this.close(entry, code, reason, nowMs),
    });
    this.#handshakes = new HandshakeResponder({
      crypto,
      random,
      staticSecret,
      staticPublic: this.#staticPublic,
      tableOf: (protocolId) => protocol.table(protocolId),
      openTicket: (sealed, atMs) => this.#tickets.openConnect(sealed, this.#wallClockMs(atMs)),
      isBlocked: (from, atMs) => this.blockList.isBlocked(from.hostname, atMs),
      decide: (handshake, atMs) => this.#decide(handshake, atMs),
      reply: (bytes, to) => this.#replies.push({ bytes, to }),
      drops: this.drops,
      limits: this.limits,
      sessionLimits: this.sessionLimits,
    }, nowMs);
    this.#queries = new QueryResponder({
      info: () => this.info(),
      schemaText: options.isDevelopment ? protocol.tables[0]!.projection : undefined,
      drops: this.drops,
      limits: this.limits,
      reply: (bytes, to) => this.#replies.push({ bytes, to }),
    }, nowMs);
    this.#resetBudget = new KeyedBuckets(
      this.limits.resetsPerSecondPerAddress,
      this.limits.resetsPerSecondPerAddress,
    );
    this.#shared = {
      role: "server",
      pool: new MessagePool(),
      drops: this.drops,
      writer: new PacketWriter(),
      table: new FrameTable(),
      memory: new MemoryView(),
      random,
      time: this.time,
    };
  }

  /** The server's X25519 public key. */
  get staticPublic(): Uint8Array {
    return this.#staticPublic;
  }

  /** Buffers of messages. */
  get pool(): MessagePool {
    return this.#shared.pool;
  }

  /** Sessions, those that wait to be resumed included. */
  get size(): number {
    return this.#registry.size;
  }

  /** Handshakes that are not confirmed yet. */
  get halfOpen(): number {
    return this.#handshakes.halfOpen;
  }

  /** Where the datagram that {@link pollTransmit} gave goes. */
  get transmitTo(): Address {
    return this.#transmitTo!;
  }

  /** Whether new players are refused. */
  get isDraining(): boolean {
    return this.#admission.isDraining;
  }

  set isDraining(value: boolean) {
    this.#admission.isDraining = value;
  }

  /** All sessions, oldest first. */
  sessions(): IterableIterator<ServerSession> {
    return this.#registry.values();
  }

  /** What queries are told. */
  info(): ServerInfo {
    const { protocol, name = "", requireTicket = false } = this.#options;
    const table = protocol.tables[0]!;
    return {
      staticKey: this.#staticPublic,
      name,
      game: protocol.name,
      protocolVersion: protocol.version,
      protocolId: table.id,
      players: this.#registry.size,
      capacity: this.limits.sessions,
      needsTicket: requireTicket,
      draining: this.isDraining,
    };
  }

  /** What all sessions did, those that ended included. */
  totals(): SessionCounters {
    const totals = new SessionCounters();
    addCounters(totals, this.#endedCounters);
    for (const entry of this.#registry.values()) addCounters(totals, entry.session.counters);
    return totals;
  }

  /** Takes a datagram. Never throws, whatever it holds; DATA packets are decrypted in place. */
  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): void {
    if (bytes.byteLength === 0) {
      this.drops.emptyDatagram++;
      return;
    }
    const first = bytes[0]!;
    switch (packetFamily(first)) {
      case PacketFamily.data:
        this.#handleData(bytes, from, nowMs);
        break;
      case PacketFamily.handshake:
        if (this.#isClosed) this.drops.helloWhileClosed++;
        else if (first === PacketType.hello) this.#handshakes.handleHello(bytes, from, nowMs);
        else if (first === PacketType.query) this.#queries.handleQuery(bytes, from, nowMs);
        else this.drops.unknownType++;
        break;
      default:
        this.drops.unknownType++;
    }
  }

  /** Does what time asks for. */
  handleTimeout(nowMs: number): void {
    for (let entry = this.#timers.popDue(nowMs); entry; entry = this.#timers.popDue(nowMs)) {
      entry.session.handleTimeout(nowMs);
      this.touch(entry);
      this.#addNews(entry);
    }
    this.#handshakes.handleTimeout(nowMs, (handshake) => this.#forget(handshake));
    for (const [handshake, untilMs] of this.#awaiting) {
      if (untilMs > nowMs) break;
      this.authorize(handshake, BUSY, nowMs);
    }
  }

  /** When {@link handleTimeout} should be called at the latest. */
  deadlineMs(): number {
    let earliest = Math.min(this.#timers.earliestMs, this.#handshakes.deadlineMs);
    for (const untilMs of this.#awaiting.values()) {
      earliest = Math.min(earliest, untilMs);
      break;
    }
    return earliest;
  }

  /** The next session with messages or events to be polled. */
  pollNews(): ServerSession | undefined {
    const entry = this.#news.shift();
    if (entry !== undefined) entry.hasNews = false;
    return entry;
  }

  /** The next player at the door; answer with {@link authorize}. */
  pollAuthorization(): AuthorizationRequest | undefined {
    return this.#authorizations.shift();
  }

  /** Answers a player at the door. Too late an answer is ignored. */
  authorize(handshake: Handshake, verdict: Verdict, nowMs: number): void {
    if (!this.#awaiting.delete(handshake)) return;
    if ("refused" in verdict) this.#refuse(handshake, verdict.refused, nowMs);
    else {
      const userId = verdict.userId ?? handshake.shown?.ticket.userId ?? "";
      this.#accept(handshake, { ...identityOf(handshake), userId }, undefined, nowMs);
    }
  }

  /**
   * Builds the next datagram into `into`.
   *
   * @returns Its size, or 0 when nothing is to be sent now; it goes to {@link transmitTo}.
   */
  pollTransmit(into: Uint8Array, nowMs: number): number {
    const reply = this.#replies.shift();
    if (reply !== undefined) {
      into.set(reply.bytes);
      this.#transmitTo = reply.to;
      return reply.bytes.byteLength;
    }
    while (this.#dirtyCursor < this.#dirty.length) {
      const entry = this.#dirty[this.#dirtyCursor]!;
      const sizeBytes = entry.session.pollTransmit(into, nowMs);
      if (sizeBytes > 0) {
        this.#transmitTo = entry.session.transmitTo;
        return sizeBytes;
      }
      this.#dirtyCursor++;
      this.#settle(entry, nowMs);
    }
    this.#dirty.length = 0;
    this.#dirtyCursor = 0;
    return 0;
  }

  /** Lets everything that was sent to a session leave with the next {@link pollTransmit}. */
  flush(entry: ServerSession): void {
    entry.session.flush();
    this.touch(entry);
  }

  /** Notes that a session may have something to transmit, or another deadline. */
  touch(entry: ServerSession): void {
    if (entry.isDirty) return;
    entry.isDirty = true;
    this.#dirty.push(entry);
  }

  /** Ends a session at once. */
  close(entry: ServerSession, code: number, reason: string, nowMs: number): void {
    entry.session.close(code, reason, nowMs);
    this.touch(entry);
    this.#addNews(entry);
  }

  /** Ends a session once everything reliable has arrived. */
  linger(
    entry: ServerSession,
    code: number,
    reason: string,
    timeoutMs: number,
    nowMs: number,
  ): void {
    entry.session.linger(code, reason, timeoutMs, nowMs);
    this.touch(entry);
    this.#addNews(entry);
  }

  /** Blocks an address or a range such as `"10.0.0.0/8"`, and ends the sessions from it. */
  block(cidr: string, untilMs: number, nowMs: number): void {
    this.blockList.add(cidr, untilMs);
    for (const entry of this.#registry.values()) {
      if (!this.blockList.isBlocked(entry.address.hostname, nowMs)) continue;
      this.close(entry, CloseCode.blocked, "the address is blocked", nowMs);
    }
  }

  /** Ends all sessions; from now on every HELLO is dropped. */
  closeAll(code: number, reason: string, nowMs: number): void {
    this.#isClosed = true;
    for (const entry of this.#registry.values()) this.close(entry, code, reason, nowMs);
  }

  #openTicketOffice(): TicketOffice {
    const { crypto, random, ticketKeys = [] } = this.#options;
    const resumeKey = new Uint8Array(32);
    random(resumeKey);
    return new TicketOffice({
      crypto,
      random,
      resumeKey,
      staticPublic: this.#staticPublic,
      connectKeys: ticketKeys,
    });
  }

  #wallClockMs(nowMs: number): number {
    return this.#options.epochMs + nowMs;
  }

  #handleData(bytes: Uint8Array, from: Address, nowMs: number): void {
    if (!hasConnectionId(bytes[0]!) || bytes.byteLength < CONNECTION_ID_OFFSET + 4) {
      this.drops.dataBadHeader++;
      return;
    }
    const connectionId = readConnectionId(bytes);
    const entry = this.#registry.get(connectionId);
    if (entry !== undefined) {
      entry.session.handlePacket(bytes, from, nowMs);
      this.#afterPacket(entry);
      return;
    }
    const pending = this.#pending.get(connectionId);
    if (pending !== undefined) this.#confirm(connectionId, pending, bytes, from, nowMs);
    else this.#answerUnknown(connectionId, bytes.byteLength, from, nowMs);
  }

  #afterPacket(entry: ServerSession): void {
    const current = entry.session.connection?.path.current;
    if (current !== undefined && current !== entry.address) this.#registry.move(entry, current);
    this.touch(entry);
    this.#addNews(entry);
  }

  /** RESET tells a peer whose session we lost, so that it need not wait for its timeout. */
  #answerUnknown(connectionId: number, sizeBytes: number, from: Address, nowMs: number): void {
    this.drops.unknownConnection++;
    if (sizeBytes <= RESET_BYTES) return;
    if (!this.#resetBudget.take(sourceKey(from.hostname), nowMs)) {
      this.drops.resetRateLimited++;
      return;
    }
    const random = new Uint8Array(4);
    this.#options.random(random);
    this.#replies.push({ bytes: buildReset(random, this.#resetToken(connectionId)), to: from });
  }

  #resetToken(connectionId: number): Uint8Array {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, connectionId, true);
    return this.#options.crypto.mac128(this.#resetKey, bytes);
  }

  #decide(handshake: Handshake, nowMs: number): void {
    const resumed = this.#admission.resumed(handshake);
    if (resumed instanceof ServerSession) {
      this.#accept(handshake, resumed.identity, resumed, nowMs);
      return;
    }
    const reserved = this.#pending.size + this.#awaiting.size;
    const refused = resumed ?? this.#admission.refusalOf(handshake, reserved);
    if (refused !== undefined) {
      this.#refuse(handshake, refused, nowMs);
    } else if (!this.#options.authorizes) {
      this.#accept(handshake, identityOf(handshake), undefined, nowMs);
    } else if (this.#awaiting.size >= this.limits.pendingAuthorizations) {
      this.#refuse(handshake, BUSY.refused, nowMs);
    } else {
      this.#awaiting.set(handshake, nowMs + this.limits.authorizeTimeoutMs);
      const { address, hello } = handshake;
      const auth = hello.auth ?? new Uint8Array(0);
      this.#authorizations.push({ handshake, address, auth, ...identityOf(handshake) });
    }
  }

  #refuse(handshake: Handshake, refused: Refused, nowMs: number): void {
    this.#handshakes.answer(handshake, { result: "refused", ...refused }, nowMs);
  }

  #accept(
    handshake: Handshake,
    identity: Identity,
    resumes: ServerSession | undefined,
    nowMs: number,
  ): void {
    const connectionId = this.#freshConnectionId();
    const resumeId = resumes?.resumeId ?? new Uint8Array(8);
    if (resumes === undefined) this.#options.random(resumeId);
    this.#pending.set(connectionId, { handshake, identity, resumes, resumeId });
    const { resumeWindowMs } = this.limits;
    const generation = (resumes?.generation ?? -1) + 1;
    this.#handshakes.answer(handshake, {
      result: "accepted",
      connectionId,
      resetToken: this.#resetToken(connectionId),
      resumeTicket: resumeWindowMs === 0
        ? new Uint8Array(0)
        : this.#tickets.sealResume({ session: resumeId, generation }),
      resumed: resumes !== undefined,
      resumeWindowMs,
      serverTimeMs: this.#wallClockMs(nowMs),
      tick: this.time.tick,
    }, nowMs);
  }

  #freshConnectionId(): number {
    const bytes = new Uint8Array(4);
    const view = new DataView(bytes.buffer);
    while (true) {
      this.#options.random(bytes);
      const id = view.getUint32(0, true);
      if (this.#registry.get(id) === undefined && !this.#pending.has(id)) return id;
    }
  }

  /** A DATA packet under the keys of an accepted handshake: if it is authentic, the session begins. */
  #confirm(
    connectionId: number,
    pending: Pending,
    bytes: Uint8Array,
    from: Address,
    nowMs: number,
  ): void {
    const { handshake, resumes } = pending;
    const link = handshake.link!;
    const textEnd = link.open(bytes, nowMs);
    if (textEnd < 0) {
      countOpenError(this.drops, -textEnd);
      return;
    }
    this.#pending.delete(connectionId);
    this.#handshakes.confirm(handshake);
    const entry = resumes === undefined
      ? this.#begin(connectionId, pending, from, nowMs)
      : this.#resume(connectionId, resumes, from);
    if (entry === undefined) return;
    entry.session.attach(link, from, handshake.hello.limits, nowMs);
    entry.session.handleOpened(bytes, textEnd, from, nowMs);
    this.#afterPacket(entry);
  }

  #begin(
    connectionId: number,
    pending: Pending,
    from: Address,
    nowMs: number,
  ): ServerSession | undefined {
    const { handshake, identity, resumeId } = pending;
    const ticket = handshake.shown?.ticket;
    if (ticket !== undefined) {
      const wallClockMs = this.#wallClockMs(nowMs);
      // Two handshakes with one ticket may have been answered; the first one confirmed has it.
      if (this.#tickets.problemOf(ticket, wallClockMs) !== undefined) {
        this.drops.ticketRefused++;
        return undefined;
      }
      this.#tickets.use(ticket, wallClockMs);
    }
    // The same player, or whatever now sits at the very same port, has no use for its old session.
    for (const old of [this.#registry.at(from), this.#registry.ofUser(identity.userId)]) {
      if (old !== undefined) this.close(old, CloseCode.superseded, "connected anew", nowMs);
    }
    const { table } = handshake;
    const session = new Session(table!.channels, this.sessionLimits, this.#shared, nowMs);
    session.setResumeWindow(this.limits.resumeWindowMs);
    const entry = new ServerSession(
      this.#nextSessionId++,
      session,
      table!,
      identity,
      resumeId,
      connectionId,
      from,
    );
    this.#registry.add(entry);
    return entry;
  }

  #resume(
    connectionId: number,
    entry: ServerSession,
    from: Address,
  ): ServerSession | undefined {
    const { state } = entry.session;
    if (state !== "open" && state !== "detached") {
      this.drops.resumeRefused++;
      return undefined;
    }
    entry.generation++;
    this.#registry.rebind(entry, connectionId, from);
    return entry;
  }

  #forget(handshake: Handshake): void {
    this.#awaiting.delete(handshake);
    const connectionId = handshake.link?.localConnectionId;
    if (connectionId !== undefined) this.#pending.delete(connectionId);
  }

  #addNews(entry: ServerSession): void {
    if (entry.hasNews) return;
    entry.hasNews = true;
    this.#news.push(entry);
  }

  /** A session has nothing more to transmit: note its deadline, or that it is over. */
  #settle(entry: ServerSession, nowMs: number): void {
    entry.isDirty = false;
    if (entry.session.state !== "closed") {
      this.#timers.schedule(entry, entry.session.deadlineMs(nowMs));
      return;
    }
    if (this.#registry.get(entry.connectionId) !== entry) return;
    this.#timers.remove(entry);
    this.#registry.remove(entry);
    addCounters(this.#endedCounters, entry.session.counters);
  }
}

const BUSY = {
  refused: { status: "busy", reason: "the server is busy", retryAfterMs: 1_000 },
} as const;

function identityOf(handshake: Handshake): Identity {
  const ticket = handshake.shown?.ticket;
  return { userId: ticket?.userId ?? "", userData: ticket?.userData ?? new Uint8Array(0) };
}
