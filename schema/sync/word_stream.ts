/**
 * Bits in an `Int32Array`: least significant bit first, as everywhere on Tickwire's wire.
 *
 * Snapshots are written and read through these two cursors and not through `BitWriter` and `BitReader`:
 * a record is kept as words, and appended to the snapshot of each client at whatever bit that one has
 * reached, 32 bits at a time. All state is small integers, which costs V8 no boxes.
 *
 * @module
 */

/** Appends bits to words. Old words need no clearing: the first bits of a word overwrite it. */
export class WordWriter {
  /** Where the bits go. */
  words: Int32Array;
  /** Bits written so far. */
  position = 0;

  /** @param words Room for at least what {@link reserve} is not asked for. */
  constructor(words: Int32Array) {
    this.words = words;
  }

  /** Makes room for `bits` more bits. */
  reserve(bits: number): void {
    const needed = ((this.position + bits) >>> 5) + 2;
    if (needed <= this.words.length) return;
    const grown = new Int32Array(Math.max(needed, this.words.length * 2));
    grown.set(this.words);
    this.words = grown;
  }

  /** Appends the low `bits` bits of `value`, 1 to 32; all higher bits must be zero unless `bits` is 32. */
  put(value: number, bits: number): void {
    const { words, position } = this;
    const index = position >>> 5;
    const shift = position & 31;
    if (shift === 0) {
      words[index] = value;
    } else {
      words[index]! |= value << shift;
      if (shift + bits > 32) words[index + 1] = value >>> (32 - shift);
    }
    this.position = position + bits;
  }

  /** Appends `bits` bits that another writer has put at a word boundary. */
  append(from: Int32Array, at: number, bits: number): void {
    if (bits === 0) return;
    const { words, position } = this;
    const shift = position & 31;
    let index = position >>> 5;
    const last = at + (bits - 1 >>> 5);
    // Bits of the last word beyond the end are cut first; then every word goes into two.
    const spare = -bits & 31;
    for (let i = at; i <= last; i++) {
      const word = i === last ? from[i]! << spare >>> spare : from[i]!;
      if (shift === 0) {
        words[index++] = word;
      } else {
        words[index]! |= word << shift;
        words[++index] = word >>> (32 - shift);
      }
    }
    this.position = position + bits;
  }

  /** Goes on at the next word, so that what follows can be appended elsewhere by itself. */
  alignToWord(): void {
    this.position = (this.position + 31) & ~31;
  }
}

/** Words of slack behind the bits of a reader: a group of reads may pass the end before anybody looks. */
const SLACK_WORDS = 64;

/**
 * Reads bits out of bytes. Past the end it reads zeros and {@link isPastEnd} becomes true, so that a
 * caller looks once after a group of reads. Never throws.
 */
export class WordReader {
  /** The bits, and zeros behind them. */
  words: Int32Array = new Int32Array(SLACK_WORDS);
  /** The next bit. */
  position = 0;
  /** Bits that there are. */
  end = 0;

  /** Starts over with a copy of `bytes`. */
  reset(bytes: Uint8Array): void {
    const needed = (bytes.length >>> 2) + 1 + SLACK_WORDS;
    if (this.words.length < needed) this.words = new Int32Array(needed);
    const { words } = this;
    // The words that the bytes do not fill, or fill in part.
    words.fill(0, bytes.length >>> 2, Math.min(words.length, needed));
    new Uint8Array(words.buffer).set(bytes);
    this.position = 0;
    this.end = bytes.length * 8;
  }

  /** Whether a read passed the end. */
  get isPastEnd(): boolean {
    return this.position > this.end;
  }

  /** Takes `bits` bits, 1 to 32: unsigned below 32, a signed word for 32. */
  take(bits: number): number {
    const { words, position } = this;
    const index = position >>> 5;
    const shift = position & 31;
    this.position = position + bits;
    // Out of the array there are only zeros, too.
    let value = words[index]! >>> shift;
    if (shift + bits > 32) value |= words[index + 1]! << (32 - shift);
    return bits === 32 ? value | 0 : value & ((1 << bits) - 1);
  }
}
