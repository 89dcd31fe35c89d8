/**
 * The options of an endpoint as they stand on a tape: without the functions, and without the keys
 * unless whoever records has agreed to that.
 *
 * @module
 */
import type { ClientEndpointOptions } from "../client_endpoint.ts";
import { isEqual } from "../cookie.ts";
import type { CryptoBackend } from "../crypto/backend.ts";
import type { ServerEndpointOptions } from "../server_endpoint_options.ts";
import { decodeJson, encodeJson } from "./recording_header.ts";
import { RecordingError } from "./recording_error.ts";

/** What an endpoint cannot be made again without, beside what is on the tape. */
export interface ReplayKeys {
  /** The server's X25519 secret key. */
  readonly staticSecret?: Uint8Array | undefined;
  /** Keys shared with issuers of connect tickets. */
  readonly ticketKeys?: readonly Uint8Array[] | undefined;
}

/** What a replay adds to options from a tape. */
export type Surroundings = Pick<ServerEndpointOptions, "protocol" | "crypto" | "random">;

/** Which keys of a server are written. */
export interface WrittenKeys {
  /** Its own: with consent, or when it was made for this run and is of no use afterwards. */
  readonly own: boolean;
  /** Those of tickets: with consent. */
  readonly ofTickets: boolean;
}

/** What is written of a server's options. */
export function textOfServer(options: ServerEndpointOptions, written: WrittenKeys): string {
  const { protocol: _, crypto, random: __, staticSecret, ticketKeys = [], ...rest } = options;
  return encodeJson({
    ...rest,
    publicKey: crypto.x25519PublicKey(staticSecret),
    ticketKeyCount: ticketKeys.length,
    ...(written.own ? { staticSecret } : {}),
    ...(written.ofTickets ? { ticketKeys } : {}),
  });
}

/** What is written of a client's options. */
export function textOfClient(options: ClientEndpointOptions, hasKeys: boolean): string {
  const { protocol: _, crypto: __, random: ___, ticket, auth, ...rest } = options;
  return encodeJson({
    ...rest,
    leavesOut: !hasKeys && (ticket !== undefined || auth !== undefined),
    ...(hasKeys ? { ticket, auth } : {}),
  });
}

/**
 * A server's options again.
 *
 * @throws RecordingError `no-keys` when the keys are neither on the tape nor given, or are others.
 */
export function serverOptionsOf(
  text: string,
  surroundings: Surroundings,
  keys: ReplayKeys,
): ServerEndpointOptions {
  // Boundary cast: `textOfServer` wrote it.
  const made = decodeJson(text) as ServerEndpointOptions & {
    readonly publicKey: Uint8Array;
    readonly ticketKeyCount: number;
  };
  const staticSecret = keys.staticSecret ?? made.staticSecret;
  const ticketKeys = keys.ticketKeys ?? made.ticketKeys ?? [];
  checkKeys(made, staticSecret, ticketKeys, surroundings.crypto);
  return { ...made, ...surroundings, staticSecret, ticketKeys };
}

function checkKeys(
  made: { readonly publicKey: Uint8Array; readonly ticketKeyCount: number },
  staticSecret: Uint8Array | undefined,
  ticketKeys: readonly Uint8Array[],
  crypto: CryptoBackend,
): void {
  if (staticSecret === undefined) {
    throw new RecordingError(
      "no-keys",
      "The recording was made without the server's key: give it with --key-file",
    );
  }
  if (!isEqual(crypto.x25519PublicKey(staticSecret), made.publicKey)) {
    throw new RecordingError("no-keys", "The key is not that of the server that was recorded");
  }
  if (ticketKeys.length < made.ticketKeyCount) {
    throw new RecordingError(
      "no-keys",
      `The recorded server had ${made.ticketKeyCount} keys of tickets: give each with --ticket-key`,
    );
  }
}

/** A client's options again. @throws RecordingError `no-keys` when its ticket or `auth` was left out. */
export function clientOptionsOf(text: string, surroundings: Surroundings): ClientEndpointOptions {
  // Boundary cast: `textOfClient` wrote it.
  const made = decodeJson(text) as ClientEndpointOptions & { readonly leavesOut: boolean };
  if (made.leavesOut) {
    throw new RecordingError(
      "no-keys",
      "The recording was made without the client's ticket and auth: record with keys to replay it",
    );
  }
  return { ...made, ...surroundings };
}
