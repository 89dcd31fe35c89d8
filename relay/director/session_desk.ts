/**
 * Relayed sessions: opened, renewed, moved to other relays or another server, ended.
 *
 * @module
 */
import { canonicalHostname } from "../../protocol/address.ts";
import { decodeKey } from "../../protocol/connect_url.ts";
import type { Exposure, RelayGrant } from "../../protocol/relay/hop_ticket.ts";
import type { DirectoryEntry } from "../directory/directory.ts";
import type { ServerRecord, SessionRecord, SessionRoute } from "../directory/records.ts";
import { connectTicketFor } from "./connect_ticket.ts";
import {
  checkHex,
  checkHostname,
  checkId,
  compareAndSet,
  DEFAULT_LIMITS,
  type DirectorContext,
  TICKET_LIFE_MS,
} from "./director_context.ts";
import { DirectorError } from "./director_error.ts";
import { toText } from "../../protocol/relay/api/grant_json.ts";
import type { LabelOffice } from "./label_office.ts";
import type { RelayDesk } from "./relay_desk.ts";
import type { MoveRequest, RenewReply, SessionRequest } from "./requests.ts";
import { buildRoute, randomHex, renewRoute, type RouteTerms } from "./route_builder.ts";
import { RouteFinder } from "./route_finder.ts";
import { RouteWatch } from "./route_watch.ts";
import type { MeshMatrix } from "../routes/mesh_matrix.ts";
import type { ServerDesk } from "./server_desk.ts";

/** Versions of a session's routes: one byte of every frame. */
const MAX_EPOCH = 255;
/** A record is written again only this long after the last write: renewals come every 20 s. */
const REWRITE_MS = 120_000;
const EXPOSURES: readonly Exposure[] = ["never", "fallback", "prefer"];

/** Opens and keeps sessions. */
export class SessionDesk {
  readonly #context: DirectorContext;
  readonly #servers: ServerDesk;
  readonly #relays: RelayDesk;
  readonly #labels: LabelOffice;
  readonly #finder: RouteFinder;
  readonly #watch: RouteWatch;

  constructor(
    context: DirectorContext,
    desks: {
      readonly servers: ServerDesk;
      readonly relays: RelayDesk;
      readonly labels: LabelOffice;
      readonly mesh: MeshMatrix;
    },
  ) {
    this.#context = context;
    this.#servers = desks.servers;
    this.#relays = desks.relays;
    this.#labels = desks.labels;
    this.#finder = new RouteFinder(context, desks);
    this.#watch = new RouteWatch(context.planner);
  }

  /**
   * Opens a session and grants it to a player.
   *
   * @throws DirectorError `invalid`, `not-found` for the server, `no-capacity` for routes, `away`.
   */
  async open(request: SessionRequest): Promise<RelayGrant> {
    checkId("serverId", request.serverId);
    const { directory, tools, wallClockMs } = this.#context;
    const server = await this.#server(request.serverId);
    const id = randomHex(tools);
    const nowMs = wallClockMs();
    const routes = await this.#finder.find(server, id, request);
    const record: SessionRecord = {
      id,
      serverId: server.id,
      userId: request.userId ?? "",
      epoch: 1,
      createdAtMs: nowMs,
      notAfterMs: nowMs + TICKET_LIFE_MS,
      exposure: leastExposure(server.exposure, request.exposure ?? "prefer"),
      limits: request.limits ?? directory.get("config", "limits")?.value ?? DEFAULT_LIMITS,
      clientHostname: clientHostnameOf(request.clientHostname),
      pingLocation: request.pingLocation ?? "",
      ...routes,
    };
    if (await directory.create("sessions", id, record) === undefined) {
      throw new DirectorError("conflict", "Two sessions drew the same id");
    }
    return this.#grant(record, server, request.userData ?? "");
  }

  /**
   * Seals renewals for all hops.
   *
   * @throws DirectorError `not-found` when the session was ended or never was; `invalid`.
   */
  async renew(sessionId: string): Promise<RenewReply> {
    const { directory, tools, wallClockMs } = this.#context;
    const entry = await this.#entry(sessionId);
    const { value: record, revision } = entry;
    const nowMs = wallClockMs();
    const notAfterMs = nowMs + TICKET_LIFE_MS;
    const notAfterS = Math.floor(notAfterMs / 1_000);
    const terms = { sessionId: BigInt(`0x${record.id}`), notAfterS, limits: record.limits };
    const server = this.#servers.get(record.serverId) ?? goneServer(record.serverId);
    const { primary, standby } = record;
    if (notAfterMs - record.notAfterMs >= REWRITE_MS && directory.state === "connected") {
      // Lost comparisons and silence do no harm: the time only says when nobody renewed any more.
      await directory.update("sessions", sessionId, { ...record, notAfterMs }, revision)
        .catch(() => {});
    }
    const seal = (route: SessionRoute): string =>
      toText(renewRoute(route, server, { terms, tools }));
    return {
      notAfterS,
      epoch: record.epoch,
      primary: seal(primary),
      ...(standby === undefined ? {} : { standby: seal(standby) }),
      advice: this.#isWellRouted(record) ? "keep" : "move",
    };
  }

  /**
   * Gives a session other routes, to the same or another server. The front relay stays when it can:
   * its port and the client's NAT mapping stay with it.
   *
   * @throws DirectorError `not-found`, `no-capacity`, `conflict`, `invalid`, `away`.
   */
  async move(sessionId: string, request: MoveRequest): Promise<RelayGrant> {
    const { directory, wallClockMs, clock } = this.#context;
    return await compareAndSet(async () => {
      const { value: before, revision } = await this.#entry(sessionId);
      if (before.epoch >= MAX_EPOCH) {
        throw new DirectorError("conflict", `Session ${sessionId} was moved ${MAX_EPOCH} times`);
      }
      const server = await this.#server(request.serverId ?? before.serverId);
      const front = before.primary.hops[0]?.relayId;
      const routes = await this.#finder.find(server, sessionId, {
        ...(before.pingLocation === "" ? {} : { pingLocation: before.pingLocation }),
        ...request,
        ...(front !== undefined && this.#relays.get(front)?.state === "active"
          ? { frontRelay: front }
          : {}),
      });
      const { standby: _, ...kept } = before;
      const record: SessionRecord = {
        ...kept,
        serverId: server.id,
        epoch: before.epoch + 1,
        notAfterMs: wallClockMs() + TICKET_LIFE_MS,
        exposure: leastExposure(server.exposure, before.exposure),
        pingLocation: request.pingLocation ?? before.pingLocation,
        ...routes,
      };
      const written = await directory.update("sessions", sessionId, record, revision);
      const unused = written === undefined ? record : before;
      this.#labels.retire(labelsOf(unused), clock.nowMs() + 2 * TICKET_LIFE_MS);
      return written === undefined ? undefined : this.#grant(record, server, "");
    });
  }

  /**
   * Ends a session everywhere.
   *
   * @throws DirectorError `not-found`, `away`.
   */
  async end(sessionId: string): Promise<void> {
    const { directory, clock } = this.#context;
    const { value: record } = await this.#entry(sessionId);
    await directory.delete("sessions", sessionId);
    this.#watch.forget(sessionId);
    this.#labels.retire(labelsOf(record), clock.nowMs() + 2 * TICKET_LIFE_MS);
    const hops = routesOf(record).flatMap((route) => route.hops);
    const relayIds = new Set(hops.map(({ relayId }) => relayId));
    await directory.publish({
      kind: "revoke",
      sessionId,
      relayIds: [...relayIds],
      serverId: record.serverId,
    });
  }

  async #entry(sessionId: string): Promise<DirectoryEntry<"sessions">> {
    checkHex("sessionId", sessionId);
    const entry = await this.#context.directory.read("sessions", sessionId);
    if (entry !== undefined) return entry;
    throw this.#context.directory.state === "away"
      ? new DirectorError("away", `Session ${sessionId} is not known here, and nobody can be asked`)
      : new DirectorError("not-found", `No session ${sessionId}`);
  }

  async #server(serverId: string): Promise<ServerRecord> {
    const known = this.#servers.get(serverId) ??
      (await this.#context.directory.read("servers", serverId))?.value;
    if (known === undefined) throw new DirectorError("not-found", `No server "${serverId}"`);
    return known;
  }

  /** Whether all its relays stay, and none of the routes behind the first one has long been better. */
  #isWellRouted(record: SessionRecord): boolean {
    if (!routesOf(record).every((route) => this.#isSound(route))) return false;
    const { serverId, pingLocation, primary } = record;
    const server = this.#servers.get(serverId);
    const front = primary.hops[0]?.relayId;
    // Where nobody measured there is nothing to compare.
    if (server === undefined || front === undefined || pingLocation === "") return true;
    const request = this.#finder.request(server, { pingLocation, frontRelay: front });
    return !this.#watch.shouldMove(record, request, this.#context.clock.nowMs());
  }

  #isSound({ hops }: SessionRoute): boolean {
    return hops.every(({ relayId }) => this.#relays.get(relayId)?.state === "active");
  }

  #grant(record: SessionRecord, server: ServerRecord, userData: string): RelayGrant {
    const { tools, publicUrl, keys } = this.#context;
    const { id, exposure, primary, standby } = record;
    const terms: RouteTerms = {
      sessionId: BigInt(`0x${id}`),
      epoch: record.epoch,
      notAfterS: Math.floor(record.notAfterMs / 1_000),
      limits: record.limits,
      exposure,
      isMultipath: standby !== undefined,
      clientHostname: record.clientHostname,
    };
    const isShown = exposure !== "never" && server.hostname !== "";
    return {
      sessionId: terms.sessionId,
      serverKey: decodeKey(server.serverKey),
      primary: buildRoute(primary, server, { terms, tools }),
      standby: standby && buildRoute(standby, server, { terms, tools }),
      exposure,
      ...(isShown ? { serverAddress: { hostname: server.hostname, port: server.port } } : {}),
      ...(publicUrl === undefined
        ? {}
        : { renewUrl: `${publicUrl}/v1/sessions/${id}/renew?token=${keys.sessionToken(id)}` }),
      ...(server.name === "" ? {} : { serverName: server.name }),
      ...(server.acceptsTickets
        ? { connectTicket: connectTicketFor(this.#context, server, { record, userData }) }
        : {}),
    };
  }
}

/** A session outlives its server's record: renewals need no more of the server than its id. */
function goneServer(id: string): Pick<ServerRecord, "id" | "hostname" | "port" | "anchors"> {
  return { id, hostname: "", port: 0, anchors: [] };
}

function leastExposure(a: Exposure, b: Exposure): Exposure {
  return EXPOSURES[Math.min(EXPOSURES.indexOf(a), EXPOSURES.indexOf(b))]!;
}

/** What a back end says is checked; it may also be empty. */
function clientHostnameOf(hostname: string | undefined): string {
  if (hostname === undefined || hostname === "") return "";
  return canonicalHostname(hostname) ?? checkHostname("clientHostname", hostname);
}

function routesOf({ primary, standby }: SessionRecord): readonly SessionRoute[] {
  return standby === undefined ? [primary] : [primary, standby];
}

function labelsOf(record: SessionRecord): number[] {
  return routesOf(record).flatMap(({ hops, serverLabel }) => [
    ...hops.map(({ label }) => label),
    serverLabel,
  ]);
}
