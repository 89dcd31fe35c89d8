/**
 * Impairments as text, for command lines: `delay=80ms,jitter=20ms,loss=5%,seed=7`.
 *
 * ```text
 * impairment = item *( "," item )            each key at most once, in any order
 * item       = key "=" value                 blanks around either are ignored
 * value      = time | share | burst | size | rate | integer, as the key asks
 * time       = number ( "us" | "ms" | "s" )
 * share      = number "%" | number           5% or 0.05
 * burst      = share "/" share [ "/" share ] chance to begin, chance to end, loss inside (100%)
 * size       = number [ "B" | "KB" | "MB" | "KiB" | "MiB" ]
 * rate       = number ( "B" | "KB" | "MB" | "KiB" | "MiB" | "bit" | "kbit" | "Mbit" ) "/s"
 * number     = digits [ "." digits ] [ "e" [ "+" | "-" ] digits ]
 * ```
 *
 * K is 1,000 and Ki 1,024; units are not case-sensitive.
 *
 * @module
 */
import { completeImpairment, type Impairment, type ImpairmentOptions } from "./impairment.ts";

/** One key of the grammar: how to read it, how to write it, and what it says to people. */
interface Key {
  readonly example: string;
  readonly meaning: string;
  /** The fields that the value sets, or `undefined` when it is malformed. */
  readonly read: (value: string) => ImpairmentOptions | undefined;
  /** The value that sets them. */
  readonly write: (impairment: Impairment) => string;
  /** A key without which this one would do nothing. */
  readonly needs?: string;
}

type NumberField = keyof Omit<Impairment, "seed">;

const TIME_UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000 };
const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1_000,
  mb: 1_000_000,
  kib: 1_024,
  mib: 1_048_576,
};
const RATE_UNITS: Readonly<Record<string, number>> = {
  "b/s": 1,
  "kb/s": 1_000,
  "mb/s": 1_000_000,
  "kib/s": 1_024,
  "mib/s": 1_048_576,
  "bit/s": 1 / 8,
  "kbit/s": 1_000 / 8,
  "mbit/s": 1_000_000 / 8,
};
const SHARE_UNITS: Readonly<Record<string, number>> = { "": 1, "%": 0.01 };

const KEYS: Readonly<Record<string, Key>> = {
  delay: scaled("delayMs", TIME_UNITS, "ms", "80ms", "every datagram takes this long"),
  jitter: scaled("jitterMs", TIME_UNITS, "ms", "20ms", "the delay varies by plus or minus this"),
  loss: scaled("loss", SHARE_UNITS, "", "5%", "share lost, each on its own"),
  burst: {
    example: "1%/25%/90%",
    meaning: "bursts of loss: chance to begin, to end, share lost inside (100%)",
    read: readBurst,
    write: ({ burstEnter, burstLeave, burstLoss }) => `${burstEnter}/${burstLeave}/${burstLoss}`,
  },
  dup: scaled("duplicate", SHARE_UNITS, "", "1%", "share that arrives twice"),
  reorder: scaled("reorder", SHARE_UNITS, "", "2%", "share that is held back"),
  "reorder-delay": {
    ...scaled("reorderDelayMs", TIME_UNITS, "ms", "25ms", "how long those are held back"),
    needs: "reorder",
  },
  rate: scaled("rateBytesPerSecond", RATE_UNITS, "B/s", "256KB/s", "bandwidth"),
  bucket: {
    ...scaled("bucketBytes", SIZE_UNITS, "", "16KB", "bytes that pass at once after silence"),
    needs: "rate",
  },
  queue: {
    ...scaled("queueBytes", SIZE_UNITS, "", "64KB", "bytes that may wait for bandwidth"),
    needs: "rate",
  },
  mtu: scaled("mtuBytes", SIZE_UNITS, "", "1200", "longer datagrams are dropped"),
  seed: {
    example: "7",
    meaning: "makes the random decisions repeatable",
    read: (value) => /^-?\d+$/.test(value) ? { seed: Number(value) } : undefined,
    write: ({ seed }) => String(seed),
  },
};

/** The keys with an example and a meaning each, one per line, for `--help`. */
export const IMPAIRMENT_HELP: string = Object.entries(KEYS)
  .map(([key, { example, meaning }]) => `${`${key}=${example}`.padEnd(22)} ${meaning}`)
  .join("\n");

/**
 * Reads an impairment. What is left out is perfect.
 *
 * @example
 * ```ts
 * import { parseImpairment } from "./impairment_text.ts";
 * import assert from "node:assert/strict";
 *
 * const impairment = parseImpairment("delay=80ms, loss=5%, rate=256KB/s");
 * assert.equal(impairment.loss, 0.05);
 * assert.equal(impairment.rateBytesPerSecond, 256_000);
 * ```
 *
 * @throws {RangeError} saying which item is wrong and what would be right.
 */
export function parseImpairment(text: string): Impairment {
  const seen = new Set<string>();
  let options: ImpairmentOptions = {};
  for (const item of text.split(",")) {
    const { name, key, value } = splitItem(item);
    if (seen.has(name)) throw new RangeError(`Cannot read "${text}": "${name}" stands there twice`);
    seen.add(name);
    options = { ...options, ...readItem(name, key, value) };
  }
  for (const name of seen) {
    const needed = KEYS[name]?.needs;
    if (needed !== undefined && !seen.has(needed)) {
      throw new RangeError(`Cannot read "${text}": "${name}" does nothing without "${needed}"`);
    }
  }
  return completeImpairment(options);
}

/** Writes an impairment so that {@link parseImpairment} reads it back; `""` for a perfect one. */
export function formatImpairment(impairment: ImpairmentOptions): string {
  const complete = completeImpairment(impairment);
  const perfect = completeImpairment();
  const written = new Map<string, string>();
  for (const [name, { write, needs }] of Object.entries(KEYS)) {
    const value = write(complete);
    if (value === write(perfect)) continue;
    if (needs === undefined || written.has(needs)) written.set(name, value);
  }
  return Array.from(written, ([name, value]) => `${name}=${value}`).join(",");
}

function splitItem(item: string): { name: string; key: Key; value: string } {
  const equals = item.indexOf("=");
  const name = (equals === -1 ? item : item.slice(0, equals)).trim();
  const key = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
  if (key === undefined) {
    throw new RangeError(
      `Cannot read "${item.trim()}": unknown key "${name}"; known keys are ${
        Object.keys(KEYS).join(", ")
      }`,
    );
  }
  if (equals === -1) {
    throw new RangeError(`Cannot read "${name}": write a value, such as ${name}=${key.example}`);
  }
  return { name, key, value: item.slice(equals + 1).trim() };
}

function readItem(name: string, key: Key, value: string): ImpairmentOptions {
  const options = key.read(value);
  if (options === undefined) {
    throw new RangeError(
      `Cannot read "${name}=${value}": write it like ${name}=${key.example}`,
    );
  }
  try {
    completeImpairment(options);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RangeError(`Cannot read "${name}=${value}": ${reason}`, { cause });
  }
  return options;
}

/** A key whose value is a number with a unit and sets one field. */
function scaled(
  field: NumberField,
  units: Readonly<Record<string, number>>,
  unit: string,
  example: string,
  meaning: string,
): Key {
  return {
    example,
    meaning,
    read: (value) => {
      const number = readScaled(value, units);
      return number === undefined ? undefined : { [field]: number };
    },
    write: (impairment) => `${impairment[field]}${unit}`,
  };
}

function readScaled(value: string, units: Readonly<Record<string, number>>): number | undefined {
  const parts = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([a-z%/]*)$/i.exec(value);
  const unit = parts?.[2]?.toLowerCase();
  if (parts === null || unit === undefined || !Object.hasOwn(units, unit)) return undefined;
  const scale = units[unit] ?? NaN;
  const number = Number(parts[1]);
  // 5% is 0.05 exactly as written: dividing is rounded correctly where multiplying by 0.01 is not.
  return scale < 1 ? number / Math.round(1 / scale) : number * scale;
}

function readBurst(value: string): ImpairmentOptions | undefined {
  const shares = value.split("/").map((share) => readScaled(share.trim(), SHARE_UNITS));
  const [burstEnter, burstLeave, burstLoss = 1] = shares;
  if (shares.length < 2 || shares.length > 3 || shares.includes(undefined)) return undefined;
  if (burstEnter === undefined || burstLeave === undefined) return undefined;
  return { burstEnter, burstLeave, burstLoss };
}
