/**
 * Who gets in: what a server decides about a decrypted HELLO before and after its authorize hook.
 *
 * @module
 */
import type { RefusalStatus } from "../schema/messages/mod.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import { isLoopback } from "./address.ts";
import { CloseCode } from "./close_code.ts";
import type { DropCounters } from "./counters.ts";
import type { Handshake } from "./handshake_responder.ts";
import type { EndpointLimits } from "./limits.ts";
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

  /** Why a new session is refused, or `undefined`. */
  refusalOf(handshake: Handshake, reserved: number, nowMs: number): Refused | undefined {
    const { protocol, requireTicket, limits, registry, drops, evict } = this.#options;
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
    if (!isLoopback(address.hostname) && registry.countFrom(address) >= limits.sessionsPerAddress) {
      return {
        status: "busy",
        reason: "too many connections from this address",
        retryAfterMs: RETRY_AFTER_MS,
      };
    }
    if (registry.size + reserved < limits.sessions) return undefined;
    // Who fell silent keeps a place only as long as nobody needs it.
    const silent = registry.oldestDetached();
    if (silent === undefined) {
      return { status: "full", reason: "the server is full", retryAfterMs: RETRY_AFTER_MS };
    }
    evict(silent, CloseCode.timeout, "the place was needed", nowMs);
    return undefined;
  }
}
