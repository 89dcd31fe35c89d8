/**
 * What the type checker must accept and refuse of a client. The functions are never called: `deno check`
 * is the test, and an unused `@ts-expect-error` fails it.
 *
 * @module
 */
import {
  type Client,
  type ClosedInfo,
  connect,
  ConnectError,
  type ConnectErrorCode,
  type ConnectOptions,
  type DeliveryResult,
  knownServers,
  message,
  type MessageFeed,
  protocol,
  queryServer,
  type SendResult,
  type ServerDescription,
  t,
  type UntrustedServer,
} from "../../mod.ts";

const Game = protocol("game", { version: 1 }, {
  Move: message({ x: t.int(0, 9), keys: t.flags("fire", "dash") }, {
    from: "client",
    delivery: "input",
  }),
  State: message({ hp: t.u8() }, { from: "server", delivery: "sequenced" }),
  Chat: message({ text: t.string({ maxBytes: 24 }) }, {
    from: "both",
    delivery: "reliable-ordered",
  }),
  Bye: message({}, { from: "both", delivery: "reliable-ordered" }),
});

/** True only when two types are the same, optional and readonly modifiers included. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends (<X>() => X extends B ? 1 : 2) ? true
  : false;

function same<A, B>(_same: Same<A, B>): void {}

declare const client: Client<typeof Game>;

export function sending(): void {
  const result = client.send(Game.Move, { x: 1, keys: { fire: true, dash: false } });
  same<typeof result, SendResult>(true);
  client.send(Game.Bye, {});
  client.send(Game.Chat, { text: "hi" }, (what) => same<typeof what, DeliveryResult>(true));
  // @ts-expect-error only a server sends it.
  client.send(Game.State, { hp: 1 });
  // @ts-expect-error a field of the wrong type.
  client.send(Game.Move, { x: "1", keys: { fire: true, dash: false } });
  // @ts-expect-error a missing flag.
  client.send(Game.Move, { x: 1, keys: { fire: true } });
  // @ts-expect-error an unknown field.
  client.send(Game.Chat, { text: "hi", loud: true });
  // @ts-expect-error a missing field.
  client.send(Game.Chat, {});
  const delivered = client.deliver(Game.Chat, { text: "hi" });
  same<typeof delivered, Promise<DeliveryResult>>(true);
  // @ts-expect-error only a server sends it.
  client.deliver(Game.State, { hp: 1 });
}

export function handling(): void {
  client.on(Game.State, (value) => same<typeof value, { hp: number }>(true));
  client.on(Game.Chat, async ({ text }) => {
    same<typeof text, string>(true);
    await Promise.resolve();
  });
  client.on(Game.Chat, ({ text }) => client.send(Game.Chat, { text }));
  // @ts-expect-error only a client sends it.
  client.on(Game.Move, () => {});
  // @ts-expect-error the message has no such field.
  client.on(Game.State, ({ mana }) => mana);
  // @ts-expect-error a client's handlers have no peer.
  client.on(Game.State, (_peer: unknown, value: { hp: number }) => value);
  client.on("disconnected", (info) => same<typeof info, ClosedInfo>(true));
  client.on("resumed", () => {});
  // @ts-expect-error a client is connected from the beginning.
  client.on("connected", () => {});
}

export async function reading(): Promise<void> {
  const feed = client.messages(Game.Chat);
  same<typeof feed, MessageFeed<{ text: string }>>(true);
  for await (const { text } of feed) same<typeof text, string>(true);
  same<typeof feed.dropped, number>(true);
  const { hp } = await client.next(Game.State);
  same<typeof hp, number>(true);
  const info = await client.closed;
  same<typeof info, ClosedInfo>(true);
  // @ts-expect-error only a client sends it.
  client.messages(Game.Move);
  // @ts-expect-error only a client sends it.
  await client.next(Game.Move);
}

export async function connecting(): Promise<void> {
  const made = await connect(Game, "tickwire://localhost");
  same<typeof made, Client<typeof Game>>(true);
  const trustServer = ({ hostname, keyText }: UntrustedServer): boolean => hostname === keyText;
  const options: ConnectOptions = { trustServer, ticket: () => Promise.resolve("…") };
  await connect(Game, "tickwire://localhost", options);
  await connect(Game, "tickwire://localhost", { trustServer: knownServers() });
  await connect(Game, "tickwire://localhost", { trustServer: () => () => {} });
  await connect(Game, "tickwire://localhost", { auth: new Uint8Array(1), ticket: "…" });
  // @ts-expect-error there is no such option.
  await connect(Game, "tickwire://localhost", { timeout: 5 });
  // @ts-expect-error trust is yes, no, or what to do then.
  await connect(Game, "tickwire://localhost", { trustServer: () => "yes" });
  // @ts-expect-error a protocol comes first.
  await connect("tickwire://localhost");
  const described = await queryServer("tickwire://localhost");
  same<typeof described, ServerDescription>(true);
}

export function failing(error: unknown): string {
  if (!(error instanceof ConnectError)) return "";
  same<typeof error.code, ConnectErrorCode>(true);
  // @ts-expect-error there is no such code.
  if (error.code === "fulll") return "";
  return error.code === "full" ? `again in ${error.retryAfterMs} ms` : error.message;
}

export function anyClient(): void {
  // Tools take clients of any game.
  const tools = (any: Client): number => any.rttMs;
  tools(client);
  // @ts-expect-error the socket is the client's own.
  client.start();
  // @ts-expect-error nothing of a session shows.
  client.session;
}
