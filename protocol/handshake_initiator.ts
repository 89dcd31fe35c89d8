/**
 * The client's side of the handshake: one attempt over all addresses of a server.
 *
 * Implements docs/protocol.md, "Handshake". The same HELLO goes to the first address at once and to
 * one more address with each repeat; the first authentic ACCEPT wins. RETRY only changes the cookie,
 * VERSION is remembered for the error text: neither is authentic, so neither can end the attempt.
 *
 * @module
 */
import {
  acceptCodec,
  type AcceptPayload,
  helloCodec,
  type HelloPayload,
} from "../schema/messages/mod.ts";
import type { Address } from "./address.ts";
import type { DropCounters } from "./counters.ts";
import type { CryptoBackend } from "./crypto/backend.ts";
import { type NoiseInitiator, noiseInitiator } from "./crypto/noise.ts";
import {
  acceptPrologue,
  COOKIE_BYTES,
  HandshakePattern,
  HELLO_BYTES,
  HELLO_PROLOGUE_BYTES,
  MAX_HELLO_NOISE_BYTES,
  parseAccept,
  parseRetry,
  parseVersion,
  writeHelloBody,
  writeHelloPrologue,
} from "./handshake_packets.ts";
import { Link } from "./link.ts";
import { PacketType } from "./packet.ts";
import type { RekeyOptions } from "./packet_protection.ts";
import { ResendSchedule } from "./resend_schedule.ts";
import { isSameAddress } from "./same_address.ts";

/** What an attempt needs. */
export interface HandshakeInitiatorOptions {
  /** The backend of keys and tags. */
  readonly crypto: CryptoBackend;
  /** Fills a buffer with random bytes from a cryptographic source. */
  readonly random: (into: Uint8Array) => void;
  /** The server's X25519 public key. */
  readonly serverKey: Uint8Array;
  /** The key that came with a connect ticket. */
  readonly psk?: Uint8Array | undefined;
  /** 64-bit id of the game's name. */
  readonly appId: Uint8Array;
  /** What HELLO carries. */
  readonly hello: HelloPayload;
  /** Where the server is, best first; at least one. */
  readonly addresses: readonly Address[];
  /** Counts of what is refused. */
  readonly drops: DropCounters;
  /** How long the attempt may take. */
  readonly timeoutMs?: number;
  /** When keys are changed. */
  readonly rekey?: RekeyOptions;
}

/** What became of an attempt. */
export type HandshakeOutcome =
  | {
    readonly result: "accepted";
    readonly payload: AcceptPayload & { readonly result: "accepted" };
    readonly link: Link;
    readonly address: Address;
  }
  | { readonly result: "refused"; readonly payload: AcceptPayload & { readonly result: "refused" } }
  | { readonly result: "timeout"; readonly serverVersions: Uint8Array | undefined };

/** What an authentic ACCEPT that does not decode comes to: the server is of another make. */
const UNREADABLE = {
  result: "refused",
  status: "version",
  retryAfterMs: 0,
  reason: "the server's answer is not understood",
} as const;

interface Target {
  readonly address: Address;
  cookie: Uint8Array;
}

/** One attempt to connect. */
export class HandshakeInitiator {
  readonly #options: HandshakeInitiatorOptions;
  readonly #noise: NoiseInitiator;
  readonly #message1: Uint8Array;
  readonly #prologue = new Uint8Array(HELLO_PROLOGUE_BYTES);
  readonly #clientConnectionId: number;
  readonly #targets: readonly Target[];
  readonly #schedule: ResendSchedule;
  #queue: Target[] = [];
  #outcome: HandshakeOutcome | undefined;
  #serverVersions: Uint8Array | undefined;
  #transmitTo: Address | undefined;

  /** @throws RangeError when ticket and auth payload together do not fit a HELLO, or a key is unusable. */
  constructor(options: HandshakeInitiatorOptions, nowMs: number) {
    this.#options = options;
    const { crypto, random, serverKey, psk, appId, hello, addresses, timeoutMs } = options;
    const secret = new Uint8Array(36);
    random(secret);
    this.#clientConnectionId = new DataView(secret.buffer).getUint32(32, true);
    const pattern = psk === undefined ? HandshakePattern.nk : HandshakePattern.nkPsk2;
    writeHelloPrologue(this.#prologue, pattern, appId, this.#clientConnectionId);
    this.#noise = noiseInitiator(crypto, {
      pattern: psk === undefined ? "NK" : "NKpsk2",
      prologue: this.#prologue,
      responderStatic: serverKey,
      ephemeralSecret: secret.subarray(0, 32),
      ...(psk === undefined ? {} : { psk }),
    });
    secret.fill(0);
    this.#message1 = this.#noise.writeMessage1(helloCodec.encode(hello));
    if (this.#message1.byteLength > MAX_HELLO_NOISE_BYTES) {
      throw new RangeError(
        `Cannot connect: ticket and auth payload are ${
          this.#message1.byteLength - MAX_HELLO_NOISE_BYTES
        } bytes too large for a HELLO`,
      );
    }
    this.#targets = addresses.map((address) => ({ address, cookie: new Uint8Array(COOKIE_BYTES) }));
    this.#schedule = new ResendSchedule(random, nowMs, timeoutMs);
  }

  /** What became of it; `undefined` while it goes on. */
  get outcome(): HandshakeOutcome | undefined {
    return this.#outcome;
  }

  /** Where the HELLO that {@link pollTransmit} gave goes. */
  get transmitTo(): Address {
    return this.#transmitTo!;
  }

  /** When to call {@link handleTimeout} and {@link pollTransmit}. */
  get deadlineMs(): number {
    return this.#outcome === undefined ? this.#schedule.deadlineMs : Infinity;
  }

  /** Does what time asks for. */
  handleTimeout(nowMs: number): void {
    if (this.#outcome !== undefined) return;
    if (this.#schedule.isOver(nowMs)) {
      this.#outcome = { result: "timeout", serverVersions: this.#serverVersions };
    } else if (this.#schedule.take(nowMs)) {
      this.#queue = this.#targets.slice(0, this.#schedule.attempts);
    }
  }

  /** Takes RETRY, ACCEPT or VERSION. */
  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): void {
    const { drops } = this.#options;
    if (this.#outcome !== undefined) {
      drops.unexpectedReply++;
      return;
    }
    switch (bytes[0]) {
      case PacketType.retry:
        this.#handleRetry(bytes, from);
        break;
      case PacketType.accept:
        this.#handleAccept(bytes, from, nowMs);
        break;
      case PacketType.version: {
        const versions = parseVersion(bytes, this.#clientConnectionId);
        if (versions === undefined) drops.unexpectedReply++;
        else this.#serverVersions = versions;
        break;
      }
      default:
        drops.unexpectedReply++;
    }
  }

  /** Writes the next HELLO into `into` and returns its size, or 0. */
  pollTransmit(into: Uint8Array): number {
    const target = this.#queue.shift();
    if (target === undefined || this.#outcome !== undefined) return 0;
    into.fill(0, 0, HELLO_BYTES);
    into.set(this.#prologue);
    writeHelloBody(into, target.cookie, this.#message1);
    this.#transmitTo = target.address;
    return HELLO_BYTES;
  }

  #handleRetry(bytes: Uint8Array, from: Address): void {
    const cookie = parseRetry(bytes, this.#clientConnectionId);
    const target = this.#targets.find(({ address }) => isSameAddress(address, from));
    // One repeat per cookie: an attacker that echoes RETRYs makes no storm of HELLOs.
    const isNew = cookie !== undefined && target !== undefined &&
      cookie.some((byte, i) => byte !== target.cookie[i]);
    if (!isNew) {
      this.#options.drops.unexpectedReply++;
      return;
    }
    target.cookie = cookie;
    if (!this.#queue.includes(target)) this.#queue.push(target);
  }

  #handleAccept(bytes: Uint8Array, from: Address, nowMs: number): void {
    const { drops, crypto, rekey } = this.#options;
    const message2 = parseAccept(bytes, this.#clientConnectionId);
    if (message2 === undefined) {
      drops.unexpectedReply++;
      return;
    }
    this.#noise.mixHash(acceptPrologue(this.#clientConnectionId));
    const plaintext = this.#noise.readMessage2(message2);
    if (plaintext === undefined) {
      drops.acceptForged++;
      return;
    }
    // An authentic answer ends the attempt, also one that we cannot read.
    const payload = acceptCodec.decode(plaintext)?.accept ?? UNREADABLE;
    if (payload.result === "refused") {
      this.#outcome = { result: "refused", payload };
      return;
    }
    const link = new Link({
      crypto,
      secrets: this.#noise.split(),
      localConnectionId: this.#clientConnectionId,
      peerConnectionId: payload.connectionId,
      ...(rekey === undefined ? {} : { rekey }),
    }, nowMs);
    this.#outcome = { result: "accepted", payload, link, address: from };
  }
}
