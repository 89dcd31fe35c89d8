/**
 * Runs an endpoint for as long as one answer takes, and waits for anything no longer than its caller.
 *
 * @module
 */
import type { Clock } from "../transport/clock.ts";
import { type DrivenEndpoint, EndpointDriver } from "../transport/endpoint_driver.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import { ConnectError } from "./errors.ts";

/** What driving takes. */
export interface DriveContext {
  /** Moves datagrams. */
  readonly pipe: DatagramPipe;
  /** Time and timers. */
  readonly clock: Clock;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Drives an endpoint until `poll` returns something.
 *
 * @param poll Asked after every change.
 * @throws ConnectError `aborted`.
 */
export function driveUntil<Answer>(
  endpoint: DrivenEndpoint,
  context: DriveContext,
  poll: (nowMs: number) => Answer | undefined,
): Promise<Answer> {
  const { pipe, clock, signal } = context;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const driver = new EndpointDriver(endpoint, pipe, clock, (nowMs) => {
    const answer = poll(nowMs);
    if (answer === undefined) return;
    // Whoever drives the same endpoint next goes on where this driver stops.
    driver.stop();
    resolve(answer);
  }, reject);
  driver.start();
  return orAborted(signal, promise).finally(() => driver.stop());
}

/**
 * The promise, or the end of the caller's patience.
 *
 * @throws ConnectError `aborted`.
 */
export async function orAborted<Value>(
  signal: AbortSignal | undefined,
  promise: Promise<Value>,
): Promise<Value> {
  if (signal === undefined) return await promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    const options = { cause: signal.reason };
    reject(new ConnectError("aborted", "Cannot connect: the caller gave up", options));
  };
  // An event that has happened is not told again.
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
