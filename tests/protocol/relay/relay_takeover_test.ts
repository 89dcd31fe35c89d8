import assert from "node:assert/strict";
import { RelayFrameType } from "../../../protocol/relay/relay_frame.ts";
import { TAKEOVER_SEQUENCE_JUMP } from "../../../protocol/relay/relay_takeover.ts";
import { AnchorLab } from "./anchor_lab.ts";
import { CLIENT, EPOCH_MS, LabRoute, makeCore, RelayLab } from "./relay_lab.ts";

/** A process that starts an hour later than the one before: another monotonic clock, the same wall clock. */
function successor(sessions = 64): ReturnType<typeof makeCore> {
  return makeCore(0, { sessions }, { epochMs: EPOCH_MS + 3_600_000 - 600_000 });
}

Deno.test("a new process takes every session over, and neither end notices", () => {
  const lab = RelayLab.bound({ change: (ticket) => ticket.ppsUp = 500 });
  const replayed = lab.client.frame(RelayFrameType.data, 40);
  lab.fromClient(replayed);
  lab.say("to the old process");
  const stats = lab.core.sessions(lab.nowMs);
  const table = lab.core.export(lab.nowMs);
  const next = successor();
  // Half of what is under way reaches the old process, half the new one.
  lab.answer("from the old process");
  const nowMs = lab.nowMs - 3_000_000;
  assert.equal(next.import(table, nowMs), 1);
  assert.deepEqual(next.sessions(nowMs), stats);
  lab.cores[0] = next;
  lab.nowMs = nowMs;
  lab.say("to the new process");
  lab.answer("from the new process");
  assert.deepEqual(lab.server.texts().slice(1), ["to the old process", "to the new process"]);
  assert.deepEqual(lab.client.texts(), ["from the old process", "from the new process"]);
  lab.fromClient(replayed);
  assert.equal(next.drops.replayed, 1);
  lab.clientAddress = { ...CLIENT, port: 41_000 };
  lab.fromClient(lab.client.frame(RelayFrameType.data, 100));
  assert.equal(lab.client.of(RelayFrameType.pathChallenge).length, 1);
});

Deno.test("sequence numbers jump, so that what the old process still sends is not sent again", () => {
  const lab = RelayLab.bound();
  lab.answer("one");
  const next = successor();
  next.import(lab.core.export(0), 0);
  lab.cores[0] = next;
  lab.answer("two");
  const [first, second] = lab.client.of(RelayFrameType.data);
  const low = (frame: Uint8Array): number => new DataView(frame.buffer).getUint32(8, true);
  assert.equal(low(second!) - low(first!), TAKEOVER_SEQUENCE_JUMP + 1);
});

Deno.test("anchors, paths of several epochs, revoked sessions and ended tickets are taken over too", () => {
  const lab = new AnchorLab();
  lab.bindPlayer();
  const ended = new LabRoute({ name: "ended" });
  const end = ended.endBefore(0);
  lab.core.handleDatagram(end.bind(ended.tickets), CLIENT, 0);
  lab.core.handleDatagram(end.frame(RelayFrameType.close, 1), CLIENT, 0);
  const revoked = new LabRoute({ name: "revoked" });
  lab.core.revoke(revoked.hops[0]!.sessionId, 0);
  const next = successor();
  assert.equal(next.import(lab.core.export(0), 0), 2);
  lab.cores[0] = next;
  lab.say("to the anchor");
  assert.deepEqual(lab.server.texts(), ["to the anchor"]);
  next.handleDatagram(end.bind(ended.tickets, 2n), CLIENT, 0);
  next.handleDatagram(revoked.endBefore(0).bind(revoked.tickets), CLIENT, 0);
  assert.deepEqual([next.drops.ticketEnded, next.drops.ticketRevoked], [1, 1]);
});

Deno.test("a smaller table takes what fits, and the same table twice takes nothing twice", () => {
  const core = makeCore();
  for (const name of ["a", "b", "c"]) RelayLab.bound({ name }, [core]);
  const table = core.export(0);
  const small = successor(2);
  assert.equal(small.import(table, 0), 2);
  assert.equal(small.size, 2);
  const whole = successor();
  assert.equal(whole.import(table, 0), 3);
  assert.equal(whole.import(table, 0), 0);
  assert.equal(whole.size, 3);
});

Deno.test("bytes that are no table are refused, and leave nothing behind", () => {
  const table = RelayLab.bound().core.export(0);
  const wrongMagic = table.slice();
  wrongMagic[0]! ^= 1;
  const wrongVersion = table.slice();
  wrongVersion[4] = 2;
  const wrong = [
    new Uint8Array(0),
    new Uint8Array(19),
    table.subarray(0, 20),
    table.subarray(0, table.byteLength - 1),
    new Uint8Array([...table, 0]),
    wrongMagic,
    wrongVersion,
  ];
  const core = successor();
  for (const bytes of wrong) assert.throws(() => core.import(bytes, 0), RangeError);
  assert.equal(core.size, 0);
  assert.equal(core.import(makeCore().export(0), 0), 0);
});
