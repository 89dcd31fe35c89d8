/**
 * Sealing and opening of DATA packets, through changes of the key phase.
 *
 * Implements docs/protocol.md, "Packet protection" and "Key phase" (RFC 9001, section 6, with
 * whole-packet keys instead of TLS secrets). Whoever first wants fresh keys flips the phase bit; the
 * other end follows with its next packet.
 *
 * @module
 */
import type { CryptoBackend } from "./crypto/backend.ts";
import { TrafficKeys } from "./crypto/key_schedule.ts";

/** Packets sealed with one key at most, well inside the 2^31 of RFC 9001 B.1.2 for short packets. */
export const REKEY_PACKETS = 2 ** 30;

/** Age of a key at most. */
export const REKEY_INTERVAL_MS = 3_600_000;

/** How long packets of the previous phase are still opened: three probe timeouts at their largest. */
export const PREVIOUS_PHASE_MS = 3_000;

/** When keys are changed; smaller values are for tests. */
export interface RekeyOptions {
  /** Packets sealed with one key at most. */
  readonly rekeyPackets?: number;
  /** Age of a key at most. */
  readonly rekeyIntervalMs?: number;
}

/** The keys of both directions of one connection. */
export class PacketProtection {
  readonly #crypto: CryptoBackend;
  readonly #rekeyPackets: number;
  readonly #rekeyIntervalMs: number;
  #send: TrafficKeys;
  #receive: TrafficKeys;
  #nextReceive: TrafficKeys;
  #previousReceive: TrafficKeys | undefined;
  #previousUntilMs = 0;
  /** Lowest packet number opened in the current phase: older ones belong to the previous one. */
  #phaseFirstPacket = 0;
  /** First packet sealed in the current phase; -1 until there is one. */
  #sealedFirstPacket = -1;
  #sealed = 0;
  #phaseStartedMs: number;

  /** @param secrets One 32-byte secret per direction; both are taken over and wiped. */
  constructor(
    crypto: CryptoBackend,
    secrets: { readonly send: Uint8Array; readonly receive: Uint8Array },
    nowMs: number,
    options: RekeyOptions = {},
  ) {
    const { rekeyPackets = REKEY_PACKETS, rekeyIntervalMs = REKEY_INTERVAL_MS } = options;
    this.#crypto = crypto;
    this.#rekeyPackets = rekeyPackets;
    this.#rekeyIntervalMs = rekeyIntervalMs;
    this.#send = new TrafficKeys(crypto, secrets.send);
    this.#receive = new TrafficKeys(crypto, secrets.receive);
    this.#nextReceive = this.#receive.next();
    this.#phaseStartedMs = nowMs;
  }

  /** Phase of the sending keys, counted from 0. */
  get sendPhase(): number {
    return this.#send.phase;
  }

  /**
   * The phase bit of the packet that is sealed next; changes the keys first when they are worn.
   *
   * @param largestAcked The largest packet number that the peer acknowledged, or -1.
   */
  nextPhaseBit(packetNumber: number, largestAcked: number, nowMs: number): number {
    if (this.#isWorn(nowMs) && this.#hasPeerFollowed(largestAcked)) this.#advanceSend(nowMs);
    if (this.#sealedFirstPacket === -1) this.#sealedFirstPacket = packetNumber;
    return this.#send.phaseBit;
  }

  /** Seals `buffer[textStart..textEnd)`, header from 0, tag behind. Call {@link nextPhaseBit} first. */
  seal(buffer: Uint8Array, packetNumber: number, textStart: number, textEnd: number): void {
    this.#sealed++;
    this.#crypto.seal(this.#send.packetKey, packetNumber, buffer, 0, textStart, textEnd);
  }

  /** Opens `buffer[textStart..end)`, header from 0. `false` leaves no trace but spent time. */
  open(
    buffer: Uint8Array,
    phaseBit: number,
    packetNumber: number,
    textStart: number,
    nowMs: number,
  ): boolean {
    const end = buffer.byteLength;
    if (phaseBit === this.#receive.phaseBit) {
      return this.#crypto.open(this.#receive.packetKey, packetNumber, buffer, 0, textStart, end);
    }
    if (this.#previousReceive !== undefined && packetNumber < this.#phaseFirstPacket) {
      if (nowMs > this.#previousUntilMs) return false;
      const key = this.#previousReceive.packetKey;
      return this.#crypto.open(key, packetNumber, buffer, 0, textStart, end);
    }
    const key = this.#nextReceive.packetKey;
    if (!this.#crypto.open(key, packetNumber, buffer, 0, textStart, end)) return false;
    this.#advanceReceive(packetNumber, nowMs);
    return true;
  }

  /** Overwrites all secrets. */
  wipe(): void {
    this.#send.wipe();
    this.#receive.wipe();
    this.#nextReceive.wipe();
    this.#previousReceive?.wipe();
  }

  #isWorn(nowMs: number): boolean {
    return this.#sealed >= this.#rekeyPackets ||
      nowMs - this.#phaseStartedMs >= this.#rekeyIntervalMs;
  }

  /**
   * Whether the next phase may begin. The peer must send in this phase and must have acknowledged a
   * packet of it (RFC 9001, section 6.1): two ends that begin a phase at once have each seen the other
   * send in it, and one that went on before its own first packet arrived would be two phases ahead,
   * where the peer can never follow.
   */
  #hasPeerFollowed(largestAcked: number): boolean {
    return this.#send.phase === this.#receive.phase && this.#sealedFirstPacket !== -1 &&
      largestAcked >= this.#sealedFirstPacket;
  }

  #advanceReceive(packetNumber: number, nowMs: number): void {
    this.#previousReceive?.wipe();
    this.#previousReceive = this.#receive;
    this.#previousUntilMs = nowMs + PREVIOUS_PHASE_MS;
    this.#receive = this.#nextReceive;
    this.#nextReceive = this.#receive.next();
    this.#phaseFirstPacket = packetNumber;
    if (this.#send.phase < this.#receive.phase) this.#advanceSend(nowMs);
  }

  #advanceSend(nowMs: number): void {
    const old = this.#send;
    this.#send = old.next();
    old.wipe();
    this.#sealed = 0;
    this.#sealedFirstPacket = -1;
    this.#phaseStartedMs = nowMs;
  }
}
