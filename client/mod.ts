/**
 * The client: `connect()` and what it gives.
 *
 * @module
 */
export { CloseCode } from "../protocol/close_code.ts";
export { Client, type ClientEvents, type ClientStats } from "./client.ts";
export { connect } from "./connect.ts";
export { ConnectError, type ConnectErrorCode } from "./errors.ts";
export type { ClientEnvironment, ConnectOptions, UntrustedServer } from "./options.ts";
export { queryServer, type ServerDescription } from "./query.ts";
