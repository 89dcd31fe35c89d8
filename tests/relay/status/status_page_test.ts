import assert from "node:assert/strict";
import fc from "fast-check";
import { RelayDropCounters } from "../../../protocol/relay/relay_counters.ts";
import { MeshMatrix } from "../../../relay/routes/mesh_matrix.ts";
import { explainDrop } from "../../../relay/status/drop_reasons.ts";
import { Html, html } from "../../../relay/status/html_text.ts";
import { regionMatrixOf } from "../../../relay/status/region_matrix.ts";
import { relayTroubles } from "../../../relay/status/relay_verdict.ts";
import type { RelaySnapshot } from "../../../relay/status/relay_snapshot.ts";
import { statusPage } from "../../../relay/status/status_page.ts";
import {
  counted,
  duration,
  milliseconds,
  percent,
  wholeNumber,
  withPrefix,
} from "../../../relay/status/status_words.ts";
import { TrafficHistory } from "../../../relay/status/traffic_history.ts";
import { sampleSnapshot } from "./snapshot_fixture.ts";

/** Characters that mean something in one format or another. */
const TRICKY = [..."\"'\\\n\r<>&={}[]#/aé\u2028\u0000"];

const VOID_TAGS: ReadonlySet<string> = new Set(["meta", "br"]);

/** The tags of a page in order; throws when one is not closed, or text holds what should be escaped. */
function tagsOf(page: string): string[] {
  const body = page.replace(/^<!DOCTYPE html>/, "").replace(/<style>[^<]*<\/style>/, "");
  const open: string[] = [];
  const all: string[] = [];
  let end = 0;
  const tags = /<(\/?)([a-z0-9]+)((?:\s+[a-zA-Z-]+="[^"<>]*")*)\s*(\/?)>/g;
  for (const match of body.matchAll(tags)) {
    const [whole, slash, name = "", , selfClosing] = match;
    assert.doesNotMatch(body.slice(end, match.index), /[<>]/, `before ${whole}`);
    end = match.index + whole.length;
    if (slash === "/") assert.equal(open.pop(), name, whole);
    else {
      all.push(name);
      if (selfClosing === "" && !VOID_TAGS.has(name)) open.push(name);
    }
  }
  assert.deepEqual(open, []);
  assert.equal(body.slice(end).trim(), "");
  return all;
}

/** The text of a page, tags left out; thin spaces stay. */
function textOf(page: string): string {
  const body = page.replace(/<style>[^<]*<\/style>/, "");
  return body.replaceAll(/<[^>]*>/g, " ").replaceAll(/[ \n]+/g, " ");
}

const EMPTY: Partial<RelaySnapshot> = {
  history: [],
  traffic: [],
  drops: {},
  events: {},
  sessionsByState: {},
  sessions: [],
  routes: [],
  regionMatrix: { regions: [], relays: [], cells: [] },
  socket: {},
};

Deno.test("the page says what the relay does, in well-formed HTML", () => {
  const page = statusPage(sampleSnapshot());
  const tags = tagsOf(page);
  assert.ok(tags.includes("svg") && tags.filter((tag) => tag === "tr").length > 20);
  const text = textOf(page);
  const sentences = [
    "Relay fra-1 works region fra · version 0.1.0 · up 3 d 4 h",
    "Carries 208 game sessions between players and servers: 12\u2009402 packets come in per second.",
    "198 ms 1.2 % lost",
    "player → iad-2 → ams-2 → fra-1 → server",
    "seen before: duplicated on the way, or replayed replayed",
    "silent for 21 s",
    "Taken 2026-01-02T03:04:05.000Z.",
  ];
  for (const sentence of sentences) assert.ok(text.includes(sentence), sentence);
  assert.doesNotMatch(text, /undefined|NaN|Infinity|\[object/);
  assert.doesNotMatch(page, /198\.51\.100|203\.0\.113/, "no addresses");
});

Deno.test("the page has no scripts, nothing from elsewhere, and loads itself anew", () => {
  const page = statusPage(sampleSnapshot());
  assert.ok(!tagsOf(page).some((tag) => ["script", "link", "img", "iframe", "form"].includes(tag)));
  assert.doesNotMatch(page, /https?:|url\(|@import|\son[a-z]+=/);
  assert.match(page, /<meta http-equiv="refresh" content="5">/);
  assert.match(page, /content-security-policy"\s+content="default-src 'none'/);
});

Deno.test("a relay that has just begun has a page too", () => {
  const text = textOf(statusPage(sampleSnapshot(EMPTY)));
  for (
    const words of ["none yet", "No relay is known yet", "Nothing was dropped", "Nothing came yet"]
  ) {
    assert.ok(text.includes(words), words);
  }
  tagsOf(statusPage(sampleSnapshot(EMPTY)));
});

Deno.test("no name from elsewhere becomes a tag or an attribute", () => {
  const sample = sampleSnapshot();
  const { sessions, routes, regionMatrix } = sample;
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...TRICKY) }), (noise) => {
      const name = `"><script>alert('1')</script>&${noise}`;
      const page = statusPage({
        ...sample,
        relayId: name,
        region: name,
        version: name,
        drops: { [name]: 1 },
        traffic: [{ type: name, received: 1, receivedBytes: 1, sent: 1, sentBytes: 1 }],
        sessionsByState: { [name]: 1 },
        sessions: [{ ...sessions[0]!, sessionId: name }],
        routes: [{ ...routes[0]!, relays: [name] }],
        regionMatrix: { ...regionMatrix, regions: regionMatrix.regions.with(0, name) },
      });
      assert.ok(!tagsOf(page).includes("script"));
    }),
    { seed: 1, numRuns: 50 },
  );
  assert.equal(
    html`<a b="${"\"&<>'"}">${new Html("<i>")}</a>`.text,
    '<a b="&quot;&amp;&lt;&gt;&#39;"><i></a>',
  );
  assert.equal(`${html`${[1, html`<b>`, undefined]}`}`, "1<b>");
});

Deno.test("what is the matter stands on top of the page", () => {
  assert.deepEqual(relayTroubles(sampleSnapshot()), []);
  const cases: [Partial<RelaySnapshot>, RegExp][] = [
    [
      { state: "draining", drainMs: 240_000 },
      /drains: it takes no new sessions and ends in 4 min\./,
    ],
    [{ state: "draining" }, /drains: it takes no new sessions\./],
    [{ directory: "away", directoryAgeMs: 95_000 }, /not been heard for 1 min 35 s/],
    [{ load: 0.8 }, /near its limit, at 80 %/],
    [{ drops: { forged: 3_000_000 } }, /^6\.0 % of all frames/],
    [{ socket: { kernelDrops: 1 } }, /dropped 1 datagram before .* raise net\.core\.rmem_default/],
    [{ socket: { noBuffer: 2 } }, /^2 datagrams found no free/],
  ];
  for (const [more, expected] of cases) {
    const [trouble = "", ...others] = relayTroubles(sampleSnapshot(more));
    assert.match(trouble, expected);
    assert.deepEqual(others, []);
    const page = statusPage(sampleSnapshot(more));
    assert.match(textOf(page), /(draining|needs a look) region/);
    tagsOf(page);
  }
  const harmless = [{ load: 0.79 }, { drops: { forged: 2_000_000 } }, {
    ...EMPTY,
    drops: { forged: 9 },
  }];
  for (const more of harmless) assert.deepEqual(relayTroubles(sampleSnapshot(more)), []);
});

Deno.test("a page shows 25 rows of a table, and says how many there are beyond", () => {
  const { sessions, routes } = sampleSnapshot();
  const many = statusPage(sampleSnapshot({
    sessions: Array.from({ length: 26 }, () => sessions[0]!),
    routes: Array.from({ length: 30 }, () => routes[0]!),
  }));
  assert.match(textOf(many), /And 1 more session\./);
  assert.match(textOf(many), /And 5 more routes\./);
});

Deno.test("of many regions the sixteen with most relays are drawn", () => {
  const relays = Array.from({ length: 20 }, (_, at) => ({ id: `r${at}`, region: `g${at}` }));
  relays.push({ id: "more", region: "g19" });
  const matrix = regionMatrixOf(relays, new MeshMatrix(), 0);
  const text = textOf(statusPage(sampleSnapshot({ regionMatrix: matrix })));
  assert.match(text, /4 smaller regions not shown/);
  assert.match(text, /g19/);
});

Deno.test("between two regions counts the pair of relays that costs least", () => {
  const relays = [
    { id: "b1", region: "b" },
    { id: "a1", region: "a" },
    { id: "a2", region: "a" },
  ];
  const mesh = new MeshMatrix();
  mesh.put("b1", [
    { to: "a1", p95RttMs: 10, jitterMs: 0, loss: 0.1 },
    { to: "a2", p95RttMs: 30, jitterMs: 2, loss: 0 },
  ], 0);
  const { regions, relays: counts, cells } = regionMatrixOf(relays, mesh, 0);
  assert.deepEqual([regions, counts], [["a", "b"], [2, 1]]);
  const between = { p95RttMs: 30, jitterMs: 2, loss: 0, pairs: 2 };
  assert.deepEqual([cells[0]![1], cells[1]![0]], [between, between]);
  assert.deepEqual(cells[0]![0], { p95RttMs: undefined, jitterMs: 0, loss: 0, pairs: 0 });
  mesh.put("a1", [{ to: "a2", p95RttMs: Infinity, jitterMs: 0, loss: 1 }], 0);
  const within = regionMatrixOf(relays, mesh, 0).cells[0]![0];
  assert.deepEqual(within, { p95RttMs: undefined, jitterMs: 0, loss: 1, pairs: 1 });
});

Deno.test("every reason for which the core drops is explained", () => {
  for (const reason of Object.keys(new RelayDropCounters())) {
    assert.notEqual(explainDrop(reason), reason, reason);
  }
  assert.equal(explainDrop("toString"), "toString");
  assert.equal(explainDrop("somethingNew"), "somethingNew");
});

Deno.test("rates are what moved between two looks; the past is kept for two minutes", () => {
  const history = new TrafficHistory();
  const traffic = (frames: number) => [
    {
      type: "data",
      received: frames,
      receivedBytes: frames * 100,
      sent: frames / 2,
      sentBytes: frames,
    },
    { type: "ping", received: frames, receivedBytes: frames * 25, sent: 0, sentBytes: 0 },
  ];
  history.add(traffic(100), 1_000);
  assert.deepEqual(history.rates, { framesIn: 0, framesOut: 0, bitsIn: 0, bitsOut: 0 });
  history.add(traffic(200), 3_000);
  history.add(traffic(900), 3_000);
  assert.deepEqual(history.rates, { framesIn: 100, framesOut: 25, bitsIn: 50_000, bitsOut: 400 });
  assert.deepEqual(history.framesPerSecond, [125]);
  for (let second = 4; second < 200; second++) history.add(traffic(200), second * 1_000);
  assert.equal(history.framesPerSecond.length, 120);
});

Deno.test("numbers are written as people read them", () => {
  assert.deepEqual([0, 999, 1_000, 1_234_567.8].map(wholeNumber), [
    "0",
    "999",
    "1\u2009000",
    "1\u2009234\u2009568",
  ]);
  assert.deepEqual([0, 999, 999.6, 12_345, 1e6, 5e15].map((value) => withPrefix(value, "B")), [
    "0 B",
    "999 B",
    "1.00 kB",
    "12.3 kB",
    "1.00 MB",
    "5000 TB",
  ]);
  assert.deepEqual([0, 0.0004, 0.0123, 0.34, 1.2].map(percent), [
    "0 %",
    "< 0.1 %",
    "1.2 %",
    "34 %",
    "120 %",
  ]);
  assert.deepEqual([-5, 999, 1_000, 61_000, 3_600_000, 90_061_000].map(duration), [
    "0 s",
    "0 s",
    "1 s",
    "1 min 1 s",
    "1 h",
    "1 d 1 h",
  ]);
  assert.deepEqual([0.04, 9.94, 9.96, 171.5].map(milliseconds), [
    "0.0 ms",
    "9.9 ms",
    "10 ms",
    "172 ms",
  ]);
  assert.deepEqual([0, 1, 2].map((count) => counted(count, "relay")), [
    "0 relays",
    "1 relay",
    "2 relays",
  ]);
});
