/**
 * The test vectors of docs/protocol.md as Markdown, generated from the code.
 *
 * @module
 */
import { FrameType } from "../../protocol/frames.ts";
import {
  buildQuery,
  buildReset,
  buildRetry,
  buildVersion,
  QueryKind,
} from "../../protocol/handshake_packets.ts";
import { expandPacketNumber, packetNumberBytes } from "../../protocol/packet.ts";
import { PacketWriter } from "../../protocol/packet_writer.ts";
import { ReceivedPackets } from "../../protocol/received_packets.ts";
import {
  clientDataExample,
  counting,
  CRYPTO,
  type DataExample,
  Example,
  type HandshakeExample,
  handshakeExample,
  type HandshakeStep,
  INPUTS,
  nonceOf,
  resetKey,
  resetToken,
  sealedTicket,
  serverDataExample,
} from "./worked_example.ts";

type Row = readonly [name: string, value: Uint8Array | string];

/** The whole section, between its marks and without them. */
export function vectorsMarkdown(): string {
  const { sealed, plaintext } = sealedTicket();
  const plain = handshakeExample();
  const withTicket = handshakeExample(sealed);
  const up = clientDataExample(plain.clientToServer);
  const down = serverDataExample(plain.serverToClient);
  return [
    inputsSection(),
    handshakeSection(
      "B.2 Handshake without a ticket",
      "Pattern `NK`. HELLO is followed by zeros up to 1,200 bytes.",
      plain,
    ),
    dataSection(
      "B.3 First packet of the client",
      "PING, then MESSAGE on channel 0 (`reliable-ordered`) with sequence 0, envelope 1 (`Say`) and " +
        '`{ text: "hi" }`. The MESSAGE has no length: it ends the packet.',
      up,
    ),
    dataSection(
      "B.4 First packet of the server",
      'ACK of packet 0 after 10 ms; TIME; MESSAGE with a length: `Say { text: "hello" }`; MESSAGE on ' +
        "channel 1 (`unreliable`): `Where { x: -3, y: 10 }`, alone on its channel and so without an envelope.",
      down,
    ),
    ticketSection(plaintext, sealed),
    handshakeSection(
      "B.6 Handshake with the ticket",
      "Pattern `NKpsk2`. The same secrets as above; ACCEPT carries the same payload.",
      withTicket,
    ),
    nonceSection(up),
    packetNumberSection(),
    framesSection(),
    otherPacketsSection(),
  ].join("\n");
}

function inputsSection(): string {
  const table = Example.tables[0]!;
  return section(
    "B.1 What the examples start from",
    "The protocol is called `example`. Its channels: 0 `reliable-ordered` with `Ask` (envelope 0) and `Say` " +
      "(envelope 1), 1 `unreliable` with `Where`. Both ends announce a timeout of 10,000 ms, 500 packets and " +
      "256,000 bytes a second.",
    [
      ["static secret", INPUTS.staticSecret],
      ["static key", CRYPTO.x25519PublicKey(INPUTS.staticSecret)],
      ["client ephemeral secret", INPUTS.clientEphemeralSecret],
      ["client ephemeral key", CRYPTO.x25519PublicKey(INPUTS.clientEphemeralSecret)],
      ["server ephemeral secret", INPUTS.serverEphemeralSecret],
      ["server ephemeral key", CRYPTO.x25519PublicKey(INPUTS.serverEphemeralSecret)],
      ["client connection id", hex32(INPUTS.clientConnectionId)],
      ["server connection id", hex32(INPUTS.serverConnectionId)],
      ["protocol id", table.id],
      ["server time", `${INPUTS.serverTimeMs} ms`],
      ["tick", `${INPUTS.tick}`],
      ["reset key", resetKey()],
      ["reset token", resetToken()],
      ["resume key", INPUTS.resumeKey],
      ["resume ticket nonce", INPUTS.resumeNonce],
      ["resume ticket session", INPUTS.session],
      ["resume ticket generation", "0"],
    ],
  );
}

function handshakeSection(title: string, about: string, example: HandshakeExample): string {
  const { hello, helloUsedBytes, accept } = example;
  return section(title, about, [
    ["prologue", example.prologue],
    ...example.steps.flatMap((step, i) => changesOf(step, example.steps[i - 1])),
    ["HELLO payload", example.helloPlaintext],
    [`HELLO, first ${helloUsedBytes} bytes`, hello.slice(0, helloUsedBytes)],
    ["ACCEPT payload", example.acceptPlaintext],
    [`ACCEPT, ${accept.byteLength} bytes`, accept],
    ["handshake hash", example.handshakeHash],
    ["client to server secret", example.clientToServer],
    ["server to client secret", example.serverToClient],
  ]);
}

/** Only what a step changes is worth a line. */
function changesOf(step: HandshakeStep, before: HandshakeStep | undefined): Row[] {
  const { name, hash, chainingKey } = step;
  const rows: Row[] = [];
  if (before?.hash.toHex() !== hash.toHex()) rows.push([`h after ${name}`, hash]);
  if (before?.chainingKey.toHex() !== chainingKey.toHex()) {
    rows.push([`ck after ${name}`, chainingKey]);
  }
  return rows;
}

function dataSection(title: string, about: string, data: DataExample): string {
  return section(title, about, [
    ["secret of phase 0", data.secret],
    ["packet key", data.key],
    ["IV", data.iv],
    ["secret of phase 1", data.nextSecret],
    ["packet number", `${data.packetNumber}`],
    ["nonce", data.nonce],
    ["header", data.header],
    ["frames", data.frames],
    [`packet, ${data.packet.byteLength} bytes`, data.packet],
  ]);
}

function ticketSection(plaintext: Uint8Array, sealed: Uint8Array): string {
  return section(
    "B.5 Connect ticket",
    "For user `ada`, with user data 010203, good for a minute after the server time above.",
    [
      ["ticket key", INPUTS.ticketKey],
      ["nonce", INPUTS.ticketNonce],
      ["id", INPUTS.ticketId],
      ["psk", INPUTS.psk],
      ["plaintext", plaintext],
      [`sealed, ${sealed.byteLength} bytes`, sealed],
    ],
  );
}

function nonceSection(data: DataExample): string {
  const numbers = [0, 1, 0xffff_ffff, 0x1_0000_0005];
  return section(
    "B.7 Nonces",
    "Of the client's IV.",
    numbers.map((number): Row => [`packet ${number}`, nonceOf(data.iv, number)]),
  );
}

function packetNumberSection(): string {
  const sent = [[0, -1], [126, -1], [127, -1], [0xac5c02, 0xabe8b3], [0xace8fe, 0xabe8b3]] as const;
  const received = [
    [0x9b32, 2, 0xa82f30ea],
    [0x00, 1, -1],
    [0x05, 1, 250],
    [0xfa, 1, 258],
    [0xff, 1, 0],
  ] as const;
  return section(
    "B.8 Packet numbers",
    "How many bytes a sender writes, and what a receiver makes of them. Those with 11266227 and 2821665002 " +
      "are the examples of RFC 9000, appendix A.",
    [
      ...sent.map(([number, acked]): Row => [
        `bytes of packet number ${number} when ${acked} is the largest acknowledged`,
        `${packetNumberBytes(number, acked)}`,
      ]),
      ...received.map(([truncated, bytes, largest]): Row => [
        `packet number of ${hexNumber(truncated, bytes)} when ${largest} is the largest received`,
        `${expandPacketNumber(truncated, bytes, largest)}`,
      ]),
    ],
  );
}

function framesSection(): string {
  const frame = (write: (writer: PacketWriter) => void): Uint8Array => {
    const into = new Uint8Array(1_200);
    const writer = new PacketWriter();
    writer.begin(into, 0, 1_200);
    write(writer);
    // A PING behind it keeps the length of a MESSAGE or FRAGMENT.
    writer.addPing();
    return into.slice(0, writer.finish() - 1);
  };
  const body = counting(0, 256);
  return section(
    "B.9 Frames",
    "ACK: packets 0 to 299 but 297, 298, 200 and 10 arrived, the largest one 3 ms ago. FRAGMENT: part 1 of " +
      "3, 256 bytes from 00 to ff, of message 0x1234 on channel 5.",
    [
      ["ACK", ackExample()],
      ["CLOSE 1234 with reason", frame((w) => w.addClose(1_234, new TextEncoder().encode("done")))],
      ["PATH_CHALLENGE", frame((w) => w.addPathFrame(FrameType.pathChallenge, counting(1, 8)))],
      ["CREDIT of 70,000 on channel 4", frame((w) => w.addCredit(4, 70_000))],
      [
        "MESSAGE aabb on channel 33, sequence 7",
        frame((w) => w.addMessage(33, 7, Uint8Array.of(0xaa, 0xbb), 2)),
      ],
      [
        "FRAGMENT, first 10 bytes",
        frame((w) => w.addFragment(5, 0x1234, 1, 3, body, 0, 256)).slice(0, 10),
      ],
    ],
  );
}

function ackExample(): Uint8Array {
  const received = new ReceivedPackets();
  const missing = new Set([297, 298, 200, 10]);
  for (let packet = 0; packet < 300; packet++) {
    if (!missing.has(packet)) received.mark(packet, true, packet === 299 ? 7 : 0);
  }
  const view = new DataView(new ArrayBuffer(200));
  const end = received.writeAck(view, 0, 200, 10);
  return new Uint8Array(view.buffer, 0, end).slice();
}

function otherPacketsSection(): string {
  const { clientConnectionId } = INPUTS;
  return section("B.10 Other packets", "QUERY is followed by zeros up to 1,200 bytes.", [
    ["RETRY with cookie 00 to 13", buildRetry(clientConnectionId, counting(0, 20))],
    ["VERSION", buildVersion(clientConnectionId)],
    ["RESET with random bytes 01020304", buildReset(counting(1, 4), resetToken())],
    [
      "QUERY for page 2 of the schema, first 13 bytes",
      firstBytes(
        buildQuery(QueryKind.schema, counting(1, 8), 2),
        13,
      ),
    ],
  ]);
}

function firstBytes(bytes: Uint8Array, count: number): Uint8Array {
  return bytes.slice(0, count);
}

function section(title: string, about: string, rows: readonly Row[]): string {
  const lines = rows.flatMap(([name, value]) =>
    typeof value === "string" ? [`${name}: ${value}`] : [`${name}:`, ...hexLines(value)]
  );
  return [`### ${title}`, "", about, "", "```text", ...lines, "```", ""].join("\n");
}

/** 32 bytes a line, indented. */
function hexLines(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.byteLength; at += 32) {
    lines.push(`  ${bytes.slice(at, at + 32).toHex()}`);
  }
  return lines;
}

function hexNumber(value: number, sizeBytes: number): string {
  return `0x${value.toString(16).padStart(2 * sizeBytes, "0")}`;
}

function hex32(value: number): string {
  return hexNumber(value, 4);
}
