/**
 * Fuzzes a relay with forged, replayed, truncated, reordered and random frames, among honest ones.
 *
 * `deno run -A tests/fuzz/relay_frames.ts 1000000 7` runs a million with seed 7 and prints what came of them.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import type { RelayCore } from "../../protocol/relay/relay_core.ts";
import {
  RELAY_HEADER_BYTES,
  RELAY_MAX_FRAME_BYTES,
  RelayFlag,
  RelayFrameType,
  writeRelayHeader,
} from "../../protocol/relay/relay_frame.ts";
import { FRAME_SIZES } from "../../protocol/relay/relay_frame_rules.ts";
import { Random, seedFor } from "../../transport/random.ts";
import { AnchorLab } from "../protocol/relay/anchor_lab.ts";
import { CLIENT, type LabEnd, LabRoute, RelayLab, SERVER } from "../protocol/relay/relay_lab.ts";
import type { FuzzOptions, FuzzReport } from "./mutator.ts";

/** What a run has seen: verdicts are `"honest"`, `"sent bytes"`, and `"refused as …"` by counter. */
export interface RelayFuzzReport extends FuzzReport {
  /** Bytes that the relay sent, per byte that it got. */
  readonly sentRatio: number;
}

/** Frames kept to be damaged and replayed. */
const MEMORY = 64;

/** Honest traffic, beside what is made of it. */
class Traffic {
  readonly lab = new AnchorLab();
  readonly random: Random;
  readonly past: Uint8Array[] = [];
  readonly #ends: [LabEnd, Address][];
  readonly #routes = Array.from(
    { length: 8 },
    (_, i) => new LabRoute({ name: `fuzz ${i}`, isKnownSource: i % 2 === 0 }),
  );

  constructor(seed: number) {
    this.random = new Random(seedFor("relay frames", seed));
    this.lab.bindPlayer();
    const { core } = this.lab;
    const second = RelayLab.bound({ name: "second" }, [core]);
    this.#ends = [
      [this.lab.client, CLIENT],
      [this.lab.server, SERVER],
      [second.client, CLIENT],
      [second.server, SERVER],
    ];
  }

  get core(): RelayCore {
    return this.lab.core;
  }

  /** A DATA frame that has to go on. */
  honest(): [Uint8Array, Address] {
    const [end, from] = this.random.pick(this.#ends);
    const frame = end.frame(RelayFrameType.data, this.random.below(120) + 1);
    this.remember(frame);
    return [frame, from];
  }

  remember(frame: Uint8Array): void {
    this.past[this.random.below(MEMORY)] = frame.slice();
  }

  /** Something that must not pass: see {@link HOSTILE}. */
  hostile(): Uint8Array {
    return this.random.pick(HOSTILE)(this);
  }

  /** A frame of the past that there is. */
  old(): Uint8Array {
    const frames = this.past.filter((frame) => frame !== undefined);
    return frames.length === 0 ? this.random.bytes(40) : this.random.pick(frames).slice();
  }

  bind(): Uint8Array {
    const route = this.random.pick(this.#routes);
    return route.endBefore(0).bind(route.tickets, BigInt(this.random.below(3)));
  }

  /** A label of a session, so that more than the first look-up is reached. */
  label(): number {
    return this.random.pick(this.#ends)[0].options.label;
  }
}

/** What strangers and broken relays send. None of it may pass as DATA. */
const HOSTILE: readonly ((traffic: Traffic) => Uint8Array)[] = [
  ({ random }) => random.bytes(random.below(1_400)),
  ({ random }) => {
    const bytes = random.bytes(random.below(700));
    if (bytes.length > 0) bytes[0] = 0xe0 | random.below(16);
    if (bytes.length > 2) bytes[2] = 1 << 5 | random.below(32);
    return bytes;
  },
  (traffic) => typed(traffic),
  (traffic) => traffic.old(),
  (traffic) => {
    const frame = traffic.old();
    return frame.slice(0, traffic.random.below(frame.length));
  },
  (traffic) => {
    const frame = traffic.old();
    const longer = new Uint8Array(frame.length + 1 + traffic.random.below(60));
    longer.set(frame);
    return longer;
  },
  (traffic) => flipped(traffic, traffic.old(), RELAY_HEADER_BYTES + 32),
  (traffic) => traffic.bind(),
  (traffic) => flipped(traffic, traffic.bind(), 512),
];

/** A frame of a type's own size with the label of a session, and no key. */
function typed(traffic: Traffic): Uint8Array {
  const { random } = traffic;
  const type = random.below(16) as RelayFrameType; // Any 4 bits are a type.
  const frame = random.bytes(FRAME_SIZES[type]!.min);
  writeRelayHeader(frame, {
    type,
    shard: 0,
    flags: random.below(2) * RelayFlag.downstream,
    epoch: 1,
    label: traffic.label(),
    sequence: random.uint32(),
  });
  return frame;
}

function flipped({ random }: Traffic, bytes: Uint8Array, end: number): Uint8Array {
  const at = random.below(Math.min(end, bytes.length));
  bytes[at]! ^= 1 << random.below(8);
  return bytes;
}

/** Sends everything to one relay and checks after each datagram what must hold. */
export function fuzzRelayFrames({ seed, iterations }: FuzzOptions): RelayFuzzReport {
  const traffic = new Traffic(seed);
  const { core, random } = traffic;
  const into = new Uint8Array(RELAY_MAX_FRAME_BYTES);
  let honest = 0;
  let slowestUs = 0;
  let nowMs = 0;
  let sentBytes = 0;
  let gotBytes = 0;
  for (let i = 0; i < iterations; i++) {
    nowMs += 0.25;
    const isHonest = random.chance(0.25);
    const [bytes, from] = isHonest ? traffic.honest() : [traffic.hostile(), source(random)];
    gotBytes += bytes.byteLength;
    const startMs = performance.now();
    const forwarded = core.forwardInPlace(bytes, from, nowMs);
    slowestUs = Math.max(slowestUs, (performance.now() - startMs) * 1_000);
    if (isHonest) {
      assert.equal(forwarded, bytes.byteLength, `seed ${seed}, datagram ${i}`);
      honest++;
    } else assert.equal(forwarded, 0, `seed ${seed}, datagram ${i}: ${bytes.toHex()}`);
    sentBytes += forwarded;
    for (let n = core.pollTransmit(into, nowMs); n > 0; n = core.pollTransmit(into, nowMs)) {
      assert.ok(n <= RELAY_MAX_FRAME_BYTES);
      sentBytes += n;
    }
    if (nowMs >= core.deadlineMs()) core.handleTimeout(nowMs);
    assert.ok(core.size <= 11, "three sessions and the eight that the BINDs name");
  }
  const verdicts = new Map([["honest", honest]]);
  for (const [name, count] of Object.entries(core.drops)) {
    if (count > 0) verdicts.set(`refused as ${name}`, count);
  }
  return { inputs: iterations, slowestUs, verdicts, sentRatio: sentBytes / gotBytes };
}

function source(random: Random): Address {
  if (random.chance(0.5)) return random.pick([CLIENT, SERVER]);
  return {
    hostname: `10.0.${random.below(256)}.${random.below(256)}`,
    port: 1 + random.below(65_535),
  };
}

if (import.meta.main) {
  const [iterations = 1_000_000, seed = 1] = Deno.args.map(Number);
  const startMs = performance.now();
  const report = fuzzRelayFrames({ seed, iterations });
  const seconds = (performance.now() - startMs) / 1_000;
  // deno-lint-ignore no-console
  console.log(`${iterations} datagrams with seed ${seed} in ${seconds.toFixed(1)} s`);
  // deno-lint-ignore no-console
  console.log(report);
}
