/**
 * Talks in a chat room: in a terminal, or through a pipe.
 *
 *   deno run -A examples/chat/client.ts 'tickwire://127.0.0.1:9999#…' --name Ann --room kitchen
 *   echo "the build is done" | deno run -A examples/chat/client.ts '…' --name robot
 *
 * @module
 */
import type { Client, Infer } from "../../mod.ts";
import { TokenBucket } from "../../protocol/token_bucket.ts";
import { Chat, MAX_CHAT_NAME_BYTES, MAX_CHAT_TEXT_BYTES } from "../../schema/messages/chat.ts";
import { runCommand } from "../../server/cli_command.ts";
import { flag, UsageError } from "../../server/cli_flags.ts";
import { stdout } from "../../server/cli_output.ts";
import { onStopSignal } from "../../server/cli_signals.ts";
import { cleanName, cleanText, cutText } from "../player_text.ts";
import { clientFlags, connectAs, serverKeyIn } from "../run_client.ts";
import { seatToken } from "../seat_token.ts";
import { ChatPrinter } from "./chat_printer.ts";
import { openLineInput } from "./line_input.ts";

const COMMANDS = `Whatever you type is said to the room. Besides:
  /me TEXT     says what you do
  /who         who is here
  /join ROOM   goes to another room
  /help        this
  /quit        leaves; so does the end of the input`;

/** The server counts when messages arrive, we when they leave; this much of its rate is safe. */
const SAFE_SHARE = 0.9;

/** One person at one client. */
class ChatSession {
  /** Resolves once we are inside for the first time. */
  readonly entered: Promise<void>;
  readonly #client: Client<typeof Chat>;
  readonly #printer: ChatPrinter;
  readonly #people = new Set<string>();
  readonly #bucket: TokenBucket;
  readonly #onEnd: (code: number) => void;
  readonly #onEntered: () => void;
  #join: Infer<typeof Chat.Join>;

  constructor(
    client: Client<typeof Chat>,
    join: Infer<typeof Chat.Join>,
    printer: ChatPrinter,
    onEnd: (code: number) => void,
  ) {
    this.#client = client;
    this.#join = join;
    this.#printer = printer;
    this.#onEnd = onEnd;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.entered = promise;
    this.#onEntered = resolve;
    // The same declaration that the server enforces tells how fast we may talk.
    const { perSecond, burst } = Chat.Say.options.rate!;
    this.#bucket = new TokenBucket(perSecond * SAFE_SHARE, burst - 1, performance.now());
    this.#listen();
    client.send(Chat.Join, join);
  }

  /** Does what a line says. Returns `false` when it says goodbye. */
  async handle(line: string): Promise<boolean> {
    const [, command, argument = ""] = /^\/(\S*)\s*(.*)$/.exec(line) ?? [];
    switch (command) {
      case undefined:
        await this.#say(line, "said");
        break;
      case "me":
        await this.#say(argument, "did");
        break;
      case "who":
        this.#printer.people(this.#join.room, [...this.#people]);
        break;
      case "join":
        this.#enter(argument);
        break;
      case "quit":
        return false;
      case "help":
        this.#printer.note(COMMANDS);
        break;
      default:
        this.#printer.note(`There is no /${command}; see /help.`);
    }
    return true;
  }

  #enter(wanted: string): void {
    const room = cleanName(wanted, MAX_CHAT_NAME_BYTES);
    if (room === undefined) this.#printer.note("A room has 1 to 16 visible characters.");
    else this.#client.send(Chat.Join, { ...this.#join, room });
  }

  async #say(line: string, style: "said" | "did"): Promise<void> {
    const text = cutText(cleanText(line), MAX_CHAT_TEXT_BYTES);
    if (text === "") return;
    const waitMs = this.#bucket.readyAtMs(1, performance.now()) - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    this.#bucket.spend(1, performance.now());
    if (this.#client.send(Chat.Say, { text, style }) !== "queued") {
      this.#printer.note("Not sent: there is no connection.");
    }
  }

  #listen(): void {
    const client = this.#client;
    client.on(Chat.Welcome, (welcome) => {
      this.#join = { ...this.#join, room: welcome.room };
      this.#people.clear();
      for (const name of welcome.people) this.#people.add(cleanText(name));
      this.#printer.welcome(welcome);
      this.#onEntered();
    });
    client.on(Chat.Refused, ({ reason }) => {
      this.#printer.refused(reason);
      // Whoever is inside stays there when another room does not want them.
      if (this.#people.size === 0) this.#onEnd(1);
    });
    client.on(Chat.Joined, ({ name }) => {
      this.#people.add(cleanText(name));
      this.#printer.joined(name);
    });
    client.on(Chat.Left, ({ name, reason }) => {
      this.#people.delete(cleanText(name));
      this.#printer.left(name, reason);
    });
    client.on(Chat.Said, (said) => this.#printer.said(said));
    client.on("suspended", () => this.#printer.connection("suspended"));
    client.on("resumed", () => this.#printer.connection("resumed"));
    client.on("reconnected", () => {
      this.#people.clear();
      this.#printer.connection("reconnected");
      client.send(Chat.Join, this.#join);
    });
    client.on("disconnected", ({ reason, isByServer }) => {
      if (!isByServer) return;
      this.#printer.disconnected(reason);
      this.#onEnd(1);
    });
  }
}

await runCommand({
  usage: "examples/chat/client.ts URL [options]",
  about: "Talks in a chat room.",
  positionals: [0, 1],
  flags: {
    name: flag.text("NAME", "What others see; default: your user name"),
    room: flag.text("ROOM", "Where to talk; default lobby", { default: "lobby" }),
    guest: flag.toggle("Does not remember that the name is yours"),
    ...clientFlags,
  },
  notes: COMMANDS,
}, async ({ values, positionals: [url = ""] }) => {
  const wanted = values.name ?? Deno.env.get("USER") ?? Deno.env.get("USERNAME") ?? "guest";
  const name = cleanName(wanted, MAX_CHAT_NAME_BYTES);
  const room = cleanName(values.room, MAX_CHAT_NAME_BYTES);
  if (name === undefined || room === undefined) {
    throw new UsageError("names of people and rooms have 1 to 16 visible characters");
  }
  const client = await connectAs(Chat, url, values);
  const serverKey = serverKeyIn(url);
  const seat = await seatToken(serverKey, !values.guest);
  const { promise: isOver, resolve: end } = Promise.withResolvers<number>();
  const input = openLineInput(stdout);
  const printer = new ChatPrinter(input.output, values.json);
  const session = new ChatSession(client, { name, room, seat }, printer, end);
  onStopSignal().then(() => end(0));
  const talk = async (): Promise<number> => {
    await session.entered;
    for await (const line of input.lines) if (!await session.handle(line)) break;
    return 0;
  };
  const code = await Promise.race([isOver, talk()]);
  input.close();
  await client.close("left");
  return code;
});
