/**
 * The director: knows relays and servers, picks routes, seals tickets.
 *
 * Knows nothing of HTTP: `director_api.ts` serves it. Several directors share one directory and one key;
 * any of them answers any request. Nothing on the data path waits for one.
 *
 * @module
 */
import type { RelayGrant } from "../../protocol/relay/hop_ticket.ts";
import type { Clock, TimerId } from "../../transport/clock.ts";
import { systemClock } from "../../transport/system_clock.ts";
import { systemRandom } from "../../transport/system_random.ts";
import type { Directory, DirectoryState, Unsubscribe } from "../directory/directory.ts";
import { MAX_HOPS, type RelayRecord, type ServerRecord } from "../directory/records.ts";
import { Allocator } from "./allocator.ts";
import { asDirectorError, type DirectorContext } from "./director_context.ts";
import { DirectorError } from "./director_error.ts";
import { equalText } from "./equal_text.ts";
import type { FleetHooks } from "./fleet_hooks.ts";
import { grantToJson } from "../../protocol/relay/api/grant_json.ts";
import { JoinCodes } from "./join_codes.ts";
import { type KeyHolder, KeyTree } from "./key_tree.ts";
import { LabelOffice } from "./label_office.ts";
import { followMesh } from "./follow_mesh.ts";
import { beaconsOf, regionsOf } from "./listings.ts";
import { RelayDesk } from "./relay_desk.ts";
import type {
  AllocateReply,
  AllocateRequest,
  BeaconsReply,
  CodeReply,
  CodeRequest,
  DrainRequest,
  JoinRequest,
  MoveRequest,
  RegionsReply,
  RelayHeartbeat,
  RelayReply,
  RenewReply,
  ServerHeartbeat,
  ServerRegistration,
  ServerReply,
  SessionRequest,
} from "./requests.ts";
import { Revocations } from "./revocations.ts";
import type { RoutePlanner } from "./route_planner.ts";
import { ServerDesk } from "./server_desk.ts";
import { SessionDesk } from "./session_desk.ts";

/** Options of {@link Director.open}. */
export interface DirectorOptions {
  /** What all directors know. */
  readonly directory: Directory;
  /** 32 secret bytes that all directors of a network share. */
  readonly key: Uint8Array;
  /** Picks routes. */
  readonly planner: RoutePlanner;
  /** Names this director in replies and logs. Default: random. */
  readonly id?: string;
  /** Where clients reach the API, such as `https://director.example.org`; without it, no renew URLs. */
  readonly publicUrl?: string;
  /** Most relays of a route, 1 to 3. Default 2: a third machine is seldom worth it. */
  readonly maxRelays?: number;
  /** How long tickets are sealed with one key; the same for all directors. Default 24 hours. */
  readonly keyPeriodMs?: number;
  /** Told of demand for game servers. */
  readonly fleet?: FleetHooks;
  /** Default: real time. */
  readonly clock?: Clock;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly wallClockMs?: () => number;
  /** Fills a buffer with random bytes. Default: the operating system's. */
  readonly random?: (into: Uint8Array) => void;
}

/** Time between two sweeps of what is due. */
const SWEEP_MS = 10_000;
const DEFAULT_DRAIN_SECONDS = 300;

/** A director. */
export class Director {
  readonly #context: DirectorContext;
  readonly #relays: RelayDesk;
  readonly #servers: ServerDesk;
  readonly #sessions: SessionDesk;
  readonly #allocator: Allocator;
  readonly #codes: JoinCodes;
  readonly #labels: LabelOffice;
  readonly #stopListening: Unsubscribe;
  #timer: TimerId | undefined;

  private constructor(context: DirectorContext) {
    const { directory, clock, tools } = context;
    const revocations = new Revocations();
    this.#context = context;
    this.#labels = new LabelOffice(directory, tools.random);
    this.#relays = new RelayDesk(context, revocations);
    const parts = { relays: this.#relays, labels: this.#labels };
    this.#servers = new ServerDesk(context, { ...parts, revocations });
    const { mesh, stop } = followMesh(directory, clock);
    this.#sessions = new SessionDesk(context, { ...parts, servers: this.#servers, mesh });
    this.#allocator = new Allocator(context);
    this.#codes = new JoinCodes(context);
    const unsubscribe = directory.subscribe((message) => revocations.take(message, clock.nowMs()));
    this.#stopListening = () => {
      stop();
      unsubscribe();
    };
    this.#sweepLater();
  }

  /**
   * Makes a director, after a look whether the others have the same key.
   *
   * @throws DirectorError `conflict` when they have not; `away` when nobody can be asked.
   * @throws RangeError for a key of another length.
   */
  static async open(options: DirectorOptions): Promise<Director> {
    const { directory, key, planner, publicUrl, fleet = {}, clock = systemClock } = options;
    const { random = systemRandom, maxRelays = 2 } = options;
    // Records hold whole milliseconds; a clock that is made of a monotonic one has fractions.
    const wallClockMs = (): number => Math.floor((options.wallClockMs ?? Date.now)());
    if (!(maxRelays >= 1 && maxRelays <= MAX_HOPS)) {
      throw new RangeError(`A route has 1 to ${MAX_HOPS} relays, not ${maxRelays}`);
    }
    const { keyPeriodMs } = options;
    const keys = new KeyTree(key, keyPeriodMs === undefined ? {} : { periodMs: keyPeriodMs });
    await checkFingerprint(directory, keys.fingerprint);
    const keyOf = (holder: KeyHolder) => keys.sealingKey(holder, wallClockMs());
    return new Director({
      id: options.id ?? `d-${crypto.randomUUID().slice(0, 8)}`,
      directory,
      keys,
      clock,
      wallClockMs,
      planner,
      tools: { keyOf, random },
      maxRelays,
      publicUrl: publicUrl?.replace(/\/$/, ""),
      fleet,
    });
  }

  /** Names this director. */
  get id(): string {
    return this.#context.id;
  }

  /** `"away"` while the directory is: renewals go on, what has to be written does not. */
  get state(): DirectoryState {
    return this.#context.directory.state;
  }

  /** Monotonic time, for limits of whoever serves this director. */
  get clock(): Clock {
    return this.#context.clock;
  }

  /** Takes a relay's heartbeat. Throws DirectorError `invalid`, `conflict` or `away`. */
  relayHeartbeat(beat: RelayHeartbeat): Promise<RelayReply> {
    return translated(() => this.#relays.heartbeat(beat));
  }

  /** Takes a game server in. Throws DirectorError `invalid`, `conflict`, `no-capacity` or `away`. */
  registerServer(registration: ServerRegistration): Promise<ServerReply> {
    return translated(() => this.#servers.register(registration));
  }

  /** Takes a server's heartbeat. Throws DirectorError `not-found`, `forbidden` or `away`. */
  serverHeartbeat(serverId: string, beat: ServerHeartbeat): Promise<ServerReply> {
    return translated(() => this.#servers.heartbeat(serverId, beat));
  }

  /** Forgets a server. Throws DirectorError `forbidden` or `away`. */
  removeServer(serverId: string, leaseToken: string): Promise<void> {
    return translated(() => this.#servers.remove(serverId, leaseToken));
  }

  /** Opens a session. Throws DirectorError `invalid`, `not-found`, `no-capacity` or `away`. */
  openSession(request: SessionRequest): Promise<RelayGrant> {
    return translated(() => this.#sessions.open(request));
  }

  /** Seals renewals for a session. Throws DirectorError `invalid`, `not-found` or `away`. */
  renewSession(sessionId: string): Promise<RenewReply> {
    return translated(() => this.#sessions.renew(sessionId));
  }

  /**
   * Gives a session other routes: epoch + 1, the same front relay where it can stay.
   * Throws DirectorError `invalid`, `not-found`, `no-capacity`, `conflict` or `away`.
   */
  moveSession(sessionId: string, request: MoveRequest): Promise<RelayGrant> {
    return translated(() => this.#sessions.move(sessionId, request));
  }

  /** Ends a session everywhere. Throws DirectorError `invalid`, `not-found` or `away`. */
  endSession(sessionId: string): Promise<void> {
    return translated(() => this.#sessions.end(sessionId));
  }

  /** Whether a token is the one that the holder of a session was given. */
  isSessionToken(sessionId: string, token: string): boolean {
    return equalText(token, this.#context.keys.sessionToken(sessionId));
  }

  /**
   * Finds a server with room for all players and opens a session for each.
   * Throws DirectorError `invalid`, `no-capacity`, `conflict` or `away`.
   */
  allocate(request: AllocateRequest): Promise<AllocateReply> {
    return translated(async () => {
      const { server, reservationId, expiresAtMs } = await this.#allocator.allocate(request);
      const grants = await Promise.all(
        request.players.map((player) =>
          this.#sessions.open({
            ...player,
            ...(request.regions === undefined ? {} : { regions: request.regions }),
            serverId: server.id,
          })
        ),
      );
      return {
        serverId: server.id,
        serverName: server.name,
        region: server.region,
        reservationId,
        expiresAtMs,
        grants: grants.map(grantToJson),
      };
    });
  }

  /** The join code of a server or room. Throws DirectorError `forbidden`, `not-found` or `away`. */
  makeCode(serverId: string, request: CodeRequest): Promise<CodeReply> {
    return translated(() => {
      this.#servers.checkLease(serverId, request.leaseToken);
      if (this.#servers.get(serverId) === undefined) {
        throw new DirectorError("not-found", `No server "${serverId}"`);
      }
      const { room, lifeSeconds, wish } = request;
      return this.#codes.make(serverId, {
        ...(room === undefined ? {} : { room }),
        ...(lifeSeconds === undefined ? {} : { lifeSeconds }),
        ...(wish === undefined ? {} : { wish }),
      });
    });
  }

  /** Ends the join code of a server or room. Throws DirectorError `forbidden` or `away`. */
  endCode(serverId: string, request: Pick<CodeRequest, "leaseToken" | "room">): Promise<void> {
    return translated(() => {
      this.#servers.checkLease(serverId, request.leaseToken);
      return this.#codes.end(serverId, request.room);
    });
  }

  /**
   * Opens a session for whoever knows a join code.
   *
   * @param from Address that asks: guesses are counted by it, and the grant is for it.
   * @throws DirectorError `not-found`, `too-many`, `no-capacity`, `away`.
   */
  join(
    request: JoinRequest,
    from: { readonly source: string; readonly hostname?: string },
  ): Promise<{ room: string; grant: RelayGrant }> {
    return translated(async () => {
      const { code, ...whereabouts } = request;
      const { serverId, room } = await this.#codes.find(code, from.source);
      const grant = await this.#sessions.open({
        ...whereabouts,
        serverId,
        userData: room,
        ...(from.hostname === undefined ? {} : { clientHostname: from.hostname }),
      });
      return { room, grant };
    });
  }

  /** Lets a relay or server run empty. Throws DirectorError `invalid`, `not-found` or `away`. */
  drain(request: DrainRequest): Promise<void> {
    return translated(async () => {
      const { relayId, serverId, deadlineSeconds = DEFAULT_DRAIN_SECONDS, cancel = false } =
        request;
      if ((relayId === undefined) === (serverId === undefined)) {
        throw new DirectorError("invalid", `Give "relayId" or "serverId"`);
      }
      const deadlineMs = this.#context.wallClockMs() + deadlineSeconds * 1_000;
      if (relayId !== undefined) await this.#relays.drain(relayId, cancel ? undefined : deadlineMs);
      if (serverId !== undefined) await this.#servers.drain(serverId, !cancel);
    });
  }

  /** Regions, and what room they have. */
  regions(): RegionsReply {
    return regionsOf(this.relays(), this.servers(), this.#context.wallClockMs());
  }

  /** Relays that clients may measure, the least loaded first. */
  beacons(): BeaconsReply {
    return beaconsOf(this.relays(), this.#context);
  }

  /** All relays, for status pages. */
  relays(): RelayRecord[] {
    return this.#context.directory.list("relays").map(({ value }) => value);
  }

  /** All servers, for status pages. */
  servers(): ServerRecord[] {
    return this.#context.directory.list("servers").map(({ value }) => value);
  }

  /** Stops timers. The directory stays open: whoever opened it closes it. */
  close(): void {
    if (this.#timer !== undefined) this.#context.clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#stopListening();
  }

  #sweepLater(): void {
    const { clock } = this.#context;
    this.#timer = clock.setTimer(clock.nowMs() + SWEEP_MS, () => {
      void this.#labels.sweep(clock.nowMs());
      this.#sweepLater();
    });
  }
}

/** Two directors with different keys would seal tickets that no relay opens. */
async function checkFingerprint(directory: Directory, fingerprint: string): Promise<void> {
  try {
    if (await directory.create("keys", "director", { fingerprint }) !== undefined) return;
    const entry = await directory.read("keys", "director");
    if (entry?.value.fingerprint === fingerprint) return;
  } catch (error) {
    throw asDirectorError(error);
  }
  throw new DirectorError(
    "conflict",
    "The directors of this directory have another key, or change keys at other times",
  );
}

/** What the directory refuses, in the director's own words. */
async function translated<T>(action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw asDirectorError(error);
  }
}
