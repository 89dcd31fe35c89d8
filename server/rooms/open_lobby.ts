/**
 * Opens the lobby of a server.
 *
 * @module
 */
import type { ServerEndpoint } from "../../protocol/server_endpoint.ts";
import { type ProtocolCore, roomKindsOf } from "../../schema/mod.ts";
import type { HandlerTable } from "../../protocol/handler_table.ts";
import { systemRandom } from "../../transport/system_random.ts";
import type { ServerEvents } from "../handlers.ts";
import type { PeerTable } from "../peer_table.ts";
import type { Server } from "../server.ts";
import type { ServerParts } from "../server_parts.ts";
import { Lobby } from "./lobby.ts";
import type { LobbyOptions } from "./lobby_options.ts";
import type { AnyRoomDefinition } from "./room_definition.ts";

/** What a server is made of, as far as its lobby works with it. */
export interface LobbyServerParts<Data> {
  /** As given to the server. */
  readonly parts: ServerParts<Data>;
  /** Sessions. */
  readonly endpoint: ServerEndpoint;
  /** Peers. */
  readonly table: PeerTable<Data>;
  /** The server's own handlers. */
  readonly handlers: HandlerTable<ServerEvents<Data>>;
}

/** Opens a lobby. Throws as `Server.rooms` does. */
export function openLobby<P extends ProtocolCore, Data>(
  server: Server<P, Data>,
  { parts, endpoint, table, handlers }: LobbyServerParts<Data>,
  definitions: readonly AnyRoomDefinition[],
  options: LobbyOptions,
): Lobby<P> {
  if (roomKindsOf(server.protocol) === undefined) {
    throw new TypeError(
      `Cannot open rooms: declare protocol "${server.protocol.name}" with withRooms()`,
    );
  }
  const { clock, options: { tickHz = 0, environment } } = parts;
  // The lobby never looks at what the game keeps with a peer, so peers of any data will do.
  return new Lobby(
    server as unknown as Server<P, unknown>,
    {
      clock,
      periodMs: tickHz === 0 ? undefined : 1000 / tickHz,
      random: environment?.random ?? systemRandom,
      drops: endpoint.drops,
      dispatch: (peer, message, value) => handlers.dispatch(message, peer, value),
      resume: (peer) => table.resume(peer.id, clock.nowMs()),
      ...(environment?.spawnRoomWorker === undefined
        ? {}
        : { spawnWorker: environment.spawnRoomWorker }),
    },
    definitions,
    options,
  );
}
