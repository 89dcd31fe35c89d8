/**
 * What anybody may know of a network: its regions, and where to measure.
 *
 * @module
 */
import { issueBeaconToken } from "../../protocol/relay/beacon.ts";
import type { RelayRecord, ServerRecord } from "../directory/records.ts";
import type { DirectorContext } from "./director_context.ts";
import { toText } from "../../protocol/relay/api/grant_json.ts";
import { freeSeats } from "./allocator.ts";
import { type BeaconsReply, MAX_LISTED_RELAYS, type RegionsReply } from "./requests.ts";

/** Regions by name, with their relays that take sessions and their servers that take players. */
export function regionsOf(
  relays: readonly RelayRecord[],
  servers: readonly ServerRecord[],
  nowMs: number,
): RegionsReply {
  const names = new Set([...relays, ...servers].map(({ region }) => region));
  const regions = [...names].sort().slice(0, MAX_REGIONS).map((region) => {
    const active = relays.filter((relay) => relay.region === region && relay.state === "active");
    const open = servers.filter((one) => one.region === region && one.state !== "draining");
    return {
      region,
      relays: active.length,
      load: active.reduce((sum, relay) => sum + loadOf(relay), 0) / Math.max(1, active.length),
      servers: open.length,
      freeSeats: open.reduce((sum, server) => sum + Math.max(0, freeSeats(server, nowMs)), 0),
    };
  });
  return { regions };
}

/** One shard of each relay that takes sessions. */
export function beaconsOf(
  relays: readonly RelayRecord[],
  { tools, wallClockMs }: Pick<DirectorContext, "tools" | "wallClockMs">,
): BeaconsReply {
  const notAfterS = Math.floor((wallClockMs() + BEACON_LIFE_MS) / 1_000);
  const beacons = relays
    .filter(({ state }) => state === "active")
    .sort((a, b) => loadOf(a) - loadOf(b))
    .slice(0, MAX_LISTED_RELAYS)
    .flatMap(({ id, region, hostname, shards: [first] }) => {
      if (first === undefined) return [];
      const { port, shard } = first;
      const token = issueBeaconToken(tools.keyOf({ kind: "relay", id }), shard, notAfterS);
      return [{ relayId: id, region, hostname, port, shard, token: toText(token) }];
    });
  return { beacons, notAfterS };
}

/** Time to measure a dozen relays, and to come back for more after a pause. */
const BEACON_LIFE_MS = 600_000;

const MAX_REGIONS = 1_024;

function loadOf({ shards }: RelayRecord): number {
  return Math.min(...shards.map(({ load }) => load));
}
