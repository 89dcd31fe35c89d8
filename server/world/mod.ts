/**
 * Replication at the server: worlds, entities, and who sees what.
 *
 * @module
 */
export { Entity, type PeerLike } from "./entity.ts";
export type { Cell, GridOptions, Position } from "./grid.ts";
export { ServerWorld, type ServerWorldOptions } from "./server_worlds.ts";
export type { Viewer } from "./viewer.ts";
export type { SendSnapshot, ViewerCounters } from "./viewer_host.ts";
export { type SpawnOptions, World, type WorldOptions } from "./world.ts";
