/**
 * The game server: `serve()`, its peers and options.
 *
 * @module
 */
export { CloseCode } from "../protocol/close_code.ts";
export type { DisconnectInfo, ServerEvents } from "./handlers.ts";
export type {
  AuthorizeContext,
  AuthorizeResult,
  ServeOptions,
  ServerEnvironment,
} from "./options.ts";
export { type DisconnectOptions, Peer, type PeerState } from "./peer.ts";
export { serve } from "./serve.ts";
export { type BroadcastOptions, Server } from "./server.ts";
export type { ServerStats } from "./server_stats.ts";
export type { TickCounters } from "./tick_loop.ts";
