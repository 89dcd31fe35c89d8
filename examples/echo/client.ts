/**
 * Measures the way to an echo server and back.
 *
 *   deno run -A examples/echo/client.ts 'tickwire://127.0.0.1:9999#…'
 *
 * @module
 */
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import type { Client } from "../../mod.ts";
import { Echo, MAX_ECHO_BYTES } from "../../schema/messages/echo.ts";
import { runCommand } from "../../server/cli_command.ts";
import { flag } from "../../server/cli_flags.ts";
import { stdout } from "../../server/cli_output.ts";
import { clientFlags, connectAs } from "../run_client.ts";

/** What {@link measureEcho} found. */
export interface EchoResult {
  /** Questions. */
  readonly sent: number;
  /** Answers. */
  readonly received: number;
  /** Round trips in milliseconds. */
  readonly rttMs: { readonly p50: number; readonly p90: number; readonly p99: number };
}

/** How long to wait for the last answers; what takes longer is lost. */
const LAST_ANSWER_MS = 1_000;

/** Sends `count` questions, `perSecond` a second, and waits for the answers. */
export async function measureEcho(
  client: Client<typeof Echo>,
  { count, sizeBytes, perSecond }: {
    readonly count: number;
    readonly sizeBytes: number;
    readonly perSecond: number;
  },
): Promise<EchoResult> {
  const payload = crypto.getRandomValues(new Uint8Array(sizeBytes));
  const sentAtMs = new Float64Array(count);
  const microseconds = createHistogram();
  const { promise: allAnswered, resolve } = Promise.withResolvers<void>();

  client.on(Echo.Pong, ({ sequence }) => {
    const sentMs = sentAtMs[sequence];
    if (sentMs === undefined) return; // An answer to nothing that we asked.
    const rttMs = performance.now() - sentMs;
    microseconds.record(Math.max(1, Math.round(rttMs * 1000)));
    if (microseconds.count === count) resolve();
  });

  const startedAtMs = performance.now();
  for (let sequence = 0; sequence < count; sequence++) {
    // Each is due at a time of its own, so that one that is late does not delay the others.
    const waitMs = startedAtMs + sequence * 1000 / perSecond - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    sentAtMs[sequence] = performance.now();
    client.send(Echo.Ping, { sequence, payload });
  }
  const timer = setTimeout(resolve, LAST_ANSWER_MS);
  await allAnswered;
  clearTimeout(timer);
  return { sent: count, received: microseconds.count, rttMs: percentilesOf(microseconds) };
}

function percentilesOf(microseconds: RecordableHistogram): EchoResult["rttMs"] {
  const [p50, p90, p99] = [50, 90, 99].map((p) => microseconds.percentile(p) / 1000);
  return { p50: p50!, p90: p90!, p99: p99! };
}

if (import.meta.main) {
  await runCommand({
    usage: "examples/echo/client.ts URL [options]",
    about: "Measures the way to an echo server and back.",
    positionals: [0, 1],
    flags: {
      count: flag.integer("N", "Questions; default 100", { min: 1, max: 1e7, default: 100 }),
      size: flag.integer("BYTES", "Bytes that travel along; default 32", {
        min: 0,
        max: MAX_ECHO_BYTES,
        default: 32,
      }),
      rate: flag.number("PER_SECOND", "Questions a second; default 100", {
        min: 0.1,
        max: 1e5,
        default: 100,
      }),
      ...clientFlags,
    },
  }, async ({ values, positionals: [url = ""] }) => {
    const { count, size: sizeBytes, rate: perSecond, json } = values;
    const client = await connectAs(Echo, url, values);
    const result = await measureEcho(client, { count, sizeBytes, perSecond });
    await client.close("done");
    const { sent, received, rttMs: { p50, p90, p99 } } = result;
    if (json) return stdout.json({ event: "done", ...result });
    const loss = ((sent - received) / sent * 100).toFixed(1);
    stdout.line(`${sent} sent, ${received} came back, ${loss} % lost`);
    stdout.line(`round trip: half within ${p50} ms, 90 % within ${p90} ms, 99 % within ${p99} ms`);
  });
}
