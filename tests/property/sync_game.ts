/**
 * One random game over a bad network; every state that arrives is compared with the server's.
 * `deno run -A tests/property/sync_game.ts [FIRST] [LAST]` plays more of them than the suite does.
 *
 * @module
 */
import { BAD_NETWORK, GOOD_NETWORK, playAtRandom, SyncLab } from "./sync_lab.ts";

/** Plays the game of a seed. */
export function playGame(seed: number): void {
  const backend = seed % 10 === 0 ? "interpreter" : "jit";
  const lab = new SyncLab(seed, { backend, network: BAD_NETWORK });
  lab.join();
  lab.run(40, playAtRandom);
  lab.join();
  lab.run(40, playAtRandom);
  // Longer than the ring: what rests meanwhile has a baseline that is not kept any more.
  if (seed % 5 === 0) {
    lab.network = { ...BAD_NETWORK, loss: 1 };
    lab.run(80, playAtRandom);
    lab.network = BAD_NETWORK;
  }
  lab.run(30, playAtRandom);
  lab.network = GOOD_NETWORK;
  lab.run(40);
  for (const client of lab.clients) lab.assertSees(client, lab.world.entities());
}

/** Plays the games of some seeds. */
export function playGames(first: number, last: number): void {
  for (let seed = first; seed <= last; seed++) {
    try {
      playGame(seed);
    } catch (error) {
      throw new Error(`The game of seed ${seed} failed`, { cause: error });
    }
  }
}

if (import.meta.main) {
  const [first = "1", last = "1000"] = Deno.args;
  playGames(Number(first), Number(last));
}
