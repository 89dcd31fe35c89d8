/**
 * What relays measured of each other, from their heartbeats in the directory to the planner.
 *
 * @module
 */
import type { Clock } from "../../transport/clock.ts";
import type { Directory, Unsubscribe } from "../directory/directory.ts";
import { MeshMatrix } from "../routes/mesh_matrix.ts";

/** A matrix that follows the bucket `mesh` until it is stopped. */
export function followMesh(
  directory: Directory,
  clock: Clock,
): { readonly mesh: MeshMatrix; readonly stop: Unsubscribe } {
  const mesh = new MeshMatrix();
  const stop = directory.watch("mesh", (change) => {
    if (change.type === "gone") mesh.remove(change.key);
    else {
      const { value: { from, links }, ageMs } = change.entry;
      mesh.put(from, links, clock.nowMs() - ageMs);
    }
  });
  return { mesh, stop };
}
