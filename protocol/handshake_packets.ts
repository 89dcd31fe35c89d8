/**
 * Layouts of HELLO, RETRY, ACCEPT, VERSION, RESET, QUERY and QUERY_REPLY.
 *
 * Implements docs/protocol.md, "Handshake packets". Only bytes to fields and back: what they mean
 * stands in `handshake_responder.ts` and `handshake_initiator.ts`.
 *
 * @module
 */
import { PacketType, WIRE_VERSION } from "./packet.ts";

/** Size of every HELLO: larger than any answer, so that nobody is amplified. */
export const HELLO_BYTES = 1_200;
/** Size of every RETRY. */
export const RETRY_BYTES = 26;
/** Largest ACCEPT. */
export const MAX_ACCEPT_BYTES = 240;
/** Size of every RESET; smaller than any DATA packet that asks for one. */
export const RESET_BYTES = 21;
/** Bytes of a cookie. */
export const COOKIE_BYTES = 20;
/** Bytes of a token that proves a RESET. */
export const RESET_TOKEN_BYTES = 16;
/** Size of every QUERY; no reply is larger. */
export const QUERY_BYTES = 1_200;
/** Bytes before the payload of QUERY_REPLY. */
export const QUERY_REPLY_HEADER_BYTES = 13;

/** HELLO's clear fields up to the cookie: the prologue of the Noise handshake. */
export const HELLO_PROLOGUE_BYTES = 15;
const HELLO_COOKIE_OFFSET = HELLO_PROLOGUE_BYTES;
const HELLO_NOISE_LENGTH_OFFSET = HELLO_COOKIE_OFFSET + COOKIE_BYTES;
/** Where HELLO's Noise message, and so the client's ephemeral key, begins. */
export const HELLO_NOISE_OFFSET = HELLO_NOISE_LENGTH_OFFSET + 2;
/** Largest Noise message of a HELLO. */
export const MAX_HELLO_NOISE_BYTES = HELLO_BYTES - HELLO_NOISE_OFFSET;

/** ACCEPT's clear fields, mixed into the handshake before its Noise message. */
export const ACCEPT_PROLOGUE_BYTES = 6;

/** Byte of HELLO that names the handshake pattern. */
export const HandshakePattern = { nk: 0, nkPsk2: 1 } as const;

/** What a QUERY asks for. */
export const QueryKind = {
  /** Nothing but the echo of its token: a latency beacon. */
  ping: 0,
  /** Server information. */
  info: 1,
  /** A page of the schema's projection. */
  schema: 2,
} as const;

/** Writes HELLO's clear fields up to the cookie. */
export function writeHelloPrologue(
  into: Uint8Array,
  pattern: number,
  appId: Uint8Array,
  clientConnectionId: number,
): void {
  into[0] = PacketType.hello;
  into[1] = WIRE_VERSION;
  into[2] = pattern;
  into.set(appId, 3);
  new DataView(into.buffer, into.byteOffset).setUint32(11, clientConnectionId, true);
}

/** Writes the rest of HELLO: cookie and Noise message. The packet is {@link HELLO_BYTES} long. */
export function writeHelloBody(into: Uint8Array, cookie: Uint8Array, noise: Uint8Array): void {
  into.set(cookie, HELLO_COOKIE_OFFSET);
  const view = new DataView(into.buffer, into.byteOffset);
  view.setUint16(HELLO_NOISE_LENGTH_OFFSET, noise.byteLength, true);
  into.set(noise, HELLO_NOISE_OFFSET);
}

/** HELLO's fields. The arrays are views of the packet. */
export interface HelloFields {
  /** One of {@link HandshakePattern}. */
  readonly pattern: number;
  /** 64-bit id of the game's name. */
  readonly appId: Uint8Array;
  /** The client's choice, echoed by every answer. */
  readonly clientConnectionId: number;
  /** Zeros in the first HELLO. */
  readonly cookie: Uint8Array;
  /** First message of the Noise handshake. */
  readonly noise: Uint8Array;
}

/** Parses a HELLO of our wire version; `undefined` when it is malformed. */
export function parseHello(bytes: Uint8Array): HelloFields | undefined {
  if (bytes.byteLength !== HELLO_BYTES) return undefined;
  const pattern = bytes[2]!;
  if (pattern !== HandshakePattern.nk && pattern !== HandshakePattern.nkPsk2) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const noiseBytes = view.getUint16(HELLO_NOISE_LENGTH_OFFSET, true);
  // An ephemeral key and a tag are in every message.
  if (noiseBytes < 48 || noiseBytes > MAX_HELLO_NOISE_BYTES) return undefined;
  return {
    pattern,
    appId: bytes.subarray(3, 11),
    clientConnectionId: view.getUint32(11, true),
    cookie: bytes.subarray(HELLO_COOKIE_OFFSET, HELLO_NOISE_LENGTH_OFFSET),
    noise: bytes.subarray(HELLO_NOISE_OFFSET, HELLO_NOISE_OFFSET + noiseBytes),
  };
}

/** Builds RETRY. */
export function buildRetry(clientConnectionId: number, cookie: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(RETRY_BYTES);
  writeReplyHead(bytes, PacketType.retry, clientConnectionId);
  bytes.set(cookie, 6);
  return bytes;
}

/** The cookie of a RETRY for this attempt; `undefined` when it is another's or malformed. */
export function parseRetry(bytes: Uint8Array, clientConnectionId: number): Uint8Array | undefined {
  if (bytes.byteLength !== RETRY_BYTES || !isReplyTo(bytes, clientConnectionId)) return undefined;
  return bytes.slice(6);
}

/** ACCEPT's clear fields. */
export function acceptPrologue(clientConnectionId: number): Uint8Array {
  const bytes = new Uint8Array(ACCEPT_PROLOGUE_BYTES);
  writeReplyHead(bytes, PacketType.accept, clientConnectionId);
  return bytes;
}

/** Builds ACCEPT from its clear fields and its Noise message. */
export function buildAccept(prologue: Uint8Array, noise: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(ACCEPT_PROLOGUE_BYTES + noise.byteLength);
  bytes.set(prologue);
  bytes.set(noise, ACCEPT_PROLOGUE_BYTES);
  return bytes;
}

/** The Noise message of an ACCEPT for this attempt; `undefined` when it is another's or malformed. */
export function parseAccept(bytes: Uint8Array, clientConnectionId: number): Uint8Array | undefined {
  if (bytes.byteLength < ACCEPT_PROLOGUE_BYTES + 48) return undefined;
  if (bytes.byteLength > MAX_ACCEPT_BYTES || !isReplyTo(bytes, clientConnectionId)) {
    return undefined;
  }
  return bytes.subarray(ACCEPT_PROLOGUE_BYTES);
}

/** Builds VERSION, the list of wire versions that this server speaks. */
export function buildVersion(clientConnectionId: number): Uint8Array {
  const bytes = new Uint8Array(7);
  bytes[0] = PacketType.version;
  new DataView(bytes.buffer).setUint32(1, clientConnectionId, true);
  bytes[5] = 1;
  bytes[6] = WIRE_VERSION;
  return bytes;
}

/** The versions of a VERSION for this attempt; `undefined` when it is another's or malformed. */
export function parseVersion(
  bytes: Uint8Array,
  clientConnectionId: number,
): Uint8Array | undefined {
  if (bytes.byteLength < 7 || bytes.byteLength !== 6 + bytes[5]!) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint32(1, true) !== clientConnectionId) return undefined;
  return bytes.slice(6);
}

/** Builds RESET. `random` are 4 bytes that keep equal tokens from looking equal at a glance. */
export function buildReset(random: Uint8Array, token: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(RESET_BYTES);
  bytes[0] = PacketType.reset;
  bytes.set(random.subarray(0, 4), 1);
  bytes.set(token, 5);
  return bytes;
}

/** The token of a RESET; `undefined` when it is malformed. */
export function parseReset(bytes: Uint8Array): Uint8Array | undefined {
  return bytes.byteLength === RESET_BYTES ? bytes.subarray(5) : undefined;
}

/** Builds QUERY. `token` are 8 bytes that the reply echoes. */
export function buildQuery(kind: number, token: Uint8Array, page = 0): Uint8Array {
  const bytes = new Uint8Array(QUERY_BYTES);
  bytes[0] = PacketType.query;
  bytes[1] = WIRE_VERSION;
  bytes[2] = kind;
  bytes.set(token, 3);
  new DataView(bytes.buffer).setUint16(11, page, true);
  return bytes;
}

/** QUERY's fields. */
export interface QueryFields {
  /** One of {@link QueryKind}. */
  readonly kind: number;
  /** Echoed by the reply. */
  readonly token: Uint8Array;
  /** Page of the schema. */
  readonly page: number;
}

/** Parses QUERY; `undefined` when it is malformed or of another wire version. */
export function parseQuery(bytes: Uint8Array): QueryFields | undefined {
  if (bytes.byteLength !== QUERY_BYTES || bytes[1] !== WIRE_VERSION) return undefined;
  const kind = bytes[2]!;
  if (kind > QueryKind.schema) return undefined;
  const page = new DataView(bytes.buffer, bytes.byteOffset).getUint16(11, true);
  return { kind, token: bytes.subarray(3, 11), page };
}

/** Builds QUERY_REPLY. */
export function buildQueryReply(query: QueryFields, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(QUERY_REPLY_HEADER_BYTES + payload.byteLength);
  bytes[0] = PacketType.queryReply;
  bytes[1] = WIRE_VERSION;
  bytes[2] = query.kind;
  bytes.set(query.token, 3);
  new DataView(bytes.buffer).setUint16(11, query.page, true);
  bytes.set(payload, QUERY_REPLY_HEADER_BYTES);
  return bytes;
}

/** The payload of a QUERY_REPLY to this query; `undefined` when it answers another or is malformed. */
export function parseQueryReply(bytes: Uint8Array, query: QueryFields): Uint8Array | undefined {
  if (bytes.byteLength < QUERY_REPLY_HEADER_BYTES || bytes.byteLength > QUERY_BYTES) {
    return undefined;
  }
  if (bytes[1] !== WIRE_VERSION || bytes[2] !== query.kind) return undefined;
  for (let i = 0; i < 8; i++) if (bytes[3 + i] !== query.token[i]) return undefined;
  const page = new DataView(bytes.buffer, bytes.byteOffset).getUint16(11, true);
  return page === query.page ? bytes.subarray(QUERY_REPLY_HEADER_BYTES) : undefined;
}

function writeReplyHead(into: Uint8Array, type: number, clientConnectionId: number): void {
  into[0] = type;
  into[1] = WIRE_VERSION;
  new DataView(into.buffer, into.byteOffset).setUint32(2, clientConnectionId, true);
}

function isReplyTo(bytes: Uint8Array, clientConnectionId: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return bytes[1] === WIRE_VERSION && view.getUint32(2, true) === clientConnectionId;
}
