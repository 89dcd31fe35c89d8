/**
 * What a transport shows the contract suite, and the few moves that its tests are made of.
 *
 * @module
 */
import type { Address } from "../../protocol/address.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import type { Allocate } from "../../transport/slot_pool.ts";

/** What the suite asks a transport to open. */
export interface OpenOptions {
  /** Local address; the transport's own loopback address when left out. */
  readonly hostname?: string;
  /** Transmit buffers. */
  readonly transmitSlots?: number;
  /** Memory of buffers. */
  readonly allocate?: Allocate;
}

/** A datagram from outside the pipe's own limits, for what a well-behaved pipe never sends. */
export interface RawSender {
  /** Sends any number of bytes. */
  send(bytes: Uint8Array, to: Address): Promise<void>;
  /** Frees the sender. */
  close(): void;
}

/** A transport under test, fresh for each test. */
export interface PipeFixture {
  /** Opens a pipe at a free port. */
  open(options?: OpenOptions): Promise<DatagramPipe>;
  /** Lets datagrams move until the predicate holds; fails the test if it never does. */
  until(predicate: () => boolean): Promise<void>;
  /** Opens a sender without limits; there with the trait `rawSender`. */
  openRaw?(): RawSender;
  /** Frees what belongs to the fixture itself. */
  close?(): Promise<void>;
}

/** What a transport can do beyond the common part. */
export interface PipeTraits {
  /** Binds `::1` besides IPv4. */
  readonly ipv6?: boolean;
  /** Binds `::` and speaks both families through it. */
  readonly dualStack?: boolean;
  /** Can be sent longer datagrams than it takes: the fixture has `openRaw`. */
  readonly rawSender?: boolean;
  /** Has hosts and ports: other senders, closed ports, names. */
  readonly addressed?: boolean;
  /** Is a socket of this machine: sends settle in a later turn, and impossible targets are seen at once. */
  readonly socket?: boolean;
}

/** A received datagram, copied, with its source. */
export interface Received {
  readonly bytes: Uint8Array;
  readonly from: Address;
}

/** Defines one test on a fresh fixture. */
export type DefineTest = (
  statement: string,
  body: (fixture: PipeFixture) => Promise<void>,
) => void;

/** Two pipes that talk, closed when the body has ended. */
export async function withPair(
  fixture: PipeFixture,
  body: (a: DatagramPipe, b: DatagramPipe, receivedByB: Received[]) => Promise<void>,
  options: OpenOptions = {},
): Promise<void> {
  const a = await fixture.open(options);
  const b = await fixture.open(options);
  try {
    await body(a, b, collect(b));
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

/** Starts a pipe that copies what it hears. */
export function collect(pipe: DatagramPipe): Received[] {
  const received: Received[] = [];
  pipe.start((bytes, from) => received.push({ bytes: bytes.slice(), from }));
  return received;
}

/** Sends bytes; false when no transmit buffer was free. */
export function sendBytes(pipe: DatagramPipe, bytes: Uint8Array, to: Address): boolean {
  const slot = pipe.acquire();
  if (slot === undefined) return false;
  slot.bytes.set(bytes);
  pipe.send(slot, bytes.byteLength, to);
  return true;
}
