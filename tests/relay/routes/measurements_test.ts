import assert from "node:assert/strict";
import fc from "fast-check";
import { MESH_EXPIRY_MS, MeshMatrix } from "../../../relay/routes/mesh_matrix.ts";
import {
  decodeMeshVector,
  encodeMeshVector,
  type MeshLink,
} from "../../../relay/routes/mesh_vector.ts";
import { isPathQuality, loadCostMs, pathCostMs } from "../../../relay/routes/path_quality.ts";
import { percentile } from "../../../protocol/relay/survey/percentile.ts";
import { SampleWindow } from "../../../relay/routes/sample_window.ts";

Deno.test("a window gives nearest-rank percentiles, mean difference and the share that was lost", () => {
  const window = new SampleWindow();
  const rttsMs = [10, 12, Infinity, 11, 30, 10, 10, 10, 10, 10];
  for (const [at, rttMs] of rttsMs.entries()) window.add(at * 500, rttMs);
  assert.deepEqual(window.quality(5_000), {
    p50RttMs: 10,
    p95RttMs: 30,
    jitterMs: (2 + 1 + 19 + 20) / 8,
    loss: 1 - 9 / 10,
    results: 10,
  });
});

Deno.test("a window slides: results count for ten seconds, and 64 at most", () => {
  const window = new SampleWindow();
  for (let at = 0; at < 4; at++) window.add(at, 50);
  for (let at = 5_000; at < 5_004; at++) window.add(at, 20);
  assert.equal(window.quality(9_999)?.results, 8);
  assert.equal(window.quality(10_003)?.p95RttMs, 20);
  assert.equal(window.quality(15_000), undefined, "three results are too few");
  for (let at = 0; at < 200; at++) window.add(20_000, at);
  assert.equal(window.quality(20_000)?.results, 64);
  assert.equal(window.quality(20_000)?.p95RttMs, 196);
  window.clear();
  assert.equal(window.size, 0);
});

Deno.test("percentiles are values that were measured", () => {
  assert.equal(percentile([], 0.5), Infinity);
  assert.deepEqual([0, 0.5, 0.95, 1].map((share) => percentile([7], share)), [7, 7, 7, 7]);
  const hundred = Array.from({ length: 100 }, (_, at) => at + 1);
  assert.deepEqual([0.5, 0.95, 1].map((share) => percentile(hundred, share)), [50, 95, 100]);
});

Deno.test("costs: p95, half of the jitter, 20 ms per 1 % of loss", () => {
  const cost = pathCostMs({ p95RttMs: 40, jitterMs: 6, loss: 0.015 });
  assert.ok(Math.abs(cost - (40 + 3 + 30)) < 1e-9);
  assert.equal(pathCostMs({ p95RttMs: Infinity, jitterMs: 0, loss: 1 }), Infinity);
});

Deno.test("load costs nothing up to 60 %, then more and more, and from 95 % a relay is full", () => {
  assert.deepEqual([0, 0.6].map(loadCostMs), [0, 0]);
  assert.ok(loadCostMs(0.7) > 0 && loadCostMs(0.7) < loadCostMs(0.8));
  assert.ok(loadCostMs(0.949) > 59 && loadCostMs(0.949) < 60);
  assert.deepEqual([0.95, 1, 7, NaN].map(loadCostMs), [Infinity, Infinity, Infinity, Infinity]);
});

Deno.test("numbers that measure nothing are no quality", () => {
  const good = { p95RttMs: 1, jitterMs: 0, loss: 0 };
  assert.ok(isPathQuality(good) && isPathQuality({ ...good, p95RttMs: Infinity, loss: 1 }));
  const wrong = [
    { p95RttMs: -1 },
    { p95RttMs: NaN },
    { jitterMs: NaN },
    { jitterMs: Infinity },
    { loss: 1.01 },
    { loss: -0.1 },
  ];
  for (const field of wrong) {
    assert.ok(!isPathQuality({ ...good, ...field }), JSON.stringify(field));
  }
});

const link: fc.Arbitrary<MeshLink> = fc.record({
  to: fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }).filter((id) =>
    id.isWellFormed() && new TextEncoder().encode(id).byteLength <= 64
  ),
  p95RttMs: fc.integer({ min: 0, max: 600_000 }).map((microseconds) => microseconds / 1_000),
  jitterMs: fc.integer({ min: 0, max: 300_000 }).map((microseconds) => microseconds / 1_000),
  loss: fc.integer({ min: 0, max: 1_000_000 }).map((millionths) => millionths / 1e6),
});

Deno.test("a mesh vector reads back rounded up by 2 ms, 1 ms and 0.0016 % at most", () => {
  fc.assert(
    fc.property(fc.array(link, { maxLength: 20 }), (links) => {
      const read: MeshLink[] | undefined = decodeMeshVector(encodeMeshVector(links));
      assert.deepEqual(read?.map(({ to }) => to), links.map(({ to }) => to));
      for (const [at, { p95RttMs, jitterMs, loss }] of links.entries()) {
        const { p95RttMs: rtt, jitterMs: jitter, loss: lost }: MeshLink = read![at]!;
        if (p95RttMs > 508) assert.equal(rtt, Infinity);
        else assert.ok(rtt >= p95RttMs && rtt < p95RttMs + 2);
        assert.equal(jitter, Math.min(255, Math.ceil(jitterMs)));
        assert.ok(lost >= loss - 1e-9 && lost <= loss + 1.6e-5);
      }
      // What was rounded is not rounded again.
      assert.deepEqual(decodeMeshVector(encodeMeshVector(read!)), read);
    }),
    { seed: 1 },
  );
});

Deno.test("a mesh vector costs 5 bytes and the id per relay", () => {
  const links = [{ to: "fra-1", p95RttMs: 11, jitterMs: 0.2, loss: 0.25 }];
  assert.deepEqual(
    [...encodeMeshVector(links)],
    [1, 0, 1, 0, 5, ...new TextEncoder().encode("fra-1"), 6, 1, 0x00, 0x40],
  );
});

Deno.test("bytes that are no mesh vector are refused, never thrown at", () => {
  const good = encodeMeshVector([{ to: "fra", p95RttMs: 1, jitterMs: 1, loss: 0 }]);
  assert.ok(decodeMeshVector(good));
  const cases = [
    new Uint8Array(),
    good.subarray(0, -1),
    new Uint8Array([...good, 0]),
    good.with(0, 2),
    good.with(1, 1),
    good.with(2, 2),
    good.with(3, 5),
    good.with(4, 0),
    good.with(4, 65),
    good.with(5, 0xff),
  ];
  for (const bytes of cases) assert.equal(decodeMeshVector(bytes), undefined, `${bytes}`);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const links = decodeMeshVector(bytes);
      if (links !== undefined) assert.ok(links.every(isPathQuality));
    }),
    { seed: 2, numRuns: 2_000 },
  );
});

Deno.test("a mesh vector that cannot be written is refused at once", () => {
  const quality = { p95RttMs: 1, jitterMs: 1, loss: 0 };
  const refuse = (...links: MeshLink[]): void =>
    assert.throws(() => encodeMeshVector(links), RangeError);
  refuse({ ...quality, to: "" });
  refuse({ ...quality, to: "x".repeat(65) });
  refuse({ ...quality, to: "fra", loss: NaN });
  refuse(...Array.from({ length: 1_025 }, (_, at) => ({ ...quality, to: `r${at}` })));
  encodeMeshVector([{ ...quality, to: "x".repeat(64) }]);
});

Deno.test("when both ends measured and differ, the worse counts, number by number", () => {
  const mesh = new MeshMatrix();
  mesh.put("a", [{ to: "b", p95RttMs: 20, jitterMs: 5, loss: 0 }], 0);
  assert.equal(mesh.quality("b", "a", 0)?.p95RttMs, 20, "one end is enough");
  mesh.put("b", [{ to: "a", p95RttMs: 30, jitterMs: 1, loss: 0.1 }], 0);
  const expected = { p95RttMs: 30, jitterMs: 5, loss: 0.1 };
  assert.deepEqual(mesh.quality("a", "b", 0), expected);
  assert.deepEqual(mesh.quality("b", "a", 0), expected);
  assert.equal(mesh.measured("a", "b", 0)?.p95RttMs, 20);
});

Deno.test("measurements expire after ten seconds; unknown and senseless ones are none", () => {
  const mesh = new MeshMatrix();
  const quality = { p95RttMs: 20, jitterMs: 5, loss: 0 };
  mesh.put("a", [{ to: "b", ...quality }, { to: "c", ...quality, loss: 2 }, {
    to: "a",
    ...quality,
  }], 0);
  mesh.put("b", [{ to: "a", ...quality, p95RttMs: 90 }], 5_000);
  assert.equal(mesh.quality("a", "b", MESH_EXPIRY_MS)?.p95RttMs, 90);
  assert.equal(mesh.quality("a", "c", 0), undefined);
  assert.equal(mesh.quality("a", "a", 0), undefined);
  assert.equal(mesh.quality("a", "z", 0), undefined);
  assert.equal(mesh.measured("a", "b", MESH_EXPIRY_MS + 1), undefined);
  assert.equal(mesh.quality("a", "b", MESH_EXPIRY_MS + 5_001), undefined);
  mesh.prune(MESH_EXPIRY_MS + 1);
  assert.deepEqual(mesh.relayIds, ["b"]);
  mesh.remove("b");
  assert.deepEqual(mesh.relayIds, []);
});
