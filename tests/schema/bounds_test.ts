/**
 * What hostile bytes can make a reader do: nothing beyond the schema's maxima, and no garbage at all
 * for messages of plain numbers.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Backend, compileCodec, Refusal, t } from "../../schema/mod.ts";

const BACKENDS: readonly Backend[] = ["jit", "interpreter"];

Deno.test("a count that its bytes cannot hold is refused before anything is made", () => {
  const fields = {
    packed: t.array(t.int(0, 5), { max: 1_000_000 }),
    blocks: t.array(t.struct({ a: t.u32(), b: t.string({ maxBytes: 3 }) }), { max: 100_000 }),
    map: t.map(t.u32(), t.u8(), { max: 100_000 }),
  };
  for (const backend of BACKENDS) {
    for (const [name, element] of Object.entries(fields)) {
      const codec = compileCodec(t.struct({ [name]: element }), { backend });
      const bits = name === "packed" ? 20 : 17;
      const count = name === "packed" ? 1_000_000 : 100_000;
      const bytes = new Uint8Array(3 + 40);
      bytes.set([count & 255, (count >> 8) & 255, count >> 16]);
      assert.ok(bits <= 24);
      const into = codec.create();
      const view = new DataView(bytes.buffer);
      assert.equal(codec.read(view, 0, bytes.length, into), -Refusal.short);
      assert.deepEqual(into, codec.create(), "nothing was made");
    }
  }
});

Deno.test("what is read never has more elements than its bytes could hold", () => {
  const codec = compileCodec(t.struct({
    lists: t.array(t.array(t.bool(), { max: 248 }), { max: 255 }),
  }));
  let most = 0;
  for (let size = 1; size < 300; size++) {
    // Every byte says 248: as many lists, each of as many elements, in whole bytes.
    const bytes = new Uint8Array(size).fill(248);
    const into = codec.create();
    codec.read(new DataView(bytes.buffer), 0, size, into);
    const made = into.lists.reduce((sum, list) => sum + 1 + list.length, 0);
    assert.ok(made <= 8 * size, `${made} values out of ${size} bytes`);
    most = Math.max(most, made);
  }
  assert.ok(most > 1_000, `${most}`);
});

/**
 * Bytes of heap that one run leaves behind: the middle of many short measurements, each too short to
 * fill the nursery, so that few have a collection in between.
 */
function garbageOf(run: () => void): number {
  const runs = 1_000;
  for (let i = 0; i < 30_000; i++) run();
  const grown: number[] = [];
  for (let attempt = 0; attempt < 31; attempt++) {
    const before = Deno.memoryUsage().heapUsed;
    for (let i = 0; i < runs; i++) run();
    grown.push((Deno.memoryUsage().heapUsed - before) / runs);
  }
  return grown.sort((a, b) => a - b)[15] ?? NaN;
}

/** Keeps the control's objects from being optimized away. */
let kept: unknown;

function plainCodec() {
  return compileCodec(t.struct({
    a: t.int(0, 1000),
    b: t.bool(),
    c: t.vec2(t.int(-500, 500)),
    d: t.array(t.u8(), { length: 4 }),
    // Floats would be boxed if values had the hidden class of this very literal, which holds fields.
    e: t.f32(),
    f: t.quantized(-8, 8, 1 / 64),
    g: t.struct({ h: t.f64(), i: t.angle(16) }),
  }));
}

Deno.test("writing and reading into a used object leave no garbage", () => {
  const codec = plainCodec();
  const value = codec.create();
  Object.assign(value, { a: 5, b: true, e: 1.5, f: -0.25 });
  Object.assign(value.g, { h: 1 / 3, i: 0.5 });
  const view = new DataView(new ArrayBuffer(64));
  const end = codec.write(view, 0, value);
  const into = codec.create();
  const control = garbageOf(() => {
    kept = codec.create();
  });
  assert.ok(kept);
  const writing = garbageOf(() => void codec.write(view, 0, value));
  const reading = garbageOf(() => void codec.read(view, 0, end, into));
  // The control allocates on purpose: it shows that the measure sees a single object a run.
  assert.ok(control > 60, `the control left ${control} bytes a run`);
  assert.ok(writing < 4, `writing left ${writing} bytes a run`);
  assert.ok(reading < 4, `reading left ${reading} bytes a run`);
});
