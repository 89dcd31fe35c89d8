/**
 * The handshake state of the Noise framework (revision 34, section 5.3), for any two-message pattern.
 *
 * Not for sessions directly: `noise.ts` gives each end exactly the calls that it may make. A message that
 * does not authenticate changes nothing, so a forged answer cannot end a handshake: the state goes
 * back to where the last good message left it, and the true answer is still welcome.
 *
 * @module
 */
import { assertKeyBytes, type CryptoBackend, KEY_BYTES } from "./backend.ts";
import {
  NOISE_PATTERNS,
  type NoisePattern,
  type NoisePatternName,
  noiseProtocolName,
  type NoiseToken,
} from "./noise_patterns.ts";
import { type SymmetricSnapshot, SymmetricState } from "./noise_symmetric.ts";

/** Longest message of the Noise framework (section 3). */
export const MAX_NOISE_MESSAGE_BYTES = 65_535;

/** What one end brings to a handshake. All keys have 32 bytes. */
export interface NoiseHandshakeOptions {
  /** Which pattern. */
  readonly pattern: NoisePatternName;
  /** Whether this end sends the first message. */
  readonly isInitiator: boolean;
  /** What both ends must agree on beforehand, any length. */
  readonly prologue: Uint8Array;
  /** 32 random bytes, used for nothing else. Copied; the copy is wiped by `split`. */
  readonly ephemeralSecret: Uint8Array;
  /** This end's static key pair, where the pattern has one. */
  readonly staticKeys?: NoiseKeyPair;
  /** The other end's static public key, where the pattern wants it known. */
  readonly remoteStatic?: Uint8Array;
}

/** An X25519 key pair. */
export interface NoiseKeyPair {
  /** 32 bytes. */
  readonly secret: Uint8Array;
  /** 32 bytes. */
  readonly public: Uint8Array;
}

/** What {@link NoiseHandshake.split} gives: one secret per direction, and the name of this handshake. */
export interface NoiseSecrets {
  /** Secret of what this end sends, 32 bytes. */
  readonly send: Uint8Array;
  /** Secret of what this end receives, 32 bytes. */
  readonly receive: Uint8Array;
  /** Same on both ends and different for every handshake, 32 bytes; not a secret (section 11.2). */
  readonly handshakeHash: Uint8Array;
}

interface Checkpoint {
  readonly symmetric: SymmetricSnapshot;
  readonly remoteEphemeral: Uint8Array | undefined;
  readonly remoteStatic: Uint8Array | undefined;
}

/** One end of a handshake. Calls out of turn throw; bytes of the peer never do. */
export class NoiseHandshake {
  readonly #crypto: CryptoBackend;
  readonly #pattern: NoisePattern;
  readonly #isInitiator: boolean;
  readonly #symmetric: SymmetricState;
  readonly #static: NoiseKeyPair | undefined;
  readonly #ephemeral: NoiseKeyPair;
  #remoteStatic: Uint8Array | undefined;
  #remoteEphemeral: Uint8Array | undefined;
  #psk: Uint8Array | undefined;
  #messagesDone = 0;
  #isSplit = false;
  #checkpoint: Checkpoint;

  /**
   * Mixes prologue and pre-message; the first message may follow.
   *
   * @throws RangeError on keys that have not 32 bytes, TypeError when one that the pattern needs is missing.
   */
  constructor(crypto: CryptoBackend, options: NoiseHandshakeOptions) {
    const { pattern, isInitiator, prologue, ephemeralSecret, staticKeys, remoteStatic } = options;
    assertKeyBytes(ephemeralSecret, "An ephemeral secret");
    if (staticKeys !== undefined) assertKeyBytes(staticKeys.secret, "A static secret");
    if (staticKeys !== undefined) assertKeyBytes(staticKeys.public, "A static key");
    if (remoteStatic !== undefined) assertKeyBytes(remoteStatic, "A static key");
    this.#crypto = crypto;
    this.#pattern = NOISE_PATTERNS[pattern];
    this.#isInitiator = isInitiator;
    this.#static = staticKeys;
    this.#remoteStatic = remoteStatic;
    const secret = ephemeralSecret.slice();
    this.#ephemeral = { secret, public: crypto.x25519PublicKey(secret) };
    this.#symmetric = new SymmetricState(crypto, noiseProtocolName(pattern));
    this.#symmetric.mixHash(prologue);
    if (this.#pattern.isResponderKnown) {
      const key = isInitiator ? remoteStatic : staticKeys?.public;
      if (key === undefined) throw new TypeError(`Pattern ${pattern} needs the responder's key`);
      this.#symmetric.mixHash(key);
    }
    this.#checkpoint = this.#mark();
  }

  /**
   * Brings in the pre-shared key, copied, before the message that mixes it.
   *
   * @throws RangeError unless it has 32 bytes, TypeError when the pattern has none, Error when it is too late.
   */
  setPsk(psk: Uint8Array): void {
    assertKeyBytes(psk, "A pre-shared key");
    if (!this.#pattern.isPsk) throw new TypeError("The pattern has no pre-shared key");
    if (this.#messagesDone === 2) throw new Error("Cannot set a psk after both messages");
    this.#psk = psk.slice();
  }

  /**
   * Binds the next message to more data that both ends know, beyond the framework's own rules.
   * A message that fails to read takes this back too.
   *
   * @throws Error unless one message is through: the prologue is for what is known before, and after
   * both messages nothing would carry the data any more.
   */
  mixHash(data: Uint8Array): void {
    if (this.#messagesDone !== 1) throw new Error("Cannot mix data but between the two messages");
    this.#symmetric.mixHash(data);
  }

  /**
   * This end's next message around `payload`.
   *
   * @throws Error out of turn or without a key that the message needs, RangeError when a public key that
   * the caller brought is of low order or the message is over 65,535 bytes.
   */
  writeMessage(payload: Uint8Array): Uint8Array {
    const tokens = this.#turn(true);
    const before = this.#mark();
    try {
      const parts = tokens.map((token) => this.#writeToken(token));
      parts.push(this.#symmetric.encryptAndHash(payload));
      const message = joined(parts);
      this.#finishMessage();
      return message;
    } catch (error) {
      // Nothing of the message left this end, so a corrected call may follow.
      this.#restore(before);
      throw error;
    }
  }

  /** The payload of the peer's next message, or `undefined`, with nothing changed, when it is not authentic. */
  readMessage(bytes: Uint8Array): Uint8Array | undefined {
    const tokens = this.#turn(false);
    const payload = this.#readTokens(tokens, bytes);
    if (payload === undefined) this.#restore(this.#checkpoint);
    else this.#finishMessage();
    return payload;
  }

  /**
   * The secrets, once both messages are through. Wipes what the handshake held.
   *
   * @throws Error before that, and on a second call.
   */
  split(): NoiseSecrets {
    if (this.#messagesDone < 2) throw new Error("Cannot split before both messages are through");
    if (this.#isSplit) throw new Error("Cannot split twice: the secrets are wiped");
    this.#isSplit = true;
    const { initiator, responder, handshakeHash } = this.#symmetric.split();
    this.#ephemeral.secret.fill(0);
    this.#psk?.fill(0);
    return this.#isInitiator
      ? { send: initiator, receive: responder, handshakeHash }
      : { send: responder, receive: initiator, handshakeHash };
  }

  #turn(isWriting: boolean): readonly NoiseToken[] {
    const tokens = this.#pattern.messages[this.#messagesDone];
    const isOurs = (this.#messagesDone === 0) === this.#isInitiator;
    if (tokens === undefined || isOurs !== isWriting) {
      const next = tokens === undefined ? "split" : isOurs ? "write" : "read";
      throw new Error(`Cannot ${isWriting ? "write" : "read"} now: the next step is to ${next}`);
    }
    if (tokens.includes("psk") && this.#psk === undefined) throw missing("pre-shared key");
    return tokens;
  }

  #finishMessage(): void {
    this.#messagesDone++;
    this.#checkpoint = this.#mark();
  }

  #writeToken(token: NoiseToken): Uint8Array {
    if (token === "e") {
      this.#mixEphemeral(this.#ephemeral.public);
      return this.#ephemeral.public;
    }
    if (token === "s") {
      if (this.#static === undefined) throw missing("static key pair");
      return this.#symmetric.encryptAndHash(this.#static.public);
    }
    if (!this.#mixToken(token)) throw new RangeError("The peer's public key is of low order");
    return new Uint8Array(0);
  }

  #readTokens(tokens: readonly NoiseToken[], bytes: Uint8Array): Uint8Array | undefined {
    if (bytes.byteLength > MAX_NOISE_MESSAGE_BYTES) return undefined;
    let at = 0;
    for (const token of tokens) {
      if (token !== "e" && token !== "s") {
        if (!this.#mixToken(token)) return undefined;
        continue;
      }
      const sizeBytes = KEY_BYTES + (token === "s" ? this.#symmetric.overheadBytes : 0);
      if (at + sizeBytes > bytes.byteLength) return undefined;
      const field = bytes.slice(at, at + sizeBytes);
      at += sizeBytes;
      if (token === "e") {
        this.#remoteEphemeral = field;
        this.#mixEphemeral(field);
      } else {
        this.#remoteStatic = this.#symmetric.decryptAndHash(field);
        if (this.#remoteStatic === undefined) return undefined;
      }
    }
    return this.#symmetric.decryptAndHash(bytes.subarray(at));
  }

  #mixEphemeral(publicKey: Uint8Array): void {
    this.#symmetric.mixHash(publicKey);
    if (this.#pattern.isPsk) this.#symmetric.mixKey(publicKey);
  }

  /** Mixes a Diffie-Hellman result or the pre-shared key; `false` when the peer's key is of low order. */
  #mixToken(token: NoiseToken): boolean {
    if (token === "psk") {
      if (this.#psk === undefined) throw missing("pre-shared key");
      this.#symmetric.mixKeyAndHash(this.#psk);
      return true;
    }
    // The first letter names the initiator's key, the second the responder's.
    const ours = token[this.#isInitiator ? 0 : 1] === "e" ? this.#ephemeral : this.#static;
    const isEphemeral = token[this.#isInitiator ? 1 : 0] === "e";
    const theirs = isEphemeral ? this.#remoteEphemeral : this.#remoteStatic;
    if (ours === undefined || theirs === undefined) throw missing(`key for "${token}"`);
    const shared = this.#crypto.x25519(ours.secret, theirs);
    if (shared === undefined) return false;
    this.#symmetric.mixKey(shared);
    shared.fill(0);
    return true;
  }

  #mark(): Checkpoint {
    return {
      symmetric: this.#symmetric.snapshot(),
      remoteEphemeral: this.#remoteEphemeral,
      remoteStatic: this.#remoteStatic,
    };
  }

  #restore(checkpoint: Checkpoint): void {
    this.#symmetric.restore(checkpoint.symmetric);
    this.#remoteEphemeral = checkpoint.remoteEphemeral;
    this.#remoteStatic = checkpoint.remoteStatic;
  }
}

function missing(what: string): Error {
  return new Error(`The handshake has no ${what} yet`);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
  if (sizeBytes > MAX_NOISE_MESSAGE_BYTES) {
    throw new RangeError(`A Noise message has at most ${MAX_NOISE_MESSAGE_BYTES} bytes`);
  }
  const whole = new Uint8Array(sizeBytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
