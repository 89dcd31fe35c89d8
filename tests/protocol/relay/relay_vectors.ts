/**
 * The test vectors of docs/relay_protocol.md: one of each sealed thing, and a route's first frames.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { issueBeaconToken } from "../../../protocol/relay/beacon.ts";
import { writeBoundBody } from "../../../protocol/relay/control_frames.ts";
import { sealHopRenewal } from "../../../protocol/relay/hop_renewal.ts";
import {
  exposureBits,
  HopFlag,
  type HopTicket,
  type RelayKey,
  sealHopTicket,
  sourceHashOf,
} from "../../../protocol/relay/hop_ticket.ts";
import { RelayFlag, RelayFrameType } from "../../../protocol/relay/relay_frame.ts";
import { LabEnd } from "./relay_lab.ts";

/** Where the document is. */
export const DOCUMENT: URL = new URL("../../../docs/relay_protocol.md", import.meta.url);

const BEGIN = "<!-- relay vectors: begin -->";
const END = "<!-- relay vectors: end -->";

/** Bytes that count up from `first`. */
function counting(first: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => first + i);
}

const KEY: RelayKey = { keyId: 1, aeadKey: counting(0x00, 32), gateKey: counting(0x20, 16) };
const TICKET: HopTicket = {
  flags: HopFlag.first | HopFlag.rebindOk | exposureBits("fallback"),
  hopIndex: 0,
  epoch: 3,
  sessionId: 0x1122_3344_5566_7788n,
  notAfterS: 1_800_000_060,
  labelIn: 0xa1b2_c3d4,
  labelOut: 0x0102_0304,
  nextShard: 2,
  next: { hostname: "192.0.2.2", port: 7_000 },
  keyPrev: counting(0x40, 16),
  keyNext: counting(0x60, 16),
  kbpsUp: 256,
  kbpsDown: 1_024,
  ppsUp: 128,
  ppsDown: 256,
  maxMiB: 4_096,
  sourceHash: sourceHashOf("198.51.100.7", KEY.gateKey),
  ticketId: 99n,
};

/** All vectors as a text. */
export function relayVectors(): string {
  const { labelIn: label, keyPrev: key, epoch, sessionId, labelIn } = TICKET;
  const ticket = sealHopTicket(TICKET, KEY, { shard: 1, hops: 2 }, counting(0x80, 12));
  const client = new LabEnd({ label, key, epoch, shard: 1, isServer: false });
  const server = new LabEnd({ label, key, epoch, shard: 1, isServer: true });
  const bind = client.bind(ticket, 5n, counting(0xc0, 16));
  const bound = server.frame(RelayFrameType.bound, 32);
  const observed = { hostname: "198.51.100.7", port: 40_001 };
  writeBoundBody(bound, { observed, leaseS: 60, notAfterS: 1_800_000_060, bindId: 5n });
  server.seal(bound, RelayFrameType.bound, 0, 1);
  const rates = { kbpsUp: 256, kbpsDown: 1_024, ppsUp: 128, ppsDown: 256, maxMiB: 4_096 };
  const renewal = { sessionId, labelIn, notAfterS: 1_800_000_120, ...rates };
  const clear = { shard: 1, hopIndex: 0 };
  const values: [string, Uint8Array | string][] = [
    ["AEAD key", KEY.aeadKey],
    ["gate key", KEY.gateKey],
    ["key prev", TICKET.keyPrev],
    ["key next", TICKET.keyNext],
    ["source hash of 198.51.100.7 (u64)", TICKET.sourceHash.toString(16)],
    ["ticket: shard 1, 2 hops, key id 1", ticket],
    ["renewal: until 1800000120", sealHopRenewal(renewal, KEY, clear, counting(0x90, 12))],
    ["beacon token: shard 1, until 1800000060", issueBeaconToken(KEY, 1, 1_800_000_060)],
    ["BIND: bind id 5, sequence 1, one ticket", bind],
    ["BOUND: heard at 198.51.100.7 port 40001, sequence 1", bound],
    ["DATA up: 40 bytes 0x77, sequence 2", client.frame(RelayFrameType.data, 40)],
    ["DATA down: 5 bytes 0x77, DUP, sequence 2", dataDown(server)],
    [
      "PING: 16 bytes 0x77, ECHO, sequence 3",
      client.frame(RelayFrameType.ping, 16, RelayFlag.echo),
    ],
  ];
  return values.map(([name, value]) => {
    const hex = typeof value === "string" ? value : value.toHex();
    const lines = hex.match(/.{1,80}/g) ?? [];
    return [name, ...lines.map((line) => `  ${line}`)].join("\n");
  }).join("\n");
}

function dataDown(server: LabEnd): Uint8Array {
  server.sequence = 2;
  return server.frame(RelayFrameType.data, 5, RelayFlag.duplicate);
}

/** What the document has between its marks, without fences. */
export function documentedVectors(): string {
  const text = readFileSync(DOCUMENT, "utf8");
  const inner = text.slice(text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END));
  return inner.replaceAll(/```(text)?\n?/g, "").trim();
}

if (import.meta.main) {
  const vectors = relayVectors();
  if (Deno.args.includes("--write")) {
    const text = readFileSync(DOCUMENT, "utf8");
    const before = text.slice(0, text.indexOf(BEGIN) + BEGIN.length);
    const after = text.slice(text.indexOf(END));
    writeFileSync(DOCUMENT, `${before}\n\n\`\`\`text\n${vectors}\n\`\`\`\n\n${after}`);
  } else {
    // deno-lint-ignore no-console
    console.log(vectors);
  }
}
