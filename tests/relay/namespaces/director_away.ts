/**
 * A minute without director and directory.
 *
 * @module
 */
import type { LabProcess } from "./lab_process.ts";
import { pause, reportOf, withPlayground } from "./playground.ts";

/** What the players noticed. */
export interface AwayResult {
  /** How long they were away. */
  readonly seconds: number;
  /** Whether a NATS server was there and went too. */
  readonly hadNats: boolean;
  /** How many there are, the one with the ticket of before included. */
  readonly players: number;
  /** Sessions that ended, or were replaced by others. */
  readonly lost: number;
  /** Beats sent. */
  readonly sent: number;
  /** Beats that did not come back; those on their way at either end of the time count as well. */
  readonly lostBeats: number;
  /** How long binding with a ticket took that was issued before, in the middle of the time. */
  readonly bindMs: number;
  /** How long it took until somebody could join again when all was back. */
  readonly joinAfterMs: number;
}

const NATS_PORT = "4222";

/** Kills director and NATS for so long. */
export async function directorAway(seconds: number): Promise<AwayResult> {
  const hadNats = hasNats();
  return await withPlayground(async (playground) => {
    const { lab, fleet } = playground;
    await Promise.all([fleet.add("ra"), fleet.add("rb")]);
    await playground.serve(lab.host("srv", "preserving"));
    const host = lab.host("cli", "preserving");
    const players = playground.send(host, "--players", "10", "--hz", "20");
    await players.next("ready");
    await players.ask("ticket", "ticket");
    await reportOf(players);
    fleet.killDirector();
    await pause(seconds * 500);
    const { connectMs } = await players.ask("use", "used");
    await pause(seconds * 500);
    const reports = await reportOf(players);
    await fleet.startDirector();
    const startMs = performance.now();
    await untilJoined(() => playground.send(host));
    const sent = reports.reduce((sum, report) => sum + report.sent, 0);
    return {
      seconds,
      hadNats,
      players: reports.length,
      lost: reports.filter(({ isAlive }) => !isAlive).length,
      sent,
      lostBeats: sent - reports.reduce((sum, report) => sum + report.returned, 0),
      bindMs: Number(connectMs),
      joinAfterMs: performance.now() - startMs,
    };
  }, hadNats ? ["--nats", `nats://127.0.0.1:${NATS_PORT}`] : []);
}

/** The server registers again by itself; until then it is not known. */
async function untilJoined(join: () => LabProcess): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const player = join();
    const isReady = await player.next("ready", 15_000).then(() => true, () => false);
    await player.close();
    if (isReady) return;
    await pause(500);
  }
  throw new Error("Nobody could join within 20 tries");
}

function hasNats(): boolean {
  try {
    return new Deno.Command("nats-server", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}
