/**
 * The worked example of docs/protocol.md: one handshake and one DATA packet each way from fixed secrets,
 * with every value on the way.
 *
 * The handshake is spelled out step by step as the document describes it, beside the handshake of the
 * project: `vectors_test.ts` holds the one against the other.
 *
 * @module
 */
import { appIdOf } from "../../protocol/app_id.ts";
import { packetKey } from "../../protocol/crypto/backend.ts";
import { TrafficKeys } from "../../protocol/crypto/key_schedule.ts";
import { nobleBackend } from "../../protocol/crypto/noble.ts";
import { SymmetricState } from "../../protocol/crypto/noise_symmetric.ts";
import { seal } from "../../protocol/crypto/sealed_box.ts";
import {
  acceptPrologue,
  buildAccept,
  COOKIE_BYTES,
  HELLO_BYTES,
  HELLO_PROLOGUE_BYTES,
  writeHelloBody,
  writeHelloPrologue,
} from "../../protocol/handshake_packets.ts";
import { Link } from "../../protocol/link.ts";
import { PacketWriter } from "../../protocol/packet_writer.ts";
import { FrameType } from "../../protocol/frames.ts";
import {
  acceptCodec,
  type AcceptPayload,
  helloCodec,
  type HelloPayload,
  resumeTicketCodec,
  sealedTicketCodec,
} from "../../schema/messages/mod.ts";
import { message, type Protocol, protocol, t } from "../../schema/mod.ts";

/** The backend of the example. */
export const CRYPTO = nobleBackend();

/** `count` bytes that count up from `first`. */
export function counting(first: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => first + i);
}

const DEFINITIONS = {
  Ask: message({ id: t.u8() }, { from: "client", delivery: "reliable-ordered" }),
  Say: message({ text: t.string({ maxBytes: 32 }) }, {
    from: "both",
    delivery: "reliable-ordered",
  }),
  Where: message({ x: t.int(-10, 10), y: t.int(-10, 10) }, {
    from: "server",
    delivery: "unreliable",
  }),
};

/** The protocol of the example. */
export const Example: Protocol<typeof DEFINITIONS> = protocol(
  "example",
  { version: 1, backend: "interpreter" },
  DEFINITIONS,
);

/** The secrets and choices of both ends. */
export const INPUTS = {
  staticSecret: counting(0x00, 32),
  clientEphemeralSecret: counting(0x20, 32),
  serverEphemeralSecret: counting(0x40, 32),
  resumeKey: counting(0x60, 32),
  resumeNonce: counting(0x80, 12),
  session: counting(0xa0, 8),
  ticketKey: counting(0xb0, 32),
  ticketNonce: counting(0xd0, 12),
  ticketId: counting(0xe0, 16),
  psk: counting(0xc0, 32),
  clientConnectionId: 0x0102_0304,
  serverConnectionId: 0x0a0b_0c0d,
  tick: 600,
  serverTimeMs: 1_735_689_600_000,
} as const;

const LIMITS = { idleTimeoutMs: 10_000, packetsPerSecond: 500, bytesPerSecond: 256_000 };
const LABELS = {
  connect: new TextEncoder().encode("tickwire connect ticket 1"),
  resume: new TextEncoder().encode("tickwire resume ticket 1"),
  reset: new TextEncoder().encode("tickwire stateless reset"),
};

/** What HELLO of the example carries. */
export function helloPayload(ticket?: Uint8Array): HelloPayload {
  return {
    protocolId: Example.tables[0]!.id,
    protocolVersion: 1,
    limits: LIMITS,
    ticket,
    resumeTicket: undefined,
    auth: undefined,
  };
}

/** What ACCEPT of the example carries. */
export function acceptPayload(): AcceptPayload {
  const { resumeKey, resumeNonce, session, serverConnectionId, tick, serverTimeMs } = INPUTS;
  const ticket = resumeTicketCodec.encode({ session, generation: 0 });
  return {
    result: "accepted",
    connectionId: serverConnectionId,
    resetToken: resetToken(),
    resumeTicket: seal(CRYPTO, resumeKey, resumeNonce, LABELS.resume, ticket),
    resumed: false,
    resumeWindowMs: 30_000,
    limits: LIMITS,
    serverTimeMs,
    tick,
  };
}

/** The token of the server's connection. */
export function resetToken(): Uint8Array {
  const id = new Uint8Array(4);
  new DataView(id.buffer).setUint32(0, INPUTS.serverConnectionId, true);
  return CRYPTO.mac128(resetKey(), id);
}

/** The key of the server's reset tokens. */
export function resetKey(): Uint8Array {
  return CRYPTO.hmacSha256(INPUTS.staticSecret, LABELS.reset);
}

/** The sealed part of the example's connect ticket, and what is in it. */
export function sealedTicket(): { readonly plaintext: Uint8Array; readonly sealed: Uint8Array } {
  const { ticketId, ticketKey, ticketNonce, psk, serverTimeMs, staticSecret } = INPUTS;
  const plaintext = sealedTicketCodec.encode({
    id: ticketId,
    serverKeyPrefix: CRYPTO.x25519PublicKey(staticSecret).slice(0, 8),
    expiresAtMs: serverTimeMs + 60_000,
    psk,
    userId: "ada",
    userData: Uint8Array.of(1, 2, 3),
  });
  return { plaintext, sealed: seal(CRYPTO, ticketKey, ticketNonce, LABELS.connect, plaintext) };
}

/** State of the handshake after one step. */
export interface HandshakeStep {
  /** What was done. */
  readonly name: string;
  /** `h`. */
  readonly hash: Uint8Array;
  /** `ck`. */
  readonly chainingKey: Uint8Array;
}

/** A handshake from its first to its last byte. */
export interface HandshakeExample {
  /** The clear fields of HELLO that are the prologue. */
  readonly prologue: Uint8Array;
  /** The plaintext of HELLO. */
  readonly helloPlaintext: Uint8Array;
  /** HELLO. */
  readonly hello: Uint8Array;
  /** Bytes of HELLO before its padding. */
  readonly helloUsedBytes: number;
  /** The plaintext of ACCEPT. */
  readonly acceptPlaintext: Uint8Array;
  /** ACCEPT. */
  readonly accept: Uint8Array;
  /** `h` and `ck` after every step. */
  readonly steps: readonly HandshakeStep[];
  /** Traffic secret of key phase 0, client to server. */
  readonly clientToServer: Uint8Array;
  /** Traffic secret of key phase 0, server to client. */
  readonly serverToClient: Uint8Array;
  /** `h` at the end. */
  readonly handshakeHash: Uint8Array;
}

/** Runs the handshake, with a ticket as `NKpsk2`, without as `NK`. */
export function handshakeExample(ticket?: Uint8Array): HandshakeExample {
  const { staticSecret, clientEphemeralSecret, serverEphemeralSecret, psk } = INPUTS;
  const isPsk = ticket !== undefined;
  const steps: HandshakeStep[] = [];
  const symmetric = new SymmetricState(
    CRYPTO,
    `Noise_${isPsk ? "NKpsk2" : "NK"}_25519_ChaChaPoly_SHA256`,
  );
  const step = (name: string): void => {
    const { hash, chainingKey } = symmetric.snapshot();
    steps.push({ name, hash: hash.slice(), chainingKey: chainingKey.slice() });
  };
  const staticPublic = CRYPTO.x25519PublicKey(staticSecret);
  const clientPublic = CRYPTO.x25519PublicKey(clientEphemeralSecret);
  const serverPublic = CRYPTO.x25519PublicKey(serverEphemeralSecret);
  const mixEphemeral = (key: Uint8Array): void => {
    symmetric.mixHash(key);
    if (isPsk) symmetric.mixKey(key);
  };
  step("protocol name");

  const prologue = new Uint8Array(HELLO_PROLOGUE_BYTES);
  const appId = appIdOf(CRYPTO, Example.name);
  writeHelloPrologue(prologue, isPsk ? 1 : 0, appId, INPUTS.clientConnectionId);
  symmetric.mixHash(prologue);
  step("prologue: HELLO bytes 0 to 14");
  symmetric.mixHash(staticPublic);
  step("server's static key");

  mixEphemeral(clientPublic);
  step("e of the client");
  symmetric.mixKey(CRYPTO.x25519(clientEphemeralSecret, staticPublic)!);
  step("es");
  const helloPlaintext = helloCodec.encode(helloPayload(ticket));
  const message1 = joined(clientPublic, symmetric.encryptAndHash(helloPlaintext));
  step("payload of HELLO");

  const clear = acceptPrologue(INPUTS.clientConnectionId);
  symmetric.mixHash(clear);
  step("ACCEPT bytes 0 to 5");
  mixEphemeral(serverPublic);
  step("e of the server");
  symmetric.mixKey(CRYPTO.x25519(serverEphemeralSecret, clientPublic)!);
  step("ee");
  if (isPsk) {
    symmetric.mixKeyAndHash(psk);
    step("psk");
  }
  const acceptPlaintext = acceptCodec.encode({ accept: acceptPayload() });
  const message2 = joined(serverPublic, symmetric.encryptAndHash(acceptPlaintext));
  step("payload of ACCEPT");

  const hello = new Uint8Array(HELLO_BYTES);
  hello.set(prologue);
  writeHelloBody(hello, new Uint8Array(COOKIE_BYTES), message1);
  const { initiator, responder, handshakeHash } = symmetric.split();
  return {
    prologue,
    helloPlaintext,
    hello,
    helloUsedBytes: HELLO_PROLOGUE_BYTES + COOKIE_BYTES + 2 + message1.byteLength,
    acceptPlaintext,
    accept: buildAccept(clear, message2),
    steps,
    clientToServer: initiator,
    serverToClient: responder,
    handshakeHash,
  };
}

/** A DATA packet and what it is made of. */
export interface DataExample {
  /** Traffic secret of key phase 0. */
  readonly secret: Uint8Array;
  /** Packet key. */
  readonly key: Uint8Array;
  /** IV. */
  readonly iv: Uint8Array;
  /** Traffic secret of key phase 1. */
  readonly nextSecret: Uint8Array;
  /** The number of the packet. */
  readonly packetNumber: number;
  /** Its nonce. */
  readonly nonce: Uint8Array;
  /** The header, which is the associated data. */
  readonly header: Uint8Array;
  /** The frames. */
  readonly frames: Uint8Array;
  /** The packet. */
  readonly packet: Uint8Array;
}

/** The first packet of the client: PING, and `Say` in a MESSAGE that ends the packet. */
export function clientDataExample(secret: Uint8Array): DataExample {
  return dataExample(secret, 0, INPUTS.serverConnectionId, (writer, body) => {
    writer.addPing();
    const end = Example.tables[0]!.write(Example.Say, view(body), 0, { text: "hi" });
    writer.addMessage(0, 0, body, end);
  });
}

/** The first packet of the server: ACK, TIME, `Say` with a length and `Where` without. */
export function serverDataExample(secret: Uint8Array): DataExample {
  return dataExample(secret, 0, -1, (writer, body) => {
    const ack = writer.offset;
    // Packet 0 arrived 10 ms ago; one run of one packet, no gaps.
    [FrameType.ack, 0, 0, 20, 1, 0].forEach((byte, i) => writer.view.setUint8(ack + i, byte));
    writer.accept(ack + 6, false);
    writer.addTime(INPUTS.tick, 2_500);
    const table = Example.tables[0]!;
    writer.addMessage(0, 0, body, table.write(Example.Say, view(body), 0, { text: "hello" }));
    writer.addMessage(1, -1, body, table.write(Example.Where, view(body), 0, { x: -3, y: 10 }));
  });
}

function dataExample(
  secret: Uint8Array,
  packetNumber: number,
  peerConnectionId: number,
  write: (writer: PacketWriter, body: Uint8Array) => void,
): DataExample {
  const keys = new TrafficKeys(CRYPTO, secret.slice());
  const link = new Link({
    crypto: CRYPTO,
    secrets: { send: secret.slice(), receive: new Uint8Array(32) },
    localConnectionId: 0,
    peerConnectionId,
  }, 0);
  const into = new Uint8Array(1_200);
  const headerBytes = link.writeHeader(into, packetNumber, -1, 0);
  const writer = new PacketWriter();
  writer.begin(into, headerBytes, 1_200 - 16);
  write(writer, new Uint8Array(64));
  const textEnd = writer.finish();
  const frames = into.slice(headerBytes, textEnd);
  const sizeBytes = link.seal(into, packetNumber, headerBytes, textEnd);
  const iv = new Uint8Array(keys.packetKey.ivWords.buffer).slice();
  return {
    secret,
    key: new Uint8Array(keys.packetKey.keyWords.buffer).slice(),
    iv,
    nextSecret: CRYPTO.hmacSha256(secret, new TextEncoder().encode("tickwire next")),
    packetNumber,
    nonce: nonceOf(iv, packetNumber),
    header: into.slice(0, headerBytes),
    frames,
    packet: into.slice(0, sizeBytes),
  };
}

/** The nonce of a packet: the IV, its last eight bytes xor the packet number. */
export function nonceOf(iv: Uint8Array, packetNumber: number): Uint8Array {
  const nonce = iv.slice();
  const low = packetNumber % 2 ** 32;
  const high = Math.floor(packetNumber / 2 ** 32);
  for (let i = 0; i < 4; i++) {
    nonce[4 + i]! ^= low >>> (8 * i);
    nonce[8 + i]! ^= high >>> (8 * i);
  }
  return nonce;
}

/** Whether a key and a nonce open a packet: how the nonces of the example are checked. */
export function opens(key: Uint8Array, nonce: Uint8Array, data: DataExample): boolean {
  const copy = data.packet.slice();
  return CRYPTO.open(packetKey(key, nonce), 0, copy, 0, data.header.byteLength, copy.byteLength);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.byteLength + second.byteLength);
  both.set(first);
  both.set(second, first.byteLength);
  return both;
}
