/**
 * Who may sit where: one seat per name, and what happens when a name comes twice.
 *
 * A client that crashed and starts again shows the token of its seat and gets it back at once, score
 * and all, although its old connection has not been missed yet. Somebody else gets the name only after
 * its holder has been silent for {@link SILENT_SECONDS}, and starts anew.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { nameKey } from "./player_text.ts";

/** Silence after which a seat is there for the taking. */
export const SILENT_SECONDS = 3;

/** A taken seat. */
export interface Seat<Holder> {
  /** The name as it is shown. */
  readonly name: string;
  /** What its holder shows to get it back. */
  readonly token: Uint8Array;
  /** Who sits there. */
  readonly holder: Holder;
}

/** What came of asking for a seat. */
export type SeatAnswer<Holder> =
  /** The name is free. */
  | { readonly kind: "free" }
  /** The same player comes again: `holder` makes room and hands over. */
  | { readonly kind: "own"; readonly holder: Holder }
  /** The holder has been silent for long: it makes room. */
  | { readonly kind: "silent"; readonly holder: Holder }
  /** The name is taken. */
  | { readonly kind: "taken"; readonly retryAfterSeconds: number };

/** The seats. */
export class Seats<Holder> {
  readonly #seats = new Map<string, Seat<Holder>>();
  readonly #silentSeconds: (holder: Holder) => number;

  /** @param silentSeconds For how long nothing was heard of a holder. */
  constructor(silentSeconds: (holder: Holder) => number) {
    this.#silentSeconds = silentSeconds;
  }

  /** Seats taken. */
  get size(): number {
    return this.#seats.size;
  }

  /** Whether somebody may sit down under that name. Changes nothing. */
  ask(name: string, token: Uint8Array): SeatAnswer<Holder> {
    const seat = this.#seats.get(nameKey(name));
    if (seat === undefined) return { kind: "free" };
    const { holder } = seat;
    if (token.byteLength === seat.token.byteLength && timingSafeEqual(token, seat.token)) {
      return { kind: "own", holder };
    }
    const silentSeconds = this.#silentSeconds(holder);
    if (silentSeconds >= SILENT_SECONDS) return { kind: "silent", holder };
    return { kind: "taken", retryAfterSeconds: SILENT_SECONDS - silentSeconds };
  }

  /** Gives the seat of a name to somebody, whoever had it. */
  take(name: string, token: Uint8Array, holder: Holder): void {
    this.#seats.set(nameKey(name), { name, token, holder });
  }

  /** Frees the seat of a name if that holder still has it. */
  leave(name: string, holder: Holder): void {
    const key = nameKey(name);
    if (this.#seats.get(key)?.holder === holder) this.#seats.delete(key);
  }
}
