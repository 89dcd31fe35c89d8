/**
 * What a directory holds: the records of each bucket, and the messages between directors.
 *
 * Declared once, with the schema language: the same declarations check what another process wrote,
 * give the types, and describe the HTTP API. At rest they are JSON, so that an operator can read them
 * and a director of an older release skips properties that it does not know.
 *
 * Nothing here is a secret that opens packets: keys of relays and hops are derived from the directors'
 * own key (`director/key_tree.ts`) and never stored.
 *
 * @module
 */
import { type Codec, compileCodec } from "../../schema/codec.ts";
import { t } from "../../schema/builders/t.ts";
import type { Infer } from "../../schema/infer.ts";
import {
  hexField,
  hostnameField,
  idField,
  keyField,
  MAX_ANCHORS,
  MAX_HOPS,
  MAX_ID_BYTES,
  portField,
  wallClockField,
} from "../../protocol/relay/api/api_fields.ts";

export {
  hexField,
  hostnameField,
  idField,
  keyField,
  MAX_ANCHORS,
  MAX_HOPS,
  MAX_ID_BYTES,
  portField,
  wallClockField,
};

/** Shards of one relay: the shard is one byte of a frame. */
export const MAX_SHARDS = 256;
/** Players of one reservation, and of one allocation. */
export const MAX_ALLOCATED_PLAYERS = 64;
/** Relays that one relay measures. */
export const MAX_MESH_LINKS = 1_024;

/** One process of a relay, with a socket of its own. */
export const relayShard = t.struct({
  /** The shard byte of its frames. */
  shard: t.u8(),
  /** Where clients reach it. */
  port: portField,
  /** Sessions bound at the moment. */
  sessions: t.u32(),
  /** Part of its measured packet rate that is in use, 0 to 1 and a little above. */
  load: t.f64(),
});

/** Where a relay is and what it takes: a heartbeat tells it, a record keeps it. */
export const relayPlaceFields = {
  id: idField,
  region: idField,
  /** Public IP literal. */
  hostname: hostnameField,
  shards: t.array(relayShard, { max: MAX_SHARDS }),
  /** Whose network it is in: a standby route goes through another where it can. */
  provider: idField.optional(),
  /** What its operator would rather pay than use it, in milliseconds. Default 0. */
  egressCostMs: t.f64().optional(),
  state: t.enum("active", "draining"),
};

/** Which process of a relay speaks. */
export const relayProcessFields = {
  /** X25519, base64url: hop ticket keys are sealed to it. */
  publicKey: keyField,
  /** Random per start of the process: tells a restart from a heartbeat. */
  instance: hexField,
  version: t.string({ maxBytes: 32 }),
};

const relay = t.struct({
  ...relayPlaceFields,
  /** When a draining relay closes; 0 while it is active. */
  drainDeadlineMs: wallClockField,
  ...relayProcessFields,
});

/** An anchor: the slot through which a relay reaches a server behind NAT. */
export const serverAnchor = t.struct({
  relayId: idField,
  shard: t.u8(),
  /** The low 64 bits of the address `100::<id>` under which the relay knows the server. */
  anchorId: hexField,
  /** Label of the anchor's slot at the relay. */
  label: t.u32(),
});

const server = t.struct({
  id: idField,
  /** Which protocol it speaks, as the game names it: players are sent to equal texts only. */
  protocolId: idField,
  /** For people. */
  name: t.string({ maxBytes: 64 }),
  region: idField,
  /** Noise static key, base64url. */
  serverKey: keyField,
  /** Public IP literal; empty for a server that is reached through its anchors only. */
  hostname: hostnameField,
  /** UDP port of `hostname`; 0 without one. */
  port: t.u16(),
  state: t.enum("ready", "allocated", "draining"),
  players: t.u16(),
  maxPlayers: t.u16(),
  /** Who may learn the server's address. */
  exposure: t.enum("never", "fallback", "prefer"),
  /** Whether it opens connect tickets of the director. */
  acceptsTickets: t.bool(),
  anchors: t.array(serverAnchor, { max: MAX_ANCHORS }),
  /** Seats promised to players who are on their way. */
  reservations: t.array(
    t.struct({
      id: hexField,
      players: t.int(1, MAX_ALLOCATED_PLAYERS),
      expiresAtMs: wallClockField,
    }),
    { max: 256 },
  ),
  instance: hexField,
});

const mesh = t.struct({
  /** The relay that measured. */
  from: idField,
  links: t.array(
    t.struct({
      to: idField,
      p95RttMs: t.f64(),
      jitterMs: t.f64(),
      /** 0 to 1. */
      loss: t.f64(),
    }),
    { max: MAX_MESH_LINKS },
  ),
});

/** Caps that are signed into every hop ticket of a session. */
export const sessionLimits = t.struct({
  kbpsUp: t.u16(),
  kbpsDown: t.u16(),
  ppsUp: t.u16(),
  ppsDown: t.u16(),
  /** Both directions together, MiB. */
  maxMiB: t.u32(),
});

/** A route without its keys, which are derived again for every renewal. */
export const sessionRoute = t.struct({
  hops: t.array(
    t.struct({
      relayId: idField,
      region: idField,
      hostname: hostnameField,
      port: portField,
      shard: t.u8(),
      label: t.u32(),
    }),
    { max: MAX_HOPS },
  ),
  /** Label at the server. */
  serverLabel: t.u32(),
});

const session = t.struct({
  id: hexField,
  serverId: idField,
  userId: t.string({ maxBytes: 64 }),
  /** Version of the routes: a move counts it up. */
  epoch: t.u8(),
  createdAtMs: wallClockField,
  /** When the newest hop tickets expire. */
  notAfterMs: wallClockField,
  exposure: t.enum("never", "fallback", "prefer"),
  limits: sessionLimits,
  /** IP literal from which the client has to bind; empty for any. */
  clientHostname: hostnameField,
  /** Where the player is, for later moves: `v1:fra=12,ams=17`, or empty. */
  pingLocation: t.string({ maxBytes: 1_024 }),
  primary: sessionRoute,
  standby: sessionRoute.optional(),
});

const directorKey = t.struct({
  /** Hash of the key that all directors share; shows two that do not before tickets fail. */
  fingerprint: t.string({ maxBytes: 64 }),
});

const leader = t.struct({ owner: idField });

const joinCode = t.struct({
  serverId: idField,
  /** What the code leads to besides the server; empty for the server itself. */
  room: t.string({ maxBytes: 64 }),
  expiresAtMs: wallClockField,
});

const codeOwner = t.struct({ code: t.string({ maxBytes: 16 }) });

const label = t.struct({ sessionId: hexField });

/** A relay as it described itself in its last heartbeat. */
export type RelayRecord = Infer<typeof relay>;
/** One shard of a {@link RelayRecord}. */
export type RelayShard = Infer<typeof relayShard>;
/** A game server as it described itself in its last heartbeat. */
export type ServerRecord = Infer<typeof server>;
/** One anchor of a {@link ServerRecord}. */
export type ServerAnchor = Infer<typeof serverAnchor>;
/** What one relay measured to others. */
export type MeshRecord = Infer<typeof mesh>;
/** A relayed session. */
export type SessionRecord = Infer<typeof session>;
/** One route of a {@link SessionRecord}. */
export type SessionRoute = Infer<typeof sessionRoute>;
/** Caps of a session. */
export type SessionLimits = Infer<typeof sessionLimits>;
/** Proof that directors share one key. */
export type DirectorKeyRecord = Infer<typeof directorKey>;
/** Who leads. */
export type LeaderRecord = Infer<typeof leader>;
/** Where a join code leads. */
export type JoinCodeRecord = Infer<typeof joinCode>;
/** The code of a server or room. */
export type CodeOwnerRecord = Infer<typeof codeOwner>;
/** Who holds a label. */
export type LabelRecord = Infer<typeof label>;

/** The record type of each bucket. */
export interface DirectoryRecords {
  /** Relays by id. */
  readonly relays: RelayRecord;
  /** Game servers by id. */
  readonly servers: ServerRecord;
  /** Measurements by the relay that made them. */
  readonly mesh: MeshRecord;
  /** Leaders by what they lead. */
  readonly leaders: LeaderRecord;
  /** Caps of sessions, under the one key `limits`. */
  readonly config: SessionLimits;
  /** Keys of directors, under the one key `director`. */
  readonly keys: DirectorKeyRecord;
  /** Sessions by their id. */
  readonly sessions: SessionRecord;
  /** Join codes by the code. */
  readonly codes: JoinCodeRecord;
  /** Join codes by a hash of server and room. */
  readonly rooms: CodeOwnerRecord;
  /** Labels in use, as 8 hexadecimal digits. */
  readonly labels: LabelRecord;
}

/** A bucket of a directory. */
export type BucketName = keyof DirectoryRecords;

/** What one director tells all others; relays and servers hear it with their next heartbeat. */
const control = t.union("kind", {
  /** The relay takes no new sessions, and closes at the deadline. */
  drain: { relayId: idField, deadlineMs: wallClockField },
  /** The drain is called off. */
  undrain: { relayId: idField },
  /** The session ends now, at these relays and at the server. */
  revoke: {
    sessionId: hexField,
    relayIds: t.array(idField, { max: 2 * MAX_HOPS }),
    serverId: idField,
  },
});

/** A message between directors. */
export type ControlMessage = Infer<typeof control>;

const INTERPRETER = { backend: "interpreter" } as const;

/** The codec of each bucket's records; `toJSON` and `fromJSON` are what directories use. */
export const recordCodecs: { readonly [B in BucketName]: Codec<DirectoryRecords[B]> } = {
  relays: compileCodec(relay, { name: "RelayRecord", ...INTERPRETER }),
  servers: compileCodec(server, { name: "ServerRecord", ...INTERPRETER }),
  mesh: compileCodec(mesh, { name: "MeshRecord", ...INTERPRETER }),
  leaders: compileCodec(leader, { name: "LeaderRecord", ...INTERPRETER }),
  config: compileCodec(sessionLimits, { name: "SessionLimits", ...INTERPRETER }),
  keys: compileCodec(directorKey, { name: "DirectorKeyRecord", ...INTERPRETER }),
  sessions: compileCodec(session, { name: "SessionRecord", ...INTERPRETER }),
  codes: compileCodec(joinCode, { name: "JoinCodeRecord", ...INTERPRETER }),
  rooms: compileCodec(codeOwner, { name: "CodeOwnerRecord", ...INTERPRETER }),
  labels: compileCodec(label, { name: "LabelRecord", ...INTERPRETER }),
};

/** Codec of {@link ControlMessage}; the message stands in a struct because codecs are for structs. */
export const controlCodec: Codec<{ message: ControlMessage }> = compileCodec(
  t.struct({ message: control }),
  { name: "ControlMessage", ...INTERPRETER },
);
