/**
 * A game server that sends every beat back. Says how to join in one line of JSON, and ends with its input.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { serve } from "../../../server/mod.ts";
import { stdout } from "../../../server/cli_output.ts";
import type { Exposure } from "../../../protocol/relay/hop_ticket.ts";
import { Beats } from "./beat.ts";

const { values } = parseArgs({
  options: {
    director: { type: "string", default: "" },
    token: { type: "string", default: "" },
    id: { type: "string", default: "lab" },
    exposure: { type: "string", default: "never" },
    region: { type: "string" },
    exit: { type: "string" },
    address: { type: "string" },
  },
});
const { id, director, token, exposure, region, exit, address } = values;
const server = await serve(Beats, {
  hostname: "0.0.0.0",
  port: 9_999,
  maxPeers: 1_000,
  relay: {
    directorUrl: director,
    token: (await Deno.readTextFile(token)).trim(),
    id,
    // Text from our own command line: the director checks it.
    exposure: exposure as Exposure,
    ...(region === undefined ? {} : { region }),
    ...(exit === undefined ? {} : { exits: exit.split(",") }),
    ...(address === undefined ? {} : { address: { hostname: address, port: 9_999 } }),
  },
});
server.on(Beats.Beat, (peer, beat) => peer.send(Beats.Beat, beat));
stdout.json({ event: "ready", joinUrl: server.relay?.joinUrl });
for await (const _ of Deno.stdin.readable);
await server.close();
