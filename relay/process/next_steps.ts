/**
 * What to do with a relay that has just started.
 *
 * @module
 */
import type { RelayRole } from "./relay_config.ts";
import { tokenFileOf } from "./token_file.ts";

/** Where keys and tokens are kept unless an operator says otherwise. */
export const DEFAULT_FOLDER = ".tickwire";

/** What the steps depend on. */
export interface NextStepsOptions {
  /** What the process does. */
  readonly role: RelayRole;
  /** Where the director is. */
  readonly url: string;
  /** Where this process answers. */
  readonly httpUrl: string;
  /** Where its keys and tokens are. */
  readonly folder: string;
  /** The command that starts a program of this repository. */
  readonly commandOf: (file: string) => string;
}

/** What for, and the command. */
export function nextSteps(options: NextStepsOptions): (readonly [string, string])[] {
  const { role, url, httpUrl, folder, commandOf } = options;
  const steps: (readonly [string, string])[] = [];
  if (role !== "relay") {
    // Servers look there by themselves when they are started in the same folder.
    const token = folder === DEFAULT_FOLDER
      ? ""
      : ` --relay-token ${tokenFileOf(folder, "server")}`;
    steps.push(
      ["host", `${commandOf("server/main.ts")} --port 0 --relay ${url}${token}`],
      [
        "play",
        `${commandOf("examples/arena/client.ts")} ${
          url.replace(/^https?:/, "tickwire-join:")
        }/CODE`,
      ],
      [
        "grow",
        `${commandOf("relay/main.ts")} --role relay --id NAME --region REGION --director ${url}` +
        ` --token-file ${tokenFileOf(folder, "relay")}`,
      ],
    );
  }
  if (role !== "director") steps.push(["look", `${httpUrl}/status`]);
  steps.push(["stop", "ctrl-C"]);
  return steps;
}
