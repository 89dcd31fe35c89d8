/**
 * A NAT that forgets every two seconds while a player plays.
 *
 * @module
 */
import { percentile } from "../../fixtures/percentile.ts";
import { pause, reportOf, withPlayground } from "./playground.ts";

/** What became of the session. */
export interface RebindResult {
  /** How often the NAT forgot. */
  readonly rebinds: number;
  /** Whether it is the session of the beginning. */
  readonly isAlive: boolean;
  /** Beats sent. */
  readonly sent: number;
  /** Beats that did not come back. */
  readonly lost: number;
  /** Round trip between client and server. */
  readonly rttMs: number;
  /** Round trip of a challenge between client and relay: half of that, for the delays here are equal. */
  readonly probeMs: number;
  /** Time without a beat around each rebind, beyond the interval of beats. */
  readonly outageP50Ms: number;
  /** The same, 95 of 100. */
  readonly outageP95Ms: number;
  /** The longest. */
  readonly outageMaxMs: number;
  /** Times that the route in use was given up. */
  readonly failovers: number;
}

const INTERVAL_MS = 2_000;
const BEAT_MS = 1_000 / 60;

/** Each way between client and relay, or relay and server, takes 5 ms: round trips are as on the internet. */
const RELAY_SIM = ["--sim", "delay=5ms"];

/** Plays at 60 Hz through relays for so many rebinds; the server is behind a NAT that remembers. */
export async function forcedRebind(rebinds: number): Promise<RebindResult> {
  return await withPlayground(async (playground) => {
    const { lab, fleet } = playground;
    await Promise.all([fleet.add("ra", { args: RELAY_SIM }), fleet.add("rb", { args: RELAY_SIM })]);
    const server = await playground.serve(lab.host("srv", "preserving"));
    const host = lab.host("cli", "symmetric");
    const player = playground.join(host, server);
    await player.next("ready");
    await pause(1_000);
    await reportOf(player);
    const outages: number[] = [];
    let [sent, returned, rttMs, failovers] = [0, 0, 0, 0];
    let isAlive = true;
    for (let i = 0; i < rebinds; i++) {
      lab.rebind(host);
      await pause(INTERVAL_MS);
      const [report] = await reportOf(player);
      outages.push(report!.maxGapMs - BEAT_MS);
      sent += report!.sent;
      returned += report!.returned;
      ({ rttMs, failovers, isAlive } = report!);
    }
    return {
      rebinds,
      isAlive,
      sent,
      lost: sent - returned,
      rttMs,
      probeMs: rttMs / 2,
      outageP50Ms: percentile(outages, 0.5),
      outageP95Ms: percentile(outages, 0.95),
      outageMaxMs: Math.max(...outages),
      failovers,
    };
  });
}
