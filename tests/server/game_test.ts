import assert from "node:assert/strict";
import { defineGame, flag, message, protocol, startGame, t } from "../../mod.ts";
import { isGame } from "../../server/game.ts";
import { GameLab } from "../examples/game_lab.ts";

const Count = message({ n: t.u8() }, { from: "both", delivery: "reliable-ordered" });
const Counter = protocol("counter", { version: 1 }, { Count });
const LOGGER = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

Deno.test("a game is defined by a protocol and a start, and has its protocol's name", () => {
  const game = defineGame({ protocol: Counter, start() {} });
  assert.equal(game.name, "counter");
  assert.deepEqual(game.flags, {});
  assert.ok(isGame(game));
  assert.equal(defineGame({ name: "Other", protocol: Counter, start() {} }).name, "Other");
});

Deno.test("what is no game is not taken for one", () => {
  for (const value of [undefined, null, 7, "game", {}, { start() {} }, { kind: "game" }]) {
    assert.ok(!isGame(value), String(value));
  }
});

Deno.test("defining half a game throws at once", () => {
  // What a caller without types may do.
  const define = defineGame as unknown as (definition: unknown) => unknown;
  assert.throws(() => define({ protocol: Counter }), /it has no "start"/);
  assert.throws(() => define({ start() {} }), /it has no "protocol"/);
});

Deno.test("a started game has typed data per peer, its flags and its tick rate", async () => {
  const seen: unknown[] = [];
  const game = defineGame({
    protocol: Counter,
    tickHz: 20,
    peerData: () => ({ total: 0 }),
    flags: { step: flag.integer("N", "A step", { default: 1 }) },
    start(server, { flags, args, tickHz, wallClockMs }) {
      seen.push(flags.step, args, tickHz, new Date(wallClockMs()).getUTCFullYear());
      server.on(Counter.Count, (peer, { n }) => {
        peer.data.total += n * flags.step;
        peer.send(Counter.Count, { n: peer.data.total });
      });
    },
  });
  await using lab = await GameLab.start(game, { step: 10 });
  assert.deepEqual(seen, [10, [], 20, 2026]);
  const { client } = await lab.connect();
  const totals: number[] = [];
  client.on(Counter.Count, ({ n }) => totals.push(n));
  client.send(Counter.Count, { n: 3 });
  client.send(Counter.Count, { n: 4 });
  await lab.run(1);
  assert.deepEqual(totals, [30, 70]);
});

Deno.test("what the host says comes before what the game says", async () => {
  const game = defineGame({
    protocol: Counter,
    tickHz: 20,
    options: { hostname: "127.0.0.1", port: 1 },
    start: (_, { tickHz }) => ({ statusLine: () => `${tickHz} Hz` }),
  });
  const { server, running } = await startGame(game, { port: 0, tickHz: 50 }, {
    flags: {},
    logger: LOGGER,
  });
  assert.equal(server.address.hostname, "127.0.0.1");
  assert.ok(server.address.port > 1);
  assert.equal(running.statusLine?.(), "50 Hz");
  await server.close();
});

Deno.test("a game that fails to start leaves no server behind", async () => {
  let port = 0;
  const game = defineGame({
    protocol: Counter,
    start(server) {
      port = server.address.port;
      throw new Error("no level file");
    },
  });
  const options = { hostname: "127.0.0.1", port: 0 };
  await assert.rejects(
    startGame(game, options, { flags: {}, logger: LOGGER }),
    /no level file/,
  );
  const second = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
  second.close();
});
