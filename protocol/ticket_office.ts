/**
 * Opens the tickets that clients show: connect tickets of an issuer, resume tickets of our own.
 *
 * Implements docs/protocol.md, "Tickets". Also seals both: the issuer's side of a connect ticket is a
 * pure function, so that any back end can issue them with this module and the shared key.
 *
 * @module
 */
import {
  type ResumeTicket,
  resumeTicketCodec,
  type SealedTicket,
  sealedTicketCodec,
} from "../schema/messages/mod.ts";
import { isEqual } from "./cookie.ts";
import type { CryptoBackend } from "./crypto/backend.ts";
import { open, seal } from "./crypto/sealed_box.ts";

const ENCODER = new TextEncoder();
const CONNECT_LABEL = ENCODER.encode("tickwire connect ticket 1");
const RESUME_LABEL = ENCODER.encode("tickwire resume ticket 1");

/** Used ids that are remembered; beyond it the oldest, nearest to their expiry, are forgotten. */
const MAX_USED_TICKETS = 65_536;

/**
 * Seals a connect ticket for a server that shares `key`.
 *
 * @param nonce 12 random bytes.
 */
export function sealConnectTicket(
  crypto: CryptoBackend,
  key: Uint8Array,
  nonce: Uint8Array,
  ticket: SealedTicket,
): Uint8Array {
  return seal(crypto, key, nonce, CONNECT_LABEL, sealedTicketCodec.encode(ticket));
}

/** A connect ticket that one of our keys opened. */
export interface ShownTicket {
  /** What it says. */
  readonly ticket: SealedTicket;
  /** Why it is not accepted all the same, for its holder to read. */
  readonly problem: string | undefined;
}

/** What a server needs to open tickets. */
export interface TicketOfficeOptions {
  /** The backend of seals. */
  readonly crypto: CryptoBackend;
  /** The server's public key: tickets for others are refused. */
  readonly staticPublic: Uint8Array;
  /** Keys shared with issuers; more than one while keys are changed. */
  readonly connectKeys: readonly Uint8Array[];
  /** 32 random bytes; resume tickets end with the process. */
  readonly resumeKey: Uint8Array;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
}

/** Opens tickets and remembers which were used. */
export class TicketOffice {
  readonly #options: TicketOfficeOptions;
  /** Expiry by id, in order of use. */
  readonly #used = new Map<string, number>();

  constructor(options: TicketOfficeOptions) {
    this.#options = options;
  }

  /** Opens a connect ticket; `undefined` when no key opens it, or what it holds is no ticket. */
  openConnect(sealed: Uint8Array, wallClockMs: number): ShownTicket | undefined {
    const { crypto, connectKeys } = this.#options;
    for (const key of connectKeys) {
      const bytes = open(crypto, key, CONNECT_LABEL, sealed);
      if (bytes === undefined) continue;
      const ticket = sealedTicketCodec.decode(bytes);
      return ticket && { ticket, problem: this.problemOf(ticket, wallClockMs) };
    }
    return undefined;
  }

  /** Why a ticket that opened is not accepted, for its holder to read; `undefined` when it is. */
  problemOf(ticket: SealedTicket, wallClockMs: number): string | undefined {
    const { staticPublic } = this.#options;
    if (!(ticket.expiresAtMs > wallClockMs)) return "the ticket has expired";
    if (!isEqual(ticket.serverKeyPrefix, staticPublic.subarray(0, 8))) {
      return "the ticket is for another server";
    }
    return this.#used.has(idOf(ticket)) ? "the ticket was used before" : undefined;
  }

  /** Marks a ticket as used, once its handshake is confirmed. */
  use(ticket: SealedTicket, wallClockMs: number): void {
    for (const [id, expiresAtMs] of this.#used) {
      if (expiresAtMs > wallClockMs && this.#used.size < MAX_USED_TICKETS) break;
      this.#used.delete(id);
    }
    this.#used.set(idOf(ticket), ticket.expiresAtMs);
  }

  /** Seals a resume ticket. */
  sealResume(ticket: ResumeTicket): Uint8Array {
    const { crypto, resumeKey, random } = this.#options;
    const nonce = new Uint8Array(12);
    random(nonce);
    return seal(crypto, resumeKey, nonce, RESUME_LABEL, resumeTicketCodec.encode(ticket));
  }

  /** Opens a resume ticket; `undefined` when it is not ours. */
  openResume(sealed: Uint8Array): ResumeTicket | undefined {
    const { crypto, resumeKey } = this.#options;
    const bytes = open(crypto, resumeKey, RESUME_LABEL, sealed);
    return bytes === undefined ? undefined : resumeTicketCodec.decode(bytes);
  }
}

function idOf(ticket: SealedTicket): string {
  return String.fromCharCode(...ticket.id);
}
