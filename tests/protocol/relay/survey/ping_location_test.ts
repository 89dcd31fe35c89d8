import assert from "node:assert/strict";
import fc from "fast-check";
import {
  estimatePingMs,
  formatPingLocation,
  MAX_PING_LOCATION_CHARACTERS,
  parsePingLocation,
} from "../../../../protocol/relay/survey/ping_location.ts";

Deno.test("a location is written in order of names and read back", () => {
  const location = new Map([["fra", 12.4], ["ams", 16.5], ["syd", Infinity], ["gru", 2_001]]);
  assert.equal(formatPingLocation(location), "v1:ams=17,fra=12");
  assert.deepEqual(parsePingLocation("v1:ams=17,fra=12"), new Map([["ams", 17], ["fra", 12]]));
  assert.equal(formatPingLocation(new Map()), "v1:");
  assert.deepEqual(parsePingLocation("v1:"), new Map());
  assert.deepEqual(
    parsePingLocation("v1:fra=0,us-east-1=2000;later=x"),
    new Map([["fra", 0], ["us-east-1", 2_000]]),
  );
});

const region = fc.stringMatching(/^[a-z0-9-]{1,32}$/);

Deno.test("every location reads back as it was, rounded", () => {
  const locations = fc.uniqueArray(
    fc.tuple(region, fc.double({ min: 0, max: 2_000, noNaN: true })),
    { maxLength: 12, selector: ([name]) => name },
  );
  fc.assert(
    fc.property(locations, (entries) => {
      const text = formatPingLocation(new Map(entries));
      const expected = new Map(entries.map(([name, rttMs]) => [name, Math.round(rttMs)]));
      assert.deepEqual(
        new Map([...parsePingLocation(text)!].sort()),
        new Map([...expected].sort()),
      );
    }),
    { seed: 3 },
  );
});

Deno.test("of too many regions the nearest are written", () => {
  const long = (at: number): string => `region-with-a-long-name-${String(at).padStart(3, "0")}`;
  const many = new Map(Array.from({ length: 100 }, (_, at) => [long(at), at * 3]));
  const text = formatPingLocation(many);
  assert.ok(text.length <= MAX_PING_LOCATION_CHARACTERS && text.length > 950, `${text.length}`);
  const read = parsePingLocation(text)!;
  assert.deepEqual([...read.values()], Array.from({ length: read.size }, (_, at) => at * 3));
  const short = new Map(Array.from({ length: 100 }, (_, at) => [`r${at}`, at]));
  assert.equal(parsePingLocation(formatPingLocation(short))?.size, 64);
});

Deno.test("what is no location is refused, and the names of no regions too", () => {
  const wrong = [
    "",
    "v2:fra=12",
    "fra=12",
    "v1:fra",
    "v1:fra=",
    "v1:fra=1.5",
    "v1:fra=-1",
    "v1:fra=012",
    "v1:fra=2001",
    "v1:fra=12,",
    "v1:fra=12,fra=13",
    "v1:FRA=12",
    "v1:=12",
    "v1:fra=1=2",
    `v1:${"a".repeat(33)}=1`,
    `v1:${"a=1,".repeat(400)}b=1`,
    `v1:${Array.from({ length: 65 }, (_, at) => `r${at}=1`).join(",")}`,
  ];
  for (const text of wrong) assert.equal(parsePingLocation(text), undefined, text);
  assert.throws(() => formatPingLocation(new Map([["Frankfurt", 1]])), RangeError);
  fc.assert(fc.property(fc.string(), (text) => void parsePingLocation(`v1:${text}`)), { seed: 4 });
});

Deno.test("an estimate goes over the best regions, and is none where nothing joins them", () => {
  const [a, b, c] = ["v1:ams=17,fra=12", "v1:fra=30,ams=20", "v1:nyc=9"].map((text) =>
    parsePingLocation(text)!
  );
  assert.equal(estimatePingMs(a!, b!), 37);
  assert.equal(estimatePingMs(b!, a!), 37);
  assert.equal(estimatePingMs(a!, a!), 24);
  assert.equal(estimatePingMs(a!, c!), undefined);
  const between = (from: string, to: string): number | undefined =>
    from === "fra" && to === "nyc" ? 80 : undefined;
  assert.equal(estimatePingMs(a!, c!, between), 101);
});
