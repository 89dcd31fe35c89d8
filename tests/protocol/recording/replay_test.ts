import assert from "node:assert/strict";
import { nobleBackend } from "../../../protocol/crypto/noble.ts";
import { loadSodium } from "../../../protocol/crypto/sodium.ts";
import { encodeChunk, encodePreamble, readChunks } from "../../../protocol/recording/chunk.ts";
import { CoreReplay } from "../../../protocol/recording/core_replay.ts";
import { writeFact } from "../../../protocol/recording/fact_writer.ts";
import { RecordCode } from "../../../protocol/recording/record_code.ts";
import { type RecordedFact, RecordReader } from "../../../protocol/recording/record_reader.ts";
import { RecordWriter } from "../../../protocol/recording/record_writer.ts";
import { RecordingError } from "../../../protocol/recording/recording_error.ts";
import type { ReplayedThing } from "../../../protocol/recording/replayed_thing.ts";
import { readRecording, ReplayDivergence } from "../../../protocol/recording/verifying_tape.ts";
import { RECORDED_KEY, recordGame } from "../../fixtures/recorded_game.ts";

const crypto = await loadSodium();
const whole = await recordGame({ seed: 1 });

function replay(
  file: Uint8Array,
  options: Partial<ConstructorParameters<typeof CoreReplay>[1]> = {},
) {
  const replayed = new CoreReplay(readRecording(file), { crypto, ...options });
  replayed.run();
  return replayed;
}

function thingsOf(file: Uint8Array): ReplayedThing[] {
  const things: ReplayedThing[] = [];
  replay(file, { onThing: (thing) => things.push(thing) });
  return things;
}

/** The same file with its records changed, and all checksums right. */
function rewrite(
  file: Uint8Array,
  change: (fact: RecordedFact, index: number) => void,
): Uint8Array {
  const [header, ...chunks] = readChunks(file).bodies;
  const parts = [encodePreamble(), encodeChunk(header!, 0)];
  let index = 0;
  for (const chunk of chunks) {
    const writer = new RecordWriter();
    for (const reader = new RecordReader(chunk); !reader.isAtEnd;) {
      const fact = reader.read();
      change(fact, index++);
      writeFact(writer, fact);
    }
    parts.push(encodeChunk(writer.written.slice(), parts.length - 1));
  }
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function divergenceOf(file: Uint8Array): ReplayDivergence {
  try {
    replay(file);
  } catch (error) {
    assert.ok(error instanceof ReplayDivergence, String(error));
    return error;
  }
  throw new Error("The replay was the same");
}

Deno.test("replay: servers and clients on a bad line come out the same, whatever the seed", async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const files = await recordGame({ seed });
    for (const file of [files.server, ...files.clients]) {
      const { tape } = replay(file);
      assert.equal(tape.peek(), undefined);
      assert.ok(tape.record > 300, `${tape.record} records`);
    }
  }
});

Deno.test("replay: another backend of cryptography makes the same bytes", () => {
  replay(whole.server, { crypto: nobleBackend() });
});

Deno.test("replay: tells messages, events and datagrams of both ends alike", () => {
  const server = thingsOf(whole.server);
  const client = thingsOf(whole.clients[1]!);
  const sizes = (things: readonly ReplayedThing[], what: string) =>
    things.filter((thing) => thing.what === what).length;
  assert.ok(sizes(server, "received") > 10 && sizes(server, "sent") > 10);
  const closed = client.filter((thing) => thing.what === "event" && thing.text.includes("closed"));
  assert.equal(closed.length, 1);
  assert.match(JSON.stringify(closed[0]), /as you like/);
  // What the client sent and the network did not lose is, byte for byte, what the server received.
  const hex = (thing: ReplayedThing) => "bytes" in thing ? thing.bytes.toHex() : "";
  const arrived = new Set(server.filter(({ what }) => what === "in").map(hex));
  const sent = client.filter(({ what }) => what === "out").map(hex);
  assert.ok(sent.filter((datagram) => arrived.has(datagram)).length > sent.length / 2);
  assert.equal(server.at(-1)!.what, "end");
});

Deno.test("replay: records that are written as they were read are the same file", () => {
  assert.deepEqual(rewrite(whole.server, () => {}), whole.server);
});

Deno.test("replay: the first difference is named with its place", () => {
  let at = -1;
  const changed = rewrite(whole.server, (fact, index) => {
    if (fact.code !== RecordCode.transmitted || at !== -1) return;
    at = index;
    fact.check ^= 1;
  });
  const { record, expected, actual, message } = divergenceOf(changed);
  assert.equal(record, at);
  assert.match(expected, /^transmitted 198\.51\.100\.1 \d+ number \d+ crc/);
  assert.match(actual, /^transmitted 198\.51\.100\.1 \d+ number \d+ crc/);
  assert.notEqual(actual, expected);
  assert.match(message, new RegExp(`at record ${at}, at [\\d.]+ ms`));
});

Deno.test("replay: another random byte, datagram, time or call of the application shows", () => {
  let datagrams = 0;
  const changes: readonly [string, (fact: RecordedFact) => boolean][] = [
    ["random", (fact) => fact.code === RecordCode.random && flip(fact)],
    // The first ones are padding for the most part, which means nothing.
    ["datagram", (fact) => fact.code === RecordCode.datagram && ++datagrams === 10 && flip(fact)],
    ["sent", (fact) => fact.code === RecordCode.send && flip(fact)],
    ["channel", (fact) => {
      if (fact.code !== RecordCode.send) return false;
      fact.number ^= 1;
      return true;
    }],
    ["event", (fact) => {
      if (fact.code !== RecordCode.event) return false;
      fact.text += " ";
      return true;
    }],
  ];
  for (const [what, change] of changes) {
    let isDone = false;
    const file = rewrite(whole.server, (fact) => {
      isDone ||= change(fact);
    });
    assert.ok(isDone, what);
    assert.throws(() => replay(file), ReplayDivergence, what);
  }
});

Deno.test("replay: records that make no sense are refused with a reason", () => {
  const nobody = rewrite(whole.server, (fact) => {
    if (fact.code === RecordCode.send) fact.id = 77;
  });
  assert.throws(() => replay(nobody), { code: "corrupt", message: /session 77/ });
});

Deno.test("replay: without keys it asks for them, and takes only the right ones", async () => {
  const { server, clients } = await recordGame({ seed: 2, record: { keys: false } });
  assert.equal(readRecording(server).header.hasKeys, false);
  const secret = RECORDED_KEY.toBase64();
  assert.equal(new TextDecoder("latin1").decode(server).includes(secret), false);
  assert.throws(() => replay(server), { code: "no-keys", message: /--key-file/ });
  const wrong = { staticSecret: new Uint8Array(32).fill(8) };
  assert.throws(() => replay(server, { keys: wrong }), { code: "no-keys", message: /not that/ });
  replay(server, { keys: { staticSecret: RECORDED_KEY } });
  // A client's auth may be a password.
  assert.throws(() => replay(clients[0]!), { code: "no-keys", message: /auth/ });
  assert.equal(new TextDecoder("latin1").decode(clients[0]!).includes(btoa("player 0")), false);
});

Deno.test("replay: a crash leaves everything but the last chunk", async () => {
  const { server } = await recordGame({ seed: 4, closes: false });
  const { tape } = replay(server);
  assert.ok(tape.record > 100);
  assert.ok(server.byteLength < (await recordGame({ seed: 4 })).server.byteLength);
});

Deno.test("replay: a damaged file is refused, and replayed up to the damage when that is asked for", () => {
  const { bodies } = readChunks(whole.server);
  assert.ok(bodies.length > 2, "too few chunks to lose one");
  const cut = whole.server.subarray(0, whole.server.byteLength - 5);
  assert.throws(
    () => readRecording(cut),
    (error) =>
      error instanceof RecordingError && error.code === "truncated" &&
      /ends inside of chunk/.test(error.message),
  );
  const recording = readRecording(cut, { partial: true });
  assert.equal(recording.chunks.length, bodies.length - 2);
  const partial = new CoreReplay(recording, { crypto });
  partial.run();
  assert.ok(partial.tape.record > 100);
  assert.equal(recording.damage?.code, "truncated");
});

function flip(fact: RecordedFact): boolean {
  fact.bytes = fact.bytes.slice();
  fact.bytes[fact.bytes.byteLength - 1]! ^= 1;
  return true;
}
