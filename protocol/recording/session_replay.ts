/**
 * Does to a session again what an application did to it.
 *
 * @module
 */
import type { Session } from "../session.ts";
import { RecordCode } from "./record_code.ts";
import type { RecordedFact } from "./record_reader.ts";
import { RecordingError } from "./recording_error.ts";
import type { Outstanding } from "./tapped_session.ts";

/** A message as it was taken from a session. */
export interface TakenMessage {
  /** Its channel. */
  readonly channel: number;
  /** Its bytes. */
  readonly bytes: Uint8Array;
}

/** Does it. @returns The message that was taken, if it was that and there was one. */
export function repeatSessionCall(
  session: Session,
  held: Outstanding,
  fact: RecordedFact,
): TakenMessage | undefined {
  switch (fact.code) {
    case RecordCode.send:
      send(session, fact);
      break;
    case RecordCode.flush:
      session.flush();
      break;
    case RecordCode.pollMessage:
      return taken(session);
    case RecordCode.release:
      release(session, held, fact);
      break;
    case RecordCode.pollEvent:
      session.pollEvent();
      break;
    case RecordCode.close:
      session.close(fact.number, fact.text, fact.timeMs);
      break;
    case RecordCode.linger:
      session.linger(fact.number, fact.text, fact.value, fact.timeMs);
  }
  return undefined;
}

function send(session: Session, { number, flag, timeMs, bytes }: RecordedFact): void {
  const message = session.prepare(bytes.byteLength);
  message.bytes.set(bytes);
  message.sizeBytes = bytes.byteLength;
  session.send(number, message, flag ? () => {} : undefined, timeMs);
}

function taken(session: Session): TakenMessage | undefined {
  const message = session.pollMessage();
  return message && {
    channel: message.channel,
    bytes: message.bytes.slice(0, message.sizeBytes),
  };
}

function release(session: Session, held: Outstanding, { number }: RecordedFact): void {
  const message = held[number];
  if (message === undefined) {
    throw new RecordingError("corrupt", "The recording gives back a message that was never taken");
  }
  session.release(message);
}
