/**
 * The backend of browsers: noble, plain JavaScript without WebAssembly, about 50 KB bundled and minified.
 *
 * A packet of 100 bytes takes it 17 times as long as libsodium, one of 1,200 bytes 6 times
 * (bench/crypto_bench.ts), which one client's traffic never notices. A server loads `sodium.ts`.
 *
 * @module
 */
import { chacha20poly1305 } from "npm:@noble/ciphers@2.4.0/chacha.js";
import { x25519 } from "npm:@noble/curves@2.4.0/ed25519.js";
import { blake2b } from "npm:@noble/hashes@2.4.0/blake2.js";
import { hmac } from "npm:@noble/hashes@2.4.0/hmac.js";
import { sha256 } from "npm:@noble/hashes@2.4.0/sha2.js";
import {
  assertKeyBytes,
  assertSize,
  type CryptoBackend,
  MAC128_BYTES,
  type PacketKey,
  TAG_BYTES,
} from "./backend.ts";
import { assertCanSeal, canOpen } from "./sealed_range.ts";

/** The noble backend. It has no memory of its own: any number of instances may exist. */
export function nobleBackend(): CryptoBackend {
  return {
    name: "noble",
    allocate,
    seal,
    open,
    x25519PublicKey,
    x25519: sharedSecret,
    sha256: (data) => sha256(data),
    hmacSha256: (key, data) => hmac(sha256, key, data),
    mac128,
  };
}

function allocate(sizeBytes: number): Uint8Array<ArrayBuffer> {
  assertSize(sizeBytes);
  return new Uint8Array(sizeBytes);
}

function seal(
  key: PacketKey,
  packetNumber: number,
  buffer: Uint8Array,
  aadStart: number,
  textStart: number,
  textEnd: number,
): void {
  assertCanSeal(packetNumber, buffer, aadStart, textStart, textEnd);
  const cipher = cipherOf(key, packetNumber, buffer.subarray(aadStart, textStart));
  cipher.encrypt(
    buffer.subarray(textStart, textEnd),
    buffer.subarray(textStart, textEnd + TAG_BYTES),
  );
}

function open(
  key: PacketKey,
  packetNumber: number,
  buffer: Uint8Array,
  aadStart: number,
  textStart: number,
  end: number,
): boolean {
  if (!canOpen(packetNumber, buffer, aadStart, textStart, end)) return false;
  const cipher = cipherOf(key, packetNumber, buffer.subarray(aadStart, textStart));
  const text = buffer.subarray(textStart, end - TAG_BYTES);
  try {
    cipher.decrypt(buffer.subarray(textStart, end), text);
    return true;
  } catch {
    // The arguments are checked above, so what is left to throw is a tag that does not match.
    text.fill(0);
    return false;
  }
}

function cipherOf(
  key: PacketKey,
  packetNumber: number,
  aad: Uint8Array,
): ReturnType<typeof chacha20poly1305> {
  const [iv0 = 0, iv1 = 0, iv2 = 0] = key.ivWords;
  const nonce = littleEndianBytes([iv0, iv1 ^ packetNumber, iv2 ^ (packetNumber / 0x1_0000_0000)]);
  return chacha20poly1305(littleEndianBytes(key.keyWords), nonce, aad);
}

function littleEndianBytes(words: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < words.length; i++) view.setUint32(i * 4, words[i]!, true);
  return bytes;
}

function x25519PublicKey(secretKey: Uint8Array): Uint8Array {
  assertKeyBytes(secretKey, "An X25519 secret key");
  return x25519.getPublicKey(secretKey);
}

function sharedSecret(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  assertKeyBytes(secretKey, "An X25519 secret key");
  assertKeyBytes(publicKey, "An X25519 public key");
  try {
    return x25519.getSharedSecret(secretKey, publicKey);
  } catch {
    // Lengths are checked above: what is left to throw is the all-zero result of a low-order point.
    return undefined;
  }
}

function mac128(key: Uint8Array, data: Uint8Array): Uint8Array {
  assertKeyBytes(key, "A MAC key");
  return blake2b(data, { key, dkLen: MAC128_BYTES });
}
