import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { CloseCode, FIRST_APPLICATION_CODE } from "../../protocol/close_code.ts";
import { DropCounters } from "../../protocol/counters.ts";
import { FrameType, MAX_CLOSE_REASON_BYTES, MAX_FRAMES_PER_PACKET } from "../../protocol/frames.ts";
import { MIN_PART_BYTES } from "../../protocol/frames.ts";
import {
  HELLO_BYTES,
  MAX_ACCEPT_BYTES,
  QUERY_BYTES,
  QueryKind,
  RESET_BYTES,
  RETRY_BYTES,
} from "../../protocol/handshake_packets.ts";
import { DEFAULT_ENDPOINT_LIMITS, DEFAULT_SESSION_LIMITS } from "../../protocol/limits.ts";
import { PacketFamily, packetFamily, PacketType } from "../../protocol/packet.ts";
import {
  MAX_ACK_DELAY_MS,
  MAX_ACK_RANGES,
  REPLAY_WINDOW_PACKETS,
} from "../../protocol/received_packets.ts";
import {
  CREDIT_OVERHEAD_BYTES,
  MAX_FRAGMENTED_IN_FLIGHT,
  MAX_UNRELIABLE_PARTS,
  RELIABLE_WINDOW_MESSAGES,
} from "../../protocol/send_channel.ts";
import { acceptCodec, REFUSAL_STATUSES } from "../../schema/messages/mod.ts";
import { documentText, markedText, numberOf, tableAfter, tableRows } from "./document.ts";

/** `{ a: 1, b: { c: 2 } }` as `a` and `b.c`. */
function flattened(limits: object, prefix = ""): [string, unknown][] {
  return Object.entries(limits).flatMap(([name, value]) =>
    typeof value === "object" && value !== null
      ? flattened(value, `${prefix}${name}.`)
      : [[`${prefix}${name}`, value] as [string, unknown]]
  );
}

/** Limits as a table of the document gives them. */
function documented(name: string): [string, unknown][] {
  return tableRows(markedText(name)).map(([limit = "", value = ""]) =>
    value === "true" || value === "false" ? [limit, value === "true"] : [limit, numberOf(value)]
  );
}

Deno.test("the document gives every limit of a session and a server with its default", () => {
  const byName = (entries: [string, unknown][]): unknown => Object.fromEntries(entries);
  assert.deepEqual(byName(documented("session limits")), byName(flattened(DEFAULT_SESSION_LIMITS)));
  assert.deepEqual(
    byName(documented("endpoint limits")),
    byName(flattened(DEFAULT_ENDPOINT_LIMITS)),
  );
});

Deno.test("the document names every reason of refusal, and no other", () => {
  const names = tableRows(markedText("refusals")).map(([name]) => name);
  assert.deepEqual(names.toSorted(), Object.keys(new DropCounters()).toSorted());
});

Deno.test("the document gives every close code", () => {
  const rows = tableRows(tableAfter("**Draining.**"));
  const codes = rows.slice(0, -1).map(([code = "", name]) => [name, numberOf(code)]);
  assert.deepEqual(Object.fromEntries(codes), CloseCode);
  assert.equal(rows.at(-1)?.[0], `${FIRST_APPLICATION_CODE.toLocaleString("en")} …`);
});

Deno.test("the document gives the first byte of every packet", () => {
  const rows = tableRows(tableAfter("## 2 First byte"));
  const named = rows.flatMap(([first = "", packet = ""]) =>
    /^0x4.$/.test(first) ? [[packet.split(",")[0], Number(first)]] : []
  );
  assert.deepEqual(Object.fromEntries(named), {
    HELLO: PacketType.hello,
    RETRY: PacketType.retry,
    ACCEPT: PacketType.accept,
    VERSION: PacketType.version,
    RESET: PacketType.reset,
    QUERY: PacketType.query,
    QUERY_REPLY: PacketType.queryReply,
  });
  const families: Record<string, number> = {
    "0x00 – 0x03": PacketFamily.stun,
    "0x20 – 0x3F": PacketFamily.data,
    "0xE0 – 0xEF": PacketFamily.relay,
  };
  for (const [range, family] of Object.entries(families)) {
    assert.ok(rows.some(([first]) => first === range), range);
    const [low = 0, high = 0] = range.split(" – ").map(Number);
    for (let byte = 0; byte < 256; byte++) {
      assert.equal(packetFamily(byte) === family, byte >= low && byte <= high, `${range} ${byte}`);
    }
  }
});

Deno.test("the document gives the type of every frame", () => {
  const rows = tableRows(tableAfter("## 9 Frames"));
  const types = rows.flatMap(([type = "", name = ""]) =>
    name === "–" ? [] : [[name, Number(type.split(" ")[0])]]
  );
  assert.deepEqual(Object.fromEntries(types), {
    PAD: FrameType.pad,
    PING: FrameType.ping,
    ACK: FrameType.ack,
    CLOSE: FrameType.close,
    PATH_CHALLENGE: FrameType.pathChallenge,
    PATH_RESPONSE: FrameType.pathResponse,
    TIME: FrameType.time,
    CREDIT: FrameType.credit,
    PROBE: FrameType.probe,
    MESSAGE: FrameType.message,
    FRAGMENT: FrameType.fragment,
  });
});

Deno.test("the document gives the numbers that the peer relies on", () => {
  const rows = tableRows(tableAfter("Fixed for version 1"));
  const values = Object.fromEntries(rows.map(([name, value]) => [name, value]));
  const expected: Record<string, number> = {
    "frames of a packet, PAD aside": MAX_FRAMES_PER_PACKET,
    "pairs of an ACK frame": MAX_ACK_RANGES,
    "reason of CLOSE": MAX_CLOSE_REASON_BYTES,
    "replay window": REPLAY_WINDOW_PACKETS,
    "window of a reliable channel": RELIABLE_WINDOW_MESSAGES,
    "smallest part but the last": MIN_PART_BYTES,
    "parts of an unreliable or sequenced message": MAX_UNRELIABLE_PARTS,
    "charge of a message beside its bytes": CREDIT_OVERHEAD_BYTES,
    "reliable messages in parts in flight": MAX_FRAGMENTED_IN_FLIGHT,
    "longest delay of an acknowledgement": MAX_ACK_DELAY_MS,
  };
  for (const [name, number] of Object.entries(expected)) {
    const [first = ""] = (values[name] ?? "").split(/[ ;]|, /);
    assert.equal(numberOf(first), number, name);
  }
});

Deno.test("the document gives the sizes of the packets that have one", () => {
  const text = documentText();
  assert.ok(text.includes(`Every HELLO has exactly ${HELLO_BYTES.toLocaleString("en")} bytes`));
  assert.ok(text.includes(`QUERY has ${QUERY_BYTES.toLocaleString("en")} bytes`));
  assert.ok(text.includes(`At most ${MAX_ACCEPT_BYTES} bytes`));
  const rowsOf = (heading: string): string[][] => tableRows(tableAfter(heading));
  const sizeOf = (heading: string): number =>
    rowsOf(heading).reduce((sum, [, size = ""]) => sum + numberOf(size), 0);
  assert.equal(sizeOf("### 4.2 RETRY"), RETRY_BYTES);
  assert.equal(sizeOf("### 4.5 RESET"), RESET_BYTES);
  const acceptBytes = 6 + 48 + acceptCodec.maxBytes;
  assert.ok(text.includes(`need at most ${acceptBytes}`));
  assert.ok(acceptBytes <= MAX_ACCEPT_BYTES);
});

Deno.test("the document gives every status of a refusal and every kind of query", () => {
  const statuses = tableRows(tableAfter("| status", documentText())).map(([status]) => status);
  assert.deepEqual(statuses, [...REFUSAL_STATUSES]);
  const kinds = tableRows(tableAfter("| kind   | payload")).map(([kind]) => kind);
  assert.deepEqual(kinds, Object.keys(QueryKind));
});

/** Titles of sections that a module says it implements. */
function citedTitles(path: string): string[] {
  const source = readFileSync(path, "utf8").replaceAll(/\n \* ?/g, " ");
  const titles: string[] = [];
  for (const [citation] of source.matchAll(/docs\/protocol\.md(,| and) "[^.;]*/g)) {
    for (const [, title = ""] of citation.matchAll(/"([^"]+)"/g)) titles.push(title);
  }
  return titles;
}

Deno.test("every section of the document that the code cites is there", () => {
  const headings = documentText().split("\n").filter((line) => line.startsWith("#"))
    .map((line) => line.replace(/^#+ ([0-9.]+ )?/, ""));
  let cited = 0;
  for (const folder of ["protocol", "protocol/crypto", "schema/messages"]) {
    const url = new URL(`../../${folder}/`, import.meta.url);
    for (const file of readdirSync(url)) {
      if (!file.endsWith(".ts")) continue;
      for (const title of citedTitles(new URL(file, url).pathname)) {
        cited++;
        assert.ok(headings.includes(title), `${folder}/${file} cites "${title}"`);
      }
    }
  }
  assert.ok(cited > 20, "the pattern finds the citations");
});
