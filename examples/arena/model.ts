/**
 * The arena as one client knows it: who is in its match, whom it sees, and what is new.
 *
 * Terminal client, scripts and bots all look at the game through this. It shows nothing and decides
 * nothing.
 *
 * @module
 */
import type { Client, Infer, JoinedRoom, MirroredEntity, RoomMate } from "../../mod.ts";
import { Arena } from "../../schema/messages/arena.ts";
import { cleanText } from "../player_text.ts";

/** A match that a client is in. */
export type ArenaRoom = JoinedRoom<typeof Arena, "Match">;

/** What a round is at. */
export type Phase = ArenaRoom["metadata"]["phase"];

/** Red or blue. */
export type Team = Infer<typeof Arena.Player>["team"];

/** A line of the score board. */
export interface BoardLine {
  /** Number of the member. */
  readonly id: number;
  /** Its name, safe to show. */
  readonly name: string;
  /** Its team. */
  readonly team: Team;
  /** Whom it finished off in this round. */
  readonly kills: number;
  /** How often it was finished off. */
  readonly deaths: number;
  /** Whether its connection is silent. */
  readonly isAway: boolean;
  /** Whether it said so. */
  readonly isReady: boolean;
}

/** What happened, in names. The property `event` tells them apart. */
export type ArenaNews =
  | {
    readonly event: "welcome";
    readonly you: number;
    readonly name: string;
    readonly watches: boolean;
    readonly phase: Phase;
    readonly players: readonly string[];
  }
  | { readonly event: "joined" | "left" | "away" | "back" | "ready"; readonly name: string }
  | { readonly event: "phase"; readonly phase: Phase }
  | {
    readonly event: "scores";
    readonly winner: Team | "nobody";
    readonly board: readonly BoardLine[];
  }
  | {
    readonly event: "moved" | "respawned";
    readonly id: number;
    readonly name: string;
    readonly x: number;
    readonly y: number;
  }
  | { readonly event: "unseen"; readonly name: string }
  | { readonly event: "shot"; readonly by: string }
  | { readonly event: "hit"; readonly victim: string; readonly hp: number }
  | { readonly event: "died"; readonly victim: string; readonly by: string }
  | { readonly event: "said"; readonly name: string; readonly text: string };

type PlayerEntity = MirroredEntity<Infer<typeof Arena.Player>>;

/** What one client knows. */
export class ArenaModel {
  /** The entity that is the client's own, or that it watches; 0 for none. */
  eye = 0;
  /** Whether {@link eye} is the client's own. */
  isPlaying = false;
  readonly #client: Client<typeof Arena>;
  readonly #onNews: (news: ArenaNews) => void;
  /** What was told of players last, to tell what is new. */
  readonly #told = new Map<number, Infer<typeof Arena.Player>>();
  /** Names made fit to be shown, by what they were: they are asked for with every step of everybody. */
  readonly #names = new Map<string, string>();
  #room: ArenaRoom | undefined;

  /**
   * Listens from now on.
   *
   * @param onNews Called for everything that changes, after it changed.
   */
  constructor(client: Client<typeof Arena>, onNews: (news: ArenaNews) => void) {
    this.#client = client;
    this.#onNews = onNews;
    client.on(Arena.You, ({ entity, isYours }) => {
      this.eye = entity;
      this.isPlaying = isYours;
    });
    client.on(Arena.Killed, ({ victim, by }) => {
      onNews({ event: "died", victim: this.nameOf(victim), by: this.nameOf(by) });
    });
    client.on(Arena.Said, ({ member, text }) => {
      onNews({ event: "said", name: this.nameOf(member), text: cleanText(text) });
    });
    client.world.on(Arena.Player, "spawn", (entity) => this.#look(entity));
    client.world.on(Arena.Player, "update", (entity) => this.#look(entity));
    client.world.on(Arena.Player, "despawn", ({ id }) => this.#told.delete(id));
    client.world.on(Arena.Player, "leave", ({ id, value }) => {
      this.#told.delete(id);
      onNews({ event: "unseen", name: this.nameOf(value.member) });
    });
    client.world.on(Arena.Bullet, "spawn", ({ value: { by } }) => {
      onNews({ event: "shot", by: this.nameOf(by) });
    });
  }

  /** The match; `undefined` before the client is in one. */
  get room(): ArenaRoom | undefined {
    return this.#room;
  }

  /** The score board, the best first. */
  get board(): BoardLine[] {
    const lines = Array.from(this.#client.world.entities(Arena.Standing), ({ value }) => {
      const { member: id, team, kills, deaths } = value;
      const { isAway = false, isReady = false } = this.#room?.members.get(id) ?? {};
      return { id, name: this.nameOf(id), team, kills, deaths, isAway, isReady };
    });
    return lines.sort((a, b) => b.kills - a.kills || a.deaths - b.deaths || a.id - b.id);
  }

  /** What a team's players scored together. */
  scoreOf(team: Team): number {
    return this.board.reduce((sum, line) => line.team === team ? sum + line.kills : sum, 0);
  }

  /** The name of a member, or something in its place. */
  nameOf(id: number): string {
    const name = this.#room?.members.get(id)?.profile.name;
    if (name === undefined) return "somebody";
    return this.#names.getOrInsertComputed(name, cleanText);
  }

  /** The client's own body, or the one that it watches, as the server said last. */
  get self(): PlayerEntity | undefined {
    const entity = this.#client.world.get(this.eye);
    return entity?.is(Arena.Player) ? entity : undefined;
  }

  /** Begins with a match that was joined. */
  enter(room: ArenaRoom): void {
    this.#room = room;
    const { id = 0, isSpectator = false } = room.me ?? {};
    const players = [...room.members.keys()].map((id) => this.nameOf(id));
    const { phase } = room.metadata;
    const name = this.nameOf(id);
    this.#onNews({ event: "welcome", you: id, name, watches: isSpectator, phase, players });
    for (const entity of this.#client.world.entities(Arena.Player)) this.#look(entity);
    const tell = (event: "joined" | "left" | "away" | "back" | "ready") => (mate: Mate): void =>
      this.#onNews({ event, name: cleanText(mate.profile.name) });
    room.on("joined", tell("joined"));
    room.on("left", tell("left"));
    room.on("changed", (mate, before) => {
      if (mate.isAway !== before.isAway) tell(mate.isAway ? "away" : "back")(mate);
      if (mate.isReady && !before.isReady) tell("ready")(mate);
    });
    let last = phase;
    room.on("metadata", ({ phase }) => {
      if (phase === last) return;
      last = phase;
      this.#onNews({ event: "phase", phase });
      if (phase === "scores") this.#tellScores();
    });
  }

  #tellScores(): void {
    const lead = this.scoreOf("red") - this.scoreOf("blue");
    const winner = lead === 0 ? "nobody" : lead > 0 ? "red" : "blue";
    this.#onNews({ event: "scores", winner, board: this.board });
  }

  #look({ id, value }: PlayerEntity): void {
    // A snapshot may overtake the answer that says who is in the match.
    if (this.#room === undefined) return;
    const before = this.#told.get(id);
    this.#told.set(id, value);
    const { member, pos: { x, y }, hp } = value;
    const name = this.nameOf(member);
    if (before !== undefined && hp < before.hp) {
      this.#onNews({ event: "hit", victim: name, hp });
    } else if (before?.hp === 0 && hp > 0) {
      this.#onNews({ event: "respawned", id: member, name, x, y });
    }
    if (before?.pos.x === x && before.pos.y === y) return;
    this.#onNews({ event: "moved", id: member, name, x, y });
  }
}

type Mate = RoomMate<typeof Arena, "Match">;
