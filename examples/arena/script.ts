/**
 * The arena without a terminal: one line per event, one command per line. For scripts, pipes and tests.
 *
 * @module
 */
import { MAX_SAID_BYTES } from "../../schema/messages/arena.ts";
import { TextLineStream } from "../line_stream.ts";
import type { Output } from "../../server/cli_output.ts";
import { cleanText, cutText } from "../player_text.ts";
import type { PlayerNews, PlayerSession } from "./player_session.ts";

/** Help for {@link runScript}. */
export const SCRIPT_HELP =
  `Without a terminal it reads commands, one per line, and leaves at the end:
  right|left|up|down [SECONDS]   run; without a time, until told otherwise
  aim DEGREES                    0 is right, 90 is down
  fire [SECONDS]                 once, or for so long
  stop                           stand still
  say TEXT                       talk
  wait SECONDS                   read the next line later
  quit                           leave`;

const DIRECTIONS: Readonly<Record<string, readonly [number, number]>> = {
  right: [1, 0],
  left: [-1, 0],
  up: [0, -1],
  down: [0, 1],
};

/** How far somebody must have come for another line about it. */
const MOVED_UNITS = 1;

/** Long enough for a shot to leave, whatever the tick rate. */
const SINGLE_SHOT_SECONDS = 0.2;

/** Prints news, thinned out where they are many. */
export class NewsPrinter {
  readonly #output: Output;
  readonly #json: boolean;
  readonly #printedAt = new Map<number, { x: number; y: number }>();

  /** @param json Whether programs read it. */
  constructor(output: Output, json: boolean) {
    this.#output = output;
    this.#json = json;
  }

  /** Prints one piece of news. */
  print(news: PlayerNews): void {
    if (news.event === "moved") {
      const { id, x, y } = news;
      const last = this.#printedAt.get(id);
      if (last !== undefined && Math.hypot(last.x - x, last.y - y) < MOVED_UNITS) return;
      this.#printedAt.set(id, { x, y });
    }
    if (this.#json) this.#output.json(news);
    // Who leaves on their own account need not be told.
    else if (news.event !== "disconnected" || news.isByServer) {
      this.#output.line(describeNews(news));
    }
  }
}

/** A piece of news as a sentence. */
export function describeNews(news: PlayerNews): string {
  switch (news.event) {
    case "welcome":
      return `You are ${news.name}. ${companyOf(news)}.`;
    case "refused":
      return `No seat: ${REFUSALS[news.reason]}${news.retryAfterMs > 0 ? "; trying again" : ""}.`;
    case "joined":
      return `${news.name} joined.`;
    case "left":
      return news.reason === "left" ? `${news.name} left.` : `${news.name} is gone.`;
    case "away":
      return `${news.name} does not answer.`;
    case "back":
      return `${news.name} is back.`;
    case "moved":
      return `${news.name} is at ${news.x.toFixed(1)} ${news.y.toFixed(1)}.`;
    case "respawned":
      return `${news.name} is alive again.`;
    case "shot":
      return `${news.by} shoots.`;
    case "hit":
      return `${news.by} hit ${news.victim}, ${news.hp} left.`;
    case "died":
      return `${news.by} finished ${news.victim}.`;
    case "said":
      return `${news.name}: ${news.text}`;
    case "suspended":
      return "The server does not answer; trying to resume.";
    case "resumed":
      return "The connection is back.";
    case "reconnecting":
      return "The connection is lost; trying to connect anew.";
    case "reconnected":
      return "Connected anew.";
    case "disconnected":
      return `Disconnected${news.reason === "" ? "" : `: ${news.reason}`}.`;
  }
}

function companyOf({ name, players }: PlayerNews & { event: "welcome" }): string {
  const others = players.filter((player) => player !== name);
  return others.length === 0 ? "Nobody else is here" : `Here are also ${others.join(", ")}`;
}

const REFUSALS = {
  "name-invalid": "the name does not do; 1 to 16 visible characters",
  "name-taken": "the name is taken",
  "full": "the arena is full",
} as const;

/**
 * Obeys commands until they end or say `quit`.
 *
 * @param onMistake Told of a line that is no command.
 */
export async function runScript(
  session: PlayerSession,
  lines: ReadableStream<Uint8Array>,
  onMistake: (text: string) => void,
): Promise<void> {
  let aim = 0;
  const rest = (): void => session.steer({ moveX: 0, moveY: 0, aim, fire: false });
  for await (const line of lines.pipeThrough(new TextLineStream())) {
    const [command = "", argument = ""] = split(line.trim());
    const seconds = argument === "" ? undefined : Number(argument);
    const isTime = seconds === undefined || seconds >= 0 && seconds <= 3600;
    const direction = DIRECTIONS[command];
    if (command === "") continue;
    if (command === "quit") return;
    if (command === "say") session.say(cutText(cleanText(argument), MAX_SAID_BYTES));
    else if (command === "stop") rest();
    else if (command === "aim" && Number.isFinite(seconds)) {
      aim = seconds! * Math.PI / 180;
      rest();
    } else if (command === "wait" && isTime) await pause(seconds ?? 1);
    else if (command === "fire" && isTime) {
      session.steer({ moveX: 0, moveY: 0, aim, fire: true });
      await pause(seconds ?? SINGLE_SHOT_SECONDS);
      rest();
    } else if (direction !== undefined && isTime) {
      const [moveX, moveY] = direction;
      aim = Math.atan2(moveY, moveX);
      session.steer({ moveX, moveY, aim, fire: false });
      if (seconds === undefined) continue;
      await pause(seconds);
      rest();
    } else onMistake(`unknown command: ${line}`);
  }
}

function split(line: string): [string, string] {
  const space = line.indexOf(" ");
  return space === -1 ? [line, ""] : [line.slice(0, space), line.slice(space + 1).trim()];
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
