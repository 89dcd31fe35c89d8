import assert from "node:assert/strict";
import { fuzzRelayFrames } from "./relay_frames.ts";

Deno.test("no bytes make a relay throw, grow, or pass on what is not authentic, and every honest frame goes on", () => {
  const { verdicts, sentRatio } = fuzzRelayFrames({ seed: 20261121, iterations: 40_000 });
  assert.ok(verdicts.get("honest")! > 9_000);
  assert.ok(sentRatio < 1);
  const expected = [
    "tooShort",
    "tooLong",
    "notRelay",
    "badVersion",
    "wrongSize",
    "unexpectedType",
    "unknownLabel",
    "wrongEpoch",
    "wrongSource",
    "replayed",
    "forged",
    "ticketGate",
    "bindCookie",
    "bindReplayed",
    "noSessionLimited",
    "beaconForged",
  ];
  for (const name of expected) {
    assert.ok(verdicts.has(`refused as ${name}`), `nothing was refused as ${name}`);
  }
});
