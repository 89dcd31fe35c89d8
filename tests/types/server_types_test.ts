/**
 * What the type checker must accept and refuse of a server. The functions are never called: `deno check`
 * is the test, and an unused `@ts-expect-error` fails it.
 *
 * @module
 */
import {
  type DeliveryResult,
  type DisconnectInfo,
  entity,
  message,
  type Peer,
  protocol,
  type SendResult,
  serve,
  type ServeOptions,
  type Server,
  t,
} from "../../mod.ts";

const Game = protocol("game", { version: 1 }, {
  Move: message({ x: t.int(0, 9), label: t.string({ maxBytes: 8 }).optional() }, {
    from: "client",
    delivery: "input",
  }),
  State: message({ hp: t.u8(), kind: t.enum("man", "bird") }, {
    from: "server",
    delivery: "sequenced",
  }),
  Chat: message({ text: t.string({ maxBytes: 24 }) }, {
    from: "both",
    delivery: "reliable-ordered",
  }),
  Player: entity({ hp: t.u8() }),
});

/** True only when two types are the same, optional and readonly modifiers included. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends (<X>() => X extends B ? 1 : 2) ? true
  : false;

function same<A, B>(_same: Same<A, B>): void {}

declare const server: Server<typeof Game>;
declare const peer: Peer;
declare const counted: Server<typeof Game, { score: number }>;

export function sending(): void {
  const result = peer.send(Game.Chat, { text: "hi" });
  same<typeof result, SendResult>(true);
  peer.send(Game.State, { hp: 1, kind: "bird" });
  peer.send(Game.State, { hp: 1, kind: "bird" }, (what) => same<typeof what, DeliveryResult>(true));
  // @ts-expect-error only a client sends it.
  peer.send(Game.Move, { x: 1 });
  // @ts-expect-error a field of the wrong type.
  peer.send(Game.Chat, { text: 1 });
  // @ts-expect-error a missing field.
  peer.send(Game.Chat, {});
  // @ts-expect-error an unknown field.
  peer.send(Game.Chat, { text: "hi", loud: true });
  // @ts-expect-error an unknown word.
  peer.send(Game.State, { hp: 1, kind: "fish" });
  // @ts-expect-error no value at all.
  peer.send(Game.Chat);
  // @ts-expect-error an entity is no message.
  peer.send(Game.Player, { hp: 1 });
  // @ts-expect-error a name is no message.
  peer.send("Chat", { text: "hi" });
}

export function delivering(): void {
  const result = peer.deliver(Game.Chat, { text: "hi" });
  same<typeof result, Promise<DeliveryResult>>(true);
  // @ts-expect-error only a client sends it.
  peer.deliver(Game.Move, { x: 1 });
  // @ts-expect-error a field of the wrong type.
  peer.deliver(Game.Chat, { text: 1 });
}

export function broadcasting(): void {
  const count = server.broadcast(Game.Chat, { text: "hi" });
  same<typeof count, number>(true);
  server.broadcast(Game.Chat, { text: "hi" }, { except: peer });
  server.broadcast(Game.Chat, { text: "hi" }, { to: [peer] });
  server.broadcast(Game.Chat, { text: "hi" }, { to: server.peers.values() });
  server.broadcast(Game.Chat, { text: "hi" }, { to: new Set([peer]) });
  // @ts-expect-error only a client sends it.
  server.broadcast(Game.Move, { x: 1 });
  // @ts-expect-error an unknown field.
  server.broadcast(Game.Chat, { text: "hi", loud: true });
  // @ts-expect-error a peer alone is not many.
  server.broadcast(Game.Chat, { text: "hi" }, { to: peer });
  // @ts-expect-error there is no such option.
  server.broadcast(Game.Chat, { text: "hi" }, { not: peer });
}

export function handling(): void {
  server.on(Game.Move, (from, value) => {
    same<typeof from, Peer>(true);
    same<typeof value, { x: number; label?: string | undefined }>(true);
  });
  server.on(Game.Chat, (_, { text }) => same<typeof text, string>(true));
  server.on(Game.Chat, async (from, { text }) => {
    await Promise.resolve();
    from.send(Game.Chat, { text });
  });
  server.on(Game.Chat, () => {});
  server.on(Game.Chat, (from, value) => from.send(Game.Chat, value));
  // @ts-expect-error only a server sends it.
  server.on(Game.State, () => {});
  // @ts-expect-error the message has no such field.
  server.on(Game.Chat, (_, { loud }) => loud);
  // @ts-expect-error an entity is no message.
  server.on(Game.Player, () => {});
  // @ts-expect-error handlers come after what they handle.
  server.on(() => {});
}

export function events(): void {
  server.on("connected", (who) => same<typeof who, Peer>(true));
  server.on("disconnected", (who, info) => {
    same<typeof who, Peer>(true);
    same<typeof info, DisconnectInfo>(true);
  });
  server.on("error", (error, where) => {
    same<typeof error, unknown>(true);
    same<typeof where, string>(true);
  });
  server.on("stopping", () => {});
  server.on("connected", async () => await Promise.resolve());
  const remove = server.on("drained", () => {});
  same<typeof remove, () => void>(true);
  server.onTick((tick, stepSeconds) => {
    same<typeof tick, number>(true);
    same<typeof stepSeconds, number>(true);
  });
  // @ts-expect-error there is no such event.
  server.on("conected", () => {});
  // @ts-expect-error it comes with one argument.
  server.on("connected", (_who: Peer, _info: DisconnectInfo) => {});
  // @ts-expect-error it comes with nothing.
  server.on("stopping", (who: Peer) => who);
}

export async function peerData(): Promise<void> {
  const counted = await serve(Game, { peerData: () => ({ score: 0 }) });
  same<typeof counted, Server<typeof Game, { score: number }>>(true);
  counted.on("connected", (who) => {
    same<typeof who, Peer<{ score: number }>>(true);
    who.data.score++;
    // @ts-expect-error there is no such thing in it.
    who.data.lives;
  });
  counted.on(Game.Chat, ({ data }) => same<typeof data, { score: number }>(true));
  counted.broadcast(Game.Chat, { text: "" }, { to: [...counted.peers.values()] });
  // @ts-expect-error a peer of another kind of server.
  counted.broadcast(Game.Chat, { text: "" }, { except: peer });
  const known = await serve(Game, {
    peerData: ({ userId, address }) => [userId, address.hostname],
  });
  same<typeof known, Server<typeof Game, string[]>>(true);
  const plain = await serve(Game);
  same<typeof plain, Server<typeof Game, undefined>>(true);
  plain.on("connected", ({ data }) => same<typeof data, undefined>(true));
  const declared = await serve<typeof Game, { score: number; name?: string }>(Game, {
    peerData: () => ({ score: 0 }),
  });
  declared.on("connected", ({ data }) => same<typeof data.name, string | undefined>(true));
}

export async function options(): Promise<void> {
  await serve(Game, { authorize: () => true });
  await serve(Game, { authorize: async () => await Promise.resolve(false) });
  await serve(Game, { authorize: ({ userId }) => ({ userId }) });
  await serve(Game, { authorize: () => ({ refused: "auth", reason: "no", retryAfterMs: 1 }) });
  // @ts-expect-error a refusal has a reason.
  await serve(Game, { authorize: () => ({ refused: "auth" }) });
  // @ts-expect-error there is no such status.
  await serve(Game, { authorize: () => ({ refused: "nope", reason: "" }) });
  // @ts-expect-error nothing is no answer.
  await serve(Game, { authorize: () => {} });
  // @ts-expect-error there is no such option.
  await serve(Game, { ticksPerSecond: 60 });
  // @ts-expect-error there is no such limit.
  await serve(Game, { limits: { session: 1 } });
  // @ts-expect-error a protocol comes first.
  await serve({ port: 1 });
  const given: ServeOptions = { tickHz: 60, dispatch: "immediate" };
  await serve(Game, given);
}

export function anyServer(): void {
  // Hosts and tools take servers of any game and any data.
  const hosts: Server[] = [server];
  const host = (any: Server<typeof Game, unknown>): number => any.peers.size;
  host(server);
  host(counted);
  const named = (any: Peer<unknown>): number => any.id;
  named(peer);
  for (const one of hosts) one.stats();
}

export function ending(): void {
  peer.disconnect();
  peer.disconnect("cheating");
  peer.disconnect({ code: 1_000, reason: "cheating", flush: true, timeoutMs: 10 });
  // @ts-expect-error a code is a number.
  peer.disconnect({ code: "kicked" });
  // @ts-expect-error ids do not change.
  peer.id = 2;
  peer.data = undefined;
  server.close("bye", { flush: false });
  // @ts-expect-error the reason comes first.
  server.close({ flush: false });
}
