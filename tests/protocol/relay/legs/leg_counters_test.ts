import assert from "node:assert/strict";
import { RelayCloseCode } from "../../../../protocol/relay/control_frames.ts";
import { SignalBox, SignalKind } from "../../../../protocol/relay/legs/candidates.ts";
import {
  ClientLegCounters,
  LegDropCounters,
  ServerLegCounters,
} from "../../../../protocol/relay/legs/leg_counters.ts";
import { RelayFlag, RelayFrameType } from "../../../../protocol/relay/relay_frame.ts";
import { CRYPTO } from "../../../fixtures/pair.ts";
import { CLIENT, ClientLab, frameOf, RELAY, type Sent, ServerLab } from "./leg_lab.ts";

type Provoke<L> = (lab: L) => void;

/** Names of the counters that moved, besides those that say what a leg did of its own accord. */
function moved<C extends LegDropCounters>(before: C, after: C): string[] {
  const names = Object.keys(after) as (keyof C & string)[];
  return names.filter((name) => after[name] !== before[name]);
}

const { data, ping, pong, retry, renewed, signal, close, noSession, renew, pathResponse } =
  RelayFrameType;

/** A frame that changes after it was tagged. */
function changed(frame: Uint8Array, at: number, value: number): Uint8Array {
  frame[at] = value;
  return frame;
}

/** What both kinds of leg refuse, provoked in the same way. */
const BOTH: Readonly<Record<string, Provoke<ClientLab | ServerLab>>> = {
  size: (lab) => lab.take(new Uint8Array(19).fill(0xe0)),
  version: (lab) => lab.take(changed(frameOf(lab.hop, data, new Uint8Array(1)), 2, 0x40)),
  noLabel: (lab) => lab.take(changed(frameOf(lab.hop, ping, new Uint8Array(16)), 5, 0x99)),
  tag: (lab) => lab.take(changed(frameOf(lab.hop, data, new Uint8Array(9)), 25, 1)),
  replay: (lab) => {
    const frame = frameOf(lab.hop, data, new Uint8Array(1));
    lab.take(frame.slice());
    lab.take(frame);
  },
  window: (lab) => {
    const old = frameOf(lab.hop, data, new Uint8Array(1));
    for (let i = 0; i < 1_024; i++) lab.take(frameOf(lab.hop, data, new Uint8Array(1)));
    lab.take(old);
  },
  signal: (lab) => lab.take(frameOf(lab.hop, signal, new Uint8Array(40))),
};

const CLIENT_DROPS: Readonly<Record<string, Provoke<ClientLab>>> = {
  ...BOTH,
  type: (lab) => lab.take(frameOf(lab.hop, RelayFrameType.mesh)),
  source: (lab) => lab.take(frameOf(lab.hop, data, new Uint8Array(1)), CLIENT),
  unasked: (lab) => lab.take(frameOf(lab.hop, pong, new Uint8Array(12))),
  noSession: (lab) => lab.take(changed(frameOf(lab.hop, noSession), 13, 7)),
};

const SERVER_DROPS: Readonly<Record<string, Provoke<ServerLab>>> = {
  ...BOTH,
  type: (lab) => lab.take(frameOf(lab.hop, RelayFrameType.mesh)),
  source: (lab) => lab.take(lab.bindFrame(), CLIENT),
  gate: (lab) => lab.take(changed(lab.bindFrame(2n), 44 + 143, 1), CLIENT),
  sealed: (lab) => {
    // The gate's key is the same, the other one is not.
    const { serverKey } = lab.director;
    const other = { ...serverKey, aeadKey: new Uint8Array(32) };
    lab.leg.setRelayKeys([other]);
    lab.take(lab.bindFrame(2n), CLIENT);
  },
  content: (lab) => {
    const frame = lab.bindFrame(2n);
    frame[4]! ^= 1;
    lab.take(frame, CLIENT);
  },
  expired: (lab) => {
    lab.nowMs = (3_600 + 6) * 1_000;
    lab.take(lab.bindFrame(2n));
  },
  staleBind: (lab) => {
    lab.take(lab.bindFrame(9n));
    lab.take(lab.bindFrame(8n));
  },
  sessionsFull: (lab) => lab.take(lab.another(6n).bind),
  directForbidden: (lab) => lab.take(frameOf(lab.direct, data, new Uint8Array(1)), CLIENT),
  renewalRefused: (lab) => lab.take(frameOf(lab.hop, renew, new Uint8Array(60))),
  spoofedVirtual: (lab) =>
    lab.take(frameOf(lab.direct, data, new Uint8Array(1)), { hostname: "100::5", port: 1 }),
};

/** Counters of what legs do, and of what pipes refuse: other tests move them. */
const NOT_DROPS = new Set([
  ...["binds", "retries", "bounds", "rebinds", "challenges", "doubts", "falseDoubts", "failovers"],
  ...["promotions", "duplicated", "unrouted", "directPaths", "punches", "renewals", "sessions"],
  ...["sessionsExpired", "sessionsClosed", "routeSwitches", "tooLong", "directDatagram"],
]);

for (const [name, provoke] of Object.entries(CLIENT_DROPS)) {
  Deno.test(`client leg: "${name}" counts what its name says, and nothing else counts it`, () => {
    const lab = new ClientLab(name === "signal" ? "prefer" : "never");
    lab.bind();
    lab.drain(lab.leg);
    const before = { ...lab.leg.counters };
    provoke(lab);
    assert.deepEqual(moved(before, lab.leg.counters), [name]);
  });
}

for (const [name, provoke] of Object.entries(SERVER_DROPS)) {
  Deno.test(`server leg: "${name}" counts what its name says, and nothing else counts it`, () => {
    const exposure = name === "signal" ? "prefer" : "never";
    const lab = new ServerLab(exposure, { maxSessions: 1 });
    lab.bind();
    const before = { ...lab.leg.counters };
    provoke(lab);
    const names = moved(before, lab.leg.counters).filter((each) => each !== "bounds");
    assert.deepEqual(names, [name]);
  });
}

Deno.test("every reason for which a leg refuses something has a test", () => {
  const tested = (names: readonly string[]) =>
    names.filter((name) => !NOT_DROPS.has(name)).toSorted();
  // A server leg has no hints to check: what it binds outward are anchors, tested beside them.
  const ofServer = Object.keys(new ServerLegCounters()).filter((name) =>
    name !== "unasked" && name !== "noSession"
  );
  assert.deepEqual(tested(Object.keys(new ClientLegCounters())), tested(Object.keys(CLIENT_DROPS)));
  assert.deepEqual(tested(ofServer), tested(Object.keys(SERVER_DROPS)));
});

Deno.test("a client leg takes no answer to a BIND that it did not send", () => {
  const lab = new ClientLab();
  lab.bind();
  for (const type of [retry, renewed, pathResponse]) {
    const before = lab.leg.counters.unasked;
    const body = new Uint8Array(type === renewed ? 4 : type === retry ? 16 : 8);
    lab.take(frameOf(lab.hop, type, body));
    assert.equal(lab.leg.counters.unasked, before + 1);
  }
});

Deno.test("a RETRY is answered at once with its cookie, and not more than a few times", () => {
  const lab = new ClientLab();
  const binds = (sent: readonly Sent[]) =>
    sent.filter(({ type }) => type === RelayFrameType.bind).length;
  assert.equal(binds(lab.drain(lab.leg)), 1);
  let answered = 0;
  for (let i = 1; i <= 10; i++) {
    lab.take(frameOf(lab.hop, retry, new Uint8Array(16).fill(i)));
    answered += binds(lab.drain(lab.leg));
  }
  assert.equal(answered, 3);
});

Deno.test("a server leg answers strangers nothing, and known relays never with more than they sent", () => {
  const lab = new ServerLab("prefer");
  lab.bind();
  const bytes = (sent: readonly Sent[]) =>
    sent.reduce((sum, frame) => sum + frame.bytes.byteLength, 0);
  const types = Object.values(RelayFrameType);
  for (const type of types) {
    for (const [link, from] of [[lab.hop, RELAY], [lab.direct, CLIENT]] as const) {
      if (type === close) continue;
      const body = new Uint8Array(type === data ? 100 : type === ping ? 16 : 8);
      const frame = frameOf(link, type, body, RelayFlag.echo);
      lab.take(frame, from);
      const back = lab.drain(lab.leg);
      // A challenge of our own goes with the first answer on a new path: two frames of 28 bytes for one.
      const allowed = link === lab.direct ? Math.max(frame.byteLength, 28) * 2 : frame.byteLength;
      assert.ok(bytes(back) <= allowed, `${type}: ${bytes(back)} for ${frame.byteLength}`);
      frame[12]! ^= 1;
      lab.take(frame, from);
      assert.equal(bytes(lab.drain(lab.leg)), 0);
    }
  }
});

Deno.test("a copied BIND from elsewhere does not move the route, a newer one does", () => {
  const lab = new ServerLab();
  const bind = lab.bindFrame(1n);
  lab.take(bind.slice());
  lab.drain(lab.leg);
  lab.take(bind.slice(), CLIENT);
  assert.deepEqual(lab.drain(lab.leg), []);
  assert.equal(lab.leg.counters.source, 1);
  lab.take(lab.bindFrame(2n), CLIENT);
  assert.deepEqual(lab.drain(lab.leg).map(({ to }) => to), [CLIENT]);
});

Deno.test("a relay session has at most four routes: the one heard longest ago makes room", () => {
  const lab = new ServerLab();
  lab.bind();
  const others = Array.from({ length: 4 }, () => lab.another(5n));
  for (const { bind } of others) {
    lab.nowMs += 100;
    lab.take(bind);
  }
  lab.nowMs += 100;
  lab.take(frameOf(lab.hop, data, new Uint8Array(1)));
  assert.equal(lab.leg.counters.noLabel, 1);
  for (const { hop } of others) assert.equal(lab.take(frameOf(hop, data, new Uint8Array(7))), 7);
  assert.equal(lab.leg.sessionCount, 1);
});

Deno.test("the session of a closed route lives on with another, and ends with the last", () => {
  const lab = new ServerLab();
  lab.bind();
  const { bind, hop } = lab.another(5n);
  lab.take(bind);
  lab.take(frameOf(lab.hop, close, new Uint8Array([RelayCloseCode.drained])));
  assert.equal(lab.leg.sessionCount, 1);
  lab.take(frameOf(hop, close, new Uint8Array([RelayCloseCode.drained])));
  assert.equal(lab.leg.sessionCount, 0);
});

Deno.test("an offer is answered with our addresses, sealed, and a start with challenges to theirs", () => {
  const server = { hostname: "192.0.2.1", port: 9_999 };
  const lab = new ServerLab("prefer", { publicAddresses: [server] });
  lab.bind();
  const box = new SignalBox(CRYPTO, lab.grant.primary.lastKey, true, 1_700_000_000_000);
  const victim = { hostname: "224.0.0.1", port: 9 };
  lab.take(frameOf(lab.hop, signal, box.seal(SignalKind.offer, 1, [CLIENT, victim])));
  const [answer] = lab.drain(lab.leg);
  const read = box.open(answer!.bytes.subarray(20));
  assert.deepEqual(read, { kind: SignalKind.answer, round: 1, candidates: [server] });
  lab.take(frameOf(lab.hop, signal, box.seal(SignalKind.start, 1, [])));
  let challenges = 0;
  for (; lab.nowMs < 3_000; lab.nowMs += 5) {
    for (const { type, to, bytes } of lab.drain(lab.leg)) {
      assert.equal(type, RelayFrameType.pathChallenge);
      assert.deepEqual(to, CLIENT);
      assert.equal(bytes.byteLength, 28);
      challenges++;
    }
  }
  assert.ok(challenges >= 6 && challenges <= 24, `${challenges}`);
});

/** Proves the client's address, and returns the response that did. */
function prove(lab: ServerLab): Uint8Array {
  lab.take(frameOf(lab.direct, RelayFrameType.pathChallenge, new Uint8Array(8)), CLIENT);
  const challenge = lab.drain(lab.leg).find(({ type }) => type === RelayFrameType.pathChallenge)!;
  const token = challenge.bytes.slice(20);
  lab.take(frameOf(lab.direct, pathResponse, token), CLIENT);
  assert.equal(lab.leg.counters.directPaths, 1);
  return token;
}

/** Where the next packet to the client goes. */
function target(lab: ServerLab): unknown {
  const session = lab.leg.sessionAt({ hostname: "100::5", port: 1 })!;
  assert.ok(session.copies(lab.nowMs) >= 1);
  return lab.leg.sealPacket(session, 0, new Uint8Array(100), 10);
}

Deno.test("a response proves one address once: said again elsewhere it proves nothing", () => {
  const lab = new ServerLab("prefer");
  lab.bind();
  const token = prove(lab);
  const elsewhere = { hostname: "198.51.100.99", port: 1 };
  lab.nowMs = 1_000;
  lab.take(frameOf(lab.direct, pathResponse, token), elsewhere);
  assert.equal(lab.leg.counters.directPaths, 1);
});

Deno.test("answers go where the client was proven to be, and nowhere else that data comes from", () => {
  const lab = new ServerLab("prefer");
  lab.bind();
  assert.equal(lab.take(frameOf(lab.direct, data, new Uint8Array(3)), CLIENT), 3);
  assert.deepEqual(target(lab), RELAY);
  prove(lab);
  assert.deepEqual(target(lab), RELAY);
  const elsewhere = { hostname: "198.51.100.99", port: 1 };
  assert.equal(lab.take(frameOf(lab.direct, data, new Uint8Array(3)), elsewhere), 3);
  assert.deepEqual(target(lab), RELAY);
  assert.equal(lab.take(frameOf(lab.direct, data, new Uint8Array(3)), CLIENT), 3);
  assert.deepEqual(target(lab), CLIENT);
  assert.equal(lab.take(frameOf(lab.direct, data, new Uint8Array(3)), elsewhere), 3);
  assert.deepEqual(target(lab), CLIENT);
  assert.equal(lab.take(frameOf(lab.hop, data, new Uint8Array(3))), 3);
  assert.deepEqual(target(lab), RELAY);
});

Deno.test("a server that does not know a label tells the relay with the relay's own frame, ten times a second", () => {
  const lab = new ServerLab();
  const frame = frameOf(lab.hop, data, new Uint8Array(50));
  for (let i = 0; i < 30; i++) lab.take(frame.slice());
  const hints = lab.drain(lab.leg);
  assert.equal(hints.length, 10);
  const [{ bytes, type, to }] = hints as [Sent];
  assert.equal(type, noSession);
  assert.deepEqual(to, RELAY);
  assert.deepEqual(bytes.slice(3), frame.slice(3, 20));
  assert.equal(bytes[2]! ^ frame[2]!, RelayFlag.downstream);
  assert.ok(lab.hop.isEcho(bytes));
  lab.take(frameOf(lab.hop, data));
  assert.deepEqual(lab.drain(lab.leg), []);
});
