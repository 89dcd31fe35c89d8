/**
 * Stateless cookies of a relay: who sends one back has shown that it receives at its address.
 *
 * Implements docs/relay_protocol.md, "Cookies". A cookie is a keyed hash over address, port, label and the
 * ten seconds in which it was issued. The session's own `cookie.ts` is for HELLOs; here SipHash does,
 * because a cookie lives for seconds and each guess costs a BIND.
 *
 * @module
 */
import { type Address, IP_BYTES, parseIp } from "../address.ts";
import { COOKIE_AT, RELAY_COOKIE_BYTES } from "./control_frames.ts";
import { readU32, writeU32 } from "./relay_frame.ts";
import { SIPHASH_KEY_BYTES, type SipHasher } from "./siphash.ts";

/** A cookie is good in the ten seconds in which it was issued, and in the next. */
const SLOT_MS = 10_000;

const INPUT_BYTES: number = IP_BYTES + 2 + 4 + 4;

/** Issues and checks cookies. */
export class RelayCookies {
  readonly #hasher: SipHasher;
  readonly #secret = new Uint8Array(2 * SIPHASH_KEY_BYTES);

  /** Draws a secret: cookies of another process are not ours. */
  constructor(hasher: SipHasher, random: (into: Uint8Array) => void) {
    this.#hasher = hasher;
    random(this.#secret);
  }

  /** Writes the cookie of a source into a RETRY. */
  write(frame: Uint8Array, from: Address, label: number, nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    for (let half = 0; half < 2; half++) {
      this.#digest(half, from, label, slot);
      writeU32(frame, COOKIE_AT + half * 8, this.#hasher.low);
      writeU32(frame, COOKIE_AT + half * 8 + 4, this.#hasher.high);
    }
  }

  /** Whether a BIND carries a cookie that its source was given. */
  isValid(frame: Uint8Array, from: Address, label: number, nowMs: number): boolean {
    const slot = Math.floor(nowMs / SLOT_MS);
    return this.#matches(frame, from, label, slot) || this.#matches(frame, from, label, slot - 1);
  }

  #matches(frame: Uint8Array, from: Address, label: number, slot: number): boolean {
    let difference = 0;
    for (let half = 0; half < 2; half++) {
      this.#digest(half, from, label, slot);
      difference |= this.#hasher.low ^ readU32(frame, COOKIE_AT + half * 8);
      difference |= this.#hasher.high ^ readU32(frame, COOKIE_AT + half * 8 + 4);
    }
    return difference === 0;
  }

  #digest(half: number, from: Address, label: number, slot: number): void {
    const { input } = this.#hasher;
    if (!parseIp(from.hostname, input)) input.fill(0, 0, IP_BYTES);
    input[IP_BYTES] = from.port;
    input[IP_BYTES + 1] = from.port >>> 8;
    writeU32(input, IP_BYTES + 2, label);
    writeU32(input, IP_BYTES + 6, slot);
    this.#hasher.digest(this.#secret, half * SIPHASH_KEY_BYTES, INPUT_BYTES);
  }
}

/** Whether a BIND has a cookie at all; the first one of an attempt has zeros there. */
export function hasCookie(frame: Uint8Array): boolean {
  let any = 0;
  for (let i = 0; i < RELAY_COOKIE_BYTES; i++) any |= frame[COOKIE_AT + i]!;
  return any !== 0;
}
