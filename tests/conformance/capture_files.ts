/**
 * The files of one capture, as text. README.md describes them.
 *
 * @module
 */
import type { Json, ProtocolCore } from "../../schema/mod.ts";
import type { CaptureLab } from "./capture_lab.ts";
import { addressText } from "./capture.ts";
import { CAPTURE_PROTOCOLS } from "./capture_protocols.ts";
import { ExpectedDecoder } from "./expected.ts";
import { type HandshakeKeys, KeySearch, type ServerKeys } from "./key_log.ts";

/** Files of one capture by name. */
export interface CaptureFiles {
  /** One datagram a line. */
  readonly "capture.jsonl": string;
  /** One server or handshake a line. */
  readonly "keys.jsonl": string;
  /** What each datagram says, a line each. */
  readonly "expected.jsonl": string;
  /** What applications were handed, in order. */
  readonly "delivered.jsonl": string;
  /** What applications were told, in order. */
  readonly "events.jsonl": string;
}

/** Makes the files of what a lab recorded. */
export function captureFiles(lab: CaptureLab): CaptureFiles {
  const { datagrams, draws } = lab.recorder;
  const servers = lab.servers.map(({ address, staticSecret, ticketKeys }): ServerKeys => ({
    address: addressText(address),
    staticSecret,
    ticketKeys,
  }));
  const keys = new KeySearch({ crypto: lab.crypto, draws, servers });
  const handshakes = keys.handshakes(datagrams);
  const decoder = new ExpectedDecoder({
    crypto: lab.crypto,
    protocols: CAPTURE_PROTOCOLS,
    keys,
    handshakes,
  });
  return {
    "capture.jsonl": lines(datagrams),
    "keys.jsonl": lines([
      ...servers.map((server) => serverLine(lab, keys, server, handshakes)),
      ...handshakes.map(handshakeLine),
    ]),
    "expected.jsonl": lines(datagrams.map((datagram) => decoder.decode(datagram))),
    "delivered.jsonl": lines(lab.delivered),
    "events.jsonl": lines(lab.events),
  };
}

/** The wires that captures speak, for decoders that cannot read TypeScript. */
export function schemaFile(): string {
  return `${JSON.stringify(CAPTURE_PROTOCOLS.map(protocolToJson), printable, 1)}\n`;
}

function serverLine(
  lab: CaptureLab,
  keys: KeySearch,
  server: ServerKeys,
  handshakes: readonly HandshakeKeys[],
): Json {
  const tickets = handshakes.flatMap(({ accept, server: address }) =>
    accept?.result === "accepted" && address === server.address ? [accept.resumeTicket] : []
  );
  const resumeKeys = new Set(tickets.map((ticket) => keys.resumeKeyOf(ticket)?.toHex() ?? ""));
  return {
    kind: "server",
    address: server.address,
    staticSecret: server.staticSecret.toHex(),
    staticPublic: lab.crypto.x25519PublicKey(server.staticSecret).toHex(),
    ticketKeys: server.ticketKeys.map((key) => key.toHex()),
    // More than one when the server was started again.
    resumeKeys: [...resumeKeys],
    resetKey: keys.resetKeyOf(server).toHex(),
  };
}

function handshakeLine(handshake: HandshakeKeys): Json {
  const { secrets, psk, serverEphemeralSecret, serverConnectionId, session } = handshake;
  return {
    kind: "handshake",
    helloAt: handshake.helloAt,
    acceptAt: handshake.acceptAt,
    client: handshake.client,
    server: handshake.server,
    pattern: handshake.hello.ticket === undefined ? "NK" : "NKpsk2",
    clientConnectionId: handshake.clientConnectionId,
    serverConnectionId: serverConnectionId ?? null,
    session: session ?? null,
    clientEphemeralSecret: handshake.clientEphemeralSecret.toHex(),
    serverEphemeralSecret: serverEphemeralSecret?.toHex() ?? null,
    psk: psk?.toHex() ?? null,
    handshakeHash: secrets?.handshakeHash.toHex() ?? null,
    clientToServerSecret: secrets?.send.toHex() ?? null,
    serverToClientSecret: secrets?.receive.toHex() ?? null,
  };
}

function protocolToJson(protocol: ProtocolCore): unknown {
  const { name, tables } = protocol;
  return {
    name,
    tables: tables.map((table) => ({
      version: table.version,
      id: table.idHex,
      projection: table.projection,
      wire: table.wire,
      channels: table.channels.map(({ messages, ...channel }) => ({
        ...channel,
        messages: messages.map(({ name }) => name),
      })),
      messages: Object.fromEntries(
        table.entries.flatMap((entry) =>
          entry === undefined ? [] : [[entry.message.name, {
            from: entry.message.from,
            channel: entry.channel,
            indexInChannel: entry.indexInChannel,
            struct: entry.struct,
          }]]
        ),
      ),
    })),
  };
}

/** JSON has neither bytes nor maps, which defaults may hold. */
function printable(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return value.toHex();
  return value instanceof Map ? [...value] : value;
}

function lines(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join("");
}
