/**
 * What a BIND must be to make a route at the server: sealed for it, alive, and sent by a relay that knows
 * the key inside.
 *
 * @module
 */
import type { CryptoBackend } from "../../crypto/backend.ts";
import { BIND_TICKETS_AT, MAX_BIND_BYTES, MIN_BIND_BYTES } from "../control_frames.ts";
import { HOP_RENEWAL_BYTES, type HopRenewal, openHopRenewal } from "../hop_renewal.ts";
import {
  HopFlag,
  type HopTicket,
  HopTicketOpener,
  type RelayKey,
  TicketProblem,
} from "../hop_ticket.ts";
import { frameLabel, RELAY_HEADER_BYTES } from "../relay_frame.ts";
import type { SipHasher } from "../siphash.ts";
import type { ServerLegCounters } from "./leg_counters.ts";

/** Clocks of directors and servers differ by this much. */
const CLOCK_SKEW_S = 5;

/** Opens what directors seal for this server. */
export class LastHopDoor {
  /** Keys that are good now; two while they are replaced. */
  keys: readonly RelayKey[];
  readonly #opener: HopTicketOpener;
  readonly #crypto: CryptoBackend;
  readonly #counters: ServerLegCounters;

  /** Counts what it refuses. */
  constructor(
    parts: { readonly crypto: CryptoBackend; readonly hasher: SipHasher },
    keys: readonly RelayKey[],
    counters: ServerLegCounters,
  ) {
    this.keys = keys;
    this.#opener = new HopTicketOpener(parts.crypto, parts.hasher);
    this.#crypto = parts.crypto;
    this.#counters = counters;
  }

  /** The ticket of a BIND, valid until the next call; `undefined` when it is refused. */
  open(frame: Uint8Array, nowS: number): HopTicket | undefined {
    const counters = this.#counters;
    const { byteLength } = frame;
    if (byteLength < MIN_BIND_BYTES || byteLength > MAX_BIND_BYTES) {
      counters.size++;
      return undefined;
    }
    switch (this.#opener.open(frame, BIND_TICKETS_AT, this.keys)) {
      case TicketProblem.gate:
        counters.gate++;
        return undefined;
      case TicketProblem.sealed:
        counters.sealed++;
        return undefined;
      case TicketProblem.content:
        counters.content++;
        return undefined;
    }
    const { ticket } = this.#opener;
    const isOurs = (ticket.flags & HopFlag.last) !== 0 && (ticket.flags & HopFlag.anchor) === 0;
    if (!isOurs || ticket.labelIn !== frameLabel(frame)) {
      counters.content++;
      return undefined;
    }
    if (ticket.notAfterS + CLOCK_SKEW_S < nowS) {
      counters.expired++;
      return undefined;
    }
    return ticket;
  }

  /** The renewal of a RENEW; `undefined` when it does not open. */
  openRenewal(frame: Uint8Array): HopRenewal | undefined {
    if (frame.byteLength < RELAY_HEADER_BYTES + HOP_RENEWAL_BYTES) return undefined;
    return openHopRenewal(frame, RELAY_HEADER_BYTES, this.keys, this.#crypto);
  }
}
