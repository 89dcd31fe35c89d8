/**
 * The directed paths between the hosts of a simulated network: which impairment, dark when.
 *
 * @module
 */
import { ImpairedLink } from "./impaired_link.ts";
import type { Impairment, ImpairmentOptions } from "./impairment.ts";
import { seedFor } from "./random.ts";

/** One direction between two hosts. */
export class SimulatedPath {
  /** Applies the impairment; replaced by a fresh one when the impairment changes. */
  link: ImpairedLink;
  /** Whether this path has an impairment of its own, which a new default does not replace. */
  hasOwnImpairment = false;
  /** Starts and ends of blackouts, in pairs. */
  readonly #blackoutsMs: number[] = [];

  /** Takes the link that is in force at first. */
  constructor(link: ImpairedLink) {
    this.link = link;
  }

  /** Makes the path dark from one time to another, the end not included. */
  addBlackout(fromMs: number, toMs: number): void {
    this.#blackoutsMs.push(fromMs, toMs);
  }

  /** Whether a datagram that leaves now is lost to a blackout. */
  isDark(nowMs: number): boolean {
    const spans = this.#blackoutsMs;
    for (let index = 0; index < spans.length; index += 2) {
      if (nowMs >= spans[index]! && nowMs < spans[index + 1]!) return true;
    }
    return false;
  }
}

/** Every path that was used or configured, by sender and receiver. */
export class PathTable {
  readonly #seed: number;
  readonly #paths: Map<string, Map<string, SimulatedPath>> = new Map();
  #defaultImpairment: Impairment;

  /** The seed decides all links; each draws from a sequence of its own. */
  constructor(seed: number, defaultImpairment: Impairment) {
    this.#seed = seed;
    this.#defaultImpairment = defaultImpairment;
  }

  /** The path from one host to another; made at first use. */
  path(fromHostname: string, toHostname: string): SimulatedPath {
    let receivers = this.#paths.get(fromHostname);
    if (receivers === undefined) {
      receivers = new Map();
      this.#paths.set(fromHostname, receivers);
    }
    let path = receivers.get(toHostname);
    if (path === undefined) {
      path = new SimulatedPath(this.#link(fromHostname, toHostname, this.#defaultImpairment));
      receivers.set(toHostname, path);
    }
    return path;
  }

  /** Gives one direction an impairment of its own. */
  setLink(fromHostname: string, toHostname: string, impairment: ImpairmentOptions): void {
    const path = this.path(fromHostname, toHostname);
    path.link = this.#link(fromHostname, toHostname, impairment);
    path.hasOwnImpairment = true;
  }

  /** Replaces the impairment of every path that has none of its own. */
  setDefault(impairment: Impairment): void {
    this.#defaultImpairment = impairment;
    for (const [fromHostname, receivers] of this.#paths) {
      for (const [toHostname, path] of receivers) {
        if (!path.hasOwnImpairment) {
          path.link = this.#link(fromHostname, toHostname, impairment);
        }
      }
    }
  }

  /** The seed comes from the names, so the order in which paths are first used decides nothing. */
  #link(fromHostname: string, toHostname: string, impairment: ImpairmentOptions): ImpairedLink {
    const seed = impairment.seed ?? this.#seed;
    return new ImpairedLink(impairment, seedFor(`${fromHostname}>${toHostname}`, seed));
  }
}
