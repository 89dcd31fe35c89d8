/**
 * What the two legs of a session tell each other about a path without relays: SIGNAL frames.
 *
 * Relays forward them like DATA. They name the addresses of players and servers, so they are sealed from
 * end to end with a key that no relay has; a relay that changes one has only lost it.
 *
 * @module
 */
import { type Address, formatIp, IP_BYTES, isIpv4, isVirtual, parseIp } from "../../address.ts";
import { type CryptoBackend, type PacketKey, packetKey, TAG_BYTES } from "../../crypto/backend.ts";

/** What a signal asks for. Offers and starts come from the client, answers from the server. */
export const SignalKind = {
  /** Here is where I may be reached; where may you? */
  offer: 1,
  /** Here is where I may be reached. */
  answer: 2,
  /** Begin to punch now. */
  start: 3,
} as const;

/** One of {@link SignalKind}. */
export type SignalKind = typeof SignalKind[keyof typeof SignalKind];

/** Addresses in one signal: more are left out by the writer and refused by the reader. */
export const MAX_CANDIDATES = 8;

/** A signal, opened. */
export interface Signal {
  /** What it asks for. */
  readonly kind: SignalKind;
  /** Which attempt it belongs to, 0 to 255: an answer names its offer. */
  readonly round: number;
  /** Where its sender may be reached. */
  readonly candidates: readonly Address[];
}

const NUMBER_BYTES = 8;
const HEAD_BYTES = 3;
const CANDIDATE_BYTES = IP_BYTES + 2;

/** Longest payload of a SIGNAL frame. */
export const MAX_SIGNAL_BYTES: number = NUMBER_BYTES + HEAD_BYTES +
  MAX_CANDIDATES * CANDIDATE_BYTES +
  TAG_BYTES;

/** Signals that one end could send in a millisecond without reusing a number: it sends a few a second. */
const NUMBERS_PER_MS = 1_024;

/** Seals and opens the signals of one end of one session. */
export class SignalBox {
  readonly #crypto: CryptoBackend;
  readonly #sendKey: PacketKey;
  readonly #receiveKey: PacketKey;
  readonly #buffer = new Uint8Array(MAX_SIGNAL_BYTES);
  readonly #view = new DataView(this.#buffer.buffer);
  #nextNumber: number;
  #newest = -1;

  /**
   * Derives the keys of both directions.
   *
   * @param legKey The 16-byte key that the director gave to both ends.
   * @param isClient Which end this is: the two directions have keys of their own.
   * @param wallMs Milliseconds since 1970. Numbers, and with them nonces, begin there, so that an end which
   * starts again goes on above those that it used before.
   */
  constructor(
    crypto: CryptoBackend,
    legKey: Uint8Array,
    isClient: boolean,
    wallMs: number,
  ) {
    this.#crypto = crypto;
    this.#sendKey = directionKey(crypto, legKey, isClient);
    this.#receiveKey = directionKey(crypto, legKey, !isClient);
    this.#nextNumber = Math.floor(wallMs) * NUMBERS_PER_MS;
  }

  /** The payload of a SIGNAL frame; valid until the next call. */
  seal(kind: SignalKind, round: number, candidates: readonly Address[]): Uint8Array {
    const buffer = this.#buffer;
    const number = this.#nextNumber++;
    this.#view.setBigUint64(0, BigInt(number), true);
    let at = NUMBER_BYTES;
    const count = Math.min(candidates.length, MAX_CANDIDATES);
    buffer[at++] = kind;
    buffer[at++] = round;
    buffer[at++] = count;
    for (let i = 0; i < count; i++) {
      const { hostname, port } = candidates[i]!;
      if (!parseIp(hostname, buffer, at)) {
        throw new TypeError(`Cannot offer "${hostname}": it is no IP literal`);
      }
      this.#view.setUint16(at + IP_BYTES, port, true);
      at += CANDIDATE_BYTES;
    }
    this.#crypto.seal(this.#sendKey, number, buffer, 0, NUMBER_BYTES, at);
    return buffer.subarray(0, at + TAG_BYTES);
  }

  /**
   * Opens the payload of a SIGNAL frame; `undefined` when it is forged, malformed, or not newer than the
   * last: a relay that repeats one could have us send to old addresses for ever.
   */
  open(payload: Uint8Array): Signal | undefined {
    const { byteLength } = payload;
    if (byteLength < NUMBER_BYTES + HEAD_BYTES + TAG_BYTES || byteLength > MAX_SIGNAL_BYTES) {
      return undefined;
    }
    const bytes = payload.slice();
    const view = new DataView(bytes.buffer);
    const number = Number(view.getBigUint64(0, true));
    if (!Number.isSafeInteger(number) || number <= this.#newest) return undefined;
    if (!this.#crypto.open(this.#receiveKey, number, bytes, 0, NUMBER_BYTES, byteLength)) {
      return undefined;
    }
    this.#newest = number;
    return readSignal(bytes, view, byteLength - TAG_BYTES);
  }
}

/**
 * Whether a leg may send to an address that its peer named. The peer could name a victim: so no address
 * that stands for many hosts, and this machine only when the ends are on one machine.
 */
export function isUsableCandidate(address: Address, allowLoopback: boolean): boolean {
  if (address.port === 0 || !parseIp(address.hostname, ipScratch) || isVirtual(ipScratch)) {
    return false;
  }
  if (isIpv4(ipScratch)) return isUsableIpv4(ipScratch[12]!, allowLoopback);
  const isMulticast = ipScratch[0] === 0xff;
  const isLinkLocal = ipScratch[0] === 0xfe && (ipScratch[1]! & 0xc0) === 0x80;
  let leading = 0;
  while (leading < IP_BYTES - 1 && ipScratch[leading] === 0) leading++;
  const isLowest = leading === IP_BYTES - 1 && ipScratch[leading]! < 2;
  const isLoopback = isLowest && ipScratch[leading] === 1;
  return !isMulticast && !isLinkLocal && (isLoopback ? allowLoopback : !isLowest);
}

const ipScratch = new Uint8Array(IP_BYTES);

function isUsableIpv4(first: number, allowLoopback: boolean): boolean {
  if (first === 127) return allowLoopback;
  // 0/8 is "this network", 224/4 multicast, 240/4 reserved and broadcast.
  return first !== 0 && first < 224;
}

function readSignal(bytes: Uint8Array, view: DataView, end: number): Signal | undefined {
  let at = NUMBER_BYTES;
  const kind = bytes[at++]!;
  const round = bytes[at++]!;
  const count = bytes[at++]!;
  if (kind !== SignalKind.offer && kind !== SignalKind.answer && kind !== SignalKind.start) {
    return undefined;
  }
  if (count > MAX_CANDIDATES || end !== at + count * CANDIDATE_BYTES) return undefined;
  const candidates: Address[] = [];
  for (let i = 0; i < count; i++, at += CANDIDATE_BYTES) {
    candidates.push(Object.freeze({
      hostname: formatIp(bytes, at),
      port: view.getUint16(at + IP_BYTES, true),
    }));
  }
  return { kind, round, candidates };
}

/** One key per direction: both ends count from a random number, and two equal nonces would tell all. */
function directionKey(crypto: CryptoBackend, legKey: Uint8Array, isUp: boolean): PacketKey {
  const label = new TextEncoder().encode(isUp ? "tickwire signal up" : "tickwire signal down");
  return packetKey(crypto.hmacSha256(legKey, label));
}
