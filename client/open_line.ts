/**
 * What `connect` does when the way leads through relays.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { CryptoBackend } from "../protocol/crypto/backend.ts";
import { loadSodium } from "../protocol/crypto/sodium.ts";
import { isJoinUrl } from "../protocol/join_url.ts";
import { loadSodiumSipHasher } from "../protocol/relay/sodium_siphash.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import type { Clock } from "../transport/clock.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import { GivenGrants, JoinedGrants } from "./grant_source.ts";
import { orAborted } from "./drive.ts";
import { ConnectError } from "./errors.ts";
import type { ClientEnvironment, ConnectOptions } from "./options.ts";
import { BIND_TIMEOUT_MS, RelayDialer } from "./relay_dialer.ts";
import { RelayKeeper } from "./relay_keeper.ts";
import { RelayLine } from "./relay_line.ts";

/** What `connect` works with. */
export interface LineContext {
  /** The game's protocol. */
  readonly protocol: ProtocolCore;
  /** Where to; empty with a grant. */
  readonly url: string;
  /** As the caller gave them. */
  readonly options: ConnectOptions;
  /** Keys and tags. */
  readonly crypto: CryptoBackend;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** Time and timers. */
  readonly clock: Clock;
  /** Ends the attempt. */
  readonly signal: AbortSignal | undefined;
}

/** Whether the way leads through relays. Throws TypeError when URL and grant name two servers. */
export function isRelayed(url: string, { relay }: ConnectOptions): boolean {
  if (relay !== undefined && url !== "") {
    throw new TypeError(
      `Cannot connect to "${url}" with a grant: the grant says where the server is`,
    );
  }
  return relay !== undefined || isJoinUrl(url);
}

/** Opens a line over a pipe that has not been started. */
export async function openLine(
  inner: DatagramPipe,
  context: Pick<LineContext, "crypto" | "random" | "clock" | "options">,
): Promise<RelayLine> {
  const { crypto, random, clock, options: { environment = {} } } = context;
  const { wallClockMs = Date.now } = environment;
  const hasher = await loadSodiumSipHasher();
  const epochMs = wallClockMs() - clock.nowMs();
  return new RelayLine({ inner, clock, epochMs, crypto, hasher, random });
}

/**
 * A line to a server that is only to be asked something.
 *
 * @throws ConnectError, TypeError for a bad join URL.
 */
export async function joinLine(
  inner: DatagramPipe,
  { url, clock, random, environment, signal }:
    & Pick<LineContext, "url" | "clock" | "random" | "signal">
    & { readonly environment: ClientEnvironment },
): Promise<{ readonly line: RelayLine; readonly addresses: readonly Address[] }> {
  const crypto = environment.crypto ?? await loadSodium();
  const line = await openLine(inner, { crypto, random, clock, options: { environment } });
  const { fetch } = environment;
  const pipe = line.socket;
  const source = new JoinedGrants({ url, pingLocation: undefined, pipe, clock, random, fetch });
  line.use(await source.grant(signal), false);
  if (await orAborted(signal, line.whenBound(BIND_TIMEOUT_MS))) {
    return { line, addresses: [line.address!] };
  }
  throw new ConnectError(
    "no-relay",
    "Cannot reach the server: none of the granted relays answered",
  );
}

/** What dials over a line. Throws TypeError for a bad join URL. */
export function relayDialer(line: RelayLine, context: LineContext): RelayDialer {
  const { url, options, clock, random } = context;
  const { relay, pingLocation, environment: { fetch } = {} } = options;
  const source = relay === undefined
    ? new JoinedGrants({ url, pingLocation, pipe: line.socket, clock, random, fetch })
    : new GivenGrants(relay, pingLocation);
  const keeper = new RelayKeeper({ line, source, clock, fetch });
  return new RelayDialer({ ...context, line, source, keeper });
}
