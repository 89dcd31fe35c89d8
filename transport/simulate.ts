/**
 * What `--sim` does: a bad line around a pipe, the same in both directions.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import { impairPipe } from "./impaired_pipe.ts";
import type { ImpairmentOptions } from "./impairment.ts";
import { parseImpairment } from "./impairment_text.ts";
import type { DatagramPipe } from "./pipe.ts";
import type { Allocate } from "./slot_pool.ts";

/**
 * Wraps a pipe that has not been started.
 *
 * @param sim An impairment, or its text such as `"delay=80ms,jitter=20ms,loss=5%,dup=1%,seed=7"`.
 * Delays count in each direction: 80 ms make 160 ms of round trip.
 * @throws RangeError or TypeError for an impairment that makes no sense.
 */
export function simulate(
  pipe: DatagramPipe,
  sim: ImpairmentOptions | string,
  clock: Clock,
  allocate?: Allocate,
): DatagramPipe {
  const impairment = typeof sim === "string" ? parseImpairment(sim) : sim;
  return impairPipe(pipe, { send: impairment, receive: impairment, clock, allocate });
}
