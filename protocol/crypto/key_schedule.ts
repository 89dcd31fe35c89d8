/**
 * From a traffic secret to the key of one direction and key phase (docs/protocol.md, "Packet protection").
 *
 * The handshake gives one 32-byte secret per direction. From it come the packet key, the IV and the
 * secret of the next phase, each by HMAC-SHA-256 under its own label, as TLS 1.3 and QUIC do with
 * HKDF-Expand. HMAC runs one way: whoever gets a key later cannot compute the phases before it.
 *
 * @module
 */
import {
  assertKeyBytes,
  type CryptoBackend,
  NONCE_BYTES,
  type PacketKey,
  packetKey,
} from "./backend.ts";

const ENCODER = new TextEncoder();
const KEY_LABEL = ENCODER.encode("tickwire key");
const IV_LABEL = ENCODER.encode("tickwire iv");
const NEXT_LABEL = ENCODER.encode("tickwire next");

/**
 * The keys of one direction in one key phase.
 *
 * A sender replaces its keys by `next()` and wipes the old ones. A receiver keeps the previous phase
 * for packets that arrive late, and derives the next one ahead of need: deriving it on the packet that
 * first shows it would let the time it takes tell guesses from hits.
 */
export class TrafficKeys {
  /** Which phase this is, counted from 0; the wire carries its lowest bit. */
  readonly phase: number;

  /** What {@link CryptoBackend.seal} and {@link CryptoBackend.open} take. All zeros once wiped. */
  readonly packetKey: PacketKey;

  readonly #crypto: CryptoBackend;
  readonly #nextSecret: Uint8Array;
  #isSpent = false;

  /**
   * Derives the keys of `secret`, which is taken over and wiped.
   *
   * @throws RangeError unless `secret` has 32 bytes.
   */
  constructor(crypto: CryptoBackend, secret: Uint8Array, phase = 0) {
    assertKeyBytes(secret, "A traffic secret");
    const key = crypto.hmacSha256(secret, KEY_LABEL);
    const iv = crypto.hmacSha256(secret, IV_LABEL);
    this.#crypto = crypto;
    this.#nextSecret = crypto.hmacSha256(secret, NEXT_LABEL);
    this.packetKey = packetKey(key, iv.subarray(0, NONCE_BYTES));
    this.phase = phase;
    key.fill(0);
    iv.fill(0);
    secret.fill(0);
  }

  /** The bit that packets of this phase carry. */
  get phaseBit(): 0 | 1 {
    return this.phase % 2 === 0 ? 0 : 1;
  }

  /**
   * The keys of the next phase. Those of this phase stay usable until {@link wipe}.
   *
   * @throws Error on a second call and after {@link wipe}: the secret is gone by then.
   */
  next(): TrafficKeys {
    if (this.#isSpent) throw new Error("The secret of the next key phase is used or wiped");
    this.#isSpent = true;
    return new TrafficKeys(this.#crypto, this.#nextSecret, this.phase + 1);
  }

  /** Overwrites every secret of this phase with zeros. Nothing may be sealed or opened with it any more. */
  wipe(): void {
    this.#isSpent = true;
    this.#nextSecret.fill(0);
    this.packetKey.keyWords.fill(0);
    this.packetKey.ivWords.fill(0);
  }
}
