/**
 * Relays that die without a word under a player at 60 Hz.
 *
 * @module
 */
import { percentile } from "../../fixtures/percentile.ts";
import { pause, reportOf, watch, withPlayground } from "./playground.ts";

/** What the player noticed. */
export interface KillResult {
  /** How often. */
  readonly kills: number;
  /** Whether it is the session of the beginning. */
  readonly isAlive: boolean;
  /** Kills at which only one route was up, so that nothing could take over. */
  readonly withoutStandby: number;
  /** Time without a beat. */
  readonly gapP50Ms: number;
  /** The same, 99 of 100. */
  readonly gapP99Ms: number;
  /** The longest. */
  readonly gapMaxMs: number;
}

/** For as long a dead relay stays dead, and a player is watched. */
const DOWN_MS = 1_500;

/** Until a player has noticed that a relay was restarted: a route in waiting is asked once a second. */
const NOTICING_MS = 1_500;

/** Longest wait for the second route to be back. */
const MENDING_MS = 15_000;

/** Kills the relay that carries the data so many times, each time started again. */
export async function relayKill(kills: number): Promise<KillResult> {
  return await withPlayground(async (playground) => {
    const { lab, fleet } = playground;
    await Promise.all([fleet.add("ra"), fleet.add("rb")]);
    const server = await playground.serve(lab.host("srv", "preserving"));
    const player = playground.join(lab.host("cli", "preserving"), server);
    await player.next("ready");
    const gaps: number[] = [];
    let [withoutStandby, isAlive] = [0, true];
    for (let i = 0; i < kills; i++) {
      await pause(NOTICING_MS);
      const before = await watch(player, ({ usable }) => usable.length >= 2, MENDING_MS);
      if (before.usable.length < 2) withoutStandby++;
      await reportOf(player);
      const relay = fleet.relays.get(before.relays[0] ?? "")!;
      relay.process.kill("SIGKILL");
      await relay.process.status;
      await pause(DOWN_MS);
      const [report] = await reportOf(player);
      gaps.push(report!.maxGapMs);
      ({ isAlive } = report!);
      relay.process = await relay.start();
    }
    return {
      kills,
      isAlive,
      withoutStandby,
      gapP50Ms: percentile(gaps, 0.5),
      gapP99Ms: percentile(gaps, 0.99),
      gapMaxMs: Math.max(...gaps),
    };
  });
}
