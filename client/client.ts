/**
 * A connected client: typed messages, events, statistics.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { ClientEndpoint } from "../protocol/client_endpoint.ts";
import { checkCloseCode, CloseCode } from "../protocol/close_code.ts";
import type { DropCounters } from "../protocol/counters.ts";
import { assertReceivable, HandlerTable } from "../protocol/handler_table.ts";
import type { DeliveryCallback, DeliveryResult } from "../protocol/message_pool.ts";
import type { TracedPacket } from "../protocol/packet_trace.ts";
import type { SendResult } from "../protocol/send_channel.ts";
import { type SessionStats, sessionStats } from "../protocol/session_stats.ts";
import type { BoundMessage, ClientMessage, ProtocolCore, ServerMessage } from "../schema/mod.ts";
import type { Clock } from "../transport/clock.ts";
import type { DatagramPipe, PipeCounters } from "../transport/pipe.ts";
import { reportFailure } from "../transport/report_failure.ts";
import { CLIENT_EVENTS, type ClientEvents, type ClientState, type ClosedInfo } from "./events.ts";
import { ConnectError } from "./errors.ts";
import { type MessageFeed, MessageStream } from "./message_stream.ts";
import { Netcode, type NetcodeOptions } from "./netcode/netcode.ts";
import type { RelayLine } from "./relay_line.ts";
import { directRoute, lineRoute, type RouteStats } from "./route_stats.ts";
import { SessionKeeper } from "./session_keeper.ts";
import { ClientRooms } from "./rooms/client_rooms.ts";
import { WorldMirror } from "./world/world_mirror.ts";

/** Statistics of a client. Those of the session begin anew with every session. */
export interface ClientStats extends SessionStats {
  /** Everything that was refused, by reason. */
  readonly drops: Readonly<DropCounters>;
  /** Which way packets take. */
  readonly route: RouteStats;
  /** The socket. */
  readonly pipe: Readonly<PipeCounters>;
  /** The last tick of the server that was heard of; -1 before the first. */
  readonly serverTick: number;
  /** Handlers that threw or rejected. */
  readonly handlerErrors: number;
  /** Messages that no handler wanted. */
  readonly messagesUnhandled: number;
}

/** Options of {@link Client.close}. */
export interface CloseOptions {
  /** Code that the server is told: 1,000 and more for the game's own. Default 0, normal. */
  readonly code?: number;
  /** Whether reliable messages that are under way go out first. Default true. */
  readonly flush?: boolean;
  /** How long that may take. Default 2,000 ms. */
  readonly timeoutMs?: number;
}

/** Options of {@link Client.next}. */
export interface NextOptions {
  /** Ends the wait; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What {@link connect} makes a client of. */
export interface ClientParts {
  /** An endpoint whose handshake is through. */
  readonly endpoint: ClientEndpoint;
  /** Moves datagrams. */
  readonly pipe: DatagramPipe;
  /** Time and timers. */
  readonly clock: Clock;
  /** Makes an endpoint for a new session; `undefined` when a lost session is the end. */
  readonly dial: (() => Promise<ClientEndpoint>) | undefined;
  /** For how long a new session is tried for. */
  readonly reconnectTimeoutMs: number;
  /** The line through relays, if there is one. */
  readonly line?: RelayLine | undefined;
}

/** A client. Made by {@link connect}. */
export class Client<P extends ProtocolCore = ProtocolCore> {
  /** The game's protocol. */
  readonly protocol: P;
  readonly #pipe: DatagramPipe;
  readonly #line: RelayLine | undefined;
  readonly #clock: Clock;
  readonly #keeper: SessionKeeper;
  readonly #world: WorldMirror | undefined;
  #rooms: ClientRooms<P> | undefined;
  readonly #streams = new Set<MessageStream<unknown>>();
  readonly #handlers = new HandlerTable<ClientEvents>(
    CLIENT_EVENTS,
    (error, where) => reportFailure("client", error, where),
  );

  /** Use {@link connect} instead. */
  constructor(protocol: P, parts: ClientParts) {
    this.protocol = protocol;
    this.#pipe = parts.pipe;
    this.#line = parts.line;
    this.#clock = parts.clock;
    this.#handlers.addEvent("disconnected", () => {
      for (const stream of this.#streams) stream.end();
    });
    // Before the first session is driven, which has snapshots already perhaps.
    this.#world = this.#makeWorld();
    this.#keeper = new SessionKeeper({ ...parts, protocol, handlers: this.#handlers });
  }

  /**
   * The rooms of the server: lists, the way in and out.
   *
   * @throws TypeError when the protocol was declared without `withRooms`.
   */
  get rooms(): ClientRooms<P> {
    const fail = (error: unknown, where: string): void => this.#handlers.fail(error, where);
    return this.#rooms ??= new ClientRooms(this, this.#clock, fail);
  }

  /**
   * What the server lets this client see of its world.
   *
   * @throws TypeError for a protocol without entities.
   */
  get world(): WorldMirror {
    if (this.#world === undefined) {
      throw new TypeError(`Protocol "${this.protocol.name}" has no entities, and so no world`);
    }
    return this.#world;
  }

  /** Where the client stands. */
  get state(): ClientState {
    return this.#keeper.state;
  }

  /** Resolves when the client is disconnected, with what the `"disconnected"` event tells. Never rejects. */
  get closed(): Promise<ClosedInfo> {
    return this.#keeper.closed;
  }

  /** Where the server is. */
  get serverAddress(): Address {
    return this.#keeper.endpoint.address;
  }

  /** Where the client's socket is bound. */
  get localAddress(): Address {
    return this.#pipe.localAddress;
  }

  /** Smoothed round-trip time in milliseconds; 100 before the first measurement. */
  get rttMs(): number {
    return this.#keeper.session.rtt.smoothedMs;
  }

  /**
   * Listens to a message. Handlers run in the order in which they were added. What one throws, or
   * rejects with, is contained and counted, told to `"error"` handlers or else logged.
   *
   * @returns What removes the handler; it may be called inside the handler.
   * @throws TypeError for an unknown event, or a message of another protocol or direction.
   */
  on<T>(message: ServerMessage<T>, handler: (value: T) => void): () => void;
  /** Listens to an event. */
  on<E extends keyof ClientEvents>(event: E, handler: ClientEvents[E]): () => void;
  on(what: BoundMessage | keyof ClientEvents, handler: (...args: never[]) => void): () => void {
    if (typeof what === "string") return this.#handlers.addEvent(what, handler);
    assertReceivable(this.protocol, what, "client");
    return this.#handlers.addMessage(what, handler);
  }

  /**
   * The values of a message as they come, from this call on, until the client is disconnected. At most
   * 1,024 wait for a slow reader; then the oldest is dropped. A stream that is not read to its end is
   * let go by `break`, or by its `return()`.
   *
   * @example
   * ```ts ignore
   * for await (const { text } of client.messages(Room.Chat)) console.log(text);
   * ```
   *
   * @throws TypeError for a message of another protocol or direction.
   */
  messages<T>(message: ServerMessage<T>): MessageFeed<T> {
    const stream = new MessageStream<T>(() => {
      remove();
      this.#streams.delete(stream as MessageStream<unknown>);
    });
    const remove = this.on(message, (value: T) => stream.push(value));
    if (this.state === "disconnected") stream.end();
    else this.#streams.add(stream as MessageStream<unknown>);
    return stream;
  }

  /**
   * The next value of a message that comes after this call.
   *
   * @throws ConnectError `closed` when the client is disconnected first; the reason of the signal;
   * TypeError for a message of another protocol or direction.
   */
  async next<T>(message: ServerMessage<T>, options: NextOptions = {}): Promise<T> {
    const { signal } = options;
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const feed = this.messages(message);
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    feed.next().then(({ done, value }) => {
      if (!done) resolve(value);
      else {reject(
          new ConnectError("closed", `No ${message.name} came before the connection ended`),
        );}
    });
    try {
      return await promise;
    } finally {
      await feed.return();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Sends a message. It leaves at the end of the current turn of the event loop, together with
   * everything else that is sent in it.
   *
   * @param onResult Told once what became of a message that was queued.
   * @returns `"queued"`; `"blocked"` when a reliable channel's queue is full (try again after
   * `"drained"`); `"dropped"` when there is no session.
   * @throws TypeError or RangeError for a value that the schema does not allow.
   */
  send<T>(message: ClientMessage<T>, value: NoInfer<T>, onResult?: DeliveryCallback): SendResult {
    const { typed } = this.#keeper;
    if (typed === undefined) return "dropped";
    const result = typed.send(message, value, onResult, this.#clock.nowMs());
    if (result !== "queued") return result;
    this.#keeper.observer?.onSent(message, value);
    this.#keeper.flushSoon();
    return result;
  }

  /**
   * Sends a message and tells what became of it: acknowledged, lost, or dropped before it left.
   * Acknowledged means that it arrived; the server's handlers may run a tick later.
   * A reliable message ends as `"acked"`, or as `"dropped"` when the session is lost or the channel
   * blocked.
   */
  deliver<T>(message: ClientMessage<T>, value: NoInfer<T>): Promise<DeliveryResult> {
    return new Promise((resolve, reject) => {
      try {
        if (this.send(message, value, resolve) !== "queued") resolve("dropped");
      } catch (error) {
        reject(error);
      }
    });
  }

  /** Sends everything now instead of at the end of the turn. */
  flush(): void {
    this.#keeper.flush();
  }

  /**
   * The server's tick now, as far as the client can tell; -1 before the first TIME frame.
   *
   * @param tickHz The server's ticks a second.
   */
  serverTick(tickHz: number): number {
    const { connection } = this.#keeper.session;
    if (connection === undefined || connection.peerTick < 0) return -1;
    const sinceMs = this.#clock.nowMs() - connection.peerTickAtMs + this.rttMs / 2 +
      connection.peerTickMicroseconds / 1000;
    return connection.peerTick + (sinceMs * tickHz) / 1000;
  }

  /**
   * Clock, prediction, interpolation and netgraph of a game that ticks. Its `update()` is called once per
   * frame.
   *
   * @example
   * ```ts ignore
   * const netcode = client.netcode({ tickHz: 60 });
   * const others = netcode.interpolate<number, Place>(Arena.Player);
   * const me = netcode.predict({ state: Arena.Player, input: Arena.Input, report: Arena.InputReport, … });
   * function frame() {
   *   netcode.update();
   *   draw(me.drawn, others.sample(7));
   * }
   * ```
   *
   * @throws RangeError for options out of bounds.
   */
  netcode(options: NetcodeOptions): Netcode {
    const keeper = this.#keeper;
    return new Netcode({
      protocol: this.protocol,
      session: () => keeper.session,
      nowMs: () => this.#clock.nowMs(),
      send: (message, value) => this.send(message, value),
      on: (message, handler) => this.on(message, handler),
      observe: (observer) => {
        keeper.observer = observer;
      },
    }, options);
  }

  /** What the connection did and how it is. */
  stats(): ClientStats {
    const { session, endpoint: { drops } } = this.#keeper;
    return {
      ...sessionStats(session),
      drops,
      route: this.#line === undefined ? directRoute(this.rttMs) : lineRoute(this.#line, this.rttMs),
      pipe: this.#pipe.counters,
      serverTick: session.connection?.peerTick ?? -1,
      handlerErrors: this.#handlers.errors,
      messagesUnhandled: this.#handlers.unhandled,
    };
  }

  /** The last packets to and from the server, oldest first, as `traceDatagrams` asks. */
  trace(): TracedPacket[] {
    return this.#keeper.session.trace?.read() ?? [];
  }

  /**
   * Ends the connection and frees the socket. From now on nothing that comes is handled. Resolves when
   * nothing is left. Idempotent.
   *
   * @param reason Reason that the server is told; what is longer than 200 bytes is cut.
   * @throws RangeError for a code that no one may send.
   */
  close(reason = "", options: CloseOptions = {}): Promise<void> {
    const { code = CloseCode.normal, flush = true, timeoutMs = 2_000 } = options;
    checkCloseCode(code);
    return this.#keeper.close({ code, reason, flush, timeoutMs });
  }

  /** Same as {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #makeWorld(): WorldMirror | undefined {
    const { world, tables, backend } = this.protocol;
    if (world === undefined) return undefined;
    const mirror = new WorldMirror({
      table: tables[0]!,
      backend,
      onResync: (epoch) => void this.send(world.resync, { epoch }),
      onError: (error, where) => this.#handlers.fail(error, where),
    });
    let droppedBefore = 0;
    this.#handlers.addMessage(world.snapshot, ({ payload }: { payload: Uint8Array }) => {
      mirror.receive(payload);
      // What a full queue dropped was acknowledged: the server believes that this client has it.
      const { receiveQueueDropped } = this.#keeper.endpoint.drops;
      if (receiveQueueDropped > droppedBefore) mirror.resync();
      droppedBefore = receiveQueueDropped;
    });
    this.#handlers.addEvent("reconnected", () => {
      droppedBefore = 0;
      mirror.reset();
    });
    return mirror;
  }
}
