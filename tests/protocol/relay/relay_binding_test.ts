import assert from "node:assert/strict";
import { readPongDrainS } from "../../../protocol/relay/control_frames.ts";
import { sealHopTicket } from "../../../protocol/relay/hop_ticket.ts";
import { RelayFlag, RelayFrameType } from "../../../protocol/relay/relay_frame.ts";
import { keyOf } from "../../fixtures/seeded.ts";
import { CLIENT, EPOCH_MS, relayKey, RelayLab } from "./relay_lab.ts";

const { bound, data, ping, pong } = RelayFrameType;

Deno.test("a client that lost its numbers starts again with a new attempt, and not without one", () => {
  const lab = RelayLab.bound();
  for (let i = 0; i < 2_000; i++) lab.say("x");
  lab.server.received.length = 0;
  lab.client.sequence = 1;
  lab.say("too old");
  assert.deepEqual(lab.server.texts(), []);
  lab.bind(2n);
  lab.say("new numbers");
  assert.deepEqual(lab.server.texts(), ["new numbers"]);
});

Deno.test("a server that lost its numbers starts again with the BOUND of a new attempt", () => {
  const lab = RelayLab.bound();
  for (let i = 0; i < 2_000; i++) lab.answer("x");
  lab.server.sequence = 1;
  lab.bind(2n);
  lab.client.received.length = 0;
  lab.answer("new numbers");
  assert.deepEqual(lab.client.texts(), ["new numbers"]);
});

Deno.test("a BOUND that comes again opens no window: what was received stays received", () => {
  const lab = RelayLab.bound();
  const again = lab.log.find(({ bytes }) => bytes[0] === (0xe0 | bound))!.bytes.slice();
  const old = lab.server.frame(data, 40);
  lab.fromServer(old);
  lab.fromServer(again);
  lab.fromServer(old);
  assert.equal(lab.core.drops.replayed, 2);
  assert.equal(lab.client.texts().length, 1);
  assert.equal(lab.client.of(bound).length, 1);
});

Deno.test("a BIND that comes again opens no window either", () => {
  const lab = new RelayLab();
  const again = lab.client.bind(lab.route.tickets);
  lab.fromClient(again);
  const old = lab.client.frame(data, 40);
  lab.fromClient(old);
  lab.fromClient(again);
  lab.fromClient(old);
  assert.equal(lab.core.drops.replayed, 1);
  assert.equal(lab.server.texts().length, 1);
});

Deno.test("a lost BOUND is made good by the next BIND of the same attempt", () => {
  const lab = new RelayLab({ relays: 2 });
  let lost = 0;
  lab.tamper = (datagram) => {
    const isLost = datagram.bytes[0] === (0xe0 | bound) && lost++ < 2;
    return isLost ? [] : [datagram];
  };
  for (let i = 0; i < 3; i++) lab.bind(1n);
  assert.equal(lab.client.of(bound).length, 1);
  lab.say("hello");
  lab.answer("welcome");
  assert.deepEqual([lab.server.texts(), lab.client.texts()], [["hello"], ["welcome"]]);
});

Deno.test("a fresh ticket in a new attempt prolongs the path and sets its limits; the same one changes nothing", () => {
  const lab = RelayLab.bound({ change: (ticket) => ticket.notAfterS = EPOCH_MS / 1_000 + 60 });
  const rebind = (bindId: bigint, ticketId: bigint): number => {
    const ticket = {
      ...lab.route.hops[0]!,
      ticketId,
      notAfterS: EPOCH_MS / 1_000 + 600,
      ppsUp: 1,
    };
    const nonce = keyOf(`fresh ${ticketId}`).slice(0, 12);
    const tickets = lab.route.tickets.slice();
    tickets.set(sealHopTicket(ticket, relayKey("relay 0"), { shard: 0, hops: 2 }, nonce));
    lab.fromClient(lab.client.bind(tickets, bindId));
    return lab.core.sessions(0)[0]!.expiresInMs;
  };
  assert.equal(rebind(2n, lab.route.hops[0]!.ticketId), 60_000);
  assert.equal(rebind(3n, 12_345n), 600_000);
  for (let i = 0; i < 5; i++) lab.say("x");
  assert.equal(lab.server.texts().length, 2, "one a second, two at once");
});

Deno.test("a cookie from a new address moves a path there, and spares it the challenge", () => {
  const lab = RelayLab.bound();
  lab.clientAddress = { ...CLIENT, port: 41_111 };
  lab.bind(2n);
  assert.equal(lab.core.sessions(0)[0]!.prev.port, 41_111);
  lab.say("x");
  lab.answer("y");
  assert.deepEqual(lab.client.texts(), ["y"]);
  assert.equal(lab.client.of(RelayFrameType.pathChallenge).length, 0);
});

Deno.test("an earlier address that was challenged is of no interest once a cookie has moved the path", () => {
  const lab = RelayLab.bound();
  lab.clientAddress = { ...CLIENT, port: 41_111 };
  lab.fromClient(lab.client.frame(data, 500));
  lab.clientAddress = { ...CLIENT, port: 42_222 };
  lab.bind(2n);
  const before = lab.log.length;
  lab.advance(5_000);
  const late = lab.log.slice(before).filter(({ to }) => to.port === 41_111);
  assert.equal(late.length, 0);
});

Deno.test("a PONG that passes a draining relay tells how long there is", () => {
  const lab = RelayLab.bound({ relays: 2 });
  lab.cores[0]!.drain(lab.nowMs + 90_000);
  lab.fromClient(lab.client.frame(ping, 16, RelayFlag.echo));
  lab.fromServer(lab.server.frame(pong, new Uint8Array(12), RelayFlag.echo));
  assert.equal(readPongDrainS(lab.client.of(pong)[0]!), 90);
});

Deno.test("tags of the last 32 frames upwards are believed in a NO_SESSION, older ones are not", () => {
  for (const [sentSince, isBelieved] of [[0, true], [31, true], [32, false]] as const) {
    const lab = RelayLab.bound();
    lab.say("the trigger");
    const trigger = lab.log.findLast(({ bytes }) => bytes[0] === 0xe0)!.bytes;
    for (let i = 0; i < sentSince; i++) lab.say("x");
    const hint = trigger.slice(0, 20);
    hint[0] = 0xe0 | RelayFrameType.noSession;
    hint[2]! |= RelayFlag.downstream;
    lab.fromServer(hint);
    const told = lab.client.of(RelayFrameType.noSession).length;
    assert.equal(told, isBelieved ? 1 : 0, `${sentSince} frames later`);
    assert.equal(lab.core.drops.noSessionForged, isBelieved ? 0 : 1);
  }
});
