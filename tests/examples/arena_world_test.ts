import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  BULLET_DAMAGE,
  BULLET_LIFE_SECONDS,
  BULLET_SPEED,
  FIRE_PAUSE_SECONDS,
  PLAYER_SPEED,
  RESPAWN_SECONDS,
  SAFE_SECONDS,
} from "../../examples/arena/rules.ts";
import { type Player, World, type WorldEvent } from "../../examples/arena/world.ts";
import { MAX_HP, WORLD_HALF_HEIGHT, WORLD_HALF_WIDTH } from "../../schema/messages/arena.ts";
import { Random } from "../../transport/random.ts";

const STEP = 1 / 32;

function newWorld(seed = 1): World {
  const random = new Random(seed);
  return new World(() => random.unit());
}

function advance(world: World, seconds: number): WorldEvent[] {
  const events: WorldEvent[] = [];
  for (let t = 0; t < seconds - STEP / 2; t += STEP) events.push(...world.advance(STEP));
  return events;
}

/** A shooter at the left and a target at the right of it, both past their safe time. */
function duel(distance: number): { world: World; shooter: Player; target: Player } {
  const world = newWorld();
  const shooter = world.add("shooter");
  const target = world.add("target");
  Object.assign(shooter, { x: -10, y: 0 });
  Object.assign(target, { x: -10 + distance, y: 0 });
  advance(world, SAFE_SECONDS + STEP);
  return { world, shooter, target };
}

function pull(world: World, player: Player, fire: boolean): void {
  world.steer(player, { moveX: 0, moveY: 0, aim: 0, fire });
}

function kindsOf(events: readonly WorldEvent[]): string[] {
  return events.map(({ kind }) => kind);
}

Deno.test("a player runs as fast in every direction, and no faster with a longer wish", () => {
  for (const [moveX, moveY] of [[1, 0], [0, -1], [1, 1], [-0.5, 0.5]] as const) {
    const world = newWorld();
    const player = world.add("Ann");
    Object.assign(player, { x: 0, y: 0 });
    world.steer(player, { moveX, moveY, aim: 0, fire: false });
    advance(world, 0.5);
    const share = Math.min(1, Math.hypot(moveX, moveY));
    assert.ok(Math.abs(Math.hypot(player.x, player.y) - PLAYER_SPEED * 0.5 * share) < 1e-9);
  }
});

Deno.test("a player stays inside of the world", () => {
  const world = newWorld();
  const player = world.add("Ann");
  world.steer(player, { moveX: 1, moveY: 1, aim: 0, fire: false });
  advance(world, 10);
  assert.deepEqual([player.x, player.y], [WORLD_HALF_WIDTH, WORLD_HALF_HEIGHT]);
  const { changedAtStep } = player;
  advance(world, 1);
  assert.equal(player.changedAtStep, changedAtStep, "who cannot move does not move");
});

Deno.test("a bullet hits the first on its way, also when it passes them within one step", () => {
  for (const seconds of [1 / 60, 1 / 4]) {
    const { world, shooter, target } = duel(5);
    const behind = world.add("behind");
    Object.assign(behind, { x: target.x + 2.5, y: 0, safeSeconds: 0 });
    pull(world, shooter, true);
    const events: WorldEvent[] = [];
    for (let t = 0; t < 0.25; t += seconds) events.push(...world.advance(seconds));
    const hit = events.find((event) => event.kind === "hit");
    assert.equal(hit?.kind === "hit" && hit.victim.id, target.id);
    assert.equal(target.hp, MAX_HP - BULLET_DAMAGE);
    assert.equal(behind.hp, MAX_HP);
  }
});

Deno.test("a bullet flies as long as it lives and hits nobody beyond", () => {
  const range = BULLET_SPEED * BULLET_LIFE_SECONDS;
  for (const [distance, isHit] of [[range + 0.5, true], [range + 1.5, false]] as const) {
    const { world, shooter, target } = duel(distance);
    pull(world, shooter, true);
    world.advance(STEP);
    pull(world, shooter, false);
    advance(world, BULLET_LIFE_SECONDS + 1);
    assert.equal(target.hp < MAX_HP, isHit, `${distance} away`);
    assert.equal(world.bullets.length, 0);
  }
});

Deno.test("a trigger that is held shoots at the rate of the rules", () => {
  const { world, shooter } = duel(30);
  pull(world, shooter, true);
  const shots = kindsOf(advance(world, 2)).filter((kind) => kind === "shot");
  assert.equal(shots.length, 2 / FIRE_PAUSE_SECONDS);
});

Deno.test("who has no hit points left waits, comes back whole, and both scores count", () => {
  const { world, shooter, target } = duel(5);
  pull(world, shooter, true);
  const events = advance(world, MAX_HP / BULLET_DAMAGE * FIRE_PAUSE_SECONDS + 0.2);
  pull(world, shooter, false);
  assert.equal(kindsOf(events).filter((kind) => kind === "hit").length, MAX_HP / BULLET_DAMAGE);
  assert.deepEqual([shooter.kills, shooter.deaths, target.kills, target.deaths], [1, 0, 0, 1]);
  assert.equal(target.hp, 0);
  const { x } = target;
  world.steer(target, { moveX: 1, moveY: 0, aim: 0, fire: true });
  assert.deepEqual(kindsOf(advance(world, RESPAWN_SECONDS / 2)), [], "the dead do nothing");
  assert.equal(target.x, x);
  assert.ok(kindsOf(advance(world, RESPAWN_SECONDS)).includes("respawned"));
  assert.equal(target.hp, MAX_HP);
});

Deno.test("nobody is hit who just came, is away, or shot the bullet", () => {
  const { world, shooter, target } = duel(3);
  const isHit = (): boolean => {
    pull(world, shooter, true);
    const kinds = kindsOf(advance(world, 0.25));
    pull(world, shooter, false);
    return kinds.includes("hit");
  };
  target.safeSeconds = 10;
  assert.ok(!isHit());
  target.safeSeconds = 0;
  target.away = true;
  assert.ok(!isHit());
  target.away = false;
  assert.ok(isHit(), "the same shot hits otherwise");
  assert.equal(shooter.hp, MAX_HP);
});

Deno.test("who shoots is not safe any more", () => {
  const world = newWorld();
  const player = world.add("Ann");
  assert.ok(player.safeSeconds > 0);
  pull(world, player, true);
  world.advance(STEP);
  assert.equal(player.safeSeconds, 0);
});

Deno.test("a bullet of somebody who left still hits, and nobody gets the point", () => {
  const { world, shooter, target } = duel(10);
  target.hp = BULLET_DAMAGE;
  pull(world, shooter, true);
  world.advance(STEP);
  world.remove(shooter);
  const died = advance(world, 1).find((event) => event.kind === "died");
  assert.equal(died?.kind === "died" && died.by, shooter.id);
  assert.equal(target.deaths, 1);
});

Deno.test("a number is not given to two players at once", () => {
  const world = newWorld();
  const first = world.add("first");
  for (let i = 0; i < 5_000; i++) world.remove(world.add(`guest ${i}`));
  const others = Array.from({ length: 50 }, (_, i) => world.add(`player ${i}`));
  assert.equal(new Set([first, ...others].map(({ id }) => id)).size, 51);
  assert.equal(world.players.get(first.id), first);
});

Deno.test("the same seed and inputs give the same world, and no place is outside of it", () => {
  const action = fc.record({
    player: fc.nat(3),
    moveX: fc.integer({ min: -8, max: 8 }).map((n) => n / 8),
    moveY: fc.integer({ min: -8, max: 8 }).map((n) => n / 8),
    aim: fc.integer({ min: -128, max: 127 }).map((n) => n * Math.PI / 128),
    fire: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.integer(), fc.array(action, { maxLength: 60 }), (seed, actions) => {
      const play = (): string => {
        const world = newWorld(seed);
        const players = ["a", "b", "c", "d"].map((name) => world.add(name));
        const log: unknown[] = [];
        for (const { player, ...steering } of actions) {
          world.steer(players[player]!, steering);
          log.push(...world.advance(1 / 10).map(({ kind }) => kind));
          for (const { x, y, hp } of players) {
            assert.ok(Math.abs(x) <= WORLD_HALF_WIDTH && Math.abs(y) <= WORLD_HALF_HEIGHT);
            assert.ok(hp >= 0 && hp <= MAX_HP);
            log.push(x, y, hp);
          }
        }
        return JSON.stringify(log);
      };
      assert.equal(play(), play());
    }),
    { seed: 1, numRuns: 60 },
  );
});
