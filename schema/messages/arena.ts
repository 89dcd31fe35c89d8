/**
 * Arena: players run, shoot and talk in a bounded world.
 *
 * How each message travels follows from what a late or lost one is worth: movement of the past is
 * worth nothing, an input is wanted once and in order, what happened to somebody must arrive.
 *
 * @module
 */
import { t } from "../builders/t.ts";
import { message } from "../message.ts";
import { type Protocol, protocol } from "../protocol.ts";

/** The world spans -40 to 40: a terminal of 80 columns shows it in one piece. */
export const WORLD_HALF_WIDTH = 40;

/** The world spans -20 to 20: a character is twice as high as it is wide. */
export const WORLD_HALF_HEIGHT = 20;

/** Players at once. */
export const MAX_ARENA_PLAYERS = 256;

/** Hit points of a player who is well. */
export const MAX_HP = 100;

/** Players that one `Moved` names, so that it fits into a datagram; more players take more messages. */
export const MAX_MOVED_PLAYERS = 100;

/** Longest name in bytes of UTF-8. */
export const MAX_NAME_BYTES = 24;

/** Longest thing said in bytes of UTF-8. */
export const MAX_SAID_BYTES = 200;

/** Numbers of players are used again long after the last message about the one before. */
export const MAX_PLAYER_ID = 4_095;

/** Numbers of bullets wrap after some minutes of fire from everybody. */
export const MAX_BULLET_ID = 65_535;

const GRID = 1 / 32;
const playerId = t.int(0, MAX_PLAYER_ID);
const bulletId = t.int(0, MAX_BULLET_ID);
const place = {
  x: t.quantized(-WORLD_HALF_WIDTH, WORLD_HALF_WIDTH, GRID),
  y: t.quantized(-WORLD_HALF_HEIGHT, WORLD_HALF_HEIGHT, GRID),
};
/** 256 directions: finer than anybody aims with keys, enough for a mouse. */
const aim = t.angle(8);
const hp = t.int(0, MAX_HP);
const score = t.int(0, 65_535);

/** Everything about a player that a newcomer must know. */
const player = t.struct({
  id: playerId,
  name: t.string({ maxBytes: MAX_NAME_BYTES }),
  ...place,
  aim,
  hp,
  /** Whether the player's connection is silent at the moment. */
  away: t.bool(),
});

/** Asks for a seat under a name. */
const Join = message({
  name: t.string({ maxBytes: MAX_NAME_BYTES }),
  /** Random, and kept by the client: whoever shows it again gets the seat of that name back at once. */
  seat: t.bytes({ length: 16 }),
}, { from: "client", delivery: "reliable-ordered", rate: { perSecond: 1, burst: 4 } });

/**
 * What a player wants. Sent when it changes and now and then in between; every packet repeats the
 * last three, so that a lost packet does not lose a turn.
 */
const Input = message({
  /** Right is positive; beyond a length of 1 it is shortened. */
  moveX: t.quantized(-1, 1, 1 / 8),
  /** Down is positive. */
  moveY: t.quantized(-1, 1, 1 / 8),
  aim,
  fire: t.bool(),
}, { from: "client", delivery: "input", redundancy: 3, rate: { perSecond: 120, burst: 60 } });

/** Says something to everybody. A channel of its own: chat never waits for the game, nor it for chat. */
const Say = message({ text: t.string({ maxBytes: MAX_SAID_BYTES }) }, {
  from: "client",
  delivery: "reliable-ordered",
  channel: "chat",
  priority: 3,
  rate: { perSecond: 2, burst: 5 },
});

/** The whole state, for a newcomer and for who was away. */
const Welcome = message({
  /** Which player the receiver is. */
  you: playerId,
  tickHz: t.int(1, 1_000),
  players: t.array(player, { max: MAX_ARENA_PLAYERS }),
}, { from: "server", delivery: "reliable-ordered" });

/** No seat. */
const JoinRefused = message({
  reason: t.enum("name-invalid", "name-taken", "full"),
  /** When the name may be free; 0 for no advice. */
  retryAfterMs: t.int(0, 60_000),
}, { from: "server", delivery: "reliable-ordered" });

/** Somebody took a seat. */
const PlayerJoined = message({ player }, { from: "server", delivery: "reliable-ordered" });

/** Somebody's seat is free again. */
const PlayerLeft = message({
  id: playerId,
  reason: t.enum("left", "timed-out", "replaced"),
}, { from: "server", delivery: "reliable-ordered" });

/** Somebody's connection fell silent, or speaks again. */
const Away = message({ id: playerId, away: t.bool() }, {
  from: "server",
  delivery: "reliable-ordered",
});

/**
 * Where players are who moved or turned. Sequenced: an old one says nothing any more. Whoever stops is
 * named a few times more and everybody once a second, so that a lost one does no lasting harm.
 */
const Moved = message({
  tick: t.tick(),
  players: t.array(t.struct({ id: playerId, ...place, aim }), { max: MAX_MOVED_PLAYERS }),
}, { from: "server", delivery: "sequenced" });

/** A bullet began its straight way; late it would appear in the wrong place, so it is dropped instead. */
const Shot = message({ id: bulletId, owner: playerId, ...place, aim }, {
  from: "server",
  delivery: "unreliable",
  ttlMs: 250,
});

/** A bullet met somebody and is gone. */
const Hit = message({ bullet: bulletId, victim: playerId, by: playerId, hp }, {
  from: "server",
  delivery: "reliable-ordered",
});

/** Somebody's hit points are used up. */
const Died = message({ victim: playerId, by: playerId }, {
  from: "server",
  delivery: "reliable-ordered",
});

/** Somebody is back, with all hit points. */
const Respawned = message({ id: playerId, ...place }, {
  from: "server",
  delivery: "reliable-ordered",
});

/** The score board: only the newest counts. */
const Scores = message({
  scores: t.array(t.struct({ id: playerId, kills: score, deaths: score }), {
    max: MAX_ARENA_PLAYERS,
  }),
}, { from: "server", delivery: "reliable-latest" });

/** Somebody said something. Who it was, the server knows better than any client. */
const Said = message({ id: playerId, text: t.string({ maxBytes: MAX_SAID_BYTES }) }, {
  from: "server",
  delivery: "reliable-ordered",
  channel: "chat",
  priority: 3,
});

const definitions = {
  Away,
  Died,
  Hit,
  Input,
  Join,
  JoinRefused,
  Moved,
  PlayerJoined,
  PlayerLeft,
  Respawned,
  Said,
  Say,
  Scores,
  Shot,
  Welcome,
};

/** The protocol of `examples/arena`. */
export const Arena: Protocol<typeof definitions> = protocol("arena", { version: 1 }, definitions);
