/**
 * The client: `connect()` and what it gives.
 *
 * @module
 */
export { CloseCode } from "../protocol/close_code.ts";
export { Client, type ClientStats, type CloseOptions, type NextOptions } from "./client.ts";
export { connect } from "./connect.ts";
export { ConnectError, type ConnectErrorCode } from "./errors.ts";
export type { ClientEvents, ClientState, ClosedInfo } from "./events.ts";
export { knownServers, type KnownServersOptions } from "./known_servers.ts";
export type { MessageFeed } from "./message_stream.ts";
export type {
  ClientEnvironment,
  ConnectOptions,
  GrantGiver,
  GrantInput,
  TicketText,
  TrustServer,
  TrustVerdict,
  UntrustedServer,
} from "./options.ts";
export { type QueryOptions, queryServer, type ServerDescription } from "./query.ts";
export type { HeldRoute, RouteStats } from "./route_stats.ts";
export { REFUSAL_STATUSES, type RefusalStatus } from "../schema/messages/mod.ts";
export type { CryptoBackend, PacketKey } from "../protocol/crypto/backend.ts";
export type { DropCounters } from "../protocol/counters.ts";
export type { SessionLimits } from "../protocol/limits.ts";
export type { DeliveryCallback, DeliveryResult } from "../protocol/message_pool.ts";
export type { TracedPacket } from "../protocol/packet_trace.ts";
export type { PacingOptions } from "../protocol/pacer.ts";
export type { SendResult } from "../protocol/send_channel.ts";
export type { SessionStats } from "../protocol/session_stats.ts";
