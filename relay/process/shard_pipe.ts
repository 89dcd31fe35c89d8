/**
 * Opens the socket of a shard, so that a later process of the same relay can bind beside it and take over.
 *
 * @module
 */
import type { Clock } from "../../transport/clock.ts";
import { openDatagramPipe } from "../../transport/open_datagram_pipe.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { simulate } from "../../transport/simulate.ts";

/** Where a shard listens. Can be copied between threads. */
export interface ShardBinding {
  /** Address; all when `undefined`. */
  readonly hostname: string | undefined;
  /** UDP port, 0 for a free one. */
  readonly port: number;
  /** A bad line to simulate. */
  readonly sim: string | undefined;
  /** Whether another process of this relay has the port and is about to hand over. */
  readonly takesOver: boolean;
}

/** Datagrams in flight at once: four bursts of what is received in one turn. */
const TRANSMIT_SLOTS = 1_024;

/**
 * Binds. Throws TransportError `address-in-use` when another program has the port, unless that is the
 * process whose place is taken.
 */
export async function openShardPipe(binding: ShardBinding, clock: Clock): Promise<DatagramPipe> {
  const { hostname, sim, takesOver } = binding;
  let { port } = binding;
  if (!takesOver) {
    // Sharing a port is for takeovers only: a second relay by mistake would silently get all datagrams.
    const trial = await openDatagramPipe({ hostname, port, transmitSlots: 1 });
    ({ port } = trial.localAddress);
    await trial.close();
  }
  const pipe = await openDatagramPipe({
    hostname,
    port,
    transmitSlots: TRANSMIT_SLOTS,
    reuseAddress: true,
  });
  return sim === undefined ? pipe : simulate(pipe, sim, clock);
}
