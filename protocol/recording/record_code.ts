/**
 * The records of a recording: what each is called, and which fields it has, in order.
 *
 * One table serves writer, reader and printer. Described in docs/recording.md.
 *
 * @module
 */

/** Numbers of records. A number is never given a second meaning: format version 1 keeps them. */
export const RecordCode = {
  // What came from outside.
  clock: 1,
  wallClock: 2,
  random: 3,
  timer: 4,
  datagram: 5,
  noBuffer: 6,
  tick: 7,
  capacity: 8,
  endpoint: 9,
  made: 10,
  hostClose: 11,
  hostDrain: 12,
  hostStop: 13,
  end: 15,
  // Calls of an endpoint.
  handleDatagram: 16,
  handleTimeout: 17,
  pollTransmit: 18,
  pollNews: 19,
  pollAuthorization: 20,
  authorize: 21,
  flushSession: 22,
  closeSession: 23,
  lingerSession: 24,
  block: 25,
  addBlock: 26,
  removeBlock: 27,
  closeAll: 28,
  draining: 29,
  connect: 30,
  pollClientEvent: 31,
  // Calls of a session.
  send: 32,
  flush: 33,
  pollMessage: 34,
  release: 35,
  pollEvent: 36,
  close: 37,
  linger: 38,
  deadline: 39,
  // What a call returned.
  nothing: 48,
  transmitted: 49,
  news: 50,
  asked: 51,
  event: 52,
  delivery: 53,
  queued: 54,
  blocked: 55,
  dropped: 56,
  message: 57,
  threw: 58,
} as const;

/** A field of a record; its name says what type it has. */
export type RecordField =
  | "id"
  | "number"
  | "value"
  | "timeMs"
  | "bytes"
  | "text"
  | "address"
  | "flag"
  | "check";

/** A kind of record. */
export interface RecordLayout {
  /** Its name. */
  readonly name: string;
  /** Its fields in the order in which they are written. */
  readonly fields: readonly RecordField[];
}

const FIELDS: Readonly<Record<keyof typeof RecordCode, readonly RecordField[]>> = {
  clock: ["timeMs"],
  wallClock: ["value"],
  random: ["bytes"],
  timer: ["id", "flag"],
  datagram: ["address", "flag", "bytes"],
  noBuffer: [],
  tick: ["id", "value"],
  capacity: ["number"],
  endpoint: ["id"],
  made: ["id", "timeMs", "text"],
  hostClose: ["flag", "value", "text"],
  hostDrain: ["value"],
  hostStop: [],
  end: ["text"],
  handleDatagram: ["timeMs"],
  handleTimeout: ["timeMs"],
  pollTransmit: ["timeMs"],
  pollNews: [],
  pollAuthorization: [],
  authorize: ["id", "timeMs", "text"],
  flushSession: ["id"],
  closeSession: ["id", "number", "timeMs", "text"],
  lingerSession: ["id", "number", "value", "timeMs", "text"],
  block: ["value", "timeMs", "text"],
  addBlock: ["value", "text"],
  removeBlock: ["text"],
  closeAll: ["number", "timeMs", "text"],
  draining: ["flag"],
  connect: ["timeMs"],
  pollClientEvent: ["timeMs"],
  send: ["id", "number", "flag", "timeMs", "bytes"],
  flush: ["id"],
  pollMessage: ["id"],
  release: ["id", "number"],
  pollEvent: ["id"],
  close: ["id", "number", "timeMs", "text"],
  linger: ["id", "number", "value", "timeMs", "text"],
  deadline: ["timeMs"],
  nothing: [],
  transmitted: ["address", "number", "check"],
  news: ["id"],
  asked: ["id"],
  event: ["text"],
  delivery: ["number"],
  queued: [],
  blocked: [],
  dropped: [],
  message: ["number", "check"],
  threw: ["text"],
};

/** The layout of each record by its number; `undefined` for numbers that mean nothing. */
export const RECORD_LAYOUTS: readonly (RecordLayout | undefined)[] = layouts();

function layouts(): (RecordLayout | undefined)[] {
  const table: (RecordLayout | undefined)[] = [];
  // Boundary cast: the keys of the table above are exactly the names.
  for (const [name, code] of Object.entries(RecordCode)) {
    table[code] = { name, fields: FIELDS[name as keyof typeof RecordCode] };
  }
  return table;
}

/** Whether a record is something that happens to the process: a datagram, a timer, a word of its host. */
export function isOutsideEvent(code: number): boolean {
  return code === RecordCode.datagram || code === RecordCode.timer ||
    code === RecordCode.hostClose || code === RecordCode.hostDrain ||
    code === RecordCode.hostStop;
}

/** Whether a record is a call of an endpoint or a session. */
export function isCall(code: number): boolean {
  return code >= RecordCode.handleDatagram && code <= RecordCode.deadline;
}
