/**
 * Echo: sends back whatever comes. Without ticks an answer leaves at once.
 *
 *   deno run -A examples/echo/server.ts
 *
 * @module
 */
import { serve, type Server } from "../../mod.ts";
import { Echo } from "../../schema/messages/echo.ts";
import { runCommand } from "../../server/cli_command.ts";
import { addressOf, runUntilStopped, serverFlags } from "../run_server.ts";

/** Serves {@link Echo}. */
export async function serveEcho(
  options: { port: number; hostname?: string },
): Promise<Server<typeof Echo>> {
  const server = await serve(Echo, options);
  server.on(Echo.Ping, (peer, ping) => {
    peer.send(Echo.Pong, ping);
  });
  return server;
}

if (import.meta.main) {
  await runCommand({
    usage: "examples/echo/server.ts [options]",
    about: "Sends back whatever comes.",
    flags: serverFlags,
  }, async ({ values }) => {
    const server = await serveEcho(addressOf(values));
    await runUntilStopped(server, { json: values.json, client: "examples/echo/client.ts" });
  });
}
