import assert from "node:assert/strict";
import { parseAllDocuments } from "npm:yaml@2.9.1";
import { AGONES_HEALTH_MS, PLAYERS_COUNTER } from "../../../relay/fleet/agones.ts";

/** Objects of any kind; the test asserts what it looks into. */
// deno-lint-ignore no-explicit-any -- a manifest has no type here
type Manifest = any;

async function manifests(): Promise<Map<string, Manifest>> {
  const url = new URL("../../../docs/kubernetes/fleet.yaml", import.meta.url);
  const documents = parseAllDocuments(await Deno.readTextFile(url), { strict: true });
  assert.ok(Array.isArray(documents), "the file is not empty");
  for (const { errors } of documents) assert.deepEqual(errors, []);
  const objects: Manifest[] = documents.map((document) => document.toJS());
  return new Map(objects.map((one) => [`${one.apiVersion} ${one.kind} ${one.metadata.name}`, one]));
}

Deno.test("the manifest is YAML with the objects that its words promise", async () => {
  assert.deepEqual([...(await manifests()).keys()], [
    "v1 Service nats",
    "apps/v1 StatefulSet nats",
    "apps/v1 Deployment tickwire-director",
    "v1 Service tickwire-director",
    "agones.dev/v1 Fleet arena",
    "autoscaling.agones.dev/v1 FleetAutoscaler arena",
  ]);
});

Deno.test("selectors select, volumes are there, probes and services name real ports", async () => {
  for (const object of (await manifests()).values()) {
    const { template, selector } = object.spec;
    if (template === undefined || object.kind === "Fleet") continue;
    assert.deepEqual(selector.matchLabels, template.metadata.labels);
    const { containers, initContainers = [], volumes = [] } = template.spec;
    const claims = object.spec.volumeClaimTemplates ?? [];
    const known = [...volumes, ...claims.map((claim: Manifest) => claim.metadata)]
      .map(({ name }: Manifest) => name);
    for (const { volumeMounts = [], ports = [], ...probes } of [...containers, ...initContainers]) {
      for (const { name } of volumeMounts) assert.ok(known.includes(name), `volume ${name}`);
      const names = ports.map(({ name }: Manifest) => name);
      for (const probe of [probes.livenessProbe, probes.readinessProbe]) {
        if (probe !== undefined) assert.ok(names.includes(probe.httpGet.port));
      }
    }
  }
});

Deno.test("the fleet expects what the link does", async () => {
  const all = await manifests();
  const { spec } = all.get("agones.dev/v1 Fleet arena").spec.template;
  assert.ok(spec.health.periodSeconds * 1_000 > 2 * AGONES_HEALTH_MS, "two beats per period");
  assert.ok(PLAYERS_COUNTER in spec.counters);
  assert.equal(spec.ports[0].protocol, "UDP");
  const autoscaler = all.get("autoscaling.agones.dev/v1 FleetAutoscaler arena");
  assert.equal(autoscaler.spec.policy.counter.key, PLAYERS_COUNTER);
  const { capacity } = spec.counters[PLAYERS_COUNTER];
  assert.ok(autoscaler.spec.policy.counter.bufferSize >= capacity, "one empty server at least");
});
