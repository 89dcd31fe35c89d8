import assert from "node:assert/strict";
import fc from "fast-check";
import { RelayDropCounters } from "../../../protocol/relay/relay_counters.ts";
import { MetricWriter } from "../../../relay/status/metric_writer.ts";
import { prometheusText } from "../../../relay/status/prometheus_text.ts";
import { statusJson } from "../../../relay/status/status_json.ts";
import { readMetrics } from "./prometheus_reader.ts";
import { sampleSnapshot } from "./snapshot_fixture.ts";

/** Characters that mean something in one format or another. */
const TRICKY = [..."\"'\\\n\r<>&={}[]#/aé\u2028\u0000"];

Deno.test("a snapshot becomes metrics with names, types and help that a strict reader takes", () => {
  const families = readMetrics(prometheusText(sampleSnapshot()));
  for (const [name, { help, samples }] of families) {
    assert.match(name, /^tickwire_relay_[a-z_]+$/);
    assert.ok(help.endsWith("."), `${name}: ${help}`);
    assert.ok(samples.size > 0, name);
    assert.doesNotMatch(name, /_ms|milli|_percent/, "base units");
  }
  const value = (key: string): number | undefined => {
    const name = key.replace(/(_bucket|_sum|_count)?(\{.*)?$/, "");
    return families.get(name)?.samples.get(key);
  };
  const expected: Record<string, number> = {
    'tickwire_relay_info{relay="fra-1",region="fra",version="0.1.0"}': 1,
    tickwire_relay_uptime_seconds: 273_600,
    tickwire_relay_draining: 0,
    tickwire_relay_directory_connected: 1,
    tickwire_relay_directory_age_seconds: 1.2,
    tickwire_relay_load_ratio: 0.34,
    'tickwire_relay_received_frames_total{type="data"}': 48_201_733,
    'tickwire_relay_sent_frames_total{type="bind"}': 2_908,
    'tickwire_relay_received_bytes_total{type="mesh"}': 91_204 * 24,
    'tickwire_relay_sent_bytes_total{type="signal"}': 0,
    'tickwire_relay_dropped_frames_total{reason="replayed"}': 15_310,
    'tickwire_relay_events_total{event="rebinds"}': 61,
    'tickwire_relay_socket_events_total{event="sendErrors"}': 2,
    'tickwire_relay_sessions{state="active"}': 206,
    'tickwire_relay_bind_duration_seconds_bucket{le="0.01"}': 900,
    'tickwire_relay_bind_duration_seconds_bucket{le="0.2"}': 2_830,
    'tickwire_relay_bind_duration_seconds_bucket{le="+Inf"}': 2_840,
    tickwire_relay_bind_duration_seconds_count: 2_840,
    tickwire_relay_bind_duration_seconds_sum: 81,
    'tickwire_relay_region_rtt_seconds{from="ams",to="fra"}': 0.008,
    'tickwire_relay_region_jitter_seconds{from="ams",to="fra"}': 0.0015,
    'tickwire_relay_region_loss_ratio{from="gru",to="iad"}': 0.012,
  };
  for (const [key, number] of Object.entries(expected)) assert.equal(value(key), number, key);
  assert.equal(value('tickwire_relay_region_rtt_seconds{from="gru",to="sin"}'), undefined);
  assert.equal(value('tickwire_relay_region_rtt_seconds{from="fra",to="ams"}'), undefined, "once");
});

Deno.test("every reason for which the core drops has a sample, at zero too", () => {
  const { samples } = readMetrics(prometheusText(sampleSnapshot())).get(
    "tickwire_relay_dropped_frames_total",
  )!;
  for (const reason of Object.keys(new RelayDropCounters())) {
    assert.ok(samples.has(`tickwire_relay_dropped_frames_total{reason="${reason}"}`), reason);
  }
});

Deno.test("a draining relay that lost its directory says so; a path that loses everything is infinite", () => {
  const matrix = sampleSnapshot().regionMatrix;
  const cells = matrix.cells.map((row) =>
    row.map((cell) => ({ ...cell, p95RttMs: undefined, loss: 1 }))
  );
  const families = readMetrics(prometheusText(sampleSnapshot({
    state: "draining",
    directory: "away",
    bindLatency: undefined,
    regionMatrix: { ...matrix, cells },
  })));
  const first = (name: string): number => [...families.get(name)!.samples.values()][0]!;
  assert.equal(first("tickwire_relay_draining"), 1);
  assert.equal(first("tickwire_relay_directory_connected"), 0);
  assert.equal(first("tickwire_relay_region_rtt_seconds"), Infinity);
  assert.equal(families.has("tickwire_relay_bind_duration_seconds"), false);
});

Deno.test("no text can break out of a label", () => {
  const sample = sampleSnapshot();
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...TRICKY) }), (relayId) => {
      const families = readMetrics(prometheusText({ ...sample, relayId }));
      assert.equal(families.get("tickwire_relay_info")?.samples.size, 1);
    }),
    { seed: 1 },
  );
  const writer = new MetricWriter("x_");
  writer.gauge("y", "A \\ and\na line.", [[1, { z: 'a"b\\c\nd' }]]);
  assert.equal(
    writer.text(),
    '# HELP x_y A \\\\ and\\na line.\n# TYPE x_y gauge\nx_y{z="a\\"b\\\\c\\nd"} 1\n',
  );
});

Deno.test("a metric is written once, under a name that is one", () => {
  const writer = new MetricWriter("x_");
  writer.gauge("y", "Help.", []);
  assert.throws(() => writer.counter("y", "Help.", []), RangeError);
  assert.throws(() => writer.gauge("y-z", "Help.", []), RangeError);
});

Deno.test("the JSON is the snapshot, with null for what is not known", () => {
  const snapshot = sampleSnapshot({ load: Infinity });
  const json = JSON.parse(statusJson(snapshot));
  assert.deepEqual(Object.keys(json), Object.keys(snapshot));
  assert.deepEqual([json.drainMs, json.load, json.relayId], [null, null, "fra-1"]);
  assert.equal(json.routes[2].costMs, null);
  assert.equal(json.sessions.length, 9);
  assert.doesNotMatch(statusJson(snapshot), /198\.51\.100|203\.0\.113/, "no addresses");
});
