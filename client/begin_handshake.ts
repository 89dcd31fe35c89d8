/**
 * Begins a handshake with a server whose key is known.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import { ClientEndpoint } from "../protocol/client_endpoint.ts";
import type { CryptoBackend } from "../protocol/crypto/backend.ts";
import { type ConnectTicket, connectTicketCodec } from "../schema/messages/mod.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import type { Clock } from "../transport/clock.ts";
import type { Recorder } from "../transport/recorder.ts";
import type { ConnectOptions, TicketText } from "./options.ts";

/** With whom, and with what. */
export interface HandshakeParts {
  /** The game's protocol. */
  readonly protocol: ProtocolCore;
  /** As the caller gave them. */
  readonly options: ConnectOptions;
  /** Keys and tags. */
  readonly crypto: CryptoBackend;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** Time. */
  readonly clock: Clock;
  /** The server's key, 32 bytes. */
  readonly serverKey: Uint8Array;
  /** Where it is, best first. */
  readonly addresses: readonly Address[];
  /** Shown to the server. */
  readonly ticket: ConnectTicket | undefined;
}

/** Makes an endpoint that has begun to connect. Throws RangeError when ticket and `auth` do not fit a datagram. */
export function beginHandshake(parts: HandshakeParts): ClientEndpoint {
  const { protocol, crypto, random, clock, serverKey, addresses, ticket } = parts;
  const { auth, sessionLimits = {}, timeoutMs, traceDatagrams, record } = parts.options;
  const nowMs = clock.nowMs();
  const endpointOptions = {
    protocol,
    crypto,
    random,
    serverKey,
    addresses,
    ticket: ticket && { sealed: ticket.sealed, psk: ticket.psk },
    auth: typeof auth === "string" ? new TextEncoder().encode(auth) : auth,
    sessionLimits: traceDatagrams === undefined
      ? sessionLimits
      : { ...sessionLimits, traceDatagrams },
    handshakeTimeoutMs: timeoutMs,
  };
  // Boundary cast: `connect` has made a recorder of whatever was given.
  const recorder = record as Recorder | undefined;
  const endpoint = recorder?.clientEndpoint(endpointOptions, nowMs) ??
    new ClientEndpoint(endpointOptions);
  endpoint.connect(nowMs);
  return endpoint;
}

/** @throws TypeError when it is no ticket. */
export function readTicket(ticket: TicketText): ConnectTicket {
  let bytes: Uint8Array | undefined;
  try {
    bytes = typeof ticket === "string"
      ? Uint8Array.fromBase64(ticket, { alphabet: "base64url" })
      : ticket;
  } catch {
    bytes = undefined;
  }
  const decoded = bytes && connectTicketCodec.decode(bytes);
  if (decoded === undefined) throw new TypeError("Cannot connect: the ticket is malformed");
  return decoded;
}
