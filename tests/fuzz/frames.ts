/**
 * Fuzzes what stands inside the encryption: frames of a peer that holds the right keys.
 *
 * Whatever it says, nobody throws, a refused packet changes nothing, and what is held for it stays within
 * the limits.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Session } from "../../protocol/session.ts";
import { DELIVERIES } from "../../schema/mod.ts";
import type { Random } from "../../transport/random.ts";
import { Pair, SERVER_ADDRESS } from "../fixtures/pair.ts";
import { RawClient } from "../fixtures/raw_client.ts";
import { ack, credit, fragment, message, pathResponse, varint } from "../fixtures/raw_frames.ts";
import { RawServer } from "../fixtures/raw_server.ts";
import type { Talker } from "../fixtures/talker.ts";
import { type FuzzOptions, type FuzzReport, Mutator, Tally } from "./mutator.ts";

/** Inputs before both ends are made anew. */
const INPUTS_PER_SESSION = 2_000;

/** Largest plaintext of a datagram that is taken. */
const MOST_BYTES = 1_420;

/** Malformed packets end no session here: there is always a next input. */
const SESSION_LIMITS = {
  packetsPerSecond: 1e6,
  bytesPerSecond: 1e9,
  malformedPackets: Infinity,
  receiveQueueMessages: 30,
};

/** One real end, and a peer that says anything. */
interface Target {
  readonly name: string;
  readonly talker: Talker;
  /** Gives it an authentic packet. */
  give(frames: Uint8Array): void;
  /** Lets it talk and time go on. Nothing of what it says arrives. */
  step(ms: number): void;
  /** Ends it and checks that nothing is left. */
  finish(tally: Tally): void;
}

/** Gives frames that nearly make sense to servers and clients. */
export function fuzzFrames({ seed, iterations }: FuzzOptions): FuzzReport {
  const mutator = new Mutator(seed);
  const tally = new Tally();
  let targets: Target[] = [];
  let last: Uint8Array = new Uint8Array([1]);
  for (let i = 0; i < iterations; i++) {
    const at = `seed ${seed}, iteration ${i}`;
    if (i % INPUTS_PER_SESSION === 0 || targets.some(({ talker }) => isOver(talker.session))) {
      for (const target of targets) target.finish(tally);
      targets = [serverTarget(seed + i), clientTarget(seed + i)];
    }
    const target = mutator.random.pick(targets);
    const fresh = framesOf(mutator.random, target.talker.session);
    const frames = mutator.random.chance(0.5) ? fresh : mutator.damaged(fresh, MOST_BYTES, last);
    last = fresh;
    // A packet holds a frame at least: shorter ones are no DATA packets.
    if (frames.length === 0) continue;
    giveOne(target, frames, tally, at);
    if (mutator.random.chance(0.2)) talk(target.talker, mutator.random);
    if (mutator.random.chance(0.3)) target.step(mutator.random.below(30));
  }
  for (const target of targets) target.finish(tally);
  return tally;
}

function giveOne(target: Target, frames: Uint8Array, tally: Tally, at: string): void {
  const { session } = target.talker;
  const { counters, channels } = session;
  const { packetsReceived } = counters;
  const queued = channels.inbound.length;
  const largest = session.connection?.link.received.largest;
  tally.run(() => target.give(frames));
  if (counters.packetsReceived === packetsReceived && session.state === "open") {
    tally.count(`${target.name} refused`);
    assert.equal(channels.inbound.length, queued, `${at}: delivered of a refused packet`);
    assert.equal(session.connection?.link.received.largest, largest, `${at}: acknowledged`);
  } else tally.count(`${target.name} applied`);
  // A packet may bring 64 messages beyond the limit, and an ordered channel holds a window back.
  assert.ok(channels.inbound.length <= 30 + 64 + 512, `${at}: ${channels.inbound.length} queued`);
  assert.ok(channels.inbound.incompleteMessages <= 80, `${at}: too many incomplete messages`);
}

/** Something to send, so that acknowledgements, credits and losses have something to be about. */
function talk(talker: Talker, random: Random): void {
  if (isOver(talker.session)) return;
  const delivery = random.pick(DELIVERIES);
  const sizeBytes = delivery.startsWith("reliable") ? random.below(4_000) : random.below(900);
  talker.send(delivery, new Uint8Array(sizeBytes));
  talker.session.flush();
  if (random.chance(0.7)) talker.drain();
}

function isOver(session: Session): boolean {
  return session.state !== "open";
}

function serverTarget(seed: number): Target {
  const pair = new Pair({ seed, server: { sessionLimits: SESSION_LIMITS } });
  const raw = new RawClient(pair.server, { seed });
  raw.connect();
  pair.collect();
  const { peer } = pair;
  peer.onMessage = () => {};
  peer.isPaused = true;
  return {
    name: "server",
    talker: peer,
    give: (frames) => raw.sendFrames(frames, pair.nowMs),
    step: (ms) => {
      peer.isPaused = seed % 2 === 0;
      pair.server.touch(peer.entry);
      pair.advance(ms, () => pair.drop());
      peer.isPaused = true;
    },
    finish: (tally) => {
      tally.countAll("server ", pair.server.drops);
      pair.server.close(peer.entry, 0, "", pair.nowMs);
      peer.isPaused = false;
      pair.advance(60_000, () => pair.drop());
      // A session that ended keeps what arrived until the application has read it.
      peer.drain();
      assert.deepEqual([pair.server.size, pair.server.pool.outstanding], [0, 0], `seed ${seed}`);
    },
  };
}

function clientTarget(seed: number): Target {
  const raw = new RawServer();
  const pair = new Pair({ seed });
  const client = pair.addClient({ serverKey: raw.publicKey, sessionLimits: SESSION_LIMITS });
  client.endpoint.handleTimeout(0);
  const [hello] = pair.drop();
  const accept = raw.answerTo(hello!.bytes, client.address);
  client.endpoint.handleDatagram(accept, SERVER_ADDRESS, 0);
  pair.drop();
  client.onMessage = () => {};
  client.isPaused = true;
  return {
    name: "client",
    talker: client,
    give: (frames) =>
      client.endpoint.handleDatagram(raw.packet(frames), SERVER_ADDRESS, pair.nowMs),
    step: (ms) => {
      client.isPaused = seed % 2 === 0;
      pair.advance(ms, () => pair.drop());
      client.isPaused = true;
    },
    finish: (tally) => {
      tally.countAll("client ", client.endpoint.drops);
      client.session.close(0, "", pair.nowMs);
      client.isPaused = false;
      pair.advance(60_000, () => pair.drop());
      assert.equal(client.session.state, "closed", `seed ${seed}`);
    },
  };
}

/** One to twelve frames, of values that the session at hand may find sensible. */
function framesOf(random: Random, session: Session): Uint8Array {
  const bytes: number[] = [];
  const count = random.chance(0.03)
    ? 50 + random.below(30)
    : 1 + random.below(random.pick([2, 12]));
  for (let i = 0; i < count; i++) bytes.push(...frameOf(random, session));
  return Uint8Array.from(bytes.slice(0, MOST_BYTES));
}

function frameOf(random: Random, session: Session): number[] {
  const kind = random.below(16);
  if (kind < 5) return message(random.pick(DELIVERIES), sequenceOf(random), bodyOf(random, 60));
  if (kind < 9) return partOf(random);
  if (kind < 11) return ackOf(random, session);
  switch (kind) {
    case 11: {
      const channel = random.chance(0.95) ? 3 + random.below(2) : random.below(8);
      return credit(channel, random.pick([0, 1, 70_000, 2 ** 31, 2 ** 32 - 1]));
    }
    case 12:
      return random.chance(0.5) ? [4, ...random.bytes(8)] : pathResponse(random.bytes(8));
    case 13:
      return [6, ...random.bytes(6)];
    case 14:
      return random.chance(0.01) ? [3, ...varint(random.below(2_000)), 2, 65, 66] : [0, 1];
    default:
      return random.chance(0.1) ? [8, ...new Array(random.below(300)).fill(0)] : [1];
  }
}

/** Near the beginning of the window, or anywhere. */
function sequenceOf(random: Random): number {
  return random.chance(0.97) ? random.below(500) : random.below(65_536);
}

function bodyOf(random: Random, mostBytes: number): Uint8Array {
  return random.bytes(random.below(mostBytes));
}

/** Parts of few messages, so that some of them become whole. */
function partOf(random: Random): number[] {
  const delivery = DELIVERIES.filter((each) => each !== "input" || random.chance(0.02));
  const partCount = random.chance(0.97) ? 2 + random.below(2) : 1 + random.below(70_000);
  const part = random.below(random.chance(0.98) ? partCount : partCount + 1);
  const sequence = random.chance(0.5) ? random.below(20) : sequenceOf(random);
  const sizeBytes = random.chance(0.98) ? 256 : random.below(400);
  return fragment(random.pick(delivery), sequence, [part, partCount], new Uint8Array(sizeBytes));
}

/** Of packets that were sent, or nearly. */
function ackOf(random: Random, session: Session): number[] {
  const newest = session.connection?.recovery.sent.nextPacketNumber ?? 0;
  const largest = Math.max(0, newest - 1 - random.below(20) + (random.chance(0.02) ? 30 : 0));
  const ranges = Array.from(
    { length: random.below(4) },
    (): [number, number] => [1 + random.below(3), 1 + random.below(3)],
  );
  return ack(largest & 0xffff, 1 + random.below(Math.max(1, Math.min(largest, 4))), ranges);
}
