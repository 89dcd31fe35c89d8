import assert from "node:assert/strict";
import type {
  PlanRequest,
  RoutePlanner as DirectorsPlanner,
} from "../../../relay/director/route_planner.ts";
import { MeshMatrix } from "../../../relay/routes/mesh_matrix.ts";
import { RoutePlanner } from "../../../relay/routes/route_planner.ts";

Deno.test("a director may use the planner that measures as its own", () => {
  const planner: DirectorsPlanner = new RoutePlanner({ seed: 1 });
  const mesh = new MeshMatrix();
  mesh.put("ams-1", [{ to: "fra-1", p95RttMs: 8, jitterMs: 0, loss: 0 }], 0);
  const request: PlanRequest = {
    clientRttMs: new Map([["ams-1", 5]]),
    serverRegion: "fra",
    relays: [
      { id: "ams-1", region: "ams", load: 0, state: "active" },
      { id: "fra-1", region: "fra", load: 0, state: "active" },
    ],
    mesh,
    maxRelays: 2,
  };
  assert.deepEqual(planner.plan(request, 0)?.primary, ["ams-1", "fra-1"]);
});
