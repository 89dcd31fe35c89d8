/**
 * A client endpoint wired to a tape.
 *
 * @module
 */
import type { Address } from "../address.ts";
import {
  ClientEndpoint,
  type ClientEndpointOptions,
  type ClientEvent,
} from "../client_endpoint.ts";
import type { Session } from "../session.ts";
import { RecordCode } from "./record_code.ts";
import type { Tape } from "./tape.ts";
import { noteTransmitted } from "./tapped_server_endpoint.ts";
import { noteEvent, type Outstanding, tapSession } from "./tapped_session.ts";

/** Which endpoint of a client it is, and how it was made. */
export interface ClientTap {
  /** Where its calls go. */
  readonly tape: Tape;
  /** Its number: a client that lost its session makes another. */
  readonly id: number;
  /** When it was made. */
  readonly nowMs: number;
  /** The options as they stand on the tape. */
  readonly madeOf: string;
}

/** A client endpoint on a tape. */
export class TappedClientEndpoint extends ClientEndpoint {
  readonly #tap: ClientTap;
  #tapped: Session | undefined;
  #held: Outstanding = [];

  /** Makes one; it says so on the tape first. */
  constructor(options: ClientEndpointOptions, tap: ClientTap) {
    const { tape, id, nowMs, madeOf } = tap;
    tape.noteMade(id, nowMs, madeOf);
    super({ ...options, random: (into) => tape.random(into) });
    this.#tap = tap;
  }

  /** Messages that the application holds. */
  get held(): Outstanding {
    return this.#held;
  }

  override get session(): Session | undefined {
    const session = super.session;
    if (session !== undefined && session !== this.#tapped) {
      this.#tapped = session;
      const { tape, id } = this.#tap;
      this.#held = tapSession(session, { id, tape, before: () => tape.select(id) });
    }
    return session;
  }

  override connect(nowMs: number): void {
    this.#begin(RecordCode.connect, nowMs);
    this.#tap.tape.inside(() => super.connect(nowMs));
  }

  override handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): void {
    const { tape, id } = this.#tap;
    tape.select(id);
    if (!tape.hasDatagram) tape.noteDatagram(bytes, from, false);
    tape.hasDatagram = false;
    tape.noteTime(RecordCode.handleDatagram, nowMs);
    tape.inside(() => super.handleDatagram(bytes, from, nowMs));
  }

  override handleTimeout(nowMs: number): void {
    this.#begin(RecordCode.handleTimeout, nowMs);
    this.#tap.tape.inside(() => super.handleTimeout(nowMs));
  }

  override deadlineMs(nowMs: number): number {
    // To ask is not innocent: messages whose time is over are dropped by it.
    this.#begin(RecordCode.deadline, nowMs);
    return this.#tap.tape.inside(() => super.deadlineMs(nowMs));
  }

  override pollTransmit(into: Uint8Array, nowMs: number): number {
    const { tape } = this.#tap;
    tape.noteCapacity(into.byteLength);
    this.#begin(RecordCode.pollTransmit, nowMs);
    const sizeBytes = tape.inside(() => super.pollTransmit(into, nowMs));
    if (sizeBytes === 0) tape.note(RecordCode.nothing);
    else noteTransmitted(tape, into.subarray(0, sizeBytes), this.transmitTo);
    return sizeBytes;
  }

  override pollEvent(nowMs: number): ClientEvent | undefined {
    this.#begin(RecordCode.pollClientEvent, nowMs);
    const event = this.#tap.tape.inside(() => super.pollEvent(nowMs));
    noteEvent(this.#tap.tape, event);
    return event;
  }

  #begin(code: number, nowMs: number): void {
    this.#tap.tape.select(this.#tap.id);
    this.#tap.tape.noteTime(code, nowMs);
  }
}
