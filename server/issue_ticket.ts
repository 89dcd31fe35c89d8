/**
 * Issues connect tickets: for the back end that knows the players, and shares a key with its servers.
 *
 * @module
 */
import { formatConnectUrl, parseConnectUrl } from "../protocol/connect_url.ts";
import { nobleBackend } from "../protocol/crypto/noble.ts";
import { sealConnectTicket } from "../protocol/ticket_office.ts";
import { connectTicketCodec, MAX_TICKET_ADDRESSES } from "../schema/messages/mod.ts";
import { systemRandom } from "../transport/system_random.ts";

/** How long a ticket can be shown unless its issuer says otherwise. */
const DEFAULT_LIFE_MS = 300_000;

/** What a ticket is issued for. */
export interface TicketRequest {
  /** 32 bytes that the server was given as one of its `ticketKeys`. */
  readonly key: Uint8Array;
  /** Connect URL of the server, with its key: `server.url("play.example.org")`. */
  readonly url: string;
  /** More ways to reach the same server, `host:port`, tried after the one in the URL; at most 7. */
  readonly addresses?: readonly string[];
  /** Whom the issuer vouches for, at most 64 bytes; a user has one session at a time. Default: nobody. */
  readonly userId?: string;
  /** Anything that the issuer tells the server, at most 256 bytes; text becomes UTF-8. Default: nothing. */
  readonly userData?: string | Uint8Array;
  /** For how long the ticket can be shown. Default 300,000 ms. */
  readonly lifeMs?: number;
  /** Wall clock, milliseconds since 1970. Default: `Date.now`. */
  readonly wallClockMs?: () => number;
}

/**
 * Issues a ticket, good for one session on one server: give it to the player over a channel that you
 * trust, such as HTTPS.
 *
 * @returns What `connect(protocol, "", { ticket })` takes.
 * @throws TypeError for a URL without a key; RangeError for what is too long, or a key of another size.
 *
 * @example
 * ```ts
 * import { issueTicket, message, protocol, serve, t } from "../mod.ts";
 *
 * const Ping = message({ n: t.u32() }, { from: "both", delivery: "unreliable" });
 * const Game = protocol("game", { version: 1 }, { Ping });
 * const key = crypto.getRandomValues(new Uint8Array(32));
 * const server = await serve(Game, { hostname: "127.0.0.1", port: 0, ticketKeys: [key] });
 * const ticket = issueTicket({ key, url: server.url(), userId: "zoe" });
 * console.assert(ticket.length > 200);
 * await server.close();
 * ```
 */
export function issueTicket(request: TicketRequest): string {
  const { key, url, addresses = [], userId = "", userData = "", lifeMs = DEFAULT_LIFE_MS } =
    request;
  const { hostname, port, serverKey } = parseConnectUrl(url);
  if (serverKey === undefined) {
    throw new TypeError(`Cannot issue a ticket for ${url}: the URL has no server key after "#"`);
  }
  if (key.byteLength !== 32) {
    throw new RangeError(`Cannot issue a ticket with a key of ${key.byteLength} bytes: it has 32`);
  }
  if (addresses.length >= MAX_TICKET_ADDRESSES) {
    throw new RangeError(
      `Cannot issue a ticket with ${addresses.length} more addresses: at most ${
        MAX_TICKET_ADDRESSES - 1
      }`,
    );
  }
  if (!(lifeMs > 0)) throw new RangeError(`Cannot issue a ticket for ${lifeMs} ms`);
  const expiresAtMs = (request.wallClockMs ?? Date.now)() + lifeMs;
  const psk = randomBytes(32);
  const sealed = sealConnectTicket(nobleBackend(), key, randomBytes(12), {
    id: randomBytes(16),
    serverKeyPrefix: serverKey.subarray(0, 8),
    expiresAtMs,
    psk,
    userId,
    userData: typeof userData === "string" ? new TextEncoder().encode(userData) : userData,
  });
  const all = [hostPort({ hostname, port }), ...addresses.map(checkAddress)];
  return connectTicketCodec.encode({ serverKey, addresses: all, expiresAtMs, psk, sealed })
    .toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Throws where it is not `host:port`, so that the mistake shows here and not on a player's machine. */
function checkAddress(address: string): string {
  return hostPort(parseConnectUrl(`tickwire://${address}`));
}

function hostPort({ hostname, port }: { hostname: string; port: number }): string {
  return formatConnectUrl({ hostname, port, serverKey: undefined }).slice("tickwire://".length);
}

function randomBytes(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  systemRandom(bytes);
  return bytes;
}
