/**
 * Checks limits that a caller chose, so that a slip of the pen throws at once and not at the first
 * packet that meets it.
 *
 * @module
 */
import type { EndpointLimits, SessionLimits } from "./limits.ts";
import type { PacingOptions } from "./pacer.ts";

const MAX_U32 = 0xffff_ffff;
const MAX_DATAGRAM_BYTES = 1_452;

/** Smallest and largest value of each limit. What travels in the handshake is a u32. */
type Bounds<Limits> = Readonly<Record<keyof Limits, readonly [min: number, max: number]>>;

const SESSION_BOUNDS: Bounds<Omit<SessionLimits, "pacing" | "mtuProbing">> = {
  datagramBytes: [576, MAX_DATAGRAM_BYTES],
  receiveQueueMessages: [1, MAX_U32],
  receiveQueueBytes: [1, MAX_U32],
  sendQueueMessages: [1, MAX_U32],
  sendQueueBytes: [1, MAX_U32],
  reassemblyContexts: [0, MAX_U32],
  reassemblyBytes: [0, MAX_U32],
  packetsPerSecond: [1, MAX_U32],
  bytesPerSecond: [1, MAX_U32],
  idleTimeoutMs: [100, MAX_U32],
  keepaliveMs: [10, MAX_U32],
  malformedPackets: [1, MAX_U32],
  traceDatagrams: [0, 65_536],
  rekeyPackets: [1, 2 ** 31],
  rekeyIntervalMs: [1, Infinity],
};

const PACING_BOUNDS: Bounds<PacingOptions> = {
  initialBytesPerSecond: [1, Infinity],
  floorBytesPerSecond: [1, Infinity],
  ceilingBytesPerSecond: [1, Infinity],
};

const ENDPOINT_BOUNDS: Bounds<EndpointLimits> = {
  sessions: [1, MAX_U32],
  sessionsPerAddress: [1, MAX_U32],
  hellosPerSecondPerAddress: [1, Infinity],
  halfOpen: [1, MAX_U32],
  halfOpenTimeoutMs: [100, MAX_U32],
  directHalfOpen: [0, MAX_U32],
  directHellosPerSecond: [0, Infinity],
  pendingAuthorizations: [1, MAX_U32],
  authorizeTimeoutMs: [1, MAX_U32],
  resetsPerSecondPerAddress: [0, Infinity],
  queriesPerSecondPerAddress: [0, Infinity],
  queriesPerSecond: [0, Infinity],
  resumeWindowMs: [0, MAX_U32],
};

/** @throws TypeError for a limit that there is not, RangeError for a value out of bounds. */
export function checkSessionLimits(limits: Partial<SessionLimits>): void {
  const { pacing, mtuProbing, ...numbers } = limits;
  checkNumbers("sessionLimits", numbers, SESSION_BOUNDS);
  if (pacing !== undefined) checkNumbers("sessionLimits.pacing", pacing, PACING_BOUNDS);
  if (mtuProbing !== undefined && typeof mtuProbing !== "boolean") {
    throw new TypeError(`"sessionLimits.mtuProbing" is true or false, not ${String(mtuProbing)}`);
  }
}

/** @throws TypeError for a limit that there is not, RangeError for a value out of bounds. */
export function checkEndpointLimits(limits: Partial<EndpointLimits>): void {
  checkNumbers("limits", limits, ENDPOINT_BOUNDS);
}

function checkNumbers<Limits>(
  where: string,
  limits: Partial<Limits>,
  bounds: Bounds<Limits>,
): void {
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(bounds, name)) {
      throw new TypeError(
        `There is no "${where}.${name}": there are ${Object.keys(bounds).join(", ")}`,
      );
    }
    const [min, max] = bounds[name as keyof Limits]; // The line before has just proven it.
    if (typeof value === "number" && value >= min && value <= max) continue;
    throw new RangeError(
      max === Infinity
        ? `"${where}.${name}" is a number of ${min} and more, not ${value}`
        : `"${where}.${name}" is a number of ${min} to ${max}, not ${value}`,
    );
  }
}
