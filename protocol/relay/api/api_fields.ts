/**
 * Fields that requests to a director, its replies and its records have in common.
 *
 * @module
 */
import { t } from "../../../schema/builders/t.ts";
import type { Field } from "../../../schema/field.ts";

/** Longest id of a relay or server in bytes. */
export const MAX_ID_BYTES = 64;
/** Exit relays at which a server behind NAT keeps an anchor. */
export const MAX_ANCHORS = 4;
/** Relays of one route. */
export const MAX_HOPS = 3;
/** Relays that one reply names. */
export const MAX_LISTED_RELAYS = 1_024;
/** Revoked sessions that one reply names. */
export const MAX_LISTED_REVOCATIONS = 4_096;

/** Wall clock in milliseconds since 1970: the bound of a JavaScript `Date`. */
const MAX_DATE_MS = 8_640_000_000_000_000;

/** An id of a relay, server, region or director. */
export const idField: Field<string> = t.string({ maxBytes: MAX_ID_BYTES });
/** A wall clock time, milliseconds since 1970. */
export const wallClockField: Field<number> = t.int(0, MAX_DATE_MS);
/** A 32-byte key in base64url, 43 characters. */
export const keyField: Field<string> = t.string({ maxBytes: 43 });
/** A 64-bit number as 16 hexadecimal digits. */
export const hexField: Field<string> = t.string({ maxBytes: 16 });
/** An IP literal. */
export const hostnameField: Field<string> = t.string({ maxBytes: 45 });
/** A UDP port. */
export const portField: Field<number> = t.int(1, 65_535);
