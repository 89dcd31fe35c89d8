/**
 * A server endpoint wired to a tape: the same endpoint, whose calls and results are noted.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import type { Address } from "../address.ts";
import type { Handshake } from "../handshake_responder.ts";
import type { AuthorizationRequest, Verdict } from "../server_door.ts";
import { ServerEndpoint } from "../server_endpoint.ts";
import type { ServerEndpointOptions } from "../server_endpoint_options.ts";
import type { ServerSession } from "../session_registry.ts";
import { RecordCode } from "./record_code.ts";
import { encodeJson } from "./recording_header.ts";
import type { Tape } from "./tape.ts";
import { type Outstanding, tapSession } from "./tapped_session.ts";

/** A server endpoint on a tape. */
export class TappedServerEndpoint extends ServerEndpoint {
  /** Told of each session when the application first sees it, with the messages that it holds of it. */
  onSeen: ((entry: ServerSession, held: Outstanding) => void) | undefined;
  readonly #tape: Tape;
  readonly #seen = new WeakSet<ServerSession>();
  /** Numbers of players at the door, in the order in which the application was asked. */
  readonly #asked = new WeakMap<Handshake, number>();
  #nextAsked = 0;

  /** @param madeOf The options as they stand on the tape. */
  constructor(options: ServerEndpointOptions, nowMs: number, tape: Tape, madeOf: string) {
    tape.noteMade(0, nowMs, madeOf);
    super({ ...options, random: (into) => tape.random(into) }, nowMs);
    this.#tape = tape;
    this.#tapBlockList();
  }

  override get isDraining(): boolean {
    return super.isDraining;
  }

  override set isDraining(value: boolean) {
    this.#tape.out.byte(RecordCode.draining);
    this.#tape.out.byte(value ? 1 : 0);
    this.#tape.commit();
    super.isDraining = value;
  }

  override handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): void {
    const tape = this.#tape;
    this.#before();
    if (!tape.hasDatagram) tape.noteDatagram(bytes, from, false);
    tape.hasDatagram = false;
    tape.noteTime(RecordCode.handleDatagram, nowMs);
    tape.inside(() => super.handleDatagram(bytes, from, nowMs));
  }

  override handleTimeout(nowMs: number): void {
    this.#before();
    this.#tape.noteTime(RecordCode.handleTimeout, nowMs);
    this.#tape.inside(() => super.handleTimeout(nowMs));
  }

  override pollTransmit(into: Uint8Array, nowMs: number): number {
    const tape = this.#tape;
    this.#before();
    tape.noteCapacity(into.byteLength);
    tape.noteTime(RecordCode.pollTransmit, nowMs);
    const sizeBytes = tape.inside(() => super.pollTransmit(into, nowMs));
    if (sizeBytes === 0) tape.note(RecordCode.nothing);
    else noteTransmitted(tape, into.subarray(0, sizeBytes), this.transmitTo);
    return sizeBytes;
  }

  override pollNews(): ServerSession | undefined {
    const tape = this.#tape;
    this.#before();
    tape.note(RecordCode.pollNews);
    const entry = tape.inside(() => super.pollNews());
    if (entry === undefined) {
      tape.note(RecordCode.nothing);
    } else {
      tape.noteId(RecordCode.news, entry.id);
      this.#see(entry);
    }
    return entry;
  }

  override pollAuthorization(): AuthorizationRequest | undefined {
    const tape = this.#tape;
    this.#before();
    tape.note(RecordCode.pollAuthorization);
    const request = tape.inside(() => super.pollAuthorization());
    if (request === undefined) {
      tape.note(RecordCode.nothing);
    } else {
      this.#asked.set(request.handshake, this.#nextAsked);
      tape.noteId(RecordCode.asked, this.#nextAsked++);
    }
    return request;
  }

  override authorize(handshake: Handshake, verdict: Verdict, nowMs: number): void {
    const { out } = this.#tape;
    this.#before();
    out.byte(RecordCode.authorize);
    out.varint(this.#asked.get(handshake) ?? 0);
    out.time(nowMs);
    out.text(encodeJson(verdict));
    this.#tape.commit();
    this.#tape.inside(() => super.authorize(handshake, verdict, nowMs));
  }

  override flush(entry: ServerSession): void {
    if (this.#tape.isInside) return super.flush(entry);
    this.#before();
    this.#tape.noteId(RecordCode.flushSession, entry.id);
    this.#tape.inside(() => super.flush(entry));
  }

  override close(entry: ServerSession, code: number, reason: string, nowMs: number): void {
    if (this.#tape.isInside) return super.close(entry, code, reason, nowMs);
    const { out } = this.#tape;
    this.#before();
    out.byte(RecordCode.closeSession);
    out.varint(entry.id);
    out.varint(code);
    out.time(nowMs);
    out.text(reason);
    this.#tape.commit();
    this.#tape.inside(() => super.close(entry, code, reason, nowMs));
  }

  override linger(
    entry: ServerSession,
    code: number,
    reason: string,
    timeoutMs: number,
    nowMs: number,
  ): void {
    const { out } = this.#tape;
    this.#before();
    out.byte(RecordCode.lingerSession);
    out.varint(entry.id);
    out.varint(code);
    out.float(timeoutMs);
    out.time(nowMs);
    out.text(reason);
    this.#tape.commit();
    this.#tape.inside(() => super.linger(entry, code, reason, timeoutMs, nowMs));
  }

  override block(cidr: string, untilMs: number, nowMs: number): void {
    const { out } = this.#tape;
    this.#before();
    out.byte(RecordCode.block);
    out.float(untilMs);
    out.time(nowMs);
    out.text(cidr);
    this.#tape.commit();
    this.#tape.inside(() => super.block(cidr, untilMs, nowMs));
  }

  override closeAll(code: number, reason: string, nowMs: number): void {
    const { out } = this.#tape;
    this.#before();
    out.byte(RecordCode.closeAll);
    out.varint(code);
    out.time(nowMs);
    out.text(reason);
    this.#tape.commit();
    this.#tape.inside(() => super.closeAll(code, reason, nowMs));
  }

  #before(): void {
    this.#tape.noteTick(this.time);
  }

  #see(entry: ServerSession): void {
    if (this.#seen.has(entry)) return;
    this.#seen.add(entry);
    const tap = { id: entry.id, tape: this.#tape, before: () => this.#before() };
    const held = tapSession(entry.session, tap);
    this.onSeen?.(entry, held);
  }

  #tapBlockList(): void {
    const { blockList } = this;
    const tape = this.#tape;
    const add = blockList.add.bind(blockList);
    blockList.add = (cidr, untilMs = Infinity) => {
      if (!tape.isInside) {
        tape.out.byte(RecordCode.addBlock);
        tape.out.float(untilMs);
        tape.out.text(cidr);
        tape.commit();
      }
      add(cidr, untilMs);
    };
    const remove = blockList.remove.bind(blockList);
    blockList.remove = (cidr) => {
      if (!tape.isInside) tape.noteText(RecordCode.removeBlock, cidr);
      return remove(cidr);
    };
  }
}

/** A datagram that left: where to, how long, and its checksum. The replay makes the bytes again. */
export function noteTransmitted(tape: Tape, bytes: Uint8Array, to: Address): void {
  tape.out.byte(RecordCode.transmitted);
  tape.out.address(to);
  tape.out.varint(bytes.byteLength);
  tape.out.check(crc32(bytes));
  tape.commit();
}
