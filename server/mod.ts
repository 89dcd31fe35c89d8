/**
 * The game server: `serve()`, its peers and options.
 *
 * @module
 */
export { CloseCode } from "../protocol/close_code.ts";
export {
  type Flag,
  flag,
  type FlagBuilders,
  type Flags,
  type FlagValues,
  type NumberOptions,
} from "./cli_flags.ts";
export {
  defineGame,
  type Game,
  type GameContext,
  type GameDefinition,
  type GameEnvironment,
  type GameLogger,
  type RunningGame,
  type StartedGame,
  startGame,
} from "./game.ts";
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
