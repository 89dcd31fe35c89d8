/**
 * The server's side of the handshake, from the HELLO to a link that is confirmed.
 *
 * Implements docs/protocol.md, "Handshake". Cheap checks come first: size, version, cookie, rate; only
 * then state and Diffie-Hellman. Answers are kept, so that a repeated HELLO gets the same
 * ACCEPT, and a session begins only with the first authentic DATA packet.
 *
 * @module
 */
import {
  acceptCodec,
  type AcceptPayload,
  helloCodec,
  type HelloPayload,
  type RefusalStatus,
} from "../schema/messages/mod.ts";
import type { WireTable } from "../schema/mod.ts";
import { type Address, isLoopback, sourceKey } from "./address.ts";
import { CookieJar } from "./cookie.ts";
import type { DropCounters } from "./counters.ts";
import type { CryptoBackend } from "./crypto/backend.ts";
import { type NoiseResponder, noiseResponder } from "./crypto/noise.ts";
import {
  acceptPrologue,
  buildAccept,
  buildRetry,
  buildVersion,
  HandshakePattern,
  HELLO_BYTES,
  HELLO_PROLOGUE_BYTES,
  type HelloFields,
  parseHello,
} from "./handshake_packets.ts";
import type { EndpointLimits, SessionLimits } from "./limits.ts";
import { Link } from "./link.ts";
import { WIRE_VERSION } from "./packet.ts";
import { isSameAddress } from "./same_address.ts";
import type { ShownTicket } from "./ticket_office.ts";
import { KeyedBuckets, TokenBucket } from "./token_bucket.ts";

/** A HELLO that was decrypted and awaits its answer, or has it. */
export interface Handshake {
  /** Where the HELLO came from. */
  readonly address: Address;
  /** What it carried. */
  readonly hello: HelloPayload;
  /** The version of the protocol that both ends speak. */
  readonly table: WireTable | undefined;
  /** The connect ticket, if one was shown that opens. */
  readonly shown: ShownTicket | undefined;
  /** The link, once accepted. */
  link: Link | undefined;
  /** Whether the first DATA packet came. */
  isConfirmed: boolean;
  /**
   * Whether the answer also went to another address, where a repeated HELLO came from: whoever sends the
   * first DATA packet may then have read it elsewhere than at {@link address}.
   */
  wasAnsweredElsewhere: boolean;
}

/** What the answer to a HELLO says. */
export type Answer =
  | {
    readonly result: "accepted";
    readonly connectionId: number;
    readonly resetToken: Uint8Array;
    readonly resumeTicket: Uint8Array;
    readonly resumed: boolean;
    readonly resumeWindowMs: number;
    readonly serverTimeMs: number;
    readonly tick: number;
  }
  | {
    readonly result: "refused";
    readonly status: RefusalStatus;
    readonly reason: string;
    readonly retryAfterMs?: number;
  };

/** Decides what becomes of a decrypted HELLO; calls {@link HandshakeResponder.answer} now or later. */
export type Decide = (handshake: Handshake, nowMs: number) => void;

/** What the responder needs. */
export interface HandshakeResponderOptions {
  /** The backend of keys and tags. */
  readonly crypto: CryptoBackend;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** The server's X25519 key pair. */
  readonly staticSecret: Uint8Array;
  /** Its public half. */
  readonly staticPublic: Uint8Array;
  /** Finds the version behind a 64-bit protocol id. */
  readonly tableOf: (protocolId: Uint8Array) => WireTable | undefined;
  /** Opens connect tickets. */
  readonly openTicket: (sealed: Uint8Array, nowMs: number) => ShownTicket | undefined;
  /** What happens to a decrypted HELLO. */
  readonly decide: Decide;
  /** Sends a datagram. */
  readonly reply: (bytes: Uint8Array, to: Address) => void;
  /** Counts of what is refused. */
  readonly drops: DropCounters;
  /** Limits of the endpoint. */
  readonly limits: EndpointLimits;
  /** What ACCEPT announces. */
  readonly sessionLimits: SessionLimits;
}

interface Entry extends Handshake {
  readonly key: string;
  readonly prologue: Uint8Array;
  readonly noise: NoiseResponder;
  readonly expiresMs: number;
  readonly clientConnectionId: number;
  replyBytes: Uint8Array | undefined;
}

/** Answers HELLOs. */
export class HandshakeResponder {
  readonly #options: HandshakeResponderOptions;
  readonly #cookies: CookieJar;
  /** By the client's ephemeral key, in order of arrival. */
  readonly #entries = new Map<string, Entry>();
  #unconfirmed = 0;
  readonly #directBudget: TokenBucket;
  readonly #perAddress: KeyedBuckets;

  constructor(options: HandshakeResponderOptions, nowMs: number) {
    this.#options = options;
    const { crypto, random, limits } = options;
    this.#cookies = new CookieJar(crypto, random, nowMs);
    const { directHellosPerSecond, hellosPerSecondPerAddress } = limits;
    this.#directBudget = new TokenBucket(directHellosPerSecond, directHellosPerSecond, nowMs);
    this.#perAddress = new KeyedBuckets(hellosPerSecondPerAddress, hellosPerSecondPerAddress);
  }

  /** Handshakes that are answered or being decided and not confirmed. */
  get halfOpen(): number {
    return this.#unconfirmed;
  }

  /** When {@link handleTimeout} has something to do, or `Infinity`. */
  get deadlineMs(): number {
    for (const entry of this.#entries.values()) return entry.expiresMs;
    return Infinity;
  }

  /** Takes a HELLO. */
  handleHello(bytes: Uint8Array, from: Address, nowMs: number): void {
    const { drops, reply } = this.#options;
    if (bytes.byteLength === HELLO_BYTES && bytes[1] !== WIRE_VERSION) {
      drops.helloVersion++;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      reply(buildVersion(view.getUint32(11, true)), from);
      return;
    }
    const hello = parseHello(bytes);
    if (hello === undefined) {
      drops.helloMalformed++;
    } else if (!this.#isAddressProven(hello, from, nowMs)) {
      drops.helloCookie++;
      const ephemeral = hello.noise.subarray(0, 32);
      const cookie = this.#cookies.issue(from, ephemeral, hello.appId, nowMs);
      reply(buildRetry(hello.clientConnectionId, cookie), from);
    } else if (
      !isLoopback(from.hostname) && !this.#perAddress.take(sourceKey(from.hostname), nowMs)
    ) {
      drops.helloRateLimited++;
    } else {
      this.#admit(bytes, hello, from, nowMs);
    }
  }

  /** Answers a handshake that {@link Decide} was given. */
  answer(handshake: Handshake, answer: Answer, nowMs: number): void {
    const entry = handshake as Entry; // Handshakes are only ever made here.
    if (entry.replyBytes !== undefined) return;
    const prologue = acceptPrologue(entry.clientConnectionId);
    entry.noise.mixHash(prologue);
    const payload = acceptCodec.encode({ accept: this.#payloadOf(answer) });
    entry.replyBytes = buildAccept(prologue, entry.noise.writeMessage2(payload));
    if (answer.result === "accepted") {
      const { crypto, sessionLimits } = this.#options;
      entry.link = new Link({
        crypto,
        rekey: sessionLimits,
        secrets: entry.noise.split(),
        localConnectionId: answer.connectionId,
        peerConnectionId: -1,
      }, nowMs);
    } else {
      // A refusal is kept only to be repeated: it holds no slot.
      this.#settle(entry);
    }
    this.#options.reply(entry.replyBytes, entry.address);
  }

  /** Notes that the first DATA packet of a handshake came: it is no longer half open. */
  confirm(handshake: Handshake): void {
    this.#settle(handshake as Entry);
  }

  /**
   * Forgets handshakes whose time is over.
   *
   * @param onExpired Told of accepted ones that were never confirmed.
   */
  handleTimeout(nowMs: number, onExpired: (handshake: Handshake) => void): void {
    for (const entry of this.#entries.values()) {
      if (entry.expiresMs > nowMs) break;
      this.#entries.delete(entry.key);
      if (entry.isConfirmed) continue;
      this.#settle(entry);
      this.#options.drops.handshakeExpired++;
      onExpired(entry);
      entry.link?.wipe();
    }
  }

  /** Whether the address may cost us something: it showed a cookie, or there is room to be generous. */
  #isAddressProven(hello: HelloFields, from: Address, nowMs: number): boolean {
    const { limits } = this.#options;
    const ephemeral = hello.noise.subarray(0, 32);
    if (hello.cookie.some((byte) => byte !== 0)) {
      return this.#cookies.isValid(hello.cookie, from, ephemeral, hello.appId, nowMs);
    }
    return this.#unconfirmed < limits.directHalfOpen && this.#directBudget.take(1, nowMs);
  }

  #admit(bytes: Uint8Array, hello: HelloFields, from: Address, nowMs: number): void {
    const { drops, limits, reply } = this.#options;
    const key = String.fromCharCode(...hello.noise.subarray(0, 32));
    const known = this.#entries.get(key);
    if (known !== undefined) {
      if (known.replyBytes === undefined) return;
      if (!isSameAddress(known.address, from)) known.wasAnsweredElsewhere = true;
      reply(known.replyBytes, from);
      return;
    }
    if (this.#unconfirmed >= limits.halfOpen) {
      drops.helloHalfOpenFull++;
      return;
    }
    const entry = this.#decrypt(key, bytes, hello, from, nowMs);
    if (entry === undefined) {
      drops.helloUndecipherable++;
      return;
    }
    this.#entries.set(key, entry);
    this.#unconfirmed++;
    if (hello.pattern === HandshakePattern.nkPsk2 && entry.shown === undefined) {
      // Without the ticket's key no answer can be read: silence is all there is.
      drops.ticketRefused++;
      this.#settle(entry);
      return;
    }
    this.#options.decide(entry, nowMs);
  }

  #decrypt(
    key: string,
    bytes: Uint8Array,
    hello: HelloFields,
    from: Address,
    nowMs: number,
  ): Entry | undefined {
    const { crypto, random, staticSecret, staticPublic, tableOf, openTicket, limits } =
      this.#options;
    const prologue = bytes.slice(0, HELLO_PROLOGUE_BYTES);
    const ephemeralSecret = new Uint8Array(32);
    random(ephemeralSecret);
    const isPsk = hello.pattern === HandshakePattern.nkPsk2;
    const noise = noiseResponder(crypto, {
      pattern: isPsk ? "NKpsk2" : "NK",
      prologue,
      staticSecret,
      staticPublic,
      ephemeralSecret,
    });
    const plaintext = noise.readMessage1(hello.noise);
    const payload = plaintext === undefined ? undefined : helloCodec.decode(plaintext);
    if (payload === undefined) return undefined;
    const sealed = payload.ticket;
    const shown = isPsk && sealed !== undefined ? openTicket(sealed, nowMs) : undefined;
    if (shown !== undefined) noise.setPsk(shown.ticket.psk);
    return {
      key,
      prologue,
      noise,
      shown,
      address: from,
      hello: payload,
      table: tableOf(payload.protocolId),
      expiresMs: nowMs + limits.halfOpenTimeoutMs,
      clientConnectionId: hello.clientConnectionId,
      link: undefined,
      isConfirmed: false,
      wasAnsweredElsewhere: false,
      replyBytes: undefined,
    };
  }

  #payloadOf(answer: Answer): AcceptPayload {
    if (answer.result === "refused") {
      return { retryAfterMs: 0, ...answer };
    }
    const { idleTimeoutMs, packetsPerSecond, bytesPerSecond } = this.#options.sessionLimits;
    return { ...answer, limits: { idleTimeoutMs, packetsPerSecond, bytesPerSecond } };
  }

  #settle(entry: Entry): void {
    if (entry.isConfirmed) return;
    entry.isConfirmed = true;
    this.#unconfirmed--;
  }
}
