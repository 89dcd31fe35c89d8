/**
 * The symmetric state of the Noise framework (revision 34, section 5.2) with ChaChaPoly and SHA256.
 *
 * Chaining key and hash are replaced, never overwritten: whoever keeps a {@link SymmetricSnapshot} can go
 * back to it, which is how a forged message leaves a handshake as it was.
 *
 * @module
 */
import { type CryptoBackend, type PacketKey, packetKey, TAG_BYTES } from "./backend.ts";
import { openOneShot, sealOneShot } from "./one_shot.ts";

const HASH_BYTES = 32;
const EMPTY = new Uint8Array(0);

/** Everything that a symmetric state remembers. */
export interface SymmetricSnapshot {
  /** `ck`, 32 bytes. */
  readonly chainingKey: Uint8Array;
  /** `h`, 32 bytes: what both ends have seen so far. */
  readonly hash: Uint8Array;
  /** `k`, absent until the first key was mixed in. */
  readonly key: PacketKey | undefined;
  /** `n`, messages sealed or opened under `k`. */
  readonly messageNumber: number;
}

/** Chaining key, handshake hash and the key that seals handshake payloads. */
export class SymmetricState {
  readonly #crypto: CryptoBackend;
  #chainingKey: Uint8Array;
  #hash: Uint8Array;
  #key: PacketKey | undefined;
  #messageNumber = 0;

  /** Starts from the full protocol name, such as `Noise_NK_25519_ChaChaPoly_SHA256`. */
  constructor(crypto: CryptoBackend, protocolName: string) {
    const name = new TextEncoder().encode(protocolName);
    this.#crypto = crypto;
    this.#hash = name.byteLength > HASH_BYTES ? crypto.sha256(name) : new Uint8Array(HASH_BYTES);
    if (name.byteLength <= HASH_BYTES) this.#hash.set(name);
    this.#chainingKey = this.#hash.slice();
  }

  /** Bytes that sealing adds to what is sent next: none before the first key. */
  get overheadBytes(): number {
    return this.#key === undefined ? 0 : TAG_BYTES;
  }

  /** `MixHash`: binds the handshake to `data`, which both ends must know alike. */
  mixHash(data: Uint8Array): void {
    this.#hash = this.#crypto.sha256(concatenated(this.#hash, data));
  }

  /** `MixKey`: takes a Diffie-Hellman result into the chain. */
  mixKey(input: Uint8Array): void {
    const [chainingKey, key] = this.#derive(input, 2);
    this.#chainingKey = chainingKey!;
    this.#setKey(key!);
  }

  /** `MixKeyAndHash`: takes a pre-shared key into chain and hash. */
  mixKeyAndHash(input: Uint8Array): void {
    const [chainingKey, hash, key] = this.#derive(input, 3);
    this.#chainingKey = chainingKey!;
    this.mixHash(hash!);
    this.#setKey(key!);
  }

  /** `EncryptAndHash`. Before the first key the text travels as it is. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const key = this.#key;
    const text = key === undefined
      ? plaintext.slice()
      : sealOneShot(this.#crypto, key, this.#messageNumber++, this.#hash, plaintext);
    this.mixHash(text);
    return text;
  }

  /** `DecryptAndHash`; `undefined` when the text is not authentic. Go back to a snapshot then. */
  decryptAndHash(text: Uint8Array): Uint8Array | undefined {
    const key = this.#key;
    const plaintext = key === undefined
      ? text.slice()
      : openOneShot(this.#crypto, key, this.#messageNumber++, this.#hash, text);
    if (plaintext !== undefined) this.mixHash(text);
    return plaintext;
  }

  /** `Split`: one secret for what the initiator sends, one for what the responder sends. Wipes the chain. */
  split(): { initiator: Uint8Array; responder: Uint8Array; handshakeHash: Uint8Array } {
    const [initiator, responder] = this.#derive(EMPTY, 2);
    this.#chainingKey.fill(0);
    this.#key?.keyWords.fill(0);
    return { initiator: initiator!, responder: responder!, handshakeHash: this.#hash.slice() };
  }

  /** What {@link restore} goes back to. */
  snapshot(): SymmetricSnapshot {
    return {
      chainingKey: this.#chainingKey,
      hash: this.#hash,
      key: this.#key,
      messageNumber: this.#messageNumber,
    };
  }

  /** Goes back to a snapshot of this state. */
  restore(snapshot: SymmetricSnapshot): void {
    this.#chainingKey = snapshot.chainingKey;
    this.#hash = snapshot.hash;
    this.#key = snapshot.key;
    this.#messageNumber = snapshot.messageNumber;
  }

  #setKey(key: Uint8Array): void {
    this.#key = packetKey(key);
    this.#messageNumber = 0;
    key.fill(0);
  }

  /** `HKDF` of section 4.3: `count` outputs of 32 bytes from the chaining key and `input`. */
  #derive(input: Uint8Array, count: 2 | 3): Uint8Array[] {
    const temporary = this.#crypto.hmacSha256(this.#chainingKey, input);
    const outputs: Uint8Array[] = [];
    let previous: Uint8Array = EMPTY;
    for (let i = 1; i <= count; i++) {
      previous = this.#crypto.hmacSha256(temporary, concatenated(previous, Uint8Array.of(i)));
      outputs.push(previous);
    }
    temporary.fill(0);
    return outputs;
  }
}

function concatenated(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.byteLength + second.byteLength);
  both.set(first);
  both.set(second, first.byteLength);
  return both;
}
