/**
 * Fuzzes two real ends with endless scripts: what they send, what the network does, how it ends.
 *
 * `tests/property/protocol_scripts_test.ts` plays short ones and shrinks what fails; these are longer.
 *
 * @module
 */
import { DELIVERIES } from "../../schema/mod.ts";
import { Random } from "../../transport/random.ts";
import {
  type End,
  playScript,
  type ScriptEnd,
  type ScriptStep,
} from "../fixtures/session_script.ts";
import { type FuzzOptions, type FuzzReport, Tally } from "./mutator.ts";

const ENDS: readonly ScriptEnd[] = [
  "drain",
  "drain",
  "drain",
  "close client",
  "close server",
  "close both",
  "linger client",
];

/** Plays scripts. An input is one packet that an end is handed; one script has hundreds. */
export function fuzzScripts({ seed, iterations }: FuzzOptions): FuzzReport {
  const tally = new Tally();
  for (let script = 0; tally.inputs < iterations; script++) {
    const random = new Random(seed + script);
    const steps = Array.from({ length: 5 + random.below(120) }, () => stepOf(random));
    const end = random.pick(ENDS);
    tally.inputs += playScript(seed + script, steps, end);
    tally.count(`script to ${end}`);
  }
  return tally;
}

function stepOf(random: Random): ScriptStep {
  const by: End = random.chance(0.5) ? "client" : "server";
  const share = (most: number): number => random.chance(0.4) ? 0 : random.unit() * most;
  const kind = random.below(32);
  if (kind < 11) {
    const delivery = random.below(DELIVERIES.length);
    return { kind: "send", by, delivery, count: 1 + random.below(40) };
  }
  if (kind < 18) return { kind: "flush", by };
  if (kind < 25) return { kind: "wait", ms: 1 + random.below(random.chance(0.7) ? 60 : 1_500) };
  if (kind < 27) {
    const [loss, duplicate, hold, damage] = [share(0.4), share(0.3), share(0.4), share(0.1)];
    return { kind: "network", loss, duplicate, hold, damage };
  }
  if (kind < 28) return { kind: "rebind" };
  if (kind < 29) return { kind: "blackout", ms: 100 + random.below(15_000) };
  if (kind < 31) return { kind: "pause", by, isPaused: random.chance(0.5) };
  return { kind: "replay", count: 1 + random.below(50) };
}
