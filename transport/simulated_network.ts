/**
 * A network in memory with a clock of its own: seeded, deterministic, faster than real time.
 *
 * Hosts are IP literals. Each directed pair of hosts has a path with an impairment, NATs hide pipes
 * behind a public address, and nothing moves until {@link SimulatedNetwork.run} lets time go on. Servers
 * and clients are given a pipe of it and its clock, and are tested as they are.
 *
 * @module
 */
import { isIP } from "node:net";
import type { Address } from "../protocol/address.ts";
import { TransportError } from "./errors.ts";
import { completeImpairment, type ImpairmentOptions } from "./impairment.ts";
import { unmapped, unmappedAddress } from "./ip_literal.ts";
import { type Nat, NatBox, type NatOptions } from "./nat_box.ts";
import {
  type NetworkCounters,
  type NetworkDrop,
  type NetworkEvent,
  newNetworkCounters,
} from "./network_event.ts";
import { type DatagramPipe, MAX_DATAGRAM_BYTES } from "./pipe.ts";
import { withoutBrackets } from "./resolve.ts";
import { PathTable } from "./simulated_path.ts";
import { SimulatedPipe, type SimulatedPipeOptions } from "./simulated_pipe.ts";
import { checkHost, HostTable, type Realm } from "./simulated_realm.ts";
import { VirtualClock, type VirtualEvent } from "./virtual_clock.ts";

/** What a simulated network starts with. */
export interface SimulatedNetworkOptions {
  /** Decides every random event. Any integer. */
  seed: number;
  /** Impairment of every path that has none of its own. Default: 1 ms of delay. */
  link?: ImpairmentOptions | undefined;
}

/**
 * A delay by default, because two ends that answer each other over a path without delay would never let
 * time go on.
 */
const DEFAULT_LINK: ImpairmentOptions = { delayMs: 1 };

/** A datagram on its way. Pooled: one is made per datagram in flight at the busiest moment. */
class Flight implements VirtualEvent {
  buffer = new Uint8Array(MAX_DATAGRAM_BYTES);
  sizeBytes = 0;
  from: Address;
  to: Address;
  realm: Realm;
  readonly #arrive: (flight: Flight) => void;

  constructor(from: Address, to: Address, realm: Realm, arrive: (flight: Flight) => void) {
    this.from = from;
    this.to = to;
    this.realm = realm;
    this.#arrive = arrive;
  }

  fire(): void {
    this.#arrive(this);
  }
}

/**
 * Simulated hosts, paths and NATs on one virtual clock.
 *
 * @example
 * ```ts
 * import { SimulatedNetwork } from "./simulated_network.ts";
 *
 * const network = new SimulatedNetwork({ seed: 1, link: { delayMs: 20, loss: 0.01 } });
 * const server = network.bind("192.0.2.1", 9999);
 * const client = network.bind("198.51.100.7", 0);
 * server.start((bytes, from) => console.log(network.clock.nowMs(), bytes.length, from.hostname));
 * const slot = client.acquire();
 * if (slot !== undefined) client.send(slot, 5, server.localAddress);
 * network.run(1_000);
 * ```
 */
export class SimulatedNetwork {
  /** The time of this network; starts at 0 and goes on only while it is run. */
  readonly clock: VirtualClock = new VirtualClock();
  /** Live counters of everything that moved. */
  readonly counters: NetworkCounters = newNetworkCounters();
  /** Called with everything that happens to every datagram, for captures and for comparing runs. */
  onDatagram: ((event: NetworkEvent) => void) | undefined;

  readonly #internet: HostTable = new HostTable();
  readonly #nats: Map<string, NatBox> = new Map();
  readonly #names: Map<string, readonly string[]> = new Map([["localhost", ["127.0.0.1"]]]);
  readonly #paths: PathTable;
  readonly #idleFlights: Flight[] = [];
  readonly #realm: Realm = { destination: (to, from) => this.#destination(to, from) };
  readonly #arrive = (flight: Flight): void => this.#land(flight);
  readonly #router = {
    nowMs: (): number => this.clock.nowMs(),
    route: (pipe: SimulatedPipe, bytes: Uint8Array, to: Address): void =>
      this.#transmit(bytes, pipe.localAddress, to, this.#realm),
    transmit: (bytes: Uint8Array, from: Address, to: Address, realm: Realm = this.#realm): void =>
      this.#transmit(bytes, from, to, realm),
    drop: (bytes: Uint8Array, from: Address, to: Address, reason: NetworkDrop): void => {
      this.counters.sent++;
      this.#report("sent", undefined, from, to, bytes);
      this.#drop(reason, from, to, bytes);
    },
    resolveHost: (hostname: string): readonly string[] => this.#resolveHost(hostname),
    unbind: (pipe: SimulatedPipe): void => this.#internet.remove(pipe),
  };

  /** Makes an empty network. */
  constructor(options: SimulatedNetworkOptions) {
    this.#paths = new PathTable(options.seed, completeImpairment(options.link ?? DEFAULT_LINK));
  }

  /**
   * Binds a pipe on the internet; port 0 picks one.
   *
   * @throws {TransportError} `address-in-use`.
   * @throws {RangeError} if the hostname is not the literal of one IP address.
   */
  bind(hostname: string, port: number, options: SimulatedPipeOptions = {}): DatagramPipe {
    const address = this.#internet.freeAddress(hostname, port);
    this.#refuseNat(address.hostname);
    const pipe = new SimulatedPipe(this.#router, address, options);
    this.#internet.add(pipe);
    return pipe;
  }

  /**
   * Puts a NAT at a public address; bind pipes inside it. To paths, all of them are this one host.
   */
  nat(publicHostname: string, options: NatOptions = {}): Nat {
    const literal = checkHost(publicHostname);
    this.#refuseNat(literal);
    if (this.#internet.has(literal)) {
      throw new TransportError("address-in-use", `Cannot put a NAT at "${literal}": it is a host`);
    }
    const box = new NatBox(this.#router, literal, options);
    this.#nats.set(literal, box);
    return box;
  }

  /**
   * Gives a name to one or more literals, best first, for `resolve`. `localhost` is 127.0.0.1
   * already.
   */
  addName(name: string, ...hostnames: string[]): void {
    this.#names.set(name, hostnames.map(checkHost));
  }

  /** Gives one direction between two hosts an impairment of its own, from now on. */
  setLink(fromHostname: string, toHostname: string, impairment: ImpairmentOptions): void {
    this.#paths.setLink(checkHost(fromHostname), checkHost(toHostname), impairment);
  }

  /** Replaces the impairment of every path that has none of its own, from now on. */
  setDefaultLink(impairment: ImpairmentOptions): void {
    this.#paths.setDefault(completeImpairment(impairment));
  }

  /**
   * Loses everything that leaves between two hosts, in both directions, from `fromMs` until before
   * `toMs`.
   */
  blackout(hostA: string, hostB: string, fromMs: number, toMs: number): void {
    if (!(fromMs <= toMs)) {
      throw new RangeError(
        `Cannot black out from ${fromMs} ms to ${toMs} ms: it ends before it begins`,
      );
    }
    const [a, b] = [checkHost(hostA), checkHost(hostB)];
    this.#paths.path(a, b).addBlackout(fromMs, toMs);
    this.#paths.path(b, a).addBlackout(fromMs, toMs);
  }

  /**
   * Sends a datagram on the internet under any source address, as spoofers do. `bytes` are copied.
   */
  inject(bytes: Uint8Array, from: Address, to: Address): void {
    this.#transmit(bytes, unmappedAddress(from), unmappedAddress(to), this.#realm);
  }

  /** Lets everything happen up to and including `untilMs`. See {@link VirtualClock.run}. */
  run(untilMs: number): void {
    this.clock.run(untilMs);
  }

  /**
   * Lets things happen until the predicate holds; false if it did not by `limitMs`. See {@link
   * VirtualClock.runUntil}.
   */
  runUntil(predicate: () => boolean, limitMs: number): boolean {
    return this.clock.runUntil(predicate, limitMs);
  }

  /** {@link SimulatedNetwork.run} for code that awaits. See {@link VirtualClock.runAsync}. */
  runAsync(untilMs: number): Promise<void> {
    return this.clock.runAsync(untilMs);
  }

  /**
   * Lets time go on until the promise settles, and returns its value. See {@link
   * VirtualClock.settle}.
   */
  settle<Value>(promise: Promise<Value>, limitMs?: number): Promise<Value> {
    return this.clock.settle(promise, limitMs);
  }

  #transmit(bytes: Uint8Array, from: Address, to: Address, realm: Realm): void {
    const nowMs = this.clock.nowMs();
    this.counters.sent++;
    this.#report("sent", undefined, from, to, bytes);
    const path = this.#paths.path(from.hostname, to.hostname);
    if (path.isDark(nowMs)) {
      this.#drop("blackout", from, to, bytes);
      return;
    }
    const { link } = path;
    const copies = link.offer(nowMs, bytes.byteLength);
    for (let copy = 0; copy < copies; copy++) {
      this.clock.schedule(link.arrivalsMs[copy]!, this.#flight(bytes, from, to, realm));
    }
    if (link.lastDrop !== undefined) this.#drop(link.lastDrop, from, to, bytes);
  }

  #flight(bytes: Uint8Array, from: Address, to: Address, realm: Realm): Flight {
    const flight = this.#idleFlights.pop() ?? new Flight(from, to, realm, this.#arrive);
    const sizeBytes = bytes.byteLength;
    if (flight.buffer.byteLength < sizeBytes) flight.buffer = new Uint8Array(sizeBytes);
    flight.buffer.set(bytes);
    flight.sizeBytes = sizeBytes;
    flight.from = from;
    flight.to = to;
    flight.realm = realm;
    return flight;
  }

  #land(flight: Flight): void {
    const { from, to } = flight;
    const bytes = flight.buffer.subarray(0, flight.sizeBytes);
    const pipe = flight.realm.destination(to, from);
    const outcome = typeof pipe === "string" ? pipe : this.#deliver(pipe, bytes, from, to);
    if (outcome !== "delivered") this.#drop(outcome, from, to, bytes);
    this.#idleFlights.push(flight);
  }

  /** Reports before it delivers, so that a capture shows a datagram before what it caused. */
  #deliver(
    pipe: SimulatedPipe,
    bytes: Uint8Array,
    from: Address,
    to: Address,
  ): "delivered" | NetworkDrop {
    const refusal = pipe.refusal(bytes.byteLength, from);
    if (refusal !== undefined) return refusal;
    this.counters.delivered++;
    this.#report("delivered", undefined, from, to, bytes);
    pipe.deliver(bytes, from);
    return "delivered";
  }

  #destination(to: Address, from: Address): SimulatedPipe | NetworkDrop {
    const box = this.#nats.size === 0 ? undefined : this.#nats.get(to.hostname);
    return box === undefined ? this.#internet.destination(to) : box.inbound(to.port, from);
  }

  #drop(reason: NetworkDrop, from: Address, to: Address, bytes: Uint8Array): void {
    this.counters.dropped[reason]++;
    this.#report("dropped", reason, from, to, bytes);
  }

  #report(
    what: NetworkEvent["what"],
    reason: NetworkDrop | undefined,
    from: Address,
    to: Address,
    bytes: Uint8Array,
  ): void {
    if (this.onDatagram === undefined) return;
    this.onDatagram({ atMs: this.clock.nowMs(), what, reason, from, to, bytes });
  }

  #resolveHost(hostname: string): readonly string[] {
    const bare = withoutBrackets(hostname);
    const literals = isIP(bare) === 0 ? this.#names.get(bare) : [unmapped(bare)];
    if (literals === undefined || literals.length === 0) {
      throw new TransportError("unresolved", `Cannot resolve "${hostname}"`);
    }
    return literals;
  }

  #refuseNat(hostname: string): void {
    if (!this.#nats.has(hostname)) return;
    throw new TransportError(
      "address-in-use",
      `Cannot bind at "${hostname}": it is the public address of a NAT`,
    );
  }
}
