/**
 * What the type checker must accept and refuse. The functions are never called: `deno check` is the
 * test, and an unused `@ts-expect-error` fails it.
 *
 * @module
 */
import {
  type AnyValue,
  type BoundMessage,
  type ClientMessage,
  type Codec,
  compileCodec,
  entity,
  type Infer,
  message,
  protocol,
  type ServerMessage,
  t,
} from "../../schema/mod.ts";

const Move = message({ x: t.int(0, 9), label: t.string({ maxBytes: 8 }).optional() }, {
  from: "client",
  delivery: "unreliable",
});
const State = message({ hp: t.u8() }, { from: "server", delivery: "sequenced" });
const Chat = message({ text: t.string({ maxBytes: 24 }) }, {
  from: "both",
  delivery: "reliable-ordered",
});
const Player = entity({ hp: t.u8(), pos: t.vec2(t.f32()).lerp() });
const Game = protocol("game", { version: 1 }, { Move, State, Chat, Player });

/** True only when two types are the same, optional and readonly modifiers included. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends (<X>() => X extends B ? 1 : 2) ? true
  : false;

function same<A, B>(_same: Same<A, B>): void {}

declare function clientSend<T>(message: BoundMessage<T, "client" | "both">, value: T): void;
declare function serverSend<T>(message: ServerMessage<T>, value: T): void;
declare function clientHandles<T>(message: ServerMessage<T>, handler: (value: T) => void): void;

export function sendingDirection(): void {
  clientSend(Game.Move, { x: 1 });
  clientSend(Game.Chat, { text: "hi" });
  serverSend(Game.Chat, { text: "hi" });
  serverSend(Game.State, { hp: 1 });
  // @ts-expect-error State is from the server.
  clientSend(Game.State, { hp: 1 });
  // @ts-expect-error Move is from the client.
  serverSend(Game.Move, { x: 1 });
  // @ts-expect-error An entity is not a message.
  clientSend(Game.Player, { hp: 1, pos: { x: 0, y: 0 } });
}

export function sentValues(): void {
  clientSend(Game.Move, { x: 1, label: "a" });
  clientSend(Game.Move, { x: 1, label: undefined });
  // @ts-expect-error A field of the wrong type.
  clientSend(Game.Move, { x: "1" });
  // @ts-expect-error A missing field.
  clientSend(Game.Chat, {});
  // @ts-expect-error An unknown field.
  clientSend(Game.Chat, { text: "hi", loud: true });
  const send: ClientMessage<{ text: string }> = Game.Chat;
  clientSend(send, { text: "hi" });
}

export function handledValues(): void {
  clientHandles(Game.State, ({ hp }) => same<typeof hp, number>(true));
  // @ts-expect-error State has no such field.
  clientHandles(Game.State, ({ mana }) => mana);
}

export function inference(): void {
  same<Infer<typeof Game.Move>, { x: number; label?: string | undefined }>(true);
  same<Infer<typeof Move>, Infer<typeof Game.Move>>(true);
  same<Infer<typeof Game.Player>, { hp: number; pos: { x: number; y: number } }>(true);
  const every = t.struct({
    b: t.bool(),
    e: t.enum("fist", "bow"),
    f: t.flags("up", "down"),
    bytes: t.bytes({ length: 4 }),
    list: t.array(t.enum("a", "b"), { max: 4 }),
    map: t.map(t.string({ maxBytes: 8 }), t.u8(), { max: 4 }),
    any: t.any({ maxBytes: 64 }),
    nested: t.struct({ deep: t.u8().optional() }).optional(),
  });
  type Every = Infer<typeof every>;
  same<Every["b"], boolean>(true);
  same<Every["e"], "fist" | "bow">(true);
  same<Every["f"], Record<"up" | "down", boolean>>(true);
  same<Every["bytes"], Uint8Array>(true);
  same<Every["list"], ("a" | "b")[]>(true);
  same<Every["map"], Map<string, number>>(true);
  same<Every["any"], AnyValue>(true);
  same<Every["nested"], { deep?: number | undefined } | undefined>(true);
  same<typeof codec, Codec<{ hp: number }>>(true);
  const codec = compileCodec(t.struct({ hp: t.u8() }));
}

export function unions(): void {
  const action = t.union("kind", { move: { to: t.u8() }, stop: {} });
  same<Infer<typeof action>, { kind: "move"; to: number } | { kind: "stop" }>(true);
  const value: Infer<typeof action> = { kind: "move", to: 1 };
  // @ts-expect-error There is no such variant.
  value.kind = "fly";
}

export function declarations(): void {
  // @ts-expect-error Not a direction.
  message({}, { from: "server ", delivery: "unreliable" });
  // @ts-expect-error Not a delivery.
  message({}, { from: "server", delivery: "sometimes" });
  // @ts-expect-error A default of another type.
  t.u8().default("1");
  // @ts-expect-error A codec is compiled from an object.
  compileCodec(t.u8());
  // @ts-expect-error Only numbers make a vector.
  t.vec2(t.string({ maxBytes: 8 }));
}
