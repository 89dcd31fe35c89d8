/**
 * Runs a relay: its sockets, its heartbeat, and what it tells about itself.
 *
 * @module
 */
import type { CryptoBackend } from "../protocol/crypto/backend.ts";
import { loadSodium } from "../protocol/crypto/sodium.ts";
import type { RelayLimits } from "../protocol/relay/relay_limits.ts";
import type { Clock } from "../transport/clock.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import { systemClock } from "../transport/system_clock.ts";
import { systemRandom } from "../transport/system_random.ts";
import type { DirectorLink } from "./process/director_link.ts";
import { LocalShard } from "./process/local_shard.ts";
import { Relay } from "./process/relay.ts";
import type { HeartEvent, RelayIdentity } from "./process/relay_heart.ts";
import type { Shard, ShardOptions } from "./process/shard.ts";
import { openShardPipe } from "./process/shard_pipe.ts";
import type { TakenOver } from "./process/takeover_guest.ts";
import { WorkerShard } from "./process/worker_shard.ts";
import type { Mesh } from "./routes/mesh_matrix.ts";

/** The world around a relay, for tests and simulations. Whatever is left out is the real one. */
export interface RelayEnvironment {
  /** Opens the pipe of a shard. Default: UDP. */
  readonly openPipe?: (shard: number) => DatagramPipe;
  /** Monotonic time. */
  readonly clock?: Clock;
  /** Milliseconds since 1970. */
  readonly wallClockMs?: () => number;
  /** Fills a buffer with random bytes. */
  readonly random?: (into: Uint8Array) => void;
  /** Opens tickets and keys. Default: libsodium. */
  readonly crypto?: CryptoBackend;
}

/** Options of {@link serveRelay}. */
export interface ServeRelayOptions {
  /** Id of the relay, 1 to 64 letters, digits, `_`, `-`; one per relay of the network. */
  readonly id: string;
  /** Its region, the same characters. */
  readonly region: string;
  /** X25519, 32 bytes; the same at every start, or the director takes it for another relay. */
  readonly secretKey: Uint8Array;
  /** Whom it tells that it is there. */
  readonly director: DirectorLink;
  /** Public IP literal, and the port of the first shard if it differs from the one that is bound. */
  readonly advertise: { readonly hostname: string; readonly port?: number };
  /** Address to listen on. Default: all, IPv6 and IPv4. */
  readonly hostname?: string;
  /** UDP port of the first shard; the others follow. 0 for free ones. Default 7000. */
  readonly port?: number;
  /** Shards, 1 to 256, each with a thread and a port of its own. Default 1, in this thread. */
  readonly shards?: number;
  /** Number of the first shard. Default 0. */
  readonly firstShard?: number;
  /** Whether all shards are reached at the port of the first: something in front steers by the shard byte. */
  readonly isSteered?: boolean;
  /** Whose network or zone it is in: standby routes prefer another. */
  readonly provider?: string;
  /** What its operator would rather pay than use it, in milliseconds. */
  readonly egressCostMs?: number;
  /** Release, for status pages. Default `"0"`. */
  readonly version?: string;
  /** Limits of each shard that differ from the defaults. */
  readonly limits?: Partial<RelayLimits>;
  /** Whether it tells everybody who asks by STUN where they are seen. Default false. */
  readonly answersStun?: boolean;
  /** A bad line to simulate, such as `"delay=80ms,loss=5%"`. */
  readonly sim?: string;
  /** Sessions and keys of the process whose place this one takes. */
  readonly takenOver?: TakenOver;
  /** What all relays measured, where a director is at hand. */
  readonly mesh?: Mesh;
  /** Told of what happens between relay and director. */
  readonly onEvent?: (event: HeartEvent) => void;
  /** The world. */
  readonly environment?: RelayEnvironment;
}

/** Port of a relay that is told no other. */
export const DEFAULT_RELAY_PORT = 7_000;

/**
 * Opens a relay. It forwards from the moment at which the director gave it keys; the first heartbeat has
 * been tried when this resolves, whatever came of it.
 *
 * @throws RangeError or TypeError for options that make no sense, TransportError when a port cannot be bound.
 */
export async function serveRelay(options: ServeRelayOptions): Promise<Relay> {
  const { environment = {}, takenOver, onEvent = () => {} } = options;
  checkOptions(options);
  const crypto = environment.crypto ?? await loadSodium();
  const clock = environment.clock ?? systemClock;
  const wallClockMs = environment.wallClockMs ?? Date.now;
  const random = environment.random ?? systemRandom;
  const shards: Shard[] = [];
  try {
    const { shards: count = 1, firstShard = 0 } = options;
    for (let i = 0; i < count; i++) shards.push(await openShard(options, firstShard + i, i));
    // Bound and not started: what comes in waits in the sockets until the sessions are there.
    await takenOver?.importInto(shards);
    const relay = new Relay({
      identity: identityOf(options, random),
      shards,
      director: options.director,
      crypto,
      clock,
      wallClockMs,
      ...(options.mesh === undefined ? {} : { mesh: options.mesh }),
      ...(environment.openPipe === undefined ? { countsKernelDrops: true } : {}),
      onEvent,
    });
    await relay.start(takenOver?.sealedKeys);
    return relay;
  } catch (error) {
    for (const shard of shards) await shard.close();
    throw error;
  }
}

function checkOptions(options: ServeRelayOptions): void {
  const { shards = 1, firstShard = 0, port = DEFAULT_RELAY_PORT, isSteered, advertise } = options;
  if (isSteered === true && port === 0 && advertise.port === undefined) {
    throw new RangeError("Shards that are steered to need a port that is known before: give one");
  }
  if (!(Number.isInteger(shards) && shards >= 1 && shards <= 256)) {
    throw new RangeError(`A relay has 1 to 256 shards, not ${shards}`);
  }
  if (!(Number.isInteger(firstShard) && firstShard >= 0 && firstShard + shards <= 256)) {
    throw new RangeError(
      `Shards are numbered 0 to 255: ${shards} of them cannot begin at ${firstShard}`,
    );
  }
  if (port !== 0 && port + shards - 1 > 65_535) {
    throw new RangeError(`There are no ${shards} ports from ${port} on`);
  }
}

async function openShard(options: ServeRelayOptions, shard: number, place: number): Promise<Shard> {
  const {
    id: relayId,
    limits = {},
    answersStun = false,
    environment = {},
    hostname,
    sim,
    shards = 1,
  } = options;
  const { port = DEFAULT_RELAY_PORT, takenOver } = options;
  const shardOptions: ShardOptions = { shard, relayId, limits, answersStun };
  const binding = {
    hostname,
    port: takenOver?.ports.get(shard) ?? (port === 0 ? 0 : port + place),
    sim,
    takesOver: takenOver !== undefined,
  };
  const { openPipe, clock = systemClock, wallClockMs = Date.now, random = systemRandom } =
    environment;
  if (shards > 1 && openPipe === undefined) return await WorkerShard.open(shardOptions, binding);
  return await LocalShard.open(shardOptions, {
    openPipe: () => openPipe?.(shard) ?? openShardPipe(binding, clock),
    clock,
    wallClockMs,
    random,
    ...(environment.crypto === undefined ? {} : { crypto: environment.crypto }),
  });
}

function identityOf(
  options: ServeRelayOptions,
  random: (into: Uint8Array) => void,
): RelayIdentity {
  const { id, region, secretKey, advertise, version = "0", provider, egressCostMs } = options;
  const { firstShard = 0, isSteered = false, port: firstPort = DEFAULT_RELAY_PORT } = options;
  const instance = new Uint8Array(8);
  random(instance);
  return {
    id,
    region,
    secretKey,
    version,
    hostname: advertise.hostname,
    instance: instance.toHex(),
    ...(provider === undefined ? {} : { provider }),
    ...(egressCostMs === undefined ? {} : { egressCostMs }),
    portOf: ({ shard, port }) => {
      if (isSteered) return advertise.port ?? firstPort;
      return advertise.port === undefined ? port : advertise.port + shard - firstShard;
    },
  };
}
