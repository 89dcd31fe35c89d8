/**
 * What the command line says about relays.
 *
 * @module
 */
import { join } from "node:path";
import type { Address } from "../protocol/address.ts";
import { parseConnectUrl } from "../protocol/connect_url.ts";
import { readTokenFile } from "./key_file.ts";
import type { HostValues } from "./cli_options.ts";
import { checkRelayOptions, type ServeRelayOptions } from "./relay_options.ts";
import { UsageError } from "./cli_flags.ts";

/** Where a director on this machine leaves its token for servers. */
export const DEFAULT_RELAY_TOKEN_FILE: string = join(".tickwire", "server.token");

/** `HOST:PORT`, an IPv6 literal in brackets. Throws TypeError for anything else. */
export function parseRelayAddress(text: string): Address {
  const { hostname, port } = parseConnectUrl(`tickwire://${text}`);
  return { hostname, port };
}

/**
 * The `relay` option as the flags have it; `undefined` without `--relay`.
 *
 * @throws UsageError; KeyFileError for the token's file.
 */
export async function relayOptionsOf(values: HostValues): Promise<ServeRelayOptions | undefined> {
  const { relay: directorUrl, relayToken, exposure, relayExit, relayRegion, relayAddress } = values;
  if (directorUrl === undefined) {
    if (exposure === "never" && relayExit.length === 0 && relayRegion === undefined) {
      return undefined;
    }
    throw new UsageError("--exposure and --relay-…: name the director with --relay URL");
  }
  const options: ServeRelayOptions = {
    directorUrl,
    token: await readTokenFile(relayToken),
    exposure,
    ...(relayExit.length === 0 ? {} : { exits: relayExit }),
    ...(relayRegion === undefined ? {} : { region: relayRegion }),
    ...(relayAddress === undefined ? {} : { address: relayAddress }),
  };
  try {
    checkRelayOptions(options);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  return options;
}
