/**
 * What a server is made of, and what its methods are told.
 *
 * @module
 */
import type { ServerEndpoint } from "../protocol/server_endpoint.ts";
import type { Clock } from "../transport/clock.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import type { ServeOptions } from "./options.ts";
import type { Peer } from "./peer.ts";
import type { RelayLink } from "./relay_link.ts";

/** Options of `Server.broadcast`. */
export interface BroadcastOptions<Data> {
  /** A peer that does not get the message: its author, as a rule. */
  readonly except?: Peer<Data>;
  /** Who gets it. Default: every peer. */
  readonly to?: Iterable<Peer<Data>>;
}

/** Options of `Server.close`. */
export interface ServerCloseOptions {
  /** Whether reliable messages that are under way go out first. Default true. */
  readonly flush?: boolean;
  /** How long that may take. Default 2,000 ms. */
  readonly timeoutMs?: number;
}

/** What `serve` makes a server of. */
export interface ServerParts<Data> {
  /** Sessions. */
  readonly endpoint: ServerEndpoint;
  /** Moves datagrams. */
  readonly pipe: DatagramPipe;
  /** Time and timers. */
  readonly clock: Clock;
  /** The same time, and timers of the ticks. */
  readonly tickClock: Clock;
  /** As the caller gave them. */
  readonly options: ServeOptions<Data>;
  /** Its place among relays. */
  readonly relay: RelayLink | undefined;
  /** Called once the pipe is closed. */
  readonly onClosed: () => void;
}
