/**
 * What QUERY_REPLY carries (docs/protocol.md, "Query").
 *
 * @module
 */
import { type Codec, compileCodec } from "../codec.ts";
import type { Infer } from "../infer.ts";
import { t } from "../builders/t.ts";
import { BACKEND } from "./backend.ts";

/** Bytes of a page of the schema's projection. */
export const SCHEMA_PAGE_BYTES = 1_024;

const serverInfo = t.struct({
  /** The server's X25519 public key. */
  staticKey: t.bytes({ length: 32 }),
  /** What the operator calls the server. */
  name: t.string({ maxBytes: 64 }),
  /** The name of the protocol: which game this is. */
  game: t.string({ maxBytes: 64 }),
  /** Version of the protocol. */
  protocolVersion: t.u16(),
  /** Its 64-bit id. */
  protocolId: t.bytes({ length: 8 }),
  /** Players connected now. */
  players: t.u32(),
  /** Players at most. */
  capacity: t.u32(),
  /** Whether only clients with a connect ticket are let in. */
  needsTicket: t.bool(),
  /** Whether new players are refused because the server is about to stop. */
  draining: t.bool(),
});

const schemaPage = t.struct({
  /** Pages in all. */
  pageCount: t.u16(),
  /** A part of the printable projection of the server's protocol. */
  text: t.bytes({ maxBytes: SCHEMA_PAGE_BYTES }),
});

/** Answer to a query for information. */
export type ServerInfo = Infer<typeof serverInfo>;
/** Answer to a query for a page of the schema; only servers in development give it. */
export type SchemaPage = Infer<typeof schemaPage>;

/** Codec of {@link ServerInfo}. */
export const serverInfoCodec: Codec<ServerInfo> = compileCodec(serverInfo, {
  name: "ServerInfo",
  backend: BACKEND,
});
/** Codec of {@link SchemaPage}. */
export const schemaPageCodec: Codec<SchemaPage> = compileCodec(schemaPage, {
  name: "SchemaPage",
  backend: BACKEND,
});
