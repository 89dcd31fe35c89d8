/**
 * Replication at the client: the entities in its sight.
 *
 * @module
 */
export { MirroredEntity } from "./mirrored_entity.ts";
export {
  type WorldDrops,
  type WorldEvents,
  WorldMirror,
  type WorldMirrorOptions,
} from "./world_mirror.ts";
