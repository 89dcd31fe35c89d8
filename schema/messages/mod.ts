/**
 * Every message that Tickwire itself sends inside handshakes, queries and tickets.
 *
 * @module
 */
export * from "./handshake.ts";
export * from "./query.ts";
export * from "./ticket.ts";
