/**
 * Keeps a client's routes: renews their leases, gets others where they drain, fail or expire.
 *
 * Nothing on the way of a packet waits for it. What the director does not answer is asked again, because
 * the leg asks again.
 *
 * @module
 */
import type { ClientLegEvent } from "../protocol/relay/legs/client_leg_options.ts";
import type { RelayGrant } from "../protocol/relay/relay_grant.ts";
import type { Clock } from "../transport/clock.ts";
import { DirectorRequestError, type Fetch } from "../transport/director_http.ts";
import type { GrantSource } from "./grant_source.ts";
import type { RelayLine } from "./relay_line.ts";
import { RelaySessionDesk } from "./relay_session.ts";

/** Between two requests for a whole new grant: directors answer one in five seconds. */
const REJOIN_INTERVAL_MS = 10_000;

/** Between two moves because one of two routes is dead; doubled each time that it did not help. */
const MEND_INTERVAL_MS = 30_000;
const MAX_MEND_INTERVAL_MS = 600_000;

/** The director does not know the session, or can give it no other routes. */
const FORGOTTEN: ReadonlySet<string> = new Set(["not-found", "conflict", "unauthorized"]);

/** What a keeper works with. */
export interface RelayKeeperOptions {
  /** The line whose routes are kept. */
  readonly line: RelayLine;
  /** Where new grants come from. */
  readonly source: GrantSource;
  /** Time. */
  readonly clock: Clock;
  /** Sends HTTP requests. */
  readonly fetch: Fetch | undefined;
}

/** Keeps the routes of one line. */
export class RelayKeeper {
  readonly #options: RelayKeeperOptions;
  #desk: RelaySessionDesk | undefined;
  #isBusy = false;
  #rejoinedAtMs = -Infinity;
  #mendedAtMs = -Infinity;
  #mendIntervalMs = MEND_INTERVAL_MS;

  /** Listens to the line. */
  constructor(options: RelayKeeperOptions) {
    this.#options = options;
    options.line.onEvent = (event) => this.#onEvent(event);
  }

  /**
   * Begins to use a grant: the first one, or one for a new session.
   *
   * @throws TypeError for a grant that makes no sense.
   */
  begin(grant: RelayGrant, isSameSession: boolean): void {
    const { line, source: { directorUrl }, clock, fetch } = this.#options;
    this.#desk = RelaySessionDesk.of(grant, { directorUrl, clock, fetch });
    this.#mendIntervalMs = MEND_INTERVAL_MS;
    line.use(grant, isSameSession);
  }

  #onEvent(event: ClientLegEvent): void {
    if (event.kind === "renew") void this.#once(() => this.#renew());
    else if (event.kind === "routes-needed") void this.#once(() => this.#move());
  }

  /** One request at a time; whoever is not heard now asks again. Never rejects. */
  async #once(action: () => Promise<void>): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      await action();
    } catch {
      // The director is away, or its answer makes no sense: what is bound goes on.
    } finally {
      this.#isBusy = false;
    }
  }

  async #renew(): Promise<void> {
    const { line, clock } = this.#options;
    const { grant, leg } = line;
    if (grant === undefined || leg === undefined) return;
    // A grant without a renew URL lasts as long as its tickets: another one has to come before.
    if (this.#desk === undefined) return await this.#rejoin();
    try {
      const { primary, standby, epoch, advice } = await this.#desk.renew();
      if (line.leg !== leg) return;
      if (line.grant?.primary.epoch === epoch) {
        leg.renew(line.grant.primary.firstLabel, fromText(primary), clock.nowMs());
        if (standby !== undefined && line.grant.standby !== undefined) {
          leg.renew(line.grant.standby.firstLabel, fromText(standby), clock.nowMs());
        }
        line.service();
      }
      if (advice === "move" || this.#isMendDue()) await this.#move();
    } catch (error) {
      await this.#rejoinAfter(error);
    }
  }

  async #move(): Promise<void> {
    const { line, source, clock } = this.#options;
    if (this.#desk === undefined) return await this.#rejoin();
    const { leg } = line;
    try {
      const grant = await this.#desk.move(source.whereabouts(clock.nowMs()));
      if (line.leg === leg) line.update(grant);
    } catch (error) {
      await this.#rejoinAfter(error);
    }
  }

  /** Whether a granted route has been dead for so long that another is worth asking for. */
  #isMendDue(): boolean {
    const { line, clock } = this.#options;
    const granted = line.leg?.routes.filter(({ kind, isReplaced }) =>
      kind !== "direct" && !isReplaced
    );
    if (granted === undefined || granted.every((route) => route.isUsable)) {
      this.#mendIntervalMs = MEND_INTERVAL_MS;
      return false;
    }
    const nowMs = clock.nowMs();
    if (nowMs - this.#mendedAtMs < this.#mendIntervalMs) return false;
    this.#mendedAtMs = nowMs;
    this.#mendIntervalMs = Math.min(2 * this.#mendIntervalMs, MAX_MEND_INTERVAL_MS);
    return true;
  }

  async #rejoinAfter(error: unknown): Promise<void> {
    const isForgotten = error instanceof DirectorRequestError && FORGOTTEN.has(error.code);
    if (!isForgotten) throw error;
    await this.#rejoin();
  }

  /** The session above goes on over routes of a new relay session. */
  async #rejoin(): Promise<void> {
    const { source, clock } = this.#options;
    const nowMs = clock.nowMs();
    if (!source.isRepeatable || nowMs - this.#rejoinedAtMs < REJOIN_INTERVAL_MS) return;
    this.#rejoinedAtMs = nowMs;
    this.begin(await source.grant(undefined), true);
  }
}

function fromText(text: string): Uint8Array {
  return Uint8Array.fromBase64(text, { alphabet: "base64url" });
}
