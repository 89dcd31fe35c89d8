/**
 * A relay that is emptied while many play through it.
 *
 * @module
 */
import { percentile } from "../../fixtures/percentile.ts";
import { pause, reportOf, withPlayground } from "./playground.ts";

/** What the players noticed. */
export interface DrainResult {
  /** How many there are. */
  readonly players: number;
  /** Players whose data went through the relay before. */
  readonly moved: number;
  /** Sessions that ended, or were replaced by others. */
  readonly lost: number;
  /** Players whose data still goes through it. */
  readonly left: number;
  /** Longest time without a beat of each player, the beats of which are 500 ms apart. */
  readonly gapP50Ms: number;
  /** The longest. */
  readonly gapMaxMs: number;
  /** Beats sent. */
  readonly sent: number;
  /** Beats that did not come back; those on their way at either end of the time count as well. */
  readonly lostBeats: number;
}

/** Programs with players, each at a host of its own: relays and directors have limits per address. */
const HOSTS = 4;

/** Beats a second of each player. */
const BEAT_HZ = 2;

/** Drains one of three relays under so many players. */
export async function relayDrain(count: number, deadlineSeconds: number): Promise<DrainResult> {
  return await withPlayground(async (playground) => {
    const { lab, fleet } = playground;
    await Promise.all([fleet.add("ra"), fleet.add("rb"), fleet.add("rc")]);
    await playground.serve(lab.host("srv", "preserving"));
    const programs = Array.from({ length: HOSTS }, (_, at) => {
      const share = Math.floor((at + 1) * count / HOSTS) - Math.floor(at * count / HOSTS);
      const args = ["--players", String(share), "--hz", String(BEAT_HZ)];
      return playground.send(lab.host(`cli${at}`), ...args);
    });
    const reportAll = async () => (await Promise.all(programs.map(reportOf))).flat();
    await Promise.all(programs.map((program) => program.next("ready", 120_000)));
    await pause(2_000);
    const before = await reportAll();
    const users = new Map<string, number>();
    for (const { relays: [first = ""] } of before) users.set(first, (users.get(first) ?? 0) + 1);
    const [relayId = "", moved = 0] = [...users].sort(([, a], [, b]) => b - a)[0] ?? [];
    await fleet.ask("/v1/drain", { relayId, deadlineSeconds });
    await pause(deadlineSeconds * 1_000 + 2_000);
    const after = await reportAll();
    const gaps = after.map(({ maxGapMs }) => maxGapMs);
    const sent = after.reduce((sum, player) => sum + player.sent, 0);
    return {
      players: after.length,
      moved,
      lost: after.filter(({ isAlive }) => !isAlive).length,
      left: after.filter(({ relays }) => relays.includes(relayId)).length,
      gapP50Ms: percentile(gaps, 0.5),
      gapMaxMs: Math.max(...gaps),
      sent,
      lostBeats: sent - after.reduce((sum, player) => sum + player.returned, 0),
    };
  });
}
