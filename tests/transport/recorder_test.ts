import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import denoConfig from "../../deno.json" with { type: "json" };
import { TICKWIRE_VERSION } from "../../protocol/recording/tickwire_version.ts";
import { readRecording } from "../../protocol/recording/verifying_tape.ts";
import { CoreReplay } from "../../protocol/recording/core_replay.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import { Recorder } from "../../transport/recorder.ts";
import { openRecordingFile } from "../../transport/recording_file.ts";
import { MemorySink, recordGame } from "../fixtures/recorded_game.ts";
import { Lab } from "../server/lab.ts";
import { Room } from "../server/room.ts";

const crypto = await loadSodium();

function inFolder(action: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-recording-"));
  try {
    action(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The last record of a recording. */
function endOf(file: Uint8Array): string {
  let end = "";
  const replay = new CoreReplay(readRecording(file), {
    crypto,
    onThing: (thing) => {
      if (thing.what === "end") end = thing.text;
    },
  });
  replay.run();
  return end;
}

Deno.test("recorder: stamps recordings with the version of deno.json", () => {
  assert.equal(TICKWIRE_VERSION, denoConfig.version);
});

Deno.test("recorder: refuses options that make no sense", () => {
  assert.throws(() => new Recorder({}), TypeError);
  assert.throws(() => new Recorder({ file: "a", sink: new MemorySink() }), TypeError);
  for (const maxBytes of [0, 65_535, 1.5 * 65_536 + 0.5, NaN, Infinity]) {
    assert.throws(() => new Recorder({ sink: new MemorySink(), maxBytes }), RangeError);
  }
  assert.throws(() => new Recorder("/nowhere/at/all/x.tickwire"), { code: "ENOENT" });
});

Deno.test("recorder: stops at its limit with a reason, and what there is replays", async () => {
  await using lab = new Lab();
  const reasons: string[] = [];
  const sink = new MemorySink();
  const recorder = new Recorder({
    sink,
    keys: true,
    maxBytes: 65_536,
    onStopped: (reason) => reasons.push(reason),
  });
  const server = await lab.serve(Room, { record: recorder });
  const client = await lab.connect(Room, server);
  for (let i = 0; i < 10; i++) {
    client.send(Room.Map, { bytes: new Uint8Array(20_000) });
    await lab.run(1_000);
  }
  assert.deepEqual(reasons, ["it has reached its limit of 65536 bytes"]);
  assert.equal(recorder.isRecording, false);
  assert.ok(sink.isClosed && sink.bytes.byteLength <= 65_536, `${sink.bytes.byteLength}`);
  // The game does not notice.
  assert.equal(server.peers.size, 1);
  assert.match(endOf(sink.bytes), /limit of 65536 bytes/);
});

Deno.test("recorder: a full disk ends the recording and not the game", async () => {
  await using lab = new Lab();
  const reasons: string[] = [];
  const sink = new MemorySink();
  let writes = 0;
  const full = {
    write(bytes: Uint8Array): void {
      if (++writes > 3) throw new Error("no space left on device");
      sink.write(bytes);
    },
    close: () => sink.close(),
  };
  const server = await lab.serve(Room, {
    record: { sink: full, keys: true, onStopped: (reason) => reasons.push(reason) },
  });
  const client = await lab.connect(Room, server);
  await lab.run(5_000);
  assert.deepEqual(reasons, ["no space left on device"]);
  assert.equal(client.state, "connected");
  new CoreReplay(readRecording(sink.bytes), { crypto }).run();
});

Deno.test("recorder: a server that cannot be recorded is not started, and frees its port", async () => {
  await using lab = new Lab();
  const record = "/nowhere/at/all/x.tickwire";
  await assert.rejects(lab.serve(Room, { record }), { code: "ENOENT" });
  await lab.serve(Room);
});

Deno.test("recorder: one recorder records one end", async () => {
  await using lab = new Lab();
  const recorder = new Recorder({ sink: new MemorySink() });
  const server = await lab.serve(Room, { record: recorder });
  await assert.rejects(lab.connect(Room, server, { record: recorder }), TypeError);
});

Deno.test("recorder: the file is new, its owner's alone, and beside one that is there", () => {
  inFolder((folder) => {
    const path = join(folder, "game.tickwire");
    const names = [1, 2, 3].map((number) => {
      const { path: name, sink } = openRecordingFile(path);
      sink.write(new Uint8Array([number]));
      sink.close();
      return name;
    });
    assert.deepEqual(names, [
      path,
      join(folder, "game.2.tickwire"),
      join(folder, "game.3.tickwire"),
    ]);
    assert.deepEqual(names.map((name) => readFileSync(name)[0]), [1, 2, 3]);
    assert.equal(statSync(path).mode & 0o077, 0);
    assert.equal(existsSync(join(folder, "game.4.tickwire")), false);
  });
});

Deno.test("recorder: every second of a quiet game reaches the file, without waiting for a chunk", async () => {
  await using lab = new Lab();
  const sink = new MemorySink();
  await lab.serve(Room, { record: { sink }, tickHz: 10 });
  const before = sink.bytes.byteLength;
  await lab.run(1_200);
  assert.ok(sink.bytes.byteLength > before);
});

Deno.test("recorder: a client that lost its server has both sessions in one recording", async () => {
  await using lab = new Lab();
  const key = new Uint8Array(32).fill(3);
  const sink = new MemorySink();
  const pipe = lab.network.bind("192.0.2.9", 9_999);
  const first = await lab.serve(Room, { key, host: "192.0.2.77", environment: { pipe } });
  const client = await lab.connect(Room, first, { record: { sink, keys: true } });
  let reconnected = 0;
  client.on("reconnected", () => void reconnected++);
  // The process is killed; another begins at the same address and knows no sessions.
  await pipe.close();
  await lab.serve(Room, { key, host: "192.0.2.9" });
  for (let second = 0; second < 20 && reconnected === 0; second++) {
    client.send(Room.Chat, { text: "anybody there?" });
    await lab.run(1_000);
  }
  assert.equal(reconnected, 1);
  await lab.settle(client.close());
  const events: string[] = [];
  const recording = readRecording(sink.bytes);
  new CoreReplay(recording, {
    crypto,
    onThing: (thing) => {
      if (thing.what === "event") events.push(`${thing.session} ${JSON.parse(thing.text).kind}`);
    },
  }).run();
  assert.deepEqual(events, [
    "0 connected",
    "0 detached",
    "0 closed",
    "1 connected",
    "1 closed",
  ]);
  assert.equal(endOf(sink.bytes), "closed");
});

Deno.test("recorder: the header says of what it is without a word of the keys", async () => {
  const { server } = await recordGame({ seed: 2, record: { keys: false } });
  const { header } = readRecording(server);
  assert.equal(header.protocol.name, "room");
  assert.match(header.protocol.projections[0]!, /message Chat from both/);
  assert.equal(header.runtime, `Deno ${Deno.version.deno}`);
  assert.equal(header.server?.tickHz, 60);
});
