/**
 * A simulated NAT: pipes inside it appear under its public address.
 *
 * Behaviour is named as in RFC 4787: mapping says when two datagrams of one inside address share an
 * external port, filtering says who may answer. A home router is `endpoint-independent` mapping with
 * `address-and-port-dependent` filtering, the default; a "symmetric" NAT, which defeats hole punching,
 * is `address-and-port-dependent` in both.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { DatagramPipe } from "./pipe.ts";
import type { NetworkDrop } from "./network_event.ts";
import {
  SimulatedPipe,
  type SimulatedPipeOptions,
  type SimulatedRouter,
} from "./simulated_pipe.ts";
import { HostTable, type Realm } from "./simulated_realm.ts";

/** What a decision of a NAT depends on (RFC 4787 sections 4.1 and 5). */
export type NatDependence =
  | "endpoint-independent"
  | "address-dependent"
  | "address-and-port-dependent";

/** How a simulated NAT behaves. */
export interface NatOptions {
  /** When an inside address gets a further external port. Default `endpoint-independent`. */
  mapping?: NatDependence | undefined;
  /** Who may send to an external port. Default `address-and-port-dependent`. */
  filtering?: NatDependence | undefined;
  /**
   * Idle time after which a mapping is forgotten; only outbound datagrams keep it. Default 30,000:
   * the shorter ones of real routers.
   */
  mappingTimeoutMs?: number | undefined;
  /** Whether insiders reach each other under the public address. Default false. */
  hairpinning?: boolean | undefined;
}

/** How {@link NatBox.rebind} treats the mappings of before. */
export interface RebindOptions {
  /** Keep delivering what is sent to the old external ports, until they time out. Default false. */
  keepOldMappings?: boolean | undefined;
}

/** A simulated NAT. Made by {@link SimulatedNetwork.nat}. */
export interface Nat {
  /** The address under which everything inside appears. */
  readonly publicHostname: string;
  /**
   * Binds a pipe inside; `insideHostname` is an address that only the inside sees. Port 0 picks
   * one.
   */
  bind(insideHostname: string, port: number, options?: SimulatedPipeOptions): DatagramPipe;
  /**
   * Forgets which external port belongs to whom, as a router does that restarts: the next datagrams
   * leave from new ports.
   */
  rebind(options?: RebindOptions): void;
  /** The external addresses that new datagrams of a pipe inside leave from, oldest first. */
  externalAddresses(pipe: DatagramPipe): Address[];
}

/** What a NAT needs of the network around it. */
export interface NatUplink {
  /** Simulated time. */
  nowMs(): number;
  /** Sends in a realm, or on the internet when it is left out. `bytes` are copied. */
  transmit(bytes: Uint8Array, from: Address, to: Address, realm?: Realm): void;
  /** Counts and reports a datagram that does not leave the NAT. */
  drop(bytes: Uint8Array, from: Address, to: Address, reason: NetworkDrop): void;
  /** The addresses of a name or literal. */
  resolveHost(hostname: string): readonly string[];
}

/** An external port and whom it belongs to. */
interface Mapping {
  readonly inside: SimulatedPipe;
  readonly external: Address;
  /** Peers that were sent to, as filtering names them. */
  readonly permitted: Set<string>;
  usedAtMs: number;
}

/**
 * External ports are given out in ascending order from here, so that a new mapping never reuses a
 * recent port.
 */
const FIRST_EXTERNAL_PORT = 20_000;

/**
 * A {@link Nat} as the network sees it: it routes what its pipes send and takes in what arrives.
 */
export class NatBox implements Nat, SimulatedRouter {
  readonly publicHostname: string;
  readonly #uplink: NatUplink;
  readonly #mapping: NatDependence;
  readonly #filtering: NatDependence;
  readonly #mappingTimeoutMs: number;
  readonly #hairpinning: boolean;
  readonly #inside: HostTable = new HostTable();
  readonly #outbound: Map<SimulatedPipe, Map<string, Mapping>> = new Map();
  readonly #byExternalPort: Map<number, Mapping> = new Map();
  #nextExternalPort = FIRST_EXTERNAL_PORT;

  /** Called by the network. */
  constructor(uplink: NatUplink, publicHostname: string, options: NatOptions) {
    this.#uplink = uplink;
    this.publicHostname = publicHostname;
    this.#mapping = options.mapping ?? "endpoint-independent";
    this.#filtering = options.filtering ?? "address-and-port-dependent";
    this.#mappingTimeoutMs = options.mappingTimeoutMs ?? 30_000;
    this.#hairpinning = options.hairpinning ?? false;
  }

  bind(insideHostname: string, port: number, options: SimulatedPipeOptions = {}): DatagramPipe {
    const address = this.#inside.freeAddress(insideHostname, port);
    const pipe = new SimulatedPipe(this, address, options);
    this.#inside.add(pipe);
    return pipe;
  }

  rebind(options: RebindOptions = {}): void {
    this.#outbound.clear();
    if (!options.keepOldMappings) this.#byExternalPort.clear();
  }

  externalAddresses(pipe: DatagramPipe): Address[] {
    const addresses: Address[] = [];
    for (const [inside, mappings] of this.#outbound) {
      if (inside !== pipe) continue;
      for (const mapping of mappings.values()) {
        if (!this.#isExpired(mapping)) addresses.push(mapping.external);
      }
    }
    return addresses;
  }

  /** Called by pipes inside: stays inside, turns around, or leaves under an external address. */
  route(pipe: SimulatedPipe, bytes: Uint8Array, to: Address): void {
    if (this.#inside.has(to.hostname)) {
      this.#uplink.transmit(bytes, pipe.localAddress, to, this.#inside);
    } else if (to.hostname === this.publicHostname && !this.#hairpinning) {
      this.#uplink.drop(bytes, pipe.localAddress, to, "nat-hairpin");
    } else {
      this.#uplink.transmit(bytes, this.#mapOutbound(pipe, to), to);
    }
  }

  /** Called by the network: the pipe inside that hears what arrives at an external port. */
  inbound(externalPort: number, from: Address): SimulatedPipe | NetworkDrop {
    const mapping = this.#byExternalPort.get(externalPort);
    if (mapping === undefined) return "nat-unmapped";
    if (this.#isExpired(mapping)) {
      this.#byExternalPort.delete(externalPort);
      return "nat-unmapped";
    }
    return mapping.permitted.has(peerKey(this.#filtering, from)) ? mapping.inside : "nat-filtered";
  }

  /** Called by pipes inside. */
  resolveHost(hostname: string): readonly string[] {
    return this.#uplink.resolveHost(hostname);
  }

  /**
   * Called by a pipe inside that closes. Its mappings stay until they time out, as in a real NAT.
   */
  unbind(pipe: SimulatedPipe): void {
    this.#inside.remove(pipe);
    this.#outbound.delete(pipe);
  }

  #mapOutbound(pipe: SimulatedPipe, to: Address): Address {
    let mappings = this.#outbound.get(pipe);
    if (mappings === undefined) {
      mappings = new Map();
      this.#outbound.set(pipe, mappings);
    }
    const key = peerKey(this.#mapping, to);
    let mapping = mappings.get(key);
    if (mapping === undefined || this.#isExpired(mapping)) {
      if (mapping !== undefined) this.#byExternalPort.delete(mapping.external.port);
      mapping = this.#newMapping(pipe);
      mappings.set(key, mapping);
    }
    mapping.usedAtMs = this.#uplink.nowMs();
    mapping.permitted.add(peerKey(this.#filtering, to));
    return mapping.external;
  }

  #newMapping(inside: SimulatedPipe): Mapping {
    const external = Object.freeze({ hostname: this.publicHostname, port: this.#freePort() });
    const mapping: Mapping = { inside, external, permitted: new Set(), usedAtMs: 0 };
    this.#byExternalPort.set(external.port, mapping);
    return mapping;
  }

  #freePort(): number {
    for (let tries = FIRST_EXTERNAL_PORT; tries <= 65_535; tries++) {
      const port = this.#nextExternalPort++;
      if (this.#nextExternalPort > 65_535) this.#nextExternalPort = FIRST_EXTERNAL_PORT;
      const holder = this.#byExternalPort.get(port);
      if (holder === undefined || this.#isExpired(holder)) return port;
    }
    throw new RangeError(`Cannot map another port of the NAT "${this.publicHostname}": all in use`);
  }

  #isExpired(mapping: Mapping): boolean {
    return this.#uplink.nowMs() - mapping.usedAtMs > this.#mappingTimeoutMs;
  }
}

/** A peer as a rule of this dependence tells it from others. */
function peerKey(dependence: NatDependence, peer: Address): string {
  switch (dependence) {
    case "endpoint-independent":
      return "";
    case "address-dependent":
      return peer.hostname;
    case "address-and-port-dependent":
      return `${peer.hostname} ${peer.port}`;
  }
}
