import assert from "node:assert/strict";
import fc from "fast-check";
import { writeFact } from "../../../protocol/recording/fact_writer.ts";
import {
  RECORD_LAYOUTS,
  RecordCode,
  type RecordField,
} from "../../../protocol/recording/record_code.ts";
import {
  describeFact,
  type RecordedFact,
  RecordReader,
} from "../../../protocol/recording/record_reader.ts";
import { RecordWriter } from "../../../protocol/recording/record_writer.ts";
import { RecordingError } from "../../../protocol/recording/recording_error.ts";

const BLANK: RecordedFact = {
  code: 0,
  id: 0,
  number: 0,
  value: 0,
  timeMs: 0,
  bytes: new Uint8Array(0),
  text: "",
  address: { hostname: "", port: 0 },
  flag: false,
  check: 0,
};

const count = fc.maxSafeNat();
const address = fc.record({
  hostname: fc.constantFrom("192.0.2.1", "2001:db8::1", "198.51.100.7"),
  port: fc.integer({ min: 1, max: 65_535 }),
});
/** Times of real clocks, of simulated ones, and those that only a defect has. */
const time = fc.oneof(
  fc.integer({ min: 0, max: 1e12 }).map((ns) => ns / 1e6),
  fc.double({ noNaN: true }),
  fc.constantFrom(0, 1000 / 60, Infinity, -0.5),
);

const fact = fc.record({
  code: fc.constantFrom(...Object.values(RecordCode)),
  id: count,
  number: count,
  value: fc.double({ noNaN: true }),
  timeMs: time,
  bytes: fc.uint8Array({ maxLength: 40 }),
  text: fc.string({ unit: "grapheme", maxLength: 12 }),
  address,
  flag: fc.boolean(),
  check: fc.nat({ max: 0xffff_ffff }),
});

/** What of a record its kind carries. */
function carried(item: RecordedFact): unknown[] {
  const fields: readonly RecordField[] = RECORD_LAYOUTS[item.code]!.fields;
  return [item.code, ...fields.map((field) => item[field])];
}

Deno.test("recording: whatever records are written are read again, times to the last bit", () => {
  fc.assert(
    fc.property(fc.array(fact, { maxLength: 30 }), (facts) => {
      const writer = new RecordWriter();
      for (const item of facts) writeFact(writer, item);
      const reader = new RecordReader(writer.written.slice());
      for (const item of facts) {
        const [read, written] = [carried(reader.read()), carried(item)];
        // Plain arrays: a time of -0 is the same time as 0.
        assert.deepEqual(JSON.stringify(read), JSON.stringify(written));
      }
      assert.equal(reader.isAtEnd, true);
    }),
    { seed: 1, numRuns: 150 },
  );
});

Deno.test("recording: a time that follows another takes three bytes or less, an address that was seen one", () => {
  const writer = new RecordWriter();
  const from = { hostname: "192.0.2.1", port: 9_999 };
  writeFact(writer, { ...BLANK, code: RecordCode.datagram, address: from });
  writer.time(1_000);
  writer.clear();
  writer.time(1_000.9);
  assert.ok(writer.sizeBytes <= 3, `${writer.sizeBytes}`);
  writer.clear();
  writer.time(1_000.9);
  assert.equal(writer.sizeBytes, 1);
  writer.clear();
  writer.address({ ...from });
  assert.equal(writer.sizeBytes, 1);
});

Deno.test("recording: a new chunk knows nothing of the one before", () => {
  const writer = new RecordWriter();
  writer.time(5);
  writer.address({ hostname: "192.0.2.1", port: 1 });
  writer.reset();
  const item = { ...BLANK, code: RecordCode.clock, timeMs: 7.25 };
  writeFact(writer, item);
  writeFact(writer, {
    ...BLANK,
    code: RecordCode.transmitted,
    address: { hostname: "::1", port: 2 },
  });
  const reader = new RecordReader(writer.written);
  assert.equal(reader.read().timeMs, 7.25);
  assert.deepEqual(reader.read().address, { hostname: "::1", port: 2 });
});

Deno.test("recording: any bytes are read or refused, never anything else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const reader = new RecordReader(bytes);
      try {
        while (!reader.isAtEnd) assert.ok(describeFact(reader.read()).length > 0);
      } catch (error) {
        assert.ok(error instanceof RecordingError, String(error));
        assert.equal(error.code, "corrupt");
      }
    }),
    { seed: 2, numRuns: 500 },
  );
});

Deno.test("recording: numbers of 54 bits, unknown addresses and lengths beyond the end are refused", () => {
  const bad: readonly [string, number[]][] = [
    ["no such record", [14]],
    ["54 bits", [RecordCode.news, 255, 255, 255, 255, 255, 255, 255, 127]],
    ["address 3 of none", [RecordCode.transmitted, 3]],
    ["too long", [RecordCode.random, 100, 1, 2]],
    ["cut", [RecordCode.wallClock, 1, 2]],
  ];
  for (const [what, bytes] of bad) {
    assert.throws(() => new RecordReader(new Uint8Array(bytes)).read(), RecordingError, what);
  }
});
