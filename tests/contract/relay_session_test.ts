import assert from "node:assert/strict";
import { connect } from "../../client/mod.ts";
import type { Address } from "../../protocol/address.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import type { Exposure } from "../../protocol/relay/hop_ticket.ts";
import { ClientLeg } from "../../protocol/relay/legs/client_leg.ts";
import { ServerLeg } from "../../protocol/relay/legs/server_leg.ts";
import { RelayCore } from "../../protocol/relay/relay_core.ts";
import { loadSodiumSipHasher } from "../../protocol/relay/sodium_siphash.ts";
import { message, protocol, t } from "../../schema/mod.ts";
import { serve } from "../../server/mod.ts";
import { EndpointDriver } from "../../transport/endpoint_driver.ts";
import { RelayedPipe } from "../../transport/relayed_pipe.ts";
import { RelayGate } from "../../transport/relay_gate.ts";
import { systemClock } from "../../transport/system_clock.ts";
import { systemRandom } from "../../transport/system_random.ts";
import { openUdp } from "../../transport/udp.ts";
import { type KnownRelay, RelayDirector } from "../simulation/relay_director.ts";

const Echo = message({ text: t.string({ maxBytes: 240 }) }, {
  from: "both",
  delivery: "reliable-ordered",
});
const Room = protocol("relayed-room", { version: 1 }, { Echo });

/** An address that others can send to, of a socket that is bound to every address. */
function reachable({ port }: Address): Address {
  return { hostname: "127.0.0.1", port };
}

/** One word there and back, by connect() and serve(), over relays on sockets of this machine. */
async function echoOverRelays(
  relayCount: number,
  exposure: Exposure,
  hostnames: { readonly client: string; readonly server: string },
): Promise<string> {
  const [crypto, hasher] = await Promise.all([loadSodium(), loadSodiumSipHasher()]);
  const common = { crypto, hasher, random: systemRandom };
  const clock = systemClock;
  const epochMs = Date.now() - clock.nowMs();
  const director = new RelayDirector(1);
  const cleanUps: (() => unknown)[] = [];
  const relays: KnownRelay[] = [];
  for (let i = 0; i < relayCount; i++) {
    const pipe = await openUdp({ hostname: "127.0.0.1", port: 0 });
    const key = director.newKey();
    relays.push({ id: `relay-${i}`, address: pipe.localAddress, key });
    const core = new RelayCore({ ...common, shard: 0, keys: [key], epochMs }, clock.nowMs());
    const driver = new EndpointDriver(core, pipe, clock, () => {});
    driver.start();
    cleanUps.push(() => driver.stop(), () => pipe.close());
  }
  const serverPipe = await openUdp({ hostname: hostnames.server, port: 0 });
  const serverAddress = reachable(serverPipe.localAddress);
  const leg = new ServerLeg({
    ...common,
    relayKeys: [director.serverKey],
    epochMs,
    publicAddresses: [serverAddress],
    relayAddresses: ["127.0.0.1"],
  }, clock.nowMs());
  const server = await serve(Room, {
    environment: { pipe: new RelayGate(serverPipe, { leg, clock, acceptDirect: false }) },
  });
  server.on(Room.Echo, (peer, { text }) => peer.send(Room.Echo, { text: `${text} back` }));
  const grant = director.grant({
    sessionId: 77n,
    primary: relays,
    exposure,
    server: () => serverAddress,
    notAfterS: Math.floor(Date.now() / 1_000) + 600,
  });
  const clientPipe = await openUdp({ hostname: hostnames.client, port: 0 });
  const clientLeg = new ClientLeg({ ...common, grant, epochMs }, clock.nowMs());
  const switched = Promise.withResolvers<void>();
  const pipe = new RelayedPipe(clientPipe, {
    leg: clientLeg,
    clock,
    onEvent: (event) => {
      if (event.kind === "switched" && event.route === "direct") switched.resolve();
    },
  });
  assert.equal(await pipe.whenBound(5_000), true);
  const [, key] = server.url().split("#");
  const client = await connect(Room, `tickwire://relayed.invalid:1#${key}`, {
    environment: { pipe },
  });
  if (exposure === "prefer") await switched.promise;
  const answer = Promise.withResolvers<string>();
  client.on(Room.Echo, ({ text }) => answer.resolve(text));
  client.send(Room.Echo, { text: "there and" });
  const text = await answer.promise;
  assert.deepEqual([...server.peers.values()].map((peer) => peer.address.hostname), ["100::4d"]);
  await client.close();
  await server.close();
  for (const cleanUp of cleanUps) await cleanUp();
  return text;
}

const BOTH_FAMILIES = { client: "::", server: "::" };
const IPV4 = { client: "127.0.0.1", server: "127.0.0.1" };

for (
  const [relayCount, hostnames] of [[1, BOTH_FAMILIES], [2, IPV4], [3, BOTH_FAMILIES]] as const
) {
  Deno.test(`connect() reaches serve() over ${relayCount} relays, sockets at ${hostnames.client}`, async () => {
    assert.equal(await echoOverRelays(relayCount, "never", hostnames), "there and back");
  });
}

Deno.test("connect() and serve() find a direct path on sockets of both families", async () => {
  assert.equal(await echoOverRelays(1, "prefer", BOTH_FAMILIES), "there and back");
});
