/**
 * Asks a director over HTTP: with an end to every wait and every answer, and one kind of error.
 *
 * What comes back is checked against the declarations in `protocol/relay/api/`; a director of a newer
 * release may say more, which is skipped.
 *
 * @module
 */
import { parseDirectorUrl } from "../protocol/join_url.ts";
import { errorReplySchema } from "../protocol/relay/api/client_requests.ts";
import { type Codec, compileCodec } from "../schema/codec.ts";
import type { Field } from "../schema/field.ts";
import type { Clock } from "./clock.ts";

/** Sends a request: `fetch`, or what stands for it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How long an answer may take, milliseconds. */
const TIMEOUT_MS = 5_000;

/** A thousand relays and four thousand revoked sessions are a fifth of it. */
const MAX_REPLY_BYTES = 1_048_576;

/** What a director says no with, besides the codes of docs/relay_api.md. */
export type OwnDirectorCode =
  /** Nobody answered in time. */
  | "unreachable"
  /** What answered is no director. */
  | "malformed";

/** A director did not do what it was asked for. */
export class DirectorRequestError extends Error {
  /** Always `"DirectorRequestError"`. */
  override readonly name = "DirectorRequestError";
  /** One of {@link OwnDirectorCode}, or the director's own code, such as `"not-found"`. */
  readonly code: string;
  /** When trying again may help, in milliseconds; 0 for no advice. */
  readonly retryAfterMs: number;

  /** Takes the code and the sentence for people. */
  constructor(
    code: string,
    message: string,
    options: ErrorOptions & { readonly retryAfterMs?: number } = {},
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }

  /** Whether the director is away or busy: the same request may be granted later. */
  get isPassing(): boolean {
    return PASSING.has(this.code);
  }
}

const PASSING: ReadonlySet<string> = new Set([
  "unreachable",
  "malformed",
  "away",
  "too-many",
  "no-capacity",
  "internal",
]);

/** A request. */
export interface DirectorCall<R extends object> {
  /** HTTP method. */
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path after the director's URL; of a session's own URL, path and query. */
  readonly path: string;
  /** What the answer must be. */
  readonly reply: Codec<R>;
  /** The body, as JSON. */
  readonly body?: object;
  /** Headers besides. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
  /** How long the answer may take, milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
}

/** What a director is reached with. */
export interface DirectorHttpOptions {
  /** Where it is. */
  readonly url: string;
  /** Bearer token; none for what anybody may ask. */
  readonly token?: string;
  /** Times waits. */
  readonly clock: Clock;
  /** Default: the global one. */
  readonly fetch?: Fetch | undefined;
}

const errorCodec = replyCodec("ErrorReply", errorReplySchema);

/** A codec for what a director answers. */
export function replyCodec<R extends object>(name: string, schema: Field<R>): Codec<R> {
  return compileCodec(schema, { name, backend: "interpreter" });
}

/** One director, or the balancer in front of several. */
export class DirectorHttp {
  /** Where it is, without a slash at the end. */
  readonly url: string;
  readonly #options: DirectorHttpOptions;

  /** Takes where it is. Throws TypeError when that is no http or https URL. */
  constructor(options: DirectorHttpOptions) {
    this.url = parseDirectorUrl(options.url).href.replace(/\/$/, "");
    this.#options = options;
  }

  /**
   * Asks.
   *
   * @throws DirectorRequestError; the reason of the call's signal.
   */
  async call<R extends object>(call: DirectorCall<R>): Promise<R> {
    const { clock } = this.#options;
    const { signal, timeoutMs = TIMEOUT_MS } = call;
    signal?.throwIfAborted();
    const ending = new AbortController();
    const timer = clock.setTimer(clock.nowMs() + timeoutMs, () => ending.abort());
    const onAbort = (): void => ending.abort();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await this.#call(call, ending.signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof DirectorRequestError) throw error;
      const why = ending.signal.aborted ? `no answer within ${timeoutMs} ms` : messageOf(error);
      throw new DirectorRequestError("unreachable", `The director at ${this.url} is away: ${why}`, {
        cause: error,
      });
    } finally {
      clock.clearTimer(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #call<R extends object>(call: DirectorCall<R>, signal: AbortSignal): Promise<R> {
    const { token, fetch = globalThis.fetch } = this.#options;
    const { method, path, reply, body } = call;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...call.headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A token must not follow somebody else's advice.
      redirect: "error",
      signal,
    });
    const text = await readText(response);
    if (!response.ok) throw this.#refusal(response, text);
    try {
      return reply.fromJSON(JSON.parse(text));
    } catch (error) {
      throw this.#malformed(response.status, error);
    }
  }

  #refusal(response: Response, text: string): DirectorRequestError {
    try {
      const { error: { code, message } } = errorCodec.fromJSON(JSON.parse(text));
      const retryAfterMs = Number(response.headers.get("retry-after") ?? 0) * 1_000;
      return new DirectorRequestError(code, message, {
        retryAfterMs: retryAfterMs > 0 ? retryAfterMs : 0,
      });
    } catch (error) {
      return this.#malformed(response.status, error);
    }
  }

  #malformed(status: number, cause: unknown): DirectorRequestError {
    const message = `What answers at ${this.url} is no director (status ${status})`;
    return new DirectorRequestError("malformed", message, { cause });
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_REPLY_BYTES) {
      throw new DirectorRequestError(
        "malformed",
        `An answer of more than ${MAX_REPLY_BYTES} bytes`,
      );
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** What `fetch` says is "fetch failed"; why stands in its cause. */
function messageOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : {};
  const inner = cause instanceof Error ? cause : error;
  const message = inner instanceof Error ? inner.message : String(inner);
  // URLs of sessions hold their token, which is nothing for logs.
  return message.replace(/ for url \([^)]*\)/, "");
}
