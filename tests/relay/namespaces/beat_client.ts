/**
 * Players of the labs: each sends numbers at a steady rate and notes when they come back.
 *
 * Lines on standard input are commands, each answered by one line of JSON: `report` tells what happened
 * since the report before, `ticket` gets a grant that `use` plays with later. Ends with its input.
 *
 * @module
 */
import { createInterface } from "node:readline";
import process from "node:process";
import { parseArgs } from "node:util";
import { type Client, connect } from "../../../client/mod.ts";
import { stdout } from "../../../server/cli_output.ts";
import { Beats } from "./beat.ts";
import { Heartbeat } from "./heartbeat.ts";

const { values } = parseArgs({
  options: {
    join: { type: "string", default: "" },
    director: { type: "string" },
    token: { type: "string" },
    "ping-location": { type: "string" },
    players: { type: "string", default: "1" },
    hz: { type: "string", default: "60" },
  },
});

/** What a game's back end does: gets a grant for a player. Used for many, whom a code lets in slowly. */
async function grant(): Promise<string> {
  const response = await fetch(`${values.director}/v1/sessions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${(await Deno.readTextFile(values.token!)).trim()}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({
      serverId: "lab",
      ...(values["ping-location"] === undefined ? {} : { pingLocation: values["ping-location"] }),
    }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  // The reply is the grant.
  return text;
}

type BeatClient = Client<typeof Beats>;

async function play(given?: string): Promise<Heartbeat> {
  const startMs = performance.now();
  const client: BeatClient = values.director === undefined
    ? await connect(Beats, values.join, { timeoutMs: 10_000 })
    : await connect(Beats, "", { relay: given ?? grant, timeoutMs: 10_000 });
  return new Heartbeat(client, performance.now() - startMs);
}

const players: Heartbeat[] = [];
const wanted = Number(values.players);
while (players.length < wanted) {
  const group = Math.min(10, wanted - players.length);
  players.push(...await Promise.all(Array.from({ length: group }, () => play())));
}
/** Many players do not all send in the same millisecond, as they would not elsewhere. */
const groups = Math.min(10, wanted);
let turn = 0;
const timer = setInterval(() => {
  for (let at = turn % groups; at < players.length; at += groups) players[at]!.beat();
  turn++;
}, 1_000 / Number(values.hz) / groups);
stdout.json({ event: "ready", connectMs: players[0]!.connectMs, ...players[0]!.route() });

let kept = "";
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "report") {
    stdout.json({ event: "report", players: players.map((player) => player.report()) });
  } else if (line === "ticket") {
    kept = await grant();
    stdout.json({ event: "ticket" });
  } else if (line === "use") {
    const player = await play(kept);
    players.push(player);
    stdout.json({ event: "used", connectMs: player.connectMs });
  }
}
clearInterval(timer);
await Promise.all(players.map((player) => player.close()));
