/**
 * Tickwire: typed messages over encrypted UDP, for games.
 *
 * Declare messages once with `t`, `message` and `protocol`; `serve` a game; `connect` to it.
 *
 * @module
 */
export * from "./schema/mod.ts";
export * from "./server/mod.ts";
export * from "./client/mod.ts";
export type { DeliveryResult } from "./protocol/message_pool.ts";
export type { SendResult } from "./protocol/send_channel.ts";
export type { SessionStats } from "./protocol/session_stats.ts";
