/**
 * One connection's packets: keys, connection ids and the replay window, without any channel.
 *
 * A session outlives its link: a resumption gives it a new one. A handshake that is not confirmed yet
 * is a link without a session, so that half-open connections cost little.
 *
 * @module
 */
import type { DropCounters } from "./counters.ts";
import { type CryptoBackend, TAG_BYTES } from "./crypto/backend.ts";
import {
  dataHeaderBytes,
  expandPacketNumber,
  keyPhaseOf,
  MIN_DATA_BYTES,
  packetNumberBytes,
  readTruncatedPacketNumber,
  writeDataHeader,
} from "./packet.ts";
import { PacketProtection, type RekeyOptions } from "./packet_protection.ts";
import { ReceivedPackets, Replay } from "./received_packets.ts";

/** Why a DATA packet was refused before its frames were looked at. */
export const OpenError = {
  tooShort: 1,
  badHeader: 2,
  duplicate: 3,
  tooOld: 4,
  forged: 5,
} as const;

/** What makes a link. */
export interface LinkOptions {
  /** The backend of keys and tags. */
  readonly crypto: CryptoBackend;
  /** One 32-byte secret per direction; both are taken over and wiped. */
  readonly secrets: { readonly send: Uint8Array; readonly receive: Uint8Array };
  /** The id under which the peer addresses us. */
  readonly localConnectionId: number;
  /** The id under which we address the peer, or -1 to leave it out. */
  readonly peerConnectionId: number;
  /** When keys are changed. */
  readonly rekey?: RekeyOptions;
}

/** Packet-level state of one connection. */
export class Link {
  /** The id under which the peer addresses us. */
  readonly localConnectionId: number;
  /** The id under which we address the peer, or -1 where packets carry none. */
  readonly peerConnectionId: number;
  /** Which packets arrived. */
  readonly received = new ReceivedPackets();
  readonly #protection: PacketProtection;
  #packetNumber = 0;
  #textStart = 0;

  constructor(options: LinkOptions, nowMs: number) {
    this.localConnectionId = options.localConnectionId;
    this.peerConnectionId = options.peerConnectionId;
    this.#protection = new PacketProtection(
      options.crypto,
      options.secrets,
      nowMs,
      options.rekey,
    );
  }

  /** Number of the packet that {@link open} accepted last. */
  get packetNumber(): number {
    return this.#packetNumber;
  }

  /** Where the frames of that packet begin. */
  get textStart(): number {
    return this.#textStart;
  }

  /** Phase of the sending keys, counted from 0. */
  get keyPhase(): number {
    return this.#protection.sendPhase;
  }

  /**
   * Checks and decrypts a DATA packet in place. The replay window is consulted, not moved.
   *
   * @returns The end of its frames, or minus one of {@link OpenError}.
   */
  open(bytes: Uint8Array, nowMs: number): number {
    if (bytes.byteLength < MIN_DATA_BYTES) return -OpenError.tooShort;
    const first = bytes[0]!;
    const headerBytes = dataHeaderBytes(first);
    if (headerBytes === 0) return -OpenError.badHeader;
    const end = bytes.byteLength - TAG_BYTES;
    if (end <= headerBytes) return -OpenError.tooShort;
    const truncated = readTruncatedPacketNumber(bytes, headerBytes);
    const length = ((first >>> 1) & 3) + 1;
    const packetNumber = expandPacketNumber(truncated, length, this.received.largest);
    const replay = this.received.judge(packetNumber);
    if (replay === Replay.duplicate) return -OpenError.duplicate;
    if (replay === Replay.tooOld) return -OpenError.tooOld;
    if (!this.#protection.open(bytes, keyPhaseOf(first), packetNumber, headerBytes, nowMs)) {
      return -OpenError.forged;
    }
    this.#packetNumber = packetNumber;
    this.#textStart = headerBytes;
    return end;
  }

  /** Writes the header of the next packet and returns its length. */
  writeHeader(
    into: Uint8Array,
    packetNumber: number,
    largestAcked: number,
    nowMs: number,
  ): number {
    return writeDataHeader(
      into,
      this.#protection.nextPhaseBit(packetNumber, largestAcked, nowMs),
      this.peerConnectionId,
      packetNumber,
      packetNumberBytes(packetNumber, largestAcked),
    );
  }

  /** Seals a packet whose frames end at `textEnd` and returns its size on the wire. */
  seal(into: Uint8Array, packetNumber: number, headerBytes: number, textEnd: number): number {
    this.#protection.seal(into, packetNumber, headerBytes, textEnd);
    return textEnd + TAG_BYTES;
  }

  /** Overwrites all secrets. */
  wipe(): void {
    this.#protection.wipe();
  }
}

/** Counts a refusal of {@link Link.open} under its name. */
export function countOpenError(drops: DropCounters, error: number): void {
  switch (error) {
    case OpenError.tooShort:
      drops.dataTooShort++;
      break;
    case OpenError.badHeader:
      drops.dataBadHeader++;
      break;
    case OpenError.duplicate:
      drops.replayed++;
      break;
    case OpenError.tooOld:
      drops.tooOld++;
      break;
    default:
      drops.forged++;
  }
}
