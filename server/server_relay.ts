/**
 * What a server tells of its place among relays.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { Exposure } from "../protocol/relay/hop_ticket.ts";

/** An exit relay at which a server behind NAT is reached. */
export interface RelayAnchorStats {
  /** Id of the relay. */
  readonly relayId: string;
  /** Whether the relay knows this server at the moment. */
  readonly isBound: boolean;
  /** Round trip to it in milliseconds. */
  readonly rttMs: number;
  /** Where the relay sees this server; `undefined` until then. */
  readonly observed: Address | undefined;
}

/** A server's place among relays: `server.relay`. */
export interface ServerRelay {
  /** Where the director is, without a slash at the end. */
  readonly directorUrl: string;
  /** Who may learn the server's address. */
  readonly exposure: Exposure;
  /** Id of this server at the director. */
  readonly id: string;
  /** `"away"` while the director does not answer: who is here stays, nobody new can join. */
  readonly state: "connected" | "away";
  /** What players type in to join; `undefined` when it was not asked for. The event `"joinCode"` tells of another. */
  readonly joinCode: string | undefined;
  /** The same as a URL, with this server's key; `undefined` without a code. */
  readonly joinUrl: string | undefined;
  /** Relay sessions at present; one that has just been left counts until it is forgotten. */
  readonly sessions: number;
  /** The exit relays of a server without a public address. */
  readonly anchors: readonly RelayAnchorStats[];
}
