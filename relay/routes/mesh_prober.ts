/**
 * Measures the paths from one relay to all others: two small probes a second each, over the socket that
 * carries the traffic, so that they meet what the traffic meets.
 *
 * Sans-IO, with the surface of an endpoint: the relay hands it datagrams for which `isMeshFrame` holds,
 * sends what {@link MeshProber.pollTransmit} gives, and wakes it at {@link MeshProber.deadlineMs}.
 *
 * @module
 */
import { type Address, addressKey } from "../../protocol/address.ts";
import { SIPHASH_KEY_BYTES, type SipHasher } from "../../protocol/relay/siphash.ts";
import { Random } from "../../transport/random.ts";
import {
  isMeshFrameOf,
  MESH_FRAME_BYTES,
  MeshKind,
  meshLabel,
  readMeshFrame,
  writeMeshFrame,
} from "./mesh_frame.ts";
import { type MeshPeer, MeshPeerState, PROBE_INTERVAL_MS } from "./mesh_peer.ts";
import { MAX_MESH_LINKS, type MeshLink } from "./mesh_vector.ts";
import type { WindowQuality } from "./sample_window.ts";

/** What a prober is made of. */
export interface MeshProberOptions {
  /** Id of this relay. */
  readonly relayId: string;
  /** Tags and checks frames. */
  readonly hasher: SipHasher;
  /** Decides when probes leave and how they are numbered. Any integer, another one at each start. */
  readonly seed: number;
}

/** What a prober has counted. */
export interface MeshCounters {
  /** Probes that left. */
  probesSent: number;
  /** Probes of peers that were answered. */
  answersSent: number;
  /** Answers that measured something. */
  measured: number;
  /** Probes without an answer in time. */
  lost: number;
  /** Dropped: no frame of this layout. */
  malformed: number;
  /** Dropped: nobody that this relay measures. */
  unknownPeer: number;
  /** Dropped: the tag is of no peer with that label. */
  tag: number;
  /** Dropped: answered already. */
  duplicate: number;
  /** Dropped: the answer came too late, or belongs to no probe. */
  late: number;
  /** Dropped: more probes of a peer than it has reason to send. */
  tooMany: number;
}

/** Probes leave at intervals of 80 to 120 %, so that relays that start together do not stay together. */
const INTERVAL_SPREAD = 0.2;

/** A probe that is late by more, after a stall, starts a new rhythm and does not catch up. */
const STALL_MS = 2 * PROBE_INTERVAL_MS;

interface Answer {
  readonly state: MeshPeerState;
  readonly number: number;
}

/** Measures the paths of one relay. */
export class MeshProber {
  /** Live counters. */
  readonly counters: MeshCounters = {
    probesSent: 0,
    answersSent: 0,
    measured: 0,
    lost: 0,
    malformed: 0,
    unknownPeer: 0,
    tag: 0,
    duplicate: 0,
    late: 0,
    tooMany: 0,
  };
  readonly #hasher: SipHasher;
  readonly #relayId: string;
  readonly #label: number;
  readonly #random: Random;
  readonly #peers: Map<string, MeshPeerState> = new Map();
  #byLabel: Map<number, MeshPeerState[]> = new Map();
  readonly #answers: Answer[] = [];
  /** When a peer is to be looked at; a relay asks with every packet, so it is not computed anew. */
  #deadlineMs = Infinity;
  #transmitTo: Address = { hostname: "::", port: 0 };

  /** Makes a prober without peers. */
  constructor({ relayId, hasher, seed }: MeshProberOptions) {
    this.#relayId = relayId;
    this.#hasher = hasher;
    this.#label = meshLabel(hasher, relayId);
    this.#random = new Random(seed);
  }

  /** Where the datagram that {@link pollTransmit} gave goes. */
  get transmitTo(): Address {
    return this.#transmitTo;
  }

  /**
   * Says whom to measure from now on. Peers that stay keep their window, unless their address or key has
   * changed; this relay itself is left out.
   *
   * @throws {RangeError} for more than 1,024 peers, or a key that has not 16 bytes.
   */
  setPeers(peers: readonly MeshPeer[], nowMs: number): void {
    if (peers.length > MAX_MESH_LINKS) {
      throw new RangeError(`Cannot measure ${peers.length} relays: at most ${MAX_MESH_LINKS}`);
    }
    const others = peers.filter(({ relayId }) => relayId !== this.#relayId);
    for (const { relayId, key } of others) {
      if (key.byteLength !== SIPHASH_KEY_BYTES) {
        throw new RangeError(`The key of "${relayId}" has not ${SIPHASH_KEY_BYTES} bytes`);
      }
    }
    const wanted = new Set(others.map(({ relayId }) => relayId));
    for (const relayId of this.#peers.keys()) if (!wanted.has(relayId)) this.#peers.delete(relayId);
    for (const peer of others) this.#setPeer(peer, nowMs);
    this.#byLabel = Map.groupBy(
      this.#peers.values(),
      ({ peer }) => meshLabel(this.#hasher, peer.relayId),
    );
    this.#findDeadline();
  }

  /** Takes a mesh frame; never throws. */
  handleDatagram(bytes: Uint8Array, _from: Address, nowMs: number): void {
    const frame = readMeshFrame(bytes);
    if (frame === undefined) {
      this.counters.malformed++;
      return;
    }
    const namesakes = this.#byLabel.get(frame.label);
    if (namesakes === undefined) {
      this.counters.unknownPeer++;
      return;
    }
    const state = namesakes.find(({ peer }) => isMeshFrameOf(this.#hasher, peer.key, bytes));
    if (state === undefined) this.counters.tag++;
    else if (frame.kind === MeshKind.probe) this.#onProbe(state, frame.number, nowMs);
    else {
      this.#settle(state, nowMs);
      this.counters[state.onAnswer(frame.number, nowMs)]++;
      this.#findDeadline();
    }
  }

  /** Notes probes that were lost. */
  handleTimeout(nowMs: number): void {
    if (nowMs < this.#deadlineMs) return;
    for (const state of this.#peers.values()) this.#settle(state, nowMs);
    this.#findDeadline();
  }

  /** When something is to be done at the latest; `Infinity` without peers. */
  deadlineMs(nowMs: number): number {
    return this.#answers.length > 0 ? nowMs : this.#deadlineMs;
  }

  /** Builds the next datagram, 24 bytes; 0 when there is none. */
  pollTransmit(into: Uint8Array, nowMs: number): number {
    const answer = this.#answers.shift();
    if (answer !== undefined) {
      this.counters.answersSent++;
      return this.#write(into, answer.state, MeshKind.answer, answer.number);
    }
    if (nowMs < this.#deadlineMs) return 0;
    for (const state of this.#peers.values()) {
      if (state.nextProbeMs > nowMs) continue;
      this.#settle(state, nowMs);
      this.#scheduleNext(state, nowMs);
      this.counters.probesSent++;
      return this.#write(into, state, MeshKind.probe, state.onProbe(nowMs));
    }
    this.#findDeadline();
    return 0;
  }

  /** What the last ten seconds say about the path to a relay; `undefined` when that is too little. */
  quality(relayId: string, nowMs: number): WindowQuality | undefined {
    const state = this.#peers.get(relayId);
    if (state === undefined) return undefined;
    this.#settle(state, nowMs);
    return state.window.quality(nowMs);
  }

  /** What to publish: every relay about which something is known. */
  links(nowMs: number): MeshLink[] {
    const links: MeshLink[] = [];
    for (const relayId of this.#peers.keys()) {
      const quality = this.quality(relayId, nowMs);
      if (quality === undefined) continue;
      const { p95RttMs, jitterMs, loss } = quality;
      links.push({ to: relayId, p95RttMs, jitterMs, loss });
    }
    return links;
  }

  #setPeer(peer: MeshPeer, nowMs: number): void {
    const state = this.#peers.get(peer.relayId);
    if (state === undefined) {
      // The first round is spread over one interval: a relay that starts does not shout at the fleet.
      const firstProbeMs = nowMs + PROBE_INTERVAL_MS * this.#random.unit();
      const firstNumber = this.#random.uint32();
      this.#peers.set(peer.relayId, new MeshPeerState(peer, firstProbeMs, firstNumber, nowMs));
      return;
    }
    const isElsewhere = addressKey(state.peer.address) !== addressKey(peer.address) ||
      state.peer.key.some((byte, at) => byte !== peer.key[at]);
    state.peer = peer;
    if (isElsewhere) state.reset();
  }

  #scheduleNext(state: MeshPeerState, nowMs: number): void {
    const startMs = nowMs - state.nextProbeMs > STALL_MS ? nowMs : state.nextProbeMs;
    const spread = INTERVAL_SPREAD * (2 * this.#random.unit() - 1);
    state.nextProbeMs = startMs + PROBE_INTERVAL_MS * (1 + spread);
  }

  #findDeadline(): void {
    this.#deadlineMs = Infinity;
    for (const { nextProbeMs, timeoutMs } of this.#peers.values()) {
      this.#deadlineMs = Math.min(this.#deadlineMs, nextProbeMs, timeoutMs);
    }
  }

  #onProbe(state: MeshPeerState, number: number, nowMs: number): void {
    if (state.mayAnswer(nowMs)) this.#answers.push({ state, number });
    else this.counters.tooMany++;
  }

  #settle(state: MeshPeerState, nowMs: number): void {
    this.counters.lost += state.settle(nowMs);
  }

  #write(into: Uint8Array, state: MeshPeerState, kind: MeshKind, number: number): number {
    const { key, shard, address } = state.peer;
    writeMeshFrame(this.#hasher, key, into, { kind, label: this.#label, number, shard });
    this.#transmitTo = address;
    return MESH_FRAME_BYTES;
  }
}
