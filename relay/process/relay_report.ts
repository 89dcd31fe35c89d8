/**
 * What a relay tells its operator: lines for people, or JSON for programs.
 *
 * @module
 */
import type { RelaySnapshot } from "../status/relay_snapshot.ts";
import { counted, duration, percent, withPrefix } from "../status/status_words.ts";

/** Where lines go. */
export interface ReportOutput {
  /** Writes a line. */
  line(text?: string): void;
  /** Writes a line of JSON. */
  json(value: unknown): void;
  /** The text in a style, or as it is where nobody looks. */
  paint(style: "bold" | "dim" | "cyan", text: string): string;
}

/** A relay or director that is ready. */
export interface ReadyInfo {
  /** What this process does. */
  readonly role: "relay" | "director" | "both";
  /** Where game servers and clients find the director. */
  readonly url: string;
  /** Where this process answers HTTP. */
  readonly httpUrl: string;
  /** Id of the relay; `undefined` for a director alone. */
  readonly id: string | undefined;
  /** Its region. */
  readonly region: string | undefined;
  /** Where its first shard is bound. */
  readonly host: string | undefined;
  /** Its port. */
  readonly port: number | undefined;
  /** Where the world reaches it, one per shard. */
  readonly advertised: readonly string[];
  /** Whether the director answered. */
  readonly isConnected: boolean;
  /** Sessions taken over from the process before; `undefined` when there was none. */
  readonly takenOver: number | undefined;
  /** What to do next: what for, and the command. */
  readonly nextSteps: readonly (readonly [string, string])[];
}

/** What an operator is told. */
export interface RelayReport {
  /** Everything is up. */
  ready(info: ReadyInfo): void;
  /** An interval is over. */
  stats(snapshot: RelaySnapshot): void;
  /** New sessions are refused; those that are there may go on for a while. */
  draining(sessions: number, seconds: number): void;
  /** A newer process has the sessions. */
  takenOver(): void;
  /** Nothing is left. */
  stopped(): void;
}

/** For programs: each call is a line of JSON with `event`. */
export class JsonRelayReport implements RelayReport {
  readonly #output: ReportOutput;

  /** Writes to an output that gets nothing else. */
  constructor(output: ReportOutput) {
    this.#output = output;
  }

  ready({ nextSteps: _, ...info }: ReadyInfo): void {
    this.#output.json({ event: "ready", ...info });
  }

  stats(snapshot: RelaySnapshot): void {
    const { state, directory, load, rates, events, sessionsByState, socket } = snapshot;
    const drops = Object.fromEntries(
      Object.entries(snapshot.drops).filter(([, count]) => count > 0),
    );
    this.#output.json({
      event: "stats",
      state,
      directory,
      load,
      ...rates,
      sessions: sessionsByState,
      events,
      drops,
      socket,
    });
  }

  draining(sessions: number, seconds: number): void {
    this.#output.json({ event: "draining", sessions, seconds });
  }

  takenOver(): void {
    this.#output.json({ event: "taken-over" });
  }

  stopped(): void {
    this.#output.json({ event: "stopped" });
  }
}

const ROLES: Readonly<Record<ReadyInfo["role"], string>> = {
  relay: "Relay",
  director: "Director",
  both: "Relay and director",
};

/** For people: what they need, and silence when nothing happens. */
export class TextRelayReport implements RelayReport {
  readonly #output: ReportOutput;
  #wasIdle = false;

  /** Writes lines to this output. */
  constructor(output: ReportOutput) {
    this.#output = output;
  }

  ready(info: ReadyInfo): void {
    const { role, id, region, advertised, isConnected, takenOver, nextSteps } = info;
    const out = this.#output;
    const name = id === undefined ? "" : ` ${out.paint("bold", id)} in region ${region}`;
    const where = advertised.length === 0 ? "" : `, forwarding at ${advertised.join(", ")} (UDP)`;
    out.line(`${ROLES[role]}${name}${where}.`);
    if (takenOver !== undefined) out.line(`Took over ${counted(takenOver, "session")}.`);
    if (!isConnected) out.line("The director has not answered yet; trying on every 2 s.");
    out.line();
    const width = Math.max(...nextSteps.map(([what]) => what.length));
    for (const [what, command] of nextSteps) {
      out.line(`${out.paint("dim", what.padEnd(width))}  ${out.paint("cyan", command)}`);
    }
    out.line();
  }

  stats(snapshot: RelaySnapshot): void {
    const { rates: { framesIn, framesOut, bitsIn, bitsOut }, sessionsByState, load } = snapshot;
    const { active = 0, binding = 0, anchor = 0 } = sessionsByState;
    // Measuring other relays is a few frames a second, and no news.
    const isIdle = active + binding === 0;
    if (isIdle && this.#wasIdle) return;
    this.#wasIdle = isIdle;
    const parts = [
      counted(active + binding, "session"),
      counted(anchor, "anchor"),
      `in ${framesIn.toFixed(0)}/s ${withPrefix(bitsIn, "bit/s")}`,
      `out ${framesOut.toFixed(0)}/s ${withPrefix(bitsOut, "bit/s")}`,
      `load ${percent(load)}`,
    ];
    const { directory, directoryAgeMs } = snapshot;
    if (directory === "away") parts.push(`director away for ${duration(directoryAgeMs)}`);
    this.#output.line(parts.join(" | "));
  }

  draining(sessions: number, seconds: number): void {
    this.#output.line(
      `No new sessions from now on; waiting up to ${seconds} s for ` +
        `${counted(sessions, "session")} to move away. Ctrl-C again ends at once.`,
    );
  }

  takenOver(): void {
    this.#output.line("A newer process has taken over.");
  }

  stopped(): void {
    this.#output.line("Stopped.");
  }
}
