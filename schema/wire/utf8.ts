/**
 * UTF-8 between JavaScript strings and views. Well-formed text without U+0000 only, in both
 * directions, as serialize 1.0 requires of `string`: a NUL gives text two lengths, one on the wire
 * and one in every C peer.
 *
 * Short ASCII, which is most of what games send, is handled in JavaScript: calling `TextEncoder`
 * or `TextDecoder` costs 100 to 200 ns before the first byte.
 *
 * @module
 */

/** Longer text goes through `TextEncoder` and `TextDecoder`. */
const NATIVE_FROM_BYTES = 96;

const encoder = new TextEncoder();
// The byte order mark is a character like any other here: dropping it would make two texts one.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The units of the last short text that {@link utf8Bytes} measured. Texts are measured before the
 * length is written and written after it; getting a character out of a string twice costs more than
 * keeping it here.
 */
const measuredUnits = new Uint8Array(NATIVE_FROM_BYTES);
const measuredWords = new Int32Array(measuredUnits.buffer);
let measuredText = "";

/**
 * The length of `text` in UTF-8.
 *
 * @returns Bytes, or -1 when `text` has an unpaired surrogate or U+0000.
 */
export function utf8Bytes(text: string): number {
  const length = text.length;
  let all = 0;
  let belowOne = 0;
  // No branch in the loops: most text is ASCII, and one look at the sums tells.
  if (length <= NATIVE_FROM_BYTES) {
    measuredText = text;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      all |= unit;
      belowOne |= unit - 1;
      measuredUnits[i] = unit;
    }
  } else {
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      all |= unit;
      belowOne |= unit - 1;
    }
  }
  if (belowOne < 0) return -1;
  return all < 0x80 ? length : wideUtf8Bytes(text);
}

/** As {@link utf8Bytes}, for text without U+0000. */
function wideUtf8Bytes(text: string): number {
  const length = text.length;
  let bytes = length;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      bytes++;
    } else if (unit < 0xd800 || unit > 0xdfff) {
      bytes += 2;
    } else {
      // A pair is two units and four bytes, so each unit of it adds one.
      const next = unit < 0xdc00 && i + 1 < length ? text.charCodeAt(i + 1) : 0;
      if (next < 0xdc00 || next > 0xdfff) return -1;
      bytes += 2;
      i++;
    }
  }
  return bytes;
}

/**
 * Writes `text` at `offset`; the caller has got `sizeBytes` from {@link utf8Bytes} and room for it.
 *
 * @returns The offset after the text.
 */
export function writeUtf8(view: DataView, offset: number, text: string, sizeBytes: number): number {
  if (sizeBytes > NATIVE_FROM_BYTES) {
    encoder.encodeInto(text, new Uint8Array(view.buffer, view.byteOffset + offset, sizeBytes));
    return offset + sizeBytes;
  }
  if (sizeBytes !== text.length) return writeCodePoints(view, offset, text);
  // Equal texts have equal units, so it does not matter whether it is the very same string.
  if (text !== measuredText) utf8Bytes(text);
  return writeMeasured(view, offset, sizeBytes);
}

function writeMeasured(view: DataView, offset: number, sizeBytes: number): number {
  let i = 0;
  for (; i + 4 <= sizeBytes; i += 4) view.setInt32(offset + i, measuredWords[i >> 2] ?? 0, LITTLE);
  for (; i < sizeBytes; i++) view.setUint8(offset + i, measuredUnits[i] ?? 0);
  return offset + sizeBytes;
}

/** The byte order of this machine, in which {@link measuredWords} sees its units. */
const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function writeCodePoints(view: DataView, offset: number, text: string): number {
  let at = offset;
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i) ?? 0;
    if (point < 0x80) {
      view.setUint8(at++, point);
      continue;
    }
    if (point < 0x800) {
      view.setUint8(at++, 0xc0 | (point >> 6));
    } else {
      if (point < 0x10000) {
        view.setUint8(at++, 0xe0 | (point >> 12));
      } else {
        view.setUint8(at++, 0xf0 | (point >> 18));
        view.setUint8(at++, 0x80 | ((point >> 12) & 0x3f));
        i++;
      }
      view.setUint8(at++, 0x80 | ((point >> 6) & 0x3f));
    }
    view.setUint8(at++, 0x80 | (point & 0x3f));
  }
  return at;
}

/**
 * Reads the text in `[offset, end)`, which lies inside the view.
 *
 * @returns The text, or `undefined` when it is not well-formed UTF-8 or contains U+0000.
 */
export function readUtf8(view: DataView, offset: number, end: number): string | undefined {
  const size = end - offset;
  if (isAscii(view, offset, end)) {
    if (size <= NATIVE_FROM_BYTES) return readAscii(view, offset, end);
  } else if (!isUtf8(view, offset, end, false)) {
    return undefined;
  }
  return decoder.decode(new Uint8Array(view.buffer, view.byteOffset + offset, size));
}

/** Whether all bytes are 0x01 to 0x7F. */
function isAscii(view: DataView, offset: number, end: number): boolean {
  let odd = 0;
  let at = offset;
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at, true);
    // The second term has a top bit for each byte that is zero, if none has its own top bit set.
    odd |= word | (word - 0x01010101);
  }
  for (; at < end; at++) {
    const byte = view.getUint8(at);
    odd |= byte | (byte - 1);
  }
  return (odd & 0x80808080) === 0;
}

function readAscii(view: DataView, offset: number, end: number): string {
  let text = "";
  let at = offset;
  // Eight characters a call: one call a character takes three times as long.
  for (; at + 8 <= end; at += 8) {
    const low = view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    text += String.fromCharCode(
      low & 0x7f,
      low >> 8 & 0x7f,
      low >> 16 & 0x7f,
      low >>> 24,
      high & 0x7f,
      high >> 8 & 0x7f,
      high >> 16 & 0x7f,
      high >>> 24,
    );
  }
  for (; at < end; at++) text += String.fromCharCode(view.getUint8(at));
  return text;
}

/**
 * Whether `[offset, end)` is well-formed UTF-8 (Unicode 15, table 3-7). Checked here and not by
 * letting `TextDecoder` throw: an exception costs microseconds, and a peer could make us pay them.
 *
 * @param allowNul Whether U+0000 may occur, as it may in msgpack.
 */
export function isUtf8(view: DataView, offset: number, end: number, allowNul: boolean): boolean {
  let at = offset;
  while (at < end) {
    const lead = view.getUint8(at++);
    if (lead < 0x80) {
      if (lead === 0 && !allowNul) return false;
      continue;
    }
    if (lead < 0xc2 || lead > 0xf4) return false;
    const trailing = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (end - at < trailing) return false;
    const second = view.getUint8(at);
    // Over-long forms, surrogates and code points above U+10FFFF all show in the second byte.
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return false;
    for (let i = 1; i < trailing; i++) {
      if ((view.getUint8(at + i) & 0xc0) !== 0x80) return false;
    }
    at += trailing;
  }
  return true;
}

/**
 * Compares two well-formed texts as their UTF-8 bytes compare, which is the order of code points.
 * JavaScript's own `<` compares UTF-16 units and puts U+10000 before U+FFFD.
 *
 * @returns Negative, 0 or positive.
 */
export function compareUtf8(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a === b) continue;
    const aPair = a >= 0xd800 && a <= 0xdfff;
    const bPair = b >= 0xd800 && b <= 0xdfff;
    return aPair === bPair ? a - b : aPair ? 1 : -1;
  }
  return left.length - right.length;
}
