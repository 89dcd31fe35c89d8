/**
 * Players and servers behind NATs of all kinds: who reaches whom, how, and how soon.
 *
 * @module
 */
import { ACCESS_KINDS, type AccessKind } from "./lab.ts";
import { pause, reportOf, watch, withPlayground } from "./playground.ts";

/** A player's NAT and a server's. */
export type NatPair = readonly [client: AccessKind, server: AccessKind];

/** What one pair came to. */
export interface NatRow {
  /** How the player is connected. */
  readonly client: AccessKind;
  /** How the server is. */
  readonly server: AccessKind;
  /** How long `connect` took, the join code and measuring relays included. */
  readonly connectMs: number;
  /** `direct`, `punched` or `relayed`, after at most five seconds. */
  readonly route: string;
  /** From the start of the session to the first look at which the path was direct; NaN when relayed. */
  readonly directAfterMs: number;
  /** Beats of the second after, there and back. */
  readonly sent: number;
  /** How many of them came back. */
  readonly returned: number;
}

/** Longest time in which a direct path is looked for: three tries of 1.2 s and what is said between. */
const PUNCHING_MS = 6_000;

/** All pairs. */
export const ALL_PAIRS: readonly NatPair[] = ACCESS_KINDS.flatMap((client) =>
  ACCESS_KINDS.map((server): NatPair => [client, server])
);

/** What is possible: a symmetric NAT and a port-restricted one cannot open a hole for each other. */
export function expectedRoute([client, server]: NatPair): string {
  if (server === "public") return "direct";
  if (client === "public") return "punched";
  return client === "symmetric" || server === "symmetric" ? "relayed" : "punched";
}

/** Plays once for every pair, over two relays to choose from. */
export async function natMatrix(pairs: readonly NatPair[]): Promise<NatRow[]> {
  return await withPlayground(async (playground) => {
    const { lab, fleet } = playground;
    await Promise.all([fleet.add("ra"), fleet.add("rb")]);
    const servers = new Map(
      await Promise.all([...new Set(pairs.map(([, kind]) => kind))].map(async (kind) =>
        [
          kind,
          await playground.serve(lab.host(`s-${kind}`, kind), {
            id: `lab-${kind}`,
            exposure: "prefer",
            isPublic: kind === "public",
          }),
        ] as const
      )),
    );
    const hosts = new Map(
      [...new Set(pairs.map(([kind]) => kind))].map((kind) =>
        [kind, lab.host(`c-${kind}`, kind)] as const
      ),
    );
    const rows: NatRow[] = [];
    for (const [client, server] of pairs) {
      const player = playground.join(hosts.get(client)!, servers.get(server)!);
      const { connectMs } = await player.next("ready");
      const startMs = performance.now();
      const { kind } = await watch(player, (now) => now.kind !== "relayed", PUNCHING_MS);
      const directAfterMs = kind === "relayed" ? NaN : performance.now() - startMs;
      await reportOf(player);
      await pause(1_000);
      const [{ sent, returned, kind: route } = { sent: 0, returned: 0, kind: "" }] = await reportOf(
        player,
      );
      rows.push({
        client,
        server,
        connectMs: Number(connectMs),
        route,
        directAfterMs,
        sent,
        returned,
      });
      await player.close();
    }
    return rows;
  });
}
