/**
 * Makes key files: the server's own, or one that a server shares with an issuer of tickets.
 *
 *   deno run -A tools/keygen.ts server
 *   deno run -A tools/keygen.ts ticket /etc/tickwire/ticket.key
 *
 * @module
 */
import { join } from "node:path";
import { encodeKey } from "../protocol/connect_url.ts";
import { nobleBackend } from "../protocol/crypto/noble.ts";
import { runCommand } from "../server/cli_command.ts";
import { flag, UsageError } from "../server/cli_flags.ts";
import { stdout } from "../server/cli_output.ts";
import { DEFAULT_KEY_FILE, type KeyKind, readKeyFile, writeKeyFile } from "../server/key_file.ts";
import { systemRandom } from "../transport/system_random.ts";

/** Relays make their own keys: relay/main.ts. */
type ToolKind = Exclude<KeyKind, "relay">;

const DEFAULT_FILES: Readonly<Record<ToolKind, string>> = {
  server: DEFAULT_KEY_FILE,
  ticket: join(".tickwire", "ticket.key"),
};

await runCommand({
  usage: "tools/keygen.ts server|ticket [FILE] [options]",
  about: "Makes a key file that only you can read, and prints the public half of a server's key.",
  positionals: [1, 2],
  flags: {
    force: flag.toggle("Replaces a file that is there; its key is lost"),
    show: flag.toggle("Makes nothing: prints the public half of a server key that is there"),
    json: flag.toggle("One JSON object"),
  },
  notes: `Without FILE: ${DEFAULT_FILES.server} or ${DEFAULT_FILES.ticket}`,
}, async ({ values: { force, show, json }, positionals: [kind, named] }) => {
  if (kind !== "server" && kind !== "ticket") {
    throw new UsageError(`"${kind}" is no kind of key: say "server" or "ticket"`);
  }
  const file = named ?? DEFAULT_FILES[kind];
  const key = show ? await readKeyFile(file, kind) : new Uint8Array(32);
  if (!show) {
    systemRandom(key);
    await writeKeyFile(file, key, { kind, overwrite: force });
  }
  // A ticket key has no public half: issuer and server hold the same.
  const publicKey = kind === "server" ? encodeKey(nobleBackend().x25519PublicKey(key)) : undefined;
  if (json) return stdout.json({ event: show ? "key" : "made", kind, file, publicKey });
  if (!show) stdout.line(`made ${file}`);
  if (publicKey !== undefined) stdout.line(`public key ${publicKey}`);
  else stdout.line(`server: --ticket-key ${file}   issuer: tools/ticket.ts issue --key ${file}`);
});
