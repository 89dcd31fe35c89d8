import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import { CookieJar } from "../../protocol/cookie.ts";
import { noiseResponder } from "../../protocol/crypto/noise.ts";
import {
  acceptPrologue,
  buildAccept,
  buildRetry,
  buildVersion,
  MAX_ACCEPT_BYTES,
  parseHello,
} from "../../protocol/handshake_packets.ts";
import { PacketType } from "../../protocol/packet.ts";
import { REQUEST_TIMEOUT_MS } from "../../protocol/resend_schedule.ts";
import { sealConnectTicket } from "../../protocol/ticket_office.ts";
import { dropsOf } from "../fixtures/drops.ts";
import { CRYPTO, Pair, SERVER_ADDRESS } from "../fixtures/pair.ts";
import { PING } from "../fixtures/raw_frames.ts";
import { RawClient, transmitted } from "../fixtures/raw_client.ts";
import { keyOf, randomFill } from "../fixtures/seeded.ts";

const ELSEWHERE: Address = { hostname: "203.0.113.50", port: 5_050 };

Deno.test("one round trip connects: HELLO, ACCEPT, and the first DATA packet", () => {
  const pair = new Pair();
  const client = pair.addClient();
  const types: number[][] = [];
  for (let round = 0; round < 3; round++) {
    client.endpoint.handleTimeout(0);
    const datagrams = pair.drop();
    types.push(datagrams.map(({ bytes }) => bytes[0]!));
    for (const datagram of datagrams) pair.deliver(datagram);
  }
  assert.deepEqual(types[0], [PacketType.hello]);
  assert.deepEqual(types[1], [PacketType.accept]);
  assert.equal(types[2]?.length, 1);
  pair.collect();
  assert.deepEqual([client.kinds, pair.peer.kinds], [["connected"], ["connected"]]);
});

Deno.test("HELLO has 1,200 bytes, ACCEPT no more than 240, RETRY 26: nobody is amplified", () => {
  const { server } = new Pair({ server: { limits: { directHalfOpen: 1 } } });
  const [first, second] = [1, 2].map((seed) => new RawClient(server, { seed }));
  const hello = first!.hello();
  assert.equal(hello.byteLength, 1_200);
  first!.send(hello);
  const [accept] = transmitted(server);
  assert.ok(accept!.bytes.byteLength <= MAX_ACCEPT_BYTES, `${accept!.bytes.byteLength}`);
  second!.send(second!.hello());
  assert.equal(transmitted(server)[0]!.bytes.byteLength, 26);
});

Deno.test("a repeated HELLO gets the very same ACCEPT and costs no second handshake", () => {
  const { server } = new Pair();
  const raw = new RawClient(server);
  const hello = raw.hello();
  raw.send(hello);
  const [first] = transmitted(server);
  for (let i = 0; i < 5; i++) raw.send(hello);
  const answers = transmitted(server);
  assert.equal(answers.length, 5);
  for (const { bytes } of answers) assert.deepEqual(bytes, first!.bytes);
  assert.equal(server.halfOpen, 1);
});

Deno.test("a HELLO repeated after the session began gets the same ACCEPT and no second session", () => {
  const pair = new Pair();
  const raw = new RawClient(pair.server);
  const hello = raw.hello();
  raw.send(hello);
  const [accept] = transmitted(pair.server);
  raw.initiator.handleDatagram(accept!.bytes, SERVER_ADDRESS, 0);
  raw.sendFrames(PING);
  raw.send(hello);
  const answer = transmitted(pair.server).find(({ bytes }) => bytes[0] === PacketType.accept);
  assert.deepEqual(answer?.bytes, accept!.bytes);
  assert.equal(pair.server.size, 1);
  assert.equal(pair.server.halfOpen, 0);
});

Deno.test("a recorded ACCEPT of another handshake is refused, of the same server and the same client", () => {
  const { server } = new Pair();
  const recorded = new RawClient(server, { seed: 1 });
  recorded.send(recorded.hello());
  const [accept] = transmitted(server);
  const victim = new RawClient(server, { seed: 2 });
  victim.hello();
  victim.initiator.handleDatagram(accept!.bytes, SERVER_ADDRESS, 0);
  assert.equal(victim.initiator.outcome, undefined);
  // Also when whoever repeats it corrects the id that answers carry in the clear.
  const patched = accept!.bytes.slice();
  const victimHello = new RawClient(server, { seed: 2 }).hello();
  patched.set(victimHello.subarray(11, 15), 2);
  victim.initiator.handleDatagram(patched, SERVER_ADDRESS, 0);
  assert.equal(victim.initiator.outcome, undefined);
  assert.equal(victim.accepted(200).result, "accepted", "the true answer is still welcome");
});

Deno.test("a spoofed RETRY costs one HELLO and does not end the attempt", () => {
  const pair = new Pair();
  const client = pair.addClient();
  client.endpoint.handleTimeout(0);
  const [hello] = pair.drop();
  const clientId = new DataView(hello!.bytes.buffer).getUint32(11, true);
  const spoof = buildRetry(clientId, new Uint8Array(20).fill(9));
  client.endpoint.handleDatagram(spoof, ELSEWHERE, 0);
  assert.deepEqual(pair.drop(), [], "not from where the HELLO went");
  client.endpoint.handleDatagram(spoof, SERVER_ADDRESS, 0);
  client.endpoint.handleDatagram(spoof, SERVER_ADDRESS, 0);
  const repeated = pair.drop();
  assert.equal(repeated.length, 1, "one HELLO per cookie");
  pair.deliver(repeated[0]!);
  pair.settle();
  assert.deepEqual(client.kinds, ["connected"], "the server asks for a good cookie and gets it");
});

Deno.test("a spoofed VERSION or RESET does not end the attempt", () => {
  const pair = new Pair();
  const client = pair.addClient();
  client.endpoint.handleTimeout(0);
  const [hello] = pair.drop();
  const clientId = new DataView(hello!.bytes.buffer).getUint32(11, true);
  const version = buildVersion(clientId);
  version[6] = 99;
  client.endpoint.handleDatagram(version, SERVER_ADDRESS, 0);
  client.endpoint.handleDatagram(new Uint8Array(21).fill(0x44), SERVER_ADDRESS, 0);
  pair.deliver(hello!);
  pair.settle();
  assert.deepEqual(client.kinds, ["connected"]);
});

Deno.test("a server of another wire version is named when the time is over, and not before", () => {
  const pair = new Pair();
  const client = pair.addClient();
  client.endpoint.handleTimeout(0);
  const [hello] = pair.drop();
  const version = buildVersion(new DataView(hello!.bytes.buffer).getUint32(11, true));
  version[6] = 7;
  client.endpoint.handleDatagram(version, SERVER_ADDRESS, 0);
  pair.advance(REQUEST_TIMEOUT_MS - 1, () => pair.drop());
  assert.deepEqual(client.events, []);
  pair.advance(2, () => pair.drop());
  assert.deepEqual(client.events, [{ kind: "unreachable", serverVersions: Uint8Array.of(7) }]);
});

Deno.test("an attempt that times out while the driver only asks for datagrams is told all the same", () => {
  const pair = new Pair();
  const client = pair.addClient();
  const into = new Uint8Array(1_452);
  client.endpoint.pollTransmit(into, 0);
  // No handleTimeout between: the driver was woken for something else, and asks once.
  client.endpoint.pollTransmit(into, REQUEST_TIMEOUT_MS);
  assert.equal(client.endpoint.deadlineMs(REQUEST_TIMEOUT_MS), Infinity);
  assert.equal(client.endpoint.pollEvent(REQUEST_TIMEOUT_MS)?.kind, "unreachable");
});

Deno.test("an authentic ACCEPT that does not decode ends the attempt as a refusal and throws nothing", () => {
  const secret = keyOf("server of another make");
  const pair = new Pair();
  const client = pair.addClient({ serverKey: CRYPTO.x25519PublicKey(secret) });
  client.endpoint.handleTimeout(0);
  const [hello] = pair.drop();
  const noise = noiseResponder(CRYPTO, {
    pattern: "NK",
    prologue: hello!.bytes.slice(0, 15),
    staticSecret: secret,
    staticPublic: CRYPTO.x25519PublicKey(secret),
    ephemeralSecret: keyOf("ephemeral"),
  });
  const { noise: message1, clientConnectionId } = parseHello(hello!.bytes)!;
  assert.ok(noise.readMessage1(message1));
  const prologue = acceptPrologue(clientConnectionId);
  noise.mixHash(prologue);
  const accept = buildAccept(prologue, noise.writeMessage2(new Uint8Array(40).fill(0xff)));
  client.endpoint.handleDatagram(accept, SERVER_ADDRESS, 0);
  client.endpoint.handleDatagram(accept, SERVER_ADDRESS, 0);
  pair.collect();
  assert.deepEqual(client.events, [{
    kind: "refused",
    status: "version",
    reason: "the server's answer is not understood",
    retryAfterMs: 0,
  }]);
  assert.equal(client.endpoint.drops.unexpectedReply, 1, "the second one comes too late");
});

Deno.test("cookies are asked for above 64 half-open handshakes, and then no state is kept without one", () => {
  const { server } = new Pair();
  for (let seed = 0; seed < 64; seed++) {
    const address = { hostname: `203.0.113.${seed}`, port: 1 };
    new RawClient(server, { seed, address }).accepted();
  }
  assert.equal(server.halfOpen, 64);
  for (let seed = 100; seed < 200; seed++) {
    new RawClient(server, { seed, address: { hostname: `192.0.2.${seed}`, port: 2 } }).shakeHands();
  }
  assert.equal(server.halfOpen, 64);
  assert.deepEqual(dropsOf(server.drops), { helloCookie: 100 });
  const patient = new RawClient(server, { seed: 1_000 });
  assert.equal(patient.shakeHands(), undefined);
  assert.equal(patient.shakeHands()?.result, "accepted");
});

Deno.test("a cookie of another client, address or server is answered by a new one", () => {
  const { server } = new Pair({ server: { limits: { directHellosPerSecond: 0 } } });
  const raw = new RawClient(server);
  const hello = raw.hello();
  const forged = hello.slice();
  const jar = new CookieJar(CRYPTO, randomFill("another server"), 0);
  forged.set(jar.issue(raw.address, hello.subarray(37, 69), hello.subarray(3, 11), 0), 15);
  raw.send(forged);
  const [retry] = transmitted(server);
  assert.equal(retry!.bytes[0], PacketType.retry);
  raw.initiator.handleDatagram(retry!.bytes, SERVER_ADDRESS, 0);
  const withCookie = raw.hello();
  server.handleDatagram(withCookie, ELSEWHERE, 0);
  assert.equal(transmitted(server)[0]!.bytes[0], PacketType.retry, "from another address");
  raw.send(withCookie);
  assert.equal(transmitted(server)[0]!.bytes[0], PacketType.accept);
});

Deno.test("no bit of HELLO may change on the way but in the cookie and the padding", () => {
  const reference = new RawClient(new Pair().server).hello();
  const noiseBytes = new DataView(reference.buffer).getUint16(35, true);
  for (let at = 0; at < 37 + noiseBytes; at++) {
    if (at >= 15 && at < 35) continue;
    const { server } = new Pair();
    const raw = new RawClient(server);
    const hello = raw.hello();
    hello[at]! ^= 0x01;
    raw.send(hello);
    for (const { bytes } of transmitted(server)) {
      raw.initiator.handleDatagram(bytes, SERVER_ADDRESS, 0);
    }
    assert.equal(raw.initiator.outcome, undefined, `byte ${at}`);
  }
});

Deno.test("no bit of ACCEPT may change on the way", () => {
  const { server } = new Pair();
  const raw = new RawClient(server);
  raw.send(raw.hello());
  const [accept] = transmitted(server);
  for (let at = 0; at < accept!.bytes.byteLength; at++) {
    const changed = accept!.bytes.slice();
    changed[at]! ^= 0x01;
    raw.initiator.handleDatagram(changed, SERVER_ADDRESS, 0);
    assert.equal(raw.initiator.outcome, undefined, `byte ${at}`);
  }
  raw.initiator.handleDatagram(accept!.bytes, SERVER_ADDRESS, 0);
  assert.equal(raw.initiator.outcome?.result, "accepted");
});

Deno.test("HELLO goes to the first address at once and to one more with each repeat; the first answer wins", () => {
  const pair = new Pair();
  const dead = { hostname: "192.0.2.200", port: 1 };
  const client = pair.addClient({ addresses: [dead, SERVER_ADDRESS] });
  client.endpoint.handleTimeout(0);
  assert.deepEqual(pair.drop().map(({ to }) => to), [dead]);
  pair.advance(200);
  assert.deepEqual(client.kinds, ["connected"]);
  assert.deepEqual(client.endpoint.address, SERVER_ADDRESS);
});

Deno.test("a ticket that does not fit beside the auth payload is the caller's mistake", () => {
  const pair = new Pair();
  const auth = new Uint8Array(512);
  const ticket = { sealed: new Uint8Array(512), psk: keyOf("psk") };
  assert.doesNotThrow(() => pair.addClient({ auth, ticket }), "512 bytes of each fit");
  assert.throws(() => pair.addClient({ auth: new Uint8Array(513) }), RangeError);
  assert.throws(() => pair.addClient({ addresses: [] }), RangeError);
});

Deno.test("a connect ticket tells who comes, and its key keeps whoever saw it from using it", () => {
  const shared = keyOf("shared");
  const pair = new Pair({ server: { ticketKeys: [shared], requireTicket: true } });
  const psk = keyOf("psk");
  const sealed = sealConnectTicket(CRYPTO, shared, keyOf("n").slice(0, 12), {
    id: keyOf("id").slice(0, 16),
    serverKeyPrefix: pair.server.staticPublic.slice(0, 8),
    expiresAtMs: 1_700_000_060_000,
    psk,
    userId: "ann",
    userData: Uint8Array.of(4, 2),
  });
  const thief = new RawClient(pair.server, {
    hello: { ticket: sealed },
    attempt: { psk: keyOf("guess") },
  });
  assert.equal(thief.shakeHands(), undefined);
  const client = pair.connect({ ticket: { sealed, psk } });
  assert.deepEqual(pair.peer.entry.identity, { userId: "ann", userData: Uint8Array.of(4, 2) });
  const again = pair.addClient({ ticket: { sealed, psk } });
  pair.advance(10);
  assert.deepEqual(again.events, [
    { kind: "refused", status: "auth", reason: "the ticket was used before", retryAfterMs: 0 },
  ]);
  assert.equal(client.session.state, "open");
});

Deno.test("of two handshakes with one ticket only the first to be confirmed enters, and the other is told at once", () => {
  const shared = keyOf("shared");
  const pair = new Pair({ server: { ticketKeys: [shared] } });
  const psk = keyOf("psk");
  const ticket = sealConnectTicket(CRYPTO, shared, keyOf("n").slice(0, 12), {
    id: keyOf("id").slice(0, 16),
    serverKeyPrefix: pair.server.staticPublic.slice(0, 8),
    expiresAtMs: 1_700_000_060_000,
    psk,
    userId: "",
    userData: new Uint8Array(0),
  });
  const [first, second] = [1, 2].map((seed) =>
    new RawClient(pair.server, { seed, hello: { ticket }, attempt: { psk } })
  );
  const { payload } = second!.accepted();
  first!.accepted();
  first!.sendFrames(PING);
  transmitted(pair.server);
  second!.sendFrames(PING);
  assert.equal(pair.server.size, 1);
  const [reset] = transmitted(pair.server);
  assert.equal(reset!.bytes[0], PacketType.reset);
  assert.deepEqual(reset!.bytes.slice(5), payload.resetToken, "proven, so that it is believed");
  assert.deepEqual(dropsOf(pair.server.drops), { ticketRefused: 1 });
});
