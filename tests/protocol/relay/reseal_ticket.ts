/**
 * Changes what stands in a sealed ticket, as nobody but a holder of the keys could.
 *
 * @module
 */
import { packetKey, TAG_BYTES } from "../../../protocol/crypto/backend.ts";
import { nobleBackend } from "../../../protocol/crypto/noble.ts";
import { openOneShot, sealOneShot } from "../../../protocol/crypto/one_shot.ts";
import type { RelayKey } from "../../../protocol/relay/hop_ticket.ts";
import { writeU32 } from "../../../protocol/relay/relay_frame.ts";
import { PureSipHasher } from "../../../protocol/relay/siphash.ts";

/** The ticket with another text, sealed and tagged as before. */
export function resealTicket(
  sealed: Uint8Array,
  key: RelayKey,
  change: (text: Uint8Array) => void,
): Uint8Array {
  const crypto = nobleBackend();
  const clear = sealed.subarray(0, 4);
  const aead = packetKey(key.aeadKey, sealed.subarray(4, 16));
  const text = openOneShot(crypto, aead, 0, clear, sealed.subarray(16, 120 + TAG_BYTES))!;
  change(text);
  const ticket = sealed.slice();
  ticket.set(sealOneShot(crypto, aead, 0, clear, text), 16);
  const hasher = new PureSipHasher();
  hasher.input.set(ticket.subarray(0, 136));
  hasher.digest(key.gateKey, 0, 136);
  writeU32(ticket, 136, hasher.low);
  writeU32(ticket, 140, hasher.high);
  return ticket;
}
