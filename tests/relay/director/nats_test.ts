import assert from "node:assert/strict";
import { Director } from "../../../relay/director/director.ts";
import { grantToJson } from "../../../protocol/relay/api/grant_json.ts";
import { NatsDirectory } from "../../../relay/directory/nats_directory.ts";
import { systemClock } from "../../../transport/system_clock.ts";
import { keyOf } from "../../fixtures/seeded.ts";
import { freshPrefix, NATS_URL, NEEDS_NATS, waitFor } from "../directory/nats_fixture.ts";
import { heartbeatOf, isDirectorError, registrationOf, ScriptedPlanner } from "./director_lab.ts";

Deno.test({
  name: `directors on two hosts share relays, servers, sessions, codes and ends ${NEEDS_NATS}`,
  ignore: NATS_URL === undefined,
  fn: async () => {
    const prefix = freshPrefix();
    const host = async (): Promise<[Director, NatsDirectory]> => {
      const directory = await NatsDirectory.open({
        servers: [NATS_URL!],
        prefix,
        maxBucketBytes: 2 ** 20,
      });
      const planner = new ScriptedPlanner();
      return [await Director.open({ directory, planner, key: keyOf("director") }), directory];
    };
    const [a, directoryA] = await host();
    const [b, directoryB] = await host();
    try {
      await both(a, b);
      const stranger = Director.open({
        directory: directoryA,
        planner: new ScriptedPlanner(),
        key: keyOf("another network"),
      });
      await assert.rejects(stranger, isDirectorError("conflict"));
    } finally {
      a.close();
      b.close();
      await directoryA.close();
      await directoryB.close();
    }
  },
});

async function both(a: Director, b: Director): Promise<void> {
  await a.relayHeartbeat(heartbeatOf("fra-1"));
  const { leaseToken } = await a.registerServer(registrationOf("s1", { maxPlayers: 40 }));
  const isSeen = (): boolean => b.relays().length === 1 && b.servers().length === 1;
  await waitFor(systemClock, isSeen, "the other director sees relay and server");
  const id = grantToJson(await b.openSession({ serverId: "s1" })).sessionId;
  const moved = await Promise.all([a.moveSession(id, {}), b.moveSession(id, {})]);
  assert.deepEqual(moved.map(({ primary }) => primary.epoch).sort(), [2, 3]);
  assert.equal((await a.renewSession(id)).epoch, 3);
  const { code } = await a.makeCode("s1", { leaseToken });
  assert.equal((await b.makeCode("s1", { leaseToken })).code, code);
  assert.equal((await b.join({ code }, { source: "x" })).grant.serverName, "Server s1");
  const allocations = await Promise.allSettled(
    Array.from({ length: 6 }, (_, i) =>
      (i % 2 === 0 ? a : b).allocate({
        protocolId: "arena",
        players: Array.from({ length: 10 }, () => ({})),
      })),
  );
  const granted = allocations.filter(({ status }) => status === "fulfilled").length;
  assert.ok(granted >= 1 && granted <= 4, `${granted} times ten of forty seats`);
  const beat = { leaseToken, players: 0, state: "ready" } as const;
  const { reservedPlayers } = await a.serverHeartbeat("s1", beat);
  assert.equal(reservedPlayers, granted * 10, "no promise was lost, none made twice");
  await a.endSession(id);
  await waitFor(systemClock, async () => {
    return (await b.relayHeartbeat(heartbeatOf("fra-1"))).revoked.includes(id);
  }, "the other director tells the relay");
  await assert.rejects(b.renewSession(id), isDirectorError("not-found"));
}
