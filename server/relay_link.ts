/**
 * A server's place in a network of relays: registered at a director, and reached through its gate.
 *
 * Nothing on the way of a packet waits for the director. While it is away, sessions go on and the server
 * goes on trying; when it is back and has forgotten everything, the server is there again within seconds.
 *
 * @module
 */
import { getLogger } from "npm:@logtape/logtape@2.4.2";
import { type Address, isLoopback } from "../protocol/address.ts";
import type { CryptoBackend } from "../protocol/crypto/backend.ts";
import { formatJoinUrl } from "../protocol/join_url.ts";
import { openKeys } from "../protocol/relay/api/sealed_keys.ts";
import type { ServerReply } from "../protocol/relay/api/server_requests.ts";
import type { Exposure } from "../protocol/relay/hop_ticket.ts";
import type { AnchorEvent } from "../protocol/relay/legs/anchors.ts";
import { virtualAddress } from "../protocol/relay/legs/virtual_address.ts";
import type { Clock, TimerId } from "../transport/clock.ts";
import { DirectorRequestError } from "../transport/director_http.ts";
import type { RelayGate } from "../transport/relay_gate.ts";
import { RelayAnchors } from "./relay_anchors.ts";
import type { RelayDesk } from "./relay_desk.ts";
import type { RelayAnchorStats, ServerRelay } from "./server_relay.ts";

/** A code lasts an hour; asking three times in it survives a director that is away. */
const CODE_REFRESH_MS = 1_200_000;

/** Longest pause between two tries while the director is away: half of a lease. */
const MAX_PAUSE_MS = 5_000;

/** The share of a pause by which heartbeats of many servers are spread. */
const JITTER = 0.1;

/** What a link needs of its server. */
export interface RelayHost {
  /** Players at present. */
  players(): number;
  /** Most players. */
  readonly maxPlayers: number;
  /** Whether new players are refused. */
  isDraining(): boolean;
  /** Throws the player at a virtual address out: its relay session was ended. */
  endSession(address: Address): void;
  /** Tells that players join by another code from now on. */
  onJoinCode(code: string): void;
}

/** What makes a link. */
export interface RelayLinkOptions {
  /** Speaks with the director. */
  readonly desk: RelayDesk;
  /** Where relayed players come in. */
  readonly gate: RelayGate;
  /** Time and timers. */
  readonly clock: Clock;
  /** Opens keys. */
  readonly crypto: CryptoBackend;
  /** Random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** The server's X25519 secret key. */
  readonly staticSecret: Uint8Array;
  /** Where the director is. */
  readonly directorUrl: string;
  /** Who may learn the server's address. */
  readonly exposure: Exposure;
  /** Whether players may join by code. */
  readonly hasJoinCode: boolean;
}

/** What stands behind `server.relay`. */
export class RelayLink implements ServerRelay {
  readonly directorUrl: string;
  readonly exposure: Exposure;
  readonly #options: RelayLinkOptions;
  readonly #anchors: RelayAnchors;
  readonly #publicKey: Uint8Array;
  readonly #logger = getLogger(["tickwire", "relay"]);
  #host: RelayHost | undefined;
  #state: "connected" | "away" = "connected";
  #isRegistered = true;
  #joinCode: string | undefined;
  #publicUrl: string | undefined;
  #codeAtMs = -Infinity;
  #pauseMs = 0;
  #failures = 0;
  #beating: Promise<void> | undefined;
  #timer: TimerId | undefined;
  #isClosed = false;

  /** The first registration is made before it: {@link begin} takes its reply. */
  constructor(options: RelayLinkOptions) {
    this.#options = options;
    this.directorUrl = options.directorUrl;
    this.exposure = options.exposure;
    this.#anchors = new RelayAnchors(options.gate.leg);
    this.#publicKey = options.crypto.x25519PublicKey(options.staticSecret);
  }

  get id(): string {
    return this.#options.desk.id;
  }

  get state(): "connected" | "away" {
    return this.#state;
  }

  get joinCode(): string | undefined {
    return this.#joinCode;
  }

  get joinUrl(): string | undefined {
    const directorUrl = this.#publicUrl ?? this.directorUrl;
    const code = this.#joinCode;
    return code && formatJoinUrl({ directorUrl, code, serverKey: this.#publicKey });
  }

  get sessions(): number {
    return this.#options.gate.leg.sessionCount;
  }

  get anchors(): RelayAnchorStats[] {
    return this.#options.gate.leg.anchors.routes.map(({ grant, bind, health, observed }) => ({
      relayId: grant.relays[0]!.relayId,
      isBound: bind.isBound,
      rttMs: health.rtt.smoothedMs,
      observed,
    }));
  }

  /**
   * Takes the reply to the first registration, and asks for a code. For `serve`.
   *
   * @returns Opens connect tickets of the director, if it issues any.
   * @throws DirectorRequestError
   */
  async begin(reply: ServerReply): Promise<Uint8Array | undefined> {
    const ticketKey = this.#take(reply);
    if (this.#options.hasJoinCode) await this.#refreshCode();
    return ticketKey;
  }

  /** Begins to send heartbeats. For the server. */
  start(host: RelayHost): void {
    this.#host = host;
    this.#beatIn(this.#pauseMs);
    this.#options.gate.service();
  }

  /** Tells the director soon how many players there are, such as when the server drains. For the server. */
  beatSoon(): void {
    if (this.#host !== undefined && this.#beating === undefined) this.#beatIn(0);
  }

  /** What happens to anchors. For the gate. */
  onAnchorEvent(event: AnchorEvent): void {
    const { relayId } = event;
    switch (event.kind) {
      case "anchor-renew":
        this.#anchors.renew(relayId, this.#options.clock.nowMs());
        break;
      case "anchor-bound":
        this.#logger.debug("Relay {relayId} leads here", { relayId });
        break;
      case "anchor-drain":
      case "anchor-closed":
        this.#logger.info("Relay {relayId} leads here no longer: {kind}", event);
        this.beatSoon();
    }
  }

  /** Has the director forget this server. Resolves after a second at the latest; never rejects. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    // A heartbeat that is under way could take the server in again.
    await this.#beating;
    await this.#options.desk.remove().catch((error) => {
      this.#logger.debug("The director was not told: {error}", { error });
    });
  }

  #beatIn(delayMs: number): void {
    const { clock } = this.#options;
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    if (this.#isClosed) return;
    this.#timer = clock.setTimer(clock.nowMs() + delayMs, () => {
      this.#timer = undefined;
      this.#beating = this.#beat().finally(() => {
        this.#beating = undefined;
        this.#beatIn(this.#pauseMs * (1 + JITTER * this.#draw()));
      });
    });
  }

  /** Never rejects. */
  async #beat(): Promise<void> {
    const { clock, hasJoinCode } = this.#options;
    try {
      this.#take(await this.#say());
      const isKnown = this.#isRegistered;
      this.#isRegistered = true;
      // A director that has forgotten the server has forgotten its code.
      if (hasJoinCode && (!isKnown || clock.nowMs() >= this.#codeAtMs)) await this.#refreshCode();
      this.#heard();
    } catch (error) {
      this.#failed(error);
    }
  }

  async #say(): Promise<ServerReply> {
    const { desk, clock } = this.#options;
    const host = this.#host!;
    if (this.#isRegistered) {
      try {
        return await desk.heartbeat({
          players: Math.min(host.players(), 65_535),
          maxPlayers: Math.min(host.maxPlayers, 65_535),
          state: host.isDraining() ? "draining" : "ready",
          ...(this.#anchors.needsTickets(clock.nowMs()) ? { needAnchors: true } : {}),
        });
      } catch (error) {
        if (!(error instanceof DirectorRequestError) || error.code !== "not-found") throw error;
        this.#isRegistered = false;
        this.#logger.info("The director at {url} has forgotten this server; registering again", {
          url: this.directorUrl,
        });
      }
    }
    return await desk.register(true);
  }

  /** Returns the key of connect tickets. Throws DirectorRequestError for what makes no sense. */
  #take(reply: ServerReply): Uint8Array | undefined {
    const { gate, clock, crypto, staticSecret, exposure } = this.#options;
    const delivered = openKeys(reply.keys, staticSecret, crypto);
    if (delivered === undefined) {
      throw new DirectorRequestError("malformed", "The director's keys are for another server");
    }
    const { leg } = gate;
    leg.setRelayKeys(delivered.keys);
    if (exposure === "never" && reply.relayAddresses.length > 0) {
      leg.setRelays(reply.relayAddresses);
    }
    try {
      this.#anchors.take(reply.anchors, clock.nowMs());
    } catch (cause) {
      throw new DirectorRequestError("malformed", "The director's anchors are none", { cause });
    }
    if (this.#host !== undefined) gate.service();
    for (const id of reply.revoked) {
      if (/^[0-9a-f]{16}$/.test(id)) this.#host?.endSession(virtualAddress(BigInt(`0x${id}`)));
    }
    this.#pauseMs = Math.min(Math.max(reply.heartbeatMs, 100), 60_000);
    return delivered.ticketKey;
  }

  async #refreshCode(): Promise<void> {
    const { desk, clock } = this.#options;
    const { code, publicUrl } = await desk.joinCode(this.#joinCode);
    this.#publicUrl = isForOthers(publicUrl) ? publicUrl : undefined;
    this.#codeAtMs = clock.nowMs() + CODE_REFRESH_MS;
    if (code === this.#joinCode) return;
    this.#joinCode = code;
    this.#host?.onJoinCode(code);
  }

  #heard(): void {
    this.#failures = 0;
    if (this.#state === "connected") return;
    this.#state = "connected";
    this.#logger.info("The director at {url} is back", { url: this.directorUrl });
  }

  #failed(error: unknown): void {
    this.#pauseMs = Math.min(MAX_PAUSE_MS, 1_000 * 2 ** Math.min(this.#failures++, 8));
    if (this.#state === "away") return;
    this.#state = "away";
    const reason = error instanceof Error ? error.message : String(error);
    this.#logger.warn("Nobody new can join, who is here stays: {reason}", { reason });
  }

  /** -1 to 1. */
  #draw(): number {
    const byte = new Uint8Array(1);
    this.#options.random(byte);
    return byte[0]! / 127.5 - 1;
  }
}

/** A director that was not told its name takes where it listens for it, which may be this machine only. */
function isForOthers(publicUrl: string | undefined): boolean {
  const url = publicUrl === undefined ? null : URL.parse(publicUrl);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search + url.hash !== "") return false;
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  return hostname !== "localhost" && !isLoopback(hostname);
}
