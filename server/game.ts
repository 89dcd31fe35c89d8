/**
 * A game as a module: what `server/main.ts` hosts, and whoever else wants to start one.
 *
 * @module
 */
import type { ProtocolCore } from "../schema/mod.ts";
import type { Flags, FlagValues } from "./cli_flags.ts";
import type { ServeOptions } from "./options.ts";
import { serve } from "./serve.ts";
import type { Server } from "./server.ts";

/**
 * Logs a message with `{placeholders}` and their values. A LogTape logger is one; this is the part of
 * it that a game needs, so that a game does not depend on one release of LogTape.
 */
export interface GameLogger {
  /** For who looks for a defect. */
  debug(message: string, properties?: Record<string, unknown>): void;
  /** What an operator likes to know. */
  info(message: string, properties?: Record<string, unknown>): void;
  /** What may become trouble. */
  warn(message: string, properties?: Record<string, unknown>): void;
  /** What went wrong. */
  error(message: string, properties?: Record<string, unknown>): void;
}

/** What a game gets when it starts. */
export interface GameContext<F extends Flags = Flags> {
  /** The game's own flags, read from what stands after `--` on the command line. */
  readonly flags: FlagValues<F>;
  /** What stands there without a flag. */
  readonly args: readonly string[];
  /** Ticks a second at which the server really runs; 0 for none. */
  readonly tickHz: number;
  /** Logs in the category `["tickwire", "game", name]`. */
  readonly logger: GameLogger;
  /** Wall clock, milliseconds since 1970. */
  readonly wallClockMs: () => number;
}

/** What a started game lets its host do. */
export interface RunningGame {
  /** Called once before the server closes, while peers can still be sent to; may take up to 5 s. */
  stop?(): void | Promise<void>;
  /** How the game is, in a few words for the host's status line, such as `"12 players, 3 bullets"`. */
  statusLine?(): string;
}

/** What {@link defineGame} takes. */
export interface GameDefinition<
  P extends ProtocolCore,
  Data = undefined,
  F extends Flags = Record<never, never>,
> {
  /** What it is called. Default: the protocol's name. */
  readonly name?: string;
  /** What its server and clients say to each other. */
  readonly protocol: P;
  /** Ticks a second, 0 to 1,000. Default 0: messages are handled at once. The host may choose another rate. */
  readonly tickHz?: number;
  /** Makes what the game keeps with a peer. */
  readonly peerData?: () => Data;
  /** Flags that the game takes after `--`, by names in camelCase. Default: none. */
  readonly flags?: F;
  /** Defaults of the server's other options; what the host says comes first. */
  readonly options?: Partial<ServeOptions<Data>>;
  /** Registers the game's handlers on a server that already runs. */
  start(
    server: Server<P, Data>,
    context: GameContext<F>,
  ): RunningGame | void | Promise<RunningGame | void>;
}

/** A defined game. A game module has it as its default export. */
export interface Game<
  P extends ProtocolCore = ProtocolCore,
  Data = unknown,
  F extends Flags = Flags,
> extends GameDefinition<P, Data, F> {
  /** What it is called. */
  readonly name: string;
  /** Flags that it takes after `--`. */
  readonly flags: F;
  /**
   * Tells games from other values. A module imported from a URL has a copy of this one, so that
   * `instanceof` would say no.
   */
  readonly kind: "tickwire-game-1";
}

/** What a started game needs besides its server's options. */
export interface GameEnvironment<F extends Flags = Flags> {
  /** The game's flags. */
  readonly flags: FlagValues<F>;
  /** Arguments without a flag. Default: none. */
  readonly args?: readonly string[];
  /** Where the game logs. */
  readonly logger: GameLogger;
  /** Wall clock. Default: `Date.now`. */
  readonly wallClockMs?: () => number;
}

/** A game that runs. */
export interface StartedGame<P extends ProtocolCore, Data> {
  /** Its server. */
  readonly server: Server<P, Data>;
  /** What the game lets its host do. */
  readonly running: RunningGame;
}

const GAME_KIND: Game["kind"] = "tickwire-game-1";

/**
 * Defines a game.
 *
 * @example
 * ```ts
 * import { defineGame, message, protocol, t } from "../mod.ts";
 *
 * const Shout = message({ text: t.string({ maxBytes: 240 }) }, {
 *   from: "both",
 *   delivery: "reliable-ordered",
 * });
 * const Room = protocol("room", { version: 1 }, { Shout });
 *
 * export default defineGame({
 *   protocol: Room,
 *   start(server) {
 *     server.on(Room.Shout, (peer, value) => {
 *       server.broadcast(Room.Shout, value, { except: peer });
 *     });
 *   },
 * });
 * ```
 */
export function defineGame<
  P extends ProtocolCore,
  Data = undefined,
  F extends Flags = Record<never, never>,
>(
  definition: GameDefinition<P, Data, F>,
): Game<P, Data, F> {
  if (typeof definition.start !== "function") {
    throw new TypeError('Cannot define a game: it has no "start"');
  }
  if (definition.protocol === undefined) {
    throw new TypeError('Cannot define a game: it has no "protocol"');
  }
  return {
    ...definition,
    kind: GAME_KIND,
    name: definition.name ?? definition.protocol.name,
    // Without flags F is the type of no flags.
    flags: definition.flags ?? {} as F,
    start: definition.start.bind(definition),
  };
}

/** Whether a value, such as the default export of a module, is a defined game. */
export function isGame(value: unknown): value is Game {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === GAME_KIND;
}

/**
 * Serves a game.
 *
 * @param options Options of the host; they come before those of the game.
 * @throws What {@link serve} throws, and what the game's `start` throws; the server is closed then.
 */
export async function startGame<P extends ProtocolCore, Data, F extends Flags>(
  game: Game<P, Data, F>,
  options: ServeOptions<Data>,
  environment: GameEnvironment<F>,
): Promise<StartedGame<P, Data>> {
  const { flags, args = [], logger, wallClockMs = Date.now } = environment;
  const serveOptions: ServeOptions<Data> = {
    name: game.name,
    ...(game.tickHz === undefined ? {} : { tickHz: game.tickHz }),
    ...(game.peerData === undefined ? {} : { peerData: game.peerData }),
    ...game.options,
    ...options,
  };
  const { tickHz = 0 } = serveOptions;
  const server = await serve<P, Data>(game.protocol, serveOptions);
  try {
    const running = await game.start(server, { flags, args, tickHz, logger, wallClockMs });
    return { server, running: running ?? {} };
  } catch (error) {
    await server.close("the game did not start");
    throw error;
  }
}
