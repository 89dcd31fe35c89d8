/**
 * What a director grants, used by the real ends and the real relay cores on a simulated network.
 *
 * @module
 */
import assert from "node:assert/strict";
import { encodeKey } from "../../../protocol/connect_url.ts";
import { ClientEndpoint } from "../../../protocol/client_endpoint.ts";
import { ClientLeg } from "../../../protocol/relay/legs/client_leg.ts";
import type { ClientLegEvent } from "../../../protocol/relay/legs/client_leg_options.ts";
import { ServerLeg } from "../../../protocol/relay/legs/server_leg.ts";
import { RelayCore } from "../../../protocol/relay/relay_core.ts";
import type { RelayGrant } from "../../../protocol/relay/relay_grant.ts";
import { PureSipHasher } from "../../../protocol/relay/siphash.ts";
import { ServerEndpoint } from "../../../protocol/server_endpoint.ts";
import { Director } from "../../../relay/director/director.ts";
import {
  grantFromJson,
  grantToJson,
  routeFromJson,
} from "../../../protocol/relay/api/grant_json.ts";
import type { ServerReply } from "../../../relay/director/requests.ts";
import { openKeys } from "../../../protocol/relay/api/sealed_keys.ts";
import { MemoryDirectory } from "../../../relay/directory/memory_directory.ts";
import { EndpointDriver } from "../../../transport/endpoint_driver.ts";
import { RelayedPipe } from "../../../transport/relayed_pipe.ts";
import { RelayGate } from "../../../transport/relay_gate.ts";
import { SimulatedNetwork } from "../../../transport/simulated_network.ts";
import { CRYPTO } from "../../fixtures/pair.ts";
import { PROBE } from "../../fixtures/probe_protocol.ts";
import { keyOf, randomFill } from "../../fixtures/seeded.ts";
import {
  anchoredOf,
  heartbeatOf,
  NOON_MS,
  registrationOf,
  ScriptedPlanner,
  secretOf,
} from "./director_lab.ts";

const RELAYS = ["fra-1", "fra-2", "ams-1"];

/** Relays, a server and clients, all of which know only what the director told them. */
class EndToEnd {
  readonly network: SimulatedNetwork;
  readonly planner: ScriptedPlanner;
  readonly directory: MemoryDirectory;
  readonly cores: ReadonlyMap<string, RelayCore>;
  readonly server: ServerEndpoint;
  readonly leg: ServerLeg;
  readonly #gate: RelayGate;
  readonly director: Director;
  #sessions = 0;

  private constructor(director: Director, parts: EndToEndParts) {
    this.director = director;
    this.network = parts.network;
    this.planner = parts.planner;
    this.directory = parts.directory;
    this.cores = parts.cores;
    const clock = this.network.clock;
    const random = randomFill("server");
    this.server = new ServerEndpoint({
      protocol: PROBE,
      crypto: CRYPTO,
      random,
      staticSecret: secretOf("s1"),
      epochMs: NOON_MS,
    }, 0);
    const { keys } = openKeys(parts.reply.keys, secretOf("s1"))!;
    this.leg = new ServerLeg({
      relayKeys: [...keys],
      hasher: new PureSipHasher(),
      crypto: CRYPTO,
      random,
      epochMs: NOON_MS,
    }, 0);
    this.#gate = new RelayGate(this.network.bind("198.51.100.7", 9_999), { leg: this.leg, clock });
    new EndpointDriver(this.server, this.#gate, clock, () => {
      while (this.server.pollNews() !== undefined) this.#sessions++;
    }).start();
    const anchors = parts.reply.anchors.flatMap(({ route }) => route ? [routeFromJson(route)] : []);
    if (anchors.length > 0) this.leg.setAnchors(anchors, 0);
    this.#gate.service();
  }

  static async open(isAnchored: boolean): Promise<EndToEnd> {
    const network = new SimulatedNetwork({ seed: 1, link: { delayMs: 10 } });
    const { clock } = network;
    const planner = new ScriptedPlanner();
    const directory = new MemoryDirectory({ clock });
    const director = await Director.open({
      directory,
      key: keyOf("director"),
      planner,
      clock,
      wallClockMs: () => NOON_MS + clock.nowMs(),
      random: randomFill("director"),
    });
    const cores = new Map<string, RelayCore>();
    for (const id of RELAYS) {
      const beat = heartbeatOf(id);
      const { keys } = await director.relayHeartbeat(beat);
      const core = new RelayCore({
        shard: 0,
        keys: openKeys(keys, secretOf(id))!.keys,
        crypto: CRYPTO,
        hasher: new PureSipHasher(),
        random: randomFill(id),
        epochMs: NOON_MS,
        limits: { sessions: 16 },
      }, 0);
      new EndpointDriver(core, network.bind(beat.hostname, 7_000), clock, () => {}).start();
      cores.set(id, core);
    }
    const registration = isAnchored ? anchoredOf("s1") : registrationOf("s1");
    const reply = await director.registerServer(registration);
    const lab = new EndToEnd(director, { network, planner, directory, cores, reply });
    lab.run(200);
    return lab;
  }

  /** Connects a client with a grant that has been through JSON. */
  async connect(hostname: string): Promise<{
    readonly leg: ClientLeg;
    readonly events: ClientLegEvent[];
    readonly grant: RelayGrant;
    readonly id: string;
  }> {
    const json = grantToJson(
      await this.director.openSession({ serverId: "s1", clientHostname: hostname }),
    );
    const grant = grantFromJson(JSON.parse(JSON.stringify(json)));
    const random = randomFill(`client ${hostname}`);
    const events: ClientLegEvent[] = [];
    const { clock } = this.network;
    const leg = new ClientLeg({
      grant,
      hasher: new PureSipHasher(),
      crypto: CRYPTO,
      random,
      epochMs: NOON_MS,
    }, clock.nowMs());
    const pipe = new RelayedPipe(this.network.bind(hostname, 0), {
      leg,
      clock,
      onEvent: (event) => void events.push(event),
    });
    const endpoint = new ClientEndpoint({
      protocol: PROBE,
      crypto: CRYPTO,
      random,
      serverKey: grant.serverKey,
      addresses: [leg.virtualAddress],
    });
    assert.equal(encodeKey(grant.serverKey), encodeKey(this.server.staticPublic));
    const driver = new EndpointDriver(endpoint, pipe, clock, (nowMs) => {
      while (endpoint.pollEvent(nowMs) !== undefined);
    });
    endpoint.connect(clock.nowMs());
    driver.start();
    const before = this.#sessions;
    const isThere = this.network.runUntil(
      () => endpoint.session !== undefined && this.#sessions > before,
      clock.nowMs() + 5_000,
    );
    assert.ok(isThere, `connected from ${hostname}: ${this.drops()}`);
    return { leg, events, grant, id: json.sessionId };
  }

  /** What the relays refused, by relay. */
  drops(): string {
    return JSON.stringify([...this.cores].map(([id, { drops }]) => [id, drops]));
  }

  run(durationMs: number): void {
    this.network.run(this.network.clock.nowMs() + durationMs);
  }

  async close(): Promise<void> {
    this.director.close();
    await this.directory.close();
  }
}

interface EndToEndParts {
  readonly network: SimulatedNetwork;
  readonly planner: ScriptedPlanner;
  readonly directory: MemoryDirectory;
  readonly cores: Map<string, RelayCore>;
  readonly reply: ServerReply;
}

for (const isAnchored of [false, true]) {
  const where = isAnchored ? "behind NAT, through its anchors" : "with a public address";
  Deno.test(`clients reach a server ${where} over one relay and over two`, async () => {
    const lab = await EndToEnd.open(isAnchored);
    lab.planner.next = { primary: ["fra-1"] };
    await lab.connect("203.0.113.1");
    lab.planner.next = { primary: ["ams-1", "fra-1"], standby: ["fra-2"] };
    const { events, grant, id, leg } = await lab.connect("203.0.113.2");
    lab.run(500);
    const bound = events.flatMap((event) => event.kind === "bound" ? [event.route] : []);
    assert.deepEqual(bound.sort(), ["primary", "standby"], lab.drops());

    // The relays' and the server's own count of what a renewal did.
    const { primary, standby, notAfterS } = await lab.director.renewSession(id);
    const labels = [grant.primary.firstLabel, grant.standby!.firstLabel];
    for (const [i, blobs] of [primary, standby!].entries()) {
      const bytes = Uint8Array.fromBase64(blobs, { alphabet: "base64url" });
      leg.renew(labels[i]!, bytes, lab.network.clock.nowMs());
    }
    lab.run(500);
    assert.equal(leg.counters.renewals, 2, lab.drops());
    assert.ok(notAfterS > 0);
    await lab.close();
  });
}
