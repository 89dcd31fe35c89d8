/**
 * Finds routes to a server and takes their labels.
 *
 * @module
 */
import type { ServerRecord, SessionRoute } from "../directory/records.ts";
import type { DirectorContext } from "./director_context.ts";
import { DirectorError } from "./director_error.ts";
import type { MeshMatrix } from "../routes/mesh_matrix.ts";
import type { LabelOffice } from "./label_office.ts";
import type { RelayDesk } from "./relay_desk.ts";
import type { PlanRequest } from "./route_planner.ts";

/** Where the player is, and what must stay. */
export interface RouteWishes {
  /** Round trips that the client measured, milliseconds by relay id. */
  readonly clientRttMs?: ReadonlyMap<string, number> | undefined;
  /** `v1:fra=12,ams=17`. */
  readonly pingLocation?: string | undefined;
  /** Preferred regions, best first. */
  readonly regions?: readonly string[] | undefined;
  /** The first relay of the primary route. */
  readonly frontRelay?: string;
}

/** Asks the planner and makes routes of its answer. */
export class RouteFinder {
  readonly #context: DirectorContext;
  readonly #relays: RelayDesk;
  readonly #labels: LabelOffice;
  readonly #mesh: MeshMatrix;

  constructor(
    context: DirectorContext,
    parts: { readonly relays: RelayDesk; readonly labels: LabelOffice; readonly mesh: MeshMatrix },
  ) {
    this.#context = context;
    this.#relays = parts.relays;
    this.#labels = parts.labels;
    this.#mesh = parts.mesh;
  }

  /** What the planner is asked. */
  request(server: ServerRecord, wishes: RouteWishes): PlanRequest {
    const { clientRttMs, pingLocation, regions, frontRelay } = wishes;
    const isAnchored = server.hostname === "";
    return {
      ...(clientRttMs === undefined ? {} : { clientRttMs }),
      ...(pingLocation === undefined ? {} : { pingLocation }),
      ...(regions === undefined ? {} : { regions }),
      ...(frontRelay === undefined ? {} : { frontRelay }),
      ...(isAnchored ? { exitRelays: server.anchors.map(({ relayId }) => relayId) } : {}),
      serverRegion: server.region,
      relays: this.#relays.planned(),
      mesh: this.#mesh,
      maxRelays: this.#context.maxRelays,
    };
  }

  /**
   * One or two routes with labels of their own.
   *
   * @throws DirectorError `no-capacity` when no relay leads to the server.
   */
  async find(
    server: ServerRecord,
    sessionId: string,
    wishes: RouteWishes,
  ): Promise<{ primary: SessionRoute; standby?: SessionRoute }> {
    const { planner, clock } = this.#context;
    const plan = planner.plan(this.request(server, wishes), clock.nowMs());
    if (plan === undefined || plan.primary.length === 0) {
      throw new DirectorError("no-capacity", `No relay leads to server "${server.id}"`);
    }
    const [primary, standby] = await Promise.all([
      this.#route(plan.primary, server, sessionId),
      plan.standby === undefined || plan.standby.length === 0
        ? undefined
        : this.#route(plan.standby, server, sessionId),
    ]);
    return standby === undefined ? { primary } : { primary, standby };
  }

  async #route(
    relayIds: readonly string[],
    server: ServerRecord,
    sessionId: string,
  ): Promise<SessionRoute> {
    const hops = await Promise.all(relayIds.map(async (relayId, i) => {
      const isExit = i === relayIds.length - 1;
      const { record, shard } = this.#relays.assign(
        relayId,
        isExit ? exitShard(server, relayId) : undefined,
      );
      const label = await this.#labels.take(sessionId);
      return {
        relayId,
        region: record.region,
        hostname: record.hostname,
        port: shard.port,
        shard: shard.shard,
        label,
      };
    }));
    return { hops, serverLabel: await this.#labels.take(sessionId) };
  }
}

/** A server behind NAT is reached by the shard that holds its anchor; any other by any. */
function exitShard({ id, hostname, anchors }: ServerRecord, relayId: string): number | undefined {
  if (hostname !== "") return undefined;
  const anchor = anchors.find((one) => one.relayId === relayId);
  if (anchor !== undefined) return anchor.shard;
  throw new DirectorError("no-capacity", `Server "${id}" has no anchor at relay "${relayId}"`);
}
