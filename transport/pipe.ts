/**
 * The datagram pipe: the one interface behind which every transport stands.
 *
 * A pipe moves whole datagrams and knows nothing of sessions. It may lose, duplicate and reorder
 * them; it never changes or joins them. One contract suite (`tests/contract/`) runs on every pipe.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";

/** Largest datagram that Tickwire ever builds; a receive buffer is one byte larger to see truncation. */
export const MAX_DATAGRAM_BYTES = 1452;

/** A transmit buffer on loan from a pipe. Write a datagram at its start, then `send` or `release` it. */
export interface TransmitSlot {
  /** At least {@link MAX_DATAGRAM_BYTES} bytes, in the memory that the pipe was created with. */
  readonly bytes: Uint8Array;
}

/** What a pipe has counted since it opened. Plain numbers, read them at any time. */
export interface PipeCounters {
  /** Datagrams handed to the operating system or network. */
  datagramsSent: number;
  /** Bytes of these datagrams. */
  bytesSent: number;
  /** Datagrams given to `onDatagram`. */
  datagramsReceived: number;
  /** Bytes of these datagrams. */
  bytesReceived: number;
  /** Sends that failed; the datagram is lost, as on any network. */
  sendErrors: number;
  /** Receive errors that the pipe survived. */
  receiveErrors: number;
  /** Datagrams dropped because they filled the receive buffer and may have been cut. */
  truncated: number;
  /** Datagrams dropped because their source port was 0, to which no reply can be sent. */
  portZero: number;
  /** Calls of `acquire` that found every transmit buffer in flight; the datagram is lost. */
  noBuffer: number;
}

/** Moves datagrams between this endpoint and any address. */
export interface DatagramPipe {
  /** Which transport this is: `"udp"`, `"dgram"`, `"simulated"` … */
  readonly kind: string;
  /** The address that it is bound to, with the real port. */
  readonly localAddress: Address;
  /** Largest datagram that `send` takes. */
  readonly maxDatagramBytes: number;
  /**
   * Whether it delivers several datagrams in one turn of the event loop, without a microtask between
   * them: whoever answers may then wait for the microtask after the last one.
   */
  readonly deliversInBatches?: boolean;
  /** Live counters. */
  readonly counters: Readonly<PipeCounters>;

  /**
   * Starts delivery. `bytes` is valid only during the call and may be changed in place by it;
   * `from` may be kept and passed to `send`. Call it once and soon: what arrives before may be lost.
   * What the callback throws is not caught: it is a defect of the receiver and ends the process.
   */
  start(onDatagram: (bytes: Uint8Array, from: Address) => void): void;

  /** Borrows a transmit buffer, or `undefined` (counted) when all are in flight. */
  acquire(): TransmitSlot | undefined;

  /**
   * Sends the first `sizeBytes` bytes of the slot and takes the slot back once they have left. Nothing
   * that the network, the target or a closed pipe does is thrown or rejected: it counts in `sendErrors`.
   *
   * @throws {TypeError} if the slot is not on loan from this pipe.
   * @throws {RangeError} if `sizeBytes` is not 0 to {@link DatagramPipe.maxDatagramBytes}.
   */
  send(slot: TransmitSlot, sizeBytes: number, to: Address): void;

  /**
   * Takes back a slot that was not sent.
   *
   * @throws {TypeError} if the slot is not on loan from this pipe.
   */
  release(slot: TransmitSlot): void;

  /**
   * Turns a host name or IP literal into the addresses that this pipe can send to, best first, at least
   * one. An IPv6 literal may stand in brackets.
   *
   * @throws {RangeError} (as a rejection) if the port is not 1 to 65,535.
   * @throws {TransportError} (as a rejection) `unresolved` if there is no such address.
   */
  resolve(hostname: string, port: number): Promise<Address[]>;

  /** Stops delivery and frees the socket; resolves when nothing of it is left. Idempotent. */
  close(): Promise<void>;
}
