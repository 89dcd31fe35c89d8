/**
 * What two looks at some relays say about one session: its hops in order, their loss and their rates.
 *
 * A relay counts what it forwards, and which sequence numbers of its neighbors never came. So of each hop the
 * end that receives tells the loss; what gets lost on its last hop to client or server only they know.
 *
 * @module
 */
import type { RelaySnapshot, SessionSnapshot } from "../relay/status/relay_snapshot.ts";

/** What is needed of a relay's status. */
export type RelayLook = Pick<
  RelaySnapshot,
  "relayId" | "region" | "takenAtMs" | "state" | "sessions" | "routes" | "regionMatrix"
>;

/** One direction of a hop. */
export interface HopDirection {
  /** Frames a second that arrived; `undefined` where nobody counts them. */
  readonly framesPerSecond: number | undefined;
  /** Bits a second of these, UDP payload. */
  readonly bitsPerSecond: number | undefined;
  /** Share that got lost on this hop, 0 to 1; `undefined` where nobody knows. */
  readonly loss: number | undefined;
}

/** A hop of a route. */
export interface TracedHop {
  /** `client`, or the id of a relay. */
  readonly from: string;
  /** The id of a relay, or `server`. */
  readonly to: string;
  /** Round trip between the regions of two relays, 95th percentile; `undefined` where nobody measured. */
  readonly p95RttMs: number | undefined;
  /** Towards the server. */
  readonly up: HopDirection;
  /** Towards the client. */
  readonly down: HopDirection;
}

/** A route of a session. */
export interface TracedRoute {
  /** Ids of its relays, from client to server. */
  readonly relays: readonly string[];
  /** Version of the path. */
  readonly epoch: number;
  /** Whether more than probes went over it. */
  readonly isCarrying: boolean;
  /** Times that the address of the client, or of the hop before, changed, over all relays. */
  readonly rebinds: number;
  /** Frames that were refused, over all relays. */
  readonly refused: number;
  /** Since the client was heard by the first relay, milliseconds. */
  readonly silentMs: number;
  /** Its hops, from client to server. */
  readonly hops: readonly TracedHop[];
}

/** A standby route carries a PING a second and its answer; a session that plays carries more. */
const PROBE_FRAMES_PER_SECOND = 3;

/** Fewer frames than these say nothing about who forwards to whom. */
const MIN_FRAMES_TO_TELL = 20;

interface Hold {
  readonly look: RelayLook;
  readonly now: SessionSnapshot;
  /** The same session in the look before; `undefined` when it is new. */
  readonly before: SessionSnapshot | undefined;
  readonly seconds: number;
}

/**
 * The routes of a session, the one that carries its data first.
 *
 * @param looks Relays as they are now; of relays that nobody can order, the order of these counts.
 * @param before The same relays a moment ago.
 */
export function traceSession(
  sessionId: string,
  looks: readonly RelayLook[],
  before: readonly RelayLook[],
): TracedRoute[] {
  const holds: Hold[] = [];
  for (const look of looks) {
    const earlier = before.find(({ relayId }) => relayId === look.relayId);
    for (const now of look.sessions) {
      if (now.sessionId !== sessionId || now.isAnchor) continue;
      const seconds = earlier === undefined ? 0 : (look.takenAtMs - earlier.takenAtMs) / 1_000;
      const then = earlier?.sessions.find((one) =>
        one.sessionId === sessionId && one.epoch === now.epoch && one.ageMs <= now.ageMs
      );
      holds.push({ look, now, before: then, seconds });
    }
  }
  return chainsOf(holds).map(traceRoute).sort((a, b) =>
    Number(b.isCarrying) - Number(a.isCarrying) || b.epoch - a.epoch
  );
}

/** Relays of one path are a chain where one of them says so; else each is a route of its own. */
function chainsOf(holds: readonly Hold[]): Hold[][] {
  const left = new Set(holds);
  const chains: Hold[][] = [];
  const known = holds.flatMap(({ look }) => look.routes.map(({ relays }) => relays))
    .sort((a, b) => b.length - a.length);
  for (const relays of known) {
    for (const epoch of new Set(holds.map(({ now }) => now.epoch))) {
      const chain = relays.flatMap((id) =>
        [...left].filter(({ look, now }) => look.relayId === id && now.epoch === epoch).slice(0, 1)
      );
      if (chain.length !== relays.length || !isOneStream(chain)) continue;
      chains.push(chain);
      for (const hold of chain) left.delete(hold);
    }
  }
  return [...chains, ...[...left].map((hold) => [hold])];
}

/** Relays of two routes of one session may be a chain for others; what goes through them then differs. */
function isOneStream(chain: readonly Hold[]): boolean {
  const frames = chain.map(({ now }) => now.framesUp + now.framesDown);
  const most = Math.max(...frames);
  return most < MIN_FRAMES_TO_TELL || Math.min(...frames) > most / 2;
}

function traceRoute(chain: readonly Hold[]): TracedRoute {
  const first = chain[0]!;
  const hops: TracedHop[] = [];
  for (let i = 0; i <= chain.length; i++) {
    const near = chain[i - 1];
    const far = chain[i];
    hops.push({
      from: near?.look.relayId ?? "client",
      to: far?.look.relayId ?? "server",
      p95RttMs: near && far && rttBetween(near.look, far.look),
      // What comes up a hop is counted at its far end, what comes down at its near end.
      up: direction(far, "framesUp", "bytesUp", "missingUp"),
      down: direction(near, "framesDown", "bytesDown", "missingDown"),
    });
  }
  const rate = hops[0]!.up.framesPerSecond ?? 0;
  return {
    relays: chain.map(({ look }) => look.relayId),
    epoch: first.now.epoch,
    isCarrying: rate > PROBE_FRAMES_PER_SECOND,
    rebinds: sumOf(chain, "rebinds"),
    refused: sumOf(chain, "refused"),
    silentMs: first.now.silentMs,
    hops,
  };
}

type Count = "framesUp" | "bytesUp" | "missingUp" | "framesDown" | "bytesDown" | "missingDown";

function direction(hold: Hold | undefined, frames: Count, bytes: Count, missing: Count) {
  if (hold === undefined) {
    return { framesPerSecond: undefined, bitsPerSecond: undefined, loss: undefined };
  }
  const { now, before, seconds } = hold;
  // A frame that was late is missing for a while, so what is missing may become less.
  const added = (count: Count): number => Math.max(0, now[count] - (before?.[count] ?? 0));
  const arrived = added(frames);
  const lost = added(missing);
  return {
    framesPerSecond: seconds > 0 ? arrived / seconds : undefined,
    bitsPerSecond: seconds > 0 ? added(bytes) * 8 / seconds : undefined,
    loss: arrived + lost === 0 ? undefined : lost / (arrived + lost),
  };
}

function rttBetween({ region, regionMatrix }: RelayLook, to: RelayLook): number | undefined {
  const row = regionMatrix.regions.indexOf(region);
  const column = regionMatrix.regions.indexOf(to.region);
  return regionMatrix.cells[row]?.[column]?.p95RttMs ?? undefined;
}

function sumOf(chain: readonly Hold[], count: "rebinds" | "refused"): number {
  return chain.reduce((sum, { now }) => sum + now[count], 0);
}
