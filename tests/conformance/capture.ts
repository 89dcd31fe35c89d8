/**
 * What a capture is made of. README.md describes the files; nothing here knows of sockets.
 *
 * @module
 */
import type { Address } from "../../protocol/address.ts";
import type { Json } from "../../schema/mod.ts";

/** Wall clock at simulated time 0: 2025-01-01T00:00:00Z. */
export const CAPTURE_EPOCH_MS = 1_735_689_600_000;

/** Where servers are. */
export const SERVER_HOST = "192.0.2.1";

/** Where clients are. */
export const CLIENT_HOST = "198.51.100.7";

/** One datagram, in the order in which they were sent. */
export interface CapturedDatagram {
  /** Position in the capture, from 0. */
  readonly n: number;
  /** When it was sent, in milliseconds of simulated time. */
  readonly t: number;
  /** Who sent it: `address:port`. */
  readonly from: string;
  /** Whom it was sent to. */
  readonly to: string;
  /** The UDP payload in hexadecimal digits. */
  readonly bytes: string;
  /** When copies of it arrived: empty when it was lost, two times when the network doubled it. */
  readonly arrivals: number[];
}

/** One message that an application was handed. */
export interface DeliveredMessage {
  /** When, in milliseconds of simulated time. */
  readonly t: number;
  /** Which end: `address:port`. */
  readonly at: string;
  /** From which end. */
  readonly from: string;
  /** The name of the message. */
  readonly message: string;
  /** Its value as JSON. */
  readonly value: Json;
}

/** One event of a session, an answer to a query, or what else an application was told. */
export interface CapturedEvent {
  /** When, in milliseconds of simulated time. */
  readonly t: number;
  /** Which end: `address:port`. */
  readonly at: string;
  /** What happened. */
  readonly event: string;
  /** More about it. */
  readonly detail?: Json;
}

/** `address:port`, with brackets around IPv6. */
export function addressText(address: Address): string {
  const { hostname, port } = address;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
