/**
 * The arena in a terminal: keys in, pictures out.
 *
 * @module
 */
import type { Client } from "../../mod.ts";
import { type Arena, MAX_SAID_BYTES } from "../../schema/messages/arena.ts";
import { cleanText, cutText } from "../player_text.ts";
import { HeldKeys } from "../terminal/held_keys.ts";
import { type Key, KeyParser } from "../terminal/key_parser.ts";
import { Screen } from "../terminal/screen.ts";
import { drawScene } from "./draw.ts";
import { type PlayerNews, PlayerSession, type SeatWish } from "./player_session.ts";
import { describeNews } from "./script.ts";

const FRAME_MS = 33;

/** Positions come once a second at least. */
const SILENCE_MS = 2_000;

/** What happened is shown for this long at most. */
const LOG_LINES = 50;

/** News that players see on the field and need no line about. */
const VISIBLE: ReadonlySet<PlayerNews["event"]> = new Set(["moved", "shot", "hit", "respawned"]);

/** Keys by what they do. */
const RUN_KEYS = {
  up: ["up", "w"],
  down: ["down", "s"],
  left: ["left", "a"],
  right: ["right", "d"],
} as const;

const OPPOSITES: Readonly<Record<string, keyof typeof RUN_KEYS>> = {
  up: "down",
  w: "down",
  down: "up",
  s: "up",
  left: "right",
  a: "right",
  right: "left",
  d: "left",
};

/** One player at one terminal. */
class ArenaTerminal {
  readonly #client: Client<typeof Arena>;
  readonly #session: PlayerSession;
  readonly #screen = new Screen();
  readonly #held = new HeldKeys();
  readonly #hasColor: boolean;
  readonly #log: string[] = [];
  #draft: string | undefined;
  #aim = 0;
  #end: (reason: string) => void = () => {};

  constructor(client: Client<typeof Arena>, wish: SeatWish) {
    this.#client = client;
    this.#hasColor = !Deno.noColor;
    this.#session = new PlayerSession(client, wish, (news) => this.#hear(news));
  }

  /** Plays. Returns why it ended: nothing when the player wanted it. */
  async run(): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#end = resolve;
    this.#screen.open(() => resolve(""), () => this.#draw());
    this.#readKeys().catch(() => resolve(""));
    const timer = setInterval(() => this.#frame(), FRAME_MS);
    try {
      return await promise;
    } finally {
      clearInterval(timer);
      this.#screen.close();
      await this.#session.leave();
    }
  }

  async #readKeys(): Promise<void> {
    const parser = new KeyParser();
    for await (const bytes of Deno.stdin.readable) {
      for (const input of parser.parse(bytes)) {
        if ("action" in input) this.#press(input);
        else {
          this.#held.tellsReleases = true;
          this.#screen.enableKitty();
        }
      }
    }
    this.#end("");
  }

  #press(key: Key): void {
    if (key.name === "ctrl+c") this.#end("");
    else if (this.#draft !== undefined) this.#type(key);
    else if (key.name === "q" && key.action === "press") this.#end("");
    else if (key.name === "enter" && key.action === "press") this.#startTyping();
    else this.#hold(key);
  }

  #startTyping(): void {
    this.#draft = "";
    this.#held.release();
    this.#draw();
  }

  #type({ name, text, action }: Key): void {
    if (action === "release") return;
    if (name === "enter" || name === "escape") {
      const said = cutText(cleanText(this.#draft ?? ""), MAX_SAID_BYTES);
      if (name === "enter" && said !== "" && !this.#session.say(said)) {
        this.#note("Not sent: there is no connection.");
      }
      this.#draft = undefined;
    } else if (name === "backspace") this.#draft = [...this.#draft ?? ""].slice(0, -1).join("");
    else this.#draft = cutText(this.#draft + text, MAX_SAID_BYTES);
    this.#draw();
  }

  #hold(key: Key): void {
    const opposite = OPPOSITES[key.name];
    if (opposite !== undefined && key.action === "press" && !this.#held.tellsReleases) {
      // Without releases the old direction would pull on until its time is over.
      for (const name of RUN_KEYS[opposite]) this.#held.release(name);
    }
    const nowMs = performance.now();
    // Without releases, a keyboard stops repeating the arrow as soon as space is held too.
    if (key.name === " " && !this.#held.tellsReleases) this.#held.prolong(nowMs);
    this.#held.handle(key, nowMs);
    this.#steer();
  }

  #steer(): void {
    const nowMs = performance.now();
    const isDown = (direction: keyof typeof RUN_KEYS): number =>
      RUN_KEYS[direction].some((name) => this.#held.isHeld(name, nowMs)) ? 1 : 0;
    const moveX = isDown("right") - isDown("left");
    const moveY = isDown("down") - isDown("up");
    if (moveX !== 0 || moveY !== 0) this.#aim = Math.atan2(moveY, moveX);
    this.#session.steer({ moveX, moveY, aim: this.#aim, fire: this.#held.isHeld(" ", nowMs) });
  }

  #frame(): void {
    this.#steer();
    this.#session.tick();
    this.#draw();
  }

  #draw(): void {
    const { model } = this.#session;
    // While a new session is being made there is none to ask.
    const isAlive = this.#client.state !== "reconnecting";
    const { rttMs, lossOut } = isAlive ? this.#client.stats() : { rttMs: 0, lossOut: 0 };
    const { lines, cursor } = drawScene(
      {
        players: model.players,
        you: model.you,
        bullets: model.bullets(),
        log: this.#log,
        draft: this.#draft,
        state: this.#stateText(),
        rttMs,
        loss: lossOut,
      },
      this.#screen.size,
      this.#hasColor,
    );
    this.#screen.show(lines, cursor);
  }

  /** The protocol takes its time before it gives a connection up; a player sees at once that all stand still. */
  #stateText(): string {
    const { state } = this.#client;
    const silentMs = performance.now() - this.#session.model.heardAtMs;
    if (state !== "connected" || silentMs < SILENCE_MS) return state;
    return `no answer for ${Math.floor(silentMs / 1000)} s`;
  }

  #hear(news: PlayerNews): void {
    const isOwn = "id" in news && news.id === this.#session.model.you;
    const isKnown = VISIBLE.has(news.event) ||
      isOwn && (news.event === "away" || news.event === "back");
    if (!isKnown) this.#note(describeNews(news));
    if (news.event === "disconnected" || (news.event === "refused" && news.retryAfterMs === 0)) {
      this.#end(describeNews(news));
    }
  }

  #note(line: string): void {
    this.#log.push(line);
    if (this.#log.length > LOG_LINES) this.#log.shift();
  }
}

/** Plays in this terminal. Returns why it ended: nothing when the player wanted it. */
export function playInTerminal(client: Client<typeof Arena>, wish: SeatWish): Promise<string> {
  return new ArenaTerminal(client, wish).run();
}
