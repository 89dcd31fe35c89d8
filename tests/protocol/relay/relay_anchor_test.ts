import assert from "node:assert/strict";
import { readBoundBody } from "../../../protocol/relay/control_frames.ts";
import { RelayFrameType } from "../../../protocol/relay/relay_frame.ts";
import { ANCHOR_ID, AnchorLab } from "./anchor_lab.ts";
import { SERVER } from "./relay_lab.ts";

const REBOUND = { hostname: SERVER.hostname, port: 12_345 };
const { bound, data, pathChallenge, pathResponse, ping, pong } = RelayFrameType;

Deno.test("a server behind NAT proves its address with a cookie, and is told how it looks from outside", () => {
  const lab = new AnchorLab();
  const [answer] = lab.sentTo(SERVER, bound);
  assert.deepEqual(readBoundBody(answer!).observed, SERVER);
  const [stats] = lab.core.sessions(0);
  assert.ok(stats!.isAnchor && stats!.sessionId === ANCHOR_ID && stats!.state === "active");
  assert.equal(stats!.next, undefined);
});

Deno.test("players reach a server through its anchor, and it answers them", () => {
  const lab = new AnchorLab();
  lab.bindPlayer();
  lab.say("hello");
  lab.answer("welcome");
  assert.deepEqual(lab.server.texts(), ["hello"]);
  assert.deepEqual(lab.client.texts(), ["welcome"]);
});

Deno.test("pings keep an anchor alive, and its players' frames do as well", () => {
  const lab = new AnchorLab();
  lab.bindPlayer();
  for (let i = 0; i < 20; i++) {
    lab.fromServer(lab.anchor.frame(ping, 16));
    lab.say("x");
    lab.advance(15_000);
  }
  assert.equal(lab.core.size, 2);
  assert.equal(lab.sentTo(SERVER, pong).length, 20);
  for (let i = 0; i < 20; i++) {
    lab.say("x");
    lab.answer("y");
    lab.advance(15_000);
  }
  assert.equal(lab.core.size, 2);
});

Deno.test("an anchor that moves behind its NAT box is followed, with all of its players", () => {
  const lab = new AnchorLab();
  lab.bindPlayer();
  lab.serverAddress = REBOUND;
  lab.answer("from my new port, with the key of the player's session");
  assert.equal(lab.client.texts().length, 1, "authentic, so it passes");
  const [challenge] = lab.sentTo(REBOUND, pathChallenge);
  assert.equal(challenge!.byteLength, 28);
  lab.fromServer(lab.anchor.frame(pathResponse, challenge!.slice(20)));
  lab.say("there you are");
  assert.deepEqual(lab.server.texts(), ["there you are"]);
  assert.equal(lab.sentTo(REBOUND, data).length, 1);
});

Deno.test("an anchor that was lost and is bound again is found by the players that were there before", () => {
  const lab = new AnchorLab();
  lab.bindPlayer();
  for (let i = 0; i < 5; i++) {
    lab.say("x");
    lab.advance(15_000);
  }
  assert.equal(lab.core.size, 1, "nothing was heard of the anchor for a minute");
  lab.say("nobody there");
  assert.ok(lab.core.drops.anchorGone > 0);
  lab.bindAnchor(2n);
  lab.say("here again");
  assert.equal(lab.server.texts().at(-1), "here again");
});

Deno.test("an anchor takes no data of its own: only its players' routes carry any", () => {
  const lab = new AnchorLab();
  lab.fromServer(lab.anchor.frame(data, 40));
  assert.equal(lab.core.drops.unexpectedType, 1);
});

Deno.test("an anchor's BIND goes on being valid from another port once the cookie comes back from there", () => {
  const lab = new AnchorLab();
  lab.bindPlayer();
  lab.serverAddress = REBOUND;
  lab.bindAnchor(2n);
  lab.say("found");
  assert.deepEqual(lab.server.texts(), ["found"]);
});
