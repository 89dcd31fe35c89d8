/**
 * A server's requests to its director.
 *
 * @module
 */
import { emptySchema } from "../protocol/relay/api/client_requests.ts";
import {
  type CodeReply,
  codeReplySchema,
  type ServerHeartbeat,
  type ServerRegistration,
  type ServerReply,
  serverReplySchema,
} from "../protocol/relay/api/server_requests.ts";
import type { Codec } from "../schema/codec.ts";
import { type DirectorHttp, DirectorRequestError, replyCodec } from "../transport/director_http.ts";

const serverReplyCodec: Codec<ServerReply> = replyCodec("ServerReply", serverReplySchema);
const codeReplyCodec: Codec<CodeReply> = replyCodec("CodeReply", codeReplySchema);
const emptyCodec: Codec<object> = replyCodec("Empty", emptySchema);

/** How long a server that stops waits for its director. */
const FAREWELL_TIMEOUT_MS = 1_000;

/** Speaks for one server. */
export class RelayDesk {
  readonly #director: DirectorHttp;
  readonly #registration: ServerRegistration;
  #id = "";
  #leaseToken = "";

  /**
   * Does nothing yet.
   *
   * @param registration How the server introduces itself, each time.
   */
  constructor(director: DirectorHttp, registration: ServerRegistration) {
    this.#director = director;
    this.#registration = registration;
  }

  /** The server's id; empty before it has registered. */
  get id(): string {
    return this.#id;
  }

  /**
   * Introduces the server, for the first time or after its lease ended.
   *
   * @param isWishful Whether it may do without the exit relays that it wishes for, when one is gone.
   * @throws DirectorRequestError
   */
  async register(isWishful: boolean): Promise<ServerReply> {
    const { exitRelays, ...rest } = this.#registration;
    const register = async (body: ServerRegistration): Promise<ServerReply> =>
      this.#remember(
        await this.#director.call({
          method: "POST",
          path: "/v1/servers",
          reply: serverReplyCodec,
          body,
        }),
      );
    try {
      return await register(this.#registration);
    } catch (error) {
      const isGone = error instanceof DirectorRequestError && error.code === "invalid";
      if (!isGone || !isWishful || exitRelays === undefined) throw error;
      return await register(rest);
    }
  }

  /** Says that the server is there. Throws DirectorRequestError: `not-found` means to register again. */
  async heartbeat(beat: Omit<ServerHeartbeat, "leaseToken">): Promise<ServerReply> {
    return this.#remember(
      await this.#director.call({
        method: "PUT",
        path: `/v1/servers/${this.#id}/heartbeat`,
        reply: serverReplyCodec,
        body: { ...beat, leaseToken: this.#leaseToken },
      }),
    );
  }

  /** The join code, prolonged; the same as before if that is free. Throws DirectorRequestError. */
  async joinCode(wish: string | undefined): Promise<CodeReply> {
    return await this.#director.call({
      method: "POST",
      path: `/v1/servers/${this.#id}/codes`,
      reply: codeReplyCodec,
      body: { leaseToken: this.#leaseToken, ...(wish === undefined ? {} : { wish }) },
    });
  }

  /** Has the server forgotten at once. Throws DirectorRequestError. */
  async remove(): Promise<void> {
    await this.#director.call({
      method: "DELETE",
      path: `/v1/servers/${this.#id}`,
      reply: emptyCodec,
      headers: { "tickwire-lease": this.#leaseToken },
      timeoutMs: FAREWELL_TIMEOUT_MS,
    });
  }

  #remember(reply: ServerReply): ServerReply {
    this.#id = reply.id;
    this.#leaseToken = reply.leaseToken;
    return reply;
  }
}
