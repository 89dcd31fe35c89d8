/**
 * The arena as a game: connects the world to peers. `server/main.ts` hosts it when told nothing else.
 *
 * The server decides everything; clients say what they want. Messages about what happens go to everybody
 * at once, positions only of those who moved, and only to peers who listen.
 *
 * @module
 */
import {
  CloseCode,
  defineGame,
  flag,
  type Game,
  type GameContext,
  type GameLogger,
  type Infer,
  type Peer,
  type Server,
} from "../../mod.ts";
import {
  Arena,
  MAX_ARENA_PLAYERS,
  MAX_MOVED_PLAYERS,
  MAX_NAME_BYTES,
  MAX_SAID_BYTES,
} from "../../schema/messages/arena.ts";
import { Random } from "../../transport/random.ts";
import { cleanName, cleanText, cutText } from "../player_text.ts";
import { Seats, SILENT_SECONDS } from "../seats.ts";
import { type Player, World, type WorldEvent } from "./world.ts";

/** What the arena keeps with a peer. */
export interface ArenaPeer {
  /** Its player once it joined. */
  player: Player | undefined;
  /** The tick in which something came from it last. */
  heardAtTick: number;
}

type ArenaServer = Server<typeof Arena, ArenaPeer>;

/** Ticks for which somebody who stopped is still named: two lost packets in a row do no harm. */
const REPEAT_TICKS = 3;

/** Without a word for this long a player stops running and shooting. */
const INPUT_LIFE_SECONDS = 1;

const flags = {
  maxPlayers: flag.integer("N", `Players in the arena at once; default ${MAX_ARENA_PLAYERS}`, {
    min: 1,
    max: MAX_ARENA_PLAYERS,
    default: MAX_ARENA_PLAYERS,
  }),
  seed: flag.integer("N", "Makes the places where players appear repeatable"),
};

/** One running arena. */
class ArenaGame {
  readonly #server: ArenaServer;
  readonly #logger: GameLogger;
  readonly #world: World;
  readonly #tickHz: number;
  readonly #maxPlayers: number;
  readonly #joined = new Set<Peer<ArenaPeer>>();
  readonly #seats: Seats<Peer<ArenaPeer>>;

  constructor(server: ArenaServer, context: GameContext<typeof flags>) {
    const { flags: { seed, maxPlayers }, tickHz, logger, wallClockMs } = context;
    const random = new Random(seed ?? wallClockMs());
    this.#server = server;
    this.#logger = logger;
    this.#world = new World(() => random.unit());
    this.#tickHz = tickHz;
    this.#maxPlayers = maxPlayers;
    this.#seats = new Seats((peer) => this.#silentSeconds(peer));
    server.on(Arena.Join, (peer, { name, seat }) => this.#join(peer, name, seat));
    server.on(Arena.Input, (peer, { moveX, moveY, aim, fire }) => {
      const { player } = this.#hear(peer);
      if (player !== undefined) this.#world.steer(player, { moveX, moveY, aim, fire });
    });
    server.on(Arena.Say, (peer, { text }) => this.#say(peer, text));
    server.on("suspended", (peer) => this.#setAway(peer, true));
    server.on("resumed", (peer) => {
      this.#hear(peer);
      this.#setAway(peer, false);
      this.#welcome(peer);
    });
    server.on("disconnected", (peer, { code }) => {
      this.#leave(peer, code === CloseCode.timeout ? "timed-out" : "left");
    });
    server.onTick((tick, stepSeconds) => this.#tick(tick, stepSeconds));
  }

  statusLine(): string {
    return `${this.#joined.size} playing, ${this.#world.bullets.length} bullets`;
  }

  #silentSeconds(peer: Peer<ArenaPeer>): number {
    if (peer.state !== "connected") return Infinity;
    return (this.#server.tick - peer.data.heardAtTick) / this.#tickHz;
  }

  #hear(peer: Peer<ArenaPeer>): ArenaPeer {
    peer.data.heardAtTick = this.#server.tick;
    return peer.data;
  }

  #join(peer: Peer<ArenaPeer>, wanted: string, seat: Uint8Array): void {
    this.#hear(peer);
    if (peer.data.player !== undefined) return;
    const name = cleanName(wanted, MAX_NAME_BYTES);
    if (name === undefined) {
      peer.send(Arena.JoinRefused, { reason: "name-invalid", retryAfterMs: 0 });
      return;
    }
    const answer = this.#seats.ask(name, seat);
    if (answer.kind === "taken") {
      const retryAfterMs = Math.ceil(answer.retryAfterSeconds * 1000);
      peer.send(Arena.JoinRefused, { reason: "name-taken", retryAfterMs });
      return;
    }
    if (answer.kind === "free" && this.#joined.size >= this.#maxPlayers) {
      peer.send(Arena.JoinRefused, { reason: "full", retryAfterMs: SILENT_SECONDS * 1000 });
      return;
    }
    if (answer.kind === "own") this.#handOver(answer.holder, peer);
    if (answer.kind === "silent") this.#replace(answer.holder);
    peer.data.player ??= this.#world.add(name);
    this.#seats.take(name, seat, peer);
    this.#joined.add(peer);
    this.#welcome(peer);
    if (answer.kind === "own") this.#setAway(peer, false);
    else {
      const player = rosterEntry(peer.data.player);
      this.#server.broadcast(Arena.PlayerJoined, { player }, { to: this.#joined, except: peer });
    }
    this.#logger.info("{name} {how}", { name, how: answer.kind === "own" ? "is back" : "joined" });
    this.#sendScores();
  }

  /** Moves a player from a connection that crashed, most likely, to the one that came after it. */
  #handOver(from: Peer<ArenaPeer>, to: Peer<ArenaPeer>): void {
    to.data.player = from.data.player;
    from.data.player = undefined;
    this.#joined.delete(from);
    from.disconnect({ code: CloseCode.superseded, reason: "you joined from elsewhere" });
  }

  #replace(silent: Peer<ArenaPeer>): void {
    this.#leave(silent, "replaced");
    silent.disconnect({
      code: CloseCode.superseded,
      reason: "you were silent and your name was taken",
    });
  }

  #leave(peer: Peer<ArenaPeer>, reason: Infer<typeof Arena.PlayerLeft>["reason"]): void {
    const { player } = peer.data;
    if (player === undefined) return;
    peer.data.player = undefined;
    this.#joined.delete(peer);
    this.#seats.leave(player.name, peer);
    this.#world.remove(player);
    this.#server.broadcast(Arena.PlayerLeft, { id: player.id, reason }, { to: this.#joined });
    this.#logger.info("{name} {reason}", { name: player.name, reason });
  }

  #say(peer: Peer<ArenaPeer>, said: string): void {
    const { player } = this.#hear(peer);
    const text = cutText(cleanText(said), MAX_SAID_BYTES);
    if (player === undefined || text === "") return;
    this.#server.broadcast(Arena.Said, { id: player.id, text }, { to: this.#joined });
  }

  #setAway(peer: Peer<ArenaPeer>, away: boolean): void {
    const { player } = peer.data;
    if (player === undefined || player.away === away) return;
    player.away = away;
    this.#world.rest(player);
    this.#server.broadcast(Arena.Away, { id: player.id, away }, { to: this.#joined });
  }

  /** The whole state. It also makes good whatever a peer missed while it was suspended. */
  #welcome(peer: Peer<ArenaPeer>): void {
    const { player } = peer.data;
    if (player === undefined) return;
    const players = Array.from(this.#world.players.values(), rosterEntry);
    peer.send(Arena.Welcome, { you: player.id, tickHz: Math.round(this.#tickHz), players });
  }

  #tick(tick: number, stepSeconds: number): void {
    for (const peer of this.#joined) {
      if (this.#silentSeconds(peer) > INPUT_LIFE_SECONDS) this.#world.rest(peer.data.player!);
    }
    let isScoreNew = false;
    for (const event of this.#world.advance(stepSeconds)) {
      this.#tell(event);
      isScoreNew ||= event.kind === "died";
    }
    if (isScoreNew) this.#sendScores();
    this.#sendMoved(tick);
  }

  #tell(event: WorldEvent): void {
    const to = { to: this.#joined };
    switch (event.kind) {
      case "shot": {
        const { id, owner, x, y, aim } = event.bullet;
        this.#server.broadcast(Arena.Shot, { id, owner, x, y, aim }, { to: this.#listeners() });
        break;
      }
      case "hit": {
        const { bullet, victim } = event;
        const hit = { bullet: bullet.id, victim: victim.id, by: bullet.owner, hp: victim.hp };
        this.#server.broadcast(Arena.Hit, hit, to);
        break;
      }
      case "died":
        this.#server.broadcast(Arena.Died, { victim: event.victim.id, by: event.by }, to);
        break;
      case "respawned": {
        const { id, x, y } = event.player;
        this.#server.broadcast(Arena.Respawned, { id, x, y }, to);
      }
    }
  }

  /** Who moved of late, and everybody once a second, spread over its ticks. */
  #sendMoved(tick: number): void {
    const second = Math.max(1, Math.round(this.#tickHz));
    const oldest = this.#world.step - REPEAT_TICKS;
    const players = [];
    for (const player of this.#world.players.values()) {
      const isDue = player.changedAtStep >= oldest || player.id % second === tick % second;
      if (!isDue || player.hp === 0) continue;
      const { id, x, y, aim } = player;
      players.push({ id, x, y, aim });
    }
    for (let i = 0; i < players.length; i += MAX_MOVED_PLAYERS) {
      const some = players.slice(i, i + MAX_MOVED_PLAYERS);
      this.#server.broadcast(Arena.Moved, { tick, players: some }, { to: this.#listeners() });
    }
  }

  #sendScores(): void {
    const scores = Array.from(this.#world.players.values(), ({ id, kills, deaths }) => ({
      id,
      kills: Math.min(kills, 65_535),
      deaths: Math.min(deaths, 65_535),
    }));
    this.#server.broadcast(Arena.Scores, { scores }, { to: this.#joined });
  }

  /** Who can hear: what would be old by the time a suspended peer is back is not sent to it. */
  *#listeners(): Iterable<Peer<ArenaPeer>> {
    for (const peer of this.#joined) if (peer.state === "connected") yield peer;
  }
}

function rosterEntry(player: Player): Infer<typeof Arena.PlayerJoined>["player"] {
  const { id, name, x, y, aim, hp, away } = player;
  return { id, name, x, y, aim, hp, away };
}

const arena: Game<typeof Arena, ArenaPeer, typeof flags> = defineGame({
  protocol: Arena,
  tickHz: 30,
  peerData: (): ArenaPeer => ({ player: undefined, heardAtTick: 0 }),
  flags,
  start: (server, context) => new ArenaGame(server, context),
});

export default arena;
