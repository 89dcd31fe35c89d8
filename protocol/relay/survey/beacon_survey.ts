/**
 * How far a client is from the beacons of the regions: when to ask which, and what the answers say.
 *
 * A round is six probes per beacon. The first is dropped, because it pays for routers that look an
 * address up and radios that wake; the median of the other five is the result, because one slow answer
 * must not move a player to another continent. Rounds repeat, because players do move.
 *
 * Sans-IO and without a layout of its own: the caller sends a QOS_PING that carries the number of
 * {@link BeaconSurvey.nextProbe}, and hands the number of each authentic QOS_PONG back.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import type { PathQuality } from "./path_quality.ts";
import type { PingLocation } from "./ping_location.ts";
import { percentile } from "./percentile.ts";

/** A relay that answers QOS_PINGs. */
export interface Beacon {
  /** Id of the relay. */
  readonly relayId: string;
  /** Its region. */
  readonly region: string;
  /** Where it listens. */
  readonly address: Address;
}

/** A probe to send now. */
export interface BeaconProbe {
  /** To whom. */
  readonly beacon: Beacon;
  /** What the answer has to carry, a u32. */
  readonly number: number;
}

/** What a round found. */
export interface BeaconResult extends PathQuality {
  /** Whom it is about. */
  readonly beacon: Beacon;
  /** Median of the round trip in milliseconds. */
  readonly medianRttMs: number;
}

/** Beacons of one survey: with six probes each a round is 72 small datagrams. */
export const MAX_BEACONS = 12;

/** Probes of a round that count, after the first. */
export const COUNTED_PROBES = 5;

/** Answers that a result needs: most of those that count. */
const MIN_ANSWERS = 3;

/** Between two probes of one beacon. */
const PROBE_INTERVAL_MS = 100;

/** Beacons start one after the other, so that a round is no burst. */
const BEACON_SPREAD_MS = PROBE_INTERVAL_MS / MAX_BEACONS;

/** Absolute ceiling: what takes longer is lost. Nobody plays over it, whatever the reason. */
export const CEILING_MS = 500;

/** From the start of one round to the next. */
export const REFRESH_MS = 600_000;

/** Age at which a result is none any more: no round since has found the beacon. */
export const RESULT_EXPIRY_MS = 900_000;

/** One beacon in the round of now. */
interface Row {
  readonly beacon: Beacon;
  readonly startMs: number;
  readonly sentAtMs: number[];
  /** By place of the probe; `Infinity` until it is answered in time. */
  readonly rttMs: number[];
}

interface KeptResult {
  readonly result: BeaconResult;
  readonly measuredAtMs: number;
}

/** Measures beacons, round after round. */
export class BeaconSurvey {
  readonly #results: Map<string, KeptResult> = new Map();
  #beacons: readonly Beacon[] = [];
  #rows: readonly Row[] = [];
  #roundMs = Infinity;
  #nextNumber: number;
  /** Probes of the round that wait for an answer, by number. */
  readonly #asked: Map<number, { readonly row: Row; readonly place: number }> = new Map();

  /**
   * Makes a survey that asks nobody yet.
   *
   * @param firstNumber A random u32, so that an answer to an older survey is none to this.
   */
  constructor(firstNumber: number) {
    this.#nextNumber = firstNumber >>> 0;
  }

  /**
   * Says whom to ask; a round begins now. What was found of beacons that are gone is forgotten.
   *
   * @throws {RangeError} for more than 12.
   */
  setBeacons(beacons: readonly Beacon[], nowMs: number): void {
    if (beacons.length > MAX_BEACONS) {
      throw new RangeError(`Cannot ask ${beacons.length} beacons: at most ${MAX_BEACONS}`);
    }
    const ids = new Set(beacons.map(({ relayId }) => relayId));
    for (const relayId of this.#results.keys()) {
      if (!ids.has(relayId)) this.#results.delete(relayId);
    }
    this.#beacons = beacons;
    this.#begin(nowMs);
  }

  /** The next probe that is due; `undefined` when none is. */
  nextProbe(nowMs: number): BeaconProbe | undefined {
    this.handleTimeout(nowMs);
    for (const row of this.#rows) {
      const place = row.sentAtMs.length;
      if (place > COUNTED_PROBES || nowMs < dueMs(row)) continue;
      const number = this.#nextNumber;
      this.#nextNumber = number + 1 >>> 0;
      row.sentAtMs.push(nowMs);
      row.rttMs.push(Infinity);
      this.#asked.set(number, { row, place });
      return { beacon: row.beacon, number };
    }
    return undefined;
  }

  /** Whom the probe with this number asked; `undefined` when nothing waits for its answer. */
  beaconOf(number: number): Beacon | undefined {
    return this.#asked.get(number)?.row.beacon;
  }

  /** Whether no round is under way. */
  isIdle(nowMs: number): boolean {
    this.handleTimeout(nowMs);
    return this.#rows.length === 0;
  }

  /** Takes an answer; `false` when nothing waits for it any more. */
  onAnswer(number: number, nowMs: number): boolean {
    const asked = this.#asked.get(number);
    if (asked === undefined) return false;
    this.#asked.delete(number);
    const { row, place } = asked;
    const rttMs = nowMs - row.sentAtMs[place]!;
    if (rttMs > CEILING_MS) return false;
    row.rttMs[place] = rttMs;
    return true;
  }

  /** Ends a round whose answers are in or overdue, and begins the next when it is time. */
  handleTimeout(nowMs: number): void {
    if (this.#rows.length > 0 && nowMs >= this.#roundEndMs()) this.#end(nowMs);
    if (nowMs >= this.#roundMs + REFRESH_MS) this.#begin(nowMs);
  }

  /** When {@link nextProbe} or {@link handleTimeout} has something to do; `Infinity` without beacons. */
  deadlineMs(): number {
    if (this.#rows.length === 0) return this.#roundMs + REFRESH_MS;
    const due = this.#rows.filter(({ sentAtMs }) => sentAtMs.length <= COUNTED_PROBES).map(dueMs);
    return Math.min(this.#roundEndMs(), ...due);
  }

  /** What was found, nearest first; without beacons of which too few answers came. */
  results(nowMs: number): BeaconResult[] {
    return [...this.#results.values()]
      .filter(({ measuredAtMs }) => nowMs - measuredAtMs <= RESULT_EXPIRY_MS)
      .map(({ result }) => result)
      .sort((a, b) => a.medianRttMs - b.medianRttMs);
  }

  /** The same by relay, for a request for a route. */
  paths(nowMs: number): Map<string, PathQuality> {
    return new Map(this.results(nowMs).map((result) => [result.beacon.relayId, result]));
  }

  /** The same by region, the nearest beacon of each, for `formatPingLocation`. */
  location(nowMs: number): PingLocation {
    const location = new Map<string, number>();
    for (const { beacon, medianRttMs } of this.results(nowMs)) {
      if (!location.has(beacon.region)) location.set(beacon.region, medianRttMs);
    }
    return location;
  }

  #begin(nowMs: number): void {
    this.#asked.clear();
    this.#roundMs = this.#beacons.length === 0 ? Infinity : nowMs;
    this.#rows = this.#beacons.map((beacon, at) => ({
      beacon,
      startMs: nowMs + at * BEACON_SPREAD_MS,
      sentAtMs: [],
      rttMs: [],
    }));
  }

  /** Once everything is asked: when all is answered, or the last answer would come too late. */
  #roundEndMs(): number {
    let endMs = -Infinity;
    for (const { sentAtMs, rttMs } of this.#rows) {
      if (sentAtMs.length <= COUNTED_PROBES) return Infinity;
      for (const [place, sentMs] of sentAtMs.entries()) {
        if (rttMs[place] === Infinity) endMs = Math.max(endMs, sentMs + CEILING_MS);
      }
    }
    return endMs;
  }

  #end(nowMs: number): void {
    for (const { beacon, rttMs } of this.#rows) {
      const result = resultOf(beacon, rttMs.slice(1));
      if (result !== undefined) {
        this.#results.set(beacon.relayId, { result, measuredAtMs: nowMs });
      }
    }
    this.#rows = [];
    this.#asked.clear();
  }
}

function dueMs({ startMs, sentAtMs }: Row): number {
  // After the last probe, not after its plan: a client that stalled sends no burst.
  return (sentAtMs.at(-1) ?? startMs - PROBE_INTERVAL_MS) + PROBE_INTERVAL_MS;
}

function resultOf(beacon: Beacon, rttsMs: readonly number[]): BeaconResult | undefined {
  const answered = rttsMs.filter((rttMs) => rttMs < Infinity);
  if (answered.length < MIN_ANSWERS) return undefined;
  let steps = 0;
  for (let at = 1; at < answered.length; at++) steps += Math.abs(answered[at]! - answered[at - 1]!);
  const ascending = answered.toSorted((a, b) => a - b);
  const medianRttMs = percentile(ascending, 0.5);
  return {
    beacon,
    medianRttMs,
    // Five samples have no 95th percentile: the largest would be one outlier. The median stands for it.
    p95RttMs: medianRttMs,
    jitterMs: steps / (answered.length - 1),
    loss: 1 - answered.length / rttsMs.length,
  };
}
