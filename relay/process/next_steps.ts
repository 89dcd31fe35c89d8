/**
 * What to do with a relay that has just started.
 *
 * @module
 */
import type { RelayRole } from "./relay_config.ts";
import { tokenFileOf } from "./token_file.ts";

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
    const token = tokenFileOf(folder, "server");
    steps.push(
      ["host", `${commandOf("server/main.ts")} --port 0 --relay ${url} --relay-token ${token}`],
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
