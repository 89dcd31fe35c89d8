/**
 * A pipe in front of a game server's pipe: lets players in directly and through relays.
 *
 * Relay frames go to the server's leg, and what they carry comes out as from the session's virtual
 * address; everything else passes untouched. So the server above serves both alike.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { AnchorEvent } from "../protocol/relay/legs/anchors.ts";
import type { RelaySession } from "../protocol/relay/legs/relay_session.ts";
import type { ServerLeg } from "../protocol/relay/legs/server_leg.ts";
import { isVirtualHostname } from "../protocol/relay/legs/virtual_address.ts";
import {
  isRelayFrame,
  RELAY_HEADER_BYTES,
  RELAY_MAX_FRAME_BYTES,
  RELAY_MAX_INNER_BYTES,
} from "../protocol/relay/relay_frame.ts";
import type { Clock } from "./clock.ts";
import type { DatagramPipe, PipeCounters, TransmitSlot } from "./pipe.ts";
import { RelayLegDriver } from "./relay_leg_driver.ts";
import { RelayPipeCounters } from "./relay_pipe_counters.ts";

/** What a gate stands on. */
export interface RelayGateOptions {
  /** The server's end of relay sessions. */
  readonly leg: ServerLeg;
  /** Time and timers. */
  readonly clock: Clock;
  /** Whether datagrams that no relay forwarded are let in. Default true; a hidden server says false. */
  readonly acceptDirect?: boolean | undefined;
  /** Called with what happens to anchors; may call the leg. */
  readonly onEvent?: ((event: AnchorEvent, gate: RelayGate) => void) | undefined;
}

/** A gate. Takes the pipe inside over: close only this one. */
export class RelayGate implements DatagramPipe {
  readonly kind: string;
  readonly localAddress: Address;
  readonly maxDatagramBytes: number;
  readonly counters: Readonly<PipeCounters>;
  /** The server's end of relay sessions. */
  readonly leg: ServerLeg;
  readonly #inner: DatagramPipe;
  readonly #clock: Clock;
  readonly #counters: RelayPipeCounters;
  readonly #driver: RelayLegDriver;
  readonly #acceptDirect: boolean;
  readonly #onEvent: ((event: AnchorEvent, gate: RelayGate) => void) | undefined;
  #onDatagram: ((bytes: Uint8Array, from: Address) => void) | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Takes a pipe that has not been started.
   *
   * @throws RangeError when it takes no frames of {@link RELAY_MAX_FRAME_BYTES} bytes.
   */
  constructor(inner: DatagramPipe, options: RelayGateOptions) {
    const { leg, clock, acceptDirect = true, onEvent } = options;
    if (inner.maxDatagramBytes < RELAY_MAX_FRAME_BYTES) {
      throw new RangeError(
        `Cannot serve relays through datagrams of ${inner.maxDatagramBytes} bytes: ` +
          `${RELAY_MAX_FRAME_BYTES} are needed`,
      );
    }
    this.kind = `gated ${inner.kind}`;
    this.localAddress = inner.localAddress;
    this.maxDatagramBytes = inner.maxDatagramBytes;
    this.leg = leg;
    this.#inner = inner;
    this.#clock = clock;
    this.#counters = new RelayPipeCounters(inner.counters);
    this.counters = this.#counters;
    this.#acceptDirect = acceptDirect;
    this.#onEvent = onEvent;
    this.#driver = new RelayLegDriver(leg, inner, clock, () => this.#tell());
  }

  /** Lets leave what a call of the leg has brought about. */
  service(): void {
    this.#driver.service(this.#clock.nowMs());
  }

  start(onDatagram: (bytes: Uint8Array, from: Address) => void): void {
    if (this.#onDatagram !== undefined) throw new TypeError("Cannot start a pipe twice");
    this.#onDatagram = onDatagram;
    this.#inner.start((bytes, from) => this.#receive(bytes, from));
    this.#driver.service(this.#clock.nowMs());
  }

  acquire(): TransmitSlot | undefined {
    return this.#inner.acquire();
  }

  send(slot: TransmitSlot, sizeBytes: number, to: Address): void {
    const session = this.leg.sessionAt(to);
    if (session === undefined || this.#closing !== undefined) this.#sendDirect(slot, sizeBytes, to);
    else this.#sendRelayed(slot, sizeBytes, session);
  }

  release(slot: TransmitSlot): void {
    this.#inner.release(slot);
  }

  resolve(hostname: string, port: number): Promise<Address[]> {
    return this.#inner.resolve(hostname, port);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #close(): Promise<void> {
    this.leg.close();
    this.#driver.service(this.#clock.nowMs());
    this.#driver.stop();
    return this.#inner.close();
  }

  #sendDirect(slot: TransmitSlot, sizeBytes: number, to: Address): void {
    if (isVirtualHostname(to.hostname)) {
      // A session that has ended: nothing must leave for the discard prefix.
      this.#lose(slot);
      return;
    }
    // It throws for a size or slot that is not to be sent, before anything is counted.
    this.#inner.send(slot, sizeBytes, to);
    if (this.#closing !== undefined) return;
    this.#counters.datagramsSent++;
    this.#counters.bytesSent += sizeBytes;
  }

  #sendRelayed(slot: TransmitSlot, sizeBytes: number, session: RelaySession): void {
    const { counters } = this.leg;
    const copies = session.copies(this.#clock.nowMs());
    if (copies === 0 || sizeBytes > RELAY_MAX_INNER_BYTES) {
      if (copies === 0) counters.unrouted++;
      else counters.tooLong++;
      this.#lose(slot);
      return;
    }
    slot.bytes.copyWithin(RELAY_HEADER_BYTES, 0, sizeBytes);
    if (copies === 2) this.#sendCopy(slot.bytes, sizeBytes, session);
    const to = this.leg.sealPacket(session, 0, slot.bytes, sizeBytes);
    this.#inner.send(slot, RELAY_HEADER_BYTES + sizeBytes, to);
    this.#counters.datagramsSent++;
    this.#counters.bytesSent += sizeBytes;
  }

  #sendCopy(bytes: Uint8Array, sizeBytes: number, session: RelaySession): void {
    const slot = this.#inner.acquire();
    if (slot === undefined) return;
    this.leg.counters.duplicated++;
    const frameBytes = RELAY_HEADER_BYTES + sizeBytes;
    slot.bytes.set(bytes.subarray(RELAY_HEADER_BYTES, frameBytes), RELAY_HEADER_BYTES);
    const to = this.leg.sealPacket(session, 1, slot.bytes, sizeBytes);
    this.#inner.send(slot, frameBytes, to);
  }

  #lose(slot: TransmitSlot): void {
    this.#inner.release(slot);
    this.#counters.ownSendErrors++;
  }

  #receive(bytes: Uint8Array, from: Address): void {
    if (this.#closing !== undefined) return;
    const first = bytes[0];
    if (first !== undefined && isRelayFrame(first)) {
      this.#receiveFrame(bytes, from);
    } else if (isVirtualHostname(from.hostname)) {
      this.leg.counters.spoofedVirtual++;
    } else if (this.#acceptDirect) {
      this.#deliver(bytes, from);
    } else {
      this.leg.counters.directDatagram++;
    }
  }

  #receiveFrame(bytes: Uint8Array, from: Address): void {
    const nowMs = this.#clock.nowMs();
    if (this.leg.handleDatagram(bytes, from, nowMs) >= 0) {
      this.#deliver(bytes.subarray(RELAY_HEADER_BYTES), this.leg.peer.address);
    }
    if (this.#closing === undefined) this.#driver.service(nowMs);
  }

  #deliver(bytes: Uint8Array, from: Address): void {
    this.#counters.datagramsReceived++;
    this.#counters.bytesReceived += bytes.byteLength;
    this.#onDatagram?.(bytes, from);
  }

  #tell(): void {
    for (let event = this.leg.pollEvent(); event; event = this.leg.pollEvent()) {
      this.#onEvent?.(event, this);
    }
  }
}
