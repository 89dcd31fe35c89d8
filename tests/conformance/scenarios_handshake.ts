/**
 * Scenarios of handshakes: tickets, refusals, cookies, versions, queries, and what strangers send.
 *
 * @module
 */
import { buildQuery, HELLO_BYTES, QueryKind } from "../../protocol/handshake_packets.ts";
import { sealConnectTicket } from "../../protocol/ticket_office.ts";
import { CAPTURE_EPOCH_MS, CLIENT_HOST, SERVER_HOST } from "./capture.ts";
import { CaptureLab } from "./capture_lab.ts";
import { Conform, Mismatched } from "./capture_protocols.ts";

const STRANGER = { hostname: "203.0.113.9", port: 6_666 };

/** Seals a ticket as an issuer does. */
function ticketFor(
  lab: CaptureLab,
  key: Uint8Array,
  userId: string,
  expiresAtMs = CAPTURE_EPOCH_MS + 60_000,
): { readonly sealed: Uint8Array; readonly psk: Uint8Array } {
  const psk = lab.recorder.draw(32);
  const sealed = sealConnectTicket(lab.crypto, key, lab.recorder.draw(12), {
    id: lab.recorder.draw(16),
    serverKeyPrefix: lab.servers[0]!.endpoint.staticPublic.slice(0, 8),
    expiresAtMs,
    psk,
    userId,
    userData: new TextEncoder().encode("team red"),
  });
  return { sealed, psk };
}

/** `NKpsk2`: a good ticket, the same one again, an expired one, and one that no key opens. */
export function tickets(seed: number): CaptureLab {
  const lab = new CaptureLab("tickets", seed);
  const key = lab.recorder.draw(32);
  lab.serve({ ticketKeys: [lab.recorder.draw(32), key], requireTicket: true });
  const ticket = ticketFor(lab, key, "ada");
  const client = lab.join({ ticket, auth: new TextEncoder().encode("a word for the game") });
  client.send(Conform.Chat, { n: 1, text: "with a ticket" });
  client.flush();
  lab.wait(300);
  lab.connect({ ticket });
  lab.connect({ ticket: ticketFor(lab, key, "bob", CAPTURE_EPOCH_MS - 1) });
  lab.connect({ ticket: ticketFor(lab, lab.recorder.draw(32), "eve") });
  lab.connect();
  lab.wait(6_000);
  return lab;
}

/** Authenticated refusals: another schema, a full server, a server that is about to stop. */
export function refusals(seed: number): CaptureLab {
  const lab = new CaptureLab("refusals", seed);
  const server = lab.serve({ limits: { sessions: 1 } });
  lab.join();
  lab.connect({ protocol: Mismatched });
  lab.wait(500);
  lab.connect();
  lab.wait(500);
  server.endpoint.isDraining = true;
  lab.connect();
  lab.wait(500);
  return lab;
}

/** A server that asks everybody for a cookie, on a line that loses a third. */
export function cookies(seed: number): CaptureLab {
  const lab = new CaptureLab("cookies", seed, { delayMs: 25, loss: 0.33 });
  lab.serve({ limits: { directHellosPerSecond: 0 } });
  for (let n = 0; n < 4; n++) lab.connect();
  lab.wait(6_000);
  return lab;
}

/** All kinds of queries, each page of the schema. */
export function queries(seed: number): CaptureLab {
  const lab = new CaptureLab("queries", seed);
  lab.serve({ isDevelopment: true, name: "Tickwire, Köln" });
  lab.query(QueryKind.ping);
  lab.query(QueryKind.info);
  for (const page of [0, 1, 2]) lab.query(QueryKind.schema, page);
  lab.wait(500);
  return lab;
}

/** What strangers send: unknown first bytes, other versions, forged and repeated packets. */
export function strangers(seed: number): CaptureLab {
  const lab = new CaptureLab("strangers", seed);
  const { address } = lab.serve();
  const client = lab.join();
  client.send(Conform.Chat, { n: 1, text: "genuine" });
  client.flush();
  lab.wait(200);

  const from = { hostname: CLIENT_HOST, port: 40_000 };
  const genuine = lab.recorder.datagrams.findLast(({ to, bytes }) =>
    to.startsWith(`${SERVER_HOST}:`) && bytes.startsWith("2")
  );
  const bytes = Uint8Array.fromHex(genuine?.bytes ?? "");

  for (const first of [0x00, 0x04, 0x1f, 0x45, 0x4a, 0x60, 0x90, 0xdc, 0xe0, 0xff]) {
    lab.inject(Uint8Array.of(first, 1, 2, 3), STRANGER, address);
  }
  const otherVersion = new Uint8Array(HELLO_BYTES);
  otherVersion.set([0x40, 2, 0]);
  lab.inject(otherVersion, STRANGER, address);
  lab.inject(otherVersion.subarray(0, 100), STRANGER, address);
  lab.inject(buildQuery(7, lab.recorder.draw(8)), STRANGER, address);
  lab.inject(Uint8Array.of(0x20), STRANGER, address);
  lab.inject(dataFor(0x12345678, 30), STRANGER, address);
  const known = lab.servers[0]!.sessions[0]!.connectionId;
  lab.inject(dataFor(known, 40), STRANGER, address);

  lab.inject(bytes, from, address);
  // The reserved bit; then a packet number that was never sent.
  for (const [at, bit] of [[0, 1], [5, 0x40]] as const) {
    const changed = bytes.slice();
    changed[at]! ^= bit;
    lab.inject(changed, from, address);
  }
  lab.wait(200);
  return lab;
}

/** A DATA packet that nobody sealed. */
function dataFor(connectionId: number, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes).fill(0xa5);
  bytes[0] = 0x2a;
  new DataView(bytes.buffer).setUint32(1, connectionId, true);
  return bytes;
}
