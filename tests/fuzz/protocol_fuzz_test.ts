import assert from "node:assert/strict";
import { fuzzDatagrams } from "./datagrams.ts";
import { fuzzFrames } from "./frames.ts";
import { fuzzHandshakes } from "./handshakes.ts";
import type { FuzzReport } from "./mutator.ts";
import { fuzzScripts } from "./scripts.ts";

/** The task `fuzz` plays millions of these; here is what every change must pass. */
function assertReached(report: FuzzReport, ...verdicts: readonly string[]): void {
  for (const verdict of verdicts) {
    assert.ok((report.verdicts.get(verdict) ?? 0) > 0, `nothing came to "${verdict}"`);
  }
}

Deno.test("no datagram of whoever holds no key changes a session, throws, or is answered by more", () => {
  assertReached(
    fuzzDatagrams({ seed: 1, iterations: 5_000 }),
    "server forged",
    "server replayed",
    "server unknownConnection",
    "server helloCookie",
    "server helloUndecipherable",
    "server queryMalformed",
    "client forged",
    "client acceptForged",
    "client resetForged",
    "client unexpectedReply",
  );
});

Deno.test("no frames of a peer with keys throw, pass their limits, or are half applied", () => {
  assertReached(
    fuzzFrames({ seed: 1, iterations: 4_000 }),
    "server applied",
    "server refused",
    "server malformedFrames",
    "server badAck",
    "server channelViolation",
    "server pathMismatch",
    "server receiveQueueDropped",
    "client applied",
    "client refused",
    "client channelViolation",
    "client receiveQueueFull",
  );
});

Deno.test("no payload of a handshake, ticket or query throws, and no announced limit makes anybody spin", () => {
  assertReached(
    fuzzHandshakes({ seed: 1, iterations: 3_000 }),
    "hello answered",
    "hello unanswered",
    "accept connected",
    "accept refused",
    "ticket opened",
    "ticket refused",
    "answer taken",
    "answer refused",
    "url read",
    "url refused",
    "server helloUndecipherable",
    "server resumeRefused",
  );
});

Deno.test("two ends keep their promises through long scripts of what networks do", () => {
  assertReached(fuzzScripts({ seed: 1, iterations: 5_000 }), "script to drain");
});
