import assert from "node:assert/strict";
import { DropCounters } from "../../protocol/counters.ts";
import {
  buildQuery,
  buildReset,
  buildRetry,
  HELLO_BYTES,
  writeHelloBody,
  writeHelloPrologue,
} from "../../protocol/handshake_packets.ts";
import { TypedSession } from "../../protocol/typed_session.ts";
import { message as declare, protocol, t } from "../../schema/mod.ts";
import { assertDrops } from "../fixtures/drops.ts";
import { CRYPTO, Pair, type PairClient, SERVER_ADDRESS } from "../fixtures/pair.ts";
import { RawClient, transmitted } from "../fixtures/raw_client.ts";
import {
  ack,
  bytesOf,
  credit,
  fragment,
  message,
  pathResponse,
  PING,
} from "../fixtures/raw_frames.ts";
import { RawServer } from "../fixtures/raw_server.ts";
import { keyOf } from "../fixtures/seeded.ts";
import { sealConnectTicket } from "../../protocol/ticket_office.ts";

/** Provokes one refusal, by a datagram or packet, and checks that exactly its counter moves. */
type Provocation = () => void;

const CLIENT_ADDRESS = { hostname: "198.51.100.1", port: 4_001 };

/** A server with one confirmed raw client. */
function connected(options: ConstructorParameters<typeof Pair>[0] = {}): {
  pair: Pair;
  raw: RawClient;
  drops: DropCounters;
} {
  const pair = new Pair(options);
  const raw = new RawClient(pair.server);
  raw.connect();
  return { pair, raw, drops: pair.server.drops };
}

/** Bytes of a datagram from nowhere in particular. */
function serverRefuses(name: keyof DropCounters, bytes: ArrayLike<number>): void {
  const { server } = new Pair();
  assertDrops(server.drops, { [name]: 1 }, () => {
    server.handleDatagram(Uint8Array.from(bytes), CLIENT_ADDRESS, 0);
  });
}

/** Frames of an authentic packet. */
function serverRefusesFrames(name: keyof DropCounters, frames: ArrayLike<number>): void {
  const { raw, drops } = connected();
  assertDrops(drops, { [name]: 1 }, () => raw.sendFrames(frames));
}

/** A client that waits for an answer to its HELLO, and a server of our own. */
function attempting(): { client: PairClient; raw: RawServer; hello: Uint8Array } {
  const raw = new RawServer();
  const pair = new Pair();
  const client = pair.addClient({ serverKey: raw.publicKey });
  client.endpoint.handleTimeout(0);
  const [datagram] = pair.drop();
  return { client, raw, hello: datagram!.bytes };
}

function clientRefuses(name: keyof DropCounters, client: PairClient, bytes: Uint8Array): void {
  assertDrops(client.endpoint.drops, { [name]: 1 }, () => {
    client.endpoint.handleDatagram(bytes, SERVER_ADDRESS, 0);
  });
}

/** HELLOs that are well formed and not ours to read. */
function strangeHello(seed: number, cookie = new Uint8Array(20)): Uint8Array {
  const bytes = new Uint8Array(HELLO_BYTES);
  writeHelloPrologue(bytes, 0, keyOf("app").slice(0, 8), seed);
  writeHelloBody(bytes, cookie, new Uint8Array([...keyOf(`hello ${seed}`), ...bytesOf(100)]));
  return bytes;
}

/** A client whose every message is typed, and a server that knows the types. */
function typed(): { server: TypedSession; send: (bytes: number[]) => void; drops: DropCounters } {
  const Typed = protocol("typed", { version: 1 }, {
    Chat: declare({ n: t.int(0, 9) }, {
      from: "client",
      delivery: "reliable-ordered",
      rate: { perSecond: 1, burst: 1 },
    }),
    Order: declare({ n: t.int(0, 9) }, { from: "server", delivery: "reliable-ordered" }),
  });
  const pair = new Pair({ server: { protocol: Typed } });
  const client = pair.connect({ protocol: Typed });
  const { peer } = pair;
  const server = new TypedSession(peer.session, Typed.tables[0]!, "client", pair.server.drops);
  peer.isPaused = true;
  const send = (bytes: number[]): void => {
    const buffer = client.session.prepare(bytes.length);
    buffer.bytes.set(bytes);
    buffer.sizeBytes = bytes.length;
    client.session.send(0, buffer, undefined, pair.nowMs);
    client.session.flush();
    pair.settle();
  };
  return { server, send, drops: pair.server.drops };
}

const PROVOCATIONS: Readonly<Record<keyof DropCounters, Provocation>> = {
  emptyDatagram: () => {
    serverRefuses("emptyDatagram", []);
    clientRefuses("emptyDatagram", attempting().client, new Uint8Array(0));
  },
  unknownType: () => {
    for (const first of [0x00, 0x10, 0x41, 0x42, 0x44, 0x4f, 0x60, 0x90, 0xdc, 0xe0, 0xff]) {
      serverRefuses("unknownType", [first, ...bytesOf(40)]);
    }
    clientRefuses("unknownType", attempting().client, Uint8Array.of(0x90, 1, 2));
  },
  dataTooShort: () => {
    const { raw, drops } = connected();
    const short = raw.packet(PING).slice(0, 18);
    assertDrops(drops, { dataTooShort: 1 }, () => raw.send(short));
  },
  dataBadHeader: () => {
    const { raw, drops } = connected();
    const packet = raw.packet(PING);
    const reserved = Uint8Array.from(packet, (byte, i) => i === 0 ? byte | 1 : byte);
    assertDrops(drops, { dataBadHeader: 1 }, () => raw.send(reserved));
    const anonymous = Uint8Array.from(packet, (byte, i) => i === 0 ? byte & ~8 : byte);
    assertDrops(drops, { dataBadHeader: 1 }, () => raw.send(anonymous));
    assertDrops(drops, { dataBadHeader: 1 }, () => raw.send(packet.slice(0, 4)));
  },
  unknownConnection: () => {
    serverRefuses("unknownConnection", [0x28, 1, 2, 3, 4, ...bytesOf(30)]);
    clientRefuses("unknownConnection", attempting().client, Uint8Array.of(0x20, ...bytesOf(30)));
  },
  replayed: () => {
    const { raw, drops } = connected();
    const packet = raw.packet(PING);
    raw.send(packet);
    assertDrops(drops, { replayed: 1 }, () => raw.send(packet));
  },
  tooOld: () => {
    const { raw, drops } = connected();
    const old = raw.packet(PING, 50);
    raw.send(raw.packet(PING, 50 + 1_024));
    assertDrops(drops, { tooOld: 1 }, () => raw.send(old));
  },
  forged: () => {
    const { raw, drops } = connected();
    const packet = raw.packet(PING);
    packet[packet.length - 1]! ^= 1;
    assertDrops(drops, { forged: 1 }, () => raw.send(packet));
  },
  rateLimited: () => {
    const { raw, drops } = connected({ server: { sessionLimits: { packetsPerSecond: 10 } } });
    for (let i = 0; i < 9; i++) raw.sendFrames(PING);
    assertDrops(drops, { rateLimited: 1 }, () => raw.sendFrames(PING));
  },
  malformedFrames: () => serverRefusesFrames("malformedFrames", [0x3f]),
  badAck: () => {
    serverRefusesFrames("badAck", ack(5));
    serverRefusesFrames("badAck", ack(0, 200));
  },
  channelViolation: () => {
    serverRefusesFrames("channelViolation", message("reliable-ordered", 512, [1]));
    serverRefusesFrames("channelViolation", message("sequenced", 40_000, [1]));
    serverRefusesFrames("channelViolation", credit(5, 1));
    serverRefusesFrames("channelViolation", credit(63, 1));
    serverRefusesFrames("channelViolation", fragment("input", 0, [1, 2], [1]));
    serverRefusesFrames("channelViolation", fragment("reliable-ordered", 0, [4_000, 4_001], [1]));
  },
  receiveQueueFull: () => {
    const { raw, drops } = connected({ server: { sessionLimits: { receiveQueueMessages: 2 } } });
    raw.sendFrames([
      ...message("reliable-ordered", 0, [1]),
      ...message("reliable-ordered", 1, [1]),
    ]);
    assertDrops(drops, { receiveQueueFull: 1 }, () => {
      raw.sendFrames(message("reliable-ordered", 2, [1]));
    });
  },
  receiveQueueDropped: () => {
    const { raw, drops } = connected({ server: { sessionLimits: { receiveQueueMessages: 2 } } });
    raw.sendFrames([...message("unreliable", 0, [1]), ...message("unreliable", 0, [1])]);
    assertDrops(drops, { receiveQueueDropped: 1 }, () => {
      raw.sendFrames(message("unreliable", 0, [1]));
    });
  },
  reassemblyFull: () => {
    const { raw, drops } = connected({ server: { sessionLimits: { reassemblyContexts: 20 } } });
    const part = bytesOf(256);
    for (let i = 0; i < 20; i++) raw.sendFrames(fragment("reliable-ordered", i, [0, 2], part));
    assertDrops(drops, { reassemblyFull: 1 }, () => {
      raw.sendFrames(fragment("reliable-ordered", 20, [0, 2], part));
    });
  },
  helloMalformed: () => {
    serverRefuses("helloMalformed", strangeHello(1).slice(0, 1_199));
    serverRefuses("helloMalformed", strangeHello(1).map((byte, i) => i === 2 ? 9 : byte));
  },
  helloVersion: () => serverRefuses("helloVersion", strangeHello(1).map((b, i) => i === 1 ? 2 : b)),
  helloCookie: () => serverRefuses("helloCookie", strangeHello(1, new Uint8Array(20).fill(1))),
  helloBlocked: () => {
    const { server } = new Pair();
    server.block("198.51.100.0/24", 1_000, 0);
    const from = CLIENT_ADDRESS;
    for (
      const bytes of [
        strangeHello(1),
        buildQuery(0, new Uint8Array(8)),
        Uint8Array.of(0x28, ...bytesOf(40)),
      ]
    ) {
      assertDrops(server.drops, { helloBlocked: 1 }, () => server.handleDatagram(bytes, from, 0));
    }
    assert.deepEqual(transmitted(server), [], "a blocked address gets no answer at all");
    assertDrops(server.drops, { helloUndecipherable: 1 }, () => {
      server.handleDatagram(strangeHello(1), from, 1_000);
    });
  },
  helloRateLimited: () => {
    const { server } = new Pair({ server: { limits: { hellosPerSecondPerAddress: 2 } } });
    for (let i = 0; i < 2; i++) server.handleDatagram(strangeHello(i), CLIENT_ADDRESS, 0);
    assertDrops(server.drops, { helloRateLimited: 1 }, () => {
      server.handleDatagram(strangeHello(2), CLIENT_ADDRESS, 0);
    });
  },
  helloHalfOpenFull: () => {
    const { server } = new Pair({ server: { limits: { halfOpen: 1 } } });
    new RawClient(server, { seed: 1 }).accepted();
    const second = new RawClient(server, { seed: 2 });
    assertDrops(server.drops, { helloHalfOpenFull: 1 }, () => second.shakeHands());
  },
  helloUndecipherable: () => serverRefuses("helloUndecipherable", strangeHello(1)),
  helloWhileClosed: () => {
    const draining = new Pair();
    draining.server.isDraining = true;
    const raw = new RawClient(draining.server);
    assertDrops(draining.server.drops, { helloWhileClosed: 1 }, () => raw.shakeHands());
    const closed = new Pair();
    closed.server.closeAll(0, "", 0);
    assertDrops(closed.server.drops, { helloWhileClosed: 1 }, () => {
      closed.server.handleDatagram(strangeHello(1), CLIENT_ADDRESS, 0);
    });
  },
  handshakeExpired: () => {
    const { server } = new Pair();
    new RawClient(server).accepted();
    assertDrops(server.drops, { handshakeExpired: 1 }, () => server.handleTimeout(6_000));
    assert.equal(server.halfOpen, 0);
  },
  ticketRefused: () => {
    const { server } = new Pair({ server: { requireTicket: true, ticketKeys: [keyOf("shared")] } });
    assertDrops(server.drops, { ticketRefused: 1 }, () => new RawClient(server).shakeHands());
    const psk = keyOf("psk");
    const expired = sealConnectTicket(CRYPTO, keyOf("shared"), keyOf("n").slice(0, 12), {
      id: keyOf("id").slice(0, 16),
      serverKeyPrefix: server.staticPublic.slice(0, 8),
      expiresAtMs: 1,
      psk,
      userId: "",
      userData: new Uint8Array(0),
    });
    const late = new RawClient(server, { hello: { ticket: expired }, attempt: { psk }, seed: 2 });
    assertDrops(server.drops, { ticketRefused: 1 }, () => late.shakeHands());
    const noise = new RawClient(server, {
      hello: { ticket: keyOf("noise") },
      attempt: { psk },
      seed: 3,
    });
    assertDrops(server.drops, { ticketRefused: 1 }, () => noise.shakeHands());
  },
  resumeRefused: () => {
    const { server } = new Pair();
    const raw = new RawClient(server, { hello: { resumeTicket: new Uint8Array(60) } });
    assertDrops(server.drops, { resumeRefused: 1 }, () => raw.shakeHands());
  },
  queryMalformed: () => {
    serverRefuses("queryMalformed", buildQuery(0, new Uint8Array(8)).slice(0, 1_199));
    serverRefuses("queryMalformed", buildQuery(2, new Uint8Array(8)));
  },
  queryRateLimited: () => {
    const { server } = new Pair({ server: { limits: { queriesPerSecondPerAddress: 1 } } });
    const query = buildQuery(0, new Uint8Array(8));
    server.handleDatagram(query, CLIENT_ADDRESS, 0);
    assertDrops(server.drops, { queryRateLimited: 1 }, () => {
      server.handleDatagram(query, CLIENT_ADDRESS, 0);
    });
  },
  resetRateLimited: () => {
    const { server } = new Pair({ server: { limits: { resetsPerSecondPerAddress: 1 } } });
    const stray = Uint8Array.of(0x28, ...bytesOf(40));
    server.handleDatagram(stray.slice(), CLIENT_ADDRESS, 0);
    assertDrops(server.drops, { unknownConnection: 1, resetRateLimited: 1 }, () => {
      server.handleDatagram(stray.slice(), CLIENT_ADDRESS, 0);
    });
  },
  resetForged: () => {
    const { client } = attempting();
    clientRefuses("resetForged", client, buildReset(new Uint8Array(4), new Uint8Array(16)));
    const pair = new Pair();
    const connectedClient = pair.connect();
    clientRefuses(
      "resetForged",
      connectedClient,
      buildReset(new Uint8Array(4), new Uint8Array(16)),
    );
    clientRefuses("resetForged", connectedClient, Uint8Array.of(0x44, ...bytesOf(10)));
  },
  unexpectedReply: () => {
    const { client } = attempting();
    clientRefuses("unexpectedReply", client, buildRetry(1, new Uint8Array(20)));
    clientRefuses("unexpectedReply", client, Uint8Array.of(0x42, 1, ...bytesOf(100)));
    clientRefuses("unexpectedReply", client, Uint8Array.of(0x43, 0, 0, 0, 0, 1, 1));
    clientRefuses("unexpectedReply", client, Uint8Array.of(0x49, ...bytesOf(30)));
    clientRefuses("unexpectedReply", new Pair().connect(), buildRetry(1, new Uint8Array(20)));
  },
  acceptForged: () => {
    const { client, raw, hello } = attempting();
    const accept = raw.answerTo(hello, CLIENT_ADDRESS);
    const forged = accept.slice();
    forged[forged.length - 1]! ^= 1;
    clientRefuses("acceptForged", client, forged);
    client.endpoint.handleDatagram(accept, SERVER_ADDRESS, 0);
    assert.ok(client.endpoint.session, "the true one is still welcome");
  },
  pathMismatch: () => serverRefusesFrames("pathMismatch", pathResponse(bytesOf(8))),
  messageRefused: () => {
    const { server, send, drops } = typed();
    send([0, 0xff]);
    assertDrops(drops, { messageRefused: 1 }, () => assert.equal(server.poll(0), false));
  },
  messageWrongDirection: () => {
    const { server, send, drops } = typed();
    send([1, 5]);
    assertDrops(drops, { messageWrongDirection: 1 }, () => assert.equal(server.poll(0), false));
  },
  messageRateLimited: () => {
    const { server, send, drops } = typed();
    send([0, 5]);
    send([0, 6]);
    assert.equal(server.poll(0), true);
    assertDrops(drops, { messageRateLimited: 1 }, () => assert.equal(server.poll(0), false));
  },
};

for (const [name, provoke] of Object.entries(PROVOCATIONS)) {
  Deno.test(`${name} counts exactly what it is named after`, provoke);
}

Deno.test("every counter there is has a test, and every test a counter", () => {
  assert.deepEqual(Object.keys(PROVOCATIONS).sort(), Object.keys(new DropCounters()).sort());
});

Deno.test("a refused packet leaves the session as it was: the next good one is taken", () => {
  const { raw, pair, drops } = connected();
  const { session } = [...pair.server.sessions()][0]!;
  for (const frames of [[0x3f], ack(9), message("reliable-ordered", 600, [1])]) {
    raw.sendFrames(frames);
  }
  assert.equal(session.counters.packetsRefused, 3);
  raw.sendFrames(message("reliable-ordered", 0, [42]));
  assert.equal(session.pollMessage()?.bytes[0], 42);
  assert.equal(drops.malformedFrames + drops.badAck + drops.channelViolation, 3);
});
