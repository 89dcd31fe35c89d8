/**
 * What both ends of a session send: as much as goes, or what a game sends.
 *
 * @module
 */
import type { Talker } from "../fixtures/talker.ts";
import { gameSizes, mixedSizes, Traffic } from "../fixtures/traffic.ts";

/** A way to use a session. */
export interface Mode {
  readonly name: string;
  /** New traffic of one direction. */
  readonly traffic: (salt: number) => Traffic;
  /** One tick of one end. */
  readonly tick: (traffic: Traffic, from: Talker, tick: number) => void;
}

/** All deliveries at once, reliable ones as fast as they are taken. */
export const BULK: Mode = {
  name: "bulk",
  traffic: (salt) => new Traffic(mixedSizes(salt), salt),
  tick: (traffic, from, tick) => {
    traffic.stream("input").send(from);
    if (tick % 2 === 0) traffic.stream("sequenced").send(from);
    if (tick % 3 === 0) traffic.stream("reliable-latest").send(from);
    if (tick % 4 === 0) traffic.stream("unreliable").send(from);
    for (const delivery of ["reliable-ordered", "reliable-unordered"] as const) {
      const stream = traffic.stream(delivery);
      // A few ahead of what was taken: enough to keep the pipe full, little enough to end in time.
      for (let i = 0; i < 8 && stream.sent - stream.received < 200; i++) {
        if (stream.send(from) !== "queued") break;
      }
    }
  },
};

/** Sixty ticks a second of inputs and snapshots, some events, a chat line now and then. */
export const GAME: Mode = {
  name: "like a game",
  traffic: (salt) => new Traffic(gameSizes(), salt),
  tick: (traffic, from, tick) => {
    traffic.stream("input").send(from);
    if (tick % 3 === 0) traffic.stream("sequenced").send(from);
    if (tick % 5 === 0) traffic.stream("unreliable").send(from);
    if (tick % 20 === 0) traffic.stream("reliable-unordered").send(from);
    if (tick % 30 === 0) traffic.stream("reliable-ordered").send(from);
    if (tick % 60 === 0) traffic.stream("reliable-latest").send(from);
  },
};
