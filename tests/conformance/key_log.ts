/**
 * The secrets of a capture, found among the random bytes that its ends drew.
 *
 * The endpoints have no hook that tells their secrets. But every secret is a draw of random bytes, and
 * the handshake is deterministic: given the ephemeral secrets, it is run again over the captured
 * messages, and its traffic secrets are those of the connection.
 *
 * @module
 */
import {
  acceptCodec,
  type AcceptPayload,
  helloCodec,
  type HelloPayload,
  resumeTicketCodec,
  type SealedTicket,
  sealedTicketCodec,
} from "../../schema/messages/mod.ts";
import type { CryptoBackend } from "../../protocol/crypto/backend.ts";
import { noiseInitiator, noiseResponder, type NoiseSecrets } from "../../protocol/crypto/noise.ts";
import { open } from "../../protocol/crypto/sealed_box.ts";
import {
  acceptPrologue,
  HELLO_BYTES,
  HELLO_PROLOGUE_BYTES,
  type HelloFields,
  parseAccept,
  parseHello,
} from "../../protocol/handshake_packets.ts";
import { PacketType, WIRE_VERSION } from "../../protocol/packet.ts";
import type { CapturedDatagram } from "./capture.ts";

const ENCODER = new TextEncoder();
const CONNECT_LABEL = ENCODER.encode("tickwire connect ticket 1");
const RESUME_LABEL = ENCODER.encode("tickwire resume ticket 1");
const RESET_LABEL = ENCODER.encode("tickwire stateless reset");

/** What a server knows and nobody else. */
export interface ServerKeys {
  /** `address:port`. */
  readonly address: string;
  /** X25519 secret key. */
  readonly staticSecret: Uint8Array;
  /** Keys shared with ticket issuers. */
  readonly ticketKeys: readonly Uint8Array[];
}

/** A handshake that was read completely. */
export interface HandshakeKeys {
  /** Position of the HELLO in the capture. */
  readonly helloAt: number;
  /** Position of the ACCEPT, or -1 when none was sent. */
  readonly acceptAt: number;
  /** Where the client was. */
  readonly client: string;
  /** Where the server was. */
  readonly server: string;
  /** The client's choice. */
  readonly clientConnectionId: number;
  /** The server's choice; `undefined` when it refused or did not answer. */
  readonly serverConnectionId: number | undefined;
  /** X25519 ephemeral secret of the client. */
  readonly clientEphemeralSecret: Uint8Array;
  /** X25519 ephemeral secret of the server; `undefined` when it did not answer. */
  readonly serverEphemeralSecret: Uint8Array | undefined;
  /** The key of the ticket, with `NKpsk2`. */
  readonly psk: Uint8Array | undefined;
  /** What HELLO carried. */
  readonly hello: HelloPayload;
  /** What ACCEPT carried. */
  readonly accept: AcceptPayload | undefined;
  /** Secrets as the client has them: `send` is client to server. */
  readonly secrets: NoiseSecrets | undefined;
  /** Names the session, which a resumption shares with the connection before it. */
  readonly session: string | undefined;
}

/** What finding keys needs. */
export interface KeySearchOptions {
  /** The backend. */
  readonly crypto: CryptoBackend;
  /** Every draw of random bytes. */
  readonly draws: readonly Uint8Array[];
  /** The servers of the capture. */
  readonly servers: readonly ServerKeys[];
}

/** Finds the secrets of captured handshakes. */
export class KeySearch {
  readonly #options: KeySearchOptions;
  /** Secrets by their public keys, in hexadecimal digits. */
  readonly #byPublic = new Map<string, Uint8Array>();

  constructor(options: KeySearchOptions) {
    this.#options = options;
    const { crypto, draws } = options;
    for (const draw of draws) {
      // A client draws its ephemeral secret and its connection id at once: 32 and 4 bytes.
      if (draw.byteLength !== 32 && draw.byteLength !== 36) continue;
      const secret = draw.slice(0, 32);
      this.#byPublic.set(crypto.x25519PublicKey(secret).toHex(), secret);
    }
  }

  /** The handshakes of a capture, in the order of their first HELLOs. */
  handshakes(capture: readonly CapturedDatagram[]): HandshakeKeys[] {
    const found: HandshakeKeys[] = [];
    const seen = new Set<string>();
    for (const datagram of capture) {
      const bytes = Uint8Array.fromHex(datagram.bytes);
      const hello = helloOf(bytes);
      if (hello === undefined) continue;
      const ephemeral = hello.noise.subarray(0, 32).toHex();
      const server = this.#options.servers.find(({ address }) => address === datagram.to);
      const secret = this.#byPublic.get(ephemeral);
      // A HELLO that somebody made up has no secret among the draws.
      if (seen.has(ephemeral) || server === undefined || secret === undefined) continue;
      seen.add(ephemeral);
      const keys = this.#handshake(capture, datagram, bytes, hello, server, secret);
      if (keys !== undefined) found.push(keys);
    }
    return found;
  }

  /** The key that seals a server's resume tickets: the draw that opens one. */
  resumeKeyOf(sealed: Uint8Array): Uint8Array | undefined {
    const { crypto, draws } = this.#options;
    return draws.find((draw) =>
      draw.byteLength === 32 && open(crypto, draw, RESUME_LABEL, sealed) !== undefined
    );
  }

  /** What a resume ticket says, in the session's own bytes. */
  resumeTicketOf(
    sealed: Uint8Array,
  ): { readonly session: Uint8Array; readonly generation: number } | undefined {
    const key = this.resumeKeyOf(sealed);
    const bytes = key && open(this.#options.crypto, key, RESUME_LABEL, sealed);
    return bytes && resumeTicketCodec.decode(bytes);
  }

  /** What a connect ticket says, when one of the servers' keys opens it. */
  connectTicketOf(sealed: Uint8Array): SealedTicket | undefined {
    const { crypto, servers } = this.#options;
    for (const key of servers.flatMap(({ ticketKeys }) => ticketKeys)) {
      const bytes = open(crypto, key, CONNECT_LABEL, sealed);
      if (bytes !== undefined) return sealedTicketCodec.decode(bytes);
    }
    return undefined;
  }

  /** The key of a server's reset tokens. */
  resetKeyOf(server: ServerKeys): Uint8Array {
    return this.#options.crypto.hmacSha256(server.staticSecret, RESET_LABEL);
  }

  #handshake(
    capture: readonly CapturedDatagram[],
    at: CapturedDatagram,
    bytes: Uint8Array,
    hello: HelloFields,
    server: ServerKeys,
    clientSecret: Uint8Array,
  ): HandshakeKeys | undefined {
    const { crypto } = this.#options;
    const pattern = hello.pattern === 0 ? "NK" : "NKpsk2";
    const prologue = bytes.slice(0, HELLO_PROLOGUE_BYTES);
    const staticPublic = crypto.x25519PublicKey(server.staticSecret);
    const reader = noiseResponder(crypto, {
      pattern,
      prologue,
      staticSecret: server.staticSecret,
      staticPublic,
      ephemeralSecret: clientSecret,
    });
    const plaintext = reader.readMessage1(hello.noise);
    const payload = plaintext && helloCodec.decode(plaintext);
    if (plaintext === undefined || payload === undefined) return undefined;
    const psk = payload.ticket && this.connectTicketOf(payload.ticket)?.psk;
    const base = {
      helloAt: at.n,
      client: at.from,
      server: at.to,
      clientConnectionId: hello.clientConnectionId,
      clientEphemeralSecret: clientSecret,
      psk: pattern === "NK" ? undefined : psk,
      hello: payload,
    };
    const initiator = noiseInitiator(crypto, {
      pattern,
      prologue,
      responderStatic: staticPublic,
      ephemeralSecret: clientSecret,
      // Without the ticket's key nothing is answered; any key then serves for message 1.
      ...(pattern === "NK" ? {} : { psk: psk ?? new Uint8Array(32) }),
    });
    initiator.writeMessage1(plaintext);
    for (const answer of capture) {
      if (answer.from !== at.to || answer.n < at.n) continue;
      const answerBytes = Uint8Array.fromHex(answer.bytes);
      if (answerBytes[0] !== PacketType.accept) continue;
      const noise = parseAccept(answerBytes, hello.clientConnectionId);
      if (noise === undefined) continue;
      initiator.mixHash(acceptPrologue(hello.clientConnectionId));
      const accept = initiator.readMessage2(noise);
      const answered = accept && acceptCodec.decode(accept)?.accept;
      if (answered === undefined) continue;
      const ticket = answered.result === "accepted"
        ? this.resumeTicketOf(answered.resumeTicket)
        : undefined;
      return {
        ...base,
        acceptAt: answer.n,
        accept: answered,
        serverConnectionId: answered.result === "accepted" ? answered.connectionId : undefined,
        serverEphemeralSecret: this.#byPublic.get(noise.subarray(0, 32).toHex()),
        secrets: initiator.split(),
        session: ticket?.session.toHex(),
      };
    }
    return {
      ...base,
      acceptAt: -1,
      accept: undefined,
      serverConnectionId: undefined,
      serverEphemeralSecret: undefined,
      secrets: undefined,
      session: undefined,
    };
  }
}

function helloOf(bytes: Uint8Array): HelloFields | undefined {
  const isHello = bytes.byteLength === HELLO_BYTES && bytes[0] === PacketType.hello &&
    bytes[1] === WIRE_VERSION;
  return isHello ? parseHello(bytes) : undefined;
}
