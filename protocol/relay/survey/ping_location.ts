/**
 * Where somebody is, as round trips to regions: a short text that travels with matchmaking tickets.
 *
 * ```text
 * location = "v1:" [ region "=" rtt *( "," region "=" rtt ) ] [ ";" extensions ]
 * region   = 1 to 32 characters a-z 0-9 "-"
 * rtt      = whole milliseconds, 0 to 2,000, without leading zeros
 * ```
 *
 * Such as `v1:ams=17,fra=12`. At most 64 regions and 1,024 characters. What stands after ";" is of later
 * versions and ignored. Two of these tell how far two players are from each other without a packet.
 *
 * @module
 */

/** Round trips in milliseconds by region. */
export type PingLocation = ReadonlyMap<string, number>;

/** Longest text. */
export const MAX_PING_LOCATION_CHARACTERS = 1_024;

const PREFIX = "v1:";
const MAX_REGIONS = 64;
const MAX_RTT_MS = 2_000;
const REGION = /^[a-z0-9-]{1,32}$/;
const RTT = /^(?:0|[1-9]\d{0,3})$/;

/**
 * Writes a location. Round trips are rounded to milliseconds; regions stand in order of their names, the
 * nearest 64 of them, or fewer where they would not fit; unreachable ones are left out.
 *
 * @throws {RangeError} for the name of a region that cannot be written.
 */
export function formatPingLocation(location: PingLocation): string {
  for (const region of location.keys()) {
    if (!REGION.test(region)) throw new RangeError(`"${region}" is no name of a region`);
  }
  const nearest = [...location]
    .filter(([, rttMs]) => rttMs >= 0 && Math.round(rttMs) <= MAX_RTT_MS)
    .sort(([a, rttA], [b, rttB]) => rttA - rttB || compareText(a, b))
    .slice(0, MAX_REGIONS);
  for (;;) {
    const items = nearest
      .toSorted(([a], [b]) => compareText(a, b))
      .map(([region, rttMs]) => `${region}=${Math.round(rttMs)}`);
    const text = `${PREFIX}${items.join(",")}`;
    if (text.length <= MAX_PING_LOCATION_CHARACTERS) return text;
    nearest.pop();
  }
}

/** Reads a location; `undefined` when it is none. A region that stands there twice makes it none. */
export function parsePingLocation(text: string): PingLocation | undefined {
  if (text.length > MAX_PING_LOCATION_CHARACTERS || !text.startsWith(PREFIX)) return undefined;
  const location = new Map<string, number>();
  const [list = ""] = text.slice(PREFIX.length).split(";");
  if (list === "") return location;
  for (const item of list.split(",")) {
    const [region = "", rtt = "", ...more] = item.split("=");
    const isRead = more.length === 0 && REGION.test(region) && RTT.test(rtt) &&
      Number(rtt) <= MAX_RTT_MS && !location.has(region) && location.size < MAX_REGIONS;
    if (!isRead) return undefined;
    location.set(region, Number(rtt));
  }
  return location;
}

/**
 * The round trip between two locations in milliseconds, over the regions that make it shortest;
 * `undefined` when no region joins them.
 *
 * It is an upper bound: two players in one town, both 12 ms from Frankfurt, may be 5 ms apart.
 *
 * @param between Round trip between two regions, where it is known.
 */
export function estimatePingMs(
  a: PingLocation,
  b: PingLocation,
  between?: (regionA: string, regionB: string) => number | undefined,
): number | undefined {
  let bestMs = Infinity;
  for (const [regionA, rttA] of a) {
    for (const [regionB, rttB] of b) {
      const middleMs = regionA === regionB ? 0 : between?.(regionA, regionB);
      if (middleMs !== undefined) bestMs = Math.min(bestMs, rttA + middleMs + rttB);
    }
  }
  return bestMs === Infinity ? undefined : bestMs;
}

/** By code units: the same order on every machine, whatever its language. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
