/**
 * Requests and replies of a director: declared once, for checking, for types, and for OpenAPI.
 *
 * @module
 */
import { t } from "../../schema/builders/t.ts";
import type { Field } from "../../schema/field.ts";
import type { Infer } from "../../schema/infer.ts";
import {
  hexField,
  hostnameField,
  idField,
  keyField,
  MAX_ALLOCATED_PLAYERS,
  MAX_MESH_LINKS,
  portField,
  relayPlaceFields,
  relayProcessFields,
  sessionLimits,
  wallClockField,
} from "../directory/records.ts";
import { MAX_LISTED_RELAYS, MAX_LISTED_REVOCATIONS } from "../../protocol/relay/api/api_fields.ts";
import { whereabouts } from "../../protocol/relay/api/client_requests.ts";
import { exposureField, grantSchema } from "../../protocol/relay/api/grant_json.ts";

// What game servers and clients send and read is declared where they may import it.
export * from "../../protocol/relay/api/client_requests.ts";
export * from "../../protocol/relay/api/server_requests.ts";
export { MAX_LISTED_RELAYS, MAX_LISTED_REVOCATIONS };

const sealedKeys = t.string({ maxBytes: 512 });
const userId = t.string({ maxBytes: 64 });

/** `POST /v1/relays/heartbeat`. */
export const relayHeartbeatSchema = t.struct({
  ...relayPlaceFields,
  ...relayProcessFields,
  links: t.array(
    t.struct({ to: idField, p95RttMs: t.f64(), jitterMs: t.f64(), loss: t.f64() }),
    { max: MAX_MESH_LINKS },
  ).optional(),
});

/** Reply to a relay. */
export const relayReplySchema = t.struct({
  directorId: idField,
  heartbeatMs: t.u32(),
  keys: sealedKeys,
  /** Present while the relay is to drain. */
  drainDeadlineMs: wallClockField.optional(),
  revoked: t.array(hexField, { max: MAX_LISTED_REVOCATIONS }),
  peers: t.array(
    t.struct({
      id: idField,
      region: idField,
      hostname: hostnameField,
      port: portField,
      shard: t.u8(),
      publicKey: keyField,
      state: t.enum("active", "draining"),
    }),
    { max: MAX_LISTED_RELAYS },
  ),
});

/** `POST /v1/sessions`. */
export const sessionRequestSchema = t.struct({
  serverId: idField,
  userId: userId.optional(),
  /** Told to the server inside the connect ticket. */
  userData: t.string({ maxBytes: 256 }).optional(),
  /** IP literal from which the client binds: saves it a round trip. */
  clientHostname: hostnameField.optional(),
  ...whereabouts,
  /** Less than the server allows, never more. */
  exposure: exposureField.optional(),
  limits: sessionLimits.optional(),
});

/** `POST /v1/allocate`. */
export const allocateRequestSchema = t.struct({
  protocolId: idField,
  players: t.array(
    t.struct({
      userId: userId.optional(),
      userData: t.string({ maxBytes: 256 }).optional(),
      clientHostname: hostnameField.optional(),
      clientRttMs: t.map(idField, t.f64(), { max: 64 }).optional(),
      pingLocation: t.string({ maxBytes: 1_024 }).optional(),
    }),
    { max: MAX_ALLOCATED_PLAYERS },
  ),
  /** Best first; servers elsewhere are not taken. Default: any region. */
  regions: t.array(idField, { max: 32 }).optional(),
});

/** Reply to `POST /v1/allocate`. */
export const allocateReplySchema = t.struct({
  serverId: idField,
  serverName: t.string({ maxBytes: 64 }),
  region: idField,
  reservationId: hexField,
  expiresAtMs: wallClockField,
  /** In the order of the players. */
  grants: t.array(grantSchema, { max: MAX_ALLOCATED_PLAYERS }),
});

/** `POST /v1/drain`. */
export const drainRequestSchema = t.struct({
  relayId: idField.optional(),
  serverId: idField.optional(),
  /** Until a relay closes. Default 300. */
  deadlineSeconds: t.int(0, 86_400).optional(),
  /** Calls the drain off. */
  cancel: t.bool().optional(),
});

/** Reply to `GET /v1/regions`. */
export const regionsReplySchema = t.struct({
  regions: t.array(
    t.struct({
      region: idField,
      relays: t.u16(),
      /** Mean of the relays that take sessions, 0 to 1. */
      load: t.f64(),
      servers: t.u32(),
      freeSeats: t.u32(),
    }),
    { max: 1_024 },
  ),
});

/** Reply to `GET /healthz` and `/readyz`. */
export const healthReplySchema = t.struct({
  status: t.enum("ok", "hold"),
  directorId: idField,
});

/** Any of the schemas above. */
export type RequestSchema = Field<object>;

/** Body of a relay's heartbeat. */
export type RelayHeartbeat = Infer<typeof relayHeartbeatSchema>;
/** Reply to it. */
export type RelayReply = Infer<typeof relayReplySchema>;
/** A session to open. */
export type SessionRequest = Infer<typeof sessionRequestSchema>;
/** Players who look for a server. */
export type AllocateRequest = Infer<typeof allocateRequestSchema>;
/** The server that was found. */
export type AllocateReply = Infer<typeof allocateReplySchema>;
/** A relay or server to empty. */
export type DrainRequest = Infer<typeof drainRequestSchema>;
/** Regions and their room. */
export type RegionsReply = Infer<typeof regionsReplySchema>;
