/**
 * What a run of bots came to, over all workers, and whether that was good enough.
 *
 * @module
 */
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import type { FleetReport } from "./bot_messages.ts";

/** Percentiles in milliseconds; `null` without a sample. */
export interface TimeSummary {
  /** Half of the samples are at most this. */
  readonly p50: number | null;
  /** 90 of 100 are. */
  readonly p90: number | null;
  /** 99 of 100 are. */
  readonly p99: number | null;
  /** All are. */
  readonly max: number | null;
}

/** A run. */
export interface BotSummary {
  /** Bots that were wanted. */
  readonly clients: number;
  /** Connections begun. */
  readonly attempted: number;
  /** Connections made. */
  readonly connected: number;
  /** Connections that failed, by code. */
  readonly failed: Readonly<Record<string, number>>;
  /** Connections that ended although nobody wanted it. */
  readonly dropped: number;
  /** What the bots sent. */
  readonly sent: number;
  /** What came back. */
  readonly received: number;
  /** What did not. */
  readonly lost: number;
  /** Actions left out because the bots themselves did not keep up. */
  readonly skipped: number;
  /** Round trips. */
  readonly rttMs: TimeSummary;
  /** Times to connect. */
  readonly connectMs: TimeSummary;
  /** UDP payload bytes. */
  readonly bytes: { readonly sent: number; readonly received: number };
  /** How long it took. */
  readonly seconds: number;
}

/** Objectives of a run; what is left out is none. */
export interface Objectives {
  /** Share of what was sent that may be lost, percent. */
  readonly failLoss: number | undefined;
  /** Largest 99th percentile of round trips, milliseconds. */
  readonly failRttP99: number | undefined;
  /** Share of connections that may fail, percent. */
  readonly failConnect: number | undefined;
}

/** Sums up the reports of all workers as they come. */
export class BotTally {
  /** Round trips since the last {@link BotTally.takeRecentRtt}. */
  #recent: RecordableHistogram = createHistogram();
  readonly #rtts: RecordableHistogram = createHistogram();
  readonly #connects: RecordableHistogram = createHistogram();
  readonly #reports = new Map<number, FleetReport>();

  /** Takes a worker's report. */
  add(worker: number, report: FleetReport): void {
    this.#reports.set(worker, report);
    for (const microseconds of report.rttMicroseconds) {
      this.#rtts.record(microseconds);
      this.#recent.record(microseconds);
    }
    for (const microseconds of report.connectMicroseconds) this.#connects.record(microseconds);
  }

  /** Bots that are connected now. */
  get online(): number {
    return this.#sum(({ online }) => online);
  }

  /** Round trips since the last call. */
  takeRecentRtt(): TimeSummary {
    const recent = summaryOf(this.#recent);
    this.#recent = createHistogram();
    return recent;
  }

  /** Everything so far. */
  summary(clients: number, seconds: number): BotSummary {
    const failed: Record<string, number> = {};
    for (const report of this.#reports.values()) {
      for (const [code, count] of Object.entries(report.failed)) {
        failed[code] = (failed[code] ?? 0) + count;
      }
    }
    return {
      clients,
      attempted: this.#sum(({ attempted }) => attempted),
      connected: this.#sum(({ connected }) => connected),
      failed,
      dropped: this.#sum(({ dropped }) => dropped),
      sent: this.#sum(({ sent }) => sent),
      received: this.#sum(({ received }) => received),
      lost: this.#sum(({ lost }) => lost),
      skipped: this.#sum(({ skipped }) => skipped),
      rttMs: summaryOf(this.#rtts),
      connectMs: summaryOf(this.#connects),
      bytes: {
        sent: this.#sum(({ bytesSent }) => bytesSent),
        received: this.#sum(({ bytesReceived }) => bytesReceived),
      },
      seconds: Number(seconds.toFixed(2)),
    };
  }

  #sum(pick: (report: FleetReport) => number): number {
    let total = 0;
    for (const report of this.#reports.values()) total += pick(report);
    return total;
  }
}

/** The objectives that a run missed, in words. */
export function missedObjectives(summary: BotSummary, objectives: Objectives): string[] {
  const { failLoss, failRttP99, failConnect } = objectives;
  const missed: string[] = [];
  const lossPercent = percent(summary.lost, summary.sent);
  if (failLoss !== undefined && !(lossPercent <= failLoss)) {
    missed.push(`loss ${shown(lossPercent)} % is above --fail-loss ${failLoss}`);
  }
  // Without a single round trip there is nothing to be content with.
  const p99 = summary.rttMs.p99 ?? Infinity;
  if (failRttP99 !== undefined && !(p99 <= failRttP99)) {
    missed.push(`round trip p99 ${shown(p99)} ms is above --fail-rtt-p99 ${failRttP99}`);
  }
  const failedCount = Object.values(summary.failed).reduce((sum, count) => sum + count, 0);
  const connectPercent = percent(failedCount, summary.attempted);
  if (failConnect !== undefined && !(connectPercent <= failConnect)) {
    missed.push(
      `${shown(connectPercent)} % failed to connect, above --fail-connect ${failConnect}`,
    );
  }
  return missed;
}

function summaryOf(microseconds: RecordableHistogram): TimeSummary {
  if (microseconds.count === 0) return { p50: null, p90: null, p99: null, max: null };
  const at = (percentile: number): number => microseconds.percentile(percentile) / 1000;
  return { p50: at(50), p90: at(90), p99: at(99), max: microseconds.max / 1000 };
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole * 100;
}

function shown(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toFixed(2))) : "unknown";
}
