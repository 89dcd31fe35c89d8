/**
 * What a relay does with a DATA frame, in memory: look up, check, swap, tag, copy to the transmit buffer.
 *
 * Every frame is copied into one receive buffer first, as a socket would; the bare forwarder does this copy
 * and the one to the transmit buffer and nothing else. `deno run -A --v8-flags=--expose-gc
 * bench/relay_core_bench.ts` prints nanoseconds per frame, their ratio, and bytes of garbage per frame.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import { loadSodium } from "../protocol/crypto/sodium.ts";
import { bindFrameBytes, writeBindBody, writeBoundBody } from "../protocol/relay/control_frames.ts";
import {
  HopFlag,
  type HopTicket,
  sealHopTicket,
  sourceHashOf,
} from "../protocol/relay/hop_ticket.ts";
import { RelayCore } from "../protocol/relay/relay_core.ts";
import {
  RELAY_HEADER_BYTES,
  RelayFlag,
  RelayFrameType,
  writeFrameTag,
  writeRelayHeader,
} from "../protocol/relay/relay_frame.ts";
import { PureSipHasher, type SipHasher } from "../protocol/relay/siphash.ts";
import { loadSodiumSipHasher } from "../protocol/relay/sodium_siphash.ts";
import { systemRandom } from "../transport/system_random.ts";
import { median } from "./load_process.ts";

/** What was measured. */
export interface RelayBenchResult {
  /** Which hasher, and how many bytes a frame has. */
  readonly name: string;
  /** Nanoseconds per frame through the relay. */
  readonly relayNs: number;
  /** Nanoseconds per frame through a forwarder that only copies. */
  readonly copyNs: number;
  /** Bytes by which the heap grows per frame. */
  readonly garbageBytes: number;
}

const ROUNDS = 7;
const WARM_UP_ROUNDS = 3;
const FRAMES = 20_000;
const CLIENT: Address = { hostname: "198.51.100.7", port: 40_001 };
const SERVER: Address = { hostname: "203.0.113.9", port: 9_999 };
const EPOCH_MS = 1_800_000_000_000;

/** Measures both hashers at two sizes; takes some seconds. */
export async function runRelayBench(): Promise<RelayBenchResult[]> {
  const hashers: [string, SipHasher][] = [
    ["libsodium", await loadSodiumSipHasher()],
    ["plain JavaScript", new PureSipHasher()],
  ];
  const results: RelayBenchResult[] = [];
  for (const [name, hasher] of hashers) {
    for (const payload of [100, 1_212]) {
      results.push(await measure(`${name}, ${payload + RELAY_HEADER_BYTES} B`, hasher, payload));
    }
  }
  return results;
}

async function measure(
  name: string,
  hasher: SipHasher,
  payload: number,
): Promise<RelayBenchResult> {
  const route = new Route();
  const core = await route.bound(hasher);
  const relayed: number[] = [];
  const copied: number[] = [];
  const garbage: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const frames = route.frames(payload);
    const relay = timed(() => relayAll(core, frames));
    const copy = timed(() => copyAll(frames));
    if (round < 0) continue;
    relayed.push(relay.ns);
    copied.push(copy.ns);
    garbage.push(relay.garbageBytes);
  }
  return {
    name,
    relayNs: median(relayed),
    copyNs: median(copied),
    garbageBytes: median(garbage),
  };
}

const receive = new Uint8Array(1_232);
const transmit = new Uint8Array(1_232);
const views = new Map<number, Uint8Array>();

/** A view of the receive buffer as long as a frame: pipes make one per datagram, which is not ours to count. */
function received(frame: Uint8Array): Uint8Array {
  let view = views.get(frame.byteLength);
  if (view === undefined) {
    view = receive.subarray(0, frame.byteLength);
    views.set(frame.byteLength, view);
  }
  view.set(frame);
  return view;
}

function relayAll(core: RelayCore, frames: readonly Uint8Array[]): void {
  for (const frame of frames) {
    const bytes = received(frame);
    const sizeBytes = core.forwardInPlace(bytes, CLIENT, 1);
    if (sizeBytes !== frame.byteLength || core.forwardTo.port !== SERVER.port) {
      throw new Error("a frame did not go on");
    }
    transmit.set(bytes);
  }
}

function copyAll(frames: readonly Uint8Array[]): void {
  for (const frame of frames) transmit.set(received(frame));
}

function timed(run: () => void): { ns: number; garbageBytes: number } {
  collectGarbage();
  const heapBefore = Deno.memoryUsage().heapUsed;
  const startMs = performance.now();
  run();
  const ns = (performance.now() - startMs) / FRAMES * 1e6;
  return { ns, garbageBytes: (Deno.memoryUsage().heapUsed - heapBefore) / FRAMES };
}

function collectGarbage(): void {
  // Only with --v8-flags=--expose-gc is there such a function.
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
}

/** One session on one relay, and a client that builds its frames. */
class Route {
  readonly #key = new Uint8Array(16).fill(1);
  readonly #nextKey = new Uint8Array(16).fill(2);
  readonly #hasher = new PureSipHasher();
  #sequence = 1;

  async bound(hasher: SipHasher): Promise<RelayCore> {
    const crypto = await loadSodium();
    const relayKey = {
      keyId: 1,
      aeadKey: new Uint8Array(32).fill(3),
      gateKey: new Uint8Array(16).fill(4),
    };
    const core = new RelayCore({
      shard: 0,
      keys: [relayKey],
      crypto,
      hasher,
      random: systemRandom,
      epochMs: EPOCH_MS,
    }, 0);
    const ticket: HopTicket = {
      flags: HopFlag.first,
      hopIndex: 0,
      epoch: 1,
      sessionId: 1n,
      notAfterS: EPOCH_MS / 1_000 + 3_600,
      labelIn: 0x1234_5678,
      labelOut: 0x8765_4321,
      nextShard: 0,
      next: SERVER,
      keyPrev: this.#key,
      keyNext: this.#nextKey,
      kbpsUp: 0,
      kbpsDown: 0,
      ppsUp: 0,
      ppsDown: 0,
      maxMiB: 0,
      sourceHash: sourceHashOf(CLIENT.hostname, relayKey.gateKey),
      ticketId: 1n,
    };
    const sealed = sealHopTicket(ticket, relayKey, { shard: 0, hops: 2 }, new Uint8Array(12));
    const tickets = new Uint8Array(2 * sealed.byteLength);
    tickets.set(sealed);
    const bind = new Uint8Array(bindFrameBytes(2));
    writeBindBody(bind, 1n, tickets);
    this.#seal(bind, RelayFrameType.bind, 0x1234_5678, this.#key, 0);
    core.handleDatagram(bind, CLIENT, 0);
    while (core.pollTransmit(transmit, 0) > 0);
    const bound = new Uint8Array(52);
    writeBoundBody(bound, { observed: SERVER, leaseS: 60, notAfterS: 2 ** 32 - 1, bindId: 1n });
    this.#seal(bound, RelayFrameType.bound, 0x8765_4321, this.#nextKey, RelayFlag.downstream);
    if (core.forwardInPlace(bound, SERVER, 0) === 0) throw new Error("the route was not bound");
    return core;
  }

  frames(payload: number): Uint8Array[] {
    return Array.from({ length: FRAMES }, () => {
      const frame = new Uint8Array(RELAY_HEADER_BYTES + payload).fill(7);
      this.#seal(frame, RelayFrameType.data, 0x1234_5678, this.#key, 0);
      return frame;
    });
  }

  #seal(
    frame: Uint8Array,
    type: RelayFrameType,
    label: number,
    key: Uint8Array,
    flags: number,
  ): void {
    const sequence = this.#sequence++;
    writeRelayHeader(frame, { type, shard: 0, flags, epoch: 1, label, sequence });
    writeFrameTag(this.#hasher, key, 0, frame, frame.byteLength);
  }
}

if (import.meta.main) {
  for (const { name, relayNs, copyNs, garbageBytes } of await runRelayBench()) {
    const ratio = (relayNs / copyNs).toFixed(1);
    // deno-lint-ignore no-console
    console.log(
      `${name}: ${relayNs.toFixed(0)} ns a frame, copies alone ${
        copyNs.toFixed(0)
      } ns (${ratio}x), ` +
        `${garbageBytes.toFixed(2)} B of garbage`,
    );
  }
}
