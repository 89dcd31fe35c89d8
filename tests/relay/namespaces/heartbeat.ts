/**
 * One player of a lab: what it sent, what came back, and for how long nothing did.
 *
 * @module
 */
import type { Client } from "../../../client/mod.ts";
import { Beats } from "./beat.ts";

/** What happened to one player since its last report. */
export interface PlayerReport {
  /** Beats sent. */
  readonly sent: number;
  /** Beats that came back. */
  readonly returned: number;
  /** Longest time in which none came back, in milliseconds. */
  readonly maxGapMs: number;
  /** Whether the session of the beginning goes on: neither ended nor replaced by another. */
  readonly isAlive: boolean;
  /** Where packets go: `direct`, `punched` or `relayed`. */
  readonly kind: string;
  /** Relays of the route in use. */
  readonly relays: readonly string[];
  /** Relays of all routes that would carry data now. */
  readonly usable: readonly (readonly string[])[];
  /** Round trip on the route in use, in milliseconds. */
  readonly rttMs: number;
  /** Times that the route in use failed, since the beginning. */
  readonly failovers: number;
}

/** A player. */
export class Heartbeat {
  /** How long `connect` took. */
  readonly connectMs: number;
  readonly #client: Client<typeof Beats>;
  #number = 0;
  #sent = 0;
  #returned = 0;
  #heardAtMs = performance.now();
  #maxGapMs = 0;
  #isAlive = true;

  /** Takes a client that is connected. */
  constructor(client: Client<typeof Beats>, connectMs: number) {
    this.#client = client;
    this.connectMs = connectMs;
    client.on(Beats.Beat, () => this.#onBeat());
    for (const event of ["reconnecting", "disconnected"] as const) {
      client.on(event, () => {
        this.#isAlive = false;
      });
    }
  }

  /** Sends the next number. */
  beat(): void {
    if (!this.#isAlive) return;
    this.#client.send(Beats.Beat, { number: this.#number++ });
    this.#sent++;
  }

  /** Which way packets take. */
  route(): Pick<PlayerReport, "kind" | "relays" | "usable" | "rttMs" | "failovers"> {
    const { kind, relays, rttMs, failovers, routes } = this.#client.stats().route;
    const usable = routes.filter(({ isUsable }) => isUsable).map((route) => route.relays);
    return { kind, relays, rttMs, failovers, usable };
  }

  /** What happened since the last report. Silence that lasts counts. */
  report(): PlayerReport {
    this.#note();
    const report: PlayerReport = {
      sent: this.#sent,
      returned: this.#returned,
      maxGapMs: this.#maxGapMs,
      isAlive: this.#isAlive,
      ...this.route(),
    };
    this.#sent = 0;
    this.#returned = 0;
    this.#maxGapMs = 0;
    return report;
  }

  /** Says goodbye. */
  close(): Promise<void> {
    return this.#client.close();
  }

  #onBeat(): void {
    this.#returned++;
    this.#note();
    this.#heardAtMs = performance.now();
  }

  #note(): void {
    this.#maxGapMs = Math.max(this.#maxGapMs, performance.now() - this.#heardAtMs);
  }
}
