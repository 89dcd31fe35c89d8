/**
 * Reads the records of one chunk. A chunk whose checksum holds may still be from a defect or from
 * somebody's hand: whatever it contains, the reader refuses and never loops or allocates beyond it.
 *
 * @module
 */
import type { Address } from "../address.ts";
import { RECORD_LAYOUTS, RecordCode, type RecordField } from "./record_code.ts";
import { RecordingError } from "./recording_error.ts";
import { RAW_TIME, SAME_TIME } from "./record_writer.ts";

/** A record. A field that its kind does not have keeps its default. */
export interface RecordedFact {
  /** One of {@link RecordCode}. */
  readonly code: number;
  /** Number of a session, endpoint, timer or tick. */
  id: number;
  /** Channel, close code or size. */
  number: number;
  /** Any other number. */
  value: number;
  /** A time, milliseconds. */
  timeMs: number;
  /** Bytes; a view of the chunk. */
  bytes: Uint8Array;
  /** Text. */
  text: string;
  /** Where a datagram came from or went to. */
  address: Address;
  /** Yes or no. */
  flag: boolean;
  /** CRC-32 of bytes that are not recorded themselves. */
  check: number;
}

const NO_BYTES = new Uint8Array(0);
const NO_ADDRESS: Address = { hostname: "", port: 0 };
const decoder = new TextDecoder();

/** Reads one chunk from its start. */
export class RecordReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #lastMs = 0;
  #lastNs = 0;
  #addresses: readonly Address[] = [];
  /** The same before the record that was read last. */
  #before: { lastMs: number; lastNs: number; addresses: readonly Address[] } = {
    lastMs: 0,
    lastNs: 0,
    addresses: [],
  };

  /** @param bytes The chunk's records. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Where the next record begins. */
  get offset(): number {
    return this.#at;
  }

  /** Whether the chunk is at its end. */
  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.byteLength;
  }

  /** The bytes of the chunk between two offsets. */
  slice(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(start, end);
  }

  /** Reads what might have stood where the last record stands. */
  readInstead(bytes: Uint8Array): RecordedFact {
    const other = new RecordReader(bytes);
    other.#lastMs = this.#before.lastMs;
    other.#lastNs = this.#before.lastNs;
    other.#addresses = this.#before.addresses;
    return other.read();
  }

  /** The next record. @throws RecordingError `corrupt`. */
  read(): RecordedFact {
    this.#before.lastMs = this.#lastMs;
    this.#before.lastNs = this.#lastNs;
    this.#before.addresses = this.#addresses;
    const code = this.#byte();
    const layout = RECORD_LAYOUTS[code];
    if (layout === undefined) throw corrupt(`there is no record with the number ${code}`);
    const fact: RecordedFact = {
      code,
      id: 0,
      number: 0,
      value: 0,
      timeMs: this.#lastMs,
      bytes: NO_BYTES,
      text: "",
      address: NO_ADDRESS,
      flag: false,
      check: 0,
    };
    for (const field of layout.fields) this.#readField(fact, field);
    return fact;
  }

  #readField(fact: RecordedFact, field: RecordField): void {
    switch (field) {
      case "id":
        fact.id = this.#varint();
        break;
      case "number":
        fact.number = this.#varint();
        break;
      case "value":
        fact.value = this.#float();
        break;
      case "timeMs":
        fact.timeMs = this.#time();
        break;
      case "bytes":
        fact.bytes = this.#take(this.#varint());
        break;
      case "text":
        fact.text = decoder.decode(this.#take(this.#varint()));
        break;
      case "address":
        fact.address = this.#address();
        break;
      case "flag":
        fact.flag = this.#byte() !== 0;
        break;
      case "check":
        this.#need(4);
        fact.check = this.#view.getUint32(this.#at, true);
        this.#at += 4;
    }
  }

  #need(sizeBytes: number): void {
    if (sizeBytes > this.#bytes.byteLength - this.#at) {
      throw corrupt("a record is longer than its chunk");
    }
  }

  #take(sizeBytes: number): Uint8Array {
    this.#need(sizeBytes);
    this.#at += sizeBytes;
    return this.#bytes.subarray(this.#at - sizeBytes, this.#at);
  }

  #byte(): number {
    this.#need(1);
    return this.#bytes[this.#at++]!;
  }

  #float(): number {
    this.#need(8);
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }

  #varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 53; factor *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * factor;
      if (byte < 128 && Number.isSafeInteger(value)) return value;
    }
    throw corrupt("a number has more than 53 bits");
  }

  #time(): number {
    const step = this.#varint();
    if (step === SAME_TIME) return this.#lastMs;
    if (step === RAW_TIME) {
      this.#lastMs = this.#float();
      this.#lastNs = Math.round(this.#lastMs * 1e6);
    } else {
      this.#lastNs += step - RAW_TIME;
      this.#lastMs = this.#lastNs / 1e6;
    }
    return this.#lastMs;
  }

  #address(): Address {
    const index = this.#varint();
    if (index > 0) {
      const known = this.#addresses[index - 1];
      if (known === undefined) throw corrupt("an address was never introduced");
      return known;
    }
    const hostname = decoder.decode(this.#take(this.#varint()));
    const address = { hostname, port: this.#varint() };
    // A new list: whoever reads the same place again finds the old one.
    this.#addresses = [...this.#addresses, address];
    return address;
  }
}

/** A record in a few words, for people. */
export function describeFact(fact: RecordedFact): string {
  const { name = "?", fields = [] } = RECORD_LAYOUTS[fact.code] ?? {};
  const words = fields.map((field) => {
    switch (field) {
      case "bytes":
        return `${fact.bytes.byteLength} bytes`;
      case "text":
        return JSON.stringify(fact.code === RecordCode.made ? "…" : fact.text);
      case "address":
        return `${fact.address.hostname} ${fact.address.port}`;
      case "check":
        return `crc ${fact.check.toString(16).padStart(8, "0")}`;
      default:
        return `${field} ${fact[field]}`;
    }
  });
  return [name, ...words].join(" ");
}

function corrupt(reason: string): RecordingError {
  return new RecordingError("corrupt", `The recording is damaged: ${reason}`);
}
