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
  MAX_ANCHORS,
  MAX_MESH_LINKS,
  MAX_SHARDS,
  portField,
  relayShard,
  sessionLimits,
  wallClockField,
} from "../directory/records.ts";
import { grantSchema, routeSchema } from "./grant_json.ts";

/** Relays that one reply names. */
export const MAX_LISTED_RELAYS = 1_024;
/** Revoked sessions that one reply names. */
export const MAX_LISTED_REVOCATIONS = 4_096;

const exposure = t.enum("never", "fallback", "prefer");
const sealedKeys = t.string({ maxBytes: 512 });
const secret = t.string({ maxBytes: 64 });
const userId = t.string({ maxBytes: 64 });
const sealedRenewals = t.string({ maxBytes: 320 });

/** What tells where a player is; measured beats estimated beats wished. */
const whereabouts = {
  /** Milliseconds by relay id, as `GET /v1/beacons` lists them. */
  clientRttMs: t.map(idField, t.f64(), { max: 64 }).optional(),
  /** `v1:fra=12,ams=17`. */
  pingLocation: t.string({ maxBytes: 1_024 }).optional(),
  /** Best first. */
  regions: t.array(idField, { max: 32 }).optional(),
};

/** `POST /v1/relays/heartbeat`. */
export const relayHeartbeatSchema = t.struct({
  id: idField,
  region: idField,
  hostname: hostnameField,
  shards: t.array(relayShard, { max: MAX_SHARDS }),
  /** Whose network the relay is in: a standby route goes through another where it can. */
  provider: idField.optional(),
  /** What its operator would rather pay than use it, in milliseconds. Default 0. */
  egressCostMs: t.f64().optional(),
  state: t.enum("active", "draining"),
  publicKey: keyField,
  instance: hexField,
  version: t.string({ maxBytes: 32 }),
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

/** `POST /v1/servers`. */
export const serverRegistrationSchema = t.struct({
  /** Default: one is made up. */
  id: idField.optional(),
  protocolId: idField,
  name: t.string({ maxBytes: 64 }),
  region: idField,
  serverKey: keyField,
  /** Public address; without it the server is reached through anchors. */
  hostname: hostnameField.optional(),
  port: portField.optional(),
  maxPlayers: t.u16(),
  exposure,
  acceptsTickets: t.bool(),
  instance: hexField,
  /** Exit relays that the server measured, best first. */
  exitRelays: t.array(idField, { max: 16 }).optional(),
});

/** `PUT /v1/servers/{id}/heartbeat`. */
export const serverHeartbeatSchema = t.struct({
  leaseToken: secret,
  players: t.u16(),
  maxPlayers: t.u16().optional(),
  state: t.enum("ready", "draining"),
  /** Asks for fresh tickets of all anchors: theirs have expired. */
  needAnchors: t.bool().optional(),
});

/** Reply to a server. */
export const serverReplySchema = t.struct({
  id: idField,
  leaseToken: secret,
  heartbeatMs: t.u32(),
  keys: sealedKeys,
  desired: t.enum("ready", "allocated", "draining"),
  reservedPlayers: t.u32(),
  anchors: t.array(
    t.struct({
      relayId: idField,
      anchorId: hexField,
      /** To bind; present when the anchor is new or was asked for. */
      route: routeSchema.optional(),
      /** To renew; present otherwise. */
      renewal: t.string({ maxBytes: 80 }).optional(),
    }),
    { max: MAX_ANCHORS },
  ),
  /** Addresses of relays: a server of exposure `never` listens to no others. */
  relayAddresses: t.array(hostnameField, { max: MAX_LISTED_RELAYS }),
  revoked: t.array(hexField, { max: MAX_LISTED_REVOCATIONS }),
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
  exposure: exposure.optional(),
  limits: sessionLimits.optional(),
});

/** `POST /v1/sessions/{id}/move`. */
export const moveRequestSchema = t.struct({
  /** Default: the same server by other relays. */
  serverId: idField.optional(),
  ...whereabouts,
});

/** Reply to `POST /v1/sessions/{id}/renew`. */
export const renewReplySchema = t.struct({
  notAfterS: t.u32(),
  epoch: t.u8(),
  /** 60 bytes per hop, the server's last, base64url. */
  primary: sealedRenewals,
  standby: sealedRenewals.optional(),
  /** `move` when a relay of the session drains or is gone. */
  advice: t.enum("keep", "move"),
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

/** `POST /v1/servers/{id}/codes`. */
export const codeRequestSchema = t.struct({
  leaseToken: secret,
  /** What the code leads to besides the server. */
  room: t.string({ maxBytes: 64 }).optional(),
  /** Default 3,600. */
  lifeSeconds: t.int(1, 86_400).optional(),
});

/** Reply to `POST /v1/servers/{id}/codes`. */
export const codeReplySchema = t.struct({
  code: t.string({ maxBytes: 16 }),
  expiresAtMs: wallClockField,
});

/** `POST /v1/join`. */
export const joinRequestSchema = t.struct({
  /** As a person typed it. */
  code: t.string({ maxBytes: 32 }),
  ...whereabouts,
});

/** Reply to `POST /v1/join`. */
export const joinReplySchema = t.struct({
  room: t.string({ maxBytes: 64 }),
  grant: grantSchema,
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

/** Reply to requests that have nothing to say. */
export const emptySchema = t.struct({});

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

/** Reply to `GET /v1/beacons`. */
export const beaconsReplySchema = t.struct({
  beacons: t.array(
    t.struct({
      relayId: idField,
      region: idField,
      hostname: hostnameField,
      port: portField,
      shard: t.u8(),
      /** Goes into QOS_PING frames: without it the relay is silent. base64url, 16 bytes. */
      token: t.string({ maxBytes: 22 }),
    }),
    { max: MAX_LISTED_RELAYS },
  ),
  /** When the tokens expire, seconds since 1970. */
  notAfterS: t.u32(),
});

/** Reply to `GET /healthz` and `/readyz`. */
export const healthReplySchema = t.struct({
  status: t.enum("ok", "hold"),
  directorId: idField,
});

/** Every reply that is no success. */
export const errorReplySchema = t.struct({
  error: t.struct({ code: idField, message: t.string({ maxBytes: 1_024 }) }),
});

/** Any of the schemas above. */
export type RequestSchema = Field<object>;

/** Body of a relay's heartbeat. */
export type RelayHeartbeat = Infer<typeof relayHeartbeatSchema>;
/** Reply to it. */
export type RelayReply = Infer<typeof relayReplySchema>;
/** How a server introduces itself. */
export type ServerRegistration = Infer<typeof serverRegistrationSchema>;
/** Body of a server's heartbeat. */
export type ServerHeartbeat = Infer<typeof serverHeartbeatSchema>;
/** Reply to both. */
export type ServerReply = Infer<typeof serverReplySchema>;
/** A session to open. */
export type SessionRequest = Infer<typeof sessionRequestSchema>;
/** Where a session should go. */
export type MoveRequest = Infer<typeof moveRequestSchema>;
/** Renewals of all hops. */
export type RenewReply = Infer<typeof renewReplySchema>;
/** Players who look for a server. */
export type AllocateRequest = Infer<typeof allocateRequestSchema>;
/** The server that was found. */
export type AllocateReply = Infer<typeof allocateReplySchema>;
/** A join code to make. */
export type CodeRequest = Infer<typeof codeRequestSchema>;
/** The code. */
export type CodeReply = Infer<typeof codeReplySchema>;
/** A code that a person typed. */
export type JoinRequest = Infer<typeof joinRequestSchema>;
/** Where it leads. */
export type JoinReply = Infer<typeof joinReplySchema>;
/** A relay or server to empty. */
export type DrainRequest = Infer<typeof drainRequestSchema>;
/** Regions and their room. */
export type RegionsReply = Infer<typeof regionsReplySchema>;
/** Where clients measure. */
export type BeaconsReply = Infer<typeof beaconsReplySchema>;
