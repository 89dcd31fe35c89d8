/**
 * Soaks sessions on the worst networks, every message checked, and the heap watched.
 *
 * `deno task soak [--minutes 5] [--seed 1] [--row yojimbo] [--handshakes 10000]` plays each row in each
 * mode for so many simulated minutes, then connects so many clients at 20 % loss. It ends with 1 when a
 * promise is broken, the heap grows, or fewer than 99.9 % connect.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { connectSuccess } from "../simulation/connect_success.ts";
import { BULK, GAME, type Mode } from "../simulation/modes.ts";
import { NETWORK_ROWS, type NetworkRow } from "../simulation/network_rows.ts";
import { soak } from "./soak.ts";

/** Rows that lose, reorder, double or hold back most. */
const WORST = [
  "64000 B/s, 20 %",
  "1000000 B/s, 20 %",
  "2000000 B/s, 0 % lost, 50 ms",
  "netcode",
  "yojimbo",
  "90 %",
  "wifi",
  "mobile",
  "deep queue",
  "satellite",
];

/** Share of handshakes that must succeed. */
const CONNECT_SUCCESS = 0.999;

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

const HELP = `Plays the worst networks in simulated time, checks every message and watches the heap.

deno task soak [--minutes M] [--seed N] [--row NAME] [--handshakes N]

  --minutes M     simulated minutes of each network; default 5
  --seed N        decides everything; default 1
  --row NAME      networks of tests/simulation/network_rows.ts whose name has this in it;
                  default: ${WORST.join(", ")}
  --handshakes N  handshakes at 20 % loss, with and without cookies; default 10000
`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", short: "h" },
      minutes: { type: "string", default: "5" },
      seed: { type: "string", default: "1" },
      row: { type: "string" },
      handshakes: { type: "string", default: "10000" },
    },
  });
  if (values.help) {
    print(HELP);
    Deno.exit(0);
  }
  const numbers = {
    minutes: Number(values.minutes),
    seed: Number(values.seed),
    handshakes: Number(values.handshakes),
  };
  for (const [name, value] of Object.entries(numbers)) {
    if (!(value >= 0)) throw new TypeError(`--${name} takes a number`);
  }
  const wanted = values.row === undefined ? WORST : [values.row];
  const rows = NETWORK_ROWS.filter(({ name }) => wanted.some((part) => name.includes(part)));
  if (rows.length === 0) throw new TypeError(`No row is named like "${values.row}"`);
  return { rows, ...numbers };
}

/** Soaks a row in a mode and says so. Returns the packets, or -1 when a promise was broken. */
function soakRow(row: NetworkRow, mode: Mode, seed: number, minutes: number): number {
  const startedMs = performance.now();
  try {
    const { packets, messages, drainMs, grownBytes } = soak(row, mode, { seed, minutes });
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    print(
      `ok ${row.name}, ${mode.name}: ${packets} packets, ${messages} messages, all arrived ` +
        `${Math.round(drainMs)} ms after the end, heap ${grownBytes >> 10} KiB more, ${seconds} s`,
    );
    return packets;
  } catch (error) {
    print(`FAILED ${row.name}, ${mode.name}, --seed ${seed} --minutes ${minutes}`);
    print(error instanceof Error ? error.stack ?? error.message : String(error));
    return -1;
  }
}

/** Connects clients at 20 % loss and says how many succeeded. */
function soakHandshakes(seed: number, handshakes: number, withCookies: boolean): boolean {
  const { connected, clientMs } = connectSuccess({ seed, handshakes, loss: 0.2, withCookies });
  const at = (share: number): string =>
    clientMs[Math.floor(share * (clientMs.length - 1))]!.toFixed(0);
  const times = `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`;
  const door = withCookies ? "with cookies" : "without cookies";
  const isEnough = connected >= handshakes * CONNECT_SUCCESS;
  print(`${isEnough ? "ok" : "FAILED"} ${connected} of ${handshakes} connected ${door}, ${times}`);
  return isEnough;
}

function main(): number {
  const { rows, minutes, seed, handshakes } = readOptions();
  let [packets, failures] = [0, 0];
  for (const row of rows) {
    for (const mode of [BULK, GAME]) {
      if (row.isForGamesOnly && mode === BULK) continue;
      const sent = soakRow(row, mode, seed, minutes);
      if (sent < 0) failures++;
      else packets += sent;
    }
  }
  if (handshakes > 0) {
    for (const withCookies of [false, true]) {
      if (!soakHandshakes(seed, handshakes, withCookies)) failures++;
    }
  }
  print(`${packets} packets in all, ${failures} failures`);
  return failures === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(main());
