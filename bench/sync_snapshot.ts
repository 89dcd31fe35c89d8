/**
 * A snapshot of 32 players of 8 fields, three of which move all the time: bytes, encoding, decoding.
 *
 * Ours is written against a baseline 100 ms old, as a client has it whose round trip takes as long:
 * any snapshot may be lost. @colyseus/schema sends what changed since its last patch, over a reliable and
 * ordered stream; its patches are of one tick, its positions of 16 bits as ours.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Decoder, Encoder, MapSchema, Schema, type } from "npm:@colyseus/schema@5.0.34";
import { entity, t } from "../schema/mod.ts";
import { EntityCodec } from "../schema/sync/entity_codec.ts";
import { SnapshotReader } from "../schema/sync/snapshot_reader.ts";
import { SnapshotWriter } from "../schema/sync/snapshot_writer.ts";
import { type WordReader, WordWriter } from "../schema/sync/word_stream.ts";
import { NO_STORE } from "../schema/sync/record_codec.ts";
import { Random } from "../transport/random.ts";
import { median } from "./load_process.ts";

/** One way to send snapshots. */
export interface SnapshotRow {
  /** Who. */
  readonly contender: string;
  /** Mean size. */
  readonly bytes: number;
  /** Time to encode, what the game changes included where that is when the work is done. */
  readonly encodeUs: number;
  /** Time to decode into the state before it. */
  readonly decodeUs: number;
}

const PLAYERS = 32;
const TICKS = 256;
/** 100 ms at 60 Hz. */
const BASELINE_TICKS = 6;
const ROUNDS = 31;

const Player = entity({
  x: t.quantized(-512, 512 - 1 / 64, 1 / 64),
  z: t.quantized(-512, 512 - 1 / 64, 1 / 64),
  yaw: t.angle(12),
  y: t.quantized(0, 64, 1 / 64),
  hp: t.int(0, 100).default(100),
  ammo: t.u8(),
  weapon: t.enum("fist", "bow", "staff"),
  keys: t.int(0, 15),
});

/** What a player is on the way of all ticks. */
interface Walk {
  readonly x: number;
  readonly z: number;
  readonly yaw: number;
  readonly hp: number;
}

/** Players that walk 5 units a second and turn up to half a turn a second; now and then one is hit. */
function walks(): Walk[][] {
  const random = new Random(7);
  return Array.from({ length: PLAYERS }, () => {
    let [x, z, yaw, turn, hp] = [random.unit() * 900 - 450, random.unit() * 900 - 450, 0, 0, 100];
    return Array.from({ length: TICKS }, () => {
      if (random.unit() < 0.03) turn = (random.unit() - 0.5) * Math.PI / 30;
      yaw += turn;
      x += Math.cos(yaw) * 5 / 60;
      z += Math.sin(yaw) * 5 / 60;
      if (random.unit() < 0.005) hp = Math.max(1, hp - 7);
      return { x, z, yaw, hp };
    });
  });
}

/** Measures ours and theirs in turns. */
export function measureSnapshots(): SnapshotRow[] {
  const all = walks();
  const contenders = [ours(all), theirs(all)];
  const times = contenders.map(() => ({ encode: [] as number[], decode: [] as number[] }));
  for (let round = 0; round < ROUNDS; round++) {
    contenders.forEach((contender, i) => {
      times[i]!.encode.push(contender.encodeAll());
      times[i]!.decode.push(contender.decodeAll());
    });
  }
  return contenders.map(({ name, bytes }, i) => ({
    contender: name,
    bytes,
    encodeUs: median(times[i]!.encode),
    decodeUs: median(times[i]!.decode),
  }));
}

/** Each function returns microseconds for one snapshot. */
interface Contender {
  readonly name: string;
  readonly bytes: number;
  readonly encodeAll: () => number;
  readonly decodeAll: () => number;
}

function ours(all: readonly Walk[][]): Contender {
  const codec = new EntityCodec("Player", Player.struct, "jit");
  const { stride } = codec;
  const frames = Array.from({ length: TICKS }, (_, tick) => {
    const columns = new Int32Array(PLAYERS * stride);
    all.forEach((walk, i) => {
      columns.set(codec.defaults, i * stride);
      codec.set({ ...walk[tick] }, columns, i * stride, []);
    });
    return columns;
  });
  const writer = new SnapshotWriter(0, 1_100);
  const record = new WordWriter(new Int32Array(64));
  const records = codec.records(0);
  const encode = (tick: number): Uint8Array => {
    const now = frames[tick]!;
    const base = frames[tick - BASELINE_TICKS]!;
    writer.begin(0, tick, tick);
    for (let i = 0, at = 0; i < PLAYERS; i++, at += stride) {
      record.position = 0;
      records.writeUpdate(record, now, at, base, at, []);
      writer.update(0, i, tick - BASELINE_TICKS, record.words, 0, record.position);
    }
    return writer.finish();
  };
  const reader = new SnapshotReader(1, 0);
  const decoded = new Int32Array(PLAYERS * stride);
  const visitor = {
    begin: (_epoch: number, frame: number) => frame,
    update: (_type: number, slot: number, base: number, input: WordReader) =>
      records.readUpdate(
        input,
        decoded,
        slot * stride,
        frames[base]!,
        slot * stride,
        NO_STORE,
        true,
      ),
    spawn: () => -1,
    remove: () => {},
  };
  const snapshots = frames.map((_, tick) =>
    tick <= BASELINE_TICKS ? undefined : encode(tick).slice()
  );
  // The gate: what is decoded is what was encoded.
  snapshots.forEach((bytes, tick) => {
    if (bytes === undefined) return;
    assert.equal(reader.read(bytes, visitor), 0);
    assert.deepEqual(decoded, frames[tick]);
  });
  const kept = snapshots.filter((bytes) => bytes !== undefined);
  return {
    name: "Tickwire",
    bytes: kept.reduce((sum, bytes) => sum + bytes.length, 0) / kept.length,
    encodeAll: () =>
      perCall(() => {
        for (let tick = BASELINE_TICKS + 1; tick < TICKS; tick++) encode(tick);
      }, kept.length),
    decodeAll: () =>
      perCall(() => {
        for (let i = 0; i < kept.length; i++) reader.read(kept[i]!, visitor);
      }, kept.length),
  };
}

class TheirPlayer extends Schema {
  declare x: number;
  declare z: number;
  declare yaw: number;
  declare y: number;
  declare hp: number;
  declare ammo: number;
  declare weapon: number;
  declare keys: number;
}
for (const name of ["x", "z", "yaw", "y"]) type("uint16")(TheirPlayer.prototype, name);
for (const name of ["hp", "ammo", "weapon", "keys"]) type("uint8")(TheirPlayer.prototype, name);

class TheirState extends Schema {
  // Declared, not initialized: a field would hide the accessor that notes changes.
  declare players: MapSchema<TheirPlayer>;

  constructor() {
    super();
    this.players = new MapSchema<TheirPlayer>();
  }
}
type({ map: TheirPlayer })(TheirState.prototype, "players");

function theirs(all: readonly Walk[][]): Contender {
  const state = new TheirState();
  const encoder = new Encoder(state);
  const players = all.map((_, i) => {
    const player = new TheirPlayer();
    Object.assign(player, { x: 0, z: 0, yaw: 0, y: 0, hp: 100, ammo: 0, weapon: 0, keys: 0 });
    state.players.set(`${i}`, player);
    return player;
  });
  const mirror = new TheirState();
  const decoder = new Decoder(mirror);
  decoder.decode(encoder.encodeAll());
  encoder.discardChanges();
  const columns = all.map((walk) =>
    walk.map(({ x, z, yaw, hp }) => ({
      x: Math.round((x + 512) * 64),
      z: Math.round((z + 512) * 64),
      yaw: Math.round(yaw / (2 * Math.PI) * 4096) & 4095,
      hp,
    }))
  );
  const encode = (tick: number): Uint8Array => {
    for (let i = 0; i < PLAYERS; i++) {
      const player = players[i]!;
      const now = columns[i]![tick]!;
      player.x = now.x;
      player.z = now.z;
      player.yaw = now.yaw;
      player.hp = now.hp;
    }
    const bytes = encoder.encode();
    encoder.discardChanges();
    return bytes;
  };
  encode(0);
  const kept = Array.from({ length: TICKS - 1 }, (_, i) => encode(i + 1).slice());
  kept.forEach((bytes) => decoder.decode(bytes));
  assert.equal(mirror.players.get("3")!.x, players[3]!.x);
  return {
    name: "@colyseus/schema",
    bytes: kept.reduce((sum, bytes) => sum + bytes.length, 0) / kept.length,
    encodeAll: () =>
      perCall(() => {
        for (let tick = 1; tick < TICKS; tick++) encode(tick);
      }, kept.length),
    decodeAll: () =>
      perCall(() => {
        for (let i = 0; i < kept.length; i++) decoder.decode(kept[i]!);
      }, kept.length),
  };
}

/** Microseconds for each of `calls` calls that `work` makes. */
function perCall(work: () => void, calls: number): number {
  const started = performance.now();
  work();
  return (performance.now() - started) * 1_000 / calls;
}
