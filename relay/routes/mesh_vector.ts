/**
 * What one relay measured to all others, in few bytes.
 *
 * ```text
 * 0  u8   version, 1
 * 1  u8   0
 * 2  u16  number of links, at most 1,024
 * then per link
 *    u8   bytes of the id, 1 to 64
 *    …    id of the other relay, UTF-8
 *    u8   p95 of the round trip in units of 2 ms, rounded up; 255 for more than 508 ms
 *    u8   jitter in ms, rounded up; 255 for 255 ms and more
 *    u16  loss in units of 1 / 65,535, rounded up
 * ```
 *
 * Numbers are little-endian. They are rounded up, so that nothing looks better than it was measured: by
 * at most 2 ms, 1 ms and 0.0016 %. What does not fit, more than 508 ms, reads back as `Infinity`: too far
 * for a route anyway.
 *
 * @module
 */
import { isPathQuality, type PathQuality } from "./path_quality.ts";

/** A measured path to another relay; the links of a directory's mesh record. */
export interface MeshLink extends PathQuality {
  /** Id of the other relay, 1 to 64 bytes of UTF-8. */
  readonly to: string;
}

/** Links of one vector, as many as a directory takes. */
export const MAX_MESH_LINKS = 1_024;

const VERSION = 1;
const HEADER_BYTES = 4;
const MAX_ID_BYTES = 64;
const NUMBERS_BYTES = 4;
const RTT_UNIT_MS = 2;
const UNKNOWN = 255;
const LOSS_SLACK = 1e-6;

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { fatal: true });

/**
 * Writes a vector.
 *
 * @throws {RangeError} for more than 1,024 links, an id of more than 64 bytes, or numbers that measure nothing.
 */
export function encodeMeshVector(links: readonly MeshLink[]): Uint8Array {
  if (links.length > MAX_MESH_LINKS) {
    throw new RangeError(`Cannot encode ${links.length} links: at most ${MAX_MESH_LINKS}`);
  }
  const bytes: number[] = [VERSION, 0, links.length & 0xff, links.length >> 8];
  for (const link of links) {
    const id = ENCODER.encode(link.to);
    if (id.byteLength < 1 || id.byteLength > MAX_ID_BYTES || !isPathQuality(link)) {
      throw new RangeError(`Cannot encode the link to "${link.to}"`);
    }
    // The slack keeps a share that was read from being rounded up once more.
    const loss = Math.ceil(link.loss * 0xffff - LOSS_SLACK);
    const rtt = Math.min(UNKNOWN, Math.ceil(link.p95RttMs / RTT_UNIT_MS));
    const jitter = Math.min(UNKNOWN, Math.ceil(link.jitterMs));
    bytes.push(id.byteLength, ...id, rtt, jitter, loss & 0xff, loss >> 8);
  }
  return Uint8Array.from(bytes);
}

/** Reads a vector; `undefined` for anything that {@link encodeMeshVector} does not write. */
export function decodeMeshVector(bytes: Uint8Array): MeshLink[] | undefined {
  if (bytes.byteLength < HEADER_BYTES || bytes[0] !== VERSION || bytes[1] !== 0) return undefined;
  const count = bytes[2]! | bytes[3]! << 8;
  if (count > MAX_MESH_LINKS) return undefined;
  const links: MeshLink[] = [];
  let at = HEADER_BYTES;
  for (let index = 0; index < count; index++) {
    const idBytes = bytes[at] ?? 0;
    const numbersAt = at + 1 + idBytes;
    const end = numbersAt + NUMBERS_BYTES;
    if (idBytes < 1 || idBytes > MAX_ID_BYTES || end > bytes.byteLength) return undefined;
    const to = decodeText(bytes.subarray(at + 1, numbersAt));
    if (to === undefined) return undefined;
    const rtt = bytes[numbersAt]!;
    links.push({
      to,
      p95RttMs: rtt === UNKNOWN ? Infinity : rtt * RTT_UNIT_MS,
      jitterMs: bytes[numbersAt + 1]!,
      loss: (bytes[numbersAt + 2]! | bytes[numbersAt + 3]! << 8) / 0xffff,
    });
    at = end;
  }
  return at === bytes.byteLength ? links : undefined;
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return DECODER.decode(bytes);
  } catch {
    return undefined;
  }
}
