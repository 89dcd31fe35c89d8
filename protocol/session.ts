/**
 * One peer: packets in, packets out, messages and events between. No I/O and no clock.
 *
 * Implements docs/protocol.md, "Sessions". The driver's rule is that of str0m: after every call that
 * changes something, drain {@link Session.pollTransmit}, {@link Session.pollMessage} and
 * {@link Session.pollEvent}, then sleep until {@link Session.deadlineMs}. What is sent waits for
 * {@link Session.flush}, so that all messages of a tick share packets.
 *
 * @module
 */
import type { Address } from "./address.ts";
import type { ChannelConfig } from "./channel_config.ts";
import { ChannelSet } from "./channel_set.ts";
import { CloseCode } from "./close_code.ts";
import { Closing, encodeCloseReason } from "./closing.ts";
import { Connection } from "./connection.ts";
import { type ConnectionContext, PacketOutcome } from "./connection_context.ts";
import { SessionCounters } from "./counters.ts";
import { InboundBudget } from "./inbound_budget.ts";
import type { SessionLimits } from "./limits.ts";
import { countOpenError, type Link } from "./link.ts";
import type { DeliveryCallback, MessageBuffer } from "./message_pool.ts";
import { Pacer } from "./pacer.ts";
import { PacketTrace, TraceOutcome } from "./packet_trace.ts";
import { RttEstimator } from "./rtt_estimator.ts";
import { SendContext, type SendResult } from "./send_channel.ts";
import { SentPackets } from "./sent_packets.ts";
import type { SessionEvent } from "./session_event.ts";
import { SessionEvents } from "./session_events.ts";
import type { PeerLimits, SessionShared } from "./session_shared.ts";
import { nextState, type SessionState, type SessionTransition } from "./session_state.ts";

/** One peer's session. */
export class Session {
  /** What it did so far. */
  readonly counters = new SessionCounters();
  /** Its last packets, where `SessionLimits.traceDatagrams` asks for them. */
  readonly trace: PacketTrace | undefined;
  readonly #shared: SessionShared;
  readonly #channels: ChannelSet;
  /** What its connections borrow, one after the other. */
  readonly #context: ConnectionContext;
  readonly #budget: InboundBudget;
  readonly #events = new SessionEvents();
  #state: SessionState = "open";
  #connection: Connection | undefined;
  #transmitTo: Address | undefined;
  #closing: Closing | undefined;
  #linger: { readonly code: number; readonly reason: string; readonly untilMs: number } | undefined;
  #detachedUntilMs = Infinity;
  #wantsFlush = false;
  #malformedPackets = 0;
  #resumeWindowMs = 0;

  constructor(
    channels: readonly ChannelConfig[],
    limits: SessionLimits,
    shared: SessionShared,
    nowMs: number,
  ) {
    this.#shared = shared;
    const { traceDatagrams, pacing } = limits;
    this.trace = traceDatagrams > 0 ? new PacketTrace(traceDatagrams) : undefined;
    this.#budget = new InboundBudget(limits, nowMs);
    const sending = new SendContext(shared.pool, new SentPackets(), limits);
    this.#channels = new ChannelSet(channels, sending, limits, shared.drops);
    this.#context = {
      ...shared,
      limits,
      channels: this.#channels,
      pacer: new Pacer(pacing, nowMs),
      rtt: new RttEstimator(),
      counters: this.counters,
      trace: this.trace,
    };
  }

  /** Where the session stands. */
  get state(): SessionState {
    return this.#state;
  }

  /** Round-trip estimates. */
  get rtt(): RttEstimator {
    return this.#context.rtt;
  }

  /** Its channels, for statistics. */
  get channels(): ChannelSet {
    return this.#channels;
  }

  /** Its current connection; `undefined` while it waits to be resumed and when it is over. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Bytes per second that it may send now. */
  get sendRateBytesPerSecond(): number {
    return this.#context.pacer.rateBytesPerSecond;
  }

  /** Where the packet that {@link pollTransmit} built goes. */
  get transmitTo(): Address {
    return this.#transmitTo!;
  }

  /** Gives the session keys and an address: at its start, and when it is resumed. */
  attach(link: Link, address: Address, peer: PeerLimits, nowMs: number): void {
    const isFirst = this.#connection === undefined && this.#state === "open";
    if (!isFirst && !this.#move("resume")) return;
    this.#endConnection();
    this.#context.pacer.limit(peer.packetsPerSecond, peer.bytesPerSecond, nowMs);
    this.#connection = new Connection(link, address, this.#context, peer, nowMs);
    this.#channels.context.sent = this.#connection.recovery.sent;
    this.#detachedUntilMs = Infinity;
    this.#transmitTo = address;
    if (isFirst) {
      this.#events.push({ kind: "connected" });
      return;
    }
    this.counters.resumptions++;
    this.#channels.inbound.repeatCredits();
    this.#wantsFlush = true;
    this.#events.push({ kind: "resumed" });
  }

  /** How long the session waits to be resumed after silence; 0, the default, ends it at once. */
  setResumeWindow(windowMs: number): void {
    this.#resumeWindowMs = windowMs;
  }

  /** Takes a DATA packet that carries our connection id. It is decrypted in place. */
  handlePacket(bytes: Uint8Array, from: Address, nowMs: number): void {
    const connection = this.#connection;
    if (connection === undefined) {
      this.#shared.drops.unknownConnection++;
      return;
    }
    if (!this.#budget.hasRoom(nowMs)) {
      this.counters.packetsRefused++;
      this.#shared.drops.rateLimited++;
      return;
    }
    const textEnd = connection.link.open(bytes, nowMs);
    if (textEnd < 0) {
      this.counters.packetsRefused++;
      countOpenError(this.#shared.drops, -textEnd);
      this.trace?.record(TraceOutcome.refused, -1, bytes.byteLength, undefined, nowMs);
    } else this.handleOpened(bytes, textEnd, from, nowMs);
  }

  /** Takes a packet that the link has opened already: the one that confirms a handshake. */
  handleOpened(bytes: Uint8Array, textEnd: number, from: Address, nowMs: number): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#budget.spend(bytes.byteLength, nowMs);
    if (this.#state === "draining") return;
    const pathBefore = connection.path.current;
    const outcome = this.#state === "closing"
      ? connection.handleWhileClosing(bytes, textEnd, nowMs)
      : connection.handleOpened(bytes, textEnd, from, nowMs);
    const { packetNumber } = connection.link;
    const traced = outcome === PacketOutcome.applied ? TraceOutcome.applied : TraceOutcome.refused;
    this.trace?.record(traced, packetNumber, bytes.byteLength, this.#shared.table, nowMs);
    if (outcome !== PacketOutcome.applied) {
      this.counters.packetsRefused++;
      if (outcome === PacketOutcome.malformed) this.#onMalformed(nowMs);
      return;
    }
    this.counters.packetsReceived++;
    this.counters.bytesReceived += bytes.byteLength;
    if (connection.path.current !== pathBefore) {
      this.#events.push({ kind: "pathChanged", address: connection.path.current });
    }
    if (connection.peerCloseCode >= 0) this.#onPeerClose(connection, nowMs);
    else this.#closing?.onPeerTalks(nowMs);
    if (this.#state === "lingering" && this.#channels.isFlushed) {
      this.#finishLinger("flushed", nowMs);
    }
  }

  /** The peer proved that it does not know this session any more. */
  handleReset(nowMs: number): void {
    this.#onSilence(CloseCode.reset, nowMs);
  }

  /** Does what time asks for. Cheap when nothing is due. */
  handleTimeout(nowMs: number): void {
    const connection = this.#connection;
    if (this.#closing?.isOver(nowMs)) {
      this.#expire();
      return;
    }
    if (this.#state === "detached") {
      if (nowMs >= this.#detachedUntilMs) {
        this.#closed(CloseCode.timeout, "the peer did not come back", false);
        this.#expire();
      }
      return;
    }
    if (connection === undefined) return;
    if (connection.isSilent(nowMs)) {
      this.#onSilence(CloseCode.timeout, nowMs);
      return;
    }
    if (nowMs >= (this.#linger?.untilMs ?? Infinity)) this.#finishLinger("expire", nowMs);
    connection.handleTimeout(nowMs);
    this.#channels.inbound.expire(nowMs);
  }

  /** Lends a buffer for a message of at most `capacityBytes` bytes, for {@link send} or {@link discard}. */
  prepare(capacityBytes: number): MessageBuffer {
    return this.#shared.pool.acquire(capacityBytes);
  }

  /** Takes back a buffer that was not sent. */
  discard(message: MessageBuffer): void {
    this.#shared.pool.release(message);
  }

  /**
   * Queues a message whose `sizeBytes` is set, and takes its buffer over whatever the result.
   *
   * @param onResult Told once what became of a message that was queued, as an event.
   */
  send(
    channel: number,
    message: MessageBuffer,
    onResult: DeliveryCallback | undefined,
    nowMs: number,
  ): SendResult {
    message.onResult = onResult;
    const isOpen = this.#state === "open" || this.#state === "detached";
    const result = isOpen ? this.#channels.enqueue(channel, message, nowMs) : "dropped";
    if (result === "queued") {
      this.counters.messagesSent++;
      this.#connection?.onActivity();
      return result;
    }
    this.#shared.pool.release(message);
    return result;
  }

  /** Lets everything that was sent so far leave with the next packets. */
  flush(): void {
    this.#wantsFlush = true;
  }

  /**
   * Builds the next packet to send into `into`, which is as large as a datagram may be.
   *
   * @returns Its size, or 0 when nothing is to be sent now; it goes to {@link transmitTo}.
   */
  pollTransmit(into: Uint8Array, nowMs: number): number {
    const connection = this.#connection;
    if (connection === undefined) return 0;
    if (this.#closing !== undefined) {
      if (!this.#closing.isDue(nowMs)) return 0;
      this.#transmitTo = connection.path.current;
      return connection.transmitClose(into, this.#closing, nowMs);
    }
    const sizeBytes = connection.transmit(into, this.#wantsFlush, nowMs);
    if (sizeBytes === 0) {
      // What window, credit or pace hold back stays flushed: it leaves as soon as they allow.
      if (this.#wantsFlush && !this.#channels.hasUnsent) this.#wantsFlush = false;
      return 0;
    }
    this.#transmitTo = connection.transmitTo;
    return sizeBytes;
  }

  /** The next message for the application, which gives it back through {@link release}. */
  pollMessage(): MessageBuffer | undefined {
    const message = this.#channels.inbound.take();
    if (message !== undefined) this.counters.messagesReceived++;
    return message;
  }

  /** Takes a message back from the application. */
  release(message: MessageBuffer): void {
    this.#channels.inbound.release(message);
  }

  /** The next event. */
  pollEvent(): SessionEvent | undefined {
    this.#events.pushResults(this.#channels.context);
    const drained = this.#channels.takeDrained();
    if (drained !== -1) this.#events.push({ kind: "drained", channel: drained });
    return this.#events.shift();
  }

  /** Ends the session at once. Messages that were not acknowledged may be lost. */
  close(code: number, reason: string, nowMs: number): void {
    if (!this.#move("close")) return;
    this.#closed(code, reason, false);
    this.#beginClosing(code, reason, nowMs);
  }

  /** Ends the session once everything reliable has arrived, or after `timeoutMs`. */
  linger(code: number, reason: string, timeoutMs: number, nowMs: number): void {
    if (!this.#move("linger")) return;
    this.#linger = { code, reason, untilMs: nowMs + timeoutMs };
    this.#wantsFlush = true;
    if (this.#state === "closed") {
      this.#closed(code, reason, false);
      this.#expire();
    } else if (this.#channels.isFlushed) this.#finishLinger("flushed", nowMs);
  }

  /** Ends a session that waits to be resumed and will not be. Nothing happens in any other state. */
  abandon(code: number, reason: string): void {
    if (this.#state !== "detached") return;
    this.#closed(code, reason, true);
    this.#expire();
  }

  /** When {@link handleTimeout} and {@link pollTransmit} should be called at the latest. */
  deadlineMs(nowMs: number): number {
    if (this.#state === "detached") return this.#detachedUntilMs;
    const connection = this.#connection;
    if (connection === undefined) return Infinity;
    if (this.#closing !== undefined) return this.#closing.deadlineMs;
    const untilMs = this.#linger?.untilMs ?? Infinity;
    return Math.min(connection.deadlineMs(this.#wantsFlush, nowMs), untilMs);
  }

  #move(transition: SessionTransition): boolean {
    const next = nextState(this.#state, transition);
    if (next === undefined) return false;
    this.#state = next;
    return true;
  }

  #onMalformed(nowMs: number): void {
    if (++this.#malformedPackets < this.#context.limits.malformedPackets) return;
    this.close(CloseCode.protocolError, "malformed packets", nowMs);
  }

  #onPeerClose(connection: Connection, nowMs: number): void {
    const wasClosing = this.#state === "closing";
    if (!this.#move("peerClose")) return;
    const { peerCloseCode, peerCloseReason } = connection;
    this.#closed(peerCloseCode, peerCloseReason, true);
    if (wasClosing) this.#expire();
    else this.#closing = new Closing(peerCloseCode, new Uint8Array(0), nowMs, 1);
  }

  #onSilence(code: number, nowMs: number): void {
    // Who never showed that its address is its own is not waited for.
    const isResumable = this.#resumeWindowMs > 0 && this.#connection?.path.isProven === true;
    const isOver = !isResumable || this.#state !== "open";
    if (!this.#move("silence")) return;
    if (!isOver) {
      this.#endConnection();
      this.#detachedUntilMs = nowMs + this.#resumeWindowMs;
      this.#events.push({ kind: "detached", code });
      return;
    }
    const reason = code === CloseCode.reset ? "the peer lost the session" : "the peer fell silent";
    this.#closed(code, reason, false);
    this.#expire();
  }

  #beginClosing(code: number, reason: string, nowMs: number): void {
    if (this.#connection === undefined) this.#expire();
    else this.#closing = new Closing(code, encodeCloseReason(reason), nowMs);
  }

  #finishLinger(transition: "flushed" | "expire", nowMs: number): void {
    if (this.#linger === undefined || !this.#move(transition)) return;
    const { code, reason } = this.#linger;
    this.#linger = undefined;
    this.#closed(code, reason, false);
    this.#beginClosing(code, reason, nowMs);
  }

  /** Says once that the session is over; what follows is only courtesy to the peer. */
  #closed(code: number, reason: string, isByPeer: boolean): void {
    if (this.#events.isOver) return;
    this.#connection?.recovery.abandon();
    this.#channels.drop();
    this.#events.pushResults(this.#channels.context);
    this.#events.push({ kind: "closed", code, reason, isByPeer });
  }

  /** Ends what is left. In state "closed" already, it only tidies up. */
  #expire(): void {
    this.#move("expire");
    this.#closing = undefined;
    this.#endConnection();
  }

  #endConnection(): void {
    this.#connection?.end();
    this.#connection = undefined;
  }
}
