/**
 * What the example clients have in common besides their game: flags, and a word for whoever has a URL
 * without a key.
 *
 * @module
 */
import { type Client, connect, type ConnectOptions, type ProtocolCore } from "../mod.ts";
import { flag, type FlagValues } from "../server/cli_flags.ts";
import { simFlag } from "../server/cli_options.ts";
import { stderr } from "../server/cli_output.ts";

/** Flags of every example client. */
export const clientFlags = {
  json: flag.toggle("One JSON object per line"),
  ticket: flag.text("TICKET", "A connect ticket; the URL may then be left out"),
  sim: simFlag,
};

/**
 * Connects as the flags say.
 *
 * @param url May be empty with a ticket, which names the server's addresses.
 * @throws ConnectError, TypeError for a bad URL.
 */
export function connectAs<P extends ProtocolCore>(
  protocol: P,
  url: string,
  { ticket, sim }: FlagValues<typeof clientFlags>,
): Promise<Client<P>> {
  const options: ConnectOptions = {
    trustServer: ({ hostname, port, keyText }) => {
      // Whoever answers first could be anybody, so a person has to compare the key.
      stderr.line(`The URL has no key. Whoever answers there claims this one; if it is right, use`);
      stderr.line(`\n  tickwire://${hostname}:${port}#${keyText}\n`);
      return false;
    },
    ...(ticket === undefined ? {} : { ticket }),
    ...(sim === undefined ? {} : { sim }),
  };
  return connect(protocol, url, options);
}
