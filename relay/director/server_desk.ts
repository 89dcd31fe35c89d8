/**
 * Game servers: registration, heartbeats, anchors of those behind NAT, seats.
 *
 * @module
 */
import type { DirectoryEntry } from "../directory/directory.ts";
import type { ServerAnchor, ServerRecord } from "../directory/records.ts";
import { AnchorDesk } from "./anchor_desk.ts";
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
import type { LabelOffice } from "./label_office.ts";
import type { RelayDesk } from "./relay_desk.ts";
import {
  MAX_LISTED_RELAYS,
  type ServerHeartbeat,
  type ServerRegistration,
  type ServerReply,
} from "./requests.ts";
import type { Revocations } from "./revocations.ts";
import { randomHex } from "./route_builder.ts";
import { sealKeys } from "../../protocol/relay/api/sealed_keys.ts";
import { equalText } from "./equal_text.ts";

/** The servers that this director knows. */
export class ServerDesk {
  readonly #context: DirectorContext;
  readonly #anchors: AnchorDesk;
  readonly #revocations: Revocations;

  constructor(
    context: DirectorContext,
    parts: {
      readonly relays: RelayDesk;
      readonly labels: LabelOffice;
      readonly revocations: Revocations;
    },
  ) {
    this.#context = context;
    this.#anchors = new AnchorDesk(context, parts.relays, parts.labels);
    this.#revocations = parts.revocations;
  }

  /** A server, whatever its state. */
  get(serverId: string): ServerRecord | undefined {
    return this.#context.directory.get("servers", serverId)?.value;
  }

  /**
   * Takes a server in; one that was restarted takes its own place again.
   *
   * @throws DirectorError `invalid`; `conflict` when a living server of that id has another key; `away`;
   * `no-capacity` when it has no address and there is no relay for an anchor.
   */
  async register(registration: ServerRegistration): Promise<ServerReply> {
    const { directory, tools } = this.#context;
    const id = registration.id ?? `s-${randomHex(tools)}`;
    const record = checkRegistration(id, registration);
    const isAnchored = record.hostname === "";
    const { exitRelays = [] } = registration;
    const written = await compareAndSet(async () => {
      const before = await directory.read("servers", id);
      if (before !== undefined && before.value.serverKey !== record.serverKey) {
        throw new DirectorError("conflict", `Server "${id}" lives, with another key`);
      }
      const anchors = isAnchored
        ? await this.#anchors.place(record, exitRelays, this.#kept(before?.value, exitRelays))
        : [];
      const placed = { ...record, anchors };
      const revision = before === undefined
        ? await directory.create("servers", id, placed)
        : await directory.update("servers", id, placed, before.revision);
      return revision === undefined ? undefined : placed;
    });
    return this.#reply(written, new Set(written.anchors.map(({ relayId }) => relayId)));
  }

  /**
   * Takes a heartbeat.
   *
   * @throws DirectorError `not-found` when the lease ended: register again; `forbidden`, `away`.
   */
  async heartbeat(serverId: string, beat: ServerHeartbeat): Promise<ServerReply> {
    this.checkLease(serverId, beat.leaseToken);
    const { directory, wallClockMs } = this.#context;
    let entry: DirectoryEntry<"servers"> | undefined = directory.get("servers", serverId) ??
      await directory.read("servers", serverId);
    let fresh: ReadonlySet<string> = new Set();
    const written = await compareAndSet(async () => {
      if (entry === undefined) throw new DirectorError("not-found", `No server "${serverId}"`);
      const { value, revision } = entry;
      const kept = this.#anchors.alive(value.anchors);
      const anchors = value.hostname !== "" || kept.length === value.anchors.length
        ? value.anchors
        : await this.#anchors.place(value, [], kept);
      fresh = new Set(
        anchors
          .filter((anchor) => beat.needAnchors === true || !kept.includes(anchor))
          .map(({ relayId }) => relayId),
      );
      const record = mergeBeat({ ...value, anchors }, beat, wallClockMs());
      if (await directory.update("servers", serverId, record, revision) !== undefined) {
        return record;
      }
      entry = await directory.read("servers", serverId);
      return undefined;
    });
    return this.#reply(written, written.hostname === "" ? fresh : new Set());
  }

  /**
   * Forgets a server.
   *
   * @throws DirectorError `forbidden`, `away`.
   */
  async remove(serverId: string, leaseToken: string): Promise<void> {
    this.checkLease(serverId, leaseToken);
    await this.#context.directory.delete("servers", serverId);
  }

  /**
   * Gives a server no more players, or calls that off.
   *
   * @throws DirectorError `not-found`, `conflict`, `away`.
   */
  async drain(serverId: string, isDraining: boolean): Promise<void> {
    const { directory, wallClockMs } = this.#context;
    await compareAndSet(async () => {
      const entry = await directory.read("servers", serverId);
      if (entry === undefined) throw new DirectorError("not-found", `No server "${serverId}"`);
      const { value } = entry;
      const state = isDraining ? "draining" : stateOf(value, wallClockMs());
      return await directory.update("servers", serverId, { ...value, state }, entry.revision);
    });
  }

  /** Throws `forbidden` unless a token is the one that this server was given. */
  checkLease(serverId: string, leaseToken: string): void {
    checkId("id", serverId);
    if (equalText(leaseToken, this.#context.keys.leaseToken(serverId))) return;
    throw new DirectorError("forbidden", `"leaseToken" is not that of server "${serverId}"`);
  }

  /** Routes of players lead to the anchors of before: a server that comes back keeps those it may. */
  #kept(before: ServerRecord | undefined, exitRelays: readonly string[]): ServerAnchor[] {
    return this.#anchors.alive(before?.anchors ?? []).filter(({ relayId }) =>
      exitRelays.length === 0 || exitRelays.includes(relayId)
    );
  }

  #reply(record: ServerRecord, fresh: ReadonlySet<string>): ServerReply {
    const { keys, wallClockMs, clock, tools, directory } = this.#context;
    const nowMs = wallClockMs();
    const sealed = sealKeys(
      {
        keys: keys.liveKeys({ kind: "server", id: record.id }, nowMs),
        ticketKey: keys.ticketKey(record.id),
      },
      checkKeyText("serverKey", record.serverKey),
      tools.random,
    );
    if (sealed === undefined) throw new DirectorError("invalid", `"serverKey" is of low order`);
    const addresses = new Set(directory.list("relays").map(({ value }) => value.hostname));
    return {
      id: record.id,
      leaseToken: keys.leaseToken(record.id),
      heartbeatMs: HEARTBEAT_MS,
      keys: sealed,
      desired: record.state,
      reservedPlayers: reservedPlayers(record, nowMs),
      anchors: record.anchors.map((anchor: ServerAnchor) =>
        this.#anchors.reply(anchor, fresh.has(anchor.relayId))
      ),
      relayAddresses: [...addresses].slice(0, MAX_LISTED_RELAYS),
      revoked: this.#revocations.of({ kind: "server", id: record.id }, clock.nowMs()),
    };
  }
}

/** Players who were promised a seat and have not come yet, as far as anybody knows. */
export function reservedPlayers({ reservations }: ServerRecord, nowMs: number): number {
  let players = 0;
  for (const reservation of reservations) {
    if (reservation.expiresAtMs > nowMs) players += reservation.players;
  }
  return players;
}

function checkRegistration(id: string, registration: ServerRegistration): ServerRecord {
  const { protocolId, name, region, serverKey, maxPlayers, exposure, acceptsTickets, instance } =
    registration;
  const { hostname = "", port = 0 } = registration;
  checkId("id", id);
  checkId("protocolId", protocolId);
  checkId("region", region);
  checkHex("instance", instance);
  checkKeyText("serverKey", serverKey);
  if ((hostname === "") !== (port === 0)) {
    throw new DirectorError("invalid", `"hostname" and "port" stand together or not at all`);
  }
  return {
    id,
    protocolId,
    name,
    region,
    serverKey,
    hostname: hostname === "" ? "" : checkHostname("hostname", hostname),
    port,
    state: "ready",
    players: 0,
    maxPlayers,
    exposure,
    acceptsTickets,
    anchors: [],
    reservations: [],
    instance,
  };
}

/** Reservations end by time; a drain that an operator asked for stays. */
function mergeBeat(record: ServerRecord, beat: ServerHeartbeat, nowMs: number): ServerRecord {
  const merged: ServerRecord = {
    ...record,
    players: beat.players,
    maxPlayers: beat.maxPlayers ?? record.maxPlayers,
    reservations: record.reservations.filter(({ expiresAtMs }) => expiresAtMs > nowMs),
  };
  const isDraining = beat.state === "draining" || record.state === "draining";
  return { ...merged, state: isDraining ? "draining" : stateOf(merged, nowMs) };
}

function stateOf(record: ServerRecord, nowMs: number): "ready" | "allocated" {
  return record.players > 0 || reservedPlayers(record, nowMs) > 0 ? "allocated" : "ready";
}
