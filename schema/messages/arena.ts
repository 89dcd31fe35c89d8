/**
 * Arena: two teams run, shoot and talk among walls, in rounds that begin in a lobby.
 *
 * How something travels follows from what a late or lost one is worth. What is somewhere is an entity, and
 * whoever cannot see it never hears of it. An input is wanted once, for its tick. What was said must arrive.
 *
 * @module
 */
import { t } from "../builders/t.ts";
import { entity } from "../entity.ts";
import { message } from "../message.ts";
import { type Protocol, protocol } from "../protocol.ts";
import { drawnBehind, InputReport } from "./netcode.ts";
import { roomKind, withRooms } from "./rooms.ts";

/** The world spans -64 to 64. */
export const WORLD_HALF_WIDTH = 64;
/** The world spans -32 to 32. */
export const WORLD_HALF_HEIGHT = 32;
/** Players in one match at most. */
export const MAX_ARENA_PLAYERS = 512;
/** Those who watch it beside them. */
export const MAX_ARENA_SPECTATORS = 64;
/** Hit points of a player who is well. */
export const MAX_HP = 100;
/** Longest name in bytes of UTF-8. */
export const MAX_NAME_BYTES = 24;
/** Longest thing said in bytes of UTF-8. */
export const MAX_SAID_BYTES = 200;

const memberId = t.u32();
const place = t.struct({
  x: t.quantized(-WORLD_HALF_WIDTH, WORLD_HALF_WIDTH, 1 / 64),
  y: t.quantized(-WORLD_HALF_HEIGHT, WORLD_HALF_HEIGHT, 1 / 64),
});
/** 256 directions: finer than anybody aims with keys, enough for a mouse. */
const aim = t.angle(8);
const team = t.enum("red", "blue");
const count = t.int(0, 65_535);

/** A room in which rounds are played. In its lobby everybody runs about, and nobody is hurt. */
const Match = roomKind({
  metadata: {
    phase: t.enum("lobby", "playing", "scores"),
    /** The server's tick in which the phase ends; 0 while it waits for players who are ready. */
    endTick: t.tick(),
    /** What clients need to follow the server's clock. */
    tickHz: t.int(1, 1_000),
  },
  profile: { name: t.string({ maxBytes: MAX_NAME_BYTES }) },
  maxMembers: MAX_ARENA_PLAYERS + MAX_ARENA_SPECTATORS,
});

/** A body. Longer jumps than a step are new lives; without hit points it is down. */
const Player = entity({
  member: memberId.once(),
  pos: place.lerp({ snap: 4 }),
  aim,
  hp: t.int(0, MAX_HP).default(MAX_HP),
  team: team.once(),
});

/** A bullet flies straight: where it was in which tick, and its direction, say it all. */
const Bullet = entity({
  from: place.once(),
  tick: t.tick().once(),
  aim: aim.once(),
  by: memberId.once(),
});

/** A line of the score board. It has no place, so that everybody has all of them. */
const Standing = entity({
  member: memberId.once(),
  team: team.once(),
  kills: count,
  deaths: count,
});

/** What a player wants in a tick: right and down are positive. */
const Input = message({
  tick: t.tick(),
  moveX: t.quantized(-1, 1, 1 / 8),
  moveY: t.quantized(-1, 1, 1 / 8),
  aim,
  fire: t.bool(),
  drawnBehind: drawnBehind(),
}, { from: "client", delivery: "input", redundancy: 3, rate: { perSecond: 250, burst: 125 } });

const fromServer = { from: "server", delivery: "reliable-ordered" } as const;
/** Which entity the receiver is, or watches; 0 for none. */
const You = message({ entity: t.entityRef(), isYours: t.bool() }, fromServer);
/** Somebody's hit points are used up. */
const Killed = message({ victim: memberId, by: memberId }, fromServer);

/** A channel of its own: chat never waits for the game, nor it for chat. */
const chat = { delivery: "reliable-ordered", channel: "chat", priority: 3 } as const;
const text = t.string({ maxBytes: MAX_SAID_BYTES });
/** Says something to everybody. */
const Say = message({ text }, { ...chat, from: "client", rate: { perSecond: 2, burst: 5 } });
/** Somebody said something. Who it was, the server knows better than any client. */
const Said = message({ member: memberId, text }, { ...chat, from: "server" });

const game = { Bullet, Input, InputReport, Killed, Player, Said, Say, Standing, You };
const definitions = withRooms({ Match }, game);

/** The protocol of `examples/arena`. */
export const Arena: Protocol<typeof definitions> = protocol("arena", { version: 1 }, definitions);
