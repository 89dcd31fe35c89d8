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
import type { Address } from "./address.ts";
import { BlockList } from "./block_list.ts";
import { CloseCode } from "./close_code.ts";
import type { TickTime } from "./connection_context.ts";
import { addCounters, DropCounters, SessionCounters } from "./counters.ts";
import { DeadlineHeap } from "./deadline_heap.ts";
import type { Handshake } from "./handshake_responder.ts";
import {
  DEFAULT_ENDPOINT_LIMITS,
  DEFAULT_SESSION_LIMITS,
  type EndpointLimits,
  type SessionLimits,
} from "./limits.ts";
import { HELLO_BYTES } from "./handshake_packets.ts";
import type { MessagePool } from "./message_pool.ts";
import {
  CONNECTION_ID_OFFSET,
  hasConnectionId,
  PacketFamily,
  packetFamily,
  PacketType,
  readConnectionId,
} from "./packet.ts";
import { QueryResponder } from "./query_responder.ts";
import { Session } from "./session.ts";
import { type SessionShared, sessionShared } from "./session_shared.ts";
import {
  type Admitted,
  type AuthorizationRequest,
  ServerDoor,
  type Verdict,
} from "./server_door.ts";
import type { ServerEndpointOptions } from "./server_endpoint_options.ts";
import { SessionQueue } from "./session_queue.ts";
import { ServerSession, SessionRegistry } from "./session_registry.ts";
import { StatelessReset } from "./stateless_reset.ts";

/** How often expired blocks are forgotten. */
const PRUNE_INTERVAL_MS = 60_000;

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
  readonly #reset: StatelessReset;
  readonly #registry = new SessionRegistry();
  readonly #door: ServerDoor;
  readonly #queries: QueryResponder;
  readonly #shared: SessionShared;
  readonly #timers = new DeadlineHeap<ServerSession>();
  readonly #replies: { readonly bytes: Uint8Array; readonly to: Address }[] = [];
  readonly #dirty = new SessionQueue("isDirty");
  readonly #news = new SessionQueue("hasNews");
  readonly #endedCounters = new SessionCounters();
  #transmitTo: Address | undefined;
  #nextSessionId = 1;
  #isClosed = false;
  #pruneAtMs: number;

  constructor(options: ServerEndpointOptions, nowMs: number) {
    this.#options = options;
    this.#pruneAtMs = nowMs + PRUNE_INTERVAL_MS;
    const { protocol, crypto, random, staticSecret } = options;
    this.limits = { ...DEFAULT_ENDPOINT_LIMITS, ...options.limits };
    this.sessionLimits = { ...DEFAULT_SESSION_LIMITS, ...options.sessionLimits };
    this.#staticPublic = crypto.x25519PublicKey(staticSecret);
    this.#reset = new StatelessReset(
      crypto,
      random,
      staticSecret,
      this.drops,
      this.limits.resetsPerSecondPerAddress,
    );
    const reply = (bytes: Uint8Array, to: Address): void => {
      this.#replies.push({ bytes, to });
    };
    this.#door = new ServerDoor({
      ...options,
      reply,
      staticPublic: this.#staticPublic,
      ticketKeys: options.ticketKeys ?? [],
      requireTicket: options.requireTicket ?? false,
      authorizes: options.authorizes ?? false,
      registry: this.#registry,
      reset: this.#reset,
      time: this.time,
      drops: this.drops,
      limits: this.limits,
      sessionLimits: this.sessionLimits,
      evict: (entry, code, reason, atMs) => this.close(entry, code, reason, atMs),
      onAdmitted: (admitted, atMs) => this.#admit(admitted, atMs),
    }, nowMs);
    this.#queries = new QueryResponder({
      info: () => this.info(),
      schemaText: options.isDevelopment ? protocol.tables[0]!.projection : undefined,
      drops: this.drops,
      limits: this.limits,
      reply,
    }, nowMs);
    this.#shared = sessionShared({ role: "server", drops: this.drops, random, time: this.time });
  }

  /** The server's X25519 public key. */
  get staticPublic(): Uint8Array {
    return this.#staticPublic;
  }

  /** Buffers of messages. */
  get pool(): MessagePool {
    return this.#shared.pool;
  }

  /** Sessions, those included that wait to be resumed, or repeat their last CLOSE. */
  get size(): number {
    return this.#registry.size;
  }

  /** Handshakes that are not confirmed yet. */
  get halfOpen(): number {
    return this.#door.halfOpen;
  }

  /** Where the datagram that {@link pollTransmit} gave goes. */
  get transmitTo(): Address {
    return this.#transmitTo!;
  }

  /** Whether new players are refused. */
  get isDraining(): boolean {
    return this.#door.isDraining;
  }

  set isDraining(value: boolean) {
    this.#door.isDraining = value;
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
      players: this.#registry.active,
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
        else if (this.blockList.isBlocked(from.hostname, nowMs)) this.drops.helloBlocked++;
        else if (first === PacketType.hello) this.#door.handleHello(bytes, from, nowMs);
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
      this.#news.add(entry);
    }
    this.#door.handleTimeout(nowMs);
    if (nowMs < this.#pruneAtMs) return;
    this.#pruneAtMs = nowMs + PRUNE_INTERVAL_MS;
    this.blockList.prune(nowMs);
  }

  /** When {@link handleTimeout} should be called at the latest. */
  deadlineMs(): number {
    return Math.min(this.#timers.earliestMs, this.#door.deadlineMs);
  }

  /** The next session with messages or events to be polled. */
  pollNews(): ServerSession | undefined {
    const entry = this.#news.shift();
    // Taking messages may make a CREDIT due, without which the peer sends no more.
    if (entry !== undefined) this.touch(entry);
    return entry;
  }

  /** The next player at the door; answer with {@link authorize}. */
  pollAuthorization(): AuthorizationRequest | undefined {
    return this.#door.pollAuthorization();
  }

  /** Answers a player at the door. Too late an answer is ignored. */
  authorize(handshake: Handshake, verdict: Verdict, nowMs: number): void {
    this.#door.authorize(handshake, verdict, nowMs);
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
    for (let entry = this.#dirty.peek(); entry !== undefined; entry = this.#dirty.peek()) {
      const sizeBytes = entry.session.pollTransmit(into, nowMs);
      if (sizeBytes > 0) {
        this.#transmitTo = entry.session.transmitTo;
        return sizeBytes;
      }
      this.#dirty.shift();
      this.#settle(entry, nowMs);
    }
    return 0;
  }

  /** Lets everything that was sent to a session leave with the next {@link pollTransmit}. */
  flush(entry: ServerSession): void {
    entry.session.flush();
    this.touch(entry);
  }

  /** Notes that a session may have something to transmit, or another deadline. */
  touch(entry: ServerSession): void {
    this.#dirty.add(entry);
  }

  /** Ends a session at once. */
  close(entry: ServerSession, code: number, reason: string, nowMs: number): void {
    entry.session.close(code, reason, nowMs);
    this.#registry.retire(entry);
    this.touch(entry);
    this.#news.add(entry);
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
    this.#news.add(entry);
  }

  /** Blocks an address or a range such as `"10.0.0.0/8"`, and ends the sessions from it. */
  block(cidr: string, untilMs: number, nowMs: number): void {
    this.blockList.add(cidr, untilMs);
    for (const entry of this.#registry.values()) {
      if (!this.blockList.isBlocked(entry.address.hostname, nowMs)) continue;
      this.#throwOut(entry, nowMs);
    }
  }

  /** Ends all sessions; from now on every HELLO is dropped. */
  closeAll(code: number, reason: string, nowMs: number): void {
    this.#isClosed = true;
    for (const entry of this.#registry.values()) this.close(entry, code, reason, nowMs);
  }

  #handleData(bytes: Uint8Array, from: Address, nowMs: number): void {
    if (!hasConnectionId(bytes[0]!) || bytes.byteLength < CONNECTION_ID_OFFSET + 4) {
      this.drops.dataBadHeader++;
      return;
    }
    const connectionId = readConnectionId(bytes);
    const entry = this.#registry.get(connectionId);
    if (entry?.session.connection !== undefined) {
      entry.session.handlePacket(bytes, from, nowMs);
      this.#afterPacket(entry, nowMs);
    } else if (this.blockList.isBlocked(from.hostname, nowMs)) {
      this.drops.helloBlocked++;
    } else if (this.#door.has(connectionId) && !this.#isClosed) {
      this.#door.handleData(connectionId, bytes, from, nowMs);
    } else {
      // Also for a session that waits to be resumed: its client has not noticed yet that it should.
      this.drops.unknownConnection++;
      const reset = this.#reset.answer(connectionId, bytes.byteLength, from, nowMs);
      if (reset !== undefined) this.#replies.push({ bytes: reset, to: from });
    }
  }

  #afterPacket(entry: ServerSession, nowMs: number): void {
    const current = entry.session.connection?.path.current;
    if (current !== undefined && current !== entry.address) {
      this.#registry.move(entry, current);
      if (this.blockList.isBlocked(current.hostname, nowMs)) this.#throwOut(entry, nowMs);
    }
    this.touch(entry);
    this.#news.add(entry);
  }

  #throwOut(entry: ServerSession, nowMs: number): void {
    this.close(entry, CloseCode.blocked, "the address is blocked", nowMs);
  }

  /** A session begins or goes on with the packet that confirmed its handshake. */
  #admit(admitted: Admitted, nowMs: number): void {
    const { handshake, resumes, connectionId, generation, from, bytes, textEnd } = admitted;
    const entry = resumes ?? this.#begin(admitted, nowMs);
    // At the address that was answered, wherever this packet came from: only there it is sure that the
    // peer receives. Where it has moved in between is proven like any other move.
    const { address, hello, link } = handshake;
    const peer = handshake.wasAnsweredElsewhere
      ? { ...hello.limits, unprovenBytes: HELLO_BYTES }
      : hello.limits;
    entry.session.attach(link!, address, peer, nowMs);
    if (resumes === undefined) {
      this.#registry.add(entry);
    } else {
      entry.generation = generation;
      this.#registry.rebind(entry, connectionId, address);
    }
    entry.session.handleOpened(bytes, textEnd, from, nowMs);
    this.#afterPacket(entry, nowMs);
  }

  #begin(admitted: Admitted, nowMs: number): ServerSession {
    const { handshake, identity, resumeId, connectionId, supersedes } = admitted;
    for (const old of supersedes) {
      this.close(old, CloseCode.superseded, "connected anew", nowMs);
    }
    const { table, address } = handshake;
    const session = new Session(table!.channels, this.sessionLimits, this.#shared, nowMs);
    session.setResumeWindow(this.limits.resumeWindowMs);
    const id = this.#nextSessionId++;
    return new ServerSession(id, session, table!, identity, resumeId, connectionId, address);
  }

  /** A session has nothing more to transmit: note its deadline, or that it is over. */
  #settle(entry: ServerSession, nowMs: number): void {
    const { state } = entry.session;
    if (state === "closing" || state === "draining") this.#registry.retire(entry);
    if (state !== "closed") {
      this.#timers.schedule(entry, entry.session.deadlineMs(nowMs));
      return;
    }
    if (this.#registry.get(entry.connectionId) !== entry) return;
    this.#timers.remove(entry);
    this.#registry.remove(entry);
    addCounters(this.#endedCounters, entry.session.counters);
  }
}
