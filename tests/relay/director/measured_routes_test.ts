import assert from "node:assert/strict";
import type { RoutePlanner as DirectorPlanner } from "../../../relay/director/route_planner.ts";
import { grantToJson } from "../../../protocol/relay/api/grant_json.ts";
import { RoutePlanner } from "../../../relay/routes/route_planner.ts";
import { anchoredOf, DirectorLab } from "./director_lab.ts";

/** A director with the planner of `relay/routes/`, and three regions that measured each other. */
async function measured(): Promise<DirectorLab> {
  const planner: DirectorPlanner = new RoutePlanner({ seed: 1 });
  const lab = await DirectorLab.open({ planner });
  const rtts: Record<string, Record<string, number>> = {
    "fra-1": { "fra-2": 1, "ams-1": 7, "nyc-1": 82 },
    "fra-2": { "ams-1": 7, "nyc-1": 83 },
    "ams-1": { "nyc-1": 75 },
    "nyc-1": {},
  };
  for (const [id, peers] of Object.entries(rtts)) {
    const links = Object.entries(peers).map(([to, p95RttMs]) => ({
      to,
      p95RttMs,
      jitterMs: 0.5,
      loss: 0,
    }));
    await lab.relay(id, { links });
  }
  return lab;
}

Deno.test("a measured player goes in near home, out near the server, with a spare", async () => {
  const lab = await measured();
  await lab.server("s1", { region: "fra" });
  const clientRttMs = new Map([["nyc-1", 8], ["fra-1", 120], ["fra-2", 121], ["ams-1", 118]]);
  const grant = await lab.director.openSession({ serverId: "s1", clientRttMs });
  const path = grant.primary.relays.map(({ relayId }) => relayId);
  assert.equal(path[0], "nyc-1", path.join(" "));
  assert.match(path.at(-1)!, /^fra-/);
  const spare = grant.standby!.relays.map(({ relayId }) => relayId);
  assert.ok(spare.every((id) => !path.includes(id)), `${path} and ${spare}`);
  await lab.close();
});

Deno.test("a server behind NAT is left by its anchors only, also after a move", async () => {
  const lab = await measured();
  const { anchors } = await lab.director.registerServer({
    ...anchoredOf("s1"),
    exitRelays: ["ams-1"],
  });
  const exits = anchors.map(({ relayId }) => relayId);
  const grant = await lab.director.openSession({ serverId: "s1", pingLocation: "v1:nyc=9" });
  const moved = await lab.director.moveSession(grantToJson(grant).sessionId, {});
  for (const { primary, standby } of [grant, moved]) {
    for (const route of standby === undefined ? [primary] : [primary, standby]) {
      assert.ok(exits.includes(route.relays.at(-1)!.relayId));
    }
  }
  assert.equal(moved.primary.relays[0]!.relayId, grant.primary.relays[0]!.relayId);
  await lab.close();
});

Deno.test("a draining relay is on no new route", async () => {
  const lab = await measured();
  await lab.server("s1", { region: "fra" });
  await lab.director.drain({ relayId: "fra-1" });
  for (let i = 0; i < 10; i++) {
    const { primary, standby } = await lab.director.openSession({
      serverId: "s1",
      pingLocation: "v1:fra=10",
    });
    const used = [...primary.relays, ...standby?.relays ?? []].map(({ relayId }) => relayId);
    assert.ok(!used.includes("fra-1"), used.join(" "));
  }
  await lab.close();
});
