/**
 * Codecs as one writes them before there is a schema: whole bytes for every field, and no checks
 * at all, neither of values nor of bytes. The floor for the speed of ours, not an alternative.
 *
 * @module
 */

/** A codec by hand. Values are `object` because the shapes differ; each function knows its own. */
export interface HandCodec {
  /** Room for one encoding. */
  readonly maxBytes: number;
  /** A value to read into. */
  readonly create: () => object;
  /** Writes a value and returns its size. */
  readonly write: (view: DataView, at: number, value: object) => number;
  /** Reads into a value and returns it. */
  readonly read: (view: DataView, at: number, into: object) => object;
}

interface Mixed {
  sequence: number;
  ackBits: number;
  entityId: number;
  posX: number;
  posY: number;
  posZ: number;
  yaw: number;
  moving: boolean;
  firing: boolean;
  timestampLow: number;
  timestampHigh: number;
  weapon: number;
}

function writeMixed(view: DataView, at: number, value: Mixed): number {
  view.setUint16(at, value.sequence, true);
  view.setUint32(at + 2, value.ackBits, true);
  view.setUint16(at + 6, value.entityId, true);
  view.setInt16(at + 8, value.posX, true);
  view.setInt16(at + 10, value.posY, true);
  view.setInt16(at + 12, value.posZ, true);
  view.setUint16(at + 14, value.yaw, true);
  view.setUint8(at + 16, value.moving ? 1 : 0);
  view.setUint8(at + 17, value.firing ? 1 : 0);
  view.setUint32(at + 18, value.timestampLow, true);
  view.setUint16(at + 22, value.timestampHigh, true);
  view.setUint8(at + 24, value.weapon);
  return 25;
}

function readMixed(view: DataView, at: number, into: Mixed): Mixed {
  into.sequence = view.getUint16(at, true);
  into.ackBits = view.getUint32(at + 2, true);
  into.entityId = view.getUint16(at + 6, true);
  into.posX = view.getInt16(at + 8, true);
  into.posY = view.getInt16(at + 10, true);
  into.posZ = view.getInt16(at + 12, true);
  into.yaw = view.getUint16(at + 14, true);
  into.moving = view.getUint8(at + 16) === 1;
  into.firing = view.getUint8(at + 17) === 1;
  into.timestampLow = view.getUint32(at + 18, true);
  into.timestampHigh = view.getUint16(at + 22, true);
  into.weapon = view.getUint8(at + 24);
  return into;
}

interface Chat {
  to: number | undefined;
  text: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function writeChat(view: DataView, at: number, value: Chat): number {
  view.setUint8(at, value.to === undefined ? 0 : 1);
  view.setUint16(at + 1, value.to ?? 0, true);
  const text = new Uint8Array(view.buffer, view.byteOffset + at + 5);
  const { written } = encoder.encodeInto(value.text, text);
  view.setUint16(at + 3, written, true);
  return 5 + written;
}

function readChat(view: DataView, at: number, into: Chat): Chat {
  into.to = view.getUint8(at) === 1 ? view.getUint16(at + 1, true) : undefined;
  const size = view.getUint16(at + 3, true);
  into.text = decoder.decode(new Uint8Array(view.buffer, view.byteOffset + at + 5, size));
  return into;
}

interface Player {
  id: number;
  x: number;
  y: number;
  z: number;
  yaw: number;
  hp: number;
  weapon: string | undefined;
  firing: boolean;
}

interface Snapshot {
  tick: number;
  players: Player[];
}

const WEAPONS = ["fist", "bow", "staff", "sword", "wand"];
const PLAYER_BYTES = 18;

function writeSnapshot(view: DataView, at: number, value: Snapshot): number {
  view.setUint32(at, value.tick, true);
  view.setUint8(at + 4, value.players.length);
  let p = at + 5;
  for (const player of value.players) {
    view.setUint8(p, player.id);
    view.setFloat32(p + 1, player.x, true);
    view.setFloat32(p + 5, player.y, true);
    view.setFloat32(p + 9, player.z, true);
    // A turn in 1,024 steps, as the schema has it.
    view.setInt16(p + 13, Math.round(player.yaw * (1024 / (2 * Math.PI))), true);
    view.setUint8(p + 15, player.hp);
    view.setUint8(p + 16, WEAPONS.indexOf(player.weapon ?? ""));
    view.setUint8(p + 17, player.firing ? 1 : 0);
    p += PLAYER_BYTES;
  }
  return p - at;
}

function readSnapshot(view: DataView, at: number, into: Snapshot): Snapshot {
  into.tick = view.getUint32(at, true);
  const count = view.getUint8(at + 4);
  const players = into.players;
  players.length = Math.min(players.length, count);
  let p = at + 5;
  for (let i = 0; i < count; i++) {
    const player = players[i] ??= newPlayer();
    player.id = view.getUint8(p);
    player.x = view.getFloat32(p + 1, true);
    player.y = view.getFloat32(p + 5, true);
    player.z = view.getFloat32(p + 9, true);
    player.yaw = view.getInt16(p + 13, true) * (2 * Math.PI / 1024);
    player.hp = view.getUint8(p + 15);
    player.weapon = WEAPONS[view.getUint8(p + 16)];
    player.firing = view.getUint8(p + 17) === 1;
    p += PLAYER_BYTES;
  }
  return into;
}

function newPlayer(): Player {
  return { id: 0, x: 0.5, y: 0.5, z: 0.5, yaw: 0.5, hp: 0, weapon: "fist", firing: false };
}

/**
 * The codecs, by the first word of a shape's name. The casts give each function its own shape: the
 * benchmark compares what was read with what was written before it measures anything.
 */
export const BY_HAND: ReadonlyMap<string, HandCodec> = new Map([
  ["mixed", {
    maxBytes: 25,
    create: () => ({
      sequence: 0,
      ackBits: 0.5,
      entityId: 0,
      posX: 0,
      posY: 0,
      posZ: 0,
      yaw: 0,
      moving: false,
      firing: false,
      timestampLow: 0.5,
      timestampHigh: 0,
      weapon: 0,
    }),
    write: (view, at, value) => writeMixed(view, at, value as Mixed),
    read: (view, at, into) => readMixed(view, at, into as Mixed),
  }],
  ["chat", {
    maxBytes: 245,
    create: () => ({ to: undefined, text: "" }),
    write: (view, at, value) => writeChat(view, at, value as Chat),
    read: (view, at, into) => readChat(view, at, into as Chat),
  }],
  ["snapshot", {
    maxBytes: 5 + 64 * PLAYER_BYTES,
    create: () => ({ tick: 0, players: [] }),
    write: (view, at, value) => writeSnapshot(view, at, value as Snapshot),
    read: (view, at, into) => readSnapshot(view, at, into as Snapshot),
  }],
]);
