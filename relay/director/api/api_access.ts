/**
 * Who calls: bearer tokens by role, tokens of sessions, and how many requests each may make.
 *
 * @module
 */
import { sourceKey } from "../../../protocol/address.ts";
import { KeyedBuckets } from "../../../protocol/token_bucket.ts";
import { equalText } from "../equal_text.ts";
import type { Director } from "../director.ts";
import { ApiError } from "./api_error.ts";
import type { ApiAccess, ApiRole, ApiRoute } from "./api_route.ts";

/** Tokens of each role; several while they are changed. */
export type ApiTokens = { readonly [R in ApiRole]: readonly string[] };

/** Requests a second, and at once. */
export interface ApiLimits {
  /** Of one address without a token, or with a wrong one. Default 5 a second, 20 at once. */
  readonly anonymous: { readonly perSecond: number; readonly burst: number };
  /** Of one role's token. Default 2,000 a second, 4,000 at once. */
  readonly authorized: { readonly perSecond: number; readonly burst: number };
}

/** Limits of a director that is told none. */
export const DEFAULT_API_LIMITS: ApiLimits = {
  anonymous: { perSecond: 5, burst: 20 },
  authorized: { perSecond: 2_000, burst: 4_000 },
};

/** Shortest token: 16 random bytes in base64url. */
const MIN_TOKEN_CHARACTERS = 22;

/** Lets requests pass, or refuses them. */
export class ApiAccessControl {
  readonly #director: Director;
  readonly #tokens: ApiTokens;
  readonly #anonymous: KeyedBuckets;
  readonly #authorized: KeyedBuckets;

  /** Takes the tokens. Throws RangeError for one that can be guessed, or that stands for two roles. */
  constructor(director: Director, tokens: ApiTokens, limits: ApiLimits) {
    const all = Object.values(tokens).flat();
    for (const token of all) {
      if (token.length < MIN_TOKEN_CHARACTERS) {
        throw new RangeError(`A token has ${MIN_TOKEN_CHARACTERS} characters or more`);
      }
    }
    if (new Set(all).size < all.length) throw new RangeError("A token stands for two roles");
    this.#director = director;
    this.#tokens = tokens;
    this.#anonymous = new KeyedBuckets(limits.anonymous.perSecond, limits.anonymous.burst);
    this.#authorized = new KeyedBuckets(limits.authorized.perSecond, limits.authorized.burst);
  }

  /**
   * Says who calls, and throws unless they may.
   *
   * @throws ApiError `unauthorized`, `forbidden` or `too-many`.
   */
  check(route: ApiRoute, caller: {
    /** The bearer token, or the query parameter `token`. */
    readonly token: string | undefined;
    /** The id in the path. */
    readonly id: string;
    /** IP literal. */
    readonly hostname: string;
  }): ApiAccess {
    const { token, id, hostname } = caller;
    const nowMs = this.#director.clock.nowMs();
    const role = token === undefined ? undefined : this.#roleOf(token);
    if (role !== undefined) {
      if (!this.#authorized.take(role, nowMs)) throw new ApiError("too-many", "Too many requests");
      if (route.access.includes(role) || route.access.includes("anyone")) return role;
      throw new ApiError("forbidden", `A token of role "${role}" may not do this`);
    }
    const isSession = token !== undefined && route.access.includes("session") &&
      this.#director.isSessionToken(id, token);
    if (isSession) {
      if (this.#authorized.take(`session ${id}`, nowMs)) return "session";
      throw new ApiError("too-many", "Too many requests");
    }
    if (!this.#anonymous.take(sourceKey(hostname), nowMs)) {
      throw new ApiError("too-many", "Too many requests from this address");
    }
    if (route.access.includes("anyone")) return "anyone";
    throw new ApiError("unauthorized", "This needs a bearer token that the director knows");
  }

  /** Every token is compared, so that time says nothing about which one was nearly right. */
  #roleOf(token: string): ApiRole | undefined {
    let role: ApiRole | undefined;
    for (const candidate of ROLES) {
      for (const known of this.#tokens[candidate]) if (equalText(token, known)) role = candidate;
    }
    return role;
  }
}

/** All roles. */
export const ROLES: readonly ApiRole[] = ["relay", "server", "backend", "operator"];
