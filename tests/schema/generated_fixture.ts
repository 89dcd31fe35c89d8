/**
 * The protocol of `generated_fixture.gen.ts`: every kind of field, and two versions.
 *
 * @module
 */
import { message, protocol, t } from "../../schema/mod.ts";

/** Every kind of field. */
export const Every = message({
  bool: t.bool(),
  small: t.int(-3, 9),
  wide: t.int(0, 2 ** 40),
  f32: t.f32(),
  f64: t.f64(),
  grid: t.quantized(-0.7, 0.7, 0.1),
  compressed: t.compressedFloat(0, 10, 0.01),
  angle: t.angle(12),
  kind: t.enum("fist", 'a "quoted" bow', "line\nbreak"),
  turn: t.quat(9),
  varint: t.varint(),
  text: t.string({ maxBytes: 24 }),
  raw: t.bytes({ maxBytes: 9 }),
  any: t.any({ maxBytes: 64 }),
  list: t.array(t.int(0, 5), { max: 9 }),
  points: t.array(t.vec2(t.u8()), { max: 4 }),
  scores: t.map(t.string({ maxBytes: 9 }), t.u16(), { max: 4 }),
  maybe: t.struct({ deep: t.u8().optional() }).optional(),
  action: t.union("kind", { move: { to: t.u8() }, stop: {} }),
  added: t.u8().since(2).default(7),
}, { from: "both", delivery: "reliable-ordered" });

/** A second message, so that there is an envelope. */
export const Ping = message({}, { from: "both", delivery: "reliable-ordered" });

/** The protocol; codecs are generated for both versions. */
export const Fixture = protocol("fixture", { version: 2, accepts: 2 }, { Every, Ping });
