/**
 * Three regions with lines of different lengths between them: which route a session takes.
 *
 * @module
 */
import type { LabHost } from "./lab.ts";
import type { LabProcess } from "./lab_process.ts";
import { pause, type Playground, reportOf, withPlayground } from "./playground.ts";
import { RELAY_PORT } from "./relay_fleet.ts";

/** One session and the routes that there were for it. */
export interface RegionRow {
  /** What had happened before. */
  readonly when: string;
  /** Relays that the session's data took. */
  readonly route: string;
  /** Round trip that was measured over it. */
  readonly rttMs: number;
  /** Of the routes that a session might take, the shortest by the delays that were set, and its round trip. */
  readonly shortest: string;
  /** Its round trip, as set. */
  readonly shortestMs: number;
}

/** Delays in milliseconds, each way; 0 where there is none. The player is near `eu`, the server in `us`. */
type Delays = Readonly<Record<string, number>>;

const RELAYS = ["eu", "mid", "us"] as const;

const BEFORE: Delays = {
  "cli-eu": 5,
  "cli-mid": 40,
  "cli-us": 80,
  "eu-us": 40,
  "eu-mid": 15,
  "mid-us": 15,
  "srv-mid": 15,
};

/** The line between eu and mid gets much longer. */
const AFTER: Delays = { ...BEFORE, "eu-mid": 60 };

/** What a session of at most two relays may take to the anchors in us and mid. */
const ROUTES: readonly (readonly string[])[] = [
  ["us"],
  ["mid"],
  ["eu", "us"],
  ["eu", "mid"],
  ["mid", "us"],
  ["us", "mid"],
];

/** Port at which a relay is reached by those that come over a line. */
const LINE_PORT = 7_999;

/** Relays measure each other over windows of ten seconds, and tell every two. */
const MEASURING_MS = 14_000;

/** Plays before and after the line changes; a session that runs meanwhile is looked at, too. */
export async function regionRoutes(): Promise<RegionRow[]> {
  return await withPlayground(async (playground) => {
    const { lab, fleet } = playground;
    const hosts = new Map(
      ["cli", "srv", "eu", "mid", "us"].map((name) => [name, lab.host(name)] as const),
    );
    // All rules first: they are for new flows, and relays talk to each other from their first moment on.
    for (const id of RELAYS) {
      lab.rules(
        hosts.get(id)!,
        `table ip line { chain come { type nat hook prerouting priority -100;
         udp dport ${LINE_PORT} redirect to :${RELAY_PORT}
        }\n }`,
      );
    }
    const lines = new Map<string, LabProcess[]>();
    for (const [ends, delayMs] of Object.entries(BEFORE)) {
      lines.set(ends, await openLine(playground, hosts, ends, delayMs));
    }
    await Promise.all(RELAYS.map((id) => fleet.add(id, { host: hosts.get(id)! })));
    await pause(MEASURING_MS);
    const server = await playground.serve(hosts.get("srv")!, { region: "us", exit: "us,mid" });
    const rows = [await play(playground, hosts, server.joinUrl, "at first", BEFORE)];
    for (const line of lines.get("eu-mid")!) {
      line.kill("SIGKILL");
      await line.status;
    }
    await openLine(playground, hosts, "eu-mid", AFTER["eu-mid"]!);
    await pause(MEASURING_MS);
    rows.push(await play(playground, hosts, server.joinUrl, "eu - mid is longer", AFTER));
    return rows;
  });
}

async function play(
  playground: Playground,
  hosts: ReadonlyMap<string, LabHost>,
  joinUrl: string,
  when: string,
  delays: Delays,
): Promise<RegionRow> {
  const player = playground.join(hosts.get("cli")!, { joinUrl });
  await player.next("ready");
  await pause(3_000);
  const [report] = await reportOf(player);
  await player.close();
  const [shortest] = ROUTES.map((route) => ({ route, ms: roundTripMs(route, delays) }))
    .sort((a, b) => a.ms - b.ms);
  return {
    when,
    route: report!.relays.join(" > "),
    rttMs: report!.rttMs,
    shortest: shortest!.route.join(" > "),
    shortestMs: shortest!.ms,
  };
}

function roundTripMs(route: readonly string[], delays: Delays): number {
  const stops = ["cli", ...route, "srv"];
  let sum = 0;
  for (const [at, to] of stops.slice(1).entries()) {
    const from = stops[at]!;
    // The server stands next to us.
    sum += 2 * (delays[`${from}-${to}`] ?? delays[`${to}-${from}`] ?? 0);
  }
  return sum;
}

/** Frames of two hosts to each other's relay go through a proxy at the sender, with the sender's address. */
async function openLine(
  { lab }: Playground,
  hosts: ReadonlyMap<string, LabHost>,
  ends: string,
  delayMs: number,
): Promise<LabProcess[]> {
  const [one = "", other = ""] = ends.split("-");
  const ways = one === "cli" || one === "srv"
    ? [[one, other]] as const
    : [[one, other], [other, one]] as const;
  return await Promise.all(ways.map(async ([from, to]) => {
    const [host, target] = [hosts.get(from)!, hosts.get(to)!];
    const port = 9_000 + [...hosts.keys()].indexOf(to);
    lab.rules(
      host,
      `table ip to_${to}
       delete table ip to_${to}
       table ip to_${to} { chain leave { type nat hook output priority -100;
         ip daddr ${target.address} udp dport ${RELAY_PORT} redirect to :${port}
        }\n }`,
    );
    const process = lab.start(host, {
      name: `line ${from} - ${to}`,
      script: "tools/impair.ts",
      args: [
        ...["--listen", `127.0.0.1:${port}`, "--to", `${target.address}:${LINE_PORT}`],
        ...["--sim", `delay=${delayMs}ms`, "--json"],
      ],
    });
    await process.next("ready");
    return process;
  }));
}
