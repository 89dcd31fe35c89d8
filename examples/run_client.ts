/**
 * What the example clients have in common besides their game: flags, and a word for whoever has a URL
 * without a key.
 *
 * @module
 */
import {
  type Client,
  connect,
  type ConnectOptions,
  knownServers,
  type ProtocolCore,
  type UntrustedServer,
} from "../mod.ts";
import { formatConnectUrl, parseConnectUrl } from "../protocol/connect_url.ts";
import { isJoinUrl, parseJoinUrl } from "../protocol/join_url.ts";
import { flag, type FlagValues, UsageError } from "../server/cli_flags.ts";
import { simFlag } from "../server/cli_options.ts";
import { stderr } from "../server/cli_output.ts";

/** Flags of every example client. */
export const clientFlags = {
  json: flag.toggle("One JSON object per line"),
  ticket: flag.text("TICKET", "A connect ticket; the URL may then be left out"),
  sim: simFlag,
  record: flag.text("FILE", "Records everything, for tools/replay.ts; keep the file to yourself"),
};

/** Whoever answers first could be anybody, so a person has to compare the key. */
function askAboutKey({ hostname, port, key }: UntrustedServer): boolean {
  stderr.line("The URL has no key. Whoever answers there claims this one:");
  stderr.line(`\n  ${formatConnectUrl({ hostname, port, serverKey: key })}\n`);
  if (Deno.stdin.isTerminal()) return confirm("Is it right, and to be trusted from now on?");
  stderr.line("If it is right, use that URL.");
  return false;
}

/** The key in a URL that has been connected to; `undefined` without one. */
export function serverKeyIn(url: string): Uint8Array | undefined {
  if (url === "") return undefined;
  return isJoinUrl(url) ? parseJoinUrl(url).serverKey : parseConnectUrl(url).serverKey;
}

/**
 * Connects as the flags say.
 *
 * @param url May be empty with a ticket, which names the server's addresses.
 * @throws ConnectError, UsageError for a bad URL or ticket.
 */
export async function connectAs<P extends ProtocolCore>(
  protocol: P,
  url: string,
  { ticket, sim, record }: FlagValues<typeof clientFlags>,
): Promise<Client<P>> {
  const options: ConnectOptions = {
    // Servers that were trusted once are remembered, as ssh does.
    trustServer: knownServers({ onUnknown: askAboutKey }),
    ...(ticket === undefined ? {} : { ticket }),
    ...(sim === undefined ? {} : { sim }),
    ...(record === undefined ? {} : { record }),
  };
  if (url === "" && ticket === undefined) {
    throw new UsageError("expected the URL that the server printed: tickwire://host:port#key");
  }
  try {
    return await connect(protocol, url, options);
  } catch (error) {
    // Which of our own calls was wrong is no news to whoever mistyped a URL.
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
