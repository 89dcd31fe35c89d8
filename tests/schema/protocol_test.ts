import assert from "node:assert/strict";
import {
  type DecodedMessage,
  entity,
  message,
  type MessageOptions,
  protocol,
  Refusal,
  t,
} from "../../schema/mod.ts";

const Chat = message({ text: t.string({ maxBytes: 24 }) }, {
  from: "both",
  delivery: "reliable-ordered",
});
const Kick = message({ reason: t.u8() }, { from: "server", delivery: "reliable-ordered" });
const Fire = message({ angle: t.angle(8) }, { from: "client", delivery: "unreliable" });
const Pose = message({ x: t.u8() }, { from: "server", delivery: "sequenced" });
const Look = message({ yaw: t.u8() }, { from: "server", delivery: "sequenced" });
const Player = entity({ hp: t.int(0, 100), name: t.string({ maxBytes: 24 }).once() });

const Game = protocol("game", { version: 1 }, { Pose, Chat, Player, Kick, Fire, Look });
const [table] = Game.tables;
assert.ok(table);

function messageOf(options: Partial<MessageOptions<"both">>, bytes = 1) {
  return message({ data: t.bytes({ length: bytes }) }, {
    from: "both",
    delivery: "unreliable",
    ...options,
  });
}

Deno.test("protocol numbers messages and entities by name, whatever the order of declaration", () => {
  const world = ["WorldResync", "WorldSnapshot"];
  assert.deepEqual(
    Game.messages.map((m) => m.name),
    ["Chat", "Fire", "Kick", "Look", "Pose", ...world],
  );
  assert.equal(Game.Pose.index, 4);
  assert.equal(Game.Player.index, 0);
  assert.equal(Game.messages[Game.Kick.index], Game.Kick);
});

Deno.test("messages share a channel per delivery, except where each needs its own order", () => {
  assert.deepEqual(
    table.channels.map((channel) => [channel.name, channel.messages.map((m) => m.name)]),
    [
      ["Look", ["Look"]],
      ["Pose", ["Pose"]],
      ["reliable-ordered", ["Chat", "Kick"]],
      ["unreliable", ["Fire"]],
      ["world-resync", ["WorldResync"]],
      ["world-snapshot", ["WorldSnapshot"]],
    ],
  );
});

Deno.test("a channel name joins messages of one delivery, and refuses those of two", () => {
  const joined = protocol("game", { version: 1 }, {
    A: messageOf({ delivery: "sequenced", channel: "body" }),
    B: messageOf({ delivery: "sequenced", channel: "body" }),
  });
  assert.deepEqual(joined.tables[0]?.channels.map((channel) => channel.name), ["body"]);
  assert.throws(
    () =>
      protocol("game", { version: 1 }, {
        A: messageOf({ delivery: "sequenced", channel: "body" }),
        B: messageOf({ delivery: "unreliable", channel: "body" }),
      }),
    /Cannot declare channel "body": its messages give delivery as sequenced and unreliable/,
  );
});

Deno.test("messages of a channel agree on its options or get an error that says so", () => {
  const agreeing = protocol("game", { version: 1 }, {
    A: messageOf({ priority: 1 }),
    B: messageOf({ ttlMs: 50 }),
  });
  assert.equal(agreeing.tables[0]?.channels[0]?.priority, 1);
  assert.equal(agreeing.tables[0]?.channels[0]?.ttlMs, 50);
  assert.throws(
    () =>
      protocol("game", { version: 1 }, {
        A: messageOf({ priority: 1 }),
        B: messageOf({ priority: 2 }),
      }),
    /priority as 1 and 2; give one of them a channel of its own/,
  );
});

Deno.test("a protocol has at most 63 channels, and a channel at most 256 messages", () => {
  const own = messageOf({ delivery: "sequenced" });
  const shared = messageOf({ delivery: "unreliable" });
  const declare = (count: number, definition: typeof own) =>
    protocol(
      "game",
      { version: 1 },
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`M${i}`, definition])),
    );
  assert.equal(declare(63, own).tables[0]?.channels.length, 63);
  assert.throws(() => declare(64, own), /64 channels, but the limit is 63/);
  assert.equal(declare(256, shared).tables[0]?.channels[0]?.messages.length, 256);
  assert.throws(() => declare(257, shared), /257 messages, but the limit is 256/);
});

Deno.test("a channel's largest message counts the envelope, and comes from either end", () => {
  const largest = (definitions: Parameters<typeof protocol>[2]) =>
    protocol("game", { version: 1 }, definitions).tables[0]?.channels[0]?.maxMessageBytes;
  const FromServer = message({ data: t.bytes({ length: 9 }) }, {
    from: "server",
    delivery: "unreliable",
  });
  assert.equal(largest({ A: messageOf({}, 7) }), 7);
  assert.equal(largest({ A: messageOf({}, 7), B: messageOf({}, 3) }), 8);
  assert.equal(largest({ A: messageOf({}, 7), FromServer }), 10);
});

Deno.test("a table writes an envelope byte only on channels with several messages", () => {
  const view = new DataView(new ArrayBuffer(64));
  assert.equal(table.write(Game.Kick, view, 0, { reason: 9 }), 2);
  assert.deepEqual([view.getUint8(0), view.getUint8(1)], [1, 9]);
  assert.equal(table.write(Game.Fire, view, 0, { angle: 0 }), 1);
  assert.equal(table.entries[Game.Kick.index]?.maxBytes, 2);
  assert.equal(table.entries[Game.Fire.index]?.maxBytes, 1);
});

Deno.test("a table reads back what it wrote, and names the message", () => {
  const view = new DataView(new ArrayBuffer(64));
  const decoded: DecodedMessage = { message: undefined, value: undefined };
  const end = table.write(Game.Chat, view, 3, { text: "hi" });
  const channel = table.entries[Game.Chat.index]?.channel ?? -1;
  assert.equal(table.read("client", channel, view, 3, end, decoded), end);
  assert.equal(decoded.message, Game.Chat);
  assert.deepEqual(decoded.value, { text: "hi" });
});

Deno.test("a table refuses channels, message numbers and directions that do not exist", () => {
  const view = new DataView(new ArrayBuffer(8));
  const decoded: DecodedMessage = { message: undefined, value: undefined };
  const channel = table.entries[Game.Kick.index]?.channel ?? -1;
  assert.equal(table.read("client", 99, view, 0, 1, decoded), -Refusal.unknownMessage);
  assert.equal(table.read("client", channel, view, 0, 0, decoded), -Refusal.short);
  view.setUint8(0, 2);
  assert.equal(table.read("client", channel, view, 0, 2, decoded), -Refusal.unknownMessage);
  view.setUint8(0, 1);
  assert.equal(table.read("client", channel, view, 0, 2, decoded), -Refusal.direction);
  assert.equal(table.read("server", channel, view, 0, 2, decoded), 2);
});

Deno.test("a table says when a message does not fit the view", () => {
  const view = new DataView(new ArrayBuffer(2));
  assert.equal(table.write(Game.Kick, view, 2, { reason: 1 }), -Refusal.short);
  assert.equal(table.write(Game.Kick, view, 1, { reason: 1 }), -Refusal.short);
  assert.equal(table.write(Game.Kick, view, 0, { reason: 1 }), 2);
});

Deno.test("protocol refuses a message whose worst case cannot travel", () => {
  const declare = (options: Partial<MessageOptions<"both">>, bytes: number) =>
    protocol("game", { version: 1 }, { Big: messageOf(options, bytes) });
  declare({}, 1_100);
  assert.throws(
    () => declare({}, 1_101),
    /Cannot declare Big: unreliable messages are limited to 1100/,
  );
  assert.throws(() => declare({ delivery: "input" }, 1_101), /limited to 1100/);
  declare({ fragments: true }, 17_600);
  assert.throws(() => declare({ fragments: true }, 17_601), /limited to 17600/);
  declare({ delivery: "reliable-latest" }, 1_048_576);
});

Deno.test("protocol refuses names, versions and options that cannot work", () => {
  const definitions = { Chat };
  assert.throws(() => protocol("a game", { version: 1 }, definitions), TypeError);
  assert.throws(() => protocol("game", { version: 0 }, definitions), RangeError);
  assert.throws(() => protocol("game", { version: 1, accepts: 2 }, definitions), RangeError);
  assert.throws(() => protocol("game", { version: 1, datagramBytes: 63 }, definitions), RangeError);
  assert.throws(() => protocol("game", { version: 1 }, { chat: Chat }), /PascalCase/);
  assert.throws(() => protocol("game", { version: 1 }, { "Chat-2": Chat }), /PascalCase/);
});

Deno.test("a version keeps its own messages, fields and id", () => {
  const V2 = protocol("game", { version: 2, accepts: 2 }, {
    Chat: message({
      text: t.string({ maxBytes: 24 }),
      color: t.u8().since(2).default(7),
      old: t.u8().deprecated(2).default(5),
    }, { from: "both", delivery: "reliable-ordered" }),
    News: message({}, { from: "server", delivery: "reliable-ordered", since: 2 }),
  });
  const V1 = protocol("game", { version: 1 }, {
    Chat: message({ text: t.string({ maxBytes: 24 }), old: t.u8() }, {
      from: "both",
      delivery: "reliable-ordered",
    }),
  });
  const [newest, oldest] = V2.tables;
  assert.ok(newest && oldest);
  assert.deepEqual([newest.version, oldest.version], [2, 1]);
  assert.equal(oldest.idHex, V1.tables[0]?.idHex);
  assert.notEqual(newest.idHex, oldest.idHex);
  assert.equal(V2.table(oldest.id), oldest);
  assert.equal(V2.table(new Uint8Array(8)), undefined);
  assert.equal(oldest.entries[V2.News.index], undefined);
  const view = new DataView(new ArrayBuffer(16));
  assert.equal(oldest.write(V2.News, view, 0, {}), -Refusal.unknownMessage);

  const decoded: DecodedMessage = { message: undefined, value: undefined };
  const end = oldest.write(V2.Chat, view, 0, { text: "a", color: 1, old: 2 });
  assert.equal(oldest.read("client", 0, view, 0, end, decoded), end);
  assert.deepEqual(decoded.value, { text: "a", color: 7, old: 2 });
  const end2 = newest.write(V2.Chat, view, 0, { text: "a", color: 1, old: 2 });
  assert.equal(newest.read("client", 0, view, 0, end2, decoded), end2);
  assert.deepEqual(decoded.value, { text: "a", color: 1, old: 5 });
});

Deno.test("describeMismatch names the message and the field that differ", () => {
  const other = protocol("game", { version: 1 }, {
    Pose,
    Chat,
    Player: entity({ hp: t.int(0, 200), name: t.string({ maxBytes: 24 }).once() }),
    Kick,
    Fire,
    Look,
  });
  const theirs = other.tables[0]?.projection ?? "";
  assert.equal(Game.describeMismatch(theirs), "Player.hp int(0,100) vs int(0,200)");
  assert.equal(Game.describeMismatch(table.projection), "no difference");
  assert.match(Game.describeMismatch("\u0000\n  junk"), /Chat vs nothing/);
});
