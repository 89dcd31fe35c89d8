import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { DELIVERIES, type Json } from "../../schema/mod.ts";
import { type CaptureFiles, captureFiles, schemaFile } from "./capture_files.ts";
import { Conform } from "./capture_protocols.ts";
import { SCENARIOS } from "./scenarios.ts";

type Line = Record<string, Json>;

const SEED = 1;
const CAPTURES = new Map<string, CaptureFiles>();

/** The capture of a scenario, made once. */
function captureOf(name: string): CaptureFiles {
  let files = CAPTURES.get(name);
  if (files === undefined) {
    files = captureFiles(SCENARIOS.get(name)!(SEED));
    CAPTURES.set(name, files);
  }
  return files;
}

function linesOf(name: string, file: keyof CaptureFiles): Line[] {
  return captureOf(name)[file].split("\n").filter((line) => line !== "").map((line) =>
    JSON.parse(line)
  );
}

/** Every frame of every scenario, with the packet that it stood in. */
function allFrames(): { readonly packet: Line; readonly frame: Line }[] {
  return [...SCENARIOS.keys()].flatMap((name) =>
    linesOf(name, "expected.jsonl").flatMap((packet) =>
      ((packet.frames ?? []) as Line[]).map((frame) => ({ packet, frame }))
    )
  );
}

Deno.test("a seed decides every byte of a capture", () => {
  for (const name of ["lossy", "tickets", "rekey_by_count"]) {
    const scenario = SCENARIOS.get(name)!;
    assert.deepEqual(captureFiles(scenario(SEED)), captureOf(name));
    assert.notEqual(
      captureFiles(scenario(SEED + 1))["capture.jsonl"],
      captureOf(name)["capture.jsonl"],
    );
  }
});

Deno.test("every datagram of an honest end is read with the key log alone", () => {
  for (const name of SCENARIOS.keys()) {
    if (name === "strangers") continue;
    for (const line of linesOf(name, "expected.jsonl")) {
      assert.equal(line.refused, undefined, `${name} ${JSON.stringify(line)}`);
      for (const frame of (line.frames ?? []) as Line[]) {
        assert.equal(frame.refused, undefined, `${name} ${JSON.stringify(line)}`);
      }
    }
  }
});

Deno.test("the captures hold every packet and every frame that an end ever sends", () => {
  const packets = new Set(
    [...SCENARIOS.keys()].flatMap((name) => linesOf(name, "expected.jsonl")).map((line) =>
      line.packet
    ),
  );
  assert.deepEqual([...packets].sort(), [
    "ACCEPT",
    "DATA",
    "HELLO",
    "QUERY",
    "QUERY_REPLY",
    "RESET",
    "RETRY",
    "VERSION",
    "unknown",
  ]);
  assert.deepEqual([...new Set(allFrames().map(({ frame }) => frame.frame))].sort(), [
    "ACK",
    "CLOSE",
    "CREDIT",
    "FRAGMENT",
    "MESSAGE",
    "PATH_CHALLENGE",
    "PATH_RESPONSE",
    "PING",
    "PROBE",
    "TIME",
  ]);
});

Deno.test("the captures hold every delivery in both directions, whole and in parts", () => {
  const { channels } = Conform.tables[0]!;
  const seen = new Set<string>();
  for (const { packet, frame } of allFrames()) {
    if (frame.frame !== "MESSAGE" && frame.frame !== "FRAGMENT") continue;
    const channel = channels[Number(frame.channel)];
    if (channel !== undefined) seen.add(`${frame.frame} ${channel.delivery} ${packet.sender}`);
  }
  for (const delivery of DELIVERIES) {
    for (const sender of ["client", "server"]) {
      assert.ok(seen.has(`MESSAGE ${delivery} ${sender}`), `${delivery} of the ${sender}`);
      // An input is never larger than a datagram.
      if (delivery === "input") continue;
      assert.ok(
        seen.has(`FRAGMENT ${delivery} ${sender}`),
        `parts of ${delivery} of the ${sender}`,
      );
    }
  }
});

Deno.test("the captures hold ACK frames with gaps, escaped channels and several key phases", () => {
  const frames = allFrames();
  assert.ok(frames.some(({ frame }) => frame.frame === "ACK" && (frame.runs as Json[]).length > 5));
  assert.ok(frames.some(({ frame }) => Number(frame.channel) === 31));
  assert.ok(frames.some(({ packet }) => packet.phase === 2 && packet.keyPhase === 0));
  assert.ok(frames.some(({ packet }) => packet.packetNumberBytes === 2));
});

Deno.test("the handshakes of the captures are accepted, refused, resumed and unanswered", () => {
  const outcomes = new Set<string>();
  for (const name of SCENARIOS.keys()) {
    for (const line of linesOf(name, "expected.jsonl")) {
      if (line.packet === "HELLO") outcomes.add(`HELLO ${line.pattern}`);
      if (line.packet !== "ACCEPT") continue;
      const { accept } = line.payload as { accept: Line };
      outcomes.add(`${accept.result} ${accept.status ?? accept.resumed}`);
    }
  }
  for (
    const outcome of [
      "HELLO NK",
      "HELLO NKpsk2",
      "accepted false",
      "accepted true",
      "refused auth",
      "refused busy",
      "refused full",
      "refused gone",
      "refused schema",
    ]
  ) assert.ok(outcomes.has(outcome), outcome);
  const unanswered = linesOf("tickets", "keys.jsonl").filter((line) => line.acceptAt === -1);
  assert.equal(unanswered.length, 1, "the ticket that no key opens");
});

Deno.test("every message that an application was handed stands in a datagram to it", () => {
  for (const name of SCENARIOS.keys()) {
    const said = new Set<string>();
    for (const { sender, frames } of linesOf(name, "expected.jsonl")) {
      for (const frame of (frames ?? []) as Line[]) {
        const { message, value } = (frame.completes ?? frame) as Line;
        if (message !== undefined) said.add(`${sender} ${message} ${JSON.stringify(value)}`);
      }
    }
    for (const { at, message, value } of linesOf(name, "delivered.jsonl")) {
      const sender = String(at).startsWith("192.0.2.1:") ? "client" : "server";
      assert.ok(said.has(`${sender} ${message} ${JSON.stringify(value)}`), `${name} ${message}`);
    }
  }
});

Deno.test("what arrives of a capture is what was sent, and some of it never does", () => {
  const lossy = linesOf("lossy", "capture.jsonl");
  const copies = lossy.map(({ arrivals }) => (arrivals as Json[]).length);
  assert.ok(copies.includes(0) && copies.includes(1) && copies.includes(2));
  for (const { t, arrivals } of lossy) {
    for (const arrival of arrivals as number[]) assert.ok(arrival > Number(t));
  }
  assert.ok(
    linesOf("clean", "capture.jsonl").every((line) => (line.arrivals as Json[]).length === 1),
  );
});

Deno.test("strangers are refused, each for its own reason", () => {
  const refused = linesOf("strangers", "expected.jsonl").flatMap((line) =>
    line.refused === undefined ? [] : [`${line.packet} ${line.refused}`]
  );
  assert.deepEqual(refused, [
    "HELLO malformed",
    "QUERY malformed",
    "DATA tooShort",
    "DATA unknownConnection",
    "DATA forged",
    "DATA duplicate",
    "DATA badHeader",
    "DATA forged",
  ]);
});

Deno.test("the schema file names every message and channel of the captures", () => {
  const protocols: { name: string; tables: { channels: { messages: string[] }[] }[] }[] = JSON
    .parse(
      schemaFile(),
    );
  assert.deepEqual(protocols.map(({ name }) => name), ["conform", "conform", "wide"]);
  const names = protocols[0]!.tables[0]!.channels.flatMap(({ messages }) => messages);
  assert.deepEqual(names.sort(), Conform.messages.map(({ name }) => name).sort());
});

Deno.test("the README describes every scenario and every file", () => {
  const readme = readFileSync(new URL("./README.md", import.meta.url), "utf8");
  for (const name of SCENARIOS.keys()) assert.ok(readme.includes(`| \`${name}\``), name);
  for (const file of Object.keys(captureOf("clean"))) {
    assert.ok(readme.includes(`\`${file}\``), file);
  }
});
