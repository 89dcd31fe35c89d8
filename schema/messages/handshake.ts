/**
 * What HELLO and ACCEPT carry inside the encryption (docs/protocol.md, "Handshake").
 *
 * @module
 */
import { type Codec, compileCodec } from "../codec.ts";
import type { Infer } from "../infer.ts";
import { t } from "../builders/t.ts";
import { BACKEND } from "./backend.ts";

/** Longest sealed connect ticket in bytes. */
export const MAX_TICKET_BYTES = 512;
/** Longest payload that a client brings for the server's authorize hook in bytes. */
export const MAX_AUTH_BYTES = 512;
/** Longest resume ticket in bytes. */
export const MAX_RESUME_TICKET_BYTES = 64;
/** Longest text of a refusal in bytes of UTF-8. */
export const MAX_REFUSAL_REASON_BYTES = 100;

/** Why a server refuses a handshake. The names are part of the API of clients. */
export const REFUSAL_STATUSES = [
  "full",
  "auth",
  "version",
  "schema",
  "banned",
  "busy",
  "gone",
] as const;

/** One of {@link REFUSAL_STATUSES}. */
export type RefusalStatus = typeof REFUSAL_STATUSES[number];

/** What each end tells the other of itself. */
const announcedLimits = t.struct({
  /** Silence after which the sender of this gives the session up. */
  idleTimeoutMs: t.u32(),
  /** Datagrams a second that it accepts. */
  packetsPerSecond: t.u32(),
  /** Bytes a second that it accepts. */
  bytesPerSecond: t.u32(),
});

const hello = t.struct({
  /** Which wire the client speaks: the 64-bit id of its protocol's version. */
  protocolId: t.bytes({ length: 8 }),
  /** The declared version behind the id, for texts. */
  protocolVersion: t.u16(),
  limits: announcedLimits,
  /** A connect ticket, sealed for the server. */
  ticket: t.bytes({ maxBytes: MAX_TICKET_BYTES }).optional(),
  /** A resume ticket, sealed by the server. */
  resumeTicket: t.bytes({ maxBytes: MAX_RESUME_TICKET_BYTES }).optional(),
  /** Anything for the authorize hook. */
  auth: t.bytes({ maxBytes: MAX_AUTH_BYTES }).optional(),
});

const accept = t.union("result", {
  accepted: {
    /** The id under which the client addresses the server. */
    connectionId: t.u32(),
    /** What a RESET of this connection must show. */
    resetToken: t.bytes({ length: 16 }),
    /** Resumes the session; empty when it cannot be resumed. */
    resumeTicket: t.bytes({ maxBytes: MAX_RESUME_TICKET_BYTES }),
    /** Whether an earlier session goes on. */
    resumed: t.bool(),
    /** For how long after silence the session can be resumed. */
    resumeWindowMs: t.u32(),
    limits: announcedLimits,
    /** The server's wall clock, milliseconds since 1970. */
    serverTimeMs: t.f64(),
    /** The server's current tick. */
    tick: t.tick(),
  },
  refused: {
    status: t.enum(...REFUSAL_STATUSES),
    /** When to try again, 0 for no advice. */
    retryAfterMs: t.u32(),
    /** For people. */
    reason: t.string({ maxBytes: MAX_REFUSAL_REASON_BYTES }),
  },
});

/** What HELLO carries. */
export type HelloPayload = Infer<typeof hello>;
/** What ACCEPT carries: acceptance or authenticated refusal. */
export type AcceptPayload = Infer<typeof accept>;

/** Codec of {@link HelloPayload}. */
export const helloCodec: Codec<HelloPayload> = compileCodec(hello, {
  name: "HELLO",
  backend: BACKEND,
});
/** Codec of {@link AcceptPayload}. */
export const acceptCodec: Codec<{ accept: AcceptPayload }> = compileCodec(
  t.struct({ accept }),
  { name: "ACCEPT", backend: BACKEND },
);
