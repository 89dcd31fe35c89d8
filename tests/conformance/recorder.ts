/**
 * Writes down what a simulated network carries and what random bytes its ends drew.
 *
 * @module
 */
import type { NetworkEvent } from "../../transport/network_event.ts";
import type { Random } from "../../transport/random.ts";
import type { SimulatedNetwork } from "../../transport/simulated_network.ts";
import { addressText, type CapturedDatagram } from "./capture.ts";

/** A datagram with what is not written down. */
interface Recorded {
  readonly datagram: CapturedDatagram;
  isLost: boolean;
}

/** Everything that crossed one simulated network. */
export class Recorder {
  /** The datagrams, in the order in which they were sent. */
  readonly datagrams: CapturedDatagram[] = [];
  /** Every draw of random bytes of every end: the secrets of all handshakes are among them. */
  readonly draws: Uint8Array[] = [];
  readonly #random: Random;
  /** By sender, receiver and bytes: repeats of a HELLO are equal. */
  readonly #records = new Map<string, Recorded[]>();

  constructor(network: SimulatedNetwork, random: Random) {
    this.#random = random;
    network.onDatagram = (event) => this.#note(event);
  }

  /** What ends draw their random bytes from. */
  readonly random = (into: Uint8Array): void => {
    this.#random.fill(into);
    this.draws.push(into.slice());
  };

  /** Random bytes for a key that the scenario itself makes. */
  draw(sizeBytes: number): Uint8Array {
    const bytes = new Uint8Array(sizeBytes);
    this.random(bytes);
    return bytes;
  }

  #note({ atMs, what, from, to, bytes }: NetworkEvent): void {
    const line = { t: atMs, from: addressText(from), to: addressText(to), bytes: bytes.toHex() };
    const key = `${line.from} ${line.to} ${line.bytes}`;
    const records = this.#records.get(key) ?? [];
    if (what === "sent") {
      const datagram = { n: this.datagrams.length, ...line, arrivals: [] };
      this.datagrams.push(datagram);
      records.push({ datagram, isLost: false });
      this.#records.set(key, records);
      return;
    }
    const record = leastArrived(records, what === "dropped" ? atMs : -1);
    if (record === undefined) return;
    if (what === "dropped") record.isLost = true;
    else record.datagram.arrivals.push(atMs);
  }
}

/**
 * The record that an arrival or drop belongs to. A copy does not say of which original it is: equal
 * datagrams share their arrivals in the order of sending. What a line drops, it drops when it is sent.
 */
function leastArrived(records: readonly Recorded[], droppedAtMs: number): Recorded | undefined {
  let least: Recorded | undefined;
  for (const record of records) {
    if (record.isLost) continue;
    if (record.datagram.t === droppedAtMs) return record;
    const isLess = least === undefined ||
      record.datagram.arrivals.length < least.datagram.arrivals.length;
    if (isLess) least = record;
  }
  return least;
}
