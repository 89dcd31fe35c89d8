/**
 * What a host tells its operator: lines for people, or JSON for programs.
 *
 * @module
 */
import { canonicalHostname } from "../protocol/address.ts";
import { closeCodeName } from "../protocol/close_code.ts";
import type { ServerRates } from "./cli_meter.ts";
import type { Output } from "./cli_output.ts";
import type { DisconnectInfo } from "./handlers.ts";
import type { Peer } from "./peer.ts";
import type { ServerStats } from "./server_stats.ts";

/** A game that is ready for players. */
export interface ReadyInfo {
  /** The connect URL. */
  readonly url: string;
  /** The same for other machines of the network; `undefined` when `url` is it, or nobody knows. */
  readonly networkUrl: string | undefined;
  /** Where the socket is bound. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
  /** Name of the game. */
  readonly game: string;
  /** Ticks a second, 0 for none. */
  readonly tickHz: number;
  /** How players join through relays. */
  readonly join?: JoinInfo | undefined;
  /** Whether they can come that way only. */
  readonly isHidden?: boolean | undefined;
  /** What to do next: what for, and the command. */
  readonly nextSteps: readonly (readonly [string, string])[];
}

/** How players join through relays. */
export interface JoinInfo {
  /** What they type in. */
  readonly code: string;
  /** The same as a URL. */
  readonly url: string;
}

/** Ticks that took too long. */
export interface OverrunInfo {
  /** Ticks that took longer than their period since the last warning. */
  readonly overruns: number;
  /** Ticks that never ran since then. */
  readonly skipped: number;
  /** Longest work of any tick so far. */
  readonly longestMs: number;
  /** Milliseconds that a tick has. */
  readonly periodMs: number;
}

/** What an operator is told. */
export interface HostReport {
  /** Players may come. */
  ready(info: ReadyInfo): void;
  /** Players join by another code from now on. */
  joinCode(join: JoinInfo): void;
  /** An interval is over. */
  stats(rates: ServerRates, stats: ServerStats, statusLine: string): void;
  /** A player came. */
  connected(peer: Peer<unknown>): void;
  /** A player is gone. */
  disconnected(peer: Peer<unknown>, info: DisconnectInfo): void;
  /** The server does not keep up. */
  tickOverrun(info: OverrunInfo): void;
  /** New players are refused; the server waits for the others. */
  draining(peers: number, seconds: number): void;
  /** Nothing is left. */
  stopped(): void;
}

/** For programs: each call is a line of JSON with `event`. */
export class JsonReport implements HostReport {
  readonly #output: Output;

  /** @param output Gets nothing else. */
  constructor(output: Output) {
    this.#output = output;
  }

  ready({ url, host, port, game, tickHz, join }: ReadyInfo): void {
    const joining = join === undefined ? {} : { joinCode: join.code, joinUrl: join.url };
    this.#output.json({ event: "ready", url, host, port, game, tickHz, ...joining });
  }

  joinCode({ code, url }: JoinInfo): void {
    this.#output.json({ event: "join-code", joinCode: code, joinUrl: url });
  }

  stats(rates: ServerRates, stats: ServerStats, status: string): void {
    const { halfOpen, handlerErrors, messagesUnhandled, buffersInUse } = stats;
    const drops = Object.fromEntries(Object.entries(stats.drops).filter(([, count]) => count > 0));
    this.#output.json({
      event: "stats",
      ...rates,
      halfOpen,
      handlerErrors,
      messagesUnhandled,
      buffersInUse,
      drops,
      pipe: stats.pipe,
      status,
    });
  }

  connected(peer: Peer<unknown>): void {
    const { port } = peer.address;
    // A dual-stack socket reports IPv4 as ::ffff:1.2.3.4; nobody wants to read that.
    const hostname = canonicalHostname(peer.address.hostname) ?? peer.address.hostname;
    this.#output.json({ event: "connected", peer: peer.id, hostname, port, userId: peer.userId });
  }

  disconnected(peer: Peer<unknown>, { code, reason, isByPeer }: DisconnectInfo): void {
    this.#output.json({ event: "disconnected", peer: peer.id, code, reason, isByPeer });
  }

  tickOverrun(info: OverrunInfo): void {
    this.#output.json({ event: "tick-overrun", ...info });
  }

  draining(peers: number, seconds: number): void {
    this.#output.json({ event: "draining", peers, seconds });
  }

  stopped(): void {
    this.#output.json({ event: "stopped" });
  }
}

/** For people: what they need, and silence when nothing happens. */
export class TextReport implements HostReport {
  readonly #output: Output;
  #wasIdle = false;

  /** @param output Where the lines go. */
  constructor(output: Output) {
    this.#output = output;
  }

  ready(info: ReadyInfo): void {
    const { url, networkUrl, game, tickHz, nextSteps, join, isHidden = false } = info;
    const out = this.#output;
    const pace = tickHz > 0 ? ` at ${tickHz} ticks a second` : "";
    out.write(`${out.paint("bold", game)} is ready${pace}. `);
    if (join !== undefined) {
      out.line(`Players join with the code ${out.paint("bold", join.code)}, or at`);
      out.line(`\n  ${out.paint("cyan", join.url)}`);
    } else if (isHidden) out.line("Players join with grants of the director.");
    if (!isHidden) {
      out.line(join === undefined ? "Players connect to" : "\nor without relays at");
      out.line(`\n  ${out.paint("cyan", url)}`);
    }
    if (networkUrl !== undefined && !isHidden) {
      out.line(`\nor from another machine to\n\n  ${out.paint("cyan", networkUrl)}`);
    }
    out.line();
    const width = Math.max(...nextSteps.map(([what]) => what.length));
    for (const [what, command] of nextSteps) {
      out.line(`${out.paint("dim", what.padEnd(width))}  ${command}`);
    }
    out.line();
  }

  joinCode({ code, url }: JoinInfo): void {
    this.#output.line(`Players join with another code from now on: ${code}, or at ${url}`);
  }

  stats(rates: ServerRates, _stats: ServerStats, statusLine: string): void {
    // An idle server says so once.
    const isIdle = rates.peers === 0 && rates.packetsInPerSecond === 0;
    if (isIdle && this.#wasIdle) return;
    this.#wasIdle = isIdle;
    this.#output.line(statsLine(rates, statusLine));
  }

  connected(): void {}

  disconnected(peer: Peer<unknown>, { code, reason, isByPeer }: DisconnectInfo): void {
    // Who says goodbye, or leaves when we do, is nothing to worry about; the access log has them all.
    const name = closeCodeName(code);
    if (isByPeer || name === "shutdown") return;
    this.#output.line(`peer ${peer.id} is gone: ${name}${reason === "" ? "" : ` (${reason})`}`);
  }

  tickOverrun({ overruns, skipped, longestMs, periodMs }: OverrunInfo): void {
    const text = `ticks are too slow: ${overruns} took longer than ${periodMs.toFixed(1)} ms` +
      ` (the longest ${longestMs.toFixed(1)} ms), ${skipped} were skipped`;
    this.#output.line(this.#output.paint("yellow", text));
  }

  draining(peers: number, seconds: number): void {
    const who = peers === 1 ? "1 player" : `${peers} players`;
    this.#output.line(
      `No new players from now on; waiting up to ${seconds} s for ${who} to leave. Ctrl-C again ends at once.`,
    );
  }

  stopped(): void {
    this.#output.line("Stopped.");
  }
}

function statsLine(rates: ServerRates, statusLine: string): string {
  const { peers, packetsInPerSecond, packetsOutPerSecond, loss, tickMs, cpu } = rates;
  const parts = [
    statusLine === "" ? `${peers} peers` : `${peers} peers, ${statusLine}`,
    `in ${packetsInPerSecond}/s ${bytes(rates.bytesInPerSecond)}/s`,
    `out ${packetsOutPerSecond}/s ${bytes(rates.bytesOutPerSecond)}/s`,
  ];
  if (loss > 0) parts.push(`loss ${(loss * 100).toFixed(1)} %`);
  if (tickMs > 0) parts.push(`tick ${tickMs.toFixed(2)} ms`);
  parts.push(`cpu ${(cpu * 100).toFixed(0)} %`, bytes(rates.memoryBytes));
  if (rates.dropsPerSecond > 0) parts.push(`refused ${rates.dropsPerSecond}/s`);
  return parts.join(" | ");
}

function bytes(count: number): string {
  if (count < 1_000) return `${count} B`;
  if (count < 1_000_000) return `${(count / 1_000).toFixed(1)} KB`;
  return `${(count / 1_000_000).toFixed(1)} MB`;
}
