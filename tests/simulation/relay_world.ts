/**
 * A game server, relays and clients on a simulated network, driven as in production.
 *
 * Real endpoints, real pipes, real relay cores; only the network and the clock are simulated. The same seed
 * gives the same world.
 *
 * @module
 */
import type { Address } from "../../protocol/address.ts";
import { ClientEndpoint, type ClientEvent } from "../../protocol/client_endpoint.ts";
import type { Exposure } from "../../protocol/relay/hop_ticket.ts";
import { ClientLeg } from "../../protocol/relay/legs/client_leg.ts";
import type { ClientLegEvent } from "../../protocol/relay/legs/client_leg_options.ts";
import { ServerLeg } from "../../protocol/relay/legs/server_leg.ts";
import type { ServerLegOptions } from "../../protocol/relay/legs/server_leg_options.ts";
import { RelayCore } from "../../protocol/relay/relay_core.ts";
import type { RelayGrant } from "../../protocol/relay/relay_grant.ts";
import { loadSodiumSipHasher } from "../../protocol/relay/sodium_siphash.ts";
import { ServerEndpoint } from "../../protocol/server_endpoint.ts";
import type { ServerSession } from "../../protocol/session_registry.ts";
import { EndpointDriver } from "../../transport/endpoint_driver.ts";
import type { ImpairmentOptions } from "../../transport/impairment.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { RelayedPipe } from "../../transport/relayed_pipe.ts";
import { RelayGate } from "../../transport/relay_gate.ts";
import { SimulatedNetwork } from "../../transport/simulated_network.ts";
import { CRYPTO } from "../fixtures/pair.ts";
import { PROBE } from "../fixtures/probe_protocol.ts";
import { keyOf, randomFill } from "../fixtures/seeded.ts";
import { Talker } from "../fixtures/talker.ts";
import { type GrantOptions, type KnownRelay, RelayDirector } from "./relay_director.ts";

/** Tags of all relays and legs. */
export const HASHER = await loadSodiumSipHasher();

/** Where the server is, unless it is behind a NAT. */
export const SERVER: Address = { hostname: "192.0.2.1", port: 9_999 };

/** Wall clock when a world begins. */
export const EPOCH_MS = 1_700_000_000_000;

/** Where an anchor is said to be: the port of an anchor means nothing. */
const ANCHOR_ID = 0xa1n;

/** A relay. */
export class WorldRelay implements KnownRelay {
  readonly id: string;
  readonly address: Address;
  readonly key;
  core: RelayCore;
  readonly #world: RelayWorld;
  #pipe: DatagramPipe;
  #driver: EndpointDriver;
  #lives = 0;

  constructor(world: RelayWorld, number: number) {
    this.#world = world;
    this.id = `relay-${number}`;
    this.address = { hostname: `203.0.113.${number + 1}`, port: 7_000 };
    this.key = world.director.newKey();
    [this.core, this.#pipe, this.#driver] = this.#live();
  }

  /** Dies without a word. */
  kill(): void {
    this.#driver.stop();
    this.#pipe.close();
  }

  /** Another process takes its place, and knows nothing. */
  restart(): void {
    [this.core, this.#pipe, this.#driver] = this.#live();
  }

  /** Lets leave what was asked of the core. */
  service(): void {
    this.#driver.service(this.#world.nowMs);
  }

  #live(): [RelayCore, DatagramPipe, EndpointDriver] {
    const { network, nowMs, seed } = this.#world;
    const core = new RelayCore({
      shard: 0,
      keys: [this.key],
      crypto: CRYPTO,
      hasher: HASHER,
      random: randomFill(`${this.id} ${this.#lives++}`, seed),
      epochMs: EPOCH_MS,
      limits: { sessions: 64 },
    }, nowMs);
    const bound = network.bind(this.address.hostname, this.address.port);
    const pipe = this.#world.options.relayPipe?.(bound, this) ?? bound;
    const driver = new EndpointDriver(core, pipe, network.clock, () => {});
    driver.start();
    return [core, pipe, driver];
  }
}

/** A client behind relays. */
export class RelayClient extends Talker {
  readonly endpoint: ClientEndpoint;
  readonly leg: ClientLeg;
  readonly pipe: RelayedPipe;
  readonly driver: EndpointDriver;
  readonly grant: RelayGrant;
  /** What the leg told. */
  readonly legEvents: ClientLegEvent[] = [];
  /** What the session told, but for results. */
  readonly events: ClientEvent[] = [];
  readonly #world: RelayWorld;

  constructor(world: RelayWorld, inner: DatagramPipe, grant: RelayGrant, options: ClientOptions) {
    super(() => endpoint.session, () => world.nowMs);
    const name = `client ${grant.sessionId}`;
    const random = randomFill(name, world.seed);
    this.#world = world;
    this.grant = grant;
    this.leg = new ClientLeg({
      grant,
      hasher: HASHER,
      crypto: CRYPTO,
      random,
      epochMs: EPOCH_MS,
      ...options.leg,
    }, world.nowMs);
    const { clock } = world.network;
    this.pipe = new RelayedPipe(inner, {
      leg: this.leg,
      clock,
      onEvent: (event, pipe) => {
        this.legEvents.push(event);
        options.onEvent?.(event, pipe);
      },
    });
    const endpoint = new ClientEndpoint({
      protocol: PROBE,
      crypto: CRYPTO,
      random,
      serverKey: world.server.staticPublic,
      addresses: [this.leg.virtualAddress],
    });
    this.endpoint = endpoint;
    this.driver = new EndpointDriver(endpoint, this.pipe, clock, (nowMs) => this.#onNews(nowMs));
  }

  /** Binds, and then begins to connect. */
  connect(): void {
    this.endpoint.connect(this.#world.nowMs);
    this.driver.start();
  }

  /** Lets what was sent leave. */
  flush(): void {
    this.session.flush();
    this.driver.service(this.#world.nowMs);
  }

  #onNews(nowMs: number): void {
    const { endpoint } = this;
    for (let e = endpoint.pollEvent(nowMs); e; e = endpoint.pollEvent(nowMs)) {
      if (e.kind === "delivery") e.callback(e.result);
      else this.events.push(e);
    }
    this.drain();
  }
}

/** A session at the server. */
export class RelayPeer extends Talker {
  readonly entry: ServerSession;
  readonly kinds: string[] = [];
  readonly #world: RelayWorld;

  constructor(world: RelayWorld, entry: ServerSession) {
    super(() => entry.session, () => world.nowMs);
    this.entry = entry;
    this.#world = world;
  }

  /** Lets what was sent leave. */
  flush(): void {
    this.#world.server.flush(this.entry);
    this.#world.service();
  }

  /** Takes events and messages. */
  read(): void {
    const { session } = this.entry;
    for (let e = session.pollEvent(); e; e = session.pollEvent()) {
      this.kinds.push(e.kind);
      if (e.kind === "delivery") e.callback(e.result);
    }
    this.drain();
  }
}

/** How to make a client. */
export interface ClientOptions {
  /** Which relays, by number. */
  readonly primary: readonly number[];
  readonly standby?: readonly number[];
  readonly exposure?: Exposure;
  /** Whether the grant tells the client the server's address. */
  readonly tellsServerAddress?: boolean;
  /** What the client takes for the exposure, whatever the server's ticket says. */
  readonly claims?: Exposure;
  /** Its pipe. Default: one on a host of its own. */
  readonly inner?: DatagramPipe;
  /** Seconds that the tickets last. Default an hour. */
  readonly lastsS?: number;
  /** Options of the leg that differ. */
  readonly leg?: { readonly keepaliveMs?: number };
  readonly onEvent?: (event: ClientLegEvent, pipe: RelayedPipe) => void;
}

/** How to make a world. */
export interface RelayWorldOptions {
  readonly seed?: number;
  readonly relays: number;
  /** Every path. Default 10 ms each way. */
  readonly link?: ImpairmentOptions;
  /** Where the server's pipe comes from, when it is behind a NAT; it then binds an anchor at each relay. */
  readonly serverPipe?: (network: SimulatedNetwork) => DatagramPipe;
  readonly server?: Partial<ServerLegOptions>;
  readonly acceptDirect?: boolean;
  /** Puts something around the pipe of a relay. */
  readonly relayPipe?: (pipe: DatagramPipe, relay: WorldRelay) => DatagramPipe;
}

/** One server, some relays, any number of clients. */
export class RelayWorld {
  readonly seed: number;
  readonly options: RelayWorldOptions;
  readonly network: SimulatedNetwork;
  readonly director: RelayDirector;
  readonly relays: WorldRelay[];
  server: ServerEndpoint;
  leg: ServerLeg;
  gate: RelayGate;
  readonly peers = new Map<number, RelayPeer>();
  #driver: EndpointDriver;
  readonly #isAnchored: boolean;
  #clients = 0;

  constructor(options: RelayWorldOptions) {
    const { seed = 1, link = { delayMs: 10 }, serverPipe } = options;
    this.seed = seed;
    this.options = options;
    this.network = new SimulatedNetwork({ seed, link });
    this.director = new RelayDirector(seed);
    this.relays = Array.from({ length: options.relays }, (_, i) => new WorldRelay(this, i));
    this.#isAnchored = serverPipe !== undefined;
    [this.server, this.leg, this.gate, this.#driver] = this.#serve();
    this.#driver.start();
    if (!this.#isAnchored) return;
    const grants = this.relays.map((relay) =>
      this.director.anchor(ANCHOR_ID, relay, this.nowS + 86_400)
    );
    this.leg.setAnchors(grants, 0);
    this.gate.service();
    this.run(200);
  }

  /** The server's process ends without a word; another one at its address knows nothing. */
  restartServer(): void {
    this.#driver.stop();
    // Neither the gate nor its leg has the time to say goodbye.
    this.#serverPipe!.close();
    [this.server, this.leg, this.gate, this.#driver] = this.#serve();
    this.#driver.start();
  }

  #serverPipe: DatagramPipe | undefined;

  #serve(): [ServerEndpoint, ServerLeg, RelayGate, EndpointDriver] {
    const { seed, nowMs, network: { clock }, options } = this;
    const random = randomFill(`server ${nowMs}`, seed);
    const common = { crypto: CRYPTO, random, epochMs: EPOCH_MS };
    const server = new ServerEndpoint({
      ...common,
      protocol: PROBE,
      staticSecret: keyOf("server"),
    }, nowMs);
    const leg = new ServerLeg({
      ...common,
      relayKeys: [this.director.serverKey],
      hasher: HASHER,
      ...options.server,
    }, nowMs);
    const inner = options.serverPipe?.(this.network) ??
      this.network.bind(SERVER.hostname, SERVER.port);
    this.#serverPipe = inner;
    const gate = new RelayGate(inner, { leg, clock, acceptDirect: options.acceptDirect });
    const driver = new EndpointDriver(server, gate, clock, () => this.#readNews());
    return [server, leg, gate, driver];
  }

  get nowMs(): number {
    return this.network.clock.nowMs();
  }

  /** Wall clock. */
  get nowS(): number {
    return Math.floor((EPOCH_MS + this.nowMs) / 1_000);
  }

  /** The only session at the server. */
  get peer(): RelayPeer {
    if (this.peers.size !== 1) throw new Error(`There are ${this.peers.size} sessions`);
    return this.peers.values().next().value!;
  }

  /** A grant for a client that is to have a new session. */
  grant(options: ClientOptions, sessionId: bigint, more: Partial<GrantOptions> = {}): RelayGrant {
    const { primary, standby, exposure, tellsServerAddress = false, lastsS = 3_600 } = options;
    return this.director.grant({
      sessionId,
      primary: primary.map((number) => this.relays[number]!),
      ...(standby === undefined ? {} : { standby: standby.map((number) => this.relays[number]!) }),
      ...(exposure === undefined ? {} : { exposure }),
      ...(tellsServerAddress ? { serverAddress: SERVER } : {}),
      server: () => this.#isAnchored ? { hostname: "100::a1", port: 1 } : SERVER,
      notAfterS: this.nowS + lastsS,
      ...more,
    });
  }

  /** Adds a client that has begun to bind and to connect. */
  addClient(options: ClientOptions): RelayClient {
    const number = ++this.#clients;
    const inner = options.inner ?? this.network.bind(`198.51.100.${number}`, 0);
    const granted = this.grant(options, BigInt(number));
    const { claims = granted.exposure } = options;
    const client = new RelayClient(this, inner, { ...granted, exposure: claims }, options);
    client.connect();
    return client;
  }

  /** Adds a client and lets time go on until it has a session. */
  connect(options: ClientOptions): RelayClient {
    const known = this.peers.size;
    const client = this.addClient(options);
    const isThere = this.runUntil(
      () => client.endpoint.session !== undefined && this.peers.size > known,
      6_000,
    );
    if (!isThere) throw new Error("The client did not connect");
    return client;
  }

  /** Lets time go on by this much. */
  run(durationMs: number): void {
    this.network.run(this.nowMs + durationMs);
  }

  /** Lets time go on until something holds. */
  runUntil(predicate: () => boolean, limitMs: number): boolean {
    return this.network.runUntil(predicate, this.nowMs + limitMs);
  }

  /** Does something every so often; return `false` to stop. */
  everyMs(periodMs: number, action: () => void | boolean): void {
    const next = (atMs: number): void => {
      this.network.clock.setTimer(atMs, () => {
        if (action() !== false) next(atMs + periodMs);
      });
    };
    next(this.nowMs + periodMs);
  }

  /** Lets the server's news out and everything due leave. */
  service(): void {
    this.#driver.service(this.nowMs);
  }

  #readNews(): void {
    for (let entry = this.server.pollNews(); entry; entry = this.server.pollNews()) {
      let peer = this.peers.get(entry.id);
      if (peer === undefined) {
        peer = new RelayPeer(this, entry);
        this.peers.set(entry.id, peer);
      }
      peer.read();
    }
  }
}
