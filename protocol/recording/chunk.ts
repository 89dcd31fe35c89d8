/**
 * The file around records: a line that names it, then chunks with a length and a checksum each.
 *
 * A chunk is written whole. What a crash leaves behind is the chunks before the last, and perhaps a
 * piece of it; both are told from damage inside of the file.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { RecordingError } from "./recording_error.ts";

/** Version of the format. */
export const RECORDING_VERSION = 1;

const MAGIC = "tickwire recording ";
const PREAMBLE_BYTES = MAGIC.length + 4;
const CHUNK_HEADER_BYTES = 12;

/** A header, or the records of some seconds: the limit keeps a wrong length from asking for gigabytes. */
const MAX_CHUNK_BYTES = 64 * 1024 * 1024;

/** The first bytes of a recording: text, so that whoever opens the file sees what it is. */
export function encodePreamble(): Uint8Array {
  return new TextEncoder().encode(`${MAGIC}${String(RECORDING_VERSION).padStart(3, "0")}\n`);
}

/** A chunk: length, checksum, number, body. */
export function encodeChunk(body: Uint8Array, number: number): Uint8Array {
  const chunk = new Uint8Array(CHUNK_HEADER_BYTES + body.byteLength);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.byteLength, true);
  view.setUint32(8, number, true);
  chunk.set(body, CHUNK_HEADER_BYTES);
  // The number is under the checksum too: chunks in another order are damage.
  view.setUint32(4, crc32(chunk.subarray(8)), true);
  return chunk;
}

/** What a file contains. */
export interface ChunkList {
  /** The bodies, in order. */
  readonly bodies: readonly Uint8Array[];
  /** What is wrong with what follows them; `undefined` when nothing follows. */
  readonly damage: RecordingError | undefined;
}

/**
 * Takes a file apart.
 *
 * @throws RecordingError `not-a-recording` or `version`; `corrupt` or `truncated` when not even its header is whole.
 */
export function readChunks(file: Uint8Array): ChunkList {
  checkPreamble(file);
  const bodies: Uint8Array[] = [];
  let at = PREAMBLE_BYTES;
  let damage: RecordingError | undefined;
  while (at < file.byteLength) {
    const body = readChunk(file, at, bodies.length);
    if (body instanceof RecordingError) {
      damage = body;
      break;
    }
    bodies.push(body);
    at += CHUNK_HEADER_BYTES + body.byteLength;
  }
  if (bodies.length > 0) return { bodies, damage };
  throw damage ?? new RecordingError("truncated", "The recording is empty: not even its header");
}

function checkPreamble(file: Uint8Array): void {
  const text = new TextDecoder().decode(file.subarray(0, PREAMBLE_BYTES));
  const match = /^tickwire recording (\d{3})\n$/.exec(text);
  if (match === null) {
    throw new RecordingError("not-a-recording", "This is no recording of Tickwire");
  }
  const version = Number(match[1]);
  if (version === RECORDING_VERSION) return;
  throw new RecordingError(
    "version",
    `The recording has format version ${version}, this Tickwire reads ${RECORDING_VERSION}`,
  );
}

function readChunk(file: Uint8Array, at: number, number: number): Uint8Array | RecordingError {
  const where = `chunk ${number}, at byte ${at}`;
  const left = file.byteLength - at - CHUNK_HEADER_BYTES;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const sizeBytes = left < 0 ? 0 : view.getUint32(at, true);
  if (sizeBytes > MAX_CHUNK_BYTES) {
    return new RecordingError("corrupt", `The recording is damaged in ${where}: its length`);
  }
  if (left < sizeBytes) {
    return new RecordingError("truncated", `The recording ends inside of ${where}`);
  }
  const end = at + CHUNK_HEADER_BYTES + sizeBytes;
  if (crc32(file.subarray(at + 8, end)) !== view.getUint32(at + 4, true)) {
    return new RecordingError("corrupt", `The recording is damaged in ${where}: its checksum`);
  }
  if (view.getUint32(at + 8, true) !== number) {
    return new RecordingError("corrupt", `The recording is damaged: ${where} is out of order`);
  }
  return file.subarray(at + CHUNK_HEADER_BYTES, end);
}
