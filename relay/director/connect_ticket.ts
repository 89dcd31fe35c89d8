/**
 * Connect tickets that a director issues for its servers (docs/protocol.md, "Tickets").
 *
 * @module
 */
import { decodeKey } from "../../protocol/connect_url.ts";
import { nobleBackend } from "../../protocol/crypto/noble.ts";
import { virtualAddress } from "../../protocol/relay/legs/virtual_address.ts";
import { sealConnectTicket } from "../../protocol/ticket_office.ts";
import { connectTicketCodec } from "../../schema/messages/mod.ts";
import type { ServerRecord, SessionRecord } from "../directory/records.ts";
import type { DirectorContext } from "./director_context.ts";
import { DirectorError } from "./director_error.ts";
import { toText } from "../../protocol/relay/api/grant_json.ts";

/** How long a connect ticket can be shown: time for a slow start of a game. */
const CONNECT_TICKET_LIFE_MS = 300_000;

const ENCODER = new TextEncoder();

/**
 * A ticket for one session of one server, base64url. It names the session's virtual address and no
 * other: the server's own is not told here.
 *
 * @throws DirectorError `invalid` when user or data are longer than a ticket can carry.
 */
export function connectTicketFor(
  { keys, tools, wallClockMs }: DirectorContext,
  server: ServerRecord,
  { record, userData }: { readonly record: SessionRecord; readonly userData: string },
): string {
  const serverKey = decodeKey(server.serverKey);
  const expiresAtMs = wallClockMs() + CONNECT_TICKET_LIFE_MS;
  const random = (sizeBytes: number): Uint8Array => {
    const bytes = new Uint8Array(sizeBytes);
    tools.random(bytes);
    return bytes;
  };
  const psk = random(32);
  const { hostname, port } = virtualAddress(BigInt(`0x${record.id}`));
  try {
    const sealed = sealConnectTicket(nobleBackend(), keys.ticketKey(server.id), random(12), {
      id: random(16),
      serverKeyPrefix: serverKey.subarray(0, 8),
      expiresAtMs,
      psk,
      userId: record.userId,
      userData: ENCODER.encode(userData),
    });
    const addresses = [`[${hostname}]:${port}`];
    return toText(
      connectTicketCodec.encode({ serverKey, addresses, expiresAtMs, psk, sealed }),
    );
  } catch (error) {
    throw new DirectorError("invalid", "User id or data are too long for a connect ticket", {
      cause: error,
    });
  }
}
