/**
 * How a relay speaks to its director: over HTTP, or directly when both are one process.
 *
 * @module
 */
import { compileCodec } from "../../schema/codec.ts";
import { DirectorError } from "../director/director_error.ts";
import {
  errorReplySchema,
  type RelayHeartbeat,
  relayHeartbeatSchema,
  type RelayReply,
  relayReplySchema,
} from "../director/requests.ts";

/** Takes heartbeats. `Director` has this too, as `relayHeartbeat`. */
export interface DirectorLink {
  /**
   * Says that a relay is there.
   *
   * @throws DirectorLinkError when nobody answered, DirectorError when it was refused.
   */
  heartbeat(beat: RelayHeartbeat): Promise<RelayReply>;
}

/** The director did not answer, or not as directors do. */
export class DirectorLinkError extends Error {
  /** Always `"DirectorLinkError"`. */
  override readonly name = "DirectorLinkError";
  /** For programs: nobody answered; the token is none; what came is no answer. */
  readonly code: "unreachable" | "refused" | "malformed";

  /** Takes the code and the sentence for people. */
  constructor(code: DirectorLinkError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** How to reach a director. */
export interface HttpDirectorOptions {
  /** Where it is, such as `https://director.example.org`. */
  readonly url: string;
  /** A token of the role `relay`. */
  readonly token: string;
  /** Longest wait for an answer, milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  /** Default: the global one. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

const INTERPRETER = { backend: "interpreter" } as const;
const beatCodec = compileCodec(relayHeartbeatSchema, { name: "RelayHeartbeat", ...INTERPRETER });
const replyCodec = compileCodec(relayReplySchema, { name: "RelayReply", ...INTERPRETER });
const errorCodec = compileCodec(errorReplySchema, { name: "ErrorReply", ...INTERPRETER });

const DEFAULT_TIMEOUT_MS = 5_000;

/** A thousand peers and four thousand revocations are half a megabyte. */
const MAX_REPLY_BYTES = 2_097_152;

/**
 * A director elsewhere.
 *
 * @throws RangeError for a URL that is no HTTP URL.
 */
export function httpDirectorLink(options: HttpDirectorOptions): DirectorLink {
  const { url, token, timeoutMs = DEFAULT_TIMEOUT_MS, fetch = globalThis.fetch } = options;
  const target = heartbeatUrl(url);
  return {
    async heartbeat(beat) {
      let text: string;
      let response: Response;
      try {
        response = await fetch(target, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
          body: JSON.stringify(beatCodec.toJSON(beat)),
          // A token must not follow a redirect to somebody else.
          redirect: "error",
          signal: AbortSignal.timeout(timeoutMs),
        });
        text = await textOf(response);
      } catch (error) {
        if (error instanceof DirectorLinkError) throw error;
        throw new DirectorLinkError("unreachable", `No answer from the director at ${url}`, {
          cause: error,
        });
      }
      if (!response.ok) throw refusal(url, response.status, text);
      try {
        return replyCodec.fromJSON(JSON.parse(text));
      } catch (error) {
        throw new DirectorLinkError("malformed", `What answers at ${url} is no director`, {
          cause: error,
        });
      }
    },
  };
}

function heartbeatUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new RangeError(`A director has an http or https URL, not "${url}"`);
  }
  return `${parsed.href.replace(/\/$/, "")}/v1/relays/heartbeat`;
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_REPLY_BYTES) {
      throw new DirectorLinkError("malformed", `More than ${MAX_REPLY_BYTES} bytes of answer`);
    }
    chunks.push(chunk);
  }
  return await new Blob(chunks as Uint8Array<ArrayBuffer>[]).text(); // Fetched bytes are never shared.
}

function refusal(url: string, status: number, text: string): Error {
  try {
    const { error: { code, message } } = errorCodec.fromJSON(JSON.parse(text));
    if (code === "conflict" || code === "away" || code === "invalid") {
      return new DirectorError(code, message);
    }
    return new DirectorLinkError("refused", `The director at ${url} refuses: ${message} (${code})`);
  } catch {
    return new DirectorLinkError(
      "malformed",
      `What answers at ${url} with ${status} is no director`,
    );
  }
}
