/**
 * What a director hands to a client: one or two routes to a game server, with their sealed tickets.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { Exposure } from "./hop_ticket_text.ts";

/** A relay of a route, as its client is told. */
export interface RelayRouteHop {
  /** Name of the relay. */
  readonly relayId: string;
  /** Region of the relay. */
  readonly region: string;
  /** Where it receives. */
  readonly address: Address;
  /** Which of its shards. */
  readonly shard: number;
}

/** One route, as a client is told. */
export interface RelayRoute {
  /** Version of the path, 0 to 255. */
  readonly epoch: number;
  /** The relays, first one first. */
  readonly relays: readonly RelayRouteHop[];
  /** One ticket of 144 bytes per relay and one for the server. */
  readonly tickets: Uint8Array;
  /** Label between client and first relay. */
  readonly firstLabel: number;
  /** Key between client and first relay, 16 bytes. */
  readonly firstKey: Uint8Array;
  /** Label at the server. */
  readonly lastLabel: number;
  /** Key of a direct path between client and server, 16 bytes. */
  readonly lastKey: Uint8Array;
  /** When the tickets expire, in seconds since 1970. */
  readonly notAfterS: number;
}

/** Everything that a director hands to a client for one session. */
export interface RelayGrant {
  /** The relay session, 64 bits. */
  readonly sessionId: bigint;
  /** X25519 public key of the game server, 32 bytes. */
  readonly serverKey: Uint8Array;
  /** The route to begin with. */
  readonly primary: RelayRoute;
  /** Another one that shares no relay with it. */
  readonly standby: RelayRoute | undefined;
  /** Whether the ends may meet without relays. */
  readonly exposure: Exposure;
  /** Where the server receives; absent with `"never"`. */
  readonly serverAddress?: Address;
  /** Where fresh tickets are to be had. */
  readonly renewUrl?: string;
  /** Name of the server, for people. */
  readonly serverName?: string;
  /** A connect ticket of the game. */
  readonly connectTicket?: string;
}
