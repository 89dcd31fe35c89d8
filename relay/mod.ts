/**
 * Relays: run one, or a director, in a program of your own. `relay/main.ts` is the one that ships.
 *
 * @module
 */
export * from "./process/director_link.ts";
export type * from "./process/local_shard.ts";
export * from "./process/relay.ts";
export type { HeartEvent, RelayIdentity } from "./process/relay_heart.ts";
export * from "./process/shard.ts";
export * from "./process/status_api.ts";
export * from "./process/takeover_guest.ts";
export * from "./process/takeover_host.ts";
export * from "./serve_relay.ts";
