/**
 * A relay that is replaced by a new process at the same port, under traffic.
 *
 * @module
 */
import { pause, reportOf, withPlayground } from "./playground.ts";

/** What the players noticed. */
export interface TakeoverResult {
  /** How many there are. */
  readonly players: number;
  /** Sessions that ended, or were replaced by others. */
  readonly lost: number;
  /** Beats sent. */
  readonly sent: number;
  /** Beats that did not come back; those on their way at either end of the time count as well. */
  readonly lostBeats: number;
  /** Longest time without a beat. */
  readonly gapMaxMs: number;
  /** Times that a route in use was given up. */
  readonly failovers: number;
}

/** Takes the one relay over so many times while players send at 60 Hz. */
export async function relayTakeover(count: number, takeovers: number): Promise<TakeoverResult> {
  return await withPlayground(async (playground) => {
    const { lab, fleet } = playground;
    const relay = await fleet.add("ra");
    await playground.serve(lab.host("srv", "preserving"));
    const players = playground.send(lab.host("cli"), "--players", String(count));
    await players.next("ready");
    await pause(2_000);
    const first = await reportOf(players);
    let [sent, returned, gapMaxMs] = [0, 0, 0];
    let last = first;
    for (let i = 0; i < takeovers; i++) {
      const old = relay.process;
      relay.process = await relay.start("--takeover");
      await old.status;
      await pause(1_000);
      last = await reportOf(players);
      for (const report of last) {
        sent += report.sent;
        returned += report.returned;
        gapMaxMs = Math.max(gapMaxMs, report.maxGapMs);
      }
    }
    return {
      players: last.length,
      lost: last.filter(({ isAlive }) => !isAlive).length,
      sent,
      lostBeats: sent - returned,
      gapMaxMs,
      failovers: last.reduce((sum, report, at) => sum + report.failovers - first[at]!.failovers, 0),
    };
  });
}
