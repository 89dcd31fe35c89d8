/**
 * Accepts or refuses msgpack bytes before they are decoded: canonical form, closed set of types,
 * bounded depth and count. It allocates nothing and visits each byte once.
 *
 * Canonical means what `@msgpack/msgpack` writes with sorted keys: every integer, length and count
 * in its shortest form, integers never as floats, floats as 64 bits, keys strictly ascending by
 * UTF-16 units (the order of JavaScript's `sort`). So a value has one byte string.
 *
 * @module
 */
import { isUtf8 } from "./utf8.ts";

/** Containers are followed no deeper than this, whatever a caller asks for. */
export const MAX_MSGPACK_DEPTH = 32;

/** Where the scan stands. One object a scan, so that the functions below stay plain. */
interface Scan {
  readonly view: DataView;
  readonly end: number;
  at: number;
  itemsLeft: number;
}

const REFUSED = -1;

/**
 * Whether `[offset, end)` is exactly one canonical value within the limits.
 *
 * @param maxDepth Deepest nesting; a bare number has depth 1.
 * @param maxItems Most values in all, with containers and map keys counted.
 */
export function scanMsgpack(
  view: DataView,
  offset: number,
  end: number,
  maxDepth: number,
  maxItems: number,
): boolean {
  const scan: Scan = { view, end, at: offset, itemsLeft: maxItems };
  return scanValue(scan, Math.min(maxDepth, MAX_MSGPACK_DEPTH)) && scan.at === end;
}

function scanValue(scan: Scan, depthLeft: number): boolean {
  if (depthLeft === 0 || --scan.itemsLeft < 0 || scan.at >= scan.end) return false;
  const head = scan.view.getUint8(scan.at++);
  if (head < 0x80 || head >= 0xe0) return true;
  if (head < 0x90) return scanMap(scan, head - 0x80, depthLeft);
  if (head < 0xa0) return scanArray(scan, head - 0x90, depthLeft);
  if (head < 0xc0) return scanText(scan, head - 0xa0);
  switch (head) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return true;
    case 0xc4:
      return skip(scan, sizeAfter(scan, 1, 0));
    case 0xc5:
      return skip(scan, sizeAfter(scan, 2, 0x100));
    case 0xc6:
      return skip(scan, sizeAfter(scan, 4, 0x1_0000));
    case 0xcb:
      return scanFloat(scan);
    case 0xd9:
    case 0xda:
    case 0xdb:
      return scanText(scan, textSize(scan, head));
    case 0xdc:
      return scanArray(scan, sizeAfter(scan, 2, 16), depthLeft);
    case 0xdd:
      return scanArray(scan, sizeAfter(scan, 4, 0x1_0000), depthLeft);
    case 0xde:
      return scanMap(scan, sizeAfter(scan, 2, 16), depthLeft);
    case 0xdf:
      return scanMap(scan, sizeAfter(scan, 4, 0x1_0000), depthLeft);
    default:
      return head >= 0xcc && head <= 0xd3 && scanInteger(scan, head);
  }
}

/** An unsigned size of 1, 2 or 4 bytes; {@link REFUSED} when a shorter form would have held it. */
function sizeAfter(scan: Scan, bytes: number, smallest: number): number {
  const { view, at } = scan;
  if (!skip(scan, bytes)) return REFUSED;
  const size = bytes === 1
    ? view.getUint8(at)
    : bytes === 2
    ? view.getUint16(at)
    : view.getUint32(at);
  return size >= smallest ? size : REFUSED;
}

/** The size after the head byte of a text that is no fixstr. */
function textSize(scan: Scan, head: number): number {
  if (head === 0xd9) return sizeAfter(scan, 1, 32);
  return head === 0xda ? sizeAfter(scan, 2, 0x100) : sizeAfter(scan, 4, 0x1_0000);
}

function skip(scan: Scan, bytes: number): boolean {
  if (bytes < 0 || bytes > scan.end - scan.at) return false;
  scan.at += bytes;
  return true;
}

function scanInteger(scan: Scan, head: number): boolean {
  const { view, at } = scan;
  const bytes = 1 << ((head - 0xcc) & 3);
  if (!skip(scan, bytes)) return false;
  switch (head) {
    case 0xcc:
      return view.getUint8(at) >= 0x80;
    case 0xcd:
      return view.getUint16(at) >= 0x100;
    case 0xce:
      return view.getUint32(at) >= 0x1_0000;
    case 0xcf:
      // Above 2^53 - 1 the library writes a float.
      return view.getUint32(at) >= 1 && view.getUint32(at) <= 0x1f_ffff;
    case 0xd0:
      return view.getInt8(at) < -0x20;
    case 0xd1:
      return view.getInt16(at) < -0x80;
    case 0xd2:
      return view.getInt32(at) < -0x8000;
    default: {
      const value = view.getInt32(at) * 4_294_967_296 + view.getUint32(at + 4);
      return value < -0x8000_0000 && value >= Number.MIN_SAFE_INTEGER;
    }
  }
}

function scanFloat(scan: Scan): boolean {
  const { at } = scan;
  if (!skip(scan, 8)) return false;
  const value = scan.view.getFloat64(at);
  // Safe integers, -0 among them, travel as integers.
  return Number.isFinite(value) && !Number.isSafeInteger(value);
}

function scanText(scan: Scan, bytes: number): boolean {
  const { view, at } = scan;
  if (!skip(scan, bytes) || !isUtf8(view, at, at + bytes, true)) return false;
  // The library drops a leading byte order mark from long texts.
  return bytes < 3 || view.getUint16(at) !== 0xefbb || view.getUint8(at + 2) !== 0xbf;
}

function scanArray(scan: Scan, count: number, depthLeft: number): boolean {
  if (count < 0 || count > scan.itemsLeft) return false;
  for (let i = 0; i < count; i++) {
    if (!scanValue(scan, depthLeft - 1)) return false;
  }
  return true;
}

function scanMap(scan: Scan, count: number, depthLeft: number): boolean {
  if (count < 0 || count > scan.itemsLeft) return false;
  let previousStart = 0;
  let previousEnd = 0;
  for (let i = 0; i < count; i++) {
    if (!scanKey(scan)) return false;
    const end = scan.at;
    const start = keyTextStart(scan.view, lastKeyHead);
    if (i > 0 && !isAscending(scan.view, previousStart, previousEnd, start, end)) return false;
    if (isPrototypeKey(scan.view, start, end)) return false;
    previousStart = start;
    previousEnd = end;
    if (!scanValue(scan, depthLeft - 1)) return false;
  }
  return true;
}

/** Offset of the head byte of the key that {@link scanKey} accepted last. */
let lastKeyHead = 0;

function scanKey(scan: Scan): boolean {
  lastKeyHead = scan.at;
  if (--scan.itemsLeft < 0 || scan.at >= scan.end) return false;
  const head = scan.view.getUint8(scan.at++);
  if (head >= 0xa0 && head < 0xc0) return scanText(scan, head - 0xa0);
  return head >= 0xd9 && head <= 0xdb && scanText(scan, textSize(scan, head));
}

function keyTextStart(view: DataView, headAt: number): number {
  const head = view.getUint8(headAt);
  return headAt + 1 + (head < 0xc0 ? 0 : 1 << (head - 0xd9));
}

/** Whether the first key sorts strictly before the second by UTF-16 units. */
function isAscending(
  view: DataView,
  leftStart: number,
  leftEnd: number,
  rightStart: number,
  rightEnd: number,
): boolean {
  const length = Math.min(leftEnd - leftStart, rightEnd - rightStart);
  for (let i = 0; i < length; i++) {
    const left = view.getUint8(leftStart + i);
    const right = view.getUint8(rightStart + i);
    if (left !== right) return utf16Rank(left) < utf16Rank(right);
  }
  return leftEnd - leftStart < rightEnd - rightStart;
}

/**
 * UTF-8 bytes sort as code points; UTF-16 puts surrogate pairs (leads 0xF0 to 0xF4) before
 * U+E000 to U+FFFF (leads 0xEE and 0xEF).
 */
function utf16Rank(byte: number): number {
  return byte === 0xee || byte === 0xef ? byte + 0x10 : byte;
}

const PROTOTYPE_KEY = "__proto__";

function isPrototypeKey(view: DataView, start: number, end: number): boolean {
  if (end - start !== PROTOTYPE_KEY.length) return false;
  for (let i = 0; i < PROTOTYPE_KEY.length; i++) {
    if (view.getUint8(start + i) !== PROTOTYPE_KEY.charCodeAt(i)) return false;
  }
  return true;
}
