/**
 * A running relay.
 *
 * @module
 */
import type { Address } from "../../protocol/address.ts";
import type { CryptoBackend } from "../../protocol/crypto/backend.ts";
import type { Clock } from "../../transport/clock.ts";
import type { Mesh } from "../routes/mesh_matrix.ts";
import type { RelaySnapshot } from "../status/relay_snapshot.ts";
import type { DirectorLink } from "./director_link.ts";
import { kernelDrops } from "./kernel_drops.ts";
import { type HeartEvent, RelayHeart, type RelayIdentity } from "./relay_heart.ts";
import { RelayObserver } from "./relay_observer.ts";
import type { Shard } from "./shard.ts";
import type { TakeoverSource } from "./takeover_host.ts";

/** What a relay is made of. */
export interface RelayParts {
  /** Who it is. */
  readonly identity: RelayIdentity;
  /** Its shards, bound and not started. */
  readonly shards: readonly Shard[];
  /** Whom it tells. */
  readonly director: DirectorLink;
  /** Opens keys. */
  readonly crypto: CryptoBackend;
  /** Monotonic time. */
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallClockMs: () => number;
  /** What all relays measured, where a director is at hand. */
  readonly mesh?: Mesh;
  /** Whether the system is asked for what it dropped. */
  readonly countsKernelDrops?: boolean;
  /** Told of what happens. */
  readonly onEvent: (event: HeartEvent) => void;
}

/** How often a drain looks whether anybody is left. */
const DRAIN_LOOK_MS = 100;

/** How long the last frames of a drain may take to leave. */
const FAREWELL_MS = 1_000;

/** A relay. Made by `serveRelay`. */
export class Relay {
  readonly #parts: RelayParts;
  readonly #observer: RelayObserver;
  #heart: RelayHeart;
  #ownDrainMs: number | undefined;
  #closing: Promise<void> | undefined;

  /** Takes the parts over: {@link Relay.close} closes them. */
  constructor(parts: RelayParts) {
    const { identity, shards, clock, wallClockMs, mesh, countsKernelDrops } = parts;
    this.#parts = parts;
    this.#heart = this.#newHeart();
    const ports = new Set(shards.map(({ port }) => port));
    this.#observer = new RelayObserver({
      identity,
      shards,
      heart: () => this.#heart,
      clock,
      wallClockMs,
      ...(mesh === undefined ? {} : { mesh }),
      drainUntilMs: () => this.drainUntilMs,
      ...(countsKernelDrops === true
        ? {
          socketTotals: async (): Promise<Record<string, number>> => {
            const drops = await kernelDrops(ports);
            return drops === undefined ? {} : { kernelDrops: drops };
          },
        }
        : {}),
    });
  }

  /** Id of the relay. */
  get id(): string {
    return this.#parts.identity.id;
  }

  /** Its region. */
  get region(): string {
    return this.#parts.identity.region;
  }

  /** Where the first shard is bound. */
  get address(): Address {
    const { hostname, port } = this.#parts.shards[0]!;
    return { hostname, port };
  }

  /** Where the world reaches each shard. */
  get advertised(): readonly (Address & { readonly shard: number })[] {
    const { identity: { hostname, portOf }, shards } = this.#parts;
    return shards.map((shard) => ({ shard: shard.shard, hostname, port: portOf(shard) }));
  }

  /** Whether it takes new sessions: it has keys, and does not drain. */
  get isReady(): boolean {
    return this.#heart.hasKeys && this.drainUntilMs === undefined;
  }

  /** Whether the director answers. */
  get isConnected(): boolean {
    return this.#heart.isConnected;
  }

  /** When its drain ends, wall clock in milliseconds; `undefined` while it does not drain. */
  get drainUntilMs(): number | undefined {
    return this.#ownDrainMs ?? this.#heart.askedDrainMs;
  }

  /** Relays besides this one, as far as the director said. */
  get peers(): number {
    return this.#heart.peers.length;
  }

  /** Begins to forward, with the keys that the process before had, if any. Resolves after the first heartbeat. */
  async start(sealedKeys = ""): Promise<void> {
    if (sealedKeys !== "") await this.#heart.takeKeys(sealedKeys);
    for (const shard of this.#parts.shards) await shard.start();
    await this.#heart.start();
  }

  /** The state of the relay now. */
  snapshot(): Promise<RelaySnapshot> {
    return this.#observer.snapshot();
  }

  /** Players' sessions; anchors of servers are none. */
  async countSessions(): Promise<number> {
    const reports = await Promise.all(this.#parts.shards.map((shard) => shard.report(true)));
    return reports.reduce(
      (sum, { list }) => sum + list.filter(({ isAnchor }) => !isAnchor).length,
      0,
    );
  }

  /**
   * Takes no new sessions, tells all ends, and waits until they have left, for `durationMs` at most. Then
   * what is left is closed.
   */
  async drain(durationMs: number): Promise<void> {
    const { clock, wallClockMs } = this.#parts;
    this.#ownDrainMs = wallClockMs() + durationMs;
    await this.#order(this.#ownDrainMs);
    await this.#heart.drain();
    const endMs = clock.nowMs() + durationMs;
    while (clock.nowMs() < endMs && await this.countSessions() > 0) {
      await this.#sleep(Math.min(DRAIN_LOOK_MS, endMs - clock.nowMs()));
    }
    // Anchors are told, too: their servers look for another relay at once.
    this.#ownDrainMs = wallClockMs();
    await this.#order(this.#ownDrainMs);
    const farewellMs = clock.nowMs() + FAREWELL_MS;
    while (clock.nowMs() < farewellMs && await this.#slotsInUse() > 0) await this.#sleep(10);
  }

  /** For the process that takes over, with what is not the relay's: the HTTP port, and a director's records. */
  takeoverSource(
    others: Pick<TakeoverSource, "makeRoom" | "exportDirectory">,
  ): TakeoverSource {
    const { shards } = this.#parts;
    return {
      offer: () => ({
        relayId: this.id,
        sealedKeys: this.#heart.sealedKeys,
        shards: shards.map(({ shard, port }) => ({ shard, port })),
      }),
      surrender: async () => {
        await this.#heart.stop();
        return await Promise.all(shards.map((shard) => shard.exportTable()));
      },
      resume: () => {
        const { sealedKeys } = this.#heart;
        this.#heart = this.#newHeart();
        void this.#heart.takeKeys(sealedKeys).then(() => this.#heart.start());
      },
      ...others,
    };
  }

  /** Ends everything at once; sessions are told nothing. {@link drain} comes before. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#observer.stop();
    await this.#heart.stop();
    await Promise.all(this.#parts.shards.map((shard) => shard.close()));
  }

  #newHeart(): RelayHeart {
    const { identity, shards, director, crypto, clock, onEvent } = this.#parts;
    return new RelayHeart({ identity, shards, director, crypto, clock, onEvent });
  }

  async #order(drainUntilMs: number): Promise<void> {
    await Promise.all(this.#parts.shards.map((shard) => shard.apply({ drainUntilMs })));
  }

  async #slotsInUse(): Promise<number> {
    const reports = await Promise.all(this.#parts.shards.map((shard) => shard.report(false)));
    return reports.reduce((sum, { sessions }) => sum + sessions, 0);
  }

  #sleep(ms: number): Promise<void> {
    const { clock } = this.#parts;
    return new Promise((resolve) => clock.setTimer(clock.nowMs() + ms, resolve));
  }
}
