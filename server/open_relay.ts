/**
 * Registers a server with its director before it begins to serve.
 *
 * @module
 */
import { encodeKey } from "../protocol/connect_url.ts";
import type { CryptoBackend } from "../protocol/crypto/backend.ts";
import type { ServerRegistration, ServerReply } from "../protocol/relay/api/server_requests.ts";
import { ServerLeg } from "../protocol/relay/legs/server_leg.ts";
import { loadSodiumSipHasher } from "../protocol/relay/sodium_siphash.ts";
import type { Clock } from "../transport/clock.ts";
import { DirectorHttp, DirectorRequestError, type Fetch } from "../transport/director_http.ts";
import { measureBeacons } from "../transport/measure_beacons.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import { RelayGate } from "../transport/relay_gate.ts";
import { RestartablePipe } from "../transport/restartable_pipe.ts";
import { RelayDesk } from "./relay_desk.ts";
import { RelayLink } from "./relay_link.ts";
import type { ServeRelayOptions } from "./relay_options.ts";

/** For how long a director or relay that is not there yet is waited for. */
const PATIENCE_MS = 10_000;

/** Between two tries in that time. */
const RETRY_MS = 500;

/**
 * Between two PINGs to a relay at which the server is anchored. NATs would be content with 15 s; but a relay
 * that was restarted has forgotten the anchor, and until the next PING no route over it leads here.
 */
const ANCHOR_PING_MS = 2_000;

/** Exit relays that a server asks for: as many as it is given anchors. */
const WANTED_EXITS = 2;

/** What registering takes. */
export interface OpenRelayOptions {
  /** As the caller gave them. */
  readonly options: ServeRelayOptions;
  /** The server's pipe. Taken over, also when this fails. */
  readonly pipe: DatagramPipe;
  /** Time and timers. */
  readonly clock: Clock;
  /** Wall clock, milliseconds since 1970, at time 0 of the clock. */
  readonly epochMs: number;
  /** Keys and tags. */
  readonly crypto: CryptoBackend;
  /** Random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** Sends HTTP requests. */
  readonly fetch: Fetch | undefined;
  /** The server's X25519 secret key. */
  readonly staticSecret: Uint8Array;
  /** Name of the game's protocol: players are sent to servers with the same. */
  readonly protocolName: string;
  /** Name for people. */
  readonly name: string;
  /** Players at once. */
  readonly maxPlayers: number;
}

/** A server that relays lead to. */
export interface OpenedRelay {
  /** Its place among relays. */
  readonly relay: RelayLink;
  /** What the server listens on. */
  readonly gate: RelayGate;
  /** Opens connect tickets of the director. */
  readonly ticketKeys: readonly Uint8Array[];
}

/**
 * Registers. A director or relay that is about to start is waited for, ten seconds at most.
 *
 * @throws DirectorRequestError when the director is away, refuses, or knows no relay.
 */
export async function openRelay(opening: OpenRelayOptions): Promise<OpenedRelay> {
  const { options, clock, crypto, random, epochMs, staticSecret, fetch } = opening;
  const { directorUrl, token, exposure = "never", joinCode = true, address } = options;
  const pipe = new RestartablePipe(opening.pipe);
  const director = new DirectorHttp({ url: directorUrl, token, clock, fetch });
  const leg = new ServerLeg({
    relayKeys: [],
    hasher: await loadSodiumSipHasher(),
    crypto,
    random,
    epochMs,
    keepaliveMs: ANCHOR_PING_MS,
    ...(address === undefined ? {} : { publicAddresses: [address] }),
  }, clock.nowMs());
  const gate: RelayGate = new RelayGate(pipe, {
    leg,
    clock,
    acceptDirect: exposure !== "never",
    onEvent: (event) => relay.onAnchorEvent(event),
  });
  const desk = new RelayDesk(director, await registrationOf(opening, director, pipe));
  const relay = new RelayLink({
    desk,
    gate,
    clock,
    crypto,
    random,
    staticSecret,
    directorUrl: director.url,
    exposure,
    hasJoinCode: joinCode,
  });
  const reply = await patiently(
    clock,
    (): Promise<ServerReply> => desk.register(options.exits === undefined),
  );
  const ticketKey = await relay.begin(reply);
  return { relay, gate, ticketKeys: ticketKey === undefined ? [] : [ticketKey] };
}

async function registrationOf(
  opening: OpenRelayOptions,
  director: DirectorHttp,
  pipe: RestartablePipe,
): Promise<ServerRegistration> {
  const { options, crypto, random, staticSecret, name, protocolName, maxPlayers, clock } = opening;
  const { exposure = "never", address } = options;
  const serverKey = crypto.x25519PublicKey(staticSecret);
  const instance = new Uint8Array(8);
  random(instance);
  const { region, exits } = await patiently(
    clock,
    () => placeOf(opening, director, pipe),
  );
  return {
    // Two servers may have one key, as two processes of one folder do; they have not one port.
    id: options.id ?? `s-${serverKey.subarray(0, 8).toHex()}-${pipe.localAddress.port}`,
    protocolId: protocolIdOf(protocolName),
    name,
    region,
    serverKey: encodeKey(serverKey),
    ...(address === undefined ? {} : { hostname: address.hostname, port: address.port }),
    maxPlayers: Math.min(maxPlayers, 65_535),
    exposure,
    acceptsTickets: true,
    instance: instance.toHex(),
    ...(exits.length === 0 ? {} : { exitRelays: [...exits] }),
  };
}

/** Names of protocols may hold what ids may not. */
function protocolIdOf(name: string): string {
  return name.replace(/[^\w-]/g, "_").slice(0, 64);
}

async function placeOf(
  { options, clock, random }: OpenRelayOptions,
  director: DirectorHttp,
  pipe: RestartablePipe,
): Promise<{ readonly region: string; readonly exits: readonly string[] }> {
  const { region, exits } = options;
  if (region !== undefined && exits !== undefined) return { region, exits };
  const { results, regions } = await measureBeacons({ director, pipe, clock, random });
  const nearest = results
    .filter(({ beacon }) => region === undefined || beacon.region === region)
    .map(({ beacon }) => beacon);
  const found = region ?? nearest[0]?.region ?? regions[0];
  if (found === undefined) {
    throw new DirectorRequestError("no-capacity", "The director knows no relay yet");
  }
  return {
    region: found,
    exits: exits ?? nearest.slice(0, WANTED_EXITS).map(({ relayId }) => relayId),
  };
}

/** Tries again for a while what another moment may grant. */
async function patiently<Value>(clock: Clock, action: () => Promise<Value>): Promise<Value> {
  const untilMs = clock.nowMs() + PATIENCE_MS;
  while (true) {
    try {
      return await action();
    } catch (error) {
      const isPassing = error instanceof DirectorRequestError && error.isPassing;
      if (!isPassing || clock.nowMs() + RETRY_MS > untilMs) throw error;
    }
    await new Promise<void>((resolve) => {
      clock.setTimer(clock.nowMs() + RETRY_MS, resolve);
    });
  }
}
