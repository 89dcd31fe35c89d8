import assert from "node:assert/strict";
import { readPongDrainS, RelayCloseCode } from "../../../protocol/relay/control_frames.ts";
import { type HopRenewal, sealHopRenewal } from "../../../protocol/relay/hop_renewal.ts";
import { HopFlag } from "../../../protocol/relay/hop_ticket.ts";
import {
  frameFlags,
  readU32,
  RELAY_HEADER_BYTES,
  RelayFlag,
  RelayFrameType,
} from "../../../protocol/relay/relay_frame.ts";
import { ShedLevel } from "../../../protocol/relay/relay_load.ts";
import { STANDBY_AFTER_MS } from "../../../protocol/relay/relay_sessions.ts";
import { keyOf } from "../../fixtures/seeded.ts";
import {
  EPOCH_MS,
  LabRoute,
  makeCore,
  relayAddress,
  relayKey,
  RelayLab,
  type RouteOptions,
} from "./relay_lab.ts";

const NOW_S = EPOCH_MS / 1_000;
const { close, data, ping, pong, renew, renewed } = RelayFrameType;

/** A route whose tickets expire after so many seconds. */
function expiring(seconds: number): RouteOptions {
  return { change: (ticket) => ticket.notAfterS = NOW_S + seconds };
}

/** Lets time pass in which the client pings as it should. */
function live(lab: RelayLab, seconds: number): void {
  for (let i = 0; i < seconds; i += 10) {
    lab.fromClient(lab.client.frame(ping, 16));
    lab.advance(Math.min(10, seconds - i) * 1_000);
  }
}

/** The codes of the CLOSEs that an end took. */
function codes(end: RelayLab["client"]): number[] {
  return end.of(close).map((frame) => frame[RELAY_HEADER_BYTES]!);
}

function renewalOf(lab: RelayLab, hop: number, changes: Partial<HopRenewal> = {}): Uint8Array {
  const { sessionId, labelIn } = lab.route.hops[hop]!;
  const rates = { kbpsUp: 0, kbpsDown: 0, ppsUp: 0, ppsDown: 0, maxMiB: 0 };
  const renewal = { sessionId, labelIn, notAfterS: NOW_S + 600, ...rates, ...changes };
  const isServer = hop === lab.route.hops.length - 1;
  const key = relayKey(isServer ? "server" : `relay ${hop}`);
  const clear = { shard: isServer ? 0 : hop, hopIndex: hop };
  return sealHopRenewal(renewal, key, clear, keyOf(`renewal ${hop}`).slice(0, 12));
}

Deno.test("a session whose client falls silent ends after its lease, and both sides are told", () => {
  const lab = RelayLab.bound();
  lab.advance(59_000);
  assert.equal(lab.core.size, 1);
  lab.advance(2_000);
  assert.equal(lab.core.size, 0);
  assert.deepEqual(codes(lab.client), [RelayCloseCode.idle]);
  assert.deepEqual(codes(lab.server), [RelayCloseCode.idle]);
  assert.equal(lab.core.deadlineMs(), Infinity);
});

Deno.test("a session that fell silent may come back with its ticket", () => {
  const lab = RelayLab.bound();
  lab.advance(62_000);
  lab.bind(2n);
  lab.say("back");
  assert.deepEqual(lab.server.texts(), ["back"]);
});

Deno.test("a session ends when its ticket does, with five seconds for clocks that differ", () => {
  const lab = RelayLab.bound(expiring(60));
  live(lab, 64);
  assert.equal(lab.core.size, 1);
  live(lab, 2);
  assert.deepEqual(codes(lab.client), [RelayCloseCode.expired]);
});

Deno.test("a renewal prolongs every hop of the route and travels to its end", () => {
  const lab = RelayLab.bound({ relays: 2, ...expiring(60) });
  live(lab, 30);
  const blobs = [0, 1, 2].map((hop) => renewalOf(lab, hop));
  lab.fromClient(lab.client.frame(renew, Uint8Array.from(blobs.flatMap((blob) => [...blob]))));
  assert.deepEqual(lab.server.of(renew).map((frame) => frame.slice(RELAY_HEADER_BYTES)), [
    blobs[2]!,
  ]);
  const answer = lab.server.frame(renewed, new Uint8Array(4).fill(0xff));
  lab.fromServer(answer);
  const [told] = lab.client.of(renewed);
  assert.equal(readU32(told!, RELAY_HEADER_BYTES), NOW_S + 600, "the least of what is promised");
  for (const core of lab.cores) assert.equal(core.sessions(30_000)[0]!.expiresInMs, 570_000);
});

Deno.test("a renewal for relays alone is answered by the last of them", () => {
  const lab = RelayLab.bound(expiring(60));
  lab.fromClient(lab.client.frame(renew, renewalOf(lab, 0)));
  assert.equal(readU32(lab.client.of(renewed)[0]!, RELAY_HEADER_BYTES), NOW_S + 600);
  assert.equal(lab.server.of(renew).length, 0);
});

Deno.test("a renewal brings new limits, and an older one never shortens a session", () => {
  const lab = RelayLab.bound();
  lab.fromClient(lab.client.frame(renew, renewalOf(lab, 0, { ppsUp: 1, notAfterS: NOW_S + 60 })));
  assert.equal(lab.core.sessions(0)[0]!.expiresInMs, 3_600_000);
  for (let i = 0; i < 5; i++) lab.say("x");
  assert.equal(lab.server.texts().length, 2, "one a second, two at once");
});

Deno.test("while the director is away known sessions live on for fifteen minutes, and new ones with valid tickets are bound", () => {
  const lab = RelayLab.bound(expiring(60));
  lab.core.hold(true, lab.nowMs);
  assert.ok(lab.core.isHolding);
  live(lab, 60 + 899);
  assert.equal(lab.core.size, 1);
  const late = new LabRoute({ name: "late" });
  lab.fromClient(late.endBefore(0).bind(late.tickets));
  assert.equal(lab.core.size, 2);
  live(lab, 10);
  assert.deepEqual(codes(lab.client), [RelayCloseCode.expired]);
});

Deno.test("when the director is back, sessions have one lease to be renewed", () => {
  const lab = RelayLab.bound(expiring(60));
  lab.core.hold(true, lab.nowMs);
  live(lab, 300);
  lab.core.hold(false, lab.nowMs);
  live(lab, 58);
  assert.equal(lab.core.size, 1);
  live(lab, 4);
  assert.equal(lab.core.size, 0);
});

Deno.test("a drain tells every frame downwards, refuses newcomers, and closes what is left at its deadline", () => {
  const lab = RelayLab.bound();
  lab.answer("before");
  lab.core.drain(lab.nowMs + 30_000);
  assert.ok(lab.core.isDraining);
  lab.answer("after");
  const flags = lab.client.of(data).map((frame) => frameFlags(frame) & RelayFlag.drain);
  assert.deepEqual(flags, [0, RelayFlag.drain]);
  lab.fromClient(lab.client.frame(ping, 16));
  assert.equal(readPongDrainS(lab.client.of(pong)[0]!), 30);
  lab.say("still forwarded");
  assert.deepEqual(lab.server.texts(), ["still forwarded"]);
  lab.advance(29_999);
  assert.equal(lab.core.size, 1);
  lab.advance(1);
  assert.equal(lab.core.size, 0);
  assert.deepEqual(codes(lab.client), [RelayCloseCode.drained]);
  assert.deepEqual(codes(lab.server), [RelayCloseCode.drained]);
});

Deno.test("a drain of more sessions than frames fit into the queue ends all of them, and tells each", () => {
  const core = makeCore(0, { outboundFrames: 8, sessions: 200, bindBurstPerPrefix: 200 });
  const labs = Array.from({ length: 200 }, (_, i) => {
    const lab = new RelayLab({ name: `player ${i}` }, [core]);
    lab.bind();
    return lab;
  });
  assert.equal(core.size, 200);
  core.drain(1_000);
  const [lab] = labs;
  const closes: Uint8Array[] = [];
  lab!.tamper = (datagram) => {
    closes.push(datagram.bytes);
    return [];
  };
  lab!.advance(1_500);
  assert.equal(core.size, 0);
  assert.equal(closes.length, 400);
  assert.equal(core.drops.outboundFull, 0);
});

Deno.test("a cancelled drain is as if there had been none", () => {
  const lab = RelayLab.bound();
  lab.core.drain(lab.nowMs + 1_000);
  lab.core.cancelDrain();
  lab.advance(2_000);
  assert.equal(lab.core.size, 1);
  lab.answer("x");
  assert.equal(frameFlags(lab.client.of(data)[0]!) & RelayFlag.drain, 0);
});

Deno.test("revoking a session ends all of its paths and keeps its tickets out", () => {
  const lab = RelayLab.bound();
  const { sessionId } = lab.route.hops[0]!;
  const other = new LabRoute({ name: "other path", sessionId, epoch: 2 });
  lab.fromClient(other.endBefore(0).bind(other.tickets));
  assert.equal(lab.core.revoke(sessionId, lab.nowMs), 2);
  assert.equal(lab.core.size, 0);
  lab.fromClient(lab.client.bind(lab.route.tickets, 2n));
  assert.equal(lab.core.drops.ticketRevoked, 1);
});

Deno.test("a newer path of a session takes the older one's place ten seconds after it is bound", () => {
  const core = makeCore();
  const lab = RelayLab.bound({}, [core]);
  const { sessionId } = lab.route.hops[0]!;
  const newer = new RelayLab({ name: "newer", sessionId, epoch: 2 }, [core]);
  newer.bind();
  lab.say("what is on its way still arrives");
  assert.equal(lab.server.texts().length, 1);
  live(lab, 9);
  assert.equal(core.size, 2);
  live(lab, 2);
  assert.equal(core.size, 1);
  assert.deepEqual(codes(lab.client), [RelayCloseCode.replaced]);
  newer.nowMs = lab.nowMs;
  newer.say("goes on");
  assert.deepEqual(newer.server.texts(), ["goes on"]);
});

Deno.test("two keys open tickets while one is replaced by the other", () => {
  const core = makeCore(0, {}, { keys: [relayKey("older", 9), relayKey("relay 0", 1)] });
  RelayLab.bound({}, [core]);
  core.setKeys([relayKey("newer", 2)]);
  const late = new RelayLab({ name: "late" }, [core]);
  late.bind();
  assert.equal(core.drops.ticketGate, 1);
  assert.equal(core.size, 1, "sessions live on without the key that opened their tickets");
});

Deno.test("under load new binds are shed first, then standby routes, then bursts; never what keeps to its caps", () => {
  const core = makeCore();
  const standby = RelayLab.bound({
    name: "standby",
    change: (ticket) => ticket.flags |= HopFlag.multipath,
  }, [core]);
  const primary = RelayLab.bound({
    change: (ticket) => {
      ticket.flags |= HopFlag.multipath;
      ticket.ppsUp = 100;
    },
  }, [core]);
  for (let i = 0; i < 6; i++) {
    primary.say("x");
    primary.advance(1_000);
  }
  core.shedFloor = ShedLevel.newBinds;
  primary.advance(2_000);
  assert.equal(core.size, 2);
  core.shedFloor = ShedLevel.standby;
  primary.say("I am in use");
  primary.advance(2_000);
  assert.equal(core.size, 1);
  assert.equal(core.totals.standbyShed, 1);
  assert.ok(STANDBY_AFTER_MS > 2_000);
  core.shedFloor = ShedLevel.overCap;
  primary.advance(1_000);
  const before = primary.server.texts().length;
  for (let i = 0; i < 100; i++) primary.say("burst");
  assert.equal(primary.server.texts().length - before, 25, "a quarter of a second's worth");
  standby.nowMs = primary.nowMs;
});

Deno.test("a relay measures its load against its ceiling and sheds by itself", () => {
  const lab = RelayLab.bound({ limits: { ceilingPps: 100 } });
  const run = (framesPerSecond: number): ShedLevel => {
    for (let i = 0; i < framesPerSecond * 3; i++) {
      lab.say("x");
      lab.advance(1_000 / framesPerSecond);
    }
    return lab.core.shedLevel;
  };
  assert.equal(run(78), ShedLevel.none);
  assert.equal(run(82), ShedLevel.newBinds);
  assert.equal(run(93), ShedLevel.standby);
  assert.equal(run(105), ShedLevel.overCap);
  assert.ok(Math.abs(lab.core.load - 1.05) < 0.05);
  assert.equal(run(20), ShedLevel.none);
});

Deno.test("a CLOSE of either end travels on and frees the slot", () => {
  for (const isClient of [true, false]) {
    const lab = RelayLab.bound({ relays: 3 });
    const end = isClient ? lab.client : lab.server;
    const frame = end.frame(close, Uint8Array.of(RelayCloseCode.done));
    if (isClient) lab.fromClient(frame);
    else lab.fromServer(frame);
    assert.deepEqual(codes(isClient ? lab.server : lab.client), [RelayCloseCode.done]);
    for (const core of lab.cores) assert.equal(core.size, 0);
    for (const core of lab.cores) assert.equal(core.totals.sessionsEnded, 1);
  }
});

Deno.test("a relay whose next hop lost the session tells the client, under its own tag", () => {
  const lab = RelayLab.bound({ relays: 2 });
  lab.cores[1] = makeCore(1);
  lab.say("into the void");
  const [hint] = lab.client.of(RelayFrameType.noSession);
  assert.notEqual(hint, undefined);
  assert.equal(lab.cores[0]!.drops.noSessionForged, 0);
  lab.bind(2n);
  assert.equal(lab.client.of(RelayFrameType.bound).length, 2);
  lab.say("and back");
  lab.answer("welcome back");
  assert.deepEqual(lab.server.texts(), ["and back"]);
  assert.deepEqual(lab.client.texts(), ["welcome back"]);
});

Deno.test("a first relay that lost the session says so with the tag of the frame that it cannot place", () => {
  const lab = RelayLab.bound();
  lab.cores[0] = makeCore(0);
  const frame = lab.client.frame(data, 60);
  lab.fromClient(frame);
  const { bytes, to } = lab.log.at(-1)!;
  assert.deepEqual(to, lab.clientAddress);
  assert.equal(bytes.byteLength, 20);
  assert.deepEqual(bytes.subarray(4, 20), frame.subarray(4, 20));
  assert.equal(frameFlags(bytes), RelayFlag.downstream);
});

Deno.test("pings reach the next hop, or with the echo flag the other end", () => {
  const lab = RelayLab.bound({ relays: 2 });
  const token = Uint8Array.from({ length: 16 }, (_, i) => i);
  lab.fromClient(lab.client.frame(ping, token));
  assert.deepEqual(
    lab.client.of(pong)[0]!.slice(20),
    Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0),
  );
  assert.equal(lab.server.of(ping).length, 0);
  lab.fromClient(lab.client.frame(ping, token, RelayFlag.echo));
  assert.equal(lab.server.of(ping).length, 1);
  lab.cores[1]!.drain(lab.nowMs + 7_000);
  lab.fromServer(lab.server.frame(pong, 12, RelayFlag.echo));
  assert.equal(lab.client.of(pong).length, 2);
  lab.fromServer(lab.server.frame(ping, token));
  assert.equal(lab.server.of(pong).length, 1);
  assert.deepEqual(lab.log.at(-1)!.from, relayAddress(1));
});

Deno.test("a relay counts what was lost on each of its hops", () => {
  const lab = RelayLab.bound();
  for (let i = 0; i < 100; i++) {
    const up = lab.client.frame(data, 30);
    const down = lab.server.frame(data, 30);
    if (i % 10 !== 5) lab.fromClient(up);
    if (i % 20 !== 5) lab.fromServer(down);
  }
  const [stats] = lab.core.sessions(0);
  assert.equal(stats!.missingUp, 10);
  assert.equal(stats!.missingDown, 5);
  assert.equal(stats!.framesUp, 90);
  assert.equal(stats!.framesDown, 95 + 1, "with the BOUND");
});

Deno.test("when an older path ends, the newer one still keeps older epochs out", () => {
  const core = makeCore();
  const lab = RelayLab.bound({ epoch: 5 }, [core]);
  const { sessionId } = lab.route.hops[0]!;
  const newer = RelayLab.bound({ name: "newer", sessionId, epoch: 6 }, [core]);
  lab.fromClient(lab.client.frame(close, Uint8Array.of(RelayCloseCode.done)));
  const older = new RelayLab({ name: "older", sessionId, epoch: 4 }, [core]);
  older.bind();
  assert.equal(core.drops.bindEpoch, 1);
  newer.say("untouched");
  assert.deepEqual(newer.server.texts(), ["untouched"]);
});

Deno.test("a slot that is used again has nothing left of the session before", () => {
  const core = makeCore(0, { sessions: 1 });
  const quota: RouteOptions["change"] = (ticket) => ticket.maxMiB = 1;
  for (const name of ["first", "second", "third"]) {
    const lab = RelayLab.bound({ name, change: quota }, [core]);
    for (let i = 0; i < 600; i++) lab.fromClient(lab.client.frame(data, 1_000));
    const [stats] = core.sessions(0);
    assert.deepEqual([stats!.framesUp, stats!.missingUp, stats!.refused, stats!.rebinds], [
      600,
      0,
      0,
      0,
    ]);
    lab.fromClient(lab.client.frame(close, Uint8Array.of(RelayCloseCode.done)));
  }
  assert.equal(core.totals.sessionsEnded, 3);
});

Deno.test("a next hop that sends to a lost session is answered upwards", () => {
  const lab = new RelayLab();
  lab.fromServer(lab.server.frame(data, 60));
  const { bytes, to } = lab.log.at(-1)!;
  assert.deepEqual(to, lab.serverAddress);
  assert.equal(bytes[0], 0xe0 | RelayFrameType.noSession);
  assert.equal(frameFlags(bytes), 0);
});
