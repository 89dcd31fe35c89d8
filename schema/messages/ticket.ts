/**
 * Connect tickets and resume tickets (docs/protocol.md, "Tickets").
 *
 * @module
 */
import { type Codec, compileCodec } from "../codec.ts";
import type { Infer } from "../infer.ts";
import { t } from "../builders/t.ts";
import { BACKEND } from "./backend.ts";
import { MAX_TICKET_BYTES } from "./handshake.ts";

/** Addresses that a connect ticket names at most. */
export const MAX_TICKET_ADDRESSES = 8;

const sealedTicket = t.struct({
  /** Random; a ticket is good for one session. */
  id: t.bytes({ length: 16 }),
  /** First eight bytes of the server's public key: a ticket for one server opens no other. */
  serverKeyPrefix: t.bytes({ length: 8 }),
  /** Wall clock, milliseconds since 1970. */
  expiresAtMs: t.f64(),
  /** Mixed into the handshake: who only saw the sealed part cannot use it. */
  psk: t.bytes({ length: 32 }),
  /** Whom the issuer vouches for. */
  userId: t.string({ maxBytes: 64 }),
  /** Anything that the issuer tells the server: name, team, room. */
  userData: t.bytes({ maxBytes: 256 }),
});

const connectTicket = t.struct({
  /** The server's public key. */
  serverKey: t.bytes({ length: 32 }),
  /** Where the server is, `host:port`, best first. */
  addresses: t.array(t.string({ maxBytes: 72 }), { max: MAX_TICKET_ADDRESSES }),
  /** Wall clock, milliseconds since 1970. */
  expiresAtMs: t.f64(),
  /** The same key as in the sealed part. */
  psk: t.bytes({ length: 32 }),
  /** {@link SealedTicket}, sealed with the key that issuer and server share. */
  sealed: t.bytes({ maxBytes: MAX_TICKET_BYTES }),
});

const resumeTicket = t.struct({
  /** Which session. */
  session: t.bytes({ length: 8 }),
  /** Counts the session's connections: a ticket is good for one of them. */
  generation: t.u32(),
});

/** What only issuer and server read. */
export type SealedTicket = Infer<typeof sealedTicket>;
/** What the issuer hands to a client. */
export type ConnectTicket = Infer<typeof connectTicket>;
/** What a server seals for itself. */
export type ResumeTicket = Infer<typeof resumeTicket>;

/** Codec of {@link SealedTicket}. */
export const sealedTicketCodec: Codec<SealedTicket> = compileCodec(sealedTicket, {
  name: "SealedTicket",
  backend: BACKEND,
});
/** Codec of {@link ConnectTicket}. */
export const connectTicketCodec: Codec<ConnectTicket> = compileCodec(connectTicket, {
  name: "ConnectTicket",
  backend: BACKEND,
});
/** Codec of {@link ResumeTicket}. */
export const resumeTicketCodec: Codec<ResumeTicket> = compileCodec(resumeTicket, {
  name: "ResumeTicket",
  backend: BACKEND,
});
