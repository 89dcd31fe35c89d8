/**
 * Every limit of a relay with its default. docs/relay_protocol.md, "Limits", lists them with reasons.
 *
 * @module
 */

/** Limits of one shard. What a ticket allows one session is signed in the ticket. */
export interface RelayLimits {
  /** Sessions at once, anchors included, 1 to 65,536. */
  readonly sessions: number;
  /** Silence of the hop before after which a session is forgotten. */
  readonly leaseMs: number;
  /** How long a session may wait for its BOUND. */
  readonly bindTimeoutMs: number;
  /** How long sessions outlive their expiry while the director is away. */
  readonly holdMs: number;
  /** How far clocks of director and relay may be apart. */
  readonly clockSkewMs: number;
  /** How long an older path of a session stays beside a newer one. */
  readonly replacedMs: number;
  /** BINDs a second from one /24, or one /56 of IPv6. */
  readonly bindsPerSecondPerPrefix: number;
  /** Burst of them. */
  readonly bindBurstPerPrefix: number;
  /** NO_SESSIONs a second to one address. */
  readonly noSessionsPerSecondPerAddress: number;
  /** NO_SESSIONs a second in all. */
  readonly noSessionsPerSecond: number;
  /** QOS_PONGs a second to one address. */
  readonly beaconsPerSecondPerAddress: number;
  /** QOS_PONGs a second in all. */
  readonly beaconsPerSecond: number;
  /** Times a minute that the address of one session may change. */
  readonly rebindsPerMinute: number;
  /** Seconds of the signed rate that a burst may hold. */
  readonly burstS: number;
  /** The same while the relay sheds what is over the caps. */
  readonly shedBurstS: number;
  /** Frames a second that this shard can take, as measured; `Infinity` when nobody measured. */
  readonly ceilingPps: number;
  /** Ended tickets that are remembered, so that their BINDs cannot be replayed. */
  readonly endedTickets: number;
  /** Revoked sessions that are remembered. */
  readonly revokedSessions: number;
  /** Frames of our own that wait to leave. */
  readonly outboundFrames: number;
}

/** The defaults. */
export const DEFAULT_RELAY_LIMITS: RelayLimits = {
  sessions: 4_096,
  leaseMs: 60_000,
  bindTimeoutMs: 10_000,
  holdMs: 900_000,
  clockSkewMs: 5_000,
  replacedMs: 10_000,
  bindsPerSecondPerPrefix: 20,
  bindBurstPerPrefix: 100,
  noSessionsPerSecondPerAddress: 10,
  noSessionsPerSecond: 1_000,
  beaconsPerSecondPerAddress: 20,
  beaconsPerSecond: 2_000,
  rebindsPerMinute: 60,
  burstS: 2,
  shedBurstS: 0.25,
  ceilingPps: Infinity,
  endedTickets: 16_384,
  revokedSessions: 16_384,
  outboundFrames: 256,
};

/** Smallest and largest value of each limit. */
const BOUNDS: Readonly<Record<keyof RelayLimits, readonly [min: number, max: number]>> = {
  sessions: [1, 65_536],
  leaseMs: [1_000, 65_535_000],
  bindTimeoutMs: [100, 3_600_000],
  holdMs: [0, 86_400_000],
  clockSkewMs: [0, 3_600_000],
  replacedMs: [0, 3_600_000],
  bindsPerSecondPerPrefix: [0, Infinity],
  bindBurstPerPrefix: [0, Infinity],
  noSessionsPerSecondPerAddress: [0, Infinity],
  noSessionsPerSecond: [0, Infinity],
  beaconsPerSecondPerAddress: [0, Infinity],
  beaconsPerSecond: [0, Infinity],
  rebindsPerMinute: [0, 60_000],
  burstS: [0.01, 60],
  shedBurstS: [0.01, 60],
  ceilingPps: [1, Infinity],
  endedTickets: [1, 1_048_576],
  revokedSessions: [1, 1_048_576],
  outboundFrames: [1, 65_536],
};

/** Limits that must be whole, since they size arrays. */
const WHOLE: readonly (keyof RelayLimits)[] = [
  "sessions",
  "endedTickets",
  "revokedSessions",
  "outboundFrames",
];

/**
 * Refuses limits that make no sense.
 *
 * @throws TypeError for a limit that there is not, RangeError for a value out of bounds.
 */
export function checkRelayLimits(limits: Partial<RelayLimits>): void {
  for (const [name, value] of Object.entries(limits)) {
    if (!isLimit(name)) {
      throw new TypeError(
        `There is no relay limit "${name}": there are ${Object.keys(BOUNDS).join(", ")}`,
      );
    }
    const [min, max] = BOUNDS[name];
    const isWhole = !WHOLE.includes(name) || Number.isInteger(value);
    if (typeof value === "number" && value >= min && value <= max && isWhole) continue;
    throw new RangeError(`The relay limit "${name}" is ${min} to ${max}, not ${value}`);
  }
}

function isLimit(name: string): name is keyof RelayLimits {
  return Object.hasOwn(BOUNDS, name);
}
