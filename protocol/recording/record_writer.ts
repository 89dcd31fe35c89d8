/**
 * Writes records, one after the other, into memory that grows.
 *
 * Times and addresses are written relative to those before, so a writer begins anew with every chunk.
 * A datagram's worth of records costs about 20 bytes beside the datagram itself.
 *
 * @module
 */
import type { Address } from "../address.ts";

/** A time on the grid of nanoseconds takes the difference to the last one; this stands for any other. */
export const RAW_TIME = 1;

/** A time equal to the last one. */
export const SAME_TIME = 0;

/** Differences up to this are written: 26 days, far from where doubles get coarse. */
const MAX_STEP_NS = 2 ** 51;

/** Address objects that are remembered per chunk: some sockets make one per datagram. */
const MOST_ADDRESS_OBJECTS = 4_096;

const FIRST_CAPACITY_BYTES = 4_096;

/** Longest varint: 53 bits. */
const MAX_VARINT_BYTES = 8;

const encoder = new TextEncoder();

/** Records under way to a chunk. */
export class RecordWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #lastMs = 0;
  #lastNs = 0;
  readonly #addresses = new Map<string, number>();
  /** The same for objects that were seen, which saves making the key. */
  readonly #addressObjects = new Map<Address, number>();

  /** Bytes written since {@link clear}. */
  get sizeBytes(): number {
    return this.#at;
  }

  /** What was written since {@link clear}; valid until the next write. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Begins a chunk: nothing of what was written before counts any more. */
  reset(): void {
    this.clear();
    this.#lastMs = 0;
    this.#lastNs = 0;
    this.#addresses.clear();
    this.#addressObjects.clear();
  }

  /** Forgets the bytes, and goes on with the same chunk. */
  clear(): void {
    this.#at = 0;
  }

  /** A byte: the number of a record, or a flag. */
  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  /** A whole number of 0 to 2^53 - 1. */
  varint(value: number): void {
    this.#reserve(MAX_VARINT_BYTES);
    let rest = value;
    while (rest >= 128) {
      // Beyond 32 bits there is no bitwise arithmetic.
      this.#bytes[this.#at++] = rest % 128 | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#at++] = rest;
  }

  /** Any number. */
  float(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** A 32-bit checksum. */
  check(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  /** A time in milliseconds, exact to the last bit. */
  time(ms: number): void {
    if (ms === this.#lastMs) {
      this.byte(SAME_TIME);
      return;
    }
    const ns = Math.round(ms * 1e6);
    const stepNs = ns - this.#lastNs;
    this.#lastMs = ms;
    this.#lastNs = ns;
    if (stepNs > 0 && stepNs < MAX_STEP_NS && ns / 1e6 === ms) {
      this.varint(stepNs + RAW_TIME);
      return;
    }
    this.byte(RAW_TIME);
    this.float(ms);
  }

  /** Bytes with their length. */
  bytes(bytes: Uint8Array): void {
    this.varint(bytes.byteLength);
    this.#reserve(bytes.byteLength);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.byteLength;
  }

  /** UTF-8 with its length. */
  text(text: string): void {
    this.bytes(encoder.encode(text));
  }

  /** An address: in full when the chunk has not seen it. The object must not change. */
  address(address: Address): void {
    let known = this.#addressObjects.get(address);
    if (known === undefined) {
      const { hostname, port } = address;
      const key = `${port} ${hostname}`;
      known = this.#addresses.get(key);
      if (known === undefined) {
        this.varint(0);
        this.text(hostname);
        this.varint(port);
        known = this.#addresses.size + 1;
        this.#addresses.set(key, known);
        this.#addressObjects.set(address, known);
        return;
      }
      if (this.#addressObjects.size < MOST_ADDRESS_OBJECTS) {
        this.#addressObjects.set(address, known);
      }
    }
    this.varint(known);
  }

  #reserve(sizeBytes: number): void {
    const neededBytes = this.#at + sizeBytes;
    if (neededBytes <= this.#bytes.byteLength) return;
    const larger = new Uint8Array(Math.max(neededBytes, this.#bytes.byteLength * 2));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
