/**
 * A shard in this thread: pipe, core, prober and run loop.
 *
 * @module
 */
import { getLogger } from "npm:@logtape/logtape@2.4.2";
import type { CryptoBackend } from "../../protocol/crypto/backend.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import { RelayCore } from "../../protocol/relay/relay_core.ts";
import { loadSodiumSipHasher } from "../../protocol/relay/sodium_siphash.ts";
import { StunResponder } from "../../protocol/relay/stun_binding.ts";
import type { SipHasher } from "../../protocol/relay/siphash.ts";
import type { Clock } from "../../transport/clock.ts";
import { EndpointDriver } from "../../transport/endpoint_driver.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { MeshProber } from "../routes/mesh_prober.ts";
import { frameTraffic, relayDrops, relayEvents } from "../status/core_snapshot.ts";
import type { Shard, ShardOptions, ShardOrder, ShardReport } from "./shard.ts";
import { ShardEndpoint } from "./shard_endpoint.ts";

/** What a shard has around it. */
export interface ShardEnvironment {
  /** Opens its socket, when everything else is there; the shard closes it. */
  readonly openPipe: () => DatagramPipe | Promise<DatagramPipe>;
  /** Monotonic time. */
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallClockMs: () => number;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** Opens tickets. Default: libsodium. */
  readonly crypto?: CryptoBackend;
  /** Tags frames. Default: libsodium. */
  readonly hasher?: SipHasher;
}

interface ShardParts {
  readonly core: RelayCore;
  readonly prober: MeshProber;
  readonly pipe: DatagramPipe;
  readonly stun: StunResponder | undefined;
  readonly epochMs: number;
  readonly environment: ShardEnvironment;
}

function onDefect(error: unknown): void {
  getLogger(["tickwire", "relay"]).error("A defect of the relay: {error}", { error });
}

/** A shard of this thread. */
export class LocalShard implements Shard {
  readonly shard: number;
  readonly hostname: string;
  readonly port: number;
  readonly #core: RelayCore;
  readonly #prober: MeshProber;
  readonly #driver: EndpointDriver;
  readonly #pipe: DatagramPipe;
  readonly #environment: ShardEnvironment;
  readonly #epochMs: number;

  private constructor(parts: ShardParts) {
    const { core, prober, pipe, stun, environment: { clock } } = parts;
    this.shard = core.shard;
    this.hostname = pipe.localAddress.hostname;
    this.port = pipe.localAddress.port;
    this.#core = core;
    this.#prober = prober;
    this.#pipe = pipe;
    this.#environment = parts.environment;
    this.#epochMs = parts.epochMs;
    const endpoint = new ShardEndpoint(core, prober, stun);
    this.#driver = new EndpointDriver(endpoint, pipe, clock, () => {}, onDefect);
  }

  /**
   * Makes a shard that is not started. Throws RangeError or TypeError for limits out of bounds, and what
   * opening the socket throws.
   */
  static async open(options: ShardOptions, environment: ShardEnvironment): Promise<LocalShard> {
    const { shard, relayId, limits, answersStun = false } = options;
    const { clock, wallClockMs, random, openPipe } = environment;
    const crypto = environment.crypto ?? await loadSodium();
    const hasher = environment.hasher ?? await loadSodiumSipHasher();
    const seed = new Uint8Array(4);
    random(seed);
    const prober = new MeshProber({
      relayId,
      hasher,
      seed: new DataView(seed.buffer).getUint32(0),
    });
    const epochMs = wallClockMs() - clock.nowMs();
    const core = new RelayCore({
      shard,
      keys: [],
      crypto,
      hasher,
      random,
      epochMs,
      limits,
      onProbe: (bytes, from, nowMs) => prober.handleDatagram(bytes, from, nowMs),
    }, clock.nowMs());
    // Last, since a takeover silences the process before from this moment on.
    const pipe = await openPipe();
    const stun = answersStun ? new StunResponder(clock.nowMs()) : undefined;
    return new LocalShard({ core, prober, pipe, stun, epochMs, environment });
  }

  start(): Promise<void> {
    this.#driver.start();
    return Promise.resolve();
  }

  apply(order: ShardOrder): Promise<void> {
    const { keys, peers, revoke, drainUntilMs, isHolding } = order;
    const nowMs = this.#environment.clock.nowMs();
    const core = this.#core;
    if (keys !== undefined) core.setKeys(keys);
    if (peers !== undefined) this.#prober.setPeers(peers, nowMs);
    for (const sessionId of revoke ?? []) core.revoke(sessionId, nowMs);
    if (drainUntilMs === "cancel") core.cancelDrain();
    else if (drainUntilMs !== undefined) core.drain(drainUntilMs - this.#epochMs);
    if (isHolding !== undefined && isHolding !== core.isHolding) core.hold(isHolding, nowMs);
    this.#driver.service(nowMs);
    return Promise.resolve();
  }

  report(withSessions: boolean): Promise<ShardReport> {
    const core = this.#core;
    const nowMs = this.#environment.clock.nowMs();
    return Promise.resolve({
      shard: this.shard,
      sessions: core.size,
      load: Math.max(core.load, core.size / core.limits.sessions),
      traffic: frameTraffic(core.totals),
      drops: relayDrops(core.drops),
      events: relayEvents(core.totals),
      pipe: { ...this.#pipe.counters },
      mesh: { ...this.#prober.counters },
      links: this.#prober.links(nowMs),
      errors: this.#driver.errors,
      list: withSessions ? core.sessions(nowMs) : [],
    });
  }

  exportTable(): Promise<Uint8Array> {
    return Promise.resolve(this.#core.export(this.#environment.clock.nowMs()));
  }

  async importTable(table: Uint8Array): Promise<number> {
    return await this.#core.import(table, this.#environment.clock.nowMs());
  }

  close(): Promise<void> {
    this.#driver.stop();
    return this.#pipe.close();
  }
}
