/**
 * What a server's place among relays asks of the server.
 *
 * @module
 */
import type { RelayHost } from "./relay_link.ts";
import type { Server } from "./server.ts";

/**
 * The server as its link sees it.
 *
 * @param onJoinCode Told of every new code.
 */
export function relayHostOf<Data>(
  server: Pick<Server<never, Data>, "peers" | "isDraining">,
  maxPlayers: number,
  onJoinCode: (code: string) => void,
): RelayHost {
  return {
    players: () => server.peers.size,
    maxPlayers,
    isDraining: () => server.isDraining,
    endSession: ({ hostname }) => {
      for (const peer of server.peers.values()) {
        if (peer.address.hostname === hostname) peer.disconnect("the session was ended");
      }
    },
    onJoinCode,
  };
}
