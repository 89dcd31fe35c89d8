/**
 * One client's line through an impairing proxy: a socket of its own towards the target, behind the
 * impairment of the transport.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import { isSameAddress } from "../protocol/same_address.ts";
import type { Clock } from "../transport/clock.ts";
import { ImpairedPipe } from "../transport/impaired_pipe.ts";
import type { ImpairmentOptions } from "../transport/impairment.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import { addLinkCounters, type ImpairCounters } from "./impair_counters.ts";
import { RebindablePipe } from "./impair_socket.ts";

/** What a line is made of. */
export interface ImpairLineOptions {
  /** Opens a socket towards the target. */
  readonly open: () => DatagramPipe;
  /** Where the line leads. */
  readonly target: Address;
  /** What happens on the way to the target. */
  readonly up: ImpairmentOptions;
  /** What happens on the way back. */
  readonly down: ImpairmentOptions;
  /** Time and timers. */
  readonly clock: Clock;
  /** Takes what comes back. The bytes are only valid during the call. */
  readonly onReply: (bytes: Uint8Array) => void;
}

/** A client's way to the target and back. */
export class ImpairLine {
  /** When the client was heard last. */
  heardAtMs: number;
  readonly #target: Address;
  readonly #socket: RebindablePipe;
  readonly #pipe: ImpairedPipe;
  #rebinds = 0;
  #stray = 0;

  /** Opens its first socket; throws what that throws. */
  constructor(options: ImpairLineOptions) {
    const { open, target, up, down, clock, onReply } = options;
    this.heardAtMs = clock.nowMs();
    this.#target = target;
    this.#socket = new RebindablePipe(open);
    this.#pipe = new ImpairedPipe(this.#socket, { send: up, receive: down, clock });
    this.#pipe.start((bytes, from) => {
      // As a NAT that filters by address and port: nobody else gets in.
      if (isSameAddress(from, target)) onReply(bytes);
      else this.#stray++;
    });
  }

  /** The address that the target sees, as far as the proxy knows it. */
  get localAddress(): Address {
    return this.#socket.localAddress;
  }

  /** Sends what the client sent; the bytes are copied. */
  send(bytes: Uint8Array, nowMs: number): void {
    this.heardAtMs = nowMs;
    const slot = this.#pipe.acquire();
    if (slot === undefined) return;
    slot.bytes.set(bytes);
    this.#pipe.send(slot, bytes.byteLength, this.#target);
  }

  /** Moves to another socket. Datagrams that are on their way up still arrive, from there. */
  rebind(): void {
    this.#socket.rebind();
    this.#rebinds++;
  }

  /** Adds what the line has done. */
  addTo(sum: ImpairCounters): void {
    const { counters } = this.#socket;
    addLinkCounters(sum.up, this.#pipe.sendLink.counters);
    addLinkCounters(sum.down, this.#pipe.receiveLink.counters);
    sum.up.passed += counters.datagramsSent;
    sum.up.passedBytes += counters.bytesSent;
    sum.rebinds += this.#rebinds;
    sum.held += this.#pipe.held;
    sum.overflow += this.#pipe.overflow;
    sum.stray += this.#stray;
    sum.socketDrops += counters.sendErrors + counters.noBuffer + counters.truncated;
  }

  /** Drops what is on its way and frees the socket. */
  close(): Promise<void> {
    return this.#pipe.close();
  }
}
