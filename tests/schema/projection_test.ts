import assert from "node:assert/strict";
import {
  entity,
  type Fields,
  message,
  type MessageOptions,
  protocol,
  t,
  type WireTable,
} from "../../schema/mod.ts";
import { wireId } from "../../schema/wire_id.ts";

/** The newest table of a protocol with one message. */
function tableOf(fields: Fields, options: Partial<MessageOptions<"both">> = {}): WireTable {
  const Only = message(fields, { from: "both", delivery: "reliable-ordered", ...options });
  const [table] = protocol("game", { version: 1 }, { Only }).tables;
  assert.ok(table);
  return table;
}

function idOf(fields: Fields, options: Partial<MessageOptions<"both">> = {}): string {
  return tableOf(fields, options).idHex;
}

const base = {
  a: t.int(0, 100),
  b: t.string({ maxBytes: 9 }),
  c: t.struct({ x: t.u8(), y: t.u8().optional() }),
};

Deno.test("edits that leave the wire alone leave the id alone", () => {
  const id = idOf(base);
  const edits: readonly (readonly [string, Fields, Partial<MessageOptions<"both">>])[] = [
    ["renamed fields", {
      hp: t.int(0, 100),
      n: t.string({ maxBytes: 9 }),
      p: base.c,
    }, {}],
    ["a default", { ...base, a: t.int(0, 100).default(5) }, {}],
    ["a flattened struct", {
      a: t.int(0, 100),
      b: t.string({ maxBytes: 9 }),
      x: t.u8(),
      y: t.u8().optional(),
    }, {}],
    ["priority, weight and rate", base, {
      priority: 1,
      weight: 9,
      rate: { perSecond: 1, burst: 1 },
    }],
    ["a field of a later version", { ...base, d: t.u8().since(2) }, {}],
    ["a field of an earlier version", { ...base, d: t.u8().deprecated(1) }, {}],
    ["another builder of the same integer", { ...base, a: t.int(0, 100) }, {}],
    ["a channel name where there is no choice", base, { channel: "reliable-ordered" }],
  ];
  for (const [edit, fields, options] of edits) assert.equal(idOf(fields, options), id, edit);
  assert.equal(
    idOf({ f: t.flags("up", "down") }),
    idOf({ f: t.struct({ left: t.bool(), right: t.bool() }) }),
  );
  assert.equal(idOf({ v: t.tick() }), idOf({ v: t.u32() }));
});

Deno.test("edits that change the wire change the id, each in its own way", () => {
  const edits: readonly (readonly [string, Fields, Partial<MessageOptions<"both">>])[] = [
    ["nothing", base, {}],
    ["a range", { ...base, a: t.int(0, 101) }, {}],
    ["a range of equal width", { ...base, a: t.int(1, 101) }, {}],
    ["a limit", { ...base, b: t.string({ maxBytes: 10 }) }, {}],
    ["an order", {
      b: base.b,
      a: base.a,
      c: base.c,
    }, {}],
    ["an added field", { ...base, d: t.bool() }, {}],
    ["a removed field", { a: base.a, b: base.b }, {}],
    ["a nested field", { ...base, c: t.struct({ x: t.u8(), y: t.u8() }) }, {}],
    ["a type of equal width", { ...base, b: t.bytes({ maxBytes: 9 }) }, {}],
    ["a delivery", base, { delivery: "reliable-unordered" }],
    ["a direction", base, { from: "both" as const, delivery: "reliable-latest" }],
    ["enum values", { e: t.enum("a", "b") }, {}],
    ["enum values exchanged", { e: t.enum("b", "a") }, {}],
    ["a step", { q: t.quantized(0, 1, 0.1) }, {}],
    ["a finer step", { q: t.quantized(0, 1, 0.05) }, {}],
    ["a range of as many steps", { q: t.quantized(0, 2, 0.1) }, {}],
    ["a compressed float", { q: t.compressedFloat(0, 1, 0.1) }, {}],
    ["an angle", { q: t.angle(8) }, {}],
    ["a rotation", { q: t.quat(8) }, {}],
    ["floats", { q: t.f32() }, {}],
    ["wide floats", { q: t.f64() }, {}],
    ["a varint", { q: t.varint() }, {}],
    ["a bool", { q: t.bool() }, {}],
    ["an optional", { q: t.bool().optional() }, {}],
    ["an array", { q: t.array(t.bool(), { max: 9 }) }, {}],
    ["an array with a minimum", { q: t.array(t.bool(), { max: 9, min: 1 }) }, {}],
    ["a map", { q: t.map(t.u8(), t.bool(), { max: 9 }) }, {}],
    ["fixed bytes", { q: t.bytes({ length: 9 }) }, {}],
    ["a dynamic value", { q: t.any({ maxBytes: 9 }) }, {}],
    ["a deeper dynamic value", { q: t.any({ maxBytes: 9, maxDepth: 9 }) }, {}],
    ["a longer dynamic value", { q: t.any({ maxBytes: 9, maxItems: 9 }) }, {}],
    ["a union", { q: t.union("k", { a: {}, b: { x: t.u8() } }) }, {}],
    ["a union with its variants renamed", { q: t.union("k", { c: {}, b: { x: t.u8() } }) }, {}],
    ["a union with a field moved", { q: t.union("k", { a: { x: t.u8() }, b: {} }) }, {}],
    ["an optional struct", { q: t.struct({ a: t.u8(), b: t.u8() }).optional() }, {}],
    ["an optional and what follows it", { q: t.u8().optional(), b: t.u8() }, {}],
  ];
  const seen = new Map<string, string>();
  for (const [edit, fields, options] of edits) {
    const id = idOf(fields, options);
    assert.equal(seen.get(id), undefined, `${edit} has the id of ${seen.get(id)}`);
    seen.set(id, edit);
  }
});

Deno.test("names of messages and the protocol are part of the id, and so is who sends", () => {
  const Only = message(base, { from: "both", delivery: "sequenced" });
  const FromServer = message(base, { from: "server", delivery: "sequenced" });
  const ids = [
    protocol("game", { version: 1 }, { Only }),
    protocol("other", { version: 1 }, { Only }),
    protocol("game", { version: 1 }, { Renamed: Only }),
    protocol("game", { version: 1 }, { Only: FromServer }),
    protocol("game", { version: 1 }, { Only, Second: Only }),
    protocol("game", { version: 1 }, { Only, Thing: entity({ hp: t.u8() }) }),
    protocol("game", { version: 1 }, { Only, Thing: entity({ hp: t.u8().once() }) }),
    protocol("game", { version: 1 }, { Only, Thing: entity({ hp: t.u8().view("own") }) }),
    protocol("game", { version: 1 }, { Only, Thing: entity({ hp: t.u8().group("a") }) }),
  ].map((each) => each.tables[0]?.idHex);
  assert.equal(new Set(ids).size, ids.length);
  const smooth = protocol("game", { version: 1 }, { Only, Thing: entity({ hp: t.u8().lerp() }) });
  assert.equal(smooth.tables[0]?.idHex, ids[5], "smoothing is the client's own business");
});

Deno.test("a version number alone changes nothing, so a protocol raised without need stays compatible", () => {
  const Only = message(base, { from: "both", delivery: "sequenced" });
  const [one, two] = [1, 2].map((version) => protocol("game", { version }, { Only }).tables[0]);
  assert.equal(one?.idHex, two?.idHex);
});

Deno.test("the id is the beginning of the SHA-256 of the wire text", () => {
  const table = tableOf({
    hp: t.int(0, 100),
    tags: t.array(t.enum("a", "b"), { max: 3 }).optional(),
  });
  assert.equal(
    table.wire,
    [
      "tickwire schema 1",
      "protocol game",
      "channel 0 reliable-ordered",
      "message Only from both at 0.0",
      " int(0,100)",
      " optional",
      "  array(0,3)",
      '   enum("a","b")',
    ].join("\n"),
  );
  assert.deepEqual(table.id, wireId(table.wire));
  assert.equal(table.id.length, 8);
  assert.match(table.idHex, /^[0-9a-f]{16}$/);
});

Deno.test("the published SHA-256 of abc begins the id of abc", () => {
  // FIPS 180-4, first example.
  assert.deepEqual([...wireId("abc")], [0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea]);
});

Deno.test("describeMismatch lists what differs and keeps quiet about renamed fields", () => {
  const Player = (hp: number) => entity({ hp: t.int(0, hp), name: t.string({ maxBytes: 24 }) });
  const declare = (definitions: Parameters<typeof protocol>[2]) =>
    protocol("game", { version: 1 }, definitions);
  const Chat = message({ text: t.string({ maxBytes: 9 }) }, {
    from: "both",
    delivery: "sequenced",
  });
  const ours = declare({ Player: Player(100), Chat });
  const against = (definitions: Parameters<typeof protocol>[2]): string =>
    ours.describeMismatch(declare(definitions).tables[0]?.projection ?? "");

  assert.equal(against({ Player: Player(200), Chat }), "Player.hp int(0,100) vs int(0,200)");
  assert.equal(against({ Player: Player(100) }), "Chat vs nothing");
  assert.equal(against({ Player: Player(100), Chat, Extra: Chat }), "nothing vs Extra");
  const renamed = message({ words: t.string({ maxBytes: 9 }) }, {
    from: "both",
    delivery: "sequenced",
  });
  assert.equal(against({ Player: Player(100), Chat: renamed }), "no difference");
  const longer = message({ text: t.string({ maxBytes: 9 }), to: t.u8() }, {
    from: "both",
    delivery: "sequenced",
  });
  assert.equal(against({ Player: Player(100), Chat: longer }), "Chat.to nothing vs int(0,255)");
  const oneWay = message({ text: t.string({ maxBytes: 9 }) }, {
    from: "server",
    delivery: "sequenced",
  });
  assert.equal(
    against({ Player: Player(100), Chat: oneWay }),
    "Chat from both, sequenced vs from server, sequenced",
  );
  const Named = message({ text: t.string({ maxBytes: 9 }) }, {
    from: "both",
    delivery: "sequenced",
    channel: "talk",
  });
  const two = declare({ Player: Player(100), Chat: Named, Move: Chat });
  const swapped = declare({ Player: Player(100), Chat, Move: Named });
  assert.equal(
    two.describeMismatch(swapped.tables[0]?.projection ?? ""),
    "Move at 0.0 vs 1.0; Chat at 1.0 vs 0.0",
  );
});

Deno.test("describeMismatch compares the version that the other end speaks, when it is accepted", () => {
  const fields = { hp: t.u8(), mana: t.u8().since(2) };
  const ours = protocol("game", { version: 2, accepts: 2 }, { Player: entity(fields) });
  const old = protocol("game", { version: 1 }, { Player: entity({ hp: t.u8() }) });
  assert.equal(ours.describeMismatch(old.tables[0]?.projection ?? ""), "no difference");
});

Deno.test("describeMismatch survives anything that a peer sends, in one short line", () => {
  const ours = protocol("game", { version: 1 }, { Player: entity({ hp: t.u8() }) });
  const hostile = [
    "",
    "\n\n\n",
    "entity",
    "entity Player\n  hp \u001b[31m\u0000",
    `entity Player\n  hp ${"x".repeat(100_000)}`,
    Array.from({ length: 5_000 }, (_, i) => `entity E${i}`).join("\n"),
    "protocol game version 99999999999999\nmessage __proto__ x\n  constructor y",
  ];
  for (const text of hostile) {
    const description = ours.describeMismatch(text);
    assert.ok(description.length < 2_000, `${description.length}`);
    assert.match(description, /^[\x20-\x7e]*$/);
  }
});
