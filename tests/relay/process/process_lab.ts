/**
 * A whole network on a simulated one: a director, relays as `serveRelay` runs them, a game server behind
 * its gate, and players.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ClientLeg } from "../../../protocol/relay/legs/client_leg.ts";
import type { ClientLegEvent } from "../../../protocol/relay/legs/client_leg_options.ts";
import { ServerLeg } from "../../../protocol/relay/legs/server_leg.ts";
import type { RelayGrant } from "../../../protocol/relay/relay_grant.ts";
import { routeFromJson } from "../../../protocol/relay/api/grant_json.ts";
import { PureSipHasher } from "../../../protocol/relay/siphash.ts";
import { Director } from "../../../relay/director/director.ts";
import type { SessionRequest } from "../../../relay/director/requests.ts";
import { openKeys } from "../../../protocol/relay/api/sealed_keys.ts";
import { MemoryDirectory } from "../../../relay/directory/memory_directory.ts";
import { type DirectorLink, DirectorLinkError } from "../../../relay/process/director_link.ts";
import type { Relay } from "../../../relay/process/relay.ts";
import type { HeartEvent } from "../../../relay/process/relay_heart.ts";
import { RoutePlanner } from "../../../relay/routes/route_planner.ts";
import { serveRelay, type ServeRelayOptions } from "../../../relay/serve_relay.ts";
import { RelayedPipe } from "../../../transport/relayed_pipe.ts";
import { RelayGate } from "../../../transport/relay_gate.ts";
import { SimulatedNetwork } from "../../../transport/simulated_network.ts";
import { CRYPTO } from "../../fixtures/pair.ts";
import { keyOf, randomFill } from "../../fixtures/seeded.ts";
import { anchoredOf, NOON_MS, registrationOf, secretOf } from "../director/director_lab.ts";
import { echoOn, Player } from "./echo.ts";

/** Where the game server is. */
const SERVER = { hostname: "198.51.100.7", port: 9_999 };

/** The network. */
export class ProcessLab implements AsyncDisposable {
  readonly network = new SimulatedNetwork({ seed: 1, link: { delayMs: 10 } });
  readonly directory = new MemoryDirectory({ clock: this.network.clock });
  readonly relays = new Map<string, Relay>();
  /** What each relay told of its director. */
  readonly events = new Map<string, HeartEvent[]>();
  readonly players: Player[] = [];
  /** Whether nobody hears the director. */
  isDirectorAway = false;
  /** How far the wall clock has jumped ahead of time. */
  wallSkipMs = 0;
  director!: Director;
  gate: RelayGate | undefined;
  #beats = 0;

  /** Opens a network without relays. */
  static async open(): Promise<ProcessLab> {
    const lab = new ProcessLab();
    const { clock } = lab.network;
    lab.director = await Director.open({
      directory: lab.directory,
      key: keyOf("director"),
      planner: new RoutePlanner({ seed: 1 }),
      clock,
      wallClockMs: () => lab.wallMs(),
      random: randomFill("director"),
    });
    return lab;
  }

  /** Wall clock. */
  wallMs(): number {
    return NOON_MS + this.wallSkipMs + this.network.clock.nowMs();
  }

  /** Heartbeats that reached the director. */
  get beats(): number {
    return this.#beats;
  }

  /** What the relays are given as their director. */
  readonly link: DirectorLink = {
    heartbeat: (beat) => {
      if (this.isDirectorAway) {
        return Promise.reject(new DirectorLinkError("unreachable", "The director is away"));
      }
      this.#beats++;
      return this.director.relayHeartbeat(beat);
    },
  };

  /** Starts a relay whose region is the first part of its id. */
  async relay(
    id: string,
    hostname: string,
    more: Partial<ServeRelayOptions> = {},
  ): Promise<Relay> {
    const { network } = this;
    const events: HeartEvent[] = [];
    this.events.set(id, events);
    const relay = await network.settle(serveRelay({
      id,
      region: id.split("-")[0]!,
      secretKey: secretOf(id),
      director: this.link,
      advertise: { hostname },
      version: "1.2.3",
      limits: { sessions: 16 },
      onEvent: (event) => void events.push(event),
      environment: {
        openPipe: (shard) => network.bind(hostname, 7_000 + shard),
        clock: network.clock,
        wallClockMs: () => this.wallMs(),
        random: randomFill(id),
        crypto: CRYPTO,
      },
      ...more,
    }));
    this.relays.set(id, relay);
    return relay;
  }

  /** Starts the game server in region `fra`, with a public address or as if behind NAT, and registers it. */
  async server(isAnchored = false): Promise<void> {
    const { network } = this;
    const reply = await this.director.registerServer(
      isAnchored ? anchoredOf("s1") : registrationOf("s1", SERVER),
    );
    const leg = new ServerLeg({
      relayKeys: [...openKeys(reply.keys, secretOf("s1"))!.keys],
      hasher: new PureSipHasher(),
      crypto: CRYPTO,
      random: randomFill("server"),
      epochMs: NOON_MS,
    }, network.clock.nowMs());
    this.gate = new RelayGate(network.bind(SERVER.hostname, SERVER.port), {
      leg,
      clock: network.clock,
    });
    echoOn(this.gate);
    const anchors = reply.anchors.flatMap(({ route }) => route ? [routeFromJson(route)] : []);
    if (anchors.length > 0) leg.setAnchors(anchors, network.clock.nowMs());
    this.gate.service();
  }

  /** Lets a player in and play; `events` gets what its leg says. */
  async player(
    hostname: string,
    more: Partial<SessionRequest> = {},
    { events = [], intervalMs = 1000 / 60 }: {
      readonly events?: ClientLegEvent[];
      readonly intervalMs?: number;
    } = {},
  ): Promise<{ readonly player: Player; readonly grant: RelayGrant; readonly leg: ClientLeg }> {
    const { network } = this;
    const { clock } = network;
    const grant = await this.director.openSession({
      serverId: "s1",
      clientHostname: hostname,
      ...more,
    });
    const leg = new ClientLeg({
      grant,
      hasher: new PureSipHasher(),
      crypto: CRYPTO,
      random: randomFill(`client ${hostname}`),
      epochMs: NOON_MS,
    }, clock.nowMs());
    const pipe = new RelayedPipe(network.bind(hostname, 0), {
      leg,
      clock,
      onEvent: (event) => void events.push(event),
    });
    const player = new Player(pipe, { to: leg.virtualAddress, clock, intervalMs });
    assert.ok(await network.settle(pipe.whenBound(5_000)), `${hostname} is bound`);
    player.play();
    this.players.push(player);
    return { player, grant, leg };
  }

  /** Lets time pass, with heartbeats of the game server. */
  async pass(durationMs: number): Promise<void> {
    await this.network.runAsync(this.network.clock.nowMs() + durationMs);
  }

  /** What a relay refused, by reason. */
  async drops(id: string): Promise<Record<string, number>> {
    const { drops } = await this.relays.get(id)!.snapshot();
    return Object.fromEntries(Object.entries(drops).filter(([, count]) => count > 0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const player of this.players) player.stop();
    for (const relay of this.relays.values()) await relay.close();
    await this.gate?.close();
    this.director.close();
    await this.directory.close();
  }
}
