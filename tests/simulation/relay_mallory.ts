/**
 * A relay that cannot be trusted: it changes, loses, repeats and delays what it forwards.
 *
 * It is the relay's own pipe, so whatever it sends carries the tag of the hop as far as that goes: a tag of a
 * DATA frame covers 32 bytes of the packet, and what Mallory changes behind them no hop can see.
 *
 * @module
 */
import type { Address } from "../../protocol/address.ts";
import type { DatagramPipe, PipeCounters, TransmitSlot } from "../../transport/pipe.ts";
import { Random, seedFor } from "../../transport/random.ts";

/** What Mallory may do to one datagram. */
const DEEDS = ["flip the packet", "flip the header", "drop", "replay", "hold back"] as const;

/** A pipe that does harm. */
export class MalloryPipe implements DatagramPipe {
  readonly kind = "mallory";
  readonly localAddress: Address;
  readonly maxDatagramBytes: number;
  readonly counters: Readonly<PipeCounters>;
  /** What was done, by deed. */
  readonly done = new Map<string, number>(DEEDS.map((deed) => [deed, 0]));
  /** Does harm only while this holds. */
  isAwake = false;
  readonly #inner: DatagramPipe;
  readonly #random: Random;
  readonly #share: number;
  #held: { readonly bytes: Uint8Array; readonly to: Address } | undefined;

  /** @param share Part of all datagrams that something is done to. */
  constructor(inner: DatagramPipe, seed: number, share: number) {
    this.localAddress = inner.localAddress;
    this.maxDatagramBytes = inner.maxDatagramBytes;
    this.counters = inner.counters;
    this.#inner = inner;
    this.#random = new Random(seedFor("mallory", seed));
    this.#share = share;
  }

  start(onDatagram: (bytes: Uint8Array, from: Address) => void): void {
    this.#inner.start(onDatagram);
  }

  acquire(): TransmitSlot | undefined {
    return this.#inner.acquire();
  }

  send(slot: TransmitSlot, sizeBytes: number, to: Address): void {
    const deed = this.isAwake && this.#random.chance(this.#share)
      ? this.#random.pick(DEEDS)
      : undefined;
    if (deed !== undefined) this.done.set(deed, this.done.get(deed)! + 1);
    const bytes = slot.bytes.slice(0, sizeBytes);
    if (deed === "drop" || deed === "hold back") {
      this.#inner.release(slot);
      if (deed === "hold back") this.#held = { bytes, to };
      return;
    }
    if (deed === "flip the header") this.#flip(slot.bytes, 0, Math.min(sizeBytes, 52));
    if (deed === "flip the packet") this.#flip(slot.bytes, Math.min(sizeBytes - 1, 52), sizeBytes);
    this.#inner.send(slot, sizeBytes, to);
    if (deed === "replay") { for (let i = 0; i < 3; i++) this.#again(bytes, to); }
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#again(held.bytes, held.to);
  }

  release(slot: TransmitSlot): void {
    this.#inner.release(slot);
  }

  resolve(hostname: string, port: number): Promise<Address[]> {
    return this.#inner.resolve(hostname, port);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #again(bytes: Uint8Array, to: Address): void {
    const slot = this.#inner.acquire();
    if (slot === undefined) return;
    slot.bytes.set(bytes);
    this.#inner.send(slot, bytes.byteLength, to);
  }

  #flip(bytes: Uint8Array, start: number, end: number): void {
    const at = start + this.#random.below(end - start);
    bytes[at]! ^= 1 << this.#random.below(8);
  }
}
