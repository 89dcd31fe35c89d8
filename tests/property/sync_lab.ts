/**
 * A world, its clients and a bad network between them, for properties of replication.
 *
 * Time is counted in frames. Every snapshot is lost, late, doubled or neither by chance; its result comes
 * back late, and now and then says "lost" of what arrived, as a real session's may.
 *
 * @module
 */
import assert from "node:assert/strict";
import { WorldMirror } from "../../client/world/world_mirror.ts";
import type { DeliveryCallback } from "../../protocol/message_pool.ts";
import { type Backend, entity, type Infer, protocol, t } from "../../schema/mod.ts";
import { FRAME_MODULUS } from "../../schema/sync/snapshot_format.ts";
import type { Entity } from "../../server/world/entity.ts";
import type { Viewer } from "../../server/world/viewer.ts";
import { World, type WorldOptions } from "../../server/world/world.ts";
import { Random } from "../../transport/random.ts";

function gameOf(backend: Backend) {
  return protocol("sync-lab", { version: 1, backend }, {
    Player: entity({
      pos: t.vec2(t.quantized(-64, 64, 1 / 64)).lerp(),
      yaw: t.angle(12),
      hp: t.int(0, 100).default(100),
      name: t.string({ maxBytes: 12 }).once(),
      says: t.string({ maxBytes: 10 }),
      ammo: t.u8().view("owner"),
      turn: t.quat(9).slerp(),
      far: t.f64().group("rare"),
      big: t.int(0, 2 ** 40).group("rare"),
      target: t.entityRef().optional(),
    }),
    Rock: entity({ size: t.varint(), kind: t.enum("big", "small", "flat") }),
  });
}

/** The game, by backend. */
export const GAMES = { jit: gameOf("jit"), interpreter: gameOf("interpreter") };

/** A player's value. */
export type PlayerValue = Infer<typeof GAMES.jit.Player>;

/** How bad the network is: probabilities. */
export interface Network {
  /** Of a snapshot being lost. */
  readonly loss: number;
  /** Of one arriving twice. */
  readonly duplicate: number;
  /** Of one being overtaken. */
  readonly reorder: number;
}

/** The network of the properties. */
export const BAD_NETWORK: Network = { loss: 0.3, duplicate: 0.2, reorder: 0.2 };

/** No misfortune. */
export const GOOD_NETWORK: Network = { loss: 0, duplicate: 0, reorder: 0 };

/** What an entity was in a frame. */
interface Reference {
  readonly value: unknown;
  readonly owner: number;
}

/** One client. */
export interface LabClient {
  /** Number of its peer. */
  readonly id: number;
  /** What the server does for it. */
  viewer: Viewer;
  /** What it sees. */
  readonly mirror: WorldMirror;
  /** What its mirror told. */
  readonly events: string[];
  /** Largest snapshot that it was sent. */
  largestBytes: number;
  /** Bytes that it was sent in the current frame. */
  frameBytes: number;
}

/** All of it. */
export class SyncLab {
  readonly world: World;
  readonly game: typeof GAMES.jit;
  readonly random: Random;
  readonly clients: LabClient[] = [];
  network: Network;
  frame = 0;
  readonly #due: (() => void)[][] = [];
  readonly #history: Map<number, Reference>[] = [];
  #hasHistory: boolean;

  constructor(
    seed: number,
    options: WorldOptions & { readonly backend?: Backend; readonly network?: Network } = {},
  ) {
    const { backend = "jit", network = BAD_NETWORK, ...worldOptions } = options;
    this.random = new Random(seed);
    this.game = GAMES[backend];
    this.network = network;
    this.world = new World(this.game, 60, worldOptions);
    this.#hasHistory = true;
  }

  /** For runs in which values are not compared. */
  forgetHistory(): void {
    this.#hasHistory = false;
  }

  /** A client joins. */
  join(): LabClient {
    const id = this.clients.length + 1;
    const events: string[] = [];
    const mirror = new WorldMirror({
      table: this.game.tables[0]!,
      backend: this.game.backend,
      onResync: (epoch) =>
        this.#later(3, () => client.viewer.epoch === epoch && client.viewer.restart()),
      onError: (error) => {
        throw error;
      },
    });
    for (const event of ["spawn", "despawn", "leave"] as const) {
      mirror.on(event, ({ id }) => events.push(`${event} ${id}`));
    }
    const client: LabClient = {
      id,
      mirror,
      events,
      largestBytes: 0,
      frameBytes: 0,
      viewer: this.world.addViewer(id, this.game.tables[0]!, (payload, onResult) => {
        client.largestBytes = Math.max(client.largestBytes, payload.length);
        client.frameBytes += payload.length;
        this.#send(client, payload.slice(), onResult);
        return true;
      }),
    };
    this.clients.push(client);
    return client;
  }

  /** Lets frames pass. */
  run(frames: number, play: (lab: SyncLab) => void = () => {}): void {
    for (let i = 0; i < frames; i++) {
      this.frame++;
      for (const event of this.#due[this.frame] ?? []) event();
      delete this.#due[this.frame];
      for (const client of this.clients) client.frameBytes = 0;
      play(this);
      if (this.#hasHistory) this.#note();
      this.world.step(this.frame);
    }
  }

  /** Checks that a client sees exactly these entities, as they are. */
  assertSees(client: LabClient, entities: Iterable<Entity<unknown>>): void {
    const expected = new Map([...entities].map((entity) => [entity.id, entity]));
    const seen = [...client.mirror.entities()].map(({ id }) => id);
    assert.deepEqual(
      seen.toSorted((a, b) => a - b),
      [...expected.keys()].toSorted((a, b) => a - b),
    );
    for (const mirrored of client.mirror.entities()) {
      const entity = expected.get(mirrored.id)!;
      assert.equal(mirrored.type, entity.type);
      assert.deepEqual(mirrored.value, asSeen(entity.value, entity.owner === client.id));
    }
    assert.equal(client.mirror.drops.refused, 0);
  }

  #note(): void {
    const frame = new Map<number, Reference>();
    for (const entity of this.world.entities()) {
      frame.set(entity.id, { value: entity.value, owner: entity.owner });
    }
    this.#history[this.frame] = frame;
    delete this.#history[this.frame - 100];
  }

  #send(client: LabClient, payload: Uint8Array, onResult: DeliveryCallback): void {
    const { random, network: { loss, duplicate, reorder } } = this;
    const frame = this.world.frame;
    const delay = 2 + (random.chance(reorder) ? 1 + random.below(5) : 0);
    const isLost = random.chance(loss);
    if (!isLost) this.#later(delay, () => this.#arrive(client, payload, frame));
    if (!isLost && random.chance(duplicate)) {
      this.#later(delay + random.below(8), () => this.#arrive(client, payload, frame));
    }
    const isForgotten = loss > 0 && random.chance(0.05);
    this.#later(
      delay + 2 + random.below(3),
      () => onResult(isLost || isForgotten ? "lost" : "acked"),
    );
  }

  #arrive({ mirror, id }: LabClient, payload: Uint8Array, frame: number): void {
    assert.equal(mirror.receive(payload), 0);
    const reference = this.#history[frame];
    if (reference === undefined) return;
    for (const entity of mirror.entities()) {
      const place = FRAME_MODULUS + frame;
      if (entity.columnsOf(place) === undefined) continue;
      const then = reference.get(entity.id);
      assert.ok(then, `entity ${entity.id} was not there in frame ${frame}`);
      const isOwner = entity.viewOf(place) !== 0;
      assert.ok(!isOwner || then.owner === id, "a view leaks");
      assert.deepEqual(entity.at(frame), asSeen(then.value, isOwner));
    }
  }

  #later(frames: number, event: () => void): void {
    (this.#due[this.frame + frames] ??= []).push(event);
  }
}

/** A value as somebody sees it who owns it, or does not. */
function asSeen(value: unknown, isOwner: boolean): unknown {
  if (isOwner || typeof value !== "object" || value === null || !("ammo" in value)) return value;
  return { ...value, ammo: 0 };
}

/** A game at random: things come and go, move, rest, talk and change hands. */
export function playAtRandom({ world, random, game, clients }: SyncLab): void {
  const all = [...world.entities()];
  if (all.length < 12 && random.chance(0.2)) {
    const owner = random.chance(0.5) ? random.pick(clients) : undefined;
    const name = "n".repeat(random.below(12));
    world.spawn(game.Player, { ...randomPlayer(random), name }, owner && { owner });
  }
  if (all.length < 16 && random.chance(0.1)) {
    world.spawn(game.Rock, { size: random.uint32(), kind: random.pick(["big", "small", "flat"]) });
  }
  for (const entity of all) {
    const fate = random.unit();
    if (fate < 0.01) entity.despawn();
    else if (fate < 0.02) entity.setOwner(random.chance(0.5) ? random.pick(clients) : undefined);
    else change(entity, game, random);
  }
}

function change(entity: Entity<unknown>, game: typeof GAMES.jit, random: Random): void {
  if (entity.type === game.Rock) {
    if (random.chance(0.02)) (entity as Entity<{ size: number }>).set({ size: random.below(300) });
    return;
  }
  const player = entity as Entity<PlayerValue>;
  // One in three rests for long, so that its baselines grow old.
  if (entity.id % 3 === 0 && !random.chance(0.01)) return;
  const { pos, yaw } = player.value;
  player.set({
    pos: { x: clamp(pos.x + random.unit() - 0.5), y: clamp(pos.y + random.unit() - 0.5) },
    ...(random.chance(0.3) ? { yaw: yaw + random.unit() } : {}),
    ...(random.chance(0.05) ? randomPlayer(random) : {}),
  });
}

function clamp(value: number): number {
  return Math.min(Math.max(value, -64), 64);
}

function randomPlayer(random: Random): Partial<PlayerValue> {
  return {
    hp: random.below(101),
    says: "é".repeat(random.below(5)),
    ammo: random.below(256),
    turn: { x: random.unit() - 0.5, y: random.unit() - 0.5, z: random.unit() - 0.5, w: 1 },
    far: random.unit() * 1e9,
    big: random.uint32() * 200,
    target: random.chance(0.5) ? undefined : random.below(65_536),
  };
}
