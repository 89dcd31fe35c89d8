/**
 * Records for tests.
 *
 * @module
 */
import type { RelayRecord, ServerRecord, SessionRecord } from "../../../relay/directory/records.ts";

/** A relay that is well. */
export function relayRecord(id: string, more: Partial<RelayRecord> = {}): RelayRecord {
  return {
    id,
    region: id.split("-")[0]!,
    hostname: "192.0.2.1",
    shards: [{ shard: 0, port: 7_000, sessions: 3, load: 0.25 }],
    provider: "hoster",
    egressCostMs: 0.5,
    state: "active",
    drainDeadlineMs: 0,
    publicKey: "A".repeat(43),
    instance: "00000000000000ff",
    version: "0.1.0",
    ...more,
  };
}

/** A server that is ready. */
export function serverRecord(id: string, more: Partial<ServerRecord> = {}): ServerRecord {
  return {
    id,
    protocolId: "arena",
    name: `Server ${id}`,
    region: "fra",
    serverKey: "A".repeat(43),
    hostname: "198.51.100.1",
    port: 9_999,
    state: "ready",
    players: 0,
    maxPlayers: 32,
    exposure: "never",
    acceptsTickets: false,
    anchors: [],
    reservations: [],
    instance: "00000000000000ee",
    ...more,
  };
}

/** A session over one relay. */
export function sessionRecord(id: string, more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id,
    serverId: "s1",
    userId: "zoë",
    epoch: 1,
    createdAtMs: 1_000,
    notAfterMs: 61_000,
    exposure: "never",
    limits: { kbpsUp: 256, kbpsDown: 1_024, ppsUp: 128, ppsDown: 256, maxMiB: 4_096 },
    clientHostname: "",
    pingLocation: "",
    primary: {
      hops: [{
        relayId: "fra-1",
        region: "fra",
        hostname: "192.0.2.1",
        port: 7_000,
        shard: 0,
        label: 0xdead_beef,
      }],
      serverLabel: 7,
    },
    standby: undefined,
    ...more,
  };
}
