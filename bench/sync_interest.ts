/**
 * 2,000 moving entities and 50 clients that see those around them: time and bytes of a tick.
 *
 * The workload is `entities-aoi` of @colyseus/schema's own benches (n2000-c50), written anew: a square
 * world of 10 by 10 cells, clients in fixed cells that see nine of them, every entity moving and turning
 * every tick, hit points now and then. A tick is what the game changes and everything that replication
 * does with it, acknowledgements included; each of ours is answered three ticks later.
 *
 * @module
 */
import { Encoder, MapSchema, Schema, StateView, type, view } from "npm:@colyseus/schema@5.0.34";
import type { DeliveryCallback } from "../protocol/message_pool.ts";
import { entity, protocol, t } from "../schema/mod.ts";
import { World } from "../server/world/world.ts";
import { Random } from "../transport/random.ts";
import { median } from "./load_process.ts";

/** One way to replicate. */
export interface InterestRow {
  /** Who. */
  readonly contender: string;
  /** Time of a tick. */
  readonly tickMs: number;
  /** Bytes of a tick to all clients together. */
  readonly bytes: number;
  /** Records of a tick, all clients together; 0 where nobody counts them. */
  readonly records: number;
}

const ENTITIES = 2_000;
const CLIENTS = 50;
const SIZE = 3_000;
const CELL = 300;
const CELLS = SIZE / CELL;
/** Three ticks of 20 a second: a round trip of 150 ms. */
const ANSWER_TICKS = 3;
const WARM_UP_TICKS = 150;
const TICKS = 200;

const Field = protocol("sync-bench", { version: 1 }, {
  Npc: entity({
    x: t.quantized(0, SIZE, SIZE / 65_535),
    y: t.quantized(0, SIZE, SIZE / 65_535),
    vx: t.quantized(-8, 8, 1 / 1_024),
    vy: t.quantized(-8, 8, 1 / 1_024),
    rotation: t.angle(16),
    hp: t.int(0, 100),
    kind: t.u8(),
    name: t.string({ maxBytes: 16 }).once(),
  }),
});

/** An entity on its way. */
interface Npc {
  x: number;
  y: number;
  vx: number;
  vy: number;
  rotation: number;
  hp: number;
}

function makeNpcs(): Npc[] {
  const random = new Random(1);
  return Array.from({ length: ENTITIES }, () => ({
    x: random.unit() * SIZE,
    y: random.unit() * SIZE,
    vx: random.unit() * 6 - 3,
    vy: random.unit() * 6 - 3,
    rotation: random.unit() * Math.PI * 2,
    hp: 100,
  }));
}

function move(npc: Npc): void {
  npc.x += npc.vx;
  npc.y += npc.vy;
  if (npc.x < 0 || npc.x > SIZE) {
    npc.vx = -npc.vx;
    npc.x = npc.x < 0 ? -npc.x : 2 * SIZE - npc.x;
  }
  if (npc.y < 0 || npc.y > SIZE) {
    npc.vy = -npc.vy;
    npc.y = npc.y < 0 ? -npc.y : 2 * SIZE - npc.y;
  }
  npc.rotation = (npc.rotation + 0.01) % (Math.PI * 2);
}

/** The cell of a client. */
function cellOf(client: number): { readonly x: number; readonly y: number } {
  const cell = client * 7_919 % (CELLS * CELLS);
  return { x: cell % CELLS, y: Math.floor(cell / CELLS) };
}

/** Measures ours and theirs in turns. */
export function measureInterest(): InterestRow[] {
  const contenders = [ours(), theirs()];
  const rows = contenders.map(() => ({ times: [] as number[], bytes: 0, records: 0 }));
  for (let tick = 1; tick <= WARM_UP_TICKS + TICKS; tick++) {
    contenders.forEach((contender, i) => {
      const started = performance.now();
      const { bytes, records } = contender.tick(tick);
      const tookMs = performance.now() - started;
      if (tick <= WARM_UP_TICKS) return;
      rows[i]!.times.push(tookMs);
      rows[i]!.bytes += bytes;
      rows[i]!.records += records;
    });
  }
  return contenders.map(({ name }, i) => ({
    contender: name,
    tickMs: median(rows[i]!.times),
    bytes: rows[i]!.bytes / TICKS,
    records: rows[i]!.records / TICKS,
  }));
}

interface Contender {
  readonly name: string;
  readonly tick: (tick: number) => { readonly bytes: number; readonly records: number };
}

function ours(): Contender {
  const world = new World(Field, 20, { grid: { cellSize: CELL, margin: 0 }, budgetBytes: 8_192 });
  const npcs = makeNpcs();
  const entities = npcs.map((npc, i) =>
    world.spawn(Field.Npc, { ...npc, kind: i % 7, name: `npc-${i}` })
  );
  const answers: DeliveryCallback[][] = Array.from({ length: ANSWER_TICKS }, () => []);
  let bytes = 0;
  let now: DeliveryCallback[] = [];
  for (let client = 0; client < CLIENTS; client++) {
    const viewer = world.addViewer(client + 1, Field.tables[0]!, (payload, onResult) => {
      bytes += payload.length;
      now.push(onResult);
      return true;
    });
    const { x, y } = cellOf(client);
    viewer.focus = { x: x * CELL + 1, y: y * CELL + 1 };
  }
  const records = (): number => {
    let sum = 0;
    for (const { counters } of world.viewers.values()) sum += counters.records;
    return sum;
  };
  return {
    name: "Tickwire",
    tick(tick) {
      bytes = 0;
      const before = records();
      for (let i = 0; i < ENTITIES; i++) {
        const npc = npcs[i]!;
        move(npc);
        entities[i]!.set({ x: npc.x, y: npc.y, rotation: npc.rotation });
      }
      if (tick % 10 === 0) {
        for (let i = tick % 20; i < ENTITIES; i += 20) {
          npcs[i]!.hp = npcs[i]!.hp > 1 ? npcs[i]!.hp - 1 : 100;
          entities[i]!.set({ hp: npcs[i]!.hp });
        }
      }
      const due = answers[tick % ANSWER_TICKS]!;
      for (let i = 0; i < due.length; i++) due[i]!("acked");
      due.length = 0;
      now = due;
      world.step(tick);
      return { bytes, records: records() - before };
    },
  };
}

class TheirNpc extends Schema {
  declare x: number;
  declare y: number;
  declare vx: number;
  declare vy: number;
  declare rotation: number;
  declare hp: number;
  declare kind: number;
  declare name: string;
}
for (const name of ["x", "y", "vx", "vy", "rotation"]) type("uint16")(TheirNpc.prototype, name);
for (const name of ["hp", "kind"]) type("uint8")(TheirNpc.prototype, name);
type("string")(TheirNpc.prototype, "name");

class TheirField extends Schema {
  // Declared, not initialized: a field would hide the accessor that notes changes.
  declare npcs: MapSchema<TheirNpc>;

  constructor() {
    super();
    this.npcs = new MapSchema<TheirNpc>();
  }
}
type({ map: TheirNpc })(TheirField.prototype, "npcs");
view()(TheirField.prototype, "npcs");

function theirs(): Contender {
  Encoder.BUFFER_SIZE = 8 * 1_024 * 1_024;
  const state = new TheirField();
  const encoder = new Encoder(state);
  const npcs = makeNpcs();
  const views: StateView[] = [];
  const subscribers: StateView[][] = Array.from({ length: CELLS * CELLS }, () => []);
  for (let client = 0; client < CLIENTS; client++) {
    const own = new StateView();
    own.add(state);
    views.push(own);
    const { x, y } = cellOf(client);
    for (let cy = Math.max(y - 1, 0); cy <= Math.min(y + 1, CELLS - 1); cy++) {
      for (let cx = Math.max(x - 1, 0); cx <= Math.min(x + 1, CELLS - 1); cx++) {
        subscribers[cy * CELLS + cx]!.push(own);
      }
    }
  }
  const grid = (npc: Npc): number =>
    Math.min(Math.floor(npc.y / CELL), CELLS - 1) * CELLS +
    Math.min(Math.floor(npc.x / CELL), CELLS - 1);
  const scaled = (value: number): number => Math.round(value / SIZE * 65_535);
  const cells = npcs.map(grid);
  const mirrored = npcs.map((npc, i) => {
    const own = new TheirNpc();
    Object.assign(own, { x: scaled(npc.x), y: scaled(npc.y), vx: 0, vy: 0, rotation: 0, hp: 100 });
    own.kind = i % 7;
    own.name = `npc-${i}`;
    state.npcs.set(`e${i}`, own);
    for (const own2 of subscribers[cells[i]!]!) own2.add(own);
    return own;
  });
  const flush = (): number => {
    const it = { offset: 0 };
    encoder.encode(it);
    const shared = it.offset;
    let bytes = 0;
    for (const own of views) bytes += encoder.encodeView(own, shared, it).length;
    encoder.discardChanges();
    return bytes;
  };
  flush();
  return {
    name: "@colyseus/schema",
    tick(tick) {
      for (let i = 0; i < ENTITIES; i++) {
        const npc = npcs[i]!;
        const own = mirrored[i]!;
        move(npc);
        own.x = scaled(npc.x);
        own.y = scaled(npc.y);
        own.rotation = Math.round(npc.rotation / (Math.PI * 2) * 65_535);
        const cell = grid(npc);
        const old = cells[i]!;
        if (cell === old) continue;
        cells[i] = cell;
        for (const seer of subscribers[old]!) {
          if (!subscribers[cell]!.includes(seer)) seer.remove(own);
        }
        for (const seer of subscribers[cell]!) if (!subscribers[old]!.includes(seer)) seer.add(own);
      }
      if (tick % 10 === 0) {
        for (let i = tick % 20; i < ENTITIES; i += 20) {
          npcs[i]!.hp = npcs[i]!.hp > 1 ? npcs[i]!.hp - 1 : 100;
          mirrored[i]!.hp = npcs[i]!.hp;
        }
      }
      return { bytes: flush(), records: 0 };
    },
  };
}
