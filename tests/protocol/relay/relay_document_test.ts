import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { MIN_BIND_BYTES, RelayCloseCode } from "../../../protocol/relay/control_frames.ts";
import { HOP_RENEWAL_BYTES } from "../../../protocol/relay/hop_renewal.ts";
import { HOP_TICKET_BYTES, MAX_ROUTE_HOPS } from "../../../protocol/relay/hop_ticket.ts";
import { RelayDropCounters } from "../../../protocol/relay/relay_counters.ts";
import {
  RELAY_DATA_TAGGED_BYTES,
  RELAY_HEADER_BYTES,
  RELAY_MAX_INNER_BYTES,
  RelayFrameType,
} from "../../../protocol/relay/relay_frame.ts";
import {
  DOWNSTREAM_TYPES,
  FRAME_SIZES,
  UPSTREAM_TYPES,
} from "../../../protocol/relay/relay_frame_rules.ts";
import { DEFAULT_RELAY_LIMITS } from "../../../protocol/relay/relay_limits.ts";
import {
  MAX_PATH_CHALLENGES,
  MIRROR_AFTER_MS,
  OLD_PATH_MS,
  PATH_CHALLENGE_INTERVAL_MS,
} from "../../../protocol/relay/relay_paths.ts";
import { STANDBY_AFTER_MS } from "../../../protocol/relay/relay_sessions.ts";
import { TAKEOVER_SEQUENCE_JUMP } from "../../../protocol/relay/relay_takeover.ts";
import { RELAY_WINDOW_FRAMES } from "../../../protocol/relay/replay_window.ts";
import { markedText, numberOf, tableAfter, tableRows } from "../../conformance/document.ts";
import { DOCUMENT, documentedVectors, relayVectors } from "./relay_vectors.ts";

const TEXT = readFileSync(DOCUMENT, "utf8");

Deno.test("the relay document gives every limit with its default", () => {
  const rows = tableRows(markedText("relay limits", TEXT));
  const documented = Object.fromEntries(rows.map(([name, value]) => [name, numberOf(value!)]));
  assert.deepEqual(documented, { ...DEFAULT_RELAY_LIMITS });
});

Deno.test("the relay document gives every constant", () => {
  const rows = tableRows(markedText("relay constants", TEXT));
  assert.deepEqual(rows.map(([, value]) => numberOf(value!)), [
    RELAY_HEADER_BYTES,
    RELAY_MAX_INNER_BYTES,
    RELAY_DATA_TAGGED_BYTES,
    HOP_TICKET_BYTES,
    HOP_RENEWAL_BYTES,
    MIN_BIND_BYTES,
    MAX_ROUTE_HOPS,
    RELAY_WINDOW_FRAMES,
    MAX_PATH_CHALLENGES,
    PATH_CHALLENGE_INTERVAL_MS,
    MIRROR_AFTER_MS,
    OLD_PATH_MS,
    STANDBY_AFTER_MS,
    TAKEOVER_SEQUENCE_JUMP,
  ]);
});

Deno.test("the relay document names every reason of refusal, and no other", () => {
  const names = tableRows(markedText("relay refusals", TEXT)).map(([name]) => name);
  assert.deepEqual(names.toSorted(), Object.keys(new RelayDropCounters()).toSorted());
});

Deno.test("the relay document gives number, size and direction of every frame type", () => {
  const rows = tableRows(markedText("frame types", TEXT));
  assert.equal(rows.length, 16);
  for (const [number, name, bytes, direction] of rows) {
    const type = RelayFrameType[name as keyof typeof RelayFrameType]; // Checked by the next line.
    assert.equal(type, numberOf(number!), name);
    const { min, max, step } = FRAME_SIZES[type]!;
    const sizes = bytes!.split(/[–,]\s/).map((size) => numberOf(size.trim()));
    assert.deepEqual([sizes[0], sizes.at(-1)], [min, max], name);
    if (sizes.length > 2) assert.equal(sizes[1]! - sizes[0]!, step, name);
    const isUp = (UPSTREAM_TYPES >>> type & 1) === 1;
    const isDown = (DOWNSTREAM_TYPES >>> type & 1) === 1;
    const expected = isUp && isDown ? "both" : isUp ? "up" : isDown ? "down" : "–";
    assert.equal(direction, expected, name);
  }
});

Deno.test("the relay document gives every code of CLOSE", () => {
  const rows = tableRows(tableAfter("## 11 Lifetime", TEXT));
  const documented = Object.fromEntries(rows.map(([code, name]) => [name, numberOf(code!)]));
  assert.deepEqual(documented, { ...RelayCloseCode });
});

Deno.test("the test vectors of the relay document are what the code makes", () => {
  assert.equal(documentedVectors(), relayVectors());
});
