/**
 * One round of a beacon survey as an endpoint: QOS_PINGs out, QOS_PONGs in.
 *
 * Implements the client's side of docs/relay_protocol.md, "Beacons". Sans-IO.
 *
 * @module
 */
import type { Address } from "../../address.ts";
import {
  BEACON_NONCE_AT,
  BEACON_TOKEN_AT,
  PONG_NONCE_AT,
  QOS_PING_BYTES,
  QOS_PONG_BYTES,
} from "../beacon.ts";
import { PeerAddress } from "../legs/peer_address.ts";
import {
  frameType,
  isRelayFrame,
  readU32,
  RelayFrameType,
  writeRelayHeader,
  writeU32,
} from "../relay_frame.ts";
import { type Beacon, type BeaconResult, BeaconSurvey, MAX_BEACONS } from "./beacon_survey.ts";
import type { PingLocation } from "./ping_location.ts";

/** A beacon that can be asked. */
export interface TokenBeacon extends Beacon {
  /** Which shard of the relay. */
  readonly shard: number;
  /** 16 bytes of the director; without them the relay is silent. */
  readonly token: Uint8Array;
}

/** Asks up to 12 beacons, once. */
export class BeaconAsker {
  readonly #survey: BeaconSurvey;
  readonly #beacons: ReadonlyMap<
    string,
    { readonly beacon: TokenBeacon; readonly peer: PeerAddress }
  >;
  /** Second half of every nonce: only who saw a QOS_PING can answer it. */
  readonly #secret: number;
  #transmitTo: Address | undefined;
  #isBegun = false;

  /**
   * Begins a round; beacons beyond 12 are left out.
   *
   * @param random Fills a buffer with random bytes from a cryptographic source.
   */
  constructor(
    beacons: readonly TokenBeacon[],
    random: (into: Uint8Array) => void,
    nowMs: number,
  ) {
    const bytes = new Uint8Array(8);
    random(bytes);
    const asked = beacons.slice(0, MAX_BEACONS);
    this.#secret = readU32(bytes, 4);
    this.#beacons = new Map(
      asked.map((beacon) => [beacon.relayId, { beacon, peer: new PeerAddress(beacon.address) }]),
    );
    this.#survey = new BeaconSurvey(readU32(bytes, 0));
    this.#survey.setBeacons(asked, nowMs);
  }

  /** Whether every answer is in or overdue. */
  isOver(nowMs: number): boolean {
    return this.#survey.isIdle(nowMs);
  }

  /** What was found, nearest first. */
  results(nowMs: number): BeaconResult[] {
    return this.#survey.results(nowMs);
  }

  /** The same by region. */
  location(nowMs: number): PingLocation {
    return this.#survey.location(nowMs);
  }

  /** Takes a datagram; `false` when it is no answer to this survey. */
  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): boolean {
    const isPong = bytes.byteLength === QOS_PONG_BYTES && isRelayFrame(bytes[0]!) &&
      frameType(bytes) === RelayFrameType.qosPong &&
      readU32(bytes, PONG_NONCE_AT + 4) === this.#secret;
    if (!isPong) return false;
    const number = readU32(bytes, PONG_NONCE_AT);
    const asked = this.#survey.beaconOf(number);
    const known = asked && this.#beacons.get(asked.relayId);
    return known !== undefined && known.peer.is(from) && this.#survey.onAnswer(number, nowMs);
  }

  /** Does what time asks for. */
  handleTimeout(nowMs: number): void {
    this.#survey.handleTimeout(nowMs);
  }

  /** When to call {@link handleTimeout} and {@link pollTransmit}. */
  deadlineMs(): number {
    return this.#isBegun ? this.#survey.deadlineMs() : -Infinity;
  }

  /** Where the frame that {@link pollTransmit} gave goes. */
  get transmitTo(): Address {
    return this.#transmitTo!;
  }

  /** Writes the next QOS_PING; 0 when none is due. */
  pollTransmit(into: Uint8Array, nowMs: number): number {
    this.#isBegun = true;
    const probe = this.#survey.nextProbe(nowMs);
    const known = probe && this.#beacons.get(probe.beacon.relayId);
    if (probe === undefined || known === undefined) return 0;
    const { beacon: { shard, token, address } } = known;
    into.fill(0, 0, QOS_PING_BYTES);
    const none = { flags: 0, epoch: 0, label: 0 };
    writeRelayHeader(into, {
      ...none,
      type: RelayFrameType.qosPing,
      shard,
      sequence: probe.number,
    });
    into.set(token, BEACON_TOKEN_AT);
    writeU32(into, BEACON_NONCE_AT, probe.number);
    writeU32(into, BEACON_NONCE_AT + 4, this.#secret);
    this.#transmitTo = address;
    return QOS_PING_BYTES;
  }
}
