import assert from "node:assert/strict";
import { grantToJson } from "../../../protocol/relay/api/grant_json.ts";
import type { RoutePlanner as DirectorPlanner } from "../../../relay/director/route_planner.ts";
import { RoutePlanner } from "../../../relay/routes/route_planner.ts";
import { DirectorLab } from "./director_lab.ts";

const STEP_MS = 5_000;

/** What the relays of two regions measured, with another round trip from nyc-1 to fra-1. */
async function beat(lab: DirectorLab, nycFra1Ms: number): Promise<void> {
  const link = (to: string, p95RttMs: number) => ({ to, p95RttMs, jitterMs: 0, loss: 0 });
  await lab.relay("nyc-1", { links: [link("fra-1", nycFra1Ms), link("fra-2", 90)] });
  await lab.relay("fra-1", { links: [link("nyc-1", nycFra1Ms), link("fra-2", 40)] });
  await lab.relay("fra-2", { links: [link("nyc-1", 90), link("fra-1", 40)] });
  await lab.server("s1", { region: "fra" });
}

/** The advice at every step of five seconds while the line from nyc-1 to fra-1 takes so long. */
async function adviceWhile(
  lab: DirectorLab,
  id: string,
  nycFra1Ms: number,
  steps: number,
): Promise<string[]> {
  const advice: string[] = [];
  for (let step = 0; step < steps; step++) {
    await lab.pass(STEP_MS);
    await beat(lab, nycFra1Ms);
    advice.push((await lab.director.renewSession(id)).advice);
  }
  return advice;
}

async function sessionOverFra1(pingLocation?: string): Promise<{ lab: DirectorLab; id: string }> {
  const planner: DirectorPlanner = new RoutePlanner({ seed: 1 });
  const lab = await DirectorLab.open({ planner });
  await beat(lab, 70);
  const grant = await lab.director.openSession({
    serverId: "s1",
    ...(pingLocation === undefined ? { regions: ["nyc"] } : { pingLocation }),
  });
  return { lab, id: grantToJson(grant).sessionId };
}

const NYC = "v1:nyc=5,fra=120";
const keep = (steps: number): string[] => Array(steps).fill("keep");

Deno.test("a session moves when another route has been better by more than 10 ms for 30 s", async () => {
  const { lab, id } = await sessionOverFra1(NYC);
  assert.deepEqual(await adviceWhile(lab, id, 70, 4), keep(4));
  assert.deepEqual(await adviceWhile(lab, id, 110, 7), [...keep(6), "move"]);
  const moved = await lab.director.moveSession(id, {});
  assert.deepEqual(moved.primary.relays.map(({ relayId }) => relayId), ["nyc-1", "fra-2"]);
  assert.deepEqual(await adviceWhile(lab, id, 110, 20), keep(20));
  await lab.close();
});

Deno.test("a session stays where another route is better by 10 ms, or not for long", async () => {
  const { lab, id } = await sessionOverFra1(NYC);
  assert.deepEqual(await adviceWhile(lab, id, 100, 20), keep(20));
  for (let i = 0; i < 5; i++) {
    assert.deepEqual(await adviceWhile(lab, id, 150, 5), keep(5));
    assert.deepEqual(await adviceWhile(lab, id, 70, 1), keep(1));
  }
  await lab.close();
});

Deno.test("a session that does not move is not told again for five minutes", async () => {
  const { lab, id } = await sessionOverFra1(NYC);
  const advice = await adviceWhile(lab, id, 150, 75);
  const moves = advice.flatMap((text, step) => text === "move" ? [step * STEP_MS] : []);
  assert.deepEqual(moves, [30_000, 360_000]);
  await lab.close();
});

Deno.test("a session of whose player nothing was measured is left alone", async () => {
  const { lab, id } = await sessionOverFra1();
  assert.deepEqual(await adviceWhile(lab, id, 300, 20), keep(20));
  await lab.close();
});
