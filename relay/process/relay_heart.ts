/**
 * The heartbeat of a relay: tells the director what it is and measured, and does what the director says.
 *
 * Nothing on the way of a packet waits for it. A director that does not answer is asked again with every
 * beat; after three the relay holds: sessions whose tickets expire go on (docs/relay_protocol.md, "Lifetime").
 *
 * @module
 */
import { encodeKey } from "../../protocol/connect_url.ts";
import type { CryptoBackend } from "../../protocol/crypto/backend.ts";
import type { Clock, TimerId } from "../../transport/clock.ts";
import { HEARTBEAT_MS } from "../director/director_context.ts";
import type { RelayHeartbeat, RelayReply } from "../director/requests.ts";
import { type DeliveredKeys, openKeys } from "../../protocol/relay/api/sealed_keys.ts";
import type { DirectorLink } from "./director_link.ts";
import { type ListedPeer, MeshKeys } from "./mesh_keys.ts";
import type { Shard, ShardReport } from "./shard.ts";

/** Who a relay is, as it tells its director. */
export interface RelayIdentity
  extends Pick<RelayHeartbeat, "id" | "region" | "instance" | "version"> {
  /** Whose network or zone it is in. */
  readonly provider?: string;
  /** What its operator would rather pay than use it, in milliseconds. */
  readonly egressCostMs?: number;
  /** Public IP literal. */
  readonly hostname: string;
  /** The port under which the world reaches a shard. */
  readonly portOf: (shard: Shard) => number;
  /** X25519, 32 bytes. */
  readonly secretKey: Uint8Array;
}

/** What happened between a relay and its director. */
export type HeartEvent =
  /** The director answered for the first time, or again. */
  | { readonly kind: "connected"; readonly directorId: string }
  /** It did not answer, or refused. */
  | { readonly kind: "missed"; readonly error: unknown }
  /** Three beats went unanswered: expired tickets are good for now. */
  | { readonly kind: "hold" }
  /** New ticket keys came. */
  | { readonly kind: "keys"; readonly keyIds: readonly number[] }
  /** The director wants the relay empty by then, wall clock; `undefined` calls it off. */
  | { readonly kind: "drain"; readonly untilMs: number | undefined }
  /** Sessions were ended. */
  | { readonly kind: "revoked"; readonly sessions: number };

/** What a heart works with. */
export interface HeartOptions {
  /** Who the relay is. */
  readonly identity: RelayIdentity;
  /** The shards that it speaks for. */
  readonly shards: readonly Shard[];
  /** Whom it tells. */
  readonly director: DirectorLink;
  /** Opens keys. */
  readonly crypto: CryptoBackend;
  /** Monotonic time. */
  readonly clock: Clock;
  /** Told of what happens. */
  readonly onEvent: (event: HeartEvent) => void;
}

/** Beats without an answer after which a relay holds. */
const MISSED_BEFORE_HOLD = 3;

/** Bounds of what a director may ask for. */
const SHORTEST_BEAT_MS = 250;
const LONGEST_BEAT_MS = 60_000;

/** Revocations that are remembered, so that one is not done again with every beat. */
const REMEMBERED_REVOCATIONS = 16_384;

/** The beat goes on until {@link RelayHeart.stop}. */
export class RelayHeart {
  readonly #options: HeartOptions;
  readonly #publicKey: string;
  readonly #meshKeys: MeshKeys;
  readonly #revoked = new Set<string>();
  #timer: TimerId | undefined;
  #beatMs = HEARTBEAT_MS;
  #missed = 0;
  #heardAtMs: number | undefined;
  #sealedKeys = "";
  #keysText = "";
  #peers: readonly ListedPeer[] = [];
  #ownDrain = false;
  #askedDrainMs: number | undefined;
  #isStopped = false;
  #beating: Promise<void> | undefined;

  /** Knows everything and says nothing until {@link RelayHeart.start}. */
  constructor(options: HeartOptions) {
    const { identity: { id: relayId, secretKey }, crypto } = options;
    this.#options = options;
    this.#publicKey = encodeKey(crypto.x25519PublicKey(secretKey));
    this.#meshKeys = new MeshKeys(crypto, { relayId, secretKey });
  }

  /** Whether the director answered the last beats. */
  get isConnected(): boolean {
    return this.#heardAtMs !== undefined && this.#missed < MISSED_BEFORE_HOLD;
  }

  /** When the director was last heard; `undefined` when it never was. */
  get heardAtMs(): number | undefined {
    return this.#heardAtMs;
  }

  /** Other relays, as the director last named them. */
  get peers(): readonly ListedPeer[] {
    return this.#peers;
  }

  /** Ticket keys as the director sealed them; empty before it did. For the process that takes over. */
  get sealedKeys(): string {
    return this.#sealedKeys;
  }

  /** Whether there are keys: without them no session can be opened. */
  get hasKeys(): boolean {
    return this.#sealedKeys !== "";
  }

  /** When the drain that the director asked for ends, wall clock. */
  get askedDrainMs(): number | undefined {
    return this.#askedDrainMs;
  }

  /** Takes keys over that the process before was told. `false` when they are for another relay. */
  async takeKeys(sealed: string): Promise<boolean> {
    const delivered = this.#open(sealed);
    if (delivered === undefined) return false;
    await this.#setKeys(sealed, delivered);
    return true;
  }

  /** Beats now, and goes on. Resolves after the first beat, whatever came of it. */
  async start(): Promise<void> {
    await this.#beat();
  }

  /** Says from now on that the relay takes no sessions, beginning now. */
  async drain(): Promise<void> {
    this.#ownDrain = true;
    await this.#beating;
    await this.#beat();
  }

  /** Ends the beat. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#clearTimer();
    await this.#beating;
  }

  async #beat(): Promise<void> {
    this.#clearTimer();
    if (this.#isStopped) return;
    this.#beating = this.#exchange();
    await this.#beating;
    this.#beating = undefined;
    const { clock } = this.#options;
    this.#clearTimer();
    if (this.#isStopped) return;
    this.#timer = clock.setTimer(clock.nowMs() + this.#beatMs, () => void this.#beat());
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  async #exchange(): Promise<void> {
    const { director, onEvent, clock } = this.#options;
    try {
      const reply = await director.heartbeat(await this.#describe());
      if (this.#isStopped) return;
      await this.#obey(reply);
      const wasConnected = this.isConnected;
      const wasHolding = this.#missed >= MISSED_BEFORE_HOLD;
      this.#missed = 0;
      this.#heardAtMs = clock.nowMs();
      if (wasHolding) await this.#order({ isHolding: false });
      if (!wasConnected) onEvent({ kind: "connected", directorId: reply.directorId });
    } catch (error) {
      this.#missed++;
      onEvent({ kind: "missed", error });
      if (this.#missed !== MISSED_BEFORE_HOLD) return;
      await this.#order({ isHolding: true });
      onEvent({ kind: "hold" });
    }
  }

  async #describe(): Promise<RelayHeartbeat> {
    const { identity, shards } = this.#options;
    const { id, region, hostname, instance, version, provider, egressCostMs, portOf } = identity;
    const reports = await Promise.all(shards.map((shard) => shard.report(false)));
    return {
      id,
      region,
      hostname,
      instance,
      version,
      ...(provider === undefined ? {} : { provider }),
      ...(egressCostMs === undefined ? {} : { egressCostMs }),
      publicKey: this.#publicKey,
      state: this.#ownDrain ? "draining" : "active",
      shards: reports.map(({ shard, sessions, load }: ShardReport, at) => ({
        shard,
        port: portOf(shards[at]!),
        sessions,
        load,
      })),
      // One shard measures for all: they are on one machine.
      links: [...reports[0]?.links ?? []],
    };
  }

  async #obey(reply: RelayReply): Promise<void> {
    const { onEvent } = this.#options;
    const { keys, revoked, peers, heartbeatMs, drainDeadlineMs } = reply;
    this.#beatMs = Math.min(Math.max(heartbeatMs, SHORTEST_BEAT_MS), LONGEST_BEAT_MS);
    const delivered = this.#open(keys);
    if (delivered === undefined) throw new TypeError("The director's keys are for another relay");
    await this.#setKeys(keys, delivered);
    this.#peers = peers;
    await this.#options.shards[0]?.apply({ peers: this.#meshKeys.peersOf(peers) });
    const fresh = revoked.filter((sessionId) => !this.#revoked.has(sessionId));
    if (fresh.length > 0) {
      await this.#order({ revoke: fresh.map((sessionId) => BigInt(`0x${sessionId}`)) });
      for (const sessionId of fresh) this.#remember(sessionId);
      onEvent({ kind: "revoked", sessions: fresh.length });
    }
    if (this.#ownDrain || drainDeadlineMs === this.#askedDrainMs) return;
    this.#askedDrainMs = drainDeadlineMs;
    await this.#order({ drainUntilMs: drainDeadlineMs ?? "cancel" });
    onEvent({ kind: "drain", untilMs: drainDeadlineMs });
  }

  async #setKeys(sealed: string, { keys }: DeliveredKeys): Promise<void> {
    this.#sealedKeys = sealed;
    const text = keys.map(({ keyId, aeadKey }) => `${keyId} ${aeadKey.toHex()}`).join();
    if (text === this.#keysText) return;
    this.#keysText = text;
    await this.#order({ keys });
    this.#options.onEvent({ kind: "keys", keyIds: keys.map(({ keyId }) => keyId) });
  }

  #open(sealed: string): DeliveredKeys | undefined {
    const { identity: { secretKey }, crypto } = this.#options;
    return openKeys(sealed, secretKey, crypto);
  }

  async #order(order: Parameters<Shard["apply"]>[0]): Promise<void> {
    await Promise.all(this.#options.shards.map((shard) => shard.apply(order)));
  }

  #remember(sessionId: string): void {
    if (this.#revoked.size >= REMEMBERED_REVOCATIONS) {
      for (const oldest of this.#revoked) {
        this.#revoked.delete(oldest);
        break;
      }
    }
    this.#revoked.add(sessionId);
  }
}
