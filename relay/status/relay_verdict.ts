/**
 * What an operator should know first: whether the relay is well, and if not, what is the matter.
 *
 * @module
 */
import type { RelaySnapshot } from "./relay_snapshot.ts";
import { counted, duration, percent } from "./status_words.ts";

/** Load from which a relay is near its limit. */
const HIGH_LOAD = 0.8;

/** Share of received frames that is dropped by an ordinary relay: strays, and packets from before. */
const ORDINARY_DROPS = 0.05;

/** Frames below which a share says nothing. */
const MEANINGFUL_FRAMES = 1_000;

/** Totals of sockets that mean that the machine is too slow, or its buffers too small. */
const OVERRUNS = ["kernelDrops", "noBuffer"] as const;

/** One thing that is the matter; the page shows it as a sentence. */
export function relayTroubles(snapshot: RelaySnapshot): string[] {
  const { state, drainMs, directory, directoryAgeMs, load, traffic, drops, socket } = snapshot;
  const troubles: string[] = [];
  if (state === "draining") {
    const end = drainMs === undefined ? "" : ` and ends in ${duration(drainMs)}`;
    troubles.push(`The relay drains: it takes no new sessions${end}.`);
  }
  if (directory === "away") {
    troubles.push(
      `The directory has not been heard for ${duration(directoryAgeMs)}. ` +
        `Sessions go on; nothing new is learned of other relays.`,
    );
  }
  if (load >= HIGH_LOAD) {
    troubles.push(`The relay is near its limit, at ${percent(load)} of what it can forward.`);
  }
  const received = traffic.reduce((sum, frames) => sum + frames.received, 0);
  const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
  if (received >= MEANINGFUL_FRAMES && dropped > received * ORDINARY_DROPS) {
    troubles.push(`${percent(dropped / received)} of all frames were dropped; see why below.`);
  }
  for (const name of OVERRUNS) {
    const count = socket[name] ?? 0;
    if (count > 0) {
      troubles.push(
        name === "kernelDrops"
          ? `The system dropped ${
            counted(count, "datagram")
          } before the relay saw them: raise net.core.rmem_default.`
          : `${counted(count, "datagram")} found no free transmit buffer.`,
      );
    }
  }
  return troubles;
}
