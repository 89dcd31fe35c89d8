/**
 * Keys on their way to a relay or server: sealed to its X25519 public key, so that neither a proxy in
 * front of the director nor its logs hold what opens tickets.
 *
 * Layout: ephemeral public key (32 bytes), then a sealed box (`protocol/crypto/sealed_box.ts`) of two
 * keys (id, 32 bytes, 16 bytes each) and, for servers, the 32 bytes that open connect tickets.
 *
 * @module
 */
import type { CryptoBackend } from "../../crypto/backend.ts";
import { nobleBackend } from "../../crypto/noble.ts";
import { open, seal } from "../../crypto/sealed_box.ts";
import type { RelayKey } from "../hop_ticket.ts";

/** What a director tells a relay or server. */
export interface DeliveredKeys {
  /** Keys of its hop tickets that are alive. */
  readonly keys: readonly RelayKey[];
  /** Opens connect tickets; servers only. */
  readonly ticketKey?: Uint8Array;
}

const LABEL = new TextEncoder().encode("tickwire relay keys 1");
const PUBLIC_BYTES = 32;
const AEAD_BYTES = 32;
const GATE_BYTES = 16;
const KEY_BYTES = 1 + AEAD_BYTES + GATE_BYTES;

/**
 * Seals two live keys.
 *
 * @param random Fills a buffer with random bytes.
 * @returns base64url; `undefined` when the public key is a trap (of low order).
 */
export function sealKeys(
  delivered: DeliveredKeys,
  publicKey: Uint8Array,
  random: (into: Uint8Array) => void,
  crypto: CryptoBackend = nobleBackend(),
): string | undefined {
  const secret = new Uint8Array(32);
  const nonce = new Uint8Array(12);
  random(secret);
  random(nonce);
  const ephemeral = crypto.x25519PublicKey(secret);
  const key = boxKey(crypto, { secret, peer: publicKey, ephemeral, recipient: publicKey });
  if (key === undefined) return undefined;
  const box = seal(crypto, key, nonce, LABEL, encode(delivered));
  const bytes = new Uint8Array(PUBLIC_BYTES + box.byteLength);
  bytes.set(ephemeral);
  bytes.set(box, PUBLIC_BYTES);
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Opens what {@link sealKeys} made; `undefined` when it is for another key, or was changed. */
export function openKeys(
  sealed: string,
  secretKey: Uint8Array,
  crypto: CryptoBackend = nobleBackend(),
): DeliveredKeys | undefined {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(sealed, { alphabet: "base64url" });
  } catch {
    return undefined;
  }
  if (bytes.byteLength < PUBLIC_BYTES) return undefined;
  const ephemeral = bytes.slice(0, PUBLIC_BYTES);
  const recipient = crypto.x25519PublicKey(secretKey);
  const key = boxKey(crypto, { secret: secretKey, peer: ephemeral, ephemeral, recipient });
  const text = key && open(crypto, key, LABEL, bytes.subarray(PUBLIC_BYTES));
  return text && decode(text);
}

/** Both public keys are hashed in, so that a box for one recipient opens for no other. */
function boxKey(
  crypto: CryptoBackend,
  { secret, peer, ephemeral, recipient }: Record<
    "secret" | "peer" | "ephemeral" | "recipient",
    Uint8Array
  >,
): Uint8Array | undefined {
  const shared = crypto.x25519(secret, peer);
  if (shared === undefined) return undefined;
  const context = new Uint8Array(LABEL.byteLength + 2 * PUBLIC_BYTES);
  context.set(LABEL);
  context.set(ephemeral, LABEL.byteLength);
  context.set(recipient, LABEL.byteLength + PUBLIC_BYTES);
  return crypto.hmacSha256(shared, context);
}

function encode({ keys, ticketKey = new Uint8Array() }: DeliveredKeys): Uint8Array {
  const bytes = new Uint8Array(1 + keys.length * KEY_BYTES + ticketKey.byteLength);
  bytes[0] = keys.length;
  keys.forEach(({ keyId, aeadKey, gateKey }, i) => {
    const at = 1 + i * KEY_BYTES;
    bytes[at] = keyId;
    bytes.set(aeadKey, at + 1);
    bytes.set(gateKey, at + 1 + AEAD_BYTES);
  });
  bytes.set(ticketKey, 1 + keys.length * KEY_BYTES);
  return bytes;
}

/** It is authentic; lengths are checked because a director may be of another release. */
function decode(bytes: Uint8Array): DeliveredKeys | undefined {
  const count = bytes[0] ?? 0;
  const end = 1 + count * KEY_BYTES;
  const isWhole = bytes.byteLength === end || bytes.byteLength === end + AEAD_BYTES;
  if (count === 0 || !isWhole) return undefined;
  const keys = Array.from({ length: count }, (_, i): RelayKey => {
    const at = 1 + i * KEY_BYTES;
    return {
      keyId: bytes[at]!,
      aeadKey: bytes.slice(at + 1, at + 1 + AEAD_BYTES),
      gateKey: bytes.slice(at + 1 + AEAD_BYTES, at + KEY_BYTES),
    };
  });
  return bytes.byteLength === end ? { keys } : { keys, ticketKey: bytes.slice(end) };
}
