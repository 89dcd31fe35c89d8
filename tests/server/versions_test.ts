import assert from "node:assert/strict";
import { parseHello } from "../../protocol/handshake_packets.ts";
import { buildVersion } from "../../protocol/handshake_packets.ts";
import { message, protocol, t } from "../../schema/mod.ts";
import { Lab } from "./lab.ts";
import { Room } from "./room.ts";

/** A game over its versions: `Emote` came with the second, `bold` with the third, `loud` with the fourth. */
function game(version: number, accepts: number) {
  return protocol("game", { version, accepts }, {
    Say: message({
      text: t.string({ maxBytes: 20 }),
      bold: t.bool().since(3),
      loud: t.bool().since(4),
    }, {
      from: "both",
      delivery: "reliable-ordered",
    }),
    Emote: message({ which: t.u8() }, { from: "both", delivery: "reliable-ordered", since: 2 }),
  });
}

Deno.test("versions: one server serves the clients of every version that it accepts", async () => {
  await using lab = new Lab();
  const Newest = game(3, 3);
  const server = await lab.serve(Newest);
  const heard: unknown[] = [];
  const emoted: string[] = [];
  server.on(Newest.Say, (peer, value) => {
    heard.push([peer.protocolVersion, value]);
    peer.send(Newest.Say, value);
  });
  server.on(Newest.Emote, (peer, { which }) => emoted.push(`${peer.protocolVersion} ${which}`));
  const answers: unknown[] = [];
  for (const version of [1, 2, 3]) {
    const Game = game(version, 1);
    const client = await lab.connect(Game, server);
    client.on(Game.Say, (value) => answers.push([version, value]));
    client.send(Game.Say, { text: `v${version}`, bold: true, loud: true });
    const result = client.send(Game.Emote, { which: version });
    assert.equal(result, version === 1 ? "dropped" : "queued", "version 1 has no Emote");
    await lab.run(100);
  }
  assert.deepEqual(heard, [
    [1, { text: "v1", bold: false, loud: false }],
    [2, { text: "v2", bold: false, loud: false }],
    [3, { text: "v3", bold: true, loud: false }],
  ]);
  assert.deepEqual(answers, heard);
  assert.deepEqual(emoted, ["2 2", "3 3"]);
  const [oldest] = server.peers.values();
  assert.equal(oldest!.send(Newest.Emote, { which: 9 }), "dropped");
  assert.equal(await oldest!.deliver(Newest.Emote, { which: 9 }), "dropped");
});

Deno.test("versions: one that is not accepted any more, or not yet, is refused readably", async () => {
  await using lab = new Lab();
  const server = await lab.serve(game(3, 2));
  for (const version of [1, 4]) {
    await assert.rejects(lab.connect(game(version, 1), server), {
      code: "schema",
      message: "Cannot connect: the server refused (schema): the server speaks game version 3, " +
        `the client game version ${version}`,
    });
  }
});

Deno.test("versions: in development the difference is told, field by field", async () => {
  await using lab = new Lab();
  const theirs = protocol("game", { version: 1 }, {
    Say: message({ text: t.string({ maxBytes: 20 }), size: t.int(0, 100) }, {
      from: "both",
      delivery: "reliable-ordered",
    }),
  });
  const ours = protocol("game", { version: 1 }, {
    Say: message({ text: t.string({ maxBytes: 20 }), size: t.int(0, 200) }, {
      from: "both",
      delivery: "reliable-ordered",
    }),
  });
  for (const development of [true, false]) {
    const host = development ? "192.0.2.1" : "192.0.2.2";
    const server = await lab.serve(theirs, { development, host });
    const error = await lab.connect(ours, server).then(() => undefined, (error) => error);
    assert.equal(error?.code, "schema");
    const difference = /Say\.size int\(0,200\) vs int\(0,100\)/;
    if (development) assert.match(error.message, difference);
    else assert.doesNotMatch(error.message, difference);
  }
});

Deno.test("versions: a schema of several pages is told as well, over a bad line", async () => {
  await using lab = new Lab({ seed: 4, link: { delayMs: 15, loss: 0.1 } });
  const fields = Object.fromEntries(
    Array.from({ length: 120 }, (_, i) => [`aFieldWithALongName${i}`, t.int(0, 1_000 + i)]),
  );
  const declare = (last: number) =>
    protocol("game", { version: 1 }, {
      Big: message({ ...fields, last: t.int(0, last) }, {
        from: "client",
        delivery: "reliable-ordered",
      }),
    });
  const server = await lab.serve(declare(5), { development: true });
  await assert.rejects(lab.connect(declare(6), server), {
    code: "schema",
    message: /Big\.last int\(0,6\) vs int\(0,5\)/,
  });
});

Deno.test("versions: a client of another game is told which game it met", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  await assert.rejects(lab.connect(game(1, 1), server), {
    code: "schema",
    message: /the server speaks room version 1, the client game version 1$/,
  });
});

Deno.test("versions: a server of another wire version is told apart from silence", async () => {
  await using lab = new Lab();
  const pipe = lab.network.bind("192.0.2.50", 9_999);
  // What a server of a later generation answers to a HELLO of ours.
  pipe.start((bytes, from) => {
    const hello = parseHello(bytes);
    const slot = pipe.acquire();
    assert.ok(hello !== undefined && slot !== undefined);
    const reply = buildVersion(hello.clientConnectionId);
    reply[6] = 9;
    slot.bytes.set(reply);
    pipe.send(slot, reply.byteLength, from);
  });
  const url = `tickwire://192.0.2.50:9999#${"A".repeat(42)}E`;
  const startMs = lab.nowMs;
  await assert.rejects(lab.connect(Room, url), {
    code: "wire-version",
    message: "Cannot connect: the server speaks wire version 9, this client another",
  });
  assert.ok(lab.nowMs - startMs >= 4_900, "nothing authentic: waits for another answer");
  await pipe.close();
});
