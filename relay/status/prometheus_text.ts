/**
 * A relay's counters as metrics for Prometheus. docs/relay_routes.md lists them.
 *
 * Base units, as Prometheus has it: seconds, bytes, ratios.
 *
 * @module
 */
import { MetricWriter } from "./metric_writer.ts";
import type { FrameTraffic, RelaySnapshot } from "./relay_snapshot.ts";

/** Type of a response that carries {@link prometheusText}. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** The metrics of a snapshot. */
export function prometheusText(snapshot: RelaySnapshot): string {
  const writer = new MetricWriter("tickwire_relay_");
  writeState(writer, snapshot);
  writeTraffic(writer, snapshot);
  writeSessions(writer, snapshot);
  writeRegions(writer, snapshot);
  return writer.text();
}

function writeState(writer: MetricWriter, snapshot: RelaySnapshot): void {
  const { relayId, region, version } = snapshot;
  writer.gauge("info", "Always 1; says which relay this is.", [
    [1, { relay: relayId, region, version }],
  ]);
  writer.gauge("uptime_seconds", "Time since the process started.", [[snapshot.uptimeMs / 1_000]]);
  writer.gauge("draining", "1 while the relay takes no new sessions.", [
    [snapshot.state === "draining" ? 1 : 0],
  ]);
  writer.gauge("directory_connected", "1 while the directory is heard.", [
    [snapshot.directory === "connected" ? 1 : 0],
  ]);
  writer.gauge("directory_age_seconds", "Time since the directory was heard.", [
    [snapshot.directoryAgeMs / 1_000],
  ]);
  writer.gauge("load_ratio", "Part of the packet rate that the relay can forward.", [
    [snapshot.load],
  ]);
}

function writeTraffic(writer: MetricWriter, snapshot: RelaySnapshot): void {
  const byType = (name: Exclude<keyof FrameTraffic, "type">) =>
    snapshot.traffic.map((frames) => [frames[name], { type: frames.type }] as const);
  writer.counter("received_frames_total", "Frames that came in, by type.", byType("received"));
  writer.counter("received_bytes_total", "Bytes that came in, by type.", byType("receivedBytes"));
  writer.counter("sent_frames_total", "Frames that left, by type.", byType("sent"));
  writer.counter("sent_bytes_total", "Bytes that left, by type.", byType("sentBytes"));
  writer.counter(
    "dropped_frames_total",
    "Frames that were dropped, by reason.",
    Object.entries(snapshot.drops).map(([reason, count]) => [count, { reason }]),
  );
  writer.counter(
    "events_total",
    "What happened besides: binds, rebinds, retries and the like.",
    Object.entries(snapshot.events).map(([event, count]) => [count, { event }]),
  );
  writer.counter(
    "socket_events_total",
    "Errors and drops of the sockets and of the kernel.",
    Object.entries(snapshot.socket).map(([event, count]) => [count, { event }]),
  );
}

function writeSessions(writer: MetricWriter, snapshot: RelaySnapshot): void {
  writer.gauge(
    "sessions",
    "Sessions that are bound, by state.",
    Object.entries(snapshot.sessionsByState).map(([state, count]) => [count, { state }]),
  );
  if (snapshot.bindLatency === undefined) return;
  const { boundsMs, counts, sumMs } = snapshot.bindLatency;
  writer.histogram(
    "bind_duration_seconds",
    "Time from a BIND to its BOUND.",
    boundsMs.map((boundMs) => boundMs / 1_000),
    counts,
    sumMs / 1_000,
  );
}

/** Between regions and not between relays: a thousand relays would be a million time series. */
function writeRegions(writer: MetricWriter, snapshot: RelaySnapshot): void {
  const { regions, cells } = snapshot.regionMatrix;
  const pairs = regions.flatMap((from, row) =>
    regions.slice(row).map((to, at) => ({ from, to, cell: cells[row]![row + at]! }))
  ).filter(({ cell }) => cell.pairs > 0);
  writer.gauge(
    "region_rtt_seconds",
    "95th percentile of the round trip between two regions; +Inf when nothing comes back.",
    pairs.map(({ from, to, cell }) => [(cell.p95RttMs ?? Infinity) / 1_000, { from, to }]),
  );
  writer.gauge(
    "region_jitter_seconds",
    "Jitter of the round trip between two regions.",
    pairs.map(({ from, to, cell }) => [cell.jitterMs / 1_000, { from, to }]),
  );
  writer.gauge(
    "region_loss_ratio",
    "Share of probes lost between two regions.",
    pairs.map(({ from, to, cell }) => [cell.loss, { from, to }]),
  );
}
