/**
 * Where a client's grants come from: a director that knows a join code, or the caller.
 *
 * @module
 */
import { encodeKey } from "../protocol/connect_url.ts";
import { isEqual } from "../protocol/cookie.ts";
import { type JoinUrl, parseJoinUrl } from "../protocol/join_url.ts";
import {
  type JoinReply,
  joinReplySchema,
  type MoveRequest,
} from "../protocol/relay/api/client_requests.ts";
import { grantFromJson } from "../protocol/relay/api/grant_json.ts";
import type { RelayGrant } from "../protocol/relay/relay_grant.ts";
import { RESULT_EXPIRY_MS } from "../protocol/relay/survey/beacon_survey.ts";
import { formatPingLocation } from "../protocol/relay/survey/ping_location.ts";
import type { Codec } from "../schema/codec.ts";
import type { Clock } from "../transport/clock.ts";
import {
  DirectorHttp,
  DirectorRequestError,
  type Fetch,
  replyCodec,
} from "../transport/director_http.ts";
import { measureBeacons } from "../transport/measure_beacons.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import { ConnectError, type ConnectErrorCode } from "./errors.ts";
import type { GrantGiver, GrantInput } from "./options.ts";
import { readGrant } from "./relay_session.ts";

const joinCodec: Codec<JoinReply> = replyCodec("JoinReply", joinReplySchema);

/** Gives grants. */
export interface GrantSource {
  /** Where the grants come from, if that is known. */
  readonly directorUrl: string | undefined;
  /** Whether another call gives another grant. */
  readonly isRepeatable: boolean;
  /** What is known of where the player is. */
  whereabouts(nowMs: number): MoveRequest;
  /** A grant. Throws ConnectError; what the caller's function throws; TypeError for what is no grant. */
  grant(signal: AbortSignal | undefined): Promise<RelayGrant>;
}

/** Grants that the caller has. */
export class GivenGrants implements GrantSource {
  readonly directorUrl = undefined;
  readonly isRepeatable: boolean;
  readonly #given: GrantInput | GrantGiver;
  readonly #where: MoveRequest;

  /** Takes a grant, or what gets one; and where the player is, if the caller knows. */
  constructor(given: GrantInput | GrantGiver, pingLocation: string | undefined) {
    this.#given = given;
    this.#where = pingLocation === undefined ? {} : { pingLocation };
    this.isRepeatable = typeof given === "function";
  }

  whereabouts(): MoveRequest {
    return this.#where;
  }

  async grant(): Promise<RelayGrant> {
    return readInput(typeof this.#given === "function" ? await this.#given() : this.#given);
  }
}

/** What joining by code takes. */
export interface JoinOptions {
  /** The join URL. */
  readonly url: string;
  /** Where the player is, if the caller knows; it is measured otherwise. */
  readonly pingLocation: string | undefined;
  /** The socket, before it carries anything else. */
  readonly pipe: DatagramPipe;
  /** Time and timers. */
  readonly clock: Clock;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** Sends HTTP requests. */
  readonly fetch: Fetch | undefined;
}

/** Grants of a director that knows a join code. */
export class JoinedGrants implements GrantSource {
  readonly directorUrl: string;
  readonly isRepeatable = true;
  readonly #options: JoinOptions;
  readonly #url: JoinUrl;
  readonly #director: DirectorHttp;
  #where: MoveRequest | undefined;
  #measuredAtMs = -Infinity;

  /** @throws TypeError for what is no join URL. */
  constructor(options: JoinOptions) {
    const { url, pingLocation, clock, fetch } = options;
    this.#options = options;
    this.#url = parseJoinUrl(url);
    this.#director = new DirectorHttp({ url: this.#url.directorUrl, clock, fetch });
    this.directorUrl = this.#director.url;
    if (pingLocation !== undefined) this.#where = { pingLocation };
  }

  whereabouts(nowMs: number): MoveRequest {
    const { clientRttMs: _, ...lasting } = this.#where ?? {};
    return nowMs - this.#measuredAtMs > RESULT_EXPIRY_MS ? lasting : this.#where ?? {};
  }

  async grant(signal: AbortSignal | undefined): Promise<RelayGrant> {
    const { clock } = this.#options;
    try {
      this.#where ??= await this.#measure(signal);
      const { code, serverKey } = this.#url;
      const { grant: json } = await this.#director.call({
        method: "POST",
        path: "/v1/join",
        reply: joinCodec,
        body: { code, ...this.whereabouts(clock.nowMs()) },
        signal,
      });
      const grant = readGrant(json);
      if (serverKey !== undefined && !isEqual(serverKey, grant.serverKey)) {
        throw new ConnectError(
          "untrusted",
          `Cannot join: the code leads to a server with the key ${encodeKey(grant.serverKey)}, ` +
            "the URL names another",
        );
      }
      return grant;
    } catch (error) {
      if (!(error instanceof DirectorRequestError)) throw error;
      throw connectErrorOf(error);
    }
  }

  async #measure(signal: AbortSignal | undefined): Promise<MoveRequest> {
    const { pipe, clock, random } = this.#options;
    const director = this.#director;
    const { results, location } = await measureBeacons({ director, pipe, clock, random, signal });
    if (results.length === 0) return {};
    this.#measuredAtMs = clock.nowMs();
    return {
      clientRttMs: new Map(results.map((one) => [one.beacon.relayId, one.medianRttMs])),
      ...pingLocationOf(location),
    };
  }
}

/** Regions may have names that the text cannot hold; measurements by relay say the same and more. */
function pingLocationOf(location: ReadonlyMap<string, number>): { pingLocation?: string } {
  try {
    return { pingLocation: formatPingLocation(location) };
  } catch {
    return {};
  }
}

function readInput(input: GrantInput): RelayGrant {
  if (isDecoded(input)) return input;
  try {
    return grantFromJson(typeof input === "string" ? JSON.parse(input) : input);
  } catch (cause) {
    throw new TypeError("Cannot connect: the grant is malformed", { cause });
  }
}

/** Of the two forms of an object only this one has its id as a bigint. */
function isDecoded(input: GrantInput): input is RelayGrant {
  return typeof input === "object" && typeof input.sessionId === "bigint";
}

/** What a director says no with, as a client's caller is told. */
const CODES: Readonly<Record<string, ConnectErrorCode>> = {
  "not-found": "unknown-code",
  "no-capacity": "no-relay",
  "too-many": "busy",
};

function connectErrorOf(error: DirectorRequestError): ConnectError {
  const { code, message, retryAfterMs } = error;
  return new ConnectError(CODES[code] ?? "director-away", `Cannot join: ${message}`, {
    cause: error,
    retryAfterMs,
  });
}
