/**
 * Plays one network row in one mode, and checks every message of every delivery in both directions.
 *
 * @module
 */
import assert from "node:assert/strict";
import { World, type WorldClient, type WorldOptions, type WorldPeer } from "../fixtures/world.ts";
import type { Mode } from "./modes.ts";
import type { NetworkRow } from "./network_rows.ts";

/** What a run came to. */
export interface MatrixResult {
  /** Packets of both ends. */
  readonly packets: number;
  /** Messages that arrived at both ends. */
  readonly messages: number;
  /** Time that the last reliable message took after the senders stopped. */
  readonly drainMs: number;
}

/** How a run is done. */
export interface MatrixOptions {
  readonly seed: number;
  /** Simulated time during which both ends send. */
  readonly activeMs: number;
  /** Simulated time in which everything must then have arrived. */
  readonly drainMs: number;
  /** Changes of the world. */
  readonly world?: Partial<WorldOptions>;
  /** Called after every tick of the senders, with the packets of both ends so far. */
  readonly onTick?: (packets: number) => void;
}

/**
 * Runs a row in a mode.
 *
 * @throws AssertionError when anything is delivered twice, out of order, changed, or not at all.
 */
export function runRow(row: NetworkRow, mode: Mode, options: MatrixOptions): MatrixResult {
  const what = `${row.name}, ${mode.name}, seed ${options.seed}`;
  // Twelve HELLOs do not get through a network that loses nine in ten: there the network worsens later.
  const link = (row.link.loss ?? 0) > 0.5 ? { ...row.link, loss: 0 } : row.link;
  const { limits: sessionLimits = {} } = row;
  const world = new World({
    seed: options.seed,
    link,
    server: { sessionLimits },
    client: { sessionLimits },
    ...options.world,
  });
  const client = world.addClient();
  assert.ok(
    world.runUntil(() => client.endpoint.session !== undefined && world.peers.size > 0, 30_000),
    `${what}: not connected, ${client.kinds}`,
  );
  if (link !== row.link) world.network.setDefaultLink(row.link);
  const { peer } = world;
  const [up, down] = [mode.traffic(options.seed), mode.traffic(options.seed + 1)];
  up.listen(peer);
  down.listen(client);
  const endMs = world.nowMs + options.activeMs;
  let tick = 0;
  world.everyMs(1_000 / 60, () => {
    if (world.nowMs >= endMs) return false;
    mode.tick(up, client, tick);
    mode.tick(down, peer, tick);
    tick++;
    client.flush();
    peer.flush();
    options.onTick?.(packetsOf(client, peer));
  });
  world.run(options.activeMs);
  const isComplete = world.runUntil(() => up.isComplete && down.isComplete, options.drainMs);
  const drainMs = world.nowMs - endMs;
  // What must not come any more has its time to come all the same.
  world.run(3_000);
  up.assertComplete(`${what}, up`);
  down.assertComplete(`${what}, down`);
  assert.ok(isComplete, `${what}: not all arrived within ${options.drainMs} ms`);
  const received = [...up.streams.values(), ...down.streams.values()];
  return {
    packets: packetsOf(client, peer),
    messages: received.reduce((sum, stream) => sum + stream.received, 0),
    drainMs,
  };
}

function packetsOf(client: WorldClient, peer: WorldPeer): number {
  return client.session.counters.packetsSent + peer.session.counters.packetsSent;
}
