/**
 * A bad network between any two programs that speak UDP.
 *
 *   deno run -A tools/impair.ts --listen 127.0.0.1:9998 --to 127.0.0.1:9999 \
 *     --sim delay=80ms,jitter=20ms,loss=5%,dup=1%,seed=7
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import { runCommand } from "../server/cli_command.ts";
import { UsageError } from "../server/cli_flags.ts";
import { type Output, stderr, stdout } from "../server/cli_output.ts";
import { onStopSignal } from "../server/cli_signals.ts";
import { formatImpairment } from "../transport/impairment_text.ts";
import { openUdp, UdpPipe } from "../transport/udp.ts";
import { systemClock } from "../transport/system_clock.ts";
import { followCommands } from "./impair_control.ts";
import { describeCounters, describeProgress, type ImpairCounters } from "./impair_counters.ts";
import {
  directionsOf,
  formatEndpoint,
  impairCommand,
  sourceFor,
  targetOf,
} from "./impair_options.ts";
import { ImpairProxy } from "./impair_proxy.ts";

const STATISTICS_INTERVAL_MS = 1_000;

/** A client has a socket of its own, and one client seldom has more in flight at a time. */
const UPSTREAM_TRANSMIT_SLOTS = 128;

/** `Deno.listenDatagram` opens at once, which `openUdp` for the sake of other systems does not. */
function openUpstream(target: Address): UdpPipe {
  const hostname = sourceFor(target);
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  return new UdpPipe(socket, { transmitSlots: UPSTREAM_TRANSMIT_SLOTS });
}

/** Says once a second what happened; returns what ends that. */
function reportProgress(proxy: ImpairProxy, json: boolean): () => void {
  let last = proxy.counters();
  let lastAtMs = performance.now();
  const report = (): void => {
    const now = proxy.counters();
    const nowMs = performance.now();
    if (json) stdout.json({ event: "stats", ...now });
    else showLine(stderr, describeProgress(now, last, (nowMs - lastAtMs) / 1_000));
    last = now;
    lastAtMs = nowMs;
  };
  const timer = setInterval(report, STATISTICS_INTERVAL_MS);
  return () => {
    clearInterval(timer);
    if (!json && stderr.isTerminal) stderr.write("\r\x1b[K");
  };
}

/** In a terminal always in the same line. */
function showLine(output: Output, text: string): void {
  if (output.isTerminal) output.write(`\r${text}\x1b[K`);
  else output.line(text);
}

function printEnd(counters: ImpairCounters, json: boolean): void {
  if (json) stdout.json({ event: "done", ...counters });
  else for (const text of describeCounters(counters)) stdout.line(text);
}

await runCommand(impairCommand, async ({ values }) => {
  if (values.to === undefined) throw new UsageError("--to HOST:PORT is missing; see --help");
  const stopSignal = onStopSignal();
  const { up, down } = directionsOf(values);
  const seed = values.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
  const target = await targetOf(values.to);
  const proxy = new ImpairProxy({
    front: await openUdp(values.listen ?? { hostname: "127.0.0.1", port: 0 }),
    target,
    openUpstream: () => openUpstream(target),
    clock: systemClock,
    seed,
    up,
    down,
    rebindEveryMs: values.rebindEvery,
    idleMs: values.idle,
    maxClients: values.maxClients,
  });
  const ready = {
    listen: formatEndpoint(proxy.localAddress),
    to: formatEndpoint(target),
    up: formatImpairment({ ...up, seed: up.seed ?? seed }),
    down: formatImpairment({ ...down, seed: down.seed ?? seed }),
  };
  if (values.json) stdout.json({ event: "ready", ...ready });
  else {
    stdout.line(`${ready.listen} -> ${ready.to}`);
    stdout.line(`up         ${ready.up}`);
    stdout.line(`down       ${ready.down}`);
  }
  const stopReporting = reportProgress(proxy, values.json);
  // Windows has no such signal.
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGUSR2", () => proxy.rebind());
  if (values.control) void followCommands(proxy, Deno.stdin.readable, stderr);
  const { seconds } = values;
  const timeUp = seconds === undefined
    ? stopSignal
    : new Promise<void>((resolve) => setTimeout(resolve, seconds * 1_000));
  await Promise.race([stopSignal, timeUp]);
  stopReporting();
  await proxy.close();
  printEnd(proxy.counters(), values.json);
});
