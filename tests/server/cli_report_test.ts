import assert from "node:assert/strict";
import { CloseCode } from "../../mod.ts";
import { DropCounters, SessionCounters } from "../../protocol/counters.ts";
import { ServerMeter, type ServerRates } from "../../server/cli_meter.ts";
import { StreamOutput } from "../../server/cli_output.ts";
import { type HostReport, JsonReport, TextReport } from "../../server/cli_report.ts";
import type { ServerStats } from "../../server/server_stats.ts";
import { newPipeCounters } from "../../transport/pipe_counters.ts";

const IDLE: ServerRates = {
  seconds: 5,
  peers: 0,
  packetsInPerSecond: 0,
  packetsOutPerSecond: 0,
  bytesInPerSecond: 0,
  bytesOutPerSecond: 0,
  messagesInPerSecond: 0,
  messagesOutPerSecond: 0,
  loss: 0,
  dropsPerSecond: 0,
  tickMs: 0,
  tickOverruns: 0,
  ticksSkipped: 0,
  cpu: 0.012,
  memoryBytes: 80_000_000,
};

function newStats(): ServerStats {
  return {
    peers: 0,
    halfOpen: 0,
    sessions: new SessionCounters(),
    drops: new DropCounters(),
    pipe: newPipeCounters(),
    tick: { ticks: 0, overruns: 0, skipped: 0, lastMs: 0, longestMs: 0, totalMs: 0 },
    handlerErrors: 0,
    messagesUnhandled: 0,
    buffersInUse: 0,
  };
}

/** A stream that keeps what is written to it, some bytes at a time as pipes do. */
function newSink(isTerminal = false): {
  text: () => string;
  writeSync: (bytes: Uint8Array) => number;
  isTerminal: () => boolean;
} {
  const written: number[] = [];
  return {
    text: () => new TextDecoder().decode(Uint8Array.from(written)),
    writeSync: (bytes) => written.push(...bytes.subarray(0, 7)) && Math.min(7, bytes.byteLength),
    isTerminal: () => isTerminal,
  };
}

function textOf(tell: (report: HostReport) => void): string {
  const sink = newSink();
  tell(new TextReport(new StreamOutput(sink)));
  return sink.text();
}

Deno.test("an idle server says so once, until something happens", () => {
  const text = textOf((report) => {
    for (let i = 0; i < 3; i++) report.stats(IDLE, newStats(), "");
    report.stats({ ...IDLE, peers: 2, packetsInPerSecond: 64 }, newStats(), "2 playing");
    for (let i = 0; i < 3; i++) report.stats(IDLE, newStats(), "");
  });
  const lines = text.trimEnd().split("\n");
  assert.equal(lines.length, 3, text);
  assert.equal(lines[0], "0 peers | in 0/s 0 B/s | out 0/s 0 B/s | cpu 1 % | 80.0 MB");
  assert.match(lines[1]!, /^2 peers, 2 playing \| in 64\/s/);
});

Deno.test("the line of statistics tells loss, ticks and refusals only when there are some", () => {
  const busy = { loss: 0.034, tickMs: 1.5, dropsPerSecond: 12, bytesInPerSecond: 12_345 };
  const text = textOf((report) => report.stats({ ...IDLE, ...busy }, newStats(), ""));
  assert.equal(
    text,
    "0 peers | in 0/s 12.3 KB/s | out 0/s 0 B/s | loss 3.4 % | tick 1.50 ms | cpu 1 % | 80.0 MB | refused 12/s\n",
  );
});

Deno.test("people are told of players who are gone without a goodbye, programs of all", () => {
  // What the reports read of a peer.
  const peer = { id: 7, userId: "", address: { hostname: "::ffff:192.0.2.9", port: 5 } } as never;
  const gone = { code: CloseCode.timeout, reason: "", isByPeer: false };
  const left = { code: CloseCode.normal, reason: "bye", isByPeer: true };
  const text = textOf((report) => {
    report.connected(peer);
    report.disconnected(peer, left);
    report.disconnected(peer, gone);
  });
  assert.equal(text, "peer 7 is gone: timeout\n");
  const sink = newSink();
  const report = new JsonReport(new StreamOutput(sink));
  report.connected(peer);
  report.disconnected(peer, left);
  const [connected, disconnected] = sink.text().trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  assert.deepEqual(connected, {
    event: "connected",
    peer: 7,
    hostname: "192.0.2.9",
    port: 5,
    userId: "",
  });
  assert.deepEqual(disconnected, { event: "disconnected", peer: 7, ...left });
});

Deno.test("a meter gives what happened between two looks, per second", () => {
  const stats = newStats();
  let nowMs = 0;
  const meter = new ServerMeter({ stats: () => stats }, () => nowMs);
  const { pipe, sessions, tick, drops } = stats as {
    -readonly [K in keyof ServerStats]: NonNullable<ServerStats[K]>;
  };
  Object.assign(pipe, { datagramsReceived: 1_000, bytesReceived: 50_000 });
  Object.assign(sessions, { packetsSent: 100, packetsLost: 12, spuriousLosses: 2 });
  Object.assign(tick, { ticks: 10, totalMs: 25, overruns: 3, skipped: 4 });
  Object.assign(drops, { forged: 5, replayed: 6 });
  nowMs = 2_000;
  const rates = meter.measure();
  assert.equal(rates.seconds, 2);
  assert.deepEqual([rates.packetsInPerSecond, rates.bytesInPerSecond], [500, 25_000]);
  assert.equal(rates.packetsOutPerSecond, 0);
  assert.equal(rates.loss, 0.1);
  assert.deepEqual([rates.tickMs, rates.tickOverruns, rates.ticksSkipped], [2.5, 3, 4]);
  assert.equal(rates.dropsPerSecond, 6);
  nowMs = 3_000;
  const next = meter.measure();
  assert.deepEqual(
    [next.packetsInPerSecond, next.loss, next.tickMs, next.tickOverruns, next.dropsPerSecond],
    [0, 0, 0, 0, 0],
  );
});

Deno.test("a reader that left does not stop a writer, another error does", () => {
  const failing = (error: Error): StreamOutput =>
    new StreamOutput({
      isTerminal: () => false,
      writeSync: () => {
        throw error;
      },
    });
  failing(new Deno.errors.BrokenPipe("gone")).line("text");
  failing(Object.assign(new Error("gone"), { code: "EIO" })).line("text");
  assert.throws(() => failing(new Error("disk full")).line("text"), /disk full/);
});

Deno.test("only a terminal gets color", () => {
  const plain = new StreamOutput(newSink(false));
  assert.equal(plain.paint("red", "text"), "text");
  const terminal = new StreamOutput(newSink(true));
  const painted = terminal.paint("red", "text");
  assert.equal(painted, Deno.noColor ? "text" : "\x1b[31mtext\x1b[39m");
});
