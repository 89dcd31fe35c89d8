/**
 * Puts a server on a tape: its endpoint, pipe and clocks, and when its host closes it.
 *
 * @module
 */
import type { ServerEndpoint } from "../protocol/server_endpoint.ts";
import type { ServerEndpointOptions } from "../protocol/server_endpoint_options.ts";
import type { Clock } from "../transport/clock.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import type { Recorder } from "../transport/recorder.ts";
import type { ServeOptions } from "./options.ts";

/** What a server stands on, recorded or not. */
export interface ServerCore {
  /** Sessions. */
  readonly endpoint: ServerEndpoint;
  /** Moves datagrams. */
  readonly pipe: DatagramPipe;
  /** Time and timers. */
  readonly clock: Clock;
  /** The same time, and timers of the ticks. */
  readonly tickClock: Clock;
  /** What records it. */
  readonly recorder?: Recorder;
}

/** What is to be recorded. */
export interface ServerCoreParts extends Omit<ServerCore, "endpoint" | "recorder"> {
  /** Options of the endpoint. */
  readonly parts: ServerEndpointOptions;
  /** Wall clock, milliseconds since 1970. */
  readonly wallClockMs: () => number;
}

/**
 * Begins to record.
 *
 * @throws TypeError or RangeError for options that make no sense; what opening a file throws.
 */
export async function recordServer(
  options: Pick<ServeOptions, "record" | "tickHz" | "dispatch" | "key">,
  { parts, pipe, clock, tickClock, wallClockMs }: ServerCoreParts,
): Promise<ServerCore> {
  const { record = {}, tickHz = 0, dispatch = "tick", key } = options;
  // Late, so that a server that is not recorded does not load what records.
  const { recorderOf } = await import("../transport/recorder.ts");
  const recorder = recorderOf(record);
  const endpoint = recorder.server(parts, {
    tickHz,
    dispatch,
    deliversInBatches: pipe.deliversInBatches ?? false,
    maxDatagramBytes: pipe.maxDatagramBytes,
    isKeyOwn: key !== undefined,
  }, { nowMs: () => clock.nowMs(), wallClockMs, random: parts.random });
  const recordedClock = recorder.clock(clock);
  return {
    endpoint,
    pipe: recorder.pipe(pipe),
    clock: recordedClock,
    tickClock: tickClock === clock ? recordedClock : recorder.clock(tickClock),
    recorder,
  };
}

/** What can be closed: a server of any game. */
interface Closable {
  close(
    reason?: string,
    options?: { readonly flush?: boolean; readonly timeoutMs?: number },
  ): Promise<void>;
  drain(timeoutMs?: number): Promise<void>;
}

/** Whoever notes that a server is closed or drained. */
export interface ClosingNotes {
  /** It is closed. */
  noteClose(reason: string, flush: boolean, timeoutMs: number): void;
  /** It is drained. */
  noteDrain(timeoutMs: number): void;
}

/** Notes when a server is closed or drained: nothing in the game tells of it. */
export function watchClosing(server: Closable, notes: ClosingNotes): void {
  const close = server.close.bind(server);
  let isClosed = false;
  server.close = (reason = "the server stops", options = {}) => {
    const { flush = true, timeoutMs = 2_000 } = options;
    if (!isClosed) notes.noteClose(reason, flush, timeoutMs);
    isClosed = true;
    return close(reason, options);
  };
  const drain = server.drain.bind(server);
  server.drain = (timeoutMs = Infinity) => {
    notes.noteDrain(timeoutMs);
    return drain(timeoutMs);
  };
}
