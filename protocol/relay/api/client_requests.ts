/**
 * What a player's client and a director say to each other over HTTP.
 *
 * @module
 */
import { t } from "../../../schema/builders/t.ts";
import type { Infer } from "../../../schema/infer.ts";
import { hostnameField, idField, MAX_LISTED_RELAYS, portField } from "./api_fields.ts";
import { grantSchema } from "./grant_json.ts";

const sealedRenewals = t.string({ maxBytes: 320 });

/** What tells where a player is; measured beats estimated beats wished. */
export const whereabouts = {
  /** Milliseconds by relay id, as `GET /v1/beacons` lists them. */
  clientRttMs: t.map(idField, t.f64(), { max: 64 }).optional(),
  /** `v1:fra=12,ams=17`. */
  pingLocation: t.string({ maxBytes: 1_024 }).optional(),
  /** Best first. */
  regions: t.array(idField, { max: 32 }).optional(),
};

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

/** Reply to requests that have nothing to say. */
export const emptySchema = t.struct({});

/** Every reply that is no success. */
export const errorReplySchema = t.struct({
  error: t.struct({ code: idField, message: t.string({ maxBytes: 1_024 }) }),
});

/** Where a session should go. */
export type MoveRequest = Infer<typeof moveRequestSchema>;
/** Renewals of all hops. */
export type RenewReply = Infer<typeof renewReplySchema>;
/** A code that a person typed. */
export type JoinRequest = Infer<typeof joinRequestSchema>;
/** Where it leads. */
export type JoinReply = Infer<typeof joinReplySchema>;
/** Where clients measure. */
export type BeaconsReply = Infer<typeof beaconsReplySchema>;
