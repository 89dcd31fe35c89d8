/**
 * What happens in a chat room, as lines for people or JSON for programs.
 *
 * @module
 */
import type { Infer } from "../../mod.ts";
import type { Chat } from "../../schema/messages/chat.ts";
import type { Output } from "../../server/cli_output.ts";
import { cleanText } from "../player_text.ts";

const REFUSALS = {
  "name-invalid": "The name does not do: 1 to 16 visible characters.",
  "name-taken": "Somebody else has that name; choose another with --name.",
  "room-invalid": "A room has 1 to 16 visible characters.",
  "room-full": "The room is full.",
} as const;

const CONNECTIONS = {
  suspended: "The server does not answer; trying to resume.",
  resumed: "The connection is back.",
  reconnected: "Connected anew.",
} as const;

/** Prints. */
export class ChatPrinter {
  readonly #output: Output;
  readonly #json: boolean;

  /** @param json Whether programs read it. */
  constructor(output: Output, json: boolean) {
    this.#output = output;
    this.#json = json;
  }

  /** We are inside. */
  welcome({ name, room, people, history }: Infer<typeof Chat.Welcome>): void {
    if (this.#json) return this.#output.json({ event: "welcome", name, room, people, history });
    for (const said of history) this.#speech(said, timeOf(said.atMs));
    this.note(`You are ${cleanText(name)} in ${cleanText(room)}. /help tells what you can do.`);
    this.people(room, people);
  }

  /** Who is in the room. */
  people(room: string, people: readonly string[]): void {
    if (this.#json) return this.#output.json({ event: "people", room, people });
    this.note(`Here: ${people.map(cleanText).join(", ")}`);
  }

  /** A room or name was refused. */
  refused(reason: keyof typeof REFUSALS): void {
    if (this.#json) this.#output.json({ event: "refused", reason });
    else this.note(REFUSALS[reason]);
  }

  /** Somebody came in. */
  joined(name: string): void {
    if (this.#json) this.#output.json({ event: "joined", name });
    else this.note(`${cleanText(name)} joined.`);
  }

  /** Somebody went. */
  left(name: string, reason: Infer<typeof Chat.Left>["reason"]): void {
    if (this.#json) this.#output.json({ event: "left", name, reason });
    else this.note(`${cleanText(name)} ${reason === "timed-out" ? "is gone" : "left"}.`);
  }

  /** Somebody said something. */
  said(said: Infer<typeof Chat.Said>): void {
    if (this.#json) this.#output.json({ event: "said", ...said });
    else this.#speech(said);
  }

  /** Something happened to the connection. */
  connection(event: keyof typeof CONNECTIONS): void {
    if (this.#json) this.#output.json({ event });
    else this.note(CONNECTIONS[event]);
  }

  /** The server ended it. */
  disconnected(reason: string): void {
    if (this.#json) this.#output.json({ event: "disconnected", reason });
    else this.note(`Disconnected${reason === "" ? "" : `: ${cleanText(reason)}`}.`);
  }

  /** A line that nobody said. */
  note(text: string): void {
    if (this.#json) this.#output.json({ event: "note", text });
    else this.#output.line(this.#output.paint("dim", text));
  }

  #speech({ name, text, style }: Infer<typeof Chat.Said>, time = ""): void {
    const who = this.#output.paint("bold", cleanText(name));
    const when = time === "" ? "" : `${this.#output.paint("dim", time)} `;
    this.#output.line(`${when}${who}${style === "did" ? "" : ":"} ${cleanText(text)}`);
  }
}

function timeOf(atMs: number): string {
  const date = new Date(atMs);
  return [date.getHours(), date.getMinutes()].map((part) => String(part).padStart(2, "0")).join(
    ":",
  );
}
