/**
 * Relays: their heartbeats, what they are told, and what routes may use of them.
 *
 * @module
 */
import type { DirectoryEntry } from "../directory/directory.ts";
import type { RelayRecord, RelayShard } from "../directory/records.ts";
import {
  checkHex,
  checkHostname,
  checkId,
  checkKeyText,
  compareAndSet,
  type DirectorContext,
  HEARTBEAT_MS,
} from "./director_context.ts";
import { DirectorError } from "./director_error.ts";
import { MAX_LISTED_RELAYS, type RelayHeartbeat, type RelayReply } from "./requests.ts";
import type { Revocations } from "./revocations.ts";
import type { PlannedRelay } from "./route_planner.ts";
import { sealKeys } from "../../protocol/relay/api/sealed_keys.ts";

/** What one session adds to a load between two heartbeats, when the relay has too few to tell. */
const ASSUMED_SESSION_LOAD = 0.001;
/** Sessions from which a relay's own numbers tell what one costs. */
const MIN_SESSIONS_FOR_MEAN = 20;

/** The relays that this director knows. */
export class RelayDesk {
  readonly #context: DirectorContext;
  readonly #revocations: Revocations;
  /** Sessions given to the shards of a relay since its last heartbeat: its own numbers do not know them yet. */
  readonly #assigned = new Map<string, Map<number, number>>();

  constructor(context: DirectorContext, revocations: Revocations) {
    this.#context = context;
    this.#revocations = revocations;
  }

  /**
   * Takes a heartbeat.
   *
   * @throws DirectorError `invalid`; `conflict` when a living relay of that id has another key; `away`.
   */
  async heartbeat(beat: RelayHeartbeat): Promise<RelayReply> {
    const { directory, keys, wallClockMs, tools, id: directorId } = this.#context;
    const record = checkBeat(beat);
    const sealed = sealKeys(
      { keys: keys.liveKeys({ kind: "relay", id: beat.id }, wallClockMs()) },
      checkKeyText("publicKey", beat.publicKey),
      tools.random,
    );
    if (sealed === undefined) throw new DirectorError("invalid", `"publicKey" is of low order`);
    const written = await this.#write(record);
    this.#assigned.delete(beat.id);
    if (beat.links !== undefined) {
      await directory.put("mesh", beat.id, { from: beat.id, links: beat.links });
    }
    return {
      directorId,
      heartbeatMs: HEARTBEAT_MS,
      keys: sealed,
      ...(written.state === "draining" ? { drainDeadlineMs: written.drainDeadlineMs } : {}),
      revoked: this.#revocations.of({ kind: "relay", id: beat.id }, this.#context.clock.nowMs()),
      peers: this.#peersOf(beat.id),
    };
  }

  /** All relays as planners see them. */
  planned(): PlannedRelay[] {
    return this.#context.directory.list("relays").map(({ value }) => ({
      id: value.id,
      region: value.region,
      provider: value.provider,
      egressCostMs: value.egressCostMs,
      load: this.#loadOf(value, this.#leastLoaded(value)),
      state: value.state,
    }));
  }

  /** A relay, whatever its state. */
  get(relayId: string): RelayRecord | undefined {
    return this.#context.directory.get("relays", relayId)?.value;
  }

  /**
   * The shard that the next session of a relay goes to.
   *
   * @throws DirectorError `no-capacity` when the relay is gone.
   */
  assign(relayId: string, shard?: number): { record: RelayRecord; shard: RelayShard } {
    const record = this.get(relayId);
    const found = record &&
      (shard === undefined
        ? this.#leastLoaded(record)
        : record.shards.find((candidate) => candidate.shard === shard));
    if (record === undefined || found === undefined) {
      throw new DirectorError("no-capacity", `Relay "${relayId}" is gone`);
    }
    const assigned = this.#assigned.get(relayId) ?? new Map<number, number>();
    assigned.set(found.shard, (assigned.get(found.shard) ?? 0) + 1);
    this.#assigned.set(relayId, assigned);
    return { record, shard: found };
  }

  /**
   * Lets a relay run empty, or calls that off.
   *
   * @param deadlineMs When it closes, wall clock; `undefined` calls the drain off.
   * @throws DirectorError `not-found`, `conflict`, `away`.
   */
  async drain(relayId: string, deadlineMs: number | undefined): Promise<void> {
    const { directory } = this.#context;
    await compareAndSet(async () => {
      const entry = await directory.read("relays", relayId);
      if (entry === undefined) throw new DirectorError("not-found", `No relay "${relayId}"`);
      const state = deadlineMs === undefined ? "active" : "draining";
      const record: RelayRecord = { ...entry.value, state, drainDeadlineMs: deadlineMs ?? 0 };
      return await directory.update("relays", relayId, record, entry.revision);
    });
    await directory.publish(
      deadlineMs === undefined
        ? { kind: "undrain", relayId }
        : { kind: "drain", relayId, deadlineMs },
    );
  }

  async #write(record: RelayRecord): Promise<RelayRecord> {
    const { directory } = this.#context;
    // The view is right nearly always; only who lost against another write asks the store.
    let entry: DirectoryEntry<"relays"> | undefined = directory.get("relays", record.id);
    return await compareAndSet(async () => {
      const merged = mergeBeat(record, entry?.value);
      const revision = entry === undefined
        ? await directory.create("relays", record.id, merged)
        : await directory.update("relays", record.id, merged, entry.revision);
      if (revision !== undefined) return merged;
      entry = await directory.read("relays", record.id);
      return undefined;
    });
  }

  #peersOf(relayId: string): RelayReply["peers"] {
    const peers: RelayReply["peers"] = [];
    for (const { value } of this.#context.directory.list("relays")) {
      const [shard] = value.shards;
      if (value.id === relayId || shard === undefined) continue;
      if (peers.length === MAX_LISTED_RELAYS) break;
      const { id, region, hostname, publicKey, state } = value;
      peers.push({ id, region, hostname, port: shard.port, shard: shard.shard, publicKey, state });
    }
    return peers;
  }

  /** The shard with the least load; records without shards are refused before. */
  #leastLoaded(record: RelayRecord): RelayShard {
    return record.shards.reduce((least, shard) =>
      this.#loadOf(record, shard) < this.#loadOf(record, least) ? shard : least
    );
  }

  /** What a shard said of its load, and what it was given since. */
  #loadOf({ id }: RelayRecord, { shard, sessions, load }: RelayShard): number {
    const assigned = this.#assigned.get(id)?.get(shard) ?? 0;
    const each = sessions >= MIN_SESSIONS_FOR_MEAN ? load / sessions : ASSUMED_SESSION_LOAD;
    return load + assigned * each;
  }
}

function checkBeat(beat: RelayHeartbeat): RelayRecord {
  checkId("id", beat.id);
  checkId("region", beat.region);
  checkHex("instance", beat.instance);
  const { links: _, ...own } = beat;
  if (beat.shards.length === 0) throw new DirectorError("invalid", `"shards" is empty`);
  if (new Set(beat.shards.map(({ shard }) => shard)).size < beat.shards.length) {
    throw new DirectorError("invalid", `"shards" has a shard twice`);
  }
  return { ...own, hostname: checkHostname("hostname", beat.hostname), drainDeadlineMs: 0 };
}

/**
 * A drain that an operator asked for outlives heartbeats, and ends with the process. A living relay's id
 * belongs to its key: whoever else has the token cannot take its place and be sent its ticket keys.
 */
function mergeBeat(record: RelayRecord, before: RelayRecord | undefined): RelayRecord {
  if (before === undefined) return record;
  if (before.publicKey !== record.publicKey) {
    throw new DirectorError("conflict", `Relay "${record.id}" lives, with another key`);
  }
  if (before.state !== "draining" || before.instance !== record.instance) return record;
  // A relay that drains by its own decision goes on saying so; one that was asked to need not.
  return { ...record, state: "draining", drainDeadlineMs: before.drainDeadlineMs };
}
