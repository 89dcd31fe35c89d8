import { runRow } from "./matrix.ts";
import { BULK, GAME } from "./modes.ts";
import { NETWORK_ROWS } from "./network_rows.ts";

/** The soak (`tests/soak/main.ts`) plays the same rows for minutes; here is what every change must pass. */
const OPTIONS = { seed: 1, activeMs: 2_500, drainMs: 300_000 };

for (const row of NETWORK_ROWS) {
  for (const mode of [BULK, GAME]) {
    if (row.isForGamesOnly && mode === BULK) continue;
    Deno.test(`all deliveries keep their promises both ways, ${mode.name}: ${row.name}`, () => {
      runRow(row, mode, OPTIONS);
    });
  }
}

Deno.test("all deliveries keep their promises with datagrams of 576 bytes at one end", () => {
  const row = { name: "small datagrams", link: { delayMs: 30, jitterMs: 10, loss: 0.05 } };
  runRow(row, BULK, { ...OPTIONS, world: { server: { sessionLimits: { datagramBytes: 576 } } } });
});

Deno.test("all deliveries keep their promises with a server that reads and flushes at 20 ticks a second", () => {
  const row = { name: "ticks", link: { delayMs: 30, jitterMs: 10, loss: 0.05 } };
  runRow(row, BULK, { ...OPTIONS, world: { tickHz: 20 } });
});
