/**
 * What a decoder that has the key log should find in a capture, datagram by datagram.
 *
 * Reads the capture in the order in which the datagrams were sent, with the project's own parsers: what
 * stands here is what the code does. An independent decoder reads docs/protocol.md only and compares.
 *
 * @module
 */
import {
  acceptCodec,
  helloCodec,
  schemaPageCodec,
  sealedTicketCodec,
  serverInfoCodec,
} from "../../schema/messages/mod.ts";
import type { Json, ProtocolCore, WireTable } from "../../schema/mod.ts";
import type { CryptoBackend } from "../../protocol/crypto/backend.ts";
import {
  HELLO_BYTES,
  parseAccept,
  parseHello,
  parseQuery,
  parseReset,
  parseRetry,
  parseVersion,
  QUERY_REPLY_HEADER_BYTES,
  QueryKind,
} from "../../protocol/handshake_packets.ts";
import { Link, OpenError } from "../../protocol/link.ts";
import {
  dataHeaderBytes,
  hasConnectionId,
  keyPhaseOf,
  MIN_DATA_BYTES,
  PacketFamily,
  packetFamily,
  PacketType,
  readConnectionId,
  WIRE_VERSION,
} from "../../protocol/packet.ts";
import type { CapturedDatagram } from "./capture.ts";
import { framesToJson, type PartStore } from "./expected_frames.ts";
import type { HandshakeKeys, KeySearch } from "./key_log.ts";

/** One direction of a connection. */
interface Direction {
  readonly sender: "client" | "server";
  readonly link: Link;
  readonly parts: PartStore;
}

/** What an ACCEPT begins. */
interface NewConnection {
  /** The client's choice. */
  readonly clientConnectionId: number;
  /** The server's choice. */
  readonly serverConnectionId: number;
  /** Names the session, which a resumption shares with the connection before it. */
  readonly session: string;
  /** The version of the protocol. */
  readonly table: WireTable;
  /** Secret of phase 0, client to server. */
  readonly clientToServer: Uint8Array;
  /** Secret of phase 0, server to client. */
  readonly serverToClient: Uint8Array;
  /** Where the client was when the connection began. */
  readonly client: string;
}

/** A connection whose secrets are known. */
interface Connection extends NewConnection {
  readonly up: Direction;
  readonly down: Direction;
  /** Every address that the client has used. */
  readonly addresses: Set<string>;
}

/** What decoding needs. */
export interface ExpectedOptions {
  /** The backend. */
  readonly crypto: CryptoBackend;
  /** Protocols that may be spoken. */
  readonly protocols: readonly ProtocolCore[];
  /** Finds keys. */
  readonly keys: KeySearch;
  /** Handshakes that were found. */
  readonly handshakes: readonly HandshakeKeys[];
}

/** Decodes a capture. Feed it in order. */
export class ExpectedDecoder {
  readonly #options: ExpectedOptions;
  readonly #connections: Connection[] = [];
  readonly #partsBySession = new Map<string, PartStore>();

  constructor(options: ExpectedOptions) {
    this.#options = options;
  }

  /** What a datagram says. */
  decode(datagram: CapturedDatagram): Json {
    const bytes = Uint8Array.fromHex(datagram.bytes);
    const { n } = datagram;
    const first = bytes[0];
    if (first === undefined) return { n, packet: "none" };
    if (packetFamily(first) === PacketFamily.data) return { n, ...this.#data(bytes, datagram) };
    if (packetFamily(first) !== PacketFamily.handshake) return { n, packet: "unknown" };
    switch (first) {
      case PacketType.hello:
        return { n, packet: "HELLO", ...this.#hello(bytes, datagram) };
      case PacketType.retry:
        return { n, packet: "RETRY", ...retry(bytes) };
      case PacketType.accept:
        return { n, packet: "ACCEPT", ...this.#accept(bytes, datagram) };
      case PacketType.version:
        return { n, packet: "VERSION", ...version(bytes) };
      case PacketType.reset:
        return { n, packet: "RESET", token: parseReset(bytes)?.toHex() ?? null };
      case PacketType.query:
        return { n, packet: "QUERY", ...query(bytes) };
      case PacketType.queryReply:
        return { n, packet: "QUERY_REPLY", ...queryReply(bytes) };
      default:
        return { n, packet: "unknown" };
    }
  }

  #hello(bytes: Uint8Array, datagram: CapturedDatagram): { [key: string]: Json } {
    const isOther = bytes.byteLength === HELLO_BYTES && bytes[1] !== WIRE_VERSION;
    if (isOther) return { version: bytes[1]! };
    const fields = parseHello(bytes);
    if (fields === undefined) return { refused: "malformed" };
    const found = this.#options.handshakes.find(({ clientConnectionId, client, helloAt }) =>
      clientConnectionId === fields.clientConnectionId && client === datagram.from &&
      helloAt <= datagram.n
    );
    const clear = {
      version: bytes[1]!,
      pattern: fields.pattern === 0 ? "NK" : "NKpsk2",
      appId: fields.appId.toHex(),
      clientConnectionId: fields.clientConnectionId,
      cookie: fields.cookie.toHex(),
      noiseBytes: fields.noise.byteLength,
    };
    if (found === undefined) return { ...clear, refused: "undecipherable" };
    const { ticket, resumeTicket, protocolId } = found.hello;
    const opened = ticket && this.#options.keys.connectTicketOf(ticket);
    const resumed = resumeTicket && this.#options.keys.resumeTicketOf(resumeTicket);
    return {
      ...clear,
      payload: helloCodec.toJSON(found.hello),
      protocol: this.#tableOf(protocolId)?.version ?? null,
      ...(opened === undefined ? {} : { ticket: sealedTicketCodec.toJSON(opened) }),
      ...(resumed === undefined ? {} : {
        resumeTicket: { session: resumed.session.toHex(), generation: resumed.generation },
      }),
    };
  }

  #accept(bytes: Uint8Array, datagram: CapturedDatagram): { [key: string]: Json } {
    const clientConnectionId = replyConnectionId(bytes, 2);
    const noise = parseAccept(bytes, clientConnectionId);
    if (noise === undefined) return { refused: "malformed" };
    const found = this.#options.handshakes.find((handshake) =>
      handshake.clientConnectionId === clientConnectionId && handshake.server === datagram.from &&
      handshake.acceptAt >= 0 && handshake.acceptAt <= datagram.n
    );
    const { accept, secrets } = found ?? {};
    if (found === undefined || accept === undefined || secrets === undefined) {
      return { clientConnectionId, refused: "undecipherable" };
    }
    const table = this.#tableOf(found.hello.protocolId);
    if (found.acceptAt === datagram.n && accept.result === "accepted" && table !== undefined) {
      this.#begin({
        clientConnectionId,
        serverConnectionId: accept.connectionId,
        session: found.session ?? `connection ${accept.connectionId}`,
        table,
        clientToServer: secrets.send,
        serverToClient: secrets.receive,
        client: found.client,
      });
    }
    return { clientConnectionId, payload: acceptCodec.toJSON({ accept }) };
  }

  #data(bytes: Uint8Array, datagram: CapturedDatagram): { [key: string]: Json } {
    const isUp = hasConnectionId(bytes[0]!);
    if (bytes.byteLength < MIN_DATA_BYTES) return { packet: "DATA", refused: "tooShort" };
    if (dataHeaderBytes(bytes[0]!) === 0) return { packet: "DATA", refused: "badHeader" };
    const sender = isUp ? "client" : "server";
    let refused = "unknownConnection";
    for (const connection of this.#candidates(bytes, datagram)) {
      const direction = isUp ? connection.up : connection.down;
      const copy = bytes.slice();
      const textEnd = direction.link.open(copy, datagram.t);
      if (textEnd < 0) {
        refused = openErrorName(-textEnd);
        continue;
      }
      const { packetNumber, textStart, received } = direction.link;
      received.mark(packetNumber, false, datagram.t);
      if (isUp) connection.addresses.add(datagram.from);
      const { clientConnectionId, serverConnectionId, session, table } = connection;
      const frames = framesToJson(copy, textStart, textEnd, {
        sender,
        table,
        parts: direction.parts,
      });
      return {
        packet: "DATA",
        sender,
        clientConnectionId,
        serverConnectionId,
        session,
        keyPhase: keyPhaseOf(bytes[0]!),
        // The reading end of a link follows the phase of what it opens.
        phase: direction.link.keyPhase,
        packetNumber,
        packetNumberBytes: ((bytes[0]! >>> 1) & 3) + 1,
        ...(typeof frames === "string" ? { refused: frames } : { frames }),
      };
    }
    return { packet: "DATA", sender, refused };
  }

  /** Client to server: by connection id. Server to client: whoever was last seen there. */
  #candidates(bytes: Uint8Array, datagram: CapturedDatagram): Connection[] {
    const isUp = hasConnectionId(bytes[0]!);
    return this.#connections.filter((connection) =>
      isUp
        ? connection.serverConnectionId === readConnectionId(bytes)
        : connection.addresses.has(datagram.to)
    ).reverse();
  }

  #begin(connection: NewConnection): void {
    const { session, clientToServer, serverToClient, client } = connection;
    this.#connections.push({
      ...connection,
      up: this.#direction("client", session, clientToServer),
      down: this.#direction("server", session, serverToClient),
      addresses: new Set([client]),
    });
  }

  #direction(sender: "client" | "server", session: string, secret: Uint8Array): Direction {
    const key = `${session} ${sender}`;
    const parts: PartStore = this.#partsBySession.get(key) ?? new Map();
    this.#partsBySession.set(key, parts);
    const secrets = { send: new Uint8Array(32), receive: secret.slice() };
    const { crypto } = this.#options;
    const link = new Link({ crypto, secrets, localConnectionId: 0, peerConnectionId: -1 }, 0);
    return { sender, link, parts };
  }

  #tableOf(protocolId: Uint8Array): WireTable | undefined {
    for (const protocol of this.#options.protocols) {
      const table = protocol.table(protocolId);
      if (table !== undefined) return table;
    }
    return undefined;
  }
}

function retry(bytes: Uint8Array): { [key: string]: Json } {
  const clientConnectionId = replyConnectionId(bytes, 2);
  const cookie = parseRetry(bytes, clientConnectionId);
  return cookie === undefined
    ? { refused: "malformed" }
    : { clientConnectionId, cookie: cookie.toHex() };
}

function version(bytes: Uint8Array): { [key: string]: Json } {
  const clientConnectionId = replyConnectionId(bytes, 1);
  const versions = parseVersion(bytes, clientConnectionId);
  return versions === undefined
    ? { refused: "malformed" }
    : { clientConnectionId, versions: [...versions] };
}

function query(bytes: Uint8Array): { [key: string]: Json } {
  const fields = parseQuery(bytes);
  if (fields === undefined) return { refused: "malformed" };
  return { kind: fields.kind, token: fields.token.toHex(), page: fields.page };
}

function queryReply(bytes: Uint8Array): { [key: string]: Json } {
  if (bytes.byteLength < QUERY_REPLY_HEADER_BYTES) return { refused: "malformed" };
  const kind = bytes[2]!;
  const payload = bytes.subarray(QUERY_REPLY_HEADER_BYTES);
  const info = kind === QueryKind.info ? serverInfoCodec.decode(payload) : undefined;
  const page = kind === QueryKind.schema ? schemaPageCodec.decode(payload) : undefined;
  return {
    kind,
    token: bytes.slice(3, 11).toHex(),
    page: bytes[11]! | bytes[12]! << 8,
    ...(info === undefined ? {} : { payload: serverInfoCodec.toJSON(info) }),
    ...(page === undefined ? {} : { payload: schemaPageCodec.toJSON(page) }),
  };
}

/** The client's connection id in an answer, or 0 when it is too short to have one. */
function replyConnectionId(bytes: Uint8Array, at: number): number {
  if (bytes.byteLength < at + 4) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

function openErrorName(error: number): string {
  for (const [name, value] of Object.entries(OpenError)) if (value === error) return name;
  return "unknown";
}
