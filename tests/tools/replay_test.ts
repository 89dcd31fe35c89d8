import assert from "node:assert/strict";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import { readRecording, ReplayDivergence } from "../../protocol/recording/verifying_tape.ts";
import { defineGame, type Game, type GameLogger } from "../../server/game.ts";
import { message, protocol, t } from "../../schema/mod.ts";
import { replayGame } from "../../tools/replay_game.ts";
import { showReplay } from "../../tools/replay_show.ts";
import { lineOf } from "../../tools/replay_view.ts";
import { recordedGame, recordGame } from "../fixtures/recorded_game.ts";
import { Room } from "../server/room.ts";

const crypto = await loadSodium();
const logger: GameLogger = { debug() {}, info() {}, warn() {}, error() {} };
const files = await recordGame({ seed: 1 });
const DEFAULTS = {
  verify: false,
  from: 0,
  to: undefined,
  peer: undefined,
  message: undefined,
  packets: false,
  json: true,
};

/** What the tool shows, as objects. */
function shown(values: Partial<Parameters<typeof showReplay>[1]["values"]>, file = files.server) {
  const lines: string[] = [];
  const output = { line: (text: string) => void lines.push(text) };
  const options = { crypto, keys: {}, protocol: undefined, output };
  showReplay(readRecording(file), { ...options, values: { ...DEFAULTS, ...values } });
  return values.json === false ? lines : lines.map((line) => JSON.parse(line));
}

// A game forgets its types where it is hosted, as `server/cli_game.ts` does.
const hosted = recordedGame as unknown as Game;

Deno.test("replay into the game: the same code does the same, whatever the seed", async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const { server } = await recordGame({ seed });
    const records = await replayGame(readRecording(server), hosted, { crypto, logger });
    assert.ok(records > 500, `${records}`);
  }
});

Deno.test("replay into the game: other code is caught at its first word", async () => {
  const changed = defineGame({
    ...recordedGame,
    start(server, context) {
      const running = recordedGame.start(server, context);
      server.on(Room.Ping, (peer, { n }) => void (n === 3 && peer.send(Room.Ping, { n })));
      return running;
    },
  }) as unknown as Game;
  await assert.rejects(
    replayGame(readRecording(files.server), changed, { crypto, logger }),
    // Before it sends, it looks at the clock.
    (error) => error instanceof ReplayDivergence && error.actual === "clock",
  );
});

Deno.test("replay into the game: a game that does less is caught too", async () => {
  const silent = defineGame({ ...recordedGame, start() {} }) as unknown as Game;
  await assert.rejects(
    replayGame(readRecording(files.server), silent, { crypto, logger }),
    (error) => error instanceof ReplayDivergence && /^clock /.test(error.expected),
  );
});

Deno.test("replay into the game: chance is what it was, and is given back afterwards", async () => {
  const { random } = Math;
  await replayGame(readRecording(files.server), hosted, { crypto, logger });
  assert.equal(Math.random, random);
});

Deno.test("replay into the game: another protocol, and a client's recording, are refused", async () => {
  const Other = protocol("other", { version: 1 }, {
    A: message({ n: t.u8() }, { from: "both", delivery: "unreliable" }),
  });
  const other = defineGame({ protocol: Other, start() {} }) as unknown as Game;
  const recording = readRecording(files.server);
  await assert.rejects(replayGame(recording, other, { crypto, logger }), { code: "protocol" });
  const client = readRecording(files.clients[0]!);
  await assert.rejects(replayGame(client, hosted, { crypto, logger }), { code: "unsupported" });
});

Deno.test("replay tool: shows messages by name and value, from the recording alone", () => {
  const things = shown({ message: "Move" });
  assert.ok(things.length > 5);
  for (const { what, message, value, peer } of things) {
    assert.deepEqual([what, message], ["received", "Move"]);
    assert.ok(value.x >= 0 && value.x < 5 && peer >= 1);
  }
});

Deno.test("replay tool: shows a peer, a stretch of time, or packets with their frames", () => {
  const everything = shown({});
  const second = shown({ peer: 2 });
  assert.ok(second.length > 0 && second.length < everything.length);
  assert.ok(second.every(({ peer }) => peer === 2));
  const stretch = shown({ from: 0.1, to: 0.3 });
  assert.deepEqual(
    stretch,
    everything.filter(({ seconds }) => seconds >= 0.1 && seconds <= 0.3),
  );
  const packets = shown({ packets: true, peer: 1 });
  assert.ok(packets.some(({ what, frames }) => what === "out" && /fragment/.test(frames)));
  assert.ok(packets.some(({ what, frames }) => what === "in" && /ack/.test(frames)));
});

Deno.test("replay tool: shows nothing when it only verifies, and lines that suit a terminal", () => {
  assert.deepEqual(shown({ verify: true }), []);
  assert.match(shown({ json: false, peer: 1 })[0], /^ +\d+\.\d{6} +\d+ \*\* peer 1 +event /);
  const line = lineOf({
    seconds: 1,
    record: 2,
    what: "event",
    peer: 3,
    text: "\u001b[2J\u202eevil\n",
  });
  assert.equal(line, "    1.000000        2 ** peer 3   event \\u001b[2J\\u202eevil\\u000a");
});
