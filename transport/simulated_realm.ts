/**
 * One address space of a simulation: the internet, or the inside of a NAT.
 *
 * @module
 */
import { isIP } from "node:net";
import type { Address } from "../protocol/address.ts";
import { TransportError } from "./errors.ts";
import { unmapped } from "./ip_literal.ts";
import type { NetworkDrop } from "./network_event.ts";
import type { SimulatedPipe } from "./simulated_pipe.ts";

/** First port that is given to whoever binds port 0 (RFC 6335: dynamic ports). */
const FIRST_DYNAMIC_PORT = 49_152;

/** Decides who hears a datagram that arrives. */
export interface Realm {
  /** The pipe that a datagram reaches, or why it reaches none. */
  destination(to: Address, from: Address): SimulatedPipe | NetworkDrop;
}

/** The pipes of one address space, by host and port. */
export class HostTable implements Realm {
  readonly #hosts: Map<string, Map<number, SimulatedPipe>> = new Map();
  readonly #nextPort: Map<string, number> = new Map();

  /** Whether a host ever bound a port here. */
  has(hostname: string): boolean {
    return this.#hosts.has(hostname);
  }

  /**
   * A free address of a host; port 0 picks one, in ascending order.
   *
   * @throws {TransportError} `address-in-use`.
   * @throws {RangeError} if the hostname is not a single IP address, or the port not 0 to 65,535.
   */
  freeAddress(hostname: string, port: number): Address {
    const literal = checkHost(hostname);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new RangeError(`Cannot bind port ${port}: a port is 0 to 65,535`);
    }
    const ports = this.#hosts.get(literal);
    if (port === 0) return Object.freeze({ hostname: literal, port: this.#pickPort(literal) });
    if (ports?.has(port)) {
      throw new TransportError(
        "address-in-use",
        `Cannot bind UDP port ${port} at "${literal}": the address is in use`,
      );
    }
    return Object.freeze({ hostname: literal, port });
  }

  /** Puts a pipe at its address. */
  add(pipe: SimulatedPipe): void {
    const { hostname, port } = pipe.localAddress;
    let ports = this.#hosts.get(hostname);
    if (ports === undefined) {
      ports = new Map();
      this.#hosts.set(hostname, ports);
    }
    ports.set(port, pipe);
  }

  /** Frees the address of a pipe. */
  remove(pipe: SimulatedPipe): void {
    this.#hosts.get(pipe.localAddress.hostname)?.delete(pipe.localAddress.port);
  }

  destination(to: Address): SimulatedPipe | NetworkDrop {
    return this.#hosts.get(to.hostname)?.get(to.port) ?? "unreachable";
  }

  #pickPort(hostname: string): number {
    const ports = this.#hosts.get(hostname);
    let port = this.#nextPort.get(hostname) ?? FIRST_DYNAMIC_PORT;
    for (let tries = FIRST_DYNAMIC_PORT; tries <= 65_536; tries++) {
      if (port > 65_535) port = FIRST_DYNAMIC_PORT;
      if (!ports?.has(port)) {
        this.#nextPort.set(hostname, port + 1);
        return port;
      }
      port++;
    }
    throw new TransportError(
      "address-in-use",
      `Cannot bind UDP port 0 at "${hostname}": no dynamic port is free`,
    );
  }
}

/**
 * The literal of a simulated host: one address, because a simulated host has no interfaces to
 * choose from.
 */
export function checkHost(hostname: string): string {
  if (isIP(hostname) === 0 || hostname === "::" || hostname === "0.0.0.0") {
    throw new RangeError(
      `Cannot use "${hostname}" as a simulated host: it must be the literal of one IP address`,
    );
  }
  return unmapped(hostname);
}
