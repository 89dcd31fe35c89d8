/**
 * Ctrl-C and its like: the first asks to stop, the second does not ask.
 *
 * @module
 */

/** Exit code of a process that SIGINT ended: 128 + 2, as shells have it. */
export const INTERRUPTED_EXIT_CODE = 130;

/** Resolves at the first SIGINT or SIGTERM. The second SIGINT ends the process at once. */
export function onStopSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isStopping = false;
  const onInterrupt = (): void => {
    if (isStopping) Deno.exit(INTERRUPTED_EXIT_CODE);
    isStopping = true;
    resolve();
  };
  const onTerminate = (): void => {
    isStopping = true;
    resolve();
  };
  Deno.addSignalListener("SIGINT", onInterrupt);
  // Windows knows no SIGTERM.
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", onTerminate);
  return promise;
}
