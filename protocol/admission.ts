/**
 * Who gets in: what a server decides about a decrypted HELLO before and after its authorize hook.
 *
 * @module
 */
import type { RefusalStatus } from "../schema/messages/mod.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import { isLoopback, sourceKey } from "./address.ts";
import { CloseCode } from "./close_code.ts";
import type { DropCounters } from "./counters.ts";
import type { Handshake } from "./handshake_responder.ts";
import type { EndpointLimits } from "./limits.ts";
import type { Reservations } from "./reservations.ts";
import type { ServerSession, SessionRegistry } from "./session_registry.ts";
import type { TicketOffice } from "./ticket_office.ts";

/** Why a handshake is refused. */
export interface Refused {
  /** For programs. */
  readonly status: RefusalStatus;
  /** For people. */
  readonly reason: string;
  /** When to try again; absent for no advice. */
  readonly retryAfterMs?: number;
}

/** Advice to clients that a limit turned away. */
const RETRY_AFTER_MS = 2_000;

/** What admission needs to know. */
export interface AdmissionOptions {
  /** The game's protocol. */
  readonly protocol: ProtocolCore;
  /** Whether a connect ticket is needed. */
  readonly requireTicket: boolean;
  /** Limits of the endpoint. */
  readonly limits: EndpointLimits;
  /** Sessions there are. */
  readonly registry: SessionRegistry;
  /** Tickets. */
  readonly tickets: TicketOffice;
  /** Counts of what is refused. */
  readonly drops: DropCounters;
  /** Ends a session to make room. */
  readonly evict: (entry: ServerSession, code: number, reason: string, nowMs: number) => void;
}

/** Rules of admission. */
export class Admission {
  /** Whether new players are refused because the server is about to stop. */
  isDraining = false;
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** The session that a HELLO wants back; a refusal when it is gone; `undefined` for a new session. */
  resumed(handshake: Handshake): ServerSession | Refused | undefined {
    const { tickets, registry, drops } = this.#options;
    const sealed = handshake.hello.resumeTicket;
    if (sealed === undefined) return undefined;
    const ticket = tickets.openResume(sealed);
    const entry = ticket && registry.resumable(ticket);
    const state = entry?.session.state;
    const isAlive = state === "open" || state === "detached";
    if (entry !== undefined && isAlive && entry.table === handshake.table) return entry;
    drops.resumeRefused++;
    return { status: "gone", reason: "the session is over" };
  }

  /**
   * Why a new session is refused, or `undefined`.
   *
   * @param reserved Places held for handshakes that are not confirmed yet.
   */
  refusalOf(handshake: Handshake, reserved: Reservations): Refused | undefined {
    const { protocol, requireTicket, limits, registry, drops } = this.#options;
    if (this.isDraining) {
      drops.helloWhileClosed++;
      return { status: "busy", reason: "the server is about to stop" };
    }
    if (handshake.table === undefined) {
      const reason = `the server speaks ${protocol.name} version ${protocol.version}`;
      return { status: "schema", reason };
    }
    const { shown } = handshake;
    if (shown?.problem !== undefined) {
      drops.ticketRefused++;
      return { status: "auth", reason: shown.problem };
    }
    if (requireTicket && shown === undefined) {
      drops.ticketRefused++;
      return { status: "auth", reason: "the server lets in only players with a connect ticket" };
    }
    const { address } = handshake;
    const old = this.superseded(handshake, shown?.ticket.userId ?? "");
    const source = sourceKey(address.hostname);
    const sameSource = registry.countFrom(address) + reserved.countFrom(address) -
      old.filter((entry) => sourceKey(entry.address.hostname) === source).length;
    if (!isLoopback(address.hostname) && sameSource >= limits.sessionsPerAddress) {
      const reason = "too many connections from this address";
      return { status: "busy", reason, retryAfterMs: RETRY_AFTER_MS };
    }
    if (this.#hasPlace(reserved.size - old.length)) return undefined;
    return { status: "full", reason: "the server is full", retryAfterMs: RETRY_AFTER_MS };
  }

  /**
   * The sessions that a new one takes the place of: whoever sits at the very same port, and the same player.
   * Somebody who crashed need not wait for his own timeout to come back.
   */
  superseded(handshake: Handshake, userId: string): ServerSession[] {
    const { registry } = this.#options;
    // An address that is only claimed must not throw out who is there.
    const there = handshake.wasAnsweredElsewhere ? undefined : registry.at(handshake.address);
    const same = registry.ofUser(userId);
    return [there, same === there ? undefined : same].filter((entry) => entry !== undefined);
  }

  /**
   * Makes room for a session whose handshake is confirmed. Who fell silent keeps a place only as long as
   * nobody needs it, and nobody needs it before.
   *
   * @returns Whether there is a place.
   */
  makeRoom(nowMs: number): boolean {
    const { registry, limits, evict } = this.#options;
    if (registry.active < limits.sessions) return true;
    const silent = registry.longestDetached();
    if (silent === undefined) return false;
    evict(silent, CloseCode.timeout, "the place was needed", nowMs);
    return true;
  }

  #hasPlace(extra: number): boolean {
    const { registry, limits } = this.#options;
    const taken = registry.active + extra;
    // Counting the silent ones takes a look at every session: only when it matters.
    return taken < limits.sessions || taken - registry.countDetached() < limits.sessions;
  }
}
