/**
 * Plays everything that needs real NATs and real processes, and prints what came of it.
 *
 *   deno run -A tests/relay/namespaces/main.ts [--long] [--only NAME,NAME] [--json FILE]
 *
 * Linux, as root, with nftables, iproute2 and conntrack. Everything happens in network namespaces of its own.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { whyNoNamespaces } from "./lab.ts";
import { type Outcome, SCENARIOS } from "./scenarios.ts";

const { values } = parseArgs({
  options: {
    long: { type: "boolean", default: false },
    only: { type: "string" },
    json: { type: "string" },
  },
});

function print(text: string): void {
  // deno-lint-ignore no-console -- a program that prints.
  console.log(text);
}

const reason = whyNoNamespaces();
if (reason !== undefined) {
  print(`Cannot play: ${reason}`);
  Deno.exit(2);
}
const names = values.only?.split(",") ?? SCENARIOS.map(({ name }) => name);
for (const name of names) {
  if (SCENARIOS.some((scenario) => scenario.name === name)) continue;
  print(`Cannot play "${name}": scenarios are ${SCENARIOS.map(({ name }) => name).join(", ")}`);
  Deno.exit(2);
}
const outcomes: Record<string, Outcome> = {};
for (const { name, title, play } of SCENARIOS) {
  if (!names.includes(name)) continue;
  print(`\n${title}`);
  const startMs = performance.now();
  const outcome = await play(values.long);
  outcomes[name] = outcome;
  // deno-lint-ignore no-console -- a program that prints.
  console.table(outcome.rows);
  for (const { what, isMet, measured } of outcome.bars) {
    print(`${isMet ? "met   " : "MISSED"}  ${what.padEnd(60)}${measured}`);
  }
  print(`${((performance.now() - startMs) / 1_000).toFixed(0)} s`);
}
if (values.json !== undefined) {
  await Deno.writeTextFile(values.json, `${JSON.stringify(outcomes, null, 2)}\n`);
}
if (Object.values(outcomes).some(({ bars }) => bars.some(({ isMet }) => !isMet))) Deno.exitCode = 1;
