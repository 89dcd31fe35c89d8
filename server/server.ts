/**
 * The game server: a socket, its peers, their messages, and the tick.
 *
 * @module
 */
import { getLogger } from "npm:@logtape/logtape@2.4.2";
import type { BoundMessage, ClientMessage, ProtocolCore, ServerMessage } from "../schema/mod.ts";
import type { Address } from "../protocol/address.ts";
import { CloseCode } from "../protocol/close_code.ts";
import { formatConnectUrl } from "../protocol/connect_url.ts";
import type { AuthorizationRequest } from "../protocol/server_door.ts";
import type { ServerEndpoint } from "../protocol/server_endpoint.ts";
import type { SessionEvent } from "../protocol/session_event.ts";
import type { ServerSession } from "../protocol/session_registry.ts";
import { Broadcaster } from "./broadcaster.ts";
import type { Clock } from "../transport/clock.ts";
import { EndpointDriver } from "../transport/endpoint_driver.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import { HandlerTable, type ServerEvents } from "./handlers.ts";
import type { ServeOptions } from "./options.ts";
import { type DisconnectOptions, Peer, type PeerHost } from "./peer.ts";
import { type ServerStats, serverStats } from "./server_stats.ts";
import { TickLoop } from "./tick_loop.ts";

const logger = getLogger(["tickwire", "server"]);
const access = getLogger(["tickwire", "access"]);

/** How long {@link Server.close} waits for peers to hear of it. */
const CLOSE_TIMEOUT_MS = 1_000;

/** Options of {@link Server.broadcast}. */
export interface BroadcastOptions<Data> {
  /** A peer that does not get the message: its author, as a rule. */
  readonly except?: Peer<Data>;
  /** Who gets it. Default: every peer. */
  readonly to?: Iterable<Peer<Data>>;
}

/** A running server. Made by {@link serve}. */
export class Server<P extends ProtocolCore = ProtocolCore, Data = undefined> implements PeerHost {
  /** The game's protocol. */
  readonly protocol: P;
  readonly #endpoint: ServerEndpoint;
  readonly #pipe: DatagramPipe;
  readonly #clock: Clock;
  readonly #driver: EndpointDriver;
  readonly #tick: TickLoop | undefined;
  readonly #handlers: HandlerTable<Data>;
  readonly #peers = new Map<number, Peer<Data>>();
  readonly #broadcaster: Broadcaster;
  readonly #options: ServeOptions<Data>;
  #unflushed: Peer<unknown>[] = [];
  readonly #tickHandlers: ((tick: number, stepSeconds: number) => void)[] = [];
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  /** Use {@link serve} instead. */
  constructor(
    protocol: P,
    endpoint: ServerEndpoint,
    pipe: DatagramPipe,
    clock: Clock,
    options: ServeOptions<Data>,
  ) {
    this.protocol = protocol;
    this.#endpoint = endpoint;
    this.#pipe = pipe;
    this.#clock = clock;
    this.#options = options;
    this.#broadcaster = new Broadcaster(protocol);
    this.#handlers = new HandlerTable((error, where) =>
      logger.error("Handler of {where} failed: {error}", { where, error })
    );
    this.#driver = new EndpointDriver(endpoint, pipe, clock, (nowMs) => this.#onNews(nowMs));
    const { tickHz = 0 } = options;
    if (tickHz > 0) {
      this.#tick = new TickLoop(clock, tickHz, (tick, nowMs) => this.#runTick(tick, nowMs));
    }
  }

  /** Starts receiving and ticking; {@link serve} calls it. */
  start(): void {
    this.#driver.start();
    this.#tick?.start();
  }

  /** Where the socket is bound, with its real port. */
  get address(): Address {
    return this.#pipe.localAddress;
  }

  /** The server's X25519 public key: what clients must know. */
  get publicKey(): Uint8Array {
    return this.#endpoint.staticPublic;
  }

  /** All peers that are not gone for good, by id. */
  get peers(): ReadonlyMap<number, Peer<Data>> {
    return this.#peers;
  }

  /** Number of the current tick; 0 before the first and in a server without ticks. */
  get tick(): number {
    return this.#endpoint.time.tick;
  }

  /** Whether new players are refused. */
  get isDraining(): boolean {
    return this.#endpoint.isDraining;
  }

  /**
   * The URL for clients.
   *
   * @param hostname How clients reach this machine. Default: the bound address, or 127.0.0.1 where that is every address.
   */
  url(hostname?: string): string {
    const { hostname: bound, port } = this.address;
    const isEvery = bound === "::" || bound === "0.0.0.0";
    const host = hostname ?? (isEvery ? "127.0.0.1" : bound);
    return formatConnectUrl({ hostname: host, port, serverKey: this.publicKey });
  }

  /**
   * Listens to a message or to an event of peers and server. What a handler throws is contained and
   * counted, told to `"error"` listeners or else logged. Returns what removes the handler.
   */
  on<T>(message: ClientMessage<T>, handler: (peer: Peer<Data>, value: T) => void): () => void;
  on<E extends keyof ServerEvents<Data>>(event: E, handler: ServerEvents<Data>[E]): () => void;
  on(
    what: BoundMessage | keyof ServerEvents<Data>,
    handler: (...args: never[]) => void,
  ): () => void {
    // The overloads tie the handler's type to the message or event; here they are all functions.
    const erased = handler as (...args: unknown[]) => void;
    if (typeof what === "string") return this.#handlers.addEvent(what, erased);
    if (this.protocol.messages[what.index] !== what) {
      throw new TypeError(`Cannot listen to "${what.name}": it belongs to another protocol`);
    }
    if (what.from === "server") {
      throw new TypeError(`Cannot listen to "${what.name}": only a server sends it`);
    }
    return this.#handlers.addMessage(what, erased);
  }

  /**
   * Runs the game at the tick rate, after the messages of the tick were handled.
   *
   * @param handler Called with the tick's number and its fixed length in seconds.
   * @throws TypeError in a server without ticks.
   */
  onTick(handler: (tick: number, stepSeconds: number) => void): () => void {
    if (this.#tick === undefined) {
      throw new TypeError('Cannot run ticks: give serve() a "tickHz"');
    }
    this.#tickHandlers.push(handler);
    return () => {
      const index = this.#tickHandlers.indexOf(handler);
      if (index !== -1) this.#tickHandlers.splice(index, 1);
    };
  }

  /**
   * Sends a message to every peer, or to some. It is encoded once per version that peers speak.
   *
   * @returns How many peers it was queued for.
   * @throws TypeError or RangeError for a value that the schema does not allow.
   */
  broadcast<T>(
    message: ServerMessage<T>,
    value: NoInfer<T>,
    options: BroadcastOptions<Data> = {},
  ): number {
    const { except, to = this.#peers.values() } = options;
    const nowMs = this.#clock.nowMs();
    this.#broadcaster.begin(message, value);
    let queued = 0;
    for (const peer of to) {
      if (peer === except || peer.state === "disconnected") continue;
      if (this.#broadcaster.sendTo(peer.typed, nowMs) !== "queued") continue;
      this.onSent(peer);
      queued++;
    }
    return queued;
  }

  /**
   * Blocks an address or a range such as `"203.0.113.0/24"`: its peers are thrown out, its datagrams
   * get no answer.
   *
   * @param durationMs For how long. Default: until {@link unblock}.
   * @throws TypeError when it is neither an address nor a range.
   */
  block(cidr: string, durationMs = Infinity): void {
    const nowMs = this.#clock.nowMs();
    this.#endpoint.block(cidr, nowMs + durationMs, nowMs);
    this.#driver.wake();
  }

  /** Lifts a block. Returns whether there was one. */
  unblock(cidr: string): boolean {
    return this.#endpoint.blockList.remove(cidr);
  }

  /** What the server does and how it is. */
  stats(): ServerStats {
    return serverStats(this.#endpoint, this.#pipe, this.#tick, this.#handlers, this.#peers.size);
  }

  /**
   * Refuses new players and waits until the last one has left.
   *
   * @param timeoutMs After this, who is left stays for {@link close} to end. Default: for ever.
   */
  async drain(timeoutMs = Infinity): Promise<void> {
    this.#endpoint.isDraining = true;
    if (this.#peers.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    const timer = this.#clock.setTimer(this.#clock.nowMs() + timeoutMs, resolve);
    await promise;
    this.#clock.clearTimer(timer);
    this.#onIdle = undefined;
  }

  /** Stops: tells all peers why, frees the socket. Resolves when nothing is left. Idempotent. */
  close(reason = "the server stops"): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  /** Same as {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** For {@link Peer}. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** For {@link Peer}. */
  onSent(peer: Peer<unknown>): void {
    if (!peer.isUnflushed) {
      peer.isUnflushed = true;
      this.#unflushed.push(peer);
    }
    if (this.#tick === undefined) this.#driver.wake();
  }

  /** For {@link Peer}. */
  flush(entry: ServerSession): void {
    this.#endpoint.flush(entry);
    this.#driver.wake();
  }

  /** For {@link Peer}. */
  disconnect(entry: ServerSession, options: Required<DisconnectOptions>): void {
    const { code, reason, flush, timeoutMs } = options;
    const nowMs = this.#clock.nowMs();
    if (flush) this.#endpoint.linger(entry, code, reason, timeoutMs, nowMs);
    else this.#endpoint.close(entry, code, reason, nowMs);
    this.#driver.wake();
  }

  #onNews(nowMs: number): void {
    for (let door = this.#endpoint.pollAuthorization(); door;) {
      this.#authorize(door);
      door = this.#endpoint.pollAuthorization();
    }
    if (this.#tick === undefined) this.#dispatch(nowMs);
  }

  /** Handles messages and events of all peers with news, and lets what was sent leave. */
  #dispatch(nowMs: number): void {
    for (let entry = this.#endpoint.pollNews(); entry; entry = this.#endpoint.pollNews()) {
      for (let event = entry.session.pollEvent(); event; event = entry.session.pollEvent()) {
        this.#handleEvent(entry, event, nowMs);
      }
      const peer = this.#peers.get(entry.id);
      if (peer !== undefined) this.#drainMessages(peer, nowMs);
    }
    this.#flushAll();
  }

  #flushAll(): void {
    const peers = this.#unflushed;
    for (let i = 0; i < peers.length; i++) {
      const peer = peers[i]!;
      peer.isUnflushed = false;
      this.#endpoint.flush(peer.entry);
    }
    peers.length = 0;
  }

  #drainMessages(peer: Peer<Data>, nowMs: number): void {
    const { typed } = peer;
    while (typed.poll(nowMs)) this.#handlers.dispatch(typed.message, peer, typed.value);
  }

  #handleEvent(entry: ServerSession, event: SessionEvent, nowMs: number): void {
    if (event.kind === "connected") {
      this.#welcome(entry);
      return;
    }
    const peer = this.#peers.get(entry.id);
    if (peer === undefined) return;
    switch (event.kind) {
      case "detached":
        this.#drainMessages(peer, nowMs);
        peer.setState("suspended");
        access.info("suspended {id} {address}", { id: peer.id, address: textOf(peer.address) });
        this.#handlers.emit("suspended", peer);
        break;
      case "resumed":
        peer.setState("connected");
        access.info("resumed {id} {address}", { id: peer.id, address: textOf(peer.address) });
        this.#handlers.emit("resumed", peer);
        break;
      case "pathChanged":
        access.info("moved {id} {address}", { id: peer.id, address: textOf(event.address) });
        break;
      case "delivery":
        this.#runCallback(() => event.callback(event.result));
        break;
      case "drained":
        this.#handlers.emit("drained", peer);
        break;
      case "closed":
        // What came before the end is still handled.
        this.#drainMessages(peer, nowMs);
        this.#farewell(peer, event);
    }
  }

  #welcome(entry: ServerSession): void {
    let data: Data;
    try {
      // Without `peerData` the type parameter is `undefined`, which is what the cast says.
      data = this.#options.peerData?.() as Data;
    } catch (error) {
      this.#handlers.fail(error, "peerData");
      this.#endpoint.close(entry, CloseCode.kicked, "internal error", this.#clock.nowMs());
      return;
    }
    const peer = new Peer(entry, this.#endpoint.drops, this, data);
    this.#peers.set(peer.id, peer);
    access.info("connected {id} {address} {user}", {
      id: peer.id,
      address: textOf(peer.address),
      user: peer.userId,
    });
    this.#handlers.emit("connected", peer);
  }

  #farewell(peer: Peer<Data>, event: SessionEvent & { kind: "closed" }): void {
    const { code, reason, isByPeer } = event;
    peer.setState("disconnected");
    this.#peers.delete(peer.id);
    access.info("disconnected {id} {address} {code} {reason}", {
      id: peer.id,
      address: textOf(peer.address),
      code,
      reason,
    });
    this.#handlers.emit("disconnected", peer, { code, reason, isByPeer });
    if (this.#peers.size === 0) this.#onIdle?.();
  }

  #authorize(door: AuthorizationRequest): void {
    const { handshake, address, userId, userData, auth } = door;
    const decide = async (): Promise<void> => {
      const result = await this.#options.authorize!({ address, userId, userData, auth });
      if (result === false) {
        const refused = { status: "auth", reason: "not authorized" } as const;
        this.#endpoint.authorize(handshake, { refused }, this.#clock.nowMs());
      } else if (result === true) {
        this.#endpoint.authorize(handshake, {}, this.#clock.nowMs());
      } else if ("userId" in result) {
        this.#endpoint.authorize(handshake, { userId: result.userId }, this.#clock.nowMs());
      } else {
        const refused = { status: result.refused, reason: result.reason };
        this.#endpoint.authorize(handshake, { refused }, this.#clock.nowMs());
      }
    };
    decide().catch((error) => {
      this.#handlers.fail(error, "authorize");
      const refused = { status: "busy", reason: "internal error" } as const;
      this.#endpoint.authorize(handshake, { refused }, this.#clock.nowMs());
    }).finally(() => this.#driver.wake());
  }

  #runTick(tick: number, nowMs: number): void {
    const { time } = this.#endpoint;
    time.tick = tick;
    time.startedAtMs = nowMs;
    this.#dispatch(nowMs);
    const stepSeconds = this.#tick!.periodMs / 1000;
    for (const handler of this.#tickHandlers) {
      this.#runCallback(() => handler(tick, stepSeconds));
    }
    this.#flushAll();
    this.#driver.service(this.#clock.nowMs());
  }

  #runCallback(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#handlers.fail(error, "callback");
    }
  }

  async #close(reason: string): Promise<void> {
    this.#handlers.emit("stopping");
    this.#tick?.stop();
    this.#flushAll();
    this.#driver.service(this.#clock.nowMs());
    this.#endpoint.closeAll(CloseCode.shutdown, reason, this.#clock.nowMs());
    this.#dispatch(this.#clock.nowMs());
    this.#driver.service(this.#clock.nowMs());
    const untilMs = this.#clock.nowMs() + CLOSE_TIMEOUT_MS;
    while (this.#endpoint.size > 0 && this.#clock.nowMs() < untilMs) {
      await new Promise<void>((resolve) => {
        this.#clock.setTimer(this.#clock.nowMs() + 10, resolve);
      });
    }
    this.#driver.stop();
    await this.#pipe.close();
  }
}

function textOf(address: Address): string {
  return `${address.hostname} ${address.port}`;
}
