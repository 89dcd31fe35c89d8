/**
 * A relay session at its director: renewed, and moved to other routes.
 *
 * @module
 */
import { grantFromJson, type GrantJson, grantSchema } from "../protocol/relay/api/grant_json.ts";
import {
  type MoveRequest,
  type RenewReply,
  renewReplySchema,
} from "../protocol/relay/api/client_requests.ts";
import type { RelayGrant } from "../protocol/relay/relay_grant.ts";
import type { Codec } from "../schema/codec.ts";
import type { Clock } from "../transport/clock.ts";
import {
  DirectorHttp,
  DirectorRequestError,
  type Fetch,
  replyCodec,
} from "../transport/director_http.ts";

const renewCodec: Codec<RenewReply> = replyCodec("RenewReply", renewReplySchema);
const grantCodec: Codec<GrantJson> = replyCodec("Grant", grantSchema);

/** Ends of renew URLs: what stands before is where the director is. */
const RENEW_PATH = /(\/v1\/sessions\/[0-9a-f]{16}\/)renew(\?token=[\w-]+)$/;

/** Asks about one session with the token in its renew URL. */
export class RelaySessionDesk {
  readonly #director: DirectorHttp;
  readonly #path: string;
  readonly #query: string;

  private constructor(director: DirectorHttp, path: string, query: string) {
    this.#director = director;
    this.#path = path;
    this.#query = query;
  }

  /**
   * The desk of a grant; `undefined` when the grant does not say where to renew it.
   *
   * @param directorUrl Where the grant came from: a director may not know under which name it is reached.
   * @throws TypeError for a renew URL that is none.
   */
  static of(
    grant: RelayGrant,
    { directorUrl, clock, fetch }: {
      readonly directorUrl?: string | undefined;
      readonly clock: Clock;
      readonly fetch: Fetch | undefined;
    },
  ): RelaySessionDesk | undefined {
    const { renewUrl } = grant;
    if (renewUrl === undefined) return undefined;
    const found = RENEW_PATH.exec(renewUrl);
    if (found === null) throw new TypeError("Cannot connect: the grant's renew URL is none");
    const [whole, path = "", query = ""] = found;
    const url = directorUrl ?? renewUrl.slice(0, -whole.length);
    return new RelaySessionDesk(new DirectorHttp({ url, clock, fetch }), path, query);
  }

  /** Fresh renewals for every hop. Throws DirectorRequestError; `not-found` when nobody knows the session. */
  renew(): Promise<RenewReply> {
    return this.#director.call({
      method: "POST",
      path: `${this.#path}renew${this.#query}`,
      reply: renewCodec,
    });
  }

  /** Other routes. Throws DirectorRequestError. */
  async move(where: MoveRequest): Promise<RelayGrant> {
    const json = await this.#director.call({
      method: "POST",
      path: `${this.#path}move${this.#query}`,
      reply: grantCodec,
      body: where,
    });
    return readGrant(json);
  }
}

/** @throws DirectorRequestError `malformed`. */
export function readGrant(json: GrantJson): RelayGrant {
  try {
    return grantFromJson(json);
  } catch (cause) {
    throw new DirectorRequestError("malformed", "The director's grant is none", { cause });
  }
}
