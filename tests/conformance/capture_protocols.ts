/**
 * The protocols that captures are made with: every delivery in both directions, every kind of field,
 * channels with and without an envelope, and more channels than one byte of a MESSAGE frame can number.
 *
 * @module
 */
import {
  type BoundMessage,
  message,
  type Protocol,
  protocol,
  type ProtocolCore,
  t,
} from "../../schema/mod.ts";
import type { Random } from "../../transport/random.ts";

const Position = t.vec2(t.quantized(-64, 64, 1 / 64));

/** `unreliable`; shares its channel with {@link Burst}. */
const Blip = message({ n: t.u16(), at: Position, isLoud: t.bool() }, {
  from: "both",
  delivery: "unreliable",
});

/** `unreliable` and larger than a datagram. */
const Burst = message({ n: t.u16(), data: t.bytes({ maxBytes: 6_000 }) }, {
  from: "both",
  delivery: "unreliable",
  fragments: true,
});

/** `sequenced`; 700 bytes need fragments where datagrams are small. */
const Pose = message({
  n: t.u16(),
  heading: t.angle(12),
  rotation: t.quat(10),
  speed: t.f32(),
  label: t.string({ maxBytes: 700 }).optional(),
}, { from: "both", delivery: "sequenced" });

/** `reliable-ordered`; shares its channel with {@link Chunk} and {@link Welcome}. */
const Chat = message({ n: t.u16(), text: t.string({ maxBytes: 240 }) }, {
  from: "both",
  delivery: "reliable-ordered",
});

/** `reliable-ordered` and as large as a map file. */
const Chunk = message({ n: t.u16(), data: t.bytes({ maxBytes: 60_000 }) }, {
  from: "both",
  delivery: "reliable-ordered",
});

/** `reliable-ordered`, of the server only. */
const Welcome = message({ n: t.u16(), names: t.array(t.string({ maxBytes: 24 }), { max: 16 }) }, {
  from: "server",
  delivery: "reliable-ordered",
});

/** `reliable-unordered`. */
const Gift = message({
  n: t.u16(),
  item: t.enum("sword", "shield", "potion"),
  count: t.varint(),
  shape: t.union("kind", { circle: { radius: t.f64() }, box: { w: t.u8(), h: t.u8() } }),
}, { from: "both", delivery: "reliable-unordered" });

/** `reliable-unordered` in fragments, on a channel of its own name. */
const Parcel = message({ n: t.u16(), data: t.bytes({ maxBytes: 9_000 }) }, {
  from: "both",
  delivery: "reliable-unordered",
  channel: "parcels",
});

/** `reliable-latest`, small or in fragments. */
const Score = message({
  n: t.u16(),
  points: t.map(t.string({ maxBytes: 12 }), t.i32(), { max: 8 }),
  replay: t.bytes({ maxBytes: 4_000 }),
}, { from: "both", delivery: "reliable-latest" });

/** `input`. */
const Steer = message({
  n: t.u16(),
  tick: t.tick(),
  move: t.vec2(t.quantized(-1, 1, 1 / 64)),
  keys: t.flags("fire", "dash", "jump"),
}, { from: "both", delivery: "input", redundancy: 3 });

/** A dynamic value, for the sake of msgpack. */
const Mod = message({ n: t.u16(), value: t.any({ maxBytes: 200 }) }, {
  from: "both",
  delivery: "reliable-unordered",
});

const DEFINITIONS = { Blip, Burst, Pose, Chat, Chunk, Welcome, Gift, Parcel, Score, Steer, Mod };

/** The protocol of nearly all captures. */
export const Conform: Protocol<typeof DEFINITIONS> = protocol(
  "conform",
  { version: 2, backend: "interpreter" },
  DEFINITIONS,
);

/** The same game with another wire: what a server of {@link Conform} refuses. */
export const Mismatched: Protocol<{ readonly Blip: typeof Blip }> = protocol(
  "conform",
  { version: 1, backend: "interpreter" },
  { Blip },
);

const Cell = message({ n: t.u8() }, { from: "both", delivery: "sequenced" });

/** 40 channels: those from number 31 on need a second byte. */
export const Wide: ProtocolCore = protocol(
  "wide",
  { version: 1, backend: "interpreter" },
  Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`Cell${String(i).padStart(2, "0")}`, Cell]),
  ),
);

/** Every protocol that a capture may speak. */
export const CAPTURE_PROTOCOLS: readonly ProtocolCore[] = [Conform, Mismatched, Wide];

/** Makes the `n`th value of a message. */
export type ValueMaker = (n: number, random: Random) => unknown;

const TEXTS = [
  "hi",
  "grüße",
  "日本語",
  "a longer line of chat that says nothing in particular",
  "",
];

/** A maker of values per message of {@link Conform}. */
export const VALUES: readonly (readonly [BoundMessage, ValueMaker])[] = [
  [Conform.Blip, (n, random) => ({ n, at: point(random, 64), isLoud: random.chance(0.5) })],
  [Conform.Pose, (n, random) => ({
    n,
    heading: random.unit() * 6 - 3,
    rotation: { x: 0, y: Math.SQRT1_2, z: 0, w: Math.SQRT1_2 },
    speed: Math.fround(random.unit() * 10),
    label: random.chance(0.3) ? random.pick(TEXTS) : undefined,
  })],
  [Conform.Chat, (n, random) => ({ n, text: random.pick(TEXTS) })],
  [Conform.Gift, (n, random) => ({
    n,
    item: random.pick(["sword", "shield", "potion"]),
    count: random.below(random.pick([100, 20_000, 2 ** 32])),
    shape: random.chance(0.5)
      ? { kind: "circle", radius: random.unit() }
      : { kind: "box", w: random.below(256), h: random.below(256) },
  })],
  [Conform.Score, (n, random) => ({
    n,
    points: new Map([["ada", random.below(1_000)], ["bob", -random.below(1_000)]]),
    replay: random.bytes(random.below(20)),
  })],
  [Conform.Steer, (n, random) => ({
    n,
    tick: n,
    move: point(random, 1),
    keys: { fire: random.chance(0.5), dash: random.chance(0.5), jump: random.chance(0.5) },
  })],
  [Conform.Mod, (n, random) => ({
    n,
    value: { list: [1, -1, 2.5, null, true], bytes: random.bytes(3), text: random.pick(TEXTS) },
  })],
];

function point(random: Random, size: number): { readonly x: number; readonly y: number } {
  return { x: (random.unit() * 2 - 1) * size, y: (random.unit() * 2 - 1) * size };
}
