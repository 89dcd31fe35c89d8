/**
 * Issues and inspects connect tickets. A back end of your own does the same with `issueTicket()`.
 *
 *   deno run -A tools/ticket.ts issue --key ticket.key --url 'tickwire://host:9999#…' --user ann
 *   deno run -A tools/ticket.ts inspect TICKET
 *
 * @module
 */
import {
  decodeKey,
  encodeKey,
  formatConnectUrl,
  parseConnectUrl,
} from "../protocol/connect_url.ts";
import { nobleBackend } from "../protocol/crypto/noble.ts";
import { TicketOffice } from "../protocol/ticket_office.ts";
import {
  type ConnectTicket,
  connectTicketCodec,
  MAX_TICKET_ADDRESSES,
} from "../schema/messages/mod.ts";
import { runCommand } from "../server/cli_command.ts";
import { flag, type FlagValues, UsageError } from "../server/cli_flags.ts";
import { stdout } from "../server/cli_output.ts";
import { issueTicket } from "../server/issue_ticket.ts";
import { readKeyFile } from "../server/key_file.ts";
import { systemRandom } from "../transport/system_random.ts";

const flags = {
  key: flag.text("FILE", "Key that issuer and server share: tools/keygen.ts ticket"),
  url: flag.parsed("URL", "Connect URL of the server: its key and its address", parseConnectUrl),
  serverKey: flag.parsed("KEY", "Public key of the server, instead of --url", decodeKey),
  address: flag.texts(
    "HOST:PORT",
    `Where the server is, besides --url; repeatable, at most ${MAX_TICKET_ADDRESSES} in all`,
  ),
  user: flag.text("ID", "Whom you vouch for, at most 64 bytes; a user has one session at a time", {
    default: "",
  }),
  data: flag.text("TEXT", "Anything for the server, at most 256 bytes", { default: "" }),
  expiresSeconds: flag.number("N", "How long the ticket can be shown; default 300", {
    min: 0.001,
    max: 1e9,
    default: 300,
  }),
  json: flag.toggle("One JSON object"),
};

type Values = FlagValues<typeof flags>;

async function issue(values: Values): Promise<void> {
  if (values.key === undefined) throw new UsageError("--key FILE is needed to issue a ticket");
  const key = await readKeyFile(values.key, "ticket");
  const text = asUsage(() =>
    issueTicket({
      key,
      ...serverOf(values),
      userId: values.user,
      userData: values.data,
      lifeMs: values.expiresSeconds * 1000,
    })
  );
  if (!values.json) return stdout.line(text);
  const { addresses, expiresAtMs } = readTicket(text);
  stdout.json({ event: "issued", ticket: text, expiresAtMs, user: values.user, addresses });
}

/** The server as a URL with its key, and other ways to it. */
function serverOf({ url, serverKey, address }: Values): { url: string; addresses: string[] } {
  if (url !== undefined) return { url: formatConnectUrl(url), addresses: [...address] };
  const [first, ...addresses] = address;
  if (serverKey === undefined) {
    throw new UsageError(
      "give the server's public key: --url tickwire://host:port#KEY or --server-key",
    );
  }
  if (first === undefined) throw new UsageError("give an address of the server with --address");
  return { url: `tickwire://${first}#${encodeKey(serverKey)}`, addresses };
}

async function inspect(text: string, values: Values): Promise<void> {
  const ticket = readTicket(text);
  const shown: Record<string, unknown> = {
    serverKey: encodeKey(ticket.serverKey),
    addresses: ticket.addresses,
    expires: new Date(ticket.expiresAtMs).toISOString(),
    expired: ticket.expiresAtMs <= Date.now(),
  };
  if (values.key !== undefined) Object.assign(shown, await openSealed(ticket, values.key));
  if (values.json) return stdout.json({ event: "ticket", ...shown });
  for (const [name, value] of Object.entries(shown)) {
    stdout.line(`${name.padEnd(10)} ${Array.isArray(value) ? value.join(" ") : value}`);
  }
}

/** What only issuer and server can read. */
async function openSealed(
  ticket: ConnectTicket,
  keyFile: string,
): Promise<Record<string, unknown>> {
  const office = new TicketOffice({
    crypto: nobleBackend(),
    staticPublic: ticket.serverKey,
    connectKeys: [await readKeyFile(keyFile, "ticket")],
    resumeKey: new Uint8Array(32),
    random: systemRandom,
  });
  const opened = office.openConnect(ticket.sealed, Date.now());
  if (opened === undefined) {
    throw new UsageError("the ticket was sealed with another key, or was changed");
  }
  const { userId, userData } = opened.ticket;
  return {
    user: userId,
    data: new TextDecoder().decode(userData),
    problem: opened.problem ?? "none",
  };
}

function readTicket(text: string): ConnectTicket {
  let ticket: ConnectTicket | undefined;
  try {
    ticket = connectTicketCodec.decode(Uint8Array.fromBase64(text, { alphabet: "base64url" }));
  } catch {
    ticket = undefined;
  }
  if (ticket === undefined) throw new UsageError("this is no connect ticket");
  return ticket;
}

/** Whatever is wrong with a ticket is something that the command line said. */
function asUsage<T>(encode: () => T): T {
  try {
    return encode();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

await runCommand({
  usage: "tools/ticket.ts issue|inspect [TICKET] [options]",
  about: "Issues a connect ticket, or shows what is in one (with --key also what is sealed).",
  positionals: [1, 2],
  flags,
}, async ({ values, positionals: [action, ticket] }) => {
  if (action === "issue" && ticket === undefined) await issue(values);
  else if (action === "inspect" && ticket !== undefined) await inspect(ticket, values);
  else throw new UsageError("say: issue --key FILE --url URL, or: inspect TICKET");
});
