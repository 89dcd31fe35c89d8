/**
 * All operations of the HTTP API. docs/relay_api.md explains them; `/openapi.json` is made of this table.
 *
 * @module
 */
import { sourceKey } from "../../../protocol/address.ts";
import { grantSchema, grantToJson } from "../../../protocol/relay/api/grant_json.ts";
import {
  allocateReplySchema,
  allocateRequestSchema,
  beaconsReplySchema,
  codeReplySchema,
  codeRequestSchema,
  drainRequestSchema,
  emptySchema,
  healthReplySchema,
  joinReplySchema,
  joinRequestSchema,
  moveRequestSchema,
  regionsReplySchema,
  relayHeartbeatSchema,
  relayReplySchema,
  renewReplySchema,
  serverHeartbeatSchema,
  serverRegistrationSchema,
  serverReplySchema,
  sessionRequestSchema,
} from "../requests.ts";
import { DirectorError } from "../director_error.ts";
import { type ApiRoute, apiRoute } from "./api_route.ts";

const EMPTY = ["Empty", emptySchema] as const;
const TOKEN = { token: "The session's token, instead of a bearer token" };

/** The operations. */
export const API_ROUTES: readonly ApiRoute[] = [
  apiRoute({
    at: "POST /v1/relays/heartbeat",
    operationId: "relayHeartbeat",
    summary: "A relay says that it is there, and is told keys, peers and what to end.",
    access: ["relay"],
    // A thousand measured peers.
    maxBodyBytes: 262_144,
    request: ["RelayHeartbeat", relayHeartbeatSchema],
    reply: ["RelayReply", relayReplySchema],
    handle: ({ director, body }) => director.relayHeartbeat(body),
  }),
  apiRoute({
    at: "POST /v1/servers",
    operationId: "registerServer",
    summary: "A game server introduces itself and is told keys and anchors.",
    access: ["server"],
    request: ["ServerRegistration", serverRegistrationSchema],
    reply: ["ServerReply", serverReplySchema],
    status: 201,
    handle: ({ director, body }) => director.registerServer(body),
  }),
  apiRoute({
    at: "PUT /v1/servers/{id}/heartbeat",
    operationId: "serverHeartbeat",
    summary: "A game server says that it is there, and is told what is wanted of it.",
    access: ["server"],
    request: ["ServerHeartbeat", serverHeartbeatSchema],
    reply: ["ServerReply", serverReplySchema],
    handle: ({ director, id, body }) => director.serverHeartbeat(id, body),
  }),
  apiRoute({
    at: "DELETE /v1/servers/{id}",
    operationId: "removeServer",
    summary: "A game server leaves.",
    access: ["server"],
    needsLease: true,
    reply: EMPTY,
    handle: async ({ director, id, lease }) => {
      await director.removeServer(id, lease);
      return {};
    },
  }),
  apiRoute({
    at: "POST /v1/servers/{id}/codes",
    operationId: "makeCode",
    summary: "The join code of a server, or of one of its rooms.",
    access: ["server"],
    request: ["CodeRequest", codeRequestSchema],
    reply: ["CodeReply", codeReplySchema],
    handle: ({ director, id, body }) => director.makeCode(id, body),
  }),
  apiRoute({
    at: "DELETE /v1/servers/{id}/codes",
    operationId: "endCode",
    summary: "Ends the join code of a server or room.",
    access: ["server"],
    needsLease: true,
    parameters: { room: "The room; the server itself without it" },
    reply: EMPTY,
    handle: async ({ director, id, lease, query }) => {
      const room = query("room");
      await director.endCode(id, { leaseToken: lease, ...(room === undefined ? {} : { room }) });
      return {};
    },
  }),
  apiRoute({
    at: "POST /v1/sessions",
    operationId: "openSession",
    summary: "A grant for one player on one server.",
    access: ["backend"],
    request: ["SessionRequest", sessionRequestSchema],
    reply: ["Grant", grantSchema],
    status: 201,
    handle: async ({ director, body }) => grantToJson(await director.openSession(body)),
  }),
  apiRoute({
    at: "POST /v1/sessions/{id}/renew",
    operationId: "renewSession",
    summary: "Sealed renewals for every hop of a session.",
    access: ["session", "backend"],
    parameters: TOKEN,
    reply: ["RenewReply", renewReplySchema],
    handle: ({ director, id }) => director.renewSession(id),
  }),
  apiRoute({
    at: "POST /v1/sessions/{id}/move",
    operationId: "moveSession",
    summary: "Other routes for a session; a back end may name another server.",
    access: ["session", "backend"],
    parameters: TOKEN,
    request: ["MoveRequest", moveRequestSchema],
    reply: ["Grant", grantSchema],
    handle: async ({ director, caller, id, body }) => {
      if (caller === "session" && body.serverId !== undefined) {
        throw new DirectorError("forbidden", "Only a back end may name another server");
      }
      return grantToJson(await director.moveSession(id, body));
    },
  }),
  apiRoute({
    at: "DELETE /v1/sessions/{id}",
    operationId: "endSession",
    summary: "Ends a session at its relays and its server.",
    access: ["session", "backend", "operator"],
    parameters: TOKEN,
    reply: EMPTY,
    handle: async ({ director, id }) => {
      await director.endSession(id);
      return {};
    },
  }),
  apiRoute({
    at: "POST /v1/allocate",
    operationId: "allocate",
    summary: "A server with room for all players, and a grant for each.",
    access: ["backend"],
    request: ["AllocateRequest", allocateRequestSchema],
    reply: ["AllocateReply", allocateReplySchema],
    handle: ({ director, body }) => director.allocate(body),
  }),
  apiRoute({
    at: "POST /v1/join",
    operationId: "join",
    summary: "A grant for whoever knows a join code.",
    access: ["anyone"],
    maxBodyBytes: 8_192,
    request: ["JoinRequest", joinRequestSchema],
    reply: ["JoinReply", joinReplySchema],
    handle: async ({ director, body, hostname }) => {
      const from = { source: sourceKey(hostname), hostname };
      const { room, grant } = await director.join(body, from);
      return { room, grant: grantToJson(grant) };
    },
  }),
  apiRoute({
    at: "GET /v1/regions",
    operationId: "regions",
    summary: "Regions, and what room they have.",
    access: ["anyone"],
    reply: ["Regions", regionsReplySchema],
    handle: ({ director }) => director.regions(),
  }),
  apiRoute({
    at: "GET /v1/beacons",
    operationId: "beacons",
    summary: "Relays that a client may measure, and tokens to do so.",
    access: ["anyone"],
    reply: ["Beacons", beaconsReplySchema],
    handle: ({ director }) => director.beacons(),
  }),
  apiRoute({
    at: "POST /v1/drain",
    operationId: "drain",
    summary: "Lets a relay or a game server run empty, or calls that off.",
    access: ["operator"],
    request: ["DrainRequest", drainRequestSchema],
    reply: EMPTY,
    handle: async ({ director, body }) => {
      await director.drain(body);
      return {};
    },
  }),
  apiRoute({
    at: "GET /healthz",
    operationId: "health",
    summary: "Whether the process lives.",
    access: ["anyone"],
    reply: ["Health", healthReplySchema],
    handle: ({ director }) => ({
      status: director.state === "connected" ? "ok" : "hold",
      directorId: director.id,
    }),
  }),
  apiRoute({
    at: "GET /readyz",
    operationId: "ready",
    summary: "Whether new sessions can be opened; 503 while the directory is away.",
    access: ["anyone"],
    reply: ["Health", healthReplySchema],
    handle: ({ director }) => {
      if (director.state === "connected") return { status: "ok", directorId: director.id };
      throw new DirectorError("away", "The directory is away: sessions go on, new ones wait");
    },
  }),
];
