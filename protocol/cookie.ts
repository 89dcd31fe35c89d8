/**
 * Stateless cookies: who sends one back has shown that it receives at its address.
 *
 * Implements docs/protocol.md, "Cookies". A cookie is the second at which it was issued and a
 * 128-bit keyed MAC over address, ephemeral key, game and that second. Issuing and checking take no
 * state and no Diffie-Hellman, so a flood of spoofed HELLOs costs microseconds each.
 *
 * @module
 */
import type { Address } from "./address.ts";
import type { CryptoBackend } from "./crypto/backend.ts";
import { COOKIE_BYTES } from "./handshake_packets.ts";

/** Secrets are replaced this often; the one before stays valid. */
const SECRET_LIFETIME_MS = 30_000;

/** A cookie is good for this long: more than the 5 s that a client tries. */
const COOKIE_LIFETIME_SECONDS = 10;

/** Longest text of an IPv6 address with an IPv4 tail. */
const MAX_HOST_BYTES = 46;

/** Issues and checks cookies. */
export class CookieJar {
  readonly #crypto: CryptoBackend;
  readonly #random: (into: Uint8Array) => void;
  #secret = new Uint8Array(32);
  #previousSecret = new Uint8Array(32);
  #secretSinceMs: number;
  readonly #scratch = new Uint8Array(MAX_HOST_BYTES + 2 + 32 + 8 + 4);
  readonly #scratchView = new DataView(this.#scratch.buffer);

  constructor(crypto: CryptoBackend, random: (into: Uint8Array) => void, nowMs: number) {
    this.#crypto = crypto;
    this.#random = random;
    random(this.#secret);
    random(this.#previousSecret);
    this.#secretSinceMs = nowMs;
  }

  /** A cookie for a client at `from` with this ephemeral key. */
  issue(from: Address, ephemeral: Uint8Array, appId: Uint8Array, nowMs: number): Uint8Array {
    this.#rotate(nowMs);
    const issuedAt = Math.floor(nowMs / 1000) >>> 0;
    const cookie = new Uint8Array(COOKIE_BYTES);
    new DataView(cookie.buffer).setUint32(0, issuedAt, true);
    cookie.set(this.#mac(this.#secret, from, ephemeral, appId, issuedAt), 4);
    return cookie;
  }

  /** Whether a cookie was issued to this client at this address within the last 10 s. */
  isValid(
    cookie: Uint8Array,
    from: Address,
    ephemeral: Uint8Array,
    appId: Uint8Array,
    nowMs: number,
  ): boolean {
    this.#rotate(nowMs);
    const issuedAt = new DataView(cookie.buffer, cookie.byteOffset).getUint32(0, true);
    const age = ((Math.floor(nowMs / 1000) >>> 0) - issuedAt) | 0;
    if (age < 0 || age > COOKIE_LIFETIME_SECONDS) return false;
    for (const secret of [this.#secret, this.#previousSecret]) {
      if (isEqual(this.#mac(secret, from, ephemeral, appId, issuedAt), cookie.subarray(4))) {
        return true;
      }
    }
    return false;
  }

  #mac(
    secret: Uint8Array,
    from: Address,
    ephemeral: Uint8Array,
    appId: Uint8Array,
    issuedAt: number,
  ): Uint8Array {
    const host = from.hostname;
    const hostBytes = Math.min(host.length, MAX_HOST_BYTES);
    for (let i = 0; i < hostBytes; i++) this.#scratch[i] = host.charCodeAt(i);
    this.#scratchView.setUint16(hostBytes, from.port, true);
    this.#scratch.set(ephemeral, hostBytes + 2);
    this.#scratch.set(appId, hostBytes + 34);
    this.#scratchView.setUint32(hostBytes + 42, issuedAt, true);
    return this.#crypto.mac128(secret, this.#scratch.subarray(0, hostBytes + 46));
  }

  #rotate(nowMs: number): void {
    if (nowMs - this.#secretSinceMs < SECRET_LIFETIME_MS) return;
    this.#previousSecret = this.#secret;
    this.#secret = new Uint8Array(32);
    this.#random(this.#secret);
    this.#secretSinceMs = nowMs;
  }
}

/** Compares in constant time: how much of a guess is right must not show. */
export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  let difference = 0;
  for (let i = 0; i < a.byteLength; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
