/**
 * Measures how far the relays of a network are from here.
 *
 * @module
 */
import { canonicalHostname } from "../protocol/address.ts";
import { beaconsReplySchema } from "../protocol/relay/api/client_requests.ts";
import { BEACON_TOKEN_BYTES } from "../protocol/relay/beacon.ts";
import { BeaconAsker, type TokenBeacon } from "../protocol/relay/survey/beacon_asker.ts";
import type { BeaconResult } from "../protocol/relay/survey/beacon_survey.ts";
import type { PingLocation } from "../protocol/relay/survey/ping_location.ts";
import type { Clock } from "./clock.ts";
import { type DirectorHttp, replyCodec } from "./director_http.ts";
import { EndpointDriver } from "./endpoint_driver.ts";
import type { DatagramPipe } from "./pipe.ts";

const beaconsCodec = replyCodec("Beacons", beaconsReplySchema);

/** What a measurement works with. */
export interface MeasureOptions {
  /** Who knows the beacons. */
  readonly director: DirectorHttp;
  /** Moves datagrams. May be started again afterwards. */
  readonly pipe: DatagramPipe;
  /** Time and timers. */
  readonly clock: Clock;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

/** What was found. */
export interface Measurement {
  /** By relay, nearest first. */
  readonly results: readonly BeaconResult[];
  /** By region. */
  readonly location: PingLocation;
  /** Regions that have relays, the least loaded relay's first. */
  readonly regions: readonly string[];
}

/**
 * Asks a director for beacons and measures those of them that are the least loaded, a dozen at most. Takes
 * a second or less; nothing at all when there are not two to choose from.
 *
 * @throws DirectorRequestError; the reason of the signal.
 */
export async function measureBeacons(options: MeasureOptions): Promise<Measurement> {
  const { director, pipe, clock, random, signal } = options;
  const reply = await director.call({
    method: "GET",
    path: "/v1/beacons",
    reply: beaconsCodec,
    signal,
  });
  const beacons: TokenBeacon[] = [];
  for (const { relayId, region, hostname, port, shard, token: text } of reply.beacons) {
    const token = decodeToken(text);
    if (token !== undefined && canonicalHostname(hostname) !== undefined) {
      beacons.push({ relayId, region, address: { hostname, port }, shard, token });
    }
  }
  const regions = [...new Set(beacons.map(({ region }) => region))];
  if (beacons.length < 2) return { results: [], location: new Map(), regions };
  const asker = new BeaconAsker(spread(beacons), random, clock.nowMs());
  const { promise, resolve, reject } = Promise.withResolvers<Measurement>();
  const driver = new EndpointDriver(asker, pipe, clock, (nowMs) => {
    if (!asker.isOver(nowMs)) return;
    resolve({ results: asker.results(nowMs), location: asker.location(nowMs), regions });
  }, reject);
  const onAbort = (): void => reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  driver.start();
  return await promise.finally(() => {
    driver.stop();
    signal?.removeEventListener("abort", onAbort);
  });
}

/** One of each region first: a region with a dozen idle relays must not hide the others. */
function spread(beacons: readonly TokenBeacon[]): TokenBeacon[] {
  const seen = new Map<string, number>();
  return beacons
    .map((beacon) => {
      const rank = seen.get(beacon.region) ?? 0;
      seen.set(beacon.region, rank + 1);
      return { beacon, rank };
    })
    .sort((a, b) => a.rank - b.rank)
    .map(({ beacon }) => beacon);
}

function decodeToken(text: string): Uint8Array | undefined {
  try {
    const token = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    return token.byteLength === BEACON_TOKEN_BYTES ? token : undefined;
  } catch {
    return undefined;
  }
}
