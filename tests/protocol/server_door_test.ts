import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import { CloseCode } from "../../protocol/close_code.ts";
import { PacketType } from "../../protocol/packet.ts";
import { sealConnectTicket } from "../../protocol/ticket_office.ts";
import { CRYPTO, Pair, SERVER_ADDRESS } from "../fixtures/pair.ts";
import { RawClient, transmitted } from "../fixtures/raw_client.ts";
import { message, PING } from "../fixtures/raw_frames.ts";
import { keyOf } from "../fixtures/seeded.ts";

const at = (host: number, port: number): Address => ({ hostname: `203.0.113.${host}`, port });

/** A ticket that vouches for a user. */
function ticketFor(
  pair: Pair,
  userId: string,
  id = userId,
): { sealed: Uint8Array; psk: Uint8Array } {
  const psk = keyOf(`psk ${id}`);
  const sealed = sealConnectTicket(CRYPTO, keyOf("shared"), keyOf(id).slice(0, 12), {
    id: keyOf(`id ${id}`).slice(0, 16),
    serverKeyPrefix: pair.server.staticPublic.slice(0, 8),
    expiresAtMs: 1_700_000_060_000,
    psk,
    userId,
    userData: new Uint8Array(0),
  });
  return { sealed, psk };
}

Deno.test("a handshake holds a place until it is confirmed or expires: no more are accepted than fit", () => {
  const { server } = new Pair({ server: { limits: { sessions: 2 } } });
  const clients = [1, 2, 3].map((seed) => new RawClient(server, { seed, address: at(seed, 1) }));
  const results = clients.map((client) => client.shakeHands()?.result);
  assert.deepEqual(results, ["accepted", "accepted", "refused"]);
  clients[0]!.sendFrames(PING);
  assert.equal(server.size, 1);
  server.handleTimeout(6_000);
  const late = [4, 5].map((seed) => new RawClient(server, { seed, address: at(seed, 1) }, 6_000));
  assert.deepEqual(late.map((client) => client.shakeHands(6_000)?.result), ["accepted", "refused"]);
});

Deno.test("many handshakes at once do not pass the limit per address", () => {
  const { server } = new Pair({ server: { limits: { sessionsPerAddress: 2 } } });
  const results = [1, 2, 3, 4].map((seed) =>
    new RawClient(server, { seed, address: at(1, seed) }).shakeHands()?.result
  );
  assert.deepEqual(results, ["accepted", "accepted", "refused", "refused"]);
  assert.equal(
    new RawClient(server, { seed: 9, address: at(2, 1) }).shakeHands()?.result,
    "accepted",
  );
});

Deno.test("IPv6 counts by /64, IPv4 by address", () => {
  const { server } = new Pair({ server: { limits: { sessionsPerAddress: 1 } } });
  const connect = (hostname: string, seed: number): string | undefined =>
    new RawClient(server, { seed, address: { hostname, port: seed } }).shakeHands()?.result;
  assert.equal(connect("2001:db8:1:2::1", 1), "accepted");
  assert.equal(connect("2001:db8:1:2:ffff::9", 2), "refused");
  assert.equal(connect("2001:db8:1:3::1", 3), "accepted");
});

Deno.test("a player who crashed rejoins from the same port at once, also when the server is full", () => {
  const pair = new Pair({ server: { limits: { sessions: 2, sessionsPerAddress: 2 } } });
  pair.connect({}, at(1, 1));
  const crashed = pair.connect({}, at(1, 2));
  const old = pair.peerOf(crashed);
  pair.clients.splice(1, 1);
  const rejoined = pair.connect({}, at(1, 2));
  assert.deepEqual(rejoined.kinds, ["connected"]);
  assert.deepEqual(old.events.at(-1), {
    kind: "closed",
    code: CloseCode.superseded,
    reason: "connected anew",
    isByPeer: false,
  });
});

Deno.test("the same user rejoins from another port at once, also when the server is full", () => {
  const pair = new Pair({ server: { limits: { sessions: 1 }, ticketKeys: [keyOf("shared")] } });
  const crashed = pair.connect({ ticket: ticketFor(pair, "ann", "1") }, at(1, 1));
  const old = pair.peerOf(crashed);
  pair.clients.length = 0;
  const rejoined = pair.connect({ ticket: ticketFor(pair, "ann", "2") }, at(9, 7));
  assert.deepEqual(rejoined.kinds, ["connected"]);
  assert.equal(old.session.state, "closing");
  assert.equal(pair.server.info().players, 1);
});

Deno.test("a player cannot be thrown out by a packet that claims to come from his address", () => {
  const pair = new Pair();
  const victim = pair.connect();
  const attacker = new RawClient(pair.server, { address: at(66, 6) });
  attacker.accepted();
  attacker.address = victim.address;
  attacker.sendFrames(PING);
  pair.settle();
  assert.equal(victim.session.state, "open");
  assert.equal(pair.peerOf(victim).session.state, "open");
  // Nor when the answer to a repeated HELLO was made to go there as well.
  const second = new RawClient(pair.server, { seed: 2, address: victim.address });
  const hello = second.hello();
  pair.server.handleDatagram(hello.slice(), victim.address, 0);
  pair.server.handleDatagram(hello.slice(), at(66, 6), 0);
  const answers = transmitted(pair.server).filter(({ bytes }) => bytes[0] === PacketType.accept);
  second.initiator.handleDatagram(answers[1]!.bytes, SERVER_ADDRESS, 0);
  second.sendFrames(PING);
  pair.settle();
  assert.equal(pair.peerOf(victim).session.state, "open");
});

Deno.test("our traffic cannot be aimed at somebody who never shook hands", () => {
  const pair = new Pair();
  const attacker = new RawClient(pair.server, { address: at(66, 6) });
  attacker.accepted();
  const home = attacker.address;
  attacker.address = at(99, 9);
  attacker.sendFrames(message("reliable-ordered", 0, [1]));
  const [entry] = [...pair.server.sessions()];
  assert.deepEqual(entry!.address, home, "where the answer went, and was read");
  pair.advance(1);
  const { session } = entry!;
  for (let i = 0; i < 20; i++) {
    const buffer = session.prepare(1_000);
    buffer.sizeBytes = 1_000;
    session.send(3, buffer, undefined, pair.nowMs);
  }
  session.flush();
  pair.server.touch(entry!);
  const sent = transmitted(pair.server, pair.nowMs);
  const astray = sent.filter(({ to }) => to.hostname === "203.0.113.99");
  assert.ok(sent.length > 10);
  assert.ok(astray.every(({ bytes }) => bytes.byteLength < 60), "challenges only");
});

Deno.test("where the answer went to two addresses neither is believed before it answers a challenge", () => {
  const pair = new Pair();
  const victim = at(99, 9);
  const raw = new RawClient(pair.server, { address: at(66, 6) });
  const hello = raw.hello();
  pair.server.handleDatagram(hello.slice(), victim, 0);
  pair.server.handleDatagram(hello.slice(), raw.address, 0);
  const [, answer] = transmitted(pair.server);
  raw.initiator.handleDatagram(answer!.bytes, SERVER_ADDRESS, 0);
  raw.address = victim;
  raw.sendFrames(PING);
  const [entry] = [...pair.server.sessions()];
  const { session } = entry!;
  for (let i = 0; i < 60; i++) {
    const buffer = session.prepare(1_000);
    buffer.sizeBytes = 1_000;
    session.send(3, buffer, undefined, 0);
  }
  session.flush();
  pair.server.touch(entry!);
  let bytes = 0;
  pair.advance(9_000, () => {
    for (const datagram of transmitted(pair.server, pair.nowMs)) bytes += datagram.bytes.byteLength;
  });
  assert.ok(bytes < 3.2 * 1_300, `${bytes} bytes went to somebody who never asked`);
  pair.advance(2_000, () => transmitted(pair.server, pair.nowMs));
  assert.equal(session.state, "closed", "and it is not waited for");
});

Deno.test("a client whose first address does not hear us is proven at the other and then served there", () => {
  const pair = new Pair();
  const raw = new RawClient(pair.server, { address: at(1, 1) });
  const hello = raw.hello();
  pair.server.handleDatagram(hello.slice(), at(2, 2), 0);
  pair.server.handleDatagram(hello.slice(), raw.address, 0);
  const [, answer] = transmitted(pair.server);
  raw.initiator.handleDatagram(answer!.bytes, SERVER_ADDRESS, 0);
  raw.sendFrames(PING);
  const challenges = transmitted(pair.server).filter(({ to }) => to.port === 1);
  const frames = challenges.map(({ bytes }) => raw.open(bytes)!).find((each) => each[0] === 0x04);
  assert.ok(frames, "the address that the packet came from is challenged");
  raw.sendFrames([0x05, ...frames.subarray(1, 9)]);
  const [entry] = [...pair.server.sessions()];
  assert.deepEqual(entry!.address, raw.address);
  assert.equal(entry!.session.connection!.path.isProven, true);
});

Deno.test("who fell silent keeps his place until somebody enters who needs it", () => {
  const pair = new Pair({ server: { limits: { sessions: 2 } } });
  const first = pair.connect({}, at(1, 1));
  const second = pair.connect({}, at(2, 2));
  const [early, late] = [pair.peerOf(second), pair.peerOf(first)];
  pair.clients.length = 0;
  // The second falls silent before the first.
  pair.advance(500, () => pair.drop());
  pair.server.handleDatagram(new Uint8Array([0x28, ...new Uint8Array(30)]), at(1, 1), pair.nowMs);
  pair.clients.push(first);
  first.send("reliable-ordered", Uint8Array.of(1));
  first.session.flush();
  pair.settle();
  pair.clients.length = 0;
  pair.advance(11_000, () => pair.drop());
  assert.deepEqual([early.session.state, late.session.state], ["detached", "detached"]);
  // A HELLO alone takes nobody's place: anybody can send one.
  const curious = new RawClient(pair.server, { seed: 3, address: at(3, 3) }, pair.nowMs);
  assert.equal(curious.shakeHands(pair.nowMs)?.result, "accepted");
  assert.deepEqual([early.session.state, late.session.state], ["detached", "detached"]);
  curious.sendFrames(PING, pair.nowMs);
  assert.deepEqual([early.session.state, late.session.state], ["closed", "detached"]);
});

Deno.test("a full server of silent players still lets no more in than fit", () => {
  const pair = new Pair({ server: { limits: { sessions: 2 } } });
  pair.connect({}, at(1, 1));
  pair.connect({}, at(2, 2));
  pair.clients.length = 0;
  pair.advance(10_500, () => pair.drop());
  const raws = [3, 4, 5].map((seed) =>
    new RawClient(pair.server, { seed, address: at(seed, seed) }, pair.nowMs)
  );
  const results = raws.map((raw) => raw.shakeHands(pair.nowMs)?.result);
  assert.deepEqual(results, ["accepted", "accepted", "refused"]);
  for (const raw of raws.slice(0, 2)) raw.sendFrames(PING, pair.nowMs);
  assert.equal(pair.server.info().players, 2);
});

Deno.test("a session that repeats its last CLOSE holds no place", () => {
  const pair = new Pair({ server: { limits: { sessions: 1, sessionsPerAddress: 1 } } });
  pair.connect({}, at(1, 1));
  const { entry } = pair.peer;
  pair.server.close(entry, CloseCode.kicked, "out", pair.nowMs);
  assert.equal(entry.session.state, "closing");
  pair.clients.length = 0;
  assert.deepEqual(pair.connect({}, at(1, 7)).kinds, ["connected"]);
});

Deno.test("after the server closed nobody enters, not even who was accepted before, and is told at once", () => {
  const pair = new Pair();
  const raw = new RawClient(pair.server);
  const { payload } = raw.accepted();
  pair.server.closeAll(CloseCode.shutdown, "", 0);
  raw.sendFrames(PING);
  assert.equal(pair.server.size, 0);
  const [reset] = transmitted(pair.server);
  assert.deepEqual(reset!.bytes.slice(5), payload.resetToken);
});

Deno.test("the game decides about everybody who comes, once, with what they brought", () => {
  const pair = new Pair({ server: { authorizes: true } });
  const client = pair.addClient({ auth: Uint8Array.of(1, 2, 3) });
  pair.advance(300);
  const request = pair.server.pollAuthorization()!;
  assert.equal(pair.server.pollAuthorization(), undefined, "repeated HELLOs are one player");
  assert.deepEqual(request.auth, Uint8Array.of(1, 2, 3));
  assert.deepEqual(request.address, client.address);
  pair.server.authorize(request.handshake, { userId: "bob" }, pair.nowMs);
  pair.settle();
  assert.deepEqual(client.kinds, ["connected"]);
  assert.equal(pair.peer.entry.identity.userId, "bob");
});

Deno.test("a refusal of the game reaches the player with its reason", () => {
  const pair = new Pair({ server: { authorizes: true } });
  const client = pair.addClient();
  pair.advance(1);
  const { handshake } = pair.server.pollAuthorization()!;
  const refused = { status: "banned", reason: "bad manners", retryAfterMs: 60_000 } as const;
  pair.server.authorize(handshake, { refused }, pair.nowMs);
  pair.server.authorize(handshake, {}, pair.nowMs);
  pair.settle();
  assert.deepEqual(client.events, [{ kind: "refused", ...refused }]);
  assert.equal(pair.server.size, 0);
});

Deno.test("a client of another protocol is refused with the version that is spoken here", () => {
  const pair = new Pair();
  const raw = new RawClient(pair.server, { hello: { protocolId: new Uint8Array(8) } });
  const outcome = raw.shakeHands();
  assert.ok(outcome?.result === "refused");
  assert.equal(outcome.payload.status, "schema");
  assert.match(outcome.payload.reason, /probe version 1/);
});

Deno.test("players behind one NAT address are told apart by their ports and connection ids", () => {
  const pair = new Pair();
  const clients = [1, 2, 3].map((port) => pair.connect({}, at(1, 4_000 + port)));
  for (const [i, client] of clients.entries()) {
    pair.sendFromClient(client, "reliable-ordered", Uint8Array.of(i));
  }
  pair.settle();
  for (const [i, client] of clients.entries()) {
    assert.deepEqual(pair.peerOf(client).firstBytes("reliable-ordered"), [i]);
  }
  // The NAT gives the port of the first to the second: packets say whose they are.
  clients[0]!.address = at(1, 5_000);
  clients[1]!.address = at(1, 4_001);
  for (const [i, client] of clients.entries()) {
    pair.sendFromClient(client, "reliable-ordered", Uint8Array.of(10 + i));
  }
  pair.advance(500);
  assert.deepEqual([...pair.peers.values()].map((peer) => peer.firstBytes("reliable-ordered")), [
    [0, 10],
    [1, 11],
    [2, 12],
  ]);
});
