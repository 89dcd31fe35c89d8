import assert from "node:assert/strict";
import fc from "fast-check";
import { type Codec, compileCodec, type Node } from "../../schema/mod.ts";
import { type DeclaredStruct, declaredStruct } from "./schema_arbitrary.ts";
import { assertNear } from "./schema_nearness.ts";

type Value = Record<string, unknown>;

interface Pair {
  readonly jit: Codec<Value>;
  readonly oracle: Codec<Value>;
  readonly node: Node;
}

function compileBoth({ field }: DeclaredStruct): Pair {
  return {
    jit: compileCodec(field, { backend: "jit" }),
    oracle: compileCodec(field, { backend: "interpreter" }),
    node: field.node,
  };
}

/** A schema and some of its values, with both codecs. */
function withValues(count: number): fc.Arbitrary<Pair & { readonly values: Value[] }> {
  return declaredStruct().chain((schema) =>
    fc.array(schema.values, { minLength: count, maxLength: count })
      .map((values) => ({ ...compileBoth(schema), values }))
  );
}

interface Verdict {
  /** 0 or the refusal. */
  readonly reason: number;
  /** The value, unless refused. */
  readonly value: Value | undefined;
}

/** Both readers' verdict on the same bytes: they must agree, and so must the values they made. */
function verdict({ jit, oracle }: Pair, bytes: Uint8Array): Verdict {
  const [value, expected] = [jit.create(), oracle.create()];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = jit.read(view, 0, bytes.length, value);
  const expectedEnd = oracle.read(view, 0, bytes.length, expected);
  assert.equal(end, expectedEnd, "the backends disagree about these bytes");
  if (end < 0) return { reason: -end, value: undefined };
  assert.equal(end, bytes.length);
  assert.deepEqual(value, expected);
  assert.deepEqual(jit.encode(value), bytes, "an accepted encoding is not the canonical one");
  return { reason: 0, value };
}

Deno.test("both backends write the same bytes and read the values back, for 10,000 random schema and value pairs", () => {
  let pairs = 0;
  fc.assert(
    fc.property(withValues(12), (pair) => {
      const { jit, oracle, node, values } = pair;
      for (const value of values) {
        const bytes = jit.encode(value);
        assert.deepEqual(bytes, oracle.encode(value));
        assert.equal(jit.size(value), bytes.length);
        assert.ok(bytes.length >= jit.minBytes && bytes.length <= jit.maxBytes);
        const decoded = verdict(pair, bytes);
        assert.equal(decoded.reason, 0);
        assertNear(node, value, decoded.value);
        // Structs without fields occur, but prove little.
        if (bytes.length > 0) pairs++;
      }
    }),
    { seed: 20261121, numRuns: 1_000 },
  );
  assert.ok(pairs >= 10_000, `${pairs}`);
});

Deno.test("both backends read into an object used before and get what a new one gets", () => {
  fc.assert(
    fc.property(withValues(6), ({ jit, oracle, values }) => {
      const reused = [jit.create(), oracle.create()];
      assert.deepEqual(reused[0], reused[1]);
      for (const value of values) {
        const bytes = jit.encode(value);
        const view = new DataView(bytes.buffer);
        [jit, oracle].forEach((codec, i) => {
          const into = reused[i] ?? {};
          assert.equal(codec.read(view, 0, bytes.length, into), bytes.length);
          assert.deepEqual(into, codec.decode(bytes));
        });
      }
    }),
    { seed: 4, numRuns: 300 },
  );
});

Deno.test("an encoding cut at any length is refused, by both backends for the same reason", () => {
  fc.assert(
    fc.property(withValues(2), (pair) => {
      for (const value of pair.values) {
        const bytes = pair.jit.encode(value);
        for (let length = 0; length < bytes.length; length++) {
          assert.notEqual(verdict(pair, bytes.subarray(0, length)).reason, 0);
        }
        assert.notEqual(verdict(pair, Uint8Array.of(...bytes, 0)).reason, 0);
      }
    }),
    { seed: 5, numRuns: 250 },
  );
});

Deno.test("an encoding with any one bit flipped is refused or means something else", () => {
  fc.assert(
    fc.property(withValues(2), (pair) => {
      for (const value of pair.values) {
        const bytes = pair.jit.encode(value);
        const before = verdict(pair, bytes).value;
        for (let bit = 0; bit < Math.min(bytes.length * 8, 600); bit++) {
          const flipped = bytes.slice();
          flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          const { reason, value: after } = verdict(pair, flipped);
          if (reason === 0) assert.notDeepEqual(after, before);
        }
      }
    }),
    { seed: 6, numRuns: 120 },
  );
});

Deno.test("random bytes get the same verdict from both backends, and what is accepted is canonical", () => {
  fc.assert(
    fc.property(
      declaredStruct().map(compileBoth),
      fc.array(fc.uint8Array({ maxLength: 80 }), { minLength: 10, maxLength: 10 }),
      (pair, samples) => {
        for (const bytes of samples) {
          const { reason, value } = verdict(pair, bytes);
          assert.equal(pair.jit.refusalOf(bytes), reason);
          assert.deepEqual(pair.jit.decode(bytes), value);
        }
      },
    ),
    { seed: 7, numRuns: 600 },
  );
});

Deno.test("a writer stays inside the room it is given, and says when a value does not fit", () => {
  fc.assert(
    fc.property(withValues(3), fc.nat(9), ({ jit, oracle, values }, offset) => {
      for (const value of values) {
        const size = jit.size(value);
        for (const codec of [jit, oracle]) {
          const guarded = new Uint8Array(offset + size + 8).fill(0xaa);
          const whole = new DataView(guarded.buffer);
          assert.equal(codec.write(whole, offset, value), offset + size);
          assert.ok(guarded.subarray(0, offset).every((byte) => byte === 0xaa));
          assert.ok(guarded.subarray(offset + size).every((byte) => byte === 0xaa));
          if (size === 0) continue;
          const small = new DataView(guarded.buffer, 0, offset + size - 1);
          assert.equal(codec.write(small, offset, value), -1);
        }
      }
    }),
    { seed: 8, numRuns: 200 },
  );
});

/** Values that no field of a kind carries; some fit other kinds. */
const WRONG: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  undefined,
  null,
  NaN,
  Infinity,
  -1,
  0.5,
  2 ** 53,
  1e300,
  "5",
  "\ud800",
  "x".repeat(400),
  true,
  [],
  [undefined],
  {},
  { x: 1 },
  new Map([["a", 1]]),
  new Uint8Array(200),
  10n,
);

/** The value with one property somewhere in it replaced. */
function spoil(value: unknown, path: readonly number[], wrong: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof value !== "object" || value === null) return wrong;
  if (value instanceof Map || value instanceof Uint8Array) return wrong;
  const copy: Record<string, unknown> = Array.isArray(value) ? Object(value.slice()) : { ...value };
  const keys = Object.keys(copy);
  const key = keys[step % keys.length];
  if (key === undefined) return wrong;
  copy[key] = spoil(copy[key], rest, wrong);
  return copy;
}

function outcome(codec: Codec<Value>, value: Value): unknown {
  try {
    return codec.encode(value);
  } catch (error) {
    assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
    assert.match(error.message, /^Cannot write value/);
    return error.message;
  }
}

Deno.test("both writers refuse the same wrong values in the same words", () => {
  fc.assert(
    fc.property(
      withValues(1),
      fc.array(fc.tuple(fc.array(fc.nat(9), { minLength: 1, maxLength: 3 }), WRONG), {
        minLength: 12,
        maxLength: 12,
      }),
      ({ jit, oracle, values }, spoilers) => {
        for (const [path, wrong] of spoilers) {
          const value = Object(spoil(values[0], path, wrong));
          assert.deepEqual(outcome(jit, value), outcome(oracle, value));
        }
      },
    ),
    { seed: 9, numRuns: 600 },
  );
});

Deno.test("a value survives its JSON, and the rows of an inspection cover its bytes without gaps", () => {
  fc.assert(
    fc.property(withValues(3), ({ jit, values }) => {
      for (const value of values) {
        const bytes = jit.encode(value);
        const json = JSON.parse(JSON.stringify(jit.toJSON(value)));
        assert.deepEqual(jit.encode(jit.fromJSON(json)), bytes);
        let next = 0;
        for (const row of jit.inspect(bytes)) {
          assert.equal(row.offsetBits, next);
          next += row.bits;
          assert.notEqual(row.name, "(refused)");
        }
        assert.equal(next, bytes.length * 8);
      }
    }),
    { seed: 10, numRuns: 400 },
  );
});

Deno.test("an inspection ends with the refusal that a reader gives", () => {
  fc.assert(
    fc.property(
      declaredStruct().map(compileBoth),
      fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 5, maxLength: 5 }),
      ({ jit }, samples) => {
        for (const bytes of samples) {
          const last = jit.inspect(bytes).at(-1);
          assert.equal(last?.name === "(refused)", jit.refusalOf(bytes) !== 0);
        }
      },
    ),
    { seed: 11, numRuns: 400 },
  );
});
