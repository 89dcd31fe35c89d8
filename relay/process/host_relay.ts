/**
 * Runs relay, director, or both, from the first line of output to the last.
 *
 * @module
 */
import { join } from "node:path";
import { getLogger } from "npm:@logtape/logtape@2.4.2";
import { DEFAULT_DIRECTOR_PORT } from "../director/api/serve_director.ts";
import { loadOrCreateSecrets } from "../director/api/secrets_file.ts";
import { serveRelay } from "../serve_relay.ts";
import { ownAddress } from "./advertised_address.ts";
import { type DirectorHost, openDirectorHost } from "./director_host.ts";
import { type DirectorLink, httpDirectorLink } from "./director_link.ts";
import { HttpFront } from "./http_front.ts";
import { logHeartEvent } from "./log_heart_event.ts";
import { nextSteps } from "./next_steps.ts";
import type { Relay } from "./relay.ts";
import type { RelayConfig } from "./relay_config.ts";
import type { HeartEvent } from "./relay_heart.ts";
import type { RelayReport } from "./relay_report.ts";
import { statusApi } from "./status_api.ts";
import { TakenOver } from "./takeover_guest.ts";
import { refuseSecond, TakeoverHost, takeoverPath } from "./takeover_host.ts";
import { readTokenFile, tokenFileOf, writeTokenFiles } from "./token_file.ts";

/** HTTP port of a relay without a director. */
export const DEFAULT_RELAY_HTTP_PORT = 9_981;

/** How long the old process empties its sockets after a takeover. */
const EMPTYING_MS = 1_000;

/** What surrounds the process. */
export interface HostRelaySurroundings {
  /** What the operator is told. */
  readonly report: RelayReport;
  /** Resolves when somebody wants the process to end. */
  readonly stopSignal: Promise<void>;
  /** How commands for other programs are written, such as `deno run -A server/main.ts`. */
  readonly commandOf: (file: string) => string;
}

/** The director's half of a process. */
interface DirectorSide {
  readonly link: DirectorLink;
  readonly host: DirectorHost | undefined;
  readonly url: string;
  readonly statusTokens: readonly string[];
}

/**
 * Runs until it is stopped, drained by the director, or taken over.
 *
 * @throws Errors with a `code` for everything that an operator can put right.
 */
export async function hostRelay(
  config: RelayConfig,
  surroundings: HostRelaySurroundings,
): Promise<void> {
  const { report, stopSignal } = surroundings;
  const { role, id, folder, takesOver, drainMs } = config;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const path = takeoverPath(folder, id);
  // Before the director hears of it: a second process by mistake would change where the first one is.
  if (!takesOver && role !== "director") await refuseSecond(path);
  const takenOver = takesOver ? await TakenOver.begin(path, id) : undefined;
  // A director of the old process has the port until the sessions are here; where it will be is known.
  const front = new HttpFront(config.httpHost, config.httpPort ?? defaultHttpPort(role));
  const drained = Promise.withResolvers<void>();
  let side: DirectorSide | undefined;
  let relay: Relay | undefined;
  let takeover: TakeoverHost | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;
  try {
    if (takenOver === undefined || config.httpPort === 0) await front.listen();
    side = await openDirectorSide(config, front);
    const { host } = side;
    if (takenOver !== undefined && host !== undefined) {
      takenOver.onDirectory = (records) => host.importRecords(records);
    }
    if (role !== "director") {
      relay = await openRelay(config, side, { takenOver, onDrain: drained.resolve });
      await takenOver?.finish();
      await front.listen();
      takeover = await TakeoverHost.listen(
        path,
        relay.takeoverSource({
          makeRoom: () => front.close(),
          exportDirectory: () => side?.host?.exportRecords() ?? "",
        }),
      );
    }
    front.answer(
      relay,
      side.host?.fetch,
      relay && statusApi(relay, {
        tokens: side.statusTokens,
        behindProxy: config.behindProxy,
      }),
    );
    announce(config, surroundings, { relay, front, side, takenOver });
    timer = startStats(relay, report, config.statsMs);
    const isTakenOver = await Promise.race([
      stopSignal.then(() => false),
      drained.promise.then(() => false),
      ...(takeover === undefined ? [] : [takeover.done.then(() => true)]),
    ]);
    if (isTakenOver) {
      report.takenOver();
      await new Promise((resolve) => setTimeout(resolve, EMPTYING_MS));
    } else if (relay !== undefined) await drain(relay, report, drainMs);
  } finally {
    clearInterval(timer);
    takenOver?.cancel();
    await takeover?.close();
    await front.close();
    await relay?.close();
    await side?.host?.close();
  }
  report.stopped();
}

function defaultHttpPort(role: RelayConfig["role"]): number {
  return role === "relay" ? DEFAULT_RELAY_HTTP_PORT : DEFAULT_DIRECTOR_PORT;
}

async function openDirectorSide(config: RelayConfig, front: HttpFront): Promise<DirectorSide> {
  const { role, folder, directorUrl, tokenFile } = config;
  if (role === "relay") {
    // The command line has been checked: a relay alone has a director.
    const url = directorUrl!;
    const token = await readTokenFile(tokenFile ?? tokenFileOf(folder, "relay"));
    return { link: httpDirectorLink({ url, token }), host: undefined, url, statusTokens: [token] };
  }
  const secrets = await loadOrCreateSecrets(join(folder, "director.json"));
  await writeTokenFiles(folder, secrets.tokens);
  const url = config.publicUrl ?? front.url;
  const host = await openDirectorHost({
    secrets,
    nats: config.nats,
    publicUrl: url,
    behindProxy: config.behindProxy,
    keyPeriodMs: config.keyPeriodMs,
    maxRelays: config.maxRelays,
    onDefect: (error) => {
      getLogger(["tickwire", "relay"]).error("A defect of the director: {error}", { error });
    },
  });
  const { operator, relay } = secrets.tokens;
  return { link: host.link, host, url, statusTokens: [...operator, ...relay] };
}

async function openRelay(
  config: RelayConfig,
  side: DirectorSide,
  more: { readonly takenOver: TakenOver | undefined; readonly onDrain: () => void },
): Promise<Relay> {
  const { role, capacity, ceilingPps, zone, egressCostMs, host, sim, advertise } = config;
  let drainTimer: ReturnType<typeof setTimeout> | undefined;
  const onEvent = (event: HeartEvent): void => {
    logHeartEvent(event);
    if (event.kind !== "drain" || role === "both") return;
    // Whoever drains a relay by the director means the process; a director in it would go, too.
    clearTimeout(drainTimer);
    if (event.untilMs === undefined) return;
    drainTimer = setTimeout(more.onDrain, Math.max(0, event.untilMs - Date.now()));
    Deno.unrefTimer(drainTimer);
  };
  return await serveRelay({
    id: config.id,
    region: config.region,
    version: config.version,
    secretKey: config.secretKey,
    director: side.link,
    advertise: advertise ?? ownAddress(host, Deno.networkInterfaces()),
    port: config.port,
    shards: config.shards,
    firstShard: config.firstShard,
    isSteered: config.isSteered,
    answersStun: config.answersStun,
    limits: {
      ...(capacity === undefined ? {} : { sessions: capacity }),
      ...(ceilingPps === undefined ? {} : { ceilingPps }),
    },
    ...(host === undefined ? {} : { hostname: host }),
    ...(zone === undefined ? {} : { provider: zone }),
    ...(egressCostMs === undefined ? {} : { egressCostMs }),
    ...(sim === undefined ? {} : { sim }),
    ...(side.host === undefined ? {} : { mesh: side.host.mesh }),
    ...(more.takenOver === undefined ? {} : { takenOver: more.takenOver }),
    onEvent,
  });
}

function announce(
  config: RelayConfig,
  { report, commandOf }: HostRelaySurroundings,
  { relay, front, side, takenOver }: {
    readonly relay: Relay | undefined;
    readonly front: HttpFront;
    readonly side: DirectorSide;
    readonly takenOver: TakenOver | undefined;
  },
): void {
  const advertised = relay?.advertised ?? [];
  report.ready({
    role: config.role,
    url: side.url,
    httpUrl: front.url,
    id: relay?.id,
    region: relay?.region,
    host: relay?.address.hostname,
    port: relay?.address.port,
    advertised: advertised.map(({ hostname, port }) =>
      `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`
    ),
    isConnected: relay?.isConnected ?? true,
    takenOver: takenOver?.sessions,
    nextSteps: nextSteps({
      role: config.role,
      url: side.url,
      httpUrl: front.url,
      folder: config.folder,
      commandOf,
    }),
  });
}

function startStats(
  relay: Relay | undefined,
  report: RelayReport,
  statsMs: number,
): ReturnType<typeof setInterval> | undefined {
  if (relay === undefined || statsMs <= 0) return undefined;
  return setInterval(async () => report.stats(await relay.snapshot()), statsMs);
}

/** Waiting makes sense only where there is another relay to move to. */
async function drain(relay: Relay, report: RelayReport, drainMs: number): Promise<void> {
  const isAlone = relay.peers === 0;
  const sessions = await relay.countSessions();
  if (sessions > 0 && !isAlone && drainMs > 0) report.draining(sessions, drainMs / 1_000);
  await relay.drain(isAlone ? 0 : drainMs);
}
