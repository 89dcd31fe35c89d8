/**
 * The handshake of a session: `Noise_NK_25519_ChaChaPoly_SHA256`, or `NKpsk2` when a ticket carries a
 * pre-shared key (docs/protocol.md, "Handshake").
 *
 * The prologue is HELLO's clear fields. ACCEPT's clear fields are known only later: both ends mix them
 * with `mixHash` between message 1 and message 2. Synchronous and without randomness: secrets come in.
 *
 * @module
 */
import { type CryptoBackend, KEY_BYTES, TAG_BYTES } from "./backend.ts";
import { NoiseHandshake, type NoiseSecrets } from "./noise_handshake.ts";

export type { NoiseSecrets } from "./noise_handshake.ts";

/** The patterns of sessions: anonymous client, known server, without and with a ticket's key. */
export type SessionPattern = "NK" | "NKpsk2";

/** Bytes that each of the two messages adds to its payload: an ephemeral key and a tag. */
export const NOISE_OVERHEAD_BYTES: number = KEY_BYTES + TAG_BYTES;

/** What a client brings. Keys have 32 bytes. */
export interface NoiseInitiatorOptions {
  /** `"NKpsk2"` exactly when there is a `psk`. */
  readonly pattern: SessionPattern;
  /** HELLO's clear fields, without the cookie. */
  readonly prologue: Uint8Array;
  /** The server's public key, from the connect URL or the ticket. */
  readonly responderStatic: Uint8Array;
  /** 32 fresh random bytes; copied. */
  readonly ephemeralSecret: Uint8Array;
  /** The key that came with the ticket; copied. */
  readonly psk?: Uint8Array;
}

/** What a server brings. Keys have 32 bytes. */
export interface NoiseResponderOptions {
  /** Which pattern the HELLO claims. */
  readonly pattern: SessionPattern;
  /** HELLO's clear fields, without the cookie. */
  readonly prologue: Uint8Array;
  /** The server's secret key. */
  readonly staticSecret: Uint8Array;
  /** The server's public key. */
  readonly staticPublic: Uint8Array;
  /** 32 fresh random bytes; copied. */
  readonly ephemeralSecret: Uint8Array;
}

/** The client's end: `writeMessage1`, `mixHash`, `readMessage2`, `split`, in this order. */
export interface NoiseInitiator {
  /**
   * Message 1 around `payload`, which only the server can read.
   *
   * @throws RangeError when the server's key is of low order, Error on a second call.
   */
  writeMessage1(payload: Uint8Array): Uint8Array;

  /** Mixes ACCEPT's clear fields. Before each `readMessage2`, since one that fails takes it back. */
  mixHash(data: Uint8Array): void;

  /** The payload of message 2, or `undefined` when it is forged: the handshake then waits for the true one. */
  readMessage2(bytes: Uint8Array): Uint8Array | undefined;

  /** The secrets of both directions. Once, after `readMessage2` gave a payload. */
  split(): NoiseSecrets;
}

/** The server's end: `readMessage1`, `setPsk` for `NKpsk2`, `mixHash`, `writeMessage2`, `split`, in this order. */
export interface NoiseResponder {
  /** The payload of message 1, or `undefined` when it is not for this key and prologue, or forged. */
  readMessage1(bytes: Uint8Array): Uint8Array | undefined;

  /**
   * Brings in the key of the ticket that message 1 carried. A client without it cannot read message 2.
   *
   * @throws TypeError for pattern `NK`, RangeError unless it has 32 bytes.
   */
  setPsk(psk: Uint8Array): void;

  /** Mixes ACCEPT's clear fields. */
  mixHash(data: Uint8Array): void;

  /** Message 2 around `payload`. */
  writeMessage2(payload: Uint8Array): Uint8Array;

  /** The secrets of both directions. Once, after `writeMessage2`. */
  split(): NoiseSecrets;
}

/**
 * Starts a client's handshake. Costs one X25519 operation, `writeMessage1` and `readMessage2` one each.
 *
 * @throws RangeError on keys that have not 32 bytes, TypeError when `psk` and `pattern` do not go together.
 */
export function noiseInitiator(
  crypto: CryptoBackend,
  options: NoiseInitiatorOptions,
): NoiseInitiator {
  const { pattern, prologue, responderStatic, ephemeralSecret, psk } = options;
  if ((psk !== undefined) !== (pattern === "NKpsk2")) {
    throw new TypeError(`Pattern "${pattern}" ${psk === undefined ? "needs a" : "has no"} psk`);
  }
  const handshake = new NoiseHandshake(crypto, {
    pattern,
    isInitiator: true,
    prologue,
    ephemeralSecret,
    remoteStatic: responderStatic,
  });
  if (psk !== undefined) handshake.setPsk(psk);
  return {
    writeMessage1: (payload) => handshake.writeMessage(payload),
    mixHash: (data) => handshake.mixHash(data),
    readMessage2: (bytes) => handshake.readMessage(bytes),
    split: () => handshake.split(),
  };
}

/**
 * Starts a server's handshake, one per HELLO. Costs one X25519 operation, `readMessage1` and
 * `writeMessage2` one each.
 *
 * @throws RangeError on keys that have not 32 bytes.
 */
export function noiseResponder(
  crypto: CryptoBackend,
  options: NoiseResponderOptions,
): NoiseResponder {
  const { pattern, prologue, staticSecret, staticPublic, ephemeralSecret } = options;
  const handshake = new NoiseHandshake(crypto, {
    pattern,
    isInitiator: false,
    prologue,
    ephemeralSecret,
    staticKeys: { secret: staticSecret, public: staticPublic },
  });
  return {
    readMessage1: (bytes) => handshake.readMessage(bytes),
    setPsk: (psk) => handshake.setPsk(psk),
    mixHash: (data) => handshake.mixHash(data),
    writeMessage2: (payload) => handshake.writeMessage(payload),
    split: () => handshake.split(),
  };
}
