/**
 * Keeps a client connected: one session after the other, from the first to the last word.
 *
 * Drives the endpoint, turns what happens to sessions into events of the client, and makes a new
 * session when one is lost. Knows nothing of messages' types and of how a server is found.
 *
 * @module
 */
import type { ClientEndpoint, ClientEvent } from "../protocol/client_endpoint.ts";
import { CloseCode } from "../protocol/close_code.ts";
import type { HandlerTable } from "../protocol/handler_table.ts";
import type { Session } from "../protocol/session.ts";
import { TypedSession } from "../protocol/typed_session.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import type { Clock } from "../transport/clock.ts";
import { EndpointDriver } from "../transport/endpoint_driver.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import type { ClientEvents, ClientState, ClosedInfo } from "./events.ts";
import type { MessageObserver } from "./netcode/message_traffic.ts";
import { Reconnector } from "./reconnector.ts";

/** How long the last word waits for an answer. */
const FAREWELL_TIMEOUT_MS = 1_000;

/** How often it looks. */
const FAREWELL_POLL_MS = 5;

/** What a keeper works with. */
export interface SessionKeeperOptions {
  /** The game's protocol. */
  readonly protocol: ProtocolCore;
  /** An endpoint whose handshake is through. */
  readonly endpoint: ClientEndpoint;
  /** Moves datagrams; closed at the end. */
  readonly pipe: DatagramPipe;
  /** Time and timers. */
  readonly clock: Clock;
  /** The game's handlers. */
  readonly handlers: HandlerTable<ClientEvents>;
  /** Makes an endpoint for a new session; `undefined` when a lost session is the end. */
  readonly dial: (() => Promise<ClientEndpoint>) | undefined;
  /** For how long a new session is tried for. */
  readonly reconnectTimeoutMs: number;
}

/** How a connection is ended. */
export interface Ending {
  /** Code that the server is told. */
  readonly code: number;
  /** Reason that the server is told. */
  readonly reason: string;
  /** Whether reliable messages that are under way go out first. */
  readonly flush: boolean;
  /** How long that may take. */
  readonly timeoutMs: number;
}

/** One session after the other. */
export class SessionKeeper {
  /** Resolves when the client is disconnected. */
  readonly closed: Promise<ClosedInfo>;
  /** Is told of all messages. */
  observer: MessageObserver | undefined;
  readonly #options: SessionKeeperOptions;
  readonly #reconnector: Reconnector | undefined;
  readonly #onClosed: (info: ClosedInfo) => void;
  readonly #finished = Promise.withResolvers<void>();
  #endpoint: ClientEndpoint;
  #driver: EndpointDriver;
  #session: Session;
  #typed: TypedSession | undefined;
  #state: ClientState = "connected";
  #isClosing = false;

  constructor(options: SessionKeeperOptions) {
    this.#options = options;
    const { endpoint, dial, clock, reconnectTimeoutMs } = options;
    const { promise, resolve } = Promise.withResolvers<ClosedInfo>();
    this.closed = promise;
    this.#onClosed = resolve;
    this.#reconnector = dial && new Reconnector({
      dial,
      clock,
      timeoutMs: reconnectTimeoutMs,
      onEndpoint: (next) => this.#replace(next),
      onGaveUp: () => {
        const reason = "the server did not come back";
        this.#end({ code: CloseCode.timeout, reason, isByServer: false });
      },
    });
    this.#endpoint = endpoint;
    this.#session = this.#adopt();
    this.#driver = this.#drive();
    this.#driver.start();
  }

  /** Where the client stands. */
  get state(): ClientState {
    return this.#state;
  }

  /** The endpoint of the current session, or of the one that is being made. */
  get endpoint(): ClientEndpoint {
    return this.#endpoint;
  }

  /** The current session, or the last one. */
  get session(): Session {
    return this.#session;
  }

  /** The current session with types; `undefined` while there is none. */
  get typed(): TypedSession | undefined {
    return this.#typed;
  }

  /** Lets everything that was sent leave at the end of the current turn of the event loop. */
  flushSoon(): void {
    this.#typed?.session.flush();
    this.#driver.wake();
  }

  /** Lets everything that was sent leave now. */
  flush(): void {
    this.#driver.transmit(this.#options.clock.nowMs());
  }

  /** Ends it all. Resolves when nothing is left. */
  close({ code, reason, flush, timeoutMs }: Ending): Promise<void> {
    if (this.#isClosing || this.#state === "disconnected") return this.#finished.promise;
    this.#isClosing = true;
    const nowMs = this.#options.clock.nowMs();
    if (this.#typed === undefined) this.#end({ code, reason, isByServer: false });
    else if (flush) this.#session.linger(code, reason, timeoutMs, nowMs);
    else this.#session.close(code, reason, nowMs);
    this.#driver.service(nowMs);
    return this.#finished.promise;
  }

  #drive(): EndpointDriver {
    const { pipe, clock, handlers } = this.#options;
    return new EndpointDriver(
      this.#endpoint,
      pipe,
      clock,
      (nowMs) => this.#onNews(nowMs),
      (error) => handlers.fail(error, "the run loop"),
    );
  }

  /** Takes over the session that a handshake made. */
  #adopt(): Session {
    const { session, drops } = this.#endpoint;
    if (session === undefined) throw new TypeError("Cannot adopt: the handshake is not through");
    this.#session = session;
    this.#typed = new TypedSession(session, this.#options.protocol.tables[0]!, "server", drops);
    return session;
  }

  #onNews(nowMs: number): void {
    // A handler of a message may end the session, which is an event again.
    while (true) {
      const event = this.#endpoint.pollEvent(nowMs);
      if (event !== undefined) this.#handleEvent(event, nowMs);
      else if (!this.#handleMessages(nowMs)) return;
    }
  }

  /** Returns whether there were any. */
  #handleMessages(nowMs: number): boolean {
    const typed = this.#typed;
    let hadAny = false;
    // What comes after the client said its last word is nobody's business any more.
    while (typed !== undefined && !this.#isClosing && typed.poll(nowMs)) {
      hadAny = true;
      this.observer?.onReceived(typed.message, typed.value);
      this.#options.handlers.dispatch(typed.message, typed.value);
    }
    return hadAny;
  }

  #handleEvent(event: ClientEvent, nowMs: number): void {
    const { handlers } = this.#options;
    switch (event.kind) {
      case "connected":
        if (this.#state !== "reconnecting") break;
        this.#adopt();
        this.#state = "connected";
        this.#reconnector?.succeeded();
        handlers.emit("reconnected");
        break;
      case "detached":
        this.#handleMessages(nowMs);
        this.#state = "suspended";
        handlers.emit("suspended");
        break;
      case "resumed":
        this.#state = "connected";
        handlers.emit("resumed");
        break;
      case "drained":
        handlers.emit("drained");
        break;
      case "delivery":
        handlers.run(() => event.callback(event.result), undefined, undefined, "delivery");
        break;
      case "refused": {
        const { status, reason, retryAfterMs } = event;
        if (this.#reconnector?.mayRetry(status)) this.#reconnector.schedule(retryAfterMs);
        else {
          const told = `the server refused (${status}): ${reason}`;
          this.#end({ code: CloseCode.reset, reason: told, isByServer: true });
        }
        break;
      }
      case "unreachable":
        this.#reconnector?.schedule();
        break;
      case "closed":
        this.#handleMessages(nowMs);
        this.#onSessionClosed(event);
    }
  }

  #onSessionClosed({ code, reason, isByPeer }: ClientEvent & { kind: "closed" }): void {
    const isLost = code === CloseCode.timeout || code === CloseCode.reset;
    if (!isLost || this.#isClosing || this.#reconnector === undefined) {
      this.#end({ code, reason, isByServer: isByPeer });
      return;
    }
    this.#typed = undefined;
    this.#state = "reconnecting";
    this.#options.handlers.emit("reconnecting");
    // The handler may have closed the client.
    if (!this.#isClosing) this.#reconnector.schedule();
  }

  #replace(endpoint: ClientEndpoint): void {
    this.#driver.stop();
    this.#endpoint = endpoint;
    this.#driver = this.#drive();
    this.#driver.start();
  }

  #end(info: ClosedInfo): void {
    if (this.#state === "disconnected") return;
    this.#state = "disconnected";
    this.#typed = undefined;
    this.#reconnector?.cancel();
    this.#options.handlers.emit("disconnected", info);
    this.#onClosed(info);
    this.#finish().then(this.#finished.resolve, this.#finished.reject);
  }

  /** Waits until the last word was answered or had its time, then frees everything. */
  async #finish(): Promise<void> {
    const { clock, pipe } = this.#options;
    const untilMs = clock.nowMs() + FAREWELL_TIMEOUT_MS;
    while (!isSaid(this.#session) && clock.nowMs() < untilMs) {
      await new Promise<void>((resolve) => {
        clock.setTimer(clock.nowMs() + FAREWELL_POLL_MS, resolve);
      });
    }
    this.#driver.transmit(clock.nowMs());
    this.#driver.stop();
    await pipe.close();
  }
}

/** Whether the last word was heard, or is the server's, which one answer confirms. */
function isSaid({ state }: Session): boolean {
  return state === "closed" || state === "draining";
}
