/**
 * What a relay process is told, once the command line is read.
 *
 * @module
 */
import type { AdvertisedAddress } from "./advertised_address.ts";

/** What one process does. */
export type RelayRole = "relay" | "director" | "both";

/** Configuration of {@link hostRelay}. */
export interface RelayConfig {
  /** What it does. */
  readonly role: RelayRole;
  /** Id of the relay. */
  readonly id: string;
  /** Its region. */
  readonly region: string;
  /** Whose network or zone it is in. */
  readonly zone: string | undefined;
  /** What its traffic costs, in milliseconds of round trip. */
  readonly egressCostMs: number | undefined;
  /** Release. */
  readonly version: string;
  /** Address of the UDP sockets. */
  readonly host: string | undefined;
  /** UDP port of the first shard. */
  readonly port: number;
  /** Address of the HTTP server. */
  readonly httpHost: string;
  /** Its port; `undefined` for the one of the role. */
  readonly httpPort: number | undefined;
  /** Where clients reach the director's API; `undefined` for where it listens. */
  readonly publicUrl: string | undefined;
  /** Whether a proxy stands in front of HTTP. */
  readonly behindProxy: boolean;
  /** Where the world reaches the relay; `undefined` for an address of this machine. */
  readonly advertise: AdvertisedAddress | undefined;
  /** Shards. */
  readonly shards: number;
  /** Number of the first. */
  readonly firstShard: number;
  /** Whether all are reached at one port. */
  readonly isSteered: boolean;
  /** Sessions of each shard at once. */
  readonly capacity: number | undefined;
  /** Frames a second that each shard can take. */
  readonly ceilingPps: number | undefined;
  /** The director of a relay. */
  readonly directorUrl: string | undefined;
  /** File with the relay's token; `undefined` for the one in `folder`. */
  readonly tokenFile: string | undefined;
  /** NATS servers of the directory. */
  readonly nats: readonly string[];
  /** How long tickets are sealed with one key. */
  readonly keyPeriodMs: number;
  /** Most relays of a route. */
  readonly maxRelays: number;
  /** How long a drain waits. */
  readonly drainMs: number;
  /** Whether to take the place of a running process. */
  readonly takesOver: boolean;
  /** Whether STUN requests are answered. */
  readonly answersStun: boolean;
  /** A bad line to simulate. */
  readonly sim: string | undefined;
  /** How often statistics are reported; 0 for never. */
  readonly statsMs: number;
  /** Where keys and tokens are kept. */
  readonly folder: string;
  /** X25519 secret of the relay. */
  readonly secretKey: Uint8Array;
}
