/**
 * What a game server and a director say to each other over HTTP.
 *
 * @module
 */
import { t } from "../../../schema/builders/t.ts";
import type { Infer } from "../../../schema/infer.ts";
import {
  hexField,
  hostnameField,
  idField,
  keyField,
  MAX_ANCHORS,
  MAX_LISTED_RELAYS,
  MAX_LISTED_REVOCATIONS,
  portField,
  wallClockField,
} from "./api_fields.ts";
import { exposureField, routeSchema } from "./grant_json.ts";

const secret = t.string({ maxBytes: 64 });

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
  exposure: exposureField,
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
  /** Asks for fresh tickets of all anchors: those at hand expire, and a relay may restart. */
  needAnchors: t.bool().optional(),
});

/** Reply to a server. */
export const serverReplySchema = t.struct({
  id: idField,
  leaseToken: secret,
  heartbeatMs: t.u32(),
  /** See `sealed_keys.ts`. */
  keys: t.string({ maxBytes: 512 }),
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

/** `POST /v1/servers/{id}/codes`. */
export const codeRequestSchema = t.struct({
  leaseToken: secret,
  /** What the code leads to besides the server. */
  room: t.string({ maxBytes: 64 }).optional(),
  /** A code that it had before; it gets it again unless another one has it now. */
  wish: t.string({ maxBytes: 32 }).optional(),
  /** Default 3,600. */
  lifeSeconds: t.int(1, 86_400).optional(),
});

/** Reply to `POST /v1/servers/{id}/codes`. */
export const codeReplySchema = t.struct({
  code: t.string({ maxBytes: 16 }),
  expiresAtMs: wallClockField,
  /** Where players reach the director, if it knows: join URLs begin with it. */
  publicUrl: t.string({ maxBytes: 512 }).optional(),
});

/** How a server introduces itself. */
export type ServerRegistration = Infer<typeof serverRegistrationSchema>;
/** Body of a server's heartbeat. */
export type ServerHeartbeat = Infer<typeof serverHeartbeatSchema>;
/** Reply to both. */
export type ServerReply = Infer<typeof serverReplySchema>;
/** A join code to make. */
export type CodeRequest = Infer<typeof codeRequestSchema>;
/** The code. */
export type CodeReply = Infer<typeof codeReplySchema>;
