/**
 * Wires a session's application side to a tape: what is sent, taken and ended through it.
 *
 * The session stays the object that it is; the methods that applications call are replaced on it. What
 * the core calls of itself, inside of a call that is recorded already, is not recorded again.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import type { MessageBuffer } from "../message_pool.ts";
import type { Session } from "../session.ts";
import type { SessionEvent } from "../session_event.ts";
import { RecordCode } from "./record_code.ts";
import { encodeJson } from "./recording_header.ts";
import type { Tape } from "./tape.ts";

/** What a tapped session is. */
export interface SessionTap {
  /** Its number: unique within its endpoint. */
  readonly id: number;
  /** Where its calls go. */
  readonly tape: Tape;
  /** Called before each call: says on the tape which endpoint it is, and what changed beside it. */
  readonly before: () => void;
}

/** Results of deliveries by their number on the tape. */
export const DELIVERY_RESULTS = ["acked", "lost", "dropped"] as const;

const SEND_CODES = {
  queued: RecordCode.queued,
  blocked: RecordCode.blocked,
  dropped: RecordCode.dropped,
} as const;

/** Messages that were taken from a session and not given back. */
export type Outstanding = MessageBuffer[];

/**
 * Wires a session.
 *
 * @returns Its messages that the application holds, in the order in which it took them.
 */
export function tapSession(session: Session, tap: SessionTap): Outstanding {
  const outstanding: Outstanding = [];
  tapSend(session, tap);
  tapTaking(session, tap, outstanding);
  tapEnding(session, tap);
  return outstanding;
}

function tapSend(session: Session, { id, tape, before }: SessionTap): void {
  const { out } = tape;
  const send = session.send.bind(session);
  session.send = (channel, message, onResult, nowMs) => {
    if (tape.isInside) return send(channel, message, onResult, nowMs);
    before();
    out.byte(RecordCode.send);
    out.varint(id);
    out.varint(channel);
    out.byte(onResult === undefined ? 0 : 1);
    out.time(nowMs);
    out.bytes(message.bytes.subarray(0, message.sizeBytes));
    tape.commit();
    const result = tape.inside(() => send(channel, message, onResult, nowMs));
    tape.note(SEND_CODES[result]);
    return result;
  };
  const flush = session.flush.bind(session);
  session.flush = () => {
    if (!tape.isInside) {
      before();
      tape.noteId(RecordCode.flush, id);
    }
    flush();
  };
}

function tapTaking(session: Session, tap: SessionTap, outstanding: Outstanding): void {
  const { id, tape, before } = tap;
  const { out } = tape;
  const pollMessage = session.pollMessage.bind(session);
  session.pollMessage = () => {
    if (tape.isInside) return pollMessage();
    before();
    tape.noteId(RecordCode.pollMessage, id);
    const message = tape.inside(pollMessage);
    if (message === undefined) {
      tape.note(RecordCode.nothing);
      return message;
    }
    outstanding.push(message);
    out.byte(RecordCode.message);
    out.varint(message.channel);
    out.check(crc32(message.bytes.subarray(0, message.sizeBytes)));
    tape.commit();
    return message;
  };
  const release = session.release.bind(session);
  session.release = (message) => {
    if (tape.isInside) return release(message);
    before();
    const index = outstanding.indexOf(message);
    out.byte(RecordCode.release);
    out.varint(id);
    out.varint(Math.max(index, 0));
    tape.commit();
    if (index >= 0) outstanding.splice(index, 1);
    tape.inside(() => release(message));
  };
  const pollEvent = session.pollEvent.bind(session);
  session.pollEvent = () => {
    if (tape.isInside) return pollEvent();
    before();
    tape.noteId(RecordCode.pollEvent, id);
    const event = tape.inside(pollEvent);
    noteEvent(tape, event);
    return event;
  };
}

function tapEnding(session: Session, { id, tape, before }: SessionTap): void {
  const { out } = tape;
  const close = session.close.bind(session);
  session.close = (code, reason, nowMs) => {
    if (tape.isInside) return close(code, reason, nowMs);
    before();
    out.byte(RecordCode.close);
    out.varint(id);
    out.varint(code);
    out.time(nowMs);
    out.text(reason);
    tape.commit();
    tape.inside(() => close(code, reason, nowMs));
  };
  const linger = session.linger.bind(session);
  session.linger = (code, reason, timeoutMs, nowMs) => {
    if (tape.isInside) return linger(code, reason, timeoutMs, nowMs);
    before();
    out.byte(RecordCode.linger);
    out.varint(id);
    out.varint(code);
    out.float(timeoutMs);
    out.time(nowMs);
    out.text(reason);
    tape.commit();
    tape.inside(() => linger(code, reason, timeoutMs, nowMs));
  };
}

/** An event as it stands on a tape; its callback stays with the application. */
export function noteEvent(
  tape: Tape,
  event: SessionEvent | { readonly kind: string } | undefined,
): void {
  if (event === undefined) {
    tape.note(RecordCode.nothing);
  } else if ("result" in event) {
    tape.out.byte(RecordCode.delivery);
    tape.out.varint(DELIVERY_RESULTS.indexOf(event.result));
    tape.commit();
  } else {
    tape.noteText(RecordCode.event, encodeJson(event));
  }
}
