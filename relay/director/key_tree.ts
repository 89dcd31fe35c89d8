/**
 * Every key of a director, derived from the one that all directors of a network share.
 *
 * Nothing has to be stored or sent between directors: each derives the same. HMAC-SHA-256 with a label
 * per purpose keeps the branches apart (NIST SP 800-108, section 4.1, one block), so that the key of one
 * relay says nothing about another's.
 *
 * @module
 */
import type { CryptoBackend } from "../../protocol/crypto/backend.ts";
import { nobleBackend } from "../../protocol/crypto/noble.ts";
import type { RelayKey } from "../../protocol/relay/hop_ticket.ts";

/**
 * How long tickets are sealed with one key unless an operator says otherwise. Random nonces are good for
 * 2^32 tickets of one key.
 */
export const KEY_PERIOD_MS = 86_400_000;
/** Shortest period: a relay that lost all directors lives on what it was told for 15 minutes. */
export const MIN_KEY_PERIOD_MS = 3_600_000;
/** Longest period. */
export const MAX_KEY_PERIOD_MS = 2_592_000_000;

/** Who opens tickets: a relay or a server, by its id. */
export interface KeyHolder {
  /** Keeps ids of relays and servers apart. */
  readonly kind: "relay" | "server";
  /** Its id. */
  readonly id: string;
}

const ENCODER = new TextEncoder();
const GATE_KEY_BYTES = 16;
const HOP_KEY_BYTES = 16;
const TOKEN_BYTES = 24;

/** Derives keys. */
export class KeyTree {
  /** Tells two networks apart without telling their keys: 16 characters of base64url. */
  readonly fingerprint: string;
  readonly #master: Uint8Array;
  readonly #crypto: CryptoBackend;
  readonly #periodMs: number;

  /**
   * @param master 32 secret bytes, the same for all directors of a network.
   * @param options The period is one for all directors of a network, an hour to 30 days; the backend computes.
   * @throws RangeError for another length, or a period out of bounds.
   */
  constructor(
    master: Uint8Array,
    options: { readonly crypto?: CryptoBackend; readonly periodMs?: number } = {},
  ) {
    const { crypto = nobleBackend(), periodMs = KEY_PERIOD_MS } = options;
    if (!(periodMs >= MIN_KEY_PERIOD_MS && periodMs <= MAX_KEY_PERIOD_MS)) {
      throw new RangeError(
        `Keys change every ${MIN_KEY_PERIOD_MS} to ${MAX_KEY_PERIOD_MS} ms, not ${periodMs}`,
      );
    }
    if (master.byteLength !== 32) {
      throw new RangeError(`A director key has 32 bytes, not ${master.byteLength}`);
    }
    this.#master = master.slice();
    this.#crypto = crypto;
    this.#periodMs = periodMs;
    // Directors with different periods would seal with different keys.
    const parts = periodMs === KEY_PERIOD_MS ? [] : [String(periodMs)];
    this.fingerprint = toText(this.#derive("fingerprint", ...parts).subarray(0, 12));
  }

  /** The key with which tickets for a holder are sealed now. */
  sealingKey(holder: KeyHolder, wallClockMs: number): RelayKey {
    return this.#keyOfPeriod(holder, Math.floor(wallClockMs / this.#periodMs));
  }

  /**
   * The two keys that a holder should know now: the one in use, and the one before or after it,
   * whichever is nearer. Clocks may differ by half a day.
   */
  liveKeys(holder: KeyHolder, wallClockMs: number): [RelayKey, RelayKey] {
    const first = Math.floor(wallClockMs / this.#periodMs - 0.5);
    return [this.#keyOfPeriod(holder, first), this.#keyOfPeriod(holder, first + 1)];
  }

  /** The key that opens connect tickets at a server, 32 bytes. */
  ticketKey(serverId: string): Uint8Array {
    return this.#derive("connect tickets", serverId);
  }

  /** The key between a server behind NAT and a relay: fresh tickets of an anchor go with the old ones. */
  anchorKey(relayId: string, anchorId: string): Uint8Array {
    return this.#derive("anchor", relayId, anchorId).slice(0, HOP_KEY_BYTES);
  }

  /** What a server shows with its heartbeats: whoever has only the role's token is not this server. */
  leaseToken(serverId: string): string {
    return toText(this.#derive("server lease", serverId).subarray(0, TOKEN_BYTES));
  }

  /** What a client shows to renew or move its session. */
  sessionToken(sessionId: string): string {
    return toText(this.#derive("session", sessionId).subarray(0, TOKEN_BYTES));
  }

  /** A key of a directory record out of texts that may hold anything, 32 hexadecimal digits. */
  recordKey(...parts: string[]): string {
    return this.#derive("record", ...parts).subarray(0, 16).toHex();
  }

  #keyOfPeriod({ kind, id }: KeyHolder, period: number): RelayKey {
    return {
      keyId: ((period % 256) + 256) % 256,
      aeadKey: this.#derive("hop tickets", kind, id, String(period)),
      gateKey: this.#derive("gate", kind, id, String(period)).slice(0, GATE_KEY_BYTES),
    };
  }

  /** JSON keeps the parts apart, whatever is in them. */
  #derive(...parts: string[]): Uint8Array {
    return this.#crypto.hmacSha256(
      this.#master,
      ENCODER.encode(JSON.stringify(["tickwire director 1", ...parts])),
    );
  }
}

function toText(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
