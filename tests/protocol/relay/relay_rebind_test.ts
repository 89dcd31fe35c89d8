import assert from "node:assert/strict";
import { RelayFrameType } from "../../../protocol/relay/relay_frame.ts";
import {
  MAX_PATH_CHALLENGES,
  MIRROR_AFTER_MS,
  OLD_PATH_MS,
} from "../../../protocol/relay/relay_paths.ts";
import { CLIENT, RelayLab } from "./relay_lab.ts";

const MOVED = { hostname: "198.51.100.7", port: 50_123 };
const { pathChallenge, pathResponse } = RelayFrameType;

/** Answers the last challenge that the client took. */
function respond(lab: RelayLab): void {
  const challenge = lab.client.of(pathChallenge).at(-1)!;
  lab.fromClient(lab.client.frame(pathResponse, challenge.slice(20)));
}

function prevOf(lab: RelayLab): unknown {
  return lab.core.sessions(lab.nowMs)[0]!.prev;
}

Deno.test("a client behind a NAT box that rebinds is challenged, answers, and goes on without a new BIND", () => {
  const lab = RelayLab.bound();
  lab.say("before");
  lab.clientAddress = MOVED;
  lab.say("with the new port");
  assert.deepEqual(lab.server.texts(), ["before", "with the new port"]);
  assert.equal(lab.client.of(pathChallenge).length, 1);
  assert.deepEqual(prevOf(lab), CLIENT, "the old path is kept until the new one is proven");
  respond(lab);
  assert.deepEqual(prevOf(lab), MOVED);
  lab.answer("found you");
  assert.deepEqual(lab.client.texts(), ["found you"]);
  assert.equal(lab.core.sessions(0)[0]!.rebinds, 1);
});

Deno.test("who copies frames to the relay from elsewhere wins nothing: the client stays where it is", () => {
  const lab = RelayLab.bound();
  const copied = lab.client.frame(RelayFrameType.data, 100);
  lab.put({ bytes: copied, from: MOVED, to: { hostname: "192.0.2.1", port: 7_000 } });
  lab.settle();
  lab.fromClient(copied);
  assert.deepEqual(prevOf(lab), CLIENT);
  for (let i = 0; i < 20; i++) {
    lab.say("still here");
    lab.advance(200);
  }
  assert.deepEqual(prevOf(lab), CLIENT);
  const challenges = lab.log.filter(({ bytes }) => bytes[0] === (0xe0 | pathChallenge));
  // 120 bytes came from there, and each challenge has 28.
  assert.ok(challenges.length >= 1 && challenges.length * 28 < 120);
  lab.answer("to the client");
  assert.deepEqual(lab.client.texts(), ["to the client"]);
});

Deno.test("a frame that was overtaken by one from the new address does not lead back", () => {
  const lab = RelayLab.bound();
  const late = lab.client.frame(RelayFrameType.data, 40);
  const later = lab.client.frame(RelayFrameType.data, 40);
  lab.fromClient(later);
  lab.clientAddress = MOVED;
  lab.fromClient(late);
  assert.equal(lab.client.of(pathChallenge).length, 0, "older than what came from home");
});

Deno.test("a challenge is smaller than what came from the new address", () => {
  const lab = RelayLab.bound();
  lab.clientAddress = MOVED;
  lab.fromClient(lab.client.frame(RelayFrameType.data, 8));
  assert.equal(lab.client.of(pathChallenge).length, 0, "28 bytes came, a challenge has as many");
  lab.fromClient(lab.client.frame(RelayFrameType.data, 1));
  assert.equal(lab.client.of(pathChallenge).length, 1, "49 bytes came");
});

Deno.test("challenges are repeated some times and then given up, until new frames come", () => {
  const lab = RelayLab.bound();
  lab.clientAddress = MOVED;
  lab.fromClient(lab.client.frame(RelayFrameType.data, 1_000));
  lab.advance(10_000);
  assert.equal(lab.client.of(pathChallenge).length, MAX_PATH_CHALLENGES);
  lab.fromClient(lab.client.frame(RelayFrameType.data, 1_000));
  assert.equal(lab.client.of(pathChallenge).length, MAX_PATH_CHALLENGES + 1);
});

Deno.test("while the old address is silent, frames go to the new one too, never more bytes than came from it", () => {
  const lab = RelayLab.bound();
  lab.advance(MIRROR_AFTER_MS);
  lab.clientAddress = MOVED;
  lab.fromClient(lab.client.frame(RelayFrameType.data, 300));
  lab.answer("silent for exactly the limit: not yet");
  lab.advance(1);
  lab.answer("1");
  assert.deepEqual(lab.client.texts(), ["1"]);
  for (let i = 0; i < 100; i++) lab.answer("more than came");
  const toMoved = lab.log.filter(({ to }) => to.port === MOVED.port);
  const bytes = toMoved.reduce((sum, datagram) => sum + datagram.bytes.byteLength, 0);
  assert.ok(bytes <= 320 && bytes > 250, `${bytes} bytes`);
  const toOld = lab.log.filter(({ to }) => to.port === CLIENT.port);
  assert.ok(toOld.length >= 102, "and all of them to the old one");
});

Deno.test("stragglers from the old address do not lead back there; after three seconds it counts as any other", () => {
  const lab = RelayLab.bound();
  lab.clientAddress = MOVED;
  lab.fromClient(lab.client.frame(RelayFrameType.data, 100));
  respond(lab);
  lab.client.received.length = 0;
  lab.clientAddress = CLIENT;
  lab.advance(OLD_PATH_MS - 1);
  lab.fromClient(lab.client.frame(RelayFrameType.data, 100));
  assert.equal(lab.client.of(pathChallenge).length, 0);
  lab.advance(1);
  lab.fromClient(lab.client.frame(RelayFrameType.data, 100));
  assert.equal(lab.client.of(pathChallenge).length, 1);
});

Deno.test("moves up to the limit pass, the next waits for the next minute", () => {
  const lab = RelayLab.bound({ limits: { rebindsPerMinute: 10 } });
  for (let i = 0; i < 10; i++) {
    lab.clientAddress = { ...MOVED, port: 50_000 + i };
    lab.fromClient(lab.client.frame(RelayFrameType.data, 100));
    respond(lab);
    lab.advance(5_000);
  }
  assert.equal(lab.core.sessions(0)[0]!.rebinds, 10);
  lab.clientAddress = MOVED;
  lab.fromClient(lab.client.frame(RelayFrameType.data, 100));
  assert.equal(lab.core.drops.rebindLimited, 1);
  lab.advance(10_000);
  lab.fromClient(lab.client.frame(RelayFrameType.data, 100));
  respond(lab);
  assert.deepEqual(prevOf(lab), MOVED);
});

Deno.test("a NAT that rebinds every two seconds for a minute loses no session and no frame", () => {
  const lab = RelayLab.bound();
  let heard = 0;
  for (let i = 0; i < 3_600; i++) {
    if (i % 120 === 0) lab.clientAddress = { ...MOVED, port: 20_000 + i };
    lab.say(`frame ${i} of a game at 60 Hz`);
    if (lab.client.of(pathChallenge).length > heard) {
      heard = lab.client.of(pathChallenge).length;
      respond(lab);
    }
    lab.answer(`${i}`);
    lab.advance(1_000 / 60);
  }
  assert.equal(lab.server.texts().length, 3_600);
  // What the server said between a rebind and its proof went to the new address already.
  assert.equal(lab.client.texts().length, 3_600);
  assert.equal(lab.core.totals.rebinds, 30);
});
