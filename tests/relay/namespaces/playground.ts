/**
 * What the scenarios share: a lab with a fleet, game servers and players in it, and figures.
 *
 * @module
 */
import { Lab, type LabHost } from "./lab.ts";
import type { LabProcess } from "./lab_process.ts";
import type { PlayerReport } from "./heartbeat.ts";
import { RelayFleet } from "./relay_fleet.ts";

/** A game server of a lab. */
export interface GameServer {
  /** What runs. */
  readonly process: LabProcess;
  /** How to join. */
  readonly joinUrl: string;
}

/** How a game server is to be. */
export interface GameServerOptions {
  /** Who may learn its address; default `never`. */
  readonly exposure?: string;
  /** Its region; default that of the nearest relay. */
  readonly region?: string;
  /** Ids of its exit relays, with commas; default the nearest. */
  readonly exit?: string;
  /** Its id at the director; default `lab`. */
  readonly id?: string;
  /** Whether relays reach it at its own address, without anchors. */
  readonly isPublic?: boolean;
}

const SCRIPTS = "tests/relay/namespaces";

/** A lab with a fleet. */
export class Playground {
  /** Hosts. */
  readonly lab: Lab;
  /** Director and relays. */
  readonly fleet: RelayFleet;

  /** Use {@link withPlayground}. */
  constructor(lab: Lab, fleet: RelayFleet) {
    this.lab = lab;
    this.fleet = fleet;
  }

  /** Starts a game server. */
  async serve(host: LabHost, options: GameServerOptions = {}): Promise<GameServer> {
    const { exposure = "never", region, exit, id = "lab", isPublic = false } = options;
    const { fleet } = this;
    const process = this.lab.start(host, {
      name: `server ${id}`,
      script: `${SCRIPTS}/beat_server.ts`,
      args: [
        ...["--director", fleet.directorUrl, "--token", fleet.tokenFile("server")],
        ...["--id", id, "--exposure", exposure],
        ...(region === undefined ? [] : ["--region", region]),
        ...(exit === undefined ? [] : ["--exit", exit]),
        ...(isPublic ? ["--address", host.address] : []),
      ],
    });
    const { joinUrl } = await process.next("ready");
    return { process, joinUrl: String(joinUrl) };
  }

  /** Starts a program with one player or more, who join by code. */
  join(host: LabHost, { joinUrl }: Pick<GameServer, "joinUrl">, ...args: string[]): LabProcess {
    return this.lab.start(host, {
      name: "player",
      script: `${SCRIPTS}/beat_client.ts`,
      args: ["--join", joinUrl, ...args],
    });
  }

  /** Starts players whom a back end sends to the server: as many as wanted, and quicker than by code. */
  send(host: LabHost, ...args: string[]): LabProcess {
    const { fleet } = this;
    return this.lab.start(host, {
      name: "players",
      script: `${SCRIPTS}/beat_client.ts`,
      args: ["--director", fleet.directorUrl, "--token", fleet.tokenFile("backend"), ...args],
    });
  }
}

/** Runs a scenario in a lab of its own, and leaves nothing of it. */
export async function withPlayground<T>(
  scenario: (playground: Playground) => Promise<T>,
  directorArgs: readonly string[] = [],
): Promise<T> {
  const lab = new Lab();
  let fleet: RelayFleet | undefined;
  try {
    fleet = await RelayFleet.start(lab, directorArgs);
    return await scenario(new Playground(lab, fleet));
  } finally {
    await fleet?.dispose();
    await lab.dispose();
  }
}

/** What each player has seen since the last report. */
export async function reportOf(players: LabProcess): Promise<PlayerReport[]> {
  // Written by beat_client.ts in this form.
  return (await players.ask("report", "report"))["players"] as PlayerReport[];
}

/** Looks at one player ten times a second until it is as wished; what was seen last. */
export async function watch(
  player: LabProcess,
  isAsWished: (report: PlayerReport) => boolean,
  timeoutMs: number,
): Promise<PlayerReport> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const [report] = await reportOf(player);
    if (isAsWished(report!) || performance.now() > endMs) return report!;
    await pause(100);
  }
}

/** Waits: labs run in real time. */
export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
