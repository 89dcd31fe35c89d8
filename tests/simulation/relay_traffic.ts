/**
 * Traffic of a game over relays, and what it shows of outages.
 *
 * @module
 */
import type { RelayClient, RelayWorld } from "./relay_world.ts";

/** Longest times that the ends waited for a message. Set them to 0 to measure anew. */
export interface Gaps {
  down: number;
  up: number;
}

/** Sixty messages a second both ways from now on. */
export function exchange(world: RelayWorld, client: RelayClient): Gaps {
  const { peer } = world;
  const gaps = { down: 0, up: 0 };
  let [downMs, upMs] = [world.nowMs, world.nowMs];
  client.onMessage = () => {
    gaps.down = Math.max(gaps.down, world.nowMs - downMs);
    downMs = world.nowMs;
  };
  peer.onMessage = () => {
    gaps.up = Math.max(gaps.up, world.nowMs - upMs);
    upMs = world.nowMs;
  };
  world.everyMs(1_000 / 60, () => {
    client.send("unreliable", new Uint8Array(60));
    peer.send("unreliable", new Uint8Array(200));
    client.flush();
    peer.flush();
  });
  return gaps;
}
