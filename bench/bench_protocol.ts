/**
 * The protocol and limits that benches share.
 *
 * @module
 */
import type { SessionLimits } from "../protocol/limits.ts";
import { type Infer, message, protocol, t } from "../schema/mod.ts";

/** A player's state as games send it, 76 bytes: with header, packet number and tag 100 on the wire. */
export const BenchEcho = protocol("bench-echo", { version: 1 }, {
  Echo: message({
    tick: t.tick(),
    id: t.u32(),
    position: t.vec3(t.f64()),
    velocity: t.vec3(t.f32()),
    rotation: t.vec3(t.f32()),
    health: t.u16(),
    ammo: t.u16(),
    score: t.i32(),
    flags: t.u32(),
    extra: t.f64(),
  }, { from: "both", delivery: "unreliable" }),
});

/** One value of it. */
export const BENCH_VALUE: Infer<typeof BenchEcho.Echo> = {
  tick: 1,
  id: 2,
  position: { x: 1, y: 2, z: 3 },
  velocity: { x: 1, y: 2, z: 3 },
  rotation: { x: 1, y: 2, z: 3 },
  health: 100,
  ammo: 30,
  score: -5,
  flags: 7,
  extra: 0.5,
};

/** No rate stands in the way: what is measured is what the code costs. */
export const BENCH_LIMITS: Partial<SessionLimits> = {
  packetsPerSecond: 1_000_000,
  bytesPerSecond: 1_000_000_000,
  pacing: {
    initialBytesPerSecond: 1_000_000_000,
    floorBytesPerSecond: 1_000_000_000,
    ceilingBytesPerSecond: 1_000_000_000,
  },
};
