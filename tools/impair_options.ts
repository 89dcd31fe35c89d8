/**
 * The command line of `tools/impair.ts`, and what it says of lines and ends.
 *
 * @module
 */
import { isIPv4 } from "node:net";
import { type Address, canonicalHostname } from "../protocol/address.ts";
import type { Command } from "../server/cli_command.ts";
import { flag, UsageError } from "../server/cli_flags.ts";
import type { ImpairmentOptions } from "../transport/impairment.ts";
import { IMPAIRMENT_HELP, parseImpairment } from "../transport/impairment_text.ts";
import { resolveAddresses } from "../transport/resolve.ts";

/** Host and port as a command line has them; the host may be a name. */
export interface Endpoint {
  /** Name or IP literal, without brackets. */
  readonly hostname: string;
  /** 0 to 65,535. */
  readonly port: number;
}

/**
 * Reads `HOST:PORT`; an IPv6 literal stands in brackets.
 *
 * @throws RangeError
 */
export function parseEndpoint(text: string): Endpoint {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const hostname = bracketed ?? plain;
  const port = Number(digits);
  if (hostname === undefined || !(port <= 65_535)) {
    throw new RangeError(`cannot read "${text}": expected HOST:PORT or [IPV6]:PORT`);
  }
  return { hostname, port };
}

/** Writes `HOST:PORT`. */
export function formatEndpoint({ hostname, port }: Endpoint): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/**
 * Reads a time such as `2s`, `500ms` or `0.5`, which is in seconds; in milliseconds.
 *
 * @throws RangeError unless it is above 0 and at most a day.
 */
export function parseDurationMs(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|)$/.exec(text) ?? [];
  const durationMs = Number(number) * (unit === "ms" ? 1 : 1_000);
  if (durationMs > 0 && durationMs <= 86_400_000) return durationMs;
  throw new RangeError(`cannot read "${text}": expected a time such as 2s or 500ms`);
}

/**
 * The address of an endpoint to send to, IPv4 first, in the form in which sockets report it.
 *
 * @throws {TransportError} `unresolved`.
 */
export async function targetOf({ hostname, port }: Endpoint): Promise<Address> {
  if (port === 0) throw new UsageError("--to needs a port of 1 to 65535");
  const resolve = async (family: "ipv4" | "ipv6"): Promise<Address> => {
    const [first] = await resolveAddresses(hostname, port, family);
    return { hostname: canonicalHostname(first?.hostname ?? "") ?? hostname, port };
  };
  return await resolve("ipv4").catch(() => resolve("ipv6"));
}

/** Where a socket binds that is to reach the target. */
export function sourceFor(target: Address): string {
  return isIPv4(target.hostname) ? "0.0.0.0" : "::";
}

const line = (help: string) => flag.parsed("LINE", help, parseImpairment);

const flags = {
  listen: flag.parsed(
    "HOST:PORT",
    "Where clients send to; port 0 picks one; default 127.0.0.1:0",
    parseEndpoint,
  ),
  to: flag.parsed("HOST:PORT", "The program behind the bad line", parseEndpoint),
  sim: line("The line in both directions: delay=80ms,loss=5% (keys below)"),
  up: line("The line from clients to the target, instead of --sim"),
  down: line("The line from the target to clients, instead of --sim"),
  seed: flag.integer("N", "Seed of lines that name none; default: another one each time", {
    min: 0,
    max: 0xffff_ffff,
  }),
  rebindEvery: flag.parsed(
    "TIME",
    "Changes the source ports that the target sees, as a NAT that\nforgets: 2s, 500ms",
    parseDurationMs,
  ),
  idle: flag.parsed("TIME", "Forgets clients that were silent so long; default 120s", (text) => {
    return parseDurationMs(text);
  }),
  maxClients: flag.integer("N", "Clients at once; default 1024", { min: 1, max: 60_000 }),
  control: flag.toggle("Takes commands on standard input (below)"),
  seconds: flag.number("S", "How long; default: until ctrl-C", { min: 0.1, max: 1e6 }),
  json: flag.toggle("One JSON object per line on standard output"),
};

/** The flags of `tools/impair.ts`. */
export type ImpairFlags = typeof flags;

/** The command. */
export const impairCommand: Command<ImpairFlags> = {
  usage: "tools/impair.ts --to HOST:PORT [options]",
  about: "A bad network between any two programs that speak UDP, up to 1,452 bytes a datagram.",
  flags,
  notes: `Every client has a line of its own. Delays count in each direction.

Keys of --sim, --up and --down, joined by commas
${IMPAIRMENT_HELP.split("\n").map((text) => `  ${text}`).join("\n")}

Commands of --control, one per line
  rebind          changes the source ports now; so does the signal SIGUSR2
  block [up|down] loses everything, or everything of one direction
  unblock         ends that`,
};

/** The two directions that a command line describes. */
export function directionsOf(
  { sim, up, down }: Readonly<Record<"sim" | "up" | "down", ImpairmentOptions | undefined>>,
): { up: ImpairmentOptions; down: ImpairmentOptions } {
  if (sim !== undefined && up !== undefined && down !== undefined) {
    throw new UsageError("--up and --down leave nothing for --sim; leave it out");
  }
  return { up: up ?? sim ?? {}, down: down ?? sim ?? {} };
}
