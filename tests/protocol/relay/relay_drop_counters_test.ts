import assert from "node:assert/strict";
import { issueBeaconToken } from "../../../protocol/relay/beacon.ts";
import { BIND_TICKETS_AT, writeBoundBody } from "../../../protocol/relay/control_frames.ts";
import { sealHopRenewal } from "../../../protocol/relay/hop_renewal.ts";
import { HOP_TICKET_BYTES, HopFlag, type HopTicket } from "../../../protocol/relay/hop_ticket.ts";
import { RelayDropCounters } from "../../../protocol/relay/relay_counters.ts";
import {
  RELAY_HEADER_BYTES,
  RelayFlag,
  RelayFrameType,
} from "../../../protocol/relay/relay_frame.ts";
import { ShedLevel } from "../../../protocol/relay/relay_load.ts";
import { keyOf } from "../../fixtures/seeded.ts";
import { AnchorLab } from "./anchor_lab.ts";
import {
  CLIENT,
  LabEnd,
  LabRoute,
  makeCore,
  relayAddress,
  relayKey,
  RelayLab,
  SERVER,
} from "./relay_lab.ts";
import {
  beaconPing,
  type Counter,
  ELSEWHERE,
  endingBind,
  NOW_S,
  refuses,
  refusesBind,
  refusesBytes,
  refusesRoute,
  sealedContradiction,
} from "./relay_refusals.ts";

const { data, ping, pong, bind, renew, close, noSession, qosPing, mesh, bound, signal } =
  RelayFrameType;

const PROVOCATIONS: Readonly<Record<Counter, () => void>> = {
  tooShort: () => {
    refusesBytes("tooShort", new Uint8Array(0));
    refusesBytes("tooShort", new Uint8Array(RELAY_HEADER_BYTES - 1).fill(0xe0));
  },
  tooLong: () => refusesBytes("tooLong", new Uint8Array(1_233).fill(0xe0)),
  notRelay: () => {
    for (const first of [0x00, 0x20, 0x40, 0xdf, 0xf0]) {
      refusesBytes("notRelay", new Uint8Array(40).fill(first));
    }
  },
  badVersion: () => {
    const lab = RelayLab.bound();
    const frame = lab.client.frame(data, 40);
    frame[2] = 2 << 5;
    refusesBytes("badVersion", frame, lab);
  },
  wrongShard: () => {
    const lab = RelayLab.bound();
    const frame = lab.client.frame(data, 40);
    frame[1] = 1;
    refusesBytes("wrongShard", frame, lab);
    refusesBind("wrongShard", (bytes) => bytes[1] = 9, true);
  },
  unexpectedType: () => {
    const lab = RelayLab.bound();
    for (const type of [RelayFrameType.bound, RelayFrameType.renewed, RelayFrameType.noSession]) {
      const payload = { [bound]: 32, [RelayFrameType.renewed]: 4, [noSession]: 0 }[type];
      refusesBytes("unexpectedType", lab.client.frame(type, payload), lab);
    }
    refusesBytes("unexpectedType", lab.client.frame(pong, 12), lab);
    refusesBytes("unexpectedType", lab.client.frame(mesh, 12), lab);
    refusesBytes("unexpectedType", lab.client.frame(RelayFrameType.retry, 16), lab);
    refuses("unexpectedType", lab.core, () => lab.fromServer(lab.server.frame(renew, 60)));
    refuses("unexpectedType", lab.core, () => lab.fromServer(lab.server.frame(pong, 12)));
  },
  wrongSize: () => {
    const lab = RelayLab.bound();
    const sizes: [RelayFrameType, number][] = [
      [data, 0],
      [signal, 0],
      [ping, 15],
      [ping, 65],
      [pong, 11],
      [close, 0],
      [close, 2],
      [renew, 61],
      [renew, 300],
      [bind, 491],
      [qosPing, 43],
    ];
    for (const [type, payload] of sizes) {
      refusesBytes("wrongSize", lab.client.frame(type, payload), lab);
    }
    // Two tickets fit into the smallest BIND; one byte more is not what the first ticket announces.
    const longer = new Uint8Array(513);
    longer.set(lab.client.bind(lab.route.tickets));
    refusesBytes("wrongSize", longer, lab);
  },
  unknownLabel: () => {
    const lab = RelayLab.bound();
    const stranger = new LabRoute({ name: "stranger" });
    refuses("unknownLabel", lab.core, () => lab.fromClient(stranger.endBefore(0).frame(data, 40)));
    refuses("unknownLabel", lab.core, () => lab.fromServer(stranger.serverEnd().frame(data, 40)));
  },
  wrongEpoch: () => {
    const lab = RelayLab.bound();
    const { options } = lab.client;
    const other = new LabEnd({ ...options, epoch: options.epoch + 1 });
    refusesBytes("wrongEpoch", other.frame(data, 40), lab);
  },
  wrongSource: () => {
    const lab = RelayLab.bound();
    lab.serverAddress = ELSEWHERE;
    refuses("wrongSource", lab.core, () => lab.fromServer(lab.server.frame(data, 40)));
    const pinned = RelayLab.bound({ change: (ticket) => ticket.flags &= ~HopFlag.rebindOk });
    pinned.clientAddress = ELSEWHERE;
    refusesBytes("wrongSource", pinned.client.frame(data, 40), pinned);
  },
  replayed: () => {
    const lab = RelayLab.bound();
    const frame = lab.client.frame(data, 40);
    lab.fromClient(frame);
    refusesBytes("replayed", frame, lab);
    const down = lab.server.frame(data, 40);
    lab.fromServer(down);
    refuses("replayed", lab.core, () => lab.fromServer(down));
  },
  tooOld: () => {
    const lab = RelayLab.bound();
    const old = lab.client.frame(data, 40);
    lab.client.sequence += 1_023;
    lab.fromClient(lab.client.frame(data, 40));
    refusesBytes("tooOld", old, lab);
  },
  forged: () => {
    const lab = RelayLab.bound();
    for (const at of [2, 8, 12, 19, 20, 51]) {
      const frame = lab.client.frame(data, 60);
      frame[at]! ^= at === 2 ? RelayFlag.duplicate : 1;
      refusesBytes("forged", frame, lab);
    }
    const down = lab.server.frame(data, 60);
    down[20]! ^= 1;
    refuses("forged", lab.core, () => lab.fromServer(down));
    refusesBind("forged", (frame) => frame[RELAY_HEADER_BYTES]! ^= 1);
  },
  notBound: () => {
    const lab = new RelayLab();
    lab.tamper = (datagram) => datagram.bytes[0] === (0xe0 | bound) ? [] : [datagram];
    lab.bind();
    refuses("notBound", lab.core, () => lab.fromServer(lab.server.frame(data, 40)));
  },
  overPps: () => {
    const lab = RelayLab.bound({ change: (ticket) => ticket.ppsUp = 5 });
    for (let i = 0; i < 10; i++) lab.say("x");
    refusesBytes("overPps", lab.client.frame(data, 40), lab);
    assert.equal(lab.server.texts().length, 10);
  },
  overKbps: () => {
    const lab = RelayLab.bound({ change: (ticket) => ticket.kbpsDown = 8 });
    for (let i = 0; i < 2; i++) lab.fromServer(lab.server.frame(data, 980));
    refuses("overKbps", lab.core, () => lab.fromServer(lab.server.frame(data, 1)));
    assert.equal(lab.client.texts().length, 2);
  },
  overQuota: () => {
    const lab = RelayLab.bound({ change: (ticket) => ticket.maxMiB = 1 });
    for (let i = 0; i < 1_024; i++) lab.fromClient(lab.client.frame(data, 1_004));
    assert.equal(lab.server.texts().length, 1_024);
    refuses("overQuota", lab.core, () => lab.fromClient(lab.client.frame(data, 1)));
    assert.equal(lab.client.of(close).length, 1);
    assert.equal(lab.core.size, 0);
  },
  anchorGone: () => {
    const lab = new AnchorLab();
    lab.bindPlayer();
    lab.fromServer(lab.anchor.frame(close, 1));
    refuses("anchorGone", lab.core, () => lab.say("x"));
  },
  ticketGate: () => {
    refusesBind("ticketGate", (frame) => frame[BIND_TICKETS_AT + 143]! ^= 1);
    refusesBind("ticketGate", (frame) => frame[BIND_TICKETS_AT + 1] = 99);
  },
  ticketSealed: () => {
    const key = { ...relayKey("relay 0"), aeadKey: keyOf("another") };
    const lab = new RelayLab({}, [makeCore(0, {}, { keys: [key] })]);
    refusesBytes("ticketSealed", lab.client.bind(lab.route.tickets), lab);
  },
  ticketContent: () => {
    const lab = new RelayLab();
    const frame = lab.client.bind(lab.route.tickets);
    frame.set(sealedContradiction(lab.route.hops[0]!), BIND_TICKETS_AT);
    refusesBytes("ticketContent", frame, lab);
  },
  ticketExpired: () => {
    refusesRoute("ticketExpired", { change: (ticket) => ticket.notAfterS = NOW_S - 5 });
  },
  ticketEnded: () => {
    const lab = RelayLab.bound();
    const again = lab.client.bind(lab.route.tickets);
    lab.fromClient(lab.client.frame(close, Uint8Array.of(0)));
    assert.equal(lab.core.size, 0);
    refusesBytes("ticketEnded", again, lab);
  },
  ticketRevoked: () => {
    refusesRoute("ticketRevoked", {}, {}, (lab) => {
      assert.equal(lab.core.revoke(lab.route.hops[0]!.sessionId, 0), 0);
    });
  },
  bindMismatch: () => {
    refusesBind("bindMismatch", (frame) => frame[4]! ^= 1, true);
    refusesBind("bindMismatch", (frame) => frame[3]! ^= 1, true);
    refusesBind("bindMismatch", (frame) => frame[2]! |= RelayFlag.downstream, true);
    refusesBytes("bindMismatch", endingBind(), new RelayLab());
    const anchorOnTheWay = (ticket: HopTicket, hop: number): void => {
      if (hop === 0) ticket.flags |= HopFlag.anchor;
    };
    refusesRoute("bindMismatch", { change: anchorOnTheWay });
  },
  bindRateLimited: () => {
    refusesRoute("bindRateLimited", {}, { bindBurstPerPrefix: 3 }, (lab) => {
      for (const name of ["a", "b", "c"]) {
        const route = new LabRoute({ name });
        lab.fromClient(route.endBefore(0).bind(route.tickets));
      }
      lab.server.received.length = 0;
    });
  },
  bindCookie: () => {
    refusesRoute("bindCookie", { isKnownSource: false });
    refusesRoute("bindCookie", {}, {}, (lab) => lab.clientAddress = ELSEWHERE);
    const lab = RelayLab.bound();
    lab.clientAddress = { ...CLIENT, port: 40_002 };
    refuses("bindCookie", lab.core, () => lab.fromClient(lab.client.bind(lab.route.tickets, 2n)));
  },
  bindSource: () => {
    const lab = new RelayLab({ relays: 2 });
    const second = lab.cores[1]!;
    const frame = lab.route.endBefore(1).bind(lab.route.tickets.subarray(HOP_TICKET_BYTES));
    refuses("bindSource", second, () => second.handleDatagram(frame, ELSEWHERE, 0));
    refuses("bindSource", second, () => {
      second.handleDatagram(frame, relayAddress(0), 0);
      second.handleDatagram(frame, { ...relayAddress(0), port: 7_001 }, 0);
    });
  },
  bindReplayed: () => {
    const lab = new RelayLab();
    const old = lab.client.bind(lab.route.tickets, 1n);
    lab.bind(2n);
    refusesBytes("bindReplayed", old, lab);
  },
  bindEpoch: () => {
    const lab = RelayLab.bound({ epoch: 7 });
    const older = new LabRoute({
      name: "older",
      epoch: 6,
      sessionId: lab.route.hops[0]!.sessionId,
    });
    refusesBytes("bindEpoch", older.endBefore(0).bind(older.tickets), lab);
  },
  labelTaken: () => {
    const lab = RelayLab.bound();
    const [first] = lab.route.hops;
    const inTaken = new LabRoute({
      name: "in",
      change: (ticket) => ticket.labelIn = first!.labelIn,
    });
    refusesBytes("labelTaken", inTaken.endBefore(0).bind(inTaken.tickets), lab);
    const outTaken = new LabRoute({
      name: "out",
      change: (ticket) => ticket.labelOut = first!.labelOut,
    });
    refusesBytes("labelTaken", outTaken.endBefore(0).bind(outTaken.tickets), lab);
  },
  bindDraining: () => refusesRoute("bindDraining", {}, {}, (lab) => lab.core.drain(60_000)),
  bindShed: () => {
    refusesRoute("bindShed", {}, {}, (lab) => lab.core.shedFloor = ShedLevel.newBinds);
  },
  slotsFull: () => {
    const lab = RelayLab.bound({ limits: { sessions: 1 } });
    const route = new LabRoute({ name: "second" });
    refusesBytes("slotsFull", route.endBefore(0).bind(route.tickets), lab);
  },
  anchorMissing: () => {
    refusesRoute("anchorMissing", {
      change: (ticket, hop) => {
        if (hop === 0) ticket.next = { hostname: "100::5", port: 1 };
      },
    });
  },
  boundUnexpected: () => {
    const lab = RelayLab.bound();
    const frame = lab.server.frame(bound, 32);
    const body = { observed: SERVER, leaseS: 1, notAfterS: 1, bindId: 7n };
    writeBoundBody(frame, body);
    lab.server.seal(frame, bound);
    refuses("boundUnexpected", lab.core, () => lab.fromServer(frame));
  },
  bindTimeout: () => {
    const lab = new RelayLab();
    lab.tamper = (datagram) => datagram.bytes[0] === (0xe0 | bound) ? [] : [datagram];
    lab.bind();
    assert.equal(lab.core.size, 1);
    refuses("bindTimeout", lab.core, () => lab.advance(11_000));
    assert.equal(lab.core.size, 0);
  },
  renewalRefused: () => {
    const lab = RelayLab.bound();
    refusesBytes("renewalRefused", lab.client.frame(renew, 60), lab);
    for (const change of [{ sessionId: 5n }, { labelIn: 5 }, { notAfterS: NOW_S - 1 }]) {
      const { sessionId, labelIn } = lab.route.hops[0]!;
      const rates = { kbpsUp: 0, kbpsDown: 0, ppsUp: 0, ppsDown: 0, maxMiB: 0 };
      const renewal = { sessionId, labelIn, notAfterS: NOW_S + 60, ...rates, ...change };
      const nonce = keyOf("renewal").slice(0, 12);
      const clear = { shard: 0, hopIndex: 0 };
      const blob = sealHopRenewal(renewal, relayKey("relay 0"), clear, nonce);
      refusesBytes("renewalRefused", lab.client.frame(renew, blob), lab);
    }
  },
  pathMismatch: () => {
    const lab = RelayLab.bound();
    const response = (): Uint8Array => lab.client.frame(RelayFrameType.pathResponse, 8);
    refusesBytes("pathMismatch", response(), lab);
    lab.clientAddress = ELSEWHERE;
    lab.say("moved");
    refusesBytes("pathMismatch", response(), lab);
  },
  rebindLimited: () => {
    const lab = RelayLab.bound({ limits: { rebindsPerMinute: 0 } });
    lab.clientAddress = ELSEWHERE;
    refuses("rebindLimited", lab.core, () => lab.say("moved"));
  },
  noSessionForged: () => {
    const lab = RelayLab.bound();
    lab.say("x");
    const hint = lab.server.frame(noSession);
    hint[12]! ^= 1;
    refuses("noSessionForged", lab.core, () => lab.fromServer(hint));
  },
  noSessionLimited: () => {
    const lab = new RelayLab();
    const drops = lab.core.drops;
    for (let i = 0; i < 10; i++) lab.say("x");
    assert.equal(drops.noSessionLimited, 0);
    lab.say("x");
    assert.deepEqual([drops.unknownLabel, drops.noSessionLimited], [11, 1]);
  },
  beaconForged: () => {
    const key = relayKey("relay 0");
    const lab = new RelayLab();
    refusesBytes("beaconForged", beaconPing(new Uint8Array(16)), lab);
    refusesBytes("beaconForged", beaconPing(issueBeaconToken(key, 1, NOW_S + 60)), lab);
    const forged = issueBeaconToken(key, 0, NOW_S + 60);
    forged[4]! ^= 1;
    refusesBytes("beaconForged", beaconPing(forged), lab);
  },
  beaconExpired: () => {
    const token = issueBeaconToken(relayKey("relay 0"), 0, NOW_S - 5);
    refusesBytes("beaconExpired", beaconPing(token), new RelayLab());
  },
  beaconRateLimited: () => {
    const lab = new RelayLab({ limits: { beaconsPerSecondPerAddress: 2 } });
    const token = issueBeaconToken(relayKey("relay 0"), 0, NOW_S + 60);
    for (let i = 0; i < 2; i++) lab.fromClient(beaconPing(token));
    refusesBytes("beaconRateLimited", beaconPing(token), lab);
  },
  outboundFull: () => {
    const lab = RelayLab.bound({ limits: { outboundFrames: 1 } });
    refuses("outboundFull", lab.core, () => {
      for (let i = 0; i < 2; i++) {
        lab.core.handleDatagram(lab.client.frame(ping, 16), CLIENT, 0);
      }
    });
    refuses("outboundFull", lab.core, () => {
      lab.core.handleDatagram(lab.client.frame(data, 16), CLIENT, 0);
    });
    refuses("outboundFull", lab.core, () => assert.ok(!lab.core.send(new Uint8Array(20), CLIENT)));
  },
};

for (const [name, provoke] of Object.entries(PROVOCATIONS)) {
  Deno.test(`a relay refuses and counts: ${name}`, provoke);
}

Deno.test("every reason of refusal has a test", () => {
  assert.deepEqual(
    Object.keys(PROVOCATIONS).toSorted(),
    Object.keys(new RelayDropCounters()).toSorted(),
  );
});
