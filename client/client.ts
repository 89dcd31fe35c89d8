/**
 * A connected client: typed messages, events, statistics.
 *
 * @module
 */
import type { BoundMessage, ClientMessage, ProtocolCore, ServerMessage } from "../schema/mod.ts";
import type { Address } from "../protocol/address.ts";
import type { ClientEndpoint, ClientEvent } from "../protocol/client_endpoint.ts";
import { CloseCode } from "../protocol/close_code.ts";
import type { DropCounters } from "../protocol/counters.ts";
import type { DeliveryCallback, DeliveryResult } from "../protocol/message_pool.ts";
import type { SendResult } from "../protocol/send_channel.ts";
import { type SessionStats, sessionStats } from "../protocol/session_stats.ts";
import { TypedSession } from "../protocol/typed_session.ts";
import type { Clock } from "../transport/clock.ts";
import { EndpointDriver } from "../transport/endpoint_driver.ts";
import type { DatagramPipe, PipeCounters } from "../transport/pipe.ts";
import { MessageStream } from "./message_stream.ts";
import { Reconnector } from "./reconnector.ts";

/** Where a client stands. */
export type ClientState =
  /** Messages flow both ways. */
  | "connected"
  /** The server fell silent; what is sent waits, and the session may be resumed. */
  | "suspended"
  /** The session is lost; a new one is being made. */
  | "reconnecting"
  /** Over. */
  | "disconnected";

/** How a client's time with its server ended. */
export interface ClosedInfo {
  /** `CloseCode`, or 1,000 and more for the game's own. */
  readonly code: number;
  /** Reason as given by whoever ended it. */
  readonly reason: string;
  /** Whether the server ended it. */
  readonly isByServer: boolean;
}

/** Events of a client and what they come with. */
export interface ClientEvents {
  /** The server fell silent; the session is being resumed. */
  suspended: () => void;
  /** The session goes on; nothing reliable was lost. */
  resumed: () => void;
  /** The session was lost and a new one is being made. */
  reconnecting: () => void;
  /** A new session began; what the old one had not delivered is lost. */
  reconnected: () => void;
  /** Over. The last event. */
  disconnected: (info: ClosedInfo) => void;
  /** A channel that blocked takes messages again. */
  drained: () => void;
  /** A handler threw. Without a listener the error is thrown out of the event loop. */
  error: (error: unknown, where: string) => void;
}

/** Statistics of a client. */
export interface ClientStats extends SessionStats {
  /** Everything that was refused, by reason. */
  readonly drops: Readonly<DropCounters>;
  /** The socket. */
  readonly pipe: Readonly<PipeCounters>;
  /** The server's tick now, as far as the client can tell; -1 before the first TIME frame. */
  readonly serverTick: number;
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

type Handler = (value: unknown) => void;

/** How long {@link Client.close} waits for the server to answer. */
const CLOSE_TIMEOUT_MS = 1_000;

/** A client. Made by {@link connect}. */
export class Client<P extends ProtocolCore = ProtocolCore> {
  /** The game's protocol. */
  readonly protocol: P;
  readonly #pipe: DatagramPipe;
  readonly #clock: Clock;
  readonly #reconnector: Reconnector | undefined;
  #endpoint: ClientEndpoint;
  #driver: EndpointDriver;
  #typed: TypedSession | undefined;
  #state: ClientState = "connected";
  #closing: Promise<void> | undefined;
  #onClosed: (() => void) | undefined;
  readonly #handlers: Handler[][] = [];
  readonly #listeners: { readonly [E in keyof ClientEvents]: ClientEvents[E][] } = {
    suspended: [],
    resumed: [],
    reconnecting: [],
    reconnected: [],
    disconnected: [],
    drained: [],
    error: [],
  };
  readonly #streams = new Set<MessageStream<unknown>>();

  /** Use {@link connect} instead. */
  constructor(
    protocol: P,
    endpoint: ClientEndpoint,
    pipe: DatagramPipe,
    clock: Clock,
    renew: ((nowMs: number) => ClientEndpoint) | undefined,
  ) {
    this.protocol = protocol;
    this.#endpoint = endpoint;
    this.#pipe = pipe;
    this.#clock = clock;
    this.#reconnector = renew && new Reconnector(renew, clock);
    this.#driver = this.#drive(endpoint);
    this.#adopt();
  }

  /** Where the client stands. */
  get state(): ClientState {
    return this.#state;
  }

  /** Where the server is. */
  get serverAddress(): Address {
    return this.#endpoint.address;
  }

  /** Where the client's socket is bound. */
  get localAddress(): Address {
    return this.#pipe.localAddress;
  }

  /** Smoothed round-trip time in milliseconds; 100 before the first measurement. */
  get rttMs(): number {
    return this.#endpoint.session?.rtt.smoothedMs ?? 0;
  }

  /** Starts receiving; {@link connect} calls it. */
  start(): void {
    this.#driver.start();
  }

  /** Listens to a message or to an event. Returns what removes the handler. */
  on<T>(message: ServerMessage<T>, handler: (value: T) => void): () => void;
  on<E extends keyof ClientEvents>(event: E, handler: ClientEvents[E]): () => void;
  on(what: BoundMessage | keyof ClientEvents, handler: (...args: never[]) => void): () => void {
    // The overloads tie the handler's type to the message or event; here they are all functions.
    const erased = handler as Handler;
    if (typeof what !== "string") {
      this.#checkReceivable(what);
      return add(this.#handlers[what.index] ??= [], erased);
    }
    const listeners = this.#listeners[what] as Handler[] | undefined;
    if (listeners === undefined) {
      const known = Object.keys(this.#listeners).map((name) => `"${name}"`).join(", ");
      throw new TypeError(`Cannot listen to "${what}": events are ${known}`);
    }
    return add(listeners, erased);
  }

  /**
   * The values of a message as they come, until the client is disconnected. At most 1,024 wait for
   * a slow reader; then the oldest is dropped.
   *
   * @example
   * ```ts ignore
   * for await (const { text } of client.messages(Room.Chat)) console.log(text);
   * ```
   */
  messages<T>(message: ServerMessage<T>): AsyncIterableIterator<T> {
    const stream = new MessageStream<T>(() => {
      remove();
      this.#streams.delete(stream as MessageStream<unknown>);
    });
    const remove = this.on(message, (value: T) => stream.push(value));
    if (this.#state === "disconnected") stream.end();
    else this.#streams.add(stream as MessageStream<unknown>);
    return stream;
  }

  /**
   * Sends a message. It leaves at the end of the current turn of the event loop, together with
   * everything else that is sent in it.
   *
   * @returns `"queued"`; `"blocked"` when a reliable channel's queue is full (try again after
   * `"drained"`); `"dropped"` when there is no session.
   * @throws TypeError or RangeError for a value that the schema does not allow.
   */
  send<T>(message: ClientMessage<T>, value: NoInfer<T>, onResult?: DeliveryCallback): SendResult {
    if (this.#typed === undefined) return "dropped";
    const nowMs = this.#clock.nowMs();
    const result = this.#typed.send(message, value, onResult, nowMs);
    if (result === "queued") {
      this.#typed.session.flush();
      this.#driver.wake();
    }
    return result;
  }

  /** Sends a message and tells what became of it: acknowledged, lost, or dropped before it left. */
  deliver<T>(message: ClientMessage<T>, value: NoInfer<T>): Promise<DeliveryResult> {
    return new Promise((resolve, reject) => {
      try {
        if (this.send(message, value, resolve) === "dropped") resolve("dropped");
      } catch (error) {
        reject(error);
      }
    });
  }

  /** Sends everything now instead of at the end of the turn. */
  flush(): void {
    this.#typed?.session.flush();
    this.#driver.service(this.#clock.nowMs());
  }

  /** The server's tick now, as far as the client can tell; -1 before the first TIME frame. */
  serverTick(tickHz: number): number {
    const connection = this.#endpoint.session?.connection;
    if (connection === undefined || connection.peerTick < 0) return -1;
    const sinceMs = this.#clock.nowMs() - connection.peerTickAtMs + this.rttMs / 2 +
      connection.peerTickMicroseconds / 1000;
    return connection.peerTick + (sinceMs * tickHz) / 1000;
  }

  /** What the connection did and how it is. `undefined` before the first session. */
  stats(): ClientStats {
    const { session, drops } = this.#endpoint;
    // A client is only ever handed out with a session, and keeps its last one.
    return {
      ...sessionStats(session!),
      drops,
      pipe: this.#pipe.counters,
      serverTick: session!.connection?.peerTick ?? -1,
    };
  }

  /** Ends the connection and frees the socket. Resolves when nothing is left. Idempotent. */
  close(reason = "", options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(reason, options);
    return this.#closing;
  }

  /** Same as {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #drive(endpoint: ClientEndpoint): EndpointDriver {
    return new EndpointDriver(
      endpoint,
      this.#pipe,
      this.#clock,
      (nowMs) => this.#onNews(nowMs),
    );
  }

  /** Takes over the session that a handshake made. */
  #adopt(): void {
    const { session, drops } = this.#endpoint;
    const table = this.protocol.tables[0]!;
    this.#typed = session && new TypedSession(session, table, "server", drops);
  }

  #onNews(nowMs: number): void {
    for (let e = this.#endpoint.pollEvent(nowMs); e; e = this.#endpoint.pollEvent(nowMs)) {
      this.#handleEvent(e, nowMs);
    }
    this.#drainMessages(nowMs);
  }

  #drainMessages(nowMs: number): void {
    const typed = this.#typed;
    if (typed === undefined) return;
    while (typed.poll(nowMs)) {
      const handlers = this.#handlers[typed.message.index];
      if (handlers === undefined) continue;
      for (const handler of handlers) this.#call(() => handler(typed.value), typed.message.name);
    }
  }

  #handleEvent(event: ClientEvent, nowMs: number): void {
    switch (event.kind) {
      case "connected":
        if (this.#state !== "reconnecting") break;
        this.#adopt();
        this.#state = "connected";
        this.#reconnector?.succeeded();
        this.#emit("reconnected");
        break;
      case "detached":
        this.#drainMessages(nowMs);
        this.#state = "suspended";
        this.#emit("suspended");
        break;
      case "resumed":
        this.#state = "connected";
        this.#emit("resumed");
        break;
      case "drained":
        this.#emit("drained");
        break;
      case "delivery":
        this.#call(() => event.callback(event.result), "callback");
        break;
      case "refused":
        if (this.#reconnector?.mayRetry(event.status)) this.#reconnect(event.retryAfterMs);
        else this.#disconnected(CloseCode.reset, `refused: ${event.reason}`, true);
        break;
      case "unreachable":
        this.#reconnect(0);
        break;
      case "closed":
        this.#drainMessages(nowMs);
        this.#onSessionClosed(event);
        break;
    }
  }

  #onSessionClosed(event: ClientEvent & { kind: "closed" }): void {
    const isLost = event.code === CloseCode.timeout || event.code === CloseCode.reset;
    if (isLost && this.#closing === undefined && this.#reconnector !== undefined) {
      this.#typed = undefined;
      this.#state = "reconnecting";
      this.#emit("reconnecting");
      this.#reconnect(0);
      return;
    }
    this.#disconnected(event.code, event.reason, event.isByPeer);
  }

  /** Makes a new endpoint after a pause that grows with every failure. */
  #reconnect(retryAfterMs: number): void {
    this.#reconnector?.schedule(retryAfterMs, (endpoint) => {
      this.#driver.stop();
      this.#endpoint = endpoint;
      this.#driver = this.#drive(endpoint);
      this.#driver.start();
    });
  }

  #disconnected(code: number, reason: string, isByServer: boolean): void {
    if (this.#state === "disconnected") return;
    this.#state = "disconnected";
    this.#reconnector?.cancel();
    this.#emit("disconnected", { code, reason, isByServer });
    for (const stream of this.#streams) stream.end();
    // The socket stays until the last CLOSE had its time.
    this.#closing ??= this.#finish();
    this.#onClosed?.();
  }

  async #close(reason: string, options: CloseOptions): Promise<void> {
    const { code = CloseCode.normal, flush = true, timeoutMs = 2_000 } = options;
    const { session } = this.#endpoint;
    const nowMs = this.#clock.nowMs();
    const isOver = this.#state === "disconnected";
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onClosed = resolve;
    if (isOver) resolve();
    else if (this.#typed === undefined || session === undefined) {
      this.#disconnected(code, reason, false);
    } else if (flush) session.linger(code, reason, timeoutMs, nowMs);
    else session.close(code, reason, nowMs);
    this.#driver.service(nowMs);
    await promise;
    await this.#finish();
  }

  /** Waits until CLOSE was answered or had its time, then frees everything. */
  async #finish(): Promise<void> {
    const { session } = this.#endpoint;
    const untilMs = this.#clock.nowMs() + CLOSE_TIMEOUT_MS;
    while (session !== undefined && session.state !== "closed" && this.#clock.nowMs() < untilMs) {
      await new Promise<void>((resolve) => {
        this.#clock.setTimer(this.#clock.nowMs() + 5, resolve);
      });
    }
    this.#driver.stop();
    await this.#pipe.close();
  }

  #emit<E extends keyof ClientEvents>(event: E, ...args: Parameters<ClientEvents[E]>): void {
    // The tuple of arguments belongs to the event by its type; TypeScript cannot see it through the union.
    const listeners = this.#listeners[event] as ((...args: unknown[]) => void)[];
    for (const listener of listeners) this.#call(() => listener(...args), event);
  }

  #call(callback: () => void, where: string): void {
    try {
      callback();
    } catch (error) {
      const listeners = this.#listeners.error;
      if (listeners.length === 0) reportError(error);
      for (const listener of listeners) listener(error, where);
    }
  }

  #checkReceivable(message: BoundMessage): void {
    if (this.protocol.messages[message.index] !== message) {
      throw new TypeError(`Cannot listen to "${message.name}": it belongs to another protocol`);
    }
    if (message.from === "client") {
      throw new TypeError(`Cannot listen to "${message.name}": only a client sends it`);
    }
  }
}

function add<H>(handlers: H[], handler: H): () => void {
  handlers.push(handler);
  return () => {
    const index = handlers.indexOf(handler);
    if (index !== -1) handlers.splice(index, 1);
  };
}
