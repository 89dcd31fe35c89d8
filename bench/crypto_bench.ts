/**
 * What sealing and opening cost: libsodium in place, libsodium through a copy, noble and node:crypto.
 *
 * All in one process, in turns, the median of several rounds each: machines differ and drift, so read the
 * ratios. `deno run -A bench/crypto_bench.ts` prints the table.
 *
 * @module
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { type CryptoBackend, packetKey, TAG_BYTES } from "../protocol/crypto/backend.ts";
import { nobleBackend } from "../protocol/crypto/noble.ts";
import { loadSodium } from "../protocol/crypto/sodium.ts";
import { median } from "./load_process.ts";

/** One measured operation. */
export interface CryptoBenchRow {
  /** `"seal"`, `"open"` or `"open forged"`. */
  readonly operation: string;
  /** Bytes of plaintext. */
  readonly sizeBytes: number;
  /** Who did it. */
  readonly contender: string;
  /** Median time of one operation. */
  readonly medianNs: number;
  /** Times as long as libsodium in place took in the same run. */
  readonly ratio: number;
}

/** How long to measure. */
export interface CryptoBenchOptions {
  /** Rounds, of which the median counts; 9 if not given. */
  readonly rounds?: number;
  /** Time of one round of one contender, at least 50 calls; 12 ms if not given. */
  readonly roundMs?: number;
}

const SIZES_BYTES = [100, 1_200];
const HEADER_BYTES = 7;
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i * 3);
const IV = Uint8Array.from({ length: 12 }, (_, i) => i * 5);
const BASELINE = "libsodium in place";

interface Contender {
  readonly name: string;
  readonly seal: () => void;
  readonly open: () => void;
  readonly openForged: () => void;
}

/** Measures every contender and size. Takes a few seconds with the defaults. */
export async function runCryptoBench(options: CryptoBenchOptions = {}): Promise<CryptoBenchRow[]> {
  const { rounds = 9, roundMs = 12 } = options;
  const sodium = await loadSodium();
  const rows: CryptoBenchRow[] = [];
  for (const sizeBytes of SIZES_BYTES) {
    const packetBytes = HEADER_BYTES + sizeBytes + TAG_BYTES;
    const contenders = [
      ofBackend(BASELINE, sodium, sodium.allocate(packetBytes), sizeBytes),
      ofBackend("libsodium copied", sodium, new Uint8Array(packetBytes), sizeBytes),
      ofBackend("noble", nobleBackend(), new Uint8Array(packetBytes), sizeBytes),
      ofNode(sizeBytes),
    ];
    rows.push(...rowsOf("seal", sizeBytes, contenders, (c) => c.seal, rounds, roundMs));
    rows.push(...rowsOf("open", sizeBytes, contenders, (c) => c.open, rounds, roundMs));
    rows.push(
      ...rowsOf("open forged", sizeBytes, contenders, (c) => c.openForged, rounds, roundMs),
    );
  }
  return rows;
}

function ofBackend(
  name: string,
  crypto: CryptoBackend,
  buffer: Uint8Array,
  sizeBytes: number,
): Contender {
  const key = packetKey(KEY, IV);
  const textEnd = HEADER_BYTES + sizeBytes;
  const end = textEnd + TAG_BYTES;
  const seal = (): void => crypto.seal(key, 1, buffer, 0, HEADER_BYTES, textEnd);
  seal();
  const sealed = buffer.slice();
  return {
    name,
    seal,
    // Opening in place consumes the packet, so each one is put there first, as a socket would.
    open(): void {
      buffer.set(sealed);
      if (!crypto.open(key, 1, buffer, 0, HEADER_BYTES, end)) throw new Error("Refused its own");
    },
    openForged(): void {
      buffer.set(sealed);
      buffer[textEnd]! ^= 1;
      if (crypto.open(key, 1, buffer, 0, HEADER_BYTES, end)) throw new Error("Took a forgery");
    },
  };
}

function ofNode(sizeBytes: number): Contender {
  const algorithm = "chacha20-poly1305";
  const lengths = { authTagLength: TAG_BYTES };
  const header = new Uint8Array(HEADER_BYTES);
  const text = new Uint8Array(sizeBytes);
  const cipher = createCipheriv(algorithm, KEY, IV, lengths);
  cipher.setAAD(header, { plaintextLength: sizeBytes });
  const sealed = cipher.update(text);
  cipher.final();
  const tag = cipher.getAuthTag();
  const forgedTag = Uint8Array.from(tag, (byte, i) => i === 0 ? byte ^ 1 : byte);
  const decipher = (withTag: Uint8Array): void => {
    const opening = createDecipheriv(algorithm, KEY, IV, lengths);
    opening.setAAD(header, { plaintextLength: sizeBytes });
    opening.setAuthTag(withTag);
    opening.update(sealed);
    opening.final();
  };
  return {
    name: "node:crypto",
    seal(): void {
      const sealing = createCipheriv(algorithm, KEY, IV, lengths);
      sealing.setAAD(header, { plaintextLength: sizeBytes });
      sealing.update(text);
      sealing.final();
      sealing.getAuthTag();
    },
    open: () => decipher(tag),
    openForged(): void {
      try {
        decipher(forgedTag);
      } catch {
        return;
      }
      throw new Error("Took a forgery");
    },
  };
}

function rowsOf(
  operation: string,
  sizeBytes: number,
  contenders: readonly Contender[],
  pick: (contender: Contender) => () => void,
  rounds: number,
  roundMs: number,
): CryptoBenchRow[] {
  const samples = contenders.map(() => [] as number[]);
  // The first round warms up. Contenders take turns, so that a slow moment of the machine hits all.
  for (let round = 0; round <= rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      const sampleNs = nsPerCall(pick(contender), roundMs);
      if (round > 0) samples[i]!.push(sampleNs);
    }
  }
  const medians = samples.map(median);
  const baselineNs = medians[contenders.findIndex(({ name }) => name === BASELINE)]!;
  return contenders.map(({ name }, i) => ({
    operation,
    sizeBytes,
    contender: name,
    medianNs: medians[i]!,
    ratio: medians[i]! / baselineNs,
  }));
}

function nsPerCall(call: () => void, roundMs: number): number {
  const batch = 50;
  const startedMs = performance.now();
  let calls = 0;
  let elapsedMs = 0;
  do {
    for (let i = 0; i < batch; i++) call();
    calls += batch;
    elapsedMs = performance.now() - startedMs;
  } while (elapsedMs < roundMs);
  return elapsedMs * 1e6 / calls;
}

if (import.meta.main) {
  for (const { operation, sizeBytes, contender, medianNs, ratio } of await runCryptoBench()) {
    const time = `${(medianNs / 1_000).toFixed(2)} us`.padStart(10);
    const size = `${sizeBytes} B`.padStart(7);
    // deno-lint-ignore no-console
    console.log(
      `${operation.padEnd(12)}${size} ${contender.padEnd(19)}${time} ${ratio.toFixed(1)}x`,
    );
  }
}
