import assert from "node:assert/strict";
import {
  type Beacon,
  BeaconSurvey,
  CEILING_MS,
  REFRESH_MS,
  RESULT_EXPIRY_MS,
} from "../../../../protocol/relay/survey/beacon_survey.ts";
import { formatPingLocation } from "../../../../protocol/relay/survey/ping_location.ts";

const beacon = (relayId: string, port = 1): Beacon => ({
  relayId,
  region: relayId.split("-")[0]!,
  address: { hostname: "192.0.2.1", port },
});

/** Round trips by relay and probe of a round; left out or `Infinity`, there is no answer. */
type Answers = Readonly<Record<string, readonly number[]>>;

/** Runs a survey from one time to another; returns when probes left, by relay. */
function run(survey: BeaconSurvey, answers: Answers, fromMs: number, toMs: number) {
  const sent = new Map<string, number[]>();
  const due: { number: number; atMs: number }[] = [];
  for (let nowMs = fromMs; nowMs <= toMs; nowMs++) {
    for (const answer of due.filter(({ atMs }) => atMs === nowMs)) {
      survey.onAnswer(answer.number, nowMs);
    }
    for (
      let probe = survey.nextProbe(nowMs);
      probe !== undefined;
      probe = survey.nextProbe(nowMs)
    ) {
      const { relayId } = probe.beacon;
      const times = sent.get(relayId) ?? [];
      sent.set(relayId, [...times, nowMs]);
      const rttMs = answers[relayId]?.[times.length] ?? Infinity;
      due.push({ number: probe.number, atMs: nowMs + rttMs });
    }
  }
  return sent;
}

Deno.test("the first answer is dropped, and the median of the other five counts", () => {
  const survey = new BeaconSurvey(0xffff_fffe);
  survey.setBeacons([beacon("fra-1"), beacon("ams-1")], 0);
  const sent = run(
    survey,
    { "fra-1": [300, 12, 14, 490, 13, 12], "ams-1": [90, 17, 17, Infinity, Infinity, 17] },
    0,
    2_000,
  );
  assert.deepEqual(sent.get("fra-1"), [0, 100, 200, 300, 400, 500]);
  const [fra, ams, ...more] = survey.results(2_000);
  assert.deepEqual(more, []);
  assert.deepEqual([fra?.medianRttMs, fra?.loss, fra?.beacon.relayId], [13, 0, "fra-1"]);
  assert.equal(fra?.jitterMs, (2 + 476 + 477 + 1) / 4);
  assert.deepEqual([ams?.medianRttMs, ams?.jitterMs, ams?.loss], [17, 0, 1 - 3 / 5]);
  assert.equal(formatPingLocation(survey.location(2_000)), "v1:ams=17,fra=13");
  assert.equal(survey.paths(2_000).get("ams-1")?.p95RttMs, 17);
});

Deno.test("two answers of five are no result, and none is above the ceiling", () => {
  const survey = new BeaconSurvey(1);
  survey.setBeacons([beacon("fra-1"), beacon("syd-1"), beacon("mia-1")], 0);
  const late = CEILING_MS + 1;
  const answers = {
    "fra-1": [10, 10, 10],
    "syd-1": [10, late, late, late, late, late],
    "mia-1": Array(6).fill(CEILING_MS),
  };
  run(survey, answers, 0, 3_000);
  assert.deepEqual(survey.results(3_000).map(({ beacon }) => beacon.relayId), ["mia-1"]);
});

Deno.test("a result is there once all answers are, and later when one is missing", () => {
  const survey = new BeaconSurvey(1);
  survey.setBeacons([beacon("fra-1")], 0);
  run(survey, { "fra-1": Array(6).fill(20) }, 0, 519);
  assert.deepEqual(survey.results(519), []);
  run(survey, {}, 520, 520);
  // The last answer has come with the clock of the first run; here it has not.
  assert.equal(survey.deadlineMs(), 500 + CEILING_MS);
  run(survey, {}, 521, 1_000);
  assert.equal(survey.results(1_000)[0]?.loss, 1 - 4 / 5);
  assert.equal(survey.deadlineMs(), REFRESH_MS);
});

Deno.test("rounds repeat after ten minutes, and what is not found again expires", () => {
  const survey = new BeaconSurvey(1);
  survey.setBeacons([beacon("fra-1"), beacon("ams-1")], 0);
  run(survey, { "fra-1": Array(6).fill(20), "ams-1": Array(6).fill(30) }, 0, 1_000);
  assert.equal(survey.deadlineMs(), REFRESH_MS);
  assert.equal(survey.nextProbe(REFRESH_MS - 1), undefined);
  const answers = { "ams-1": Array(6).fill(10) };
  const sent = run(survey, answers, REFRESH_MS, REFRESH_MS + 2_000);
  assert.equal(sent.get("fra-1")?.length, 6);
  const nowMs = RESULT_EXPIRY_MS + 500;
  const rtts = survey.results(nowMs).map(({ beacon, medianRttMs }) => [beacon.region, medianRttMs]);
  assert.deepEqual(rtts, [["ams", 10], ["fra", 20]]);
  assert.deepEqual(survey.results(nowMs + 600).map(({ beacon }) => beacon.region), ["ams"]);
});

Deno.test("answers count once, and only for numbers that were asked", () => {
  const survey = new BeaconSurvey(7);
  survey.setBeacons([beacon("fra-1")], 0);
  const probe = survey.nextProbe(0)!;
  assert.equal(probe.number, 7);
  assert.equal(survey.nextProbe(0), undefined, "the next is due later");
  assert.equal(survey.onAnswer(8, 1), false);
  assert.equal(survey.onAnswer(7, 1), true);
  assert.equal(survey.onAnswer(7, 2), false);
  survey.setBeacons([beacon("fra-1")], 10);
  const again = survey.nextProbe(10)!;
  survey.setBeacons([beacon("fra-1")], 20);
  assert.equal(survey.onAnswer(again.number, 21), false, "a round that was given up");
});

Deno.test("a client that stalled sends no burst, and one without beacons nothing", () => {
  const survey = new BeaconSurvey(1);
  assert.equal(survey.deadlineMs(), Infinity);
  survey.setBeacons([beacon("fra-1")], 0);
  survey.nextProbe(0);
  assert.ok(survey.nextProbe(5_000));
  assert.equal(survey.nextProbe(5_000), undefined);
  survey.setBeacons([], 5_001);
  assert.equal(survey.nextProbe(5_001), undefined);
  assert.equal(survey.deadlineMs(), Infinity);
});

Deno.test("twelve beacons are asked one after the other, thirteen are refused", () => {
  const survey = new BeaconSurvey(1);
  const many = Array.from({ length: 13 }, (_, at) => beacon(`r${at}-1`, at + 1));
  assert.throws(() => survey.setBeacons(many, 0), RangeError);
  survey.setBeacons(many.slice(1), 0);
  const sent = run(survey, {}, 0, 2_000);
  assert.equal(sent.size, 12);
  assert.equal(new Set([...sent.values()].map(([first]) => first)).size, 12);
});

Deno.test("what was found of beacons that are gone is forgotten, of others kept", () => {
  const survey = new BeaconSurvey(1);
  survey.setBeacons([beacon("fra-1"), beacon("fra-2"), beacon("ams-1")], 0);
  const answers = {
    "fra-1": Array(6).fill(20),
    "fra-2": Array(6).fill(9),
    "ams-1": Array(6).fill(30),
  };
  run(survey, answers, 0, 1_000);
  assert.equal(survey.location(1_000).get("fra"), 9, "the nearest of a region");
  survey.setBeacons([beacon("fra-1"), beacon("gru-1")], 1_000);
  assert.deepEqual(survey.results(1_000).map(({ beacon }) => beacon.relayId), ["fra-1"]);
});
