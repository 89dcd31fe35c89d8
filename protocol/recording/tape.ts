/**
 * What a recorded core is wired to: every call that it gets and every value that it reads passes here.
 *
 * One end of it writes ({@link RecordingTape}), the other compares ({@link VerifyingTape}). The core's
 * taps and the wrappers around clock, socket and randomness do not know which of them they have, so
 * that what is compared in a replay is exactly what was written.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { TickTime } from "../connection_context.ts";
import { RecordCode } from "./record_code.ts";
import { RecordWriter } from "./record_writer.ts";

/** A tape. */
export abstract class Tape {
  /** The record at hand; {@link commit} ends it. */
  readonly out: RecordWriter = new RecordWriter();
  /** Whether a call of the core is under way: what it calls of itself is not recorded again. */
  isInside = false;
  /** Whether the datagram of the next `handleDatagram` is on the tape already. */
  hasDatagram = false;
  #endpoint = -1;
  #capacityBytes = 0;
  #tick = 0;
  #tickStartedAtMs = 0;

  /** Ends the record at hand. */
  abstract commit(): void;

  /** The time. */
  abstract nowMs(): number;

  /** The wall clock, milliseconds since 1970. */
  abstract wallClockMs(): number;

  /** Fills a buffer with random bytes. */
  abstract random(into: Uint8Array): void;

  /** A record without fields. */
  note(code: number): void {
    this.out.byte(code);
    this.commit();
  }

  /** A record of a text. */
  noteText(code: number, text: string): void {
    this.out.byte(code);
    this.out.text(text);
    this.commit();
  }

  /** A record of a session, endpoint or request. */
  noteId(code: number, id: number): void {
    this.out.byte(code);
    this.out.varint(id);
    this.commit();
  }

  /** A record of a time. */
  noteTime(code: number, nowMs: number): void {
    this.out.byte(code);
    this.out.time(nowMs);
    this.commit();
  }

  /** An endpoint is made of these options. */
  noteMade(endpoint: number, nowMs: number, text: string): void {
    this.out.byte(RecordCode.made);
    this.out.varint(endpoint);
    this.out.time(nowMs);
    this.out.text(text);
    this.commit();
    this.#endpoint = endpoint;
  }

  /** The endpoint of the calls that follow. */
  select(endpoint: number): void {
    if (endpoint === this.#endpoint) return;
    this.#endpoint = endpoint;
    this.noteId(RecordCode.endpoint, endpoint);
  }

  /** The tick that clients are told. */
  noteTick({ tick, startedAtMs }: TickTime): void {
    if (tick === this.#tick && startedAtMs === this.#tickStartedAtMs) return;
    this.#tick = tick;
    this.#tickStartedAtMs = startedAtMs;
    this.out.byte(RecordCode.tick);
    this.out.varint(tick);
    this.out.float(startedAtMs);
    this.commit();
  }

  /** A datagram arrived. `isSameTurn` says that no promise was settled since the event before. */
  noteDatagram(bytes: Uint8Array, from: Address, isSameTurn: boolean): void {
    this.out.byte(RecordCode.datagram);
    this.out.address(from);
    this.out.byte(isSameTurn ? 1 : 0);
    this.out.bytes(bytes);
    this.commit();
    this.hasDatagram = true;
  }

  /** The room of the buffers that datagrams are built into. */
  noteCapacity(sizeBytes: number): void {
    if (sizeBytes === this.#capacityBytes) return;
    this.#capacityBytes = sizeBytes;
    this.out.byte(RecordCode.capacity);
    this.out.varint(sizeBytes);
    this.commit();
  }

  /** Somebody closes the server. */
  noteClose(reason: string, flush: boolean, timeoutMs: number): void {
    this.out.byte(RecordCode.hostClose);
    this.out.byte(flush ? 1 : 0);
    this.out.float(timeoutMs);
    this.out.text(reason);
    this.commit();
  }

  /** Somebody drains the server. */
  noteDrain(timeoutMs: number): void {
    this.out.byte(RecordCode.hostDrain);
    this.out.float(timeoutMs);
    this.commit();
  }

  /** What a call threw: a defect, or a mistake of the application. */
  noteThrown(error: unknown): void {
    this.noteText(RecordCode.threw, error instanceof Error ? error.message : String(error));
  }

  /** Does something that is not to be recorded again. */
  inside<Value>(action: () => Value): Value {
    this.isInside = true;
    try {
      return action();
    } catch (error) {
      this.noteThrown(error);
      throw error;
    } finally {
      this.isInside = false;
    }
  }
}
