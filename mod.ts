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
