import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import { PathValidator } from "../../protocol/path_validator.ts";
import { randomFill } from "../fixtures/seeded.ts";

const HOME: Address = { hostname: "198.51.100.1", port: 1_000 };
const CAFE: Address = { hostname: "203.0.113.9", port: 2_000 };
const TRAIN: Address = { hostname: "203.0.113.10", port: 3_000 };
const PTO_MS = 100;

function moved(
  to = CAFE,
  sizeBytes = 100,
): { path: PathValidator; random: ReturnType<typeof randomFill> } {
  const random = randomFill("path");
  const path = new PathValidator(HOME);
  path.onForeignPacket(to, sizeBytes, true, random, 0);
  return { path, random };
}

Deno.test("the address in use is known by its text, not by identity", () => {
  const path = new PathValidator(HOME);
  assert.equal(path.isCurrent({ ...HOME }), true);
  assert.equal(path.isCurrent({ ...HOME, port: 1_001 }), false);
  assert.equal(path.isCurrent({ ...HOME, hostname: "198.51.100.2" }), false);
  assert.equal(path.isProven, true);
});

Deno.test("a new address is used once it echoed the challenge, and the old one until then", () => {
  const { path } = moved();
  assert.equal(path.current, HOME);
  const challenge = path.takeChallenge(PTO_MS, 0)!;
  assert.equal(path.challenged, CAFE);
  assert.equal(path.onResponse(challenge, CAFE), true);
  assert.equal(path.current, CAFE);
  assert.equal(path.candidate, undefined);
  assert.equal(path.deadlineMs, Infinity);
});

Deno.test("an echo counts only with the right bytes, from the right address, while there is a challenge", () => {
  const { path } = moved();
  const challenge = path.takeChallenge(PTO_MS, 0)!.slice();
  const wrong = challenge.slice();
  wrong[7]! ^= 1;
  assert.equal(path.onResponse(wrong, CAFE), false);
  assert.equal(path.onResponse(challenge, HOME), false);
  assert.equal(path.onResponse(challenge, { ...CAFE, port: 2_001 }), false);
  assert.equal(path.current, HOME);
  assert.equal(path.onResponse(challenge, { ...CAFE }), true);
  assert.equal(path.onResponse(challenge, CAFE), false, "a second echo proves nothing new");
});

Deno.test("only the newest packet moves a peer: older ones were overtaken, or repeated by someone", () => {
  const path = new PathValidator(HOME);
  path.onForeignPacket(CAFE, 100, false, randomFill("path"), 0);
  assert.equal(path.candidate, undefined);
  assert.equal(path.takeChallenge(PTO_MS, 0), undefined);
});

Deno.test("a challenge is repeated every probe timeout, five times, then the address is given up", () => {
  const { path } = moved();
  const times: number[] = [];
  for (let nowMs = 0; path.deadlineMs !== Infinity; nowMs = path.deadlineMs) {
    assert.equal(path.takeChallenge(PTO_MS, nowMs - 0.001), undefined);
    if (path.takeChallenge(PTO_MS, nowMs) !== undefined) times.push(nowMs);
  }
  assert.deepEqual(times, [0, 100, 200, 300, 400]);
  assert.equal(path.candidate, undefined);
  assert.equal(path.current, HOME);
});

Deno.test("an address that is given up may try again", () => {
  const { path, random } = moved();
  while (path.deadlineMs !== Infinity) path.takeChallenge(PTO_MS, path.deadlineMs);
  path.onForeignPacket(CAFE, 100, true, random, 5_000);
  assert.ok(path.takeChallenge(PTO_MS, 5_000) !== undefined);
});

Deno.test("a peer that moves on while it is challenged gets a new challenge there", () => {
  const { path, random } = moved();
  const first = path.takeChallenge(PTO_MS, 0)!.slice();
  path.onForeignPacket(TRAIN, 100, true, random, 10);
  const second = path.takeChallenge(PTO_MS, 10)!;
  assert.notDeepEqual(first, second);
  assert.equal(path.onResponse(first, CAFE), false);
  assert.equal(path.onResponse(second, TRAIN), true);
});

Deno.test("an unproven address is sent no more than three times what came from it", () => {
  const { path, random } = moved(CAFE, 20);
  let sent = 0;
  for (let nowMs = 0; nowMs <= 400; nowMs += PTO_MS) {
    if (path.takeChallenge(PTO_MS, nowMs) === undefined) continue;
    path.onSentToCandidate(40);
    sent += 40;
  }
  assert.equal(sent, 40, "60 bytes allow one challenge of 40");
  path.onForeignPacket(CAFE, 20, true, random, 450);
  assert.ok(path.takeChallenge(PTO_MS, 600) !== undefined, "more came, so more may leave");
});

Deno.test("an address that is only claimed gets three times what it sent until it answers a challenge", () => {
  const path = new PathValidator(HOME, 1_200, randomFill("path"));
  assert.equal(path.isProven, false);
  assert.equal(path.allows(3_600), true);
  path.onSentToCurrent(3_000);
  assert.equal(path.allows(601), false);
  path.onCurrentPacket(100, 0);
  assert.equal(path.allows(900), true);
  const challenge = path.takeChallenge(PTO_MS, 0)!;
  assert.equal(path.challenged, HOME);
  assert.equal(path.onResponse(challenge, HOME), true);
  assert.equal(path.isProven, true);
  assert.equal(path.allows(1e9), true);
  assert.equal(path.current, HOME);
});

Deno.test("a claimed address that never answers is challenged again when it sends again", () => {
  const path = new PathValidator(HOME, 1_200, randomFill("path"));
  let challenges = 0;
  for (let nowMs = 0; path.deadlineMs !== Infinity; nowMs += PTO_MS) {
    if (path.takeChallenge(PTO_MS, nowMs) !== undefined) challenges++;
  }
  assert.equal(challenges, 5);
  assert.equal(path.isProven, false);
  path.onCurrentPacket(40, 9_000);
  assert.ok(path.takeChallenge(PTO_MS, 9_000) !== undefined);
});

Deno.test("a claimed address and a new one: whoever answers first is the peer's", () => {
  const random = randomFill("path");
  const path = new PathValidator(HOME, 1_200, random);
  path.onForeignPacket(CAFE, 100, true, random, 0);
  const challenge = path.takeChallenge(PTO_MS, 0)!;
  assert.equal(path.challenged, CAFE);
  assert.equal(path.onResponse(challenge, CAFE), true);
  assert.equal(path.current, CAFE);
  assert.equal(path.isProven, true);
});
