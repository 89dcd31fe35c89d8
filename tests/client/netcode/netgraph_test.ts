import assert from "node:assert/strict";
import { Netgraph, type NetgraphReading } from "../../../client/netcode/netgraph.ts";
import { netgraphLines } from "../../../client/netcode/netgraph_lines.ts";

const START: NetgraphReading = {
  rttMs: 80,
  jitterMs: 5,
  packetsSettled: 100,
  packetsLost: 1,
  packetsReceived: 200,
  packetsMissing: 2,
  bytesSent: 10_000,
  bytesReceived: 40_000,
  isChoked: false,
  interpolationDelayMs: 60,
  predictionError: 0,
  inputMarginTicks: 2,
  clockRate: 1,
};

Deno.test("Netgraph turns counts into shares and rates of its interval", () => {
  const graph = new Netgraph({ intervalMs: 100 });
  graph.record(0, START);
  assert.equal(graph.latest, undefined);
  graph.record(50, { ...START, isChoked: true, predictionError: 0.5 });
  graph.record(100, {
    ...START,
    packetsSettled: 110,
    packetsLost: 3,
    packetsReceived: 208,
    packetsMissing: 4,
    bytesSent: 10_400,
    bytesReceived: 41_000,
  });
  assert.deepEqual(graph.latest, {
    atMs: 100,
    rttMs: 80,
    jitterMs: 5,
    lossOut: 0.2,
    lossIn: 0.2,
    choke: 0.5,
    bytesOutPerSecond: 4_000,
    bytesInPerSecond: 10_000,
    interpolationDelayMs: 60,
    predictionError: 0.5,
    inputMarginTicks: 2,
    clockRate: 1,
  });
});

Deno.test("Netgraph: counts that begin anew, late packets and set clocks give no nonsense", () => {
  const graph = new Netgraph({ intervalMs: 100 });
  graph.record(0, START);
  graph.record(100, {
    ...START,
    packetsMissing: 0,
    packetsSettled: 0,
    packetsLost: 0,
    bytesSent: 5,
  });
  graph.record(50, START);
  graph.record(149, START);
  assert.equal(graph.samples.length, 1);
  graph.record(150, START);
  assert.equal(graph.samples.length, 2);
  for (const { lossIn, lossOut, bytesOutPerSecond } of graph.samples) {
    assert.deepEqual([lossIn, lossOut, bytesOutPerSecond], [0, 0, 0]);
  }
});

Deno.test("Netgraph keeps as many columns as it was asked for", () => {
  const graph = new Netgraph({ intervalMs: 10, columns: 3 });
  for (let ms = 0; ms <= 100; ms += 10) graph.record(ms, START);
  assert.deepEqual(graph.samples.map(({ atMs }) => atMs), [80, 90, 100]);
  for (
    const options of [{ intervalMs: 0 }, { columns: 0 }, { columns: 1.5 }, { columns: 10_001 }]
  ) {
    assert.throws(() => new Netgraph(options), RangeError);
  }
});

Deno.test("netgraphLines: numbers, bars and channels, no wider than asked for", () => {
  const graph = new Netgraph({ intervalMs: 100 });
  assert.deepEqual(netgraphLines(graph), ["net: waiting for the first sample"]);
  for (let i = 0; i <= 4; i++) {
    graph.record(i * 100, { ...START, rttMs: 20 * i, bytesReceived: 1_000 * i, clockRate: 0.98 });
  }
  graph.channels.push(
    { name: "Input", messagesIn: 0, bytesIn: 0, messagesOut: 60, bytesOut: 480 },
    { name: "Chat", messagesIn: 0, bytesIn: 0, messagesOut: 0, bytesOut: 0 },
  );
  assert.deepEqual(netgraphLines(graph, { columns: 80, unit: "px" }), [
    "rtt 80 ms ±5 ms  loss 0 % in 0 % out  choke 0 %",
    "in 10.0 KB/s  out 0.0 KB/s",
    "drawn 60 ms late  error 0.000 px  margin 2 ticks  clock -2.0 %",
    "rtt     ▂▄▆█",
    "loss        ",
    "in      ████",
    "out         ",
    "error       ",
    "Input: in 0 B / 0, out 480 B / 60",
  ]);
  for (let i = 5; i < 300; i++) graph.record(i * 100, START);
  for (const line of netgraphLines(graph, { columns: 40 })) {
    assert.ok(line.length <= 40, line);
    assert.doesNotMatch(line, /\p{Cc}/u);
  }
  for (const columns of [39, 40.5, 1_001]) {
    assert.throws(() => netgraphLines(graph, { columns }), RangeError);
  }
});
