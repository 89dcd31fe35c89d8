/**
 * The game server: a socket, its peers, their messages, and the tick.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import { CloseCode } from "../protocol/close_code.ts";
import { formatConnectUrl } from "../protocol/connect_url.ts";
import { assertReceivable, HandlerTable } from "../protocol/handler_table.ts";
import type { ServerEndpoint } from "../protocol/server_endpoint.ts";
import type { BoundMessage, ClientMessage, ProtocolCore, ServerMessage } from "../schema/mod.ts";
import type { Clock } from "../transport/clock.ts";
import { EndpointDriver } from "../transport/endpoint_driver.ts";
import { reportFailure } from "../transport/report_failure.ts";
import { Authorizer } from "./authorizer.ts";
import { Broadcaster } from "./broadcaster.ts";
import { SERVER_EVENTS, type ServerEvents } from "./handlers.ts";
import { DEFAULT_MAX_PEERS } from "./options.ts";
import { linkOf, type Peer, type PeerHost } from "./peer.ts";
import { PeerTable } from "./peer_table.ts";
import { relayHostOf } from "./relay_host.ts";
import type { Lobby } from "./rooms/lobby.ts";
import type { LobbyOptions } from "./rooms/lobby_options.ts";
import { openLobby } from "./rooms/open_lobby.ts";
import type { AnyRoomDefinition } from "./rooms/room_definition.ts";
import type { BroadcastOptions, ServerCloseOptions, ServerParts } from "./server_parts.ts";
import type { ServerRelay } from "./server_relay.ts";
import { type ServerStats, serverStats } from "./server_stats.ts";
import { TickLoop } from "./tick_loop.ts";
import { type ServerWorld, type ServerWorldOptions, ServerWorlds } from "./world/server_worlds.ts";

/** How long {@link Server.close} waits for peers to answer its last word. */
const FAREWELL_TIMEOUT_MS = 1_000;
/** How long a stopping server waits for players who were let in and have not come yet. */
const ARRIVAL_TIMEOUT_MS = 300;

/** How often a server that drains or closes looks whether somebody is left. */
const POLL_INTERVAL_MS = 10;

/** A running server. Made by {@link serve}. */
export class Server<P extends ProtocolCore = ProtocolCore, Data = undefined> {
  /** The game's protocol. */
  readonly protocol: P;
  readonly #parts: ServerParts<Data>;
  readonly #endpoint: ServerEndpoint;
  readonly #clock: Clock;
  readonly #driver: EndpointDriver;
  readonly #tick: TickLoop | undefined;
  readonly #isImmediate: boolean;
  readonly #authorizer: Authorizer | undefined;
  readonly #broadcaster: Broadcaster;
  readonly #table: PeerTable<Data>;
  readonly #handlers = new HandlerTable<ServerEvents<Data>>(
    SERVER_EVENTS,
    (error, where) => reportFailure("server", error, where),
  );
  #worlds: ServerWorlds<Data> | undefined;
  #lobby: Lobby<P> | undefined;
  #tickHandlers: readonly ((tick: number, stepSeconds: number) => void)[] = [];
  #isClosing = false;
  #closing: Promise<void> | undefined;

  /** Use {@link serve} instead. */
  constructor(protocol: P, parts: ServerParts<Data>) {
    const { endpoint, pipe, clock, options } = parts;
    const { tickHz = 0, dispatch = "tick", peerData, authorize: hook } = options;
    this.protocol = protocol;
    this.#parts = parts;
    this.#endpoint = endpoint;
    this.#clock = clock;
    this.#broadcaster = new Broadcaster(protocol);
    const handlers = this.#handlers;
    this.#table = new PeerTable({ endpoint, handlers, peerData, host: this.#makeHost() });
    this.#authorizer = hook && new Authorizer({
      endpoint,
      hook,
      nowMs: () => clock.nowMs(),
      onAnswer: () => this.#driver.wake(),
      onError: (error) => handlers.fail(error, "authorize"),
    });
    this.#isImmediate = tickHz === 0 || dispatch === "immediate";
    this.#tick = tickHz === 0
      ? undefined
      : new TickLoop(parts.tickClock, tickHz, (tick, nowMs, dueMs) => {
        handlers.run(() => this.#runTick(tick, nowMs, dueMs), undefined, undefined, "the run loop");
      });
    this.#driver = new EndpointDriver(
      endpoint,
      pipe,
      clock,
      (nowMs) => this.#onNews(nowMs),
      (error) => handlers.fail(error, "the run loop"),
    );
    this.#driver.start();
    this.#tick?.start();
    const { maxPeers = DEFAULT_MAX_PEERS } = options;
    parts.relay?.start(relayHostOf(this, maxPeers, (code) => handlers.emit("joinCode", code)));
  }

  /** The server's place among relays; `undefined` without the `relay` option. */
  get relay(): ServerRelay | undefined {
    return this.#parts.relay;
  }

  /** Where the socket is bound, with its real port. */
  get address(): Address {
    return this.#parts.pipe.localAddress;
  }

  /** The server's X25519 public key: what clients must know. */
  get publicKey(): Uint8Array {
    return this.#endpoint.staticPublic;
  }

  /** All peers that are not gone for good, by id. */
  get peers(): ReadonlyMap<number, Peer<Data>> {
    return this.#table.peers;
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
   * Listens to a message or to an event of peers and server. Handlers run in the order in which they
   * were added. What one throws, or rejects with, is contained and counted, told to `"error"` handlers
   * or else logged.
   *
   * @returns What removes the handler; it may be called inside the handler.
   * @throws TypeError for an unknown event, or a message of another protocol or direction.
   */
  on<T>(message: ClientMessage<T>, handler: (peer: Peer<Data>, value: T) => void): () => void;
  /** Listens to an event. */
  on<E extends keyof ServerEvents<Data>>(event: E, handler: ServerEvents<Data>[E]): () => void;
  on(
    what: BoundMessage | keyof ServerEvents<Data>,
    handler: (...args: never[]) => void,
  ): () => void {
    if (typeof what === "string") return this.#handlers.addEvent(what, handler);
    assertReceivable(this.protocol, what, "server");
    return this.#handlers.addMessage(what, handler);
  }

  /**
   * Runs the game at the tick rate. In a tick, first the messages and events that came since the last
   * one are handled (unless they are dispatched at once), then these handlers run in the order in which
   * they were added, then everything that was sent leaves.
   *
   * @param handler Called with the tick's number and its fixed length in seconds.
   * @returns What removes the handler.
   * @throws TypeError in a server without ticks.
   */
  onTick(handler: (tick: number, stepSeconds: number) => void): () => void {
    if (this.#tick === undefined) {
      throw new TypeError('Cannot run ticks: give serve() a "tickHz"');
    }
    // A wrapper of its own, so that the same function added twice is two handlers.
    const own = (tick: number, stepSeconds: number): void => handler(tick, stepSeconds);
    this.#tickHandlers = [...this.#tickHandlers, own];
    return () => {
      this.#tickHandlers = this.#tickHandlers.filter((other) => other !== own);
    };
  }

  /**
   * Opens the lobby: from now on players find and create rooms, and games run in them. Once per server.
   *
   * @param definitions What {@link defineRoom} made, one for each kind of room.
   * @throws TypeError when the protocol has no rooms, a definition belongs to another protocol, or the
   * lobby is open already; RangeError for options out of bounds.
   */
  rooms(definitions: readonly AnyRoomDefinition[], options: LobbyOptions = {}): Lobby<P> {
    if (this.#lobby !== undefined) throw new TypeError("Cannot open rooms: they are open already");
    const parts = this.#parts;
    const own = { parts, endpoint: this.#endpoint, table: this.#table, handlers: this.#handlers };
    this.#lobby = openLobby(this, own, definitions, options);
    return this.#lobby;
  }

  /**
   * Makes a world of entities, which peers see from now on. At the end of every tick they are sent what
   * they lack of it. A server may have any number of worlds; a peer sees one at a time.
   *
   * @throws TypeError in a server without ticks, and for a protocol without entities; RangeError for an
   * option that makes no sense.
   */
  world(options: ServerWorldOptions = {}): ServerWorld<Data> {
    this.#worlds ??= new ServerWorlds<Data>({
      protocol: this.protocol,
      tickHz: this.#parts.options.tickHz ?? 0,
      peers: this.peers,
      handlers: this.#handlers,
      nowMs: () => this.#clock.nowMs(),
    });
    return this.#worlds.create(options);
  }

  /**
   * Sends a message to every peer, or to some. It is encoded once per version that peers speak.
   *
   * @returns How many peers it was queued for: not for those whose version does not have it, and not
   * where a reliable channel is blocked.
   * @throws TypeError or RangeError for a value that the schema does not allow.
   */
  broadcast<T>(
    message: ServerMessage<T>,
    value: NoInfer<T>,
    options: BroadcastOptions<Data> = {},
  ): number {
    const { except, to = this.peers.values() } = options;
    const nowMs = this.#clock.nowMs();
    this.#broadcaster.begin(message, value);
    let queued = 0;
    for (const peer of to) {
      if (peer === except) continue;
      const link = linkOf(peer);
      if (this.#broadcaster.sendTo(link.typed, nowMs) !== "queued") continue;
      link.host.onSent(link);
      queued++;
    }
    return queued;
  }

  /**
   * Blocks an address or a range such as `"203.0.113.0/24"`: its peers are thrown out, its datagrams
   * get no answer.
   *
   * @param durationMs For how long, above 0. Default: until {@link unblock}.
   * @throws TypeError when it is neither an address nor a range, RangeError for another duration.
   */
  block(cidr: string, durationMs = Infinity): void {
    if (!(durationMs > 0)) {
      throw new RangeError(`Cannot block "${cidr}" for ${durationMs} ms: a duration is above 0`);
    }
    const nowMs = this.#clock.nowMs();
    this.#endpoint.block(cidr, nowMs + durationMs, nowMs);
    this.#driver.wake();
  }

  /** Lifts a block of exactly this address or range. Returns whether there was one. */
  unblock(cidr: string): boolean {
    return this.#endpoint.blockList.remove(cidr);
  }

  /** What the server does and how it is. */
  stats(): ServerStats {
    const { endpoint, pipe } = this.#parts;
    return serverStats({
      endpoint,
      pipe,
      tick: this.#tick,
      handlers: this.#handlers,
      peers: this.peers.size,
    });
  }

  /**
   * Refuses new players and waits until the last one has left; who fell silent may still come back.
   *
   * @param timeoutMs After this, who is left stays for {@link close} to end. Default: for ever.
   */
  async drain(timeoutMs = Infinity): Promise<void> {
    this.#endpoint.isDraining = true;
    this.#parts.relay?.beatSoon();
    // Also for those who were let in already and whose "connected" event is still to come.
    await this.#until(timeoutMs, () => {
      const { size, halfOpen } = this.#endpoint;
      return size + halfOpen + this.peers.size === 0;
    });
  }

  /**
   * Stops: no more ticks and messages; all peers are told why, once what is reliable has reached them;
   * then the socket is freed. Resolves when nothing is left. Idempotent.
   *
   * @param reason Reason that peers are told with `CloseCode.shutdown`; at most 200 bytes of it.
   */
  close(reason = "the server stops", options: ServerCloseOptions = {}): Promise<void> {
    if (this.#closing === undefined) {
      // Known before anything else happens: a handler of "stopping" may call this again.
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#closing = promise;
      this.#close(reason, options).then(resolve, reject);
    }
    return this.#closing;
  }

  /** Same as {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #makeHost(): PeerHost {
    return {
      nowMs: () => this.#driver.nowMs,
      onSent: (link) => {
        this.#table.onSent(link);
        if (this.#isImmediate) this.#driver.wake();
      },
      flush: (link) => {
        this.#endpoint.flush(link.entry);
        this.#driver.transmit(this.#clock.nowMs());
      },
      disconnect: (link, { code, reason, flush, timeoutMs }) => {
        link.state = "disconnected";
        const nowMs = this.#clock.nowMs();
        if (flush) this.#endpoint.linger(link.entry, code, reason, timeoutMs, nowMs);
        else this.#endpoint.close(link.entry, code, reason, nowMs);
        this.#driver.wake();
      },
    };
  }

  #onNews(nowMs: number): void {
    this.#authorizer?.poll();
    // Once the ticks have stopped, what is left is handled as it comes.
    if (this.#isImmediate || this.#isClosing) this.#table.dispatch(nowMs);
  }

  #runTick(tick: number, nowMs: number, dueMs: number): void {
    const { time } = this.#endpoint;
    time.tick = tick;
    // Clients are told of the steady clock behind the ticks, not of the lateness of this one's timer.
    time.startedAtMs = dueMs;
    this.#table.dispatch(nowMs);
    // A handler may have closed the server.
    if (this.#isClosing) return;
    const stepSeconds = this.#tick!.periodMs / 1000;
    for (const handler of this.#tickHandlers) {
      this.#handlers.run(() => handler(tick, stepSeconds), undefined, undefined, "tick");
    }
    this.#worlds?.step(tick);
    this.#table.flush();
    this.#driver.service(this.#clock.nowMs());
  }

  async #close(reason: string, options: ServerCloseOptions): Promise<void> {
    const { flush = true, timeoutMs = 2_000 } = options;
    const { pipe, onClosed, relay } = this.#parts;
    // First of all, so that nobody is sent here any more.
    const removed = relay?.close();
    this.#tick?.stop();
    this.#endpoint.isDraining = true;
    this.#table.dispatch(this.#clock.nowMs());
    this.#handlers.emit("stopping");
    this.#isClosing = true;
    this.#table.close();
    const disconnect = { code: CloseCode.shutdown, reason, flush, timeoutMs };
    for (const peer of this.peers.values()) linkOf(peer).host.disconnect(linkOf(peer), disconnect);
    this.#driver.service(this.#clock.nowMs());
    if (flush) await this.#until(timeoutMs, () => this.#isEverythingSaid());
    // Who was let in a moment ago is told too: his first packet is on its way.
    if (flush) {
      await this.#until(
        Math.min(timeoutMs, ARRIVAL_TIMEOUT_MS),
        () => this.#endpoint.halfOpen === 0,
      );
    }
    this.#endpoint.closeAll(CloseCode.shutdown, reason, this.#clock.nowMs());
    this.#driver.service(this.#clock.nowMs());
    await this.#until(FAREWELL_TIMEOUT_MS, () => this.#isEverythingSaid());
    this.#driver.stop();
    await pipe.close();
    await removed;
    await this.#lobby?.workersGone();
    onClosed();
  }

  /** Whether no peer is left that has not heard our last word, or said its own. */
  #isEverythingSaid(): boolean {
    for (const { session: { state } } of this.#endpoint.sessions()) {
      if (state !== "closed" && state !== "draining") return false;
    }
    return true;
  }

  /** Waits until a condition holds, or the time is over. */
  async #until(timeoutMs: number, holds: () => boolean): Promise<void> {
    const untilMs = this.#clock.nowMs() + timeoutMs;
    while (!holds() && this.#clock.nowMs() < untilMs) {
      await new Promise<void>((resolve) => {
        this.#clock.setTimer(this.#clock.nowMs() + POLL_INTERVAL_MS, resolve);
      });
    }
  }
}
