/**
 * Runs a room's game on a worker of its own: the server's side of it.
 *
 * Once a tick everything that members said goes there in one buffer, and what the room wants comes back
 * in another. A worker that is behind is given nothing more; then messages wait in the sessions of its
 * members, whose clients wait in turn. One that fails, or is silent for too long, ends its room and
 * nothing else.
 *
 * @module
 */
import type { DropCounters } from "../../protocol/counters.ts";
import type { BoundMessage, ProtocolCore, RoomDeparture } from "../../schema/mod.ts";
import type { Clock, TimerId } from "../../transport/clock.ts";
import { linkOf, type MessageRouter, type Peer, type PeerLink } from "../peer.ts";
import type { LobbyPort } from "../rooms/lobby_port.ts";
import type { ServerDispatch } from "../rooms/local_driver.ts";
import type { RoomDriver } from "../rooms/room_driver.ts";
import type { RoomMemberIdentity, RoomOrigin } from "../rooms/room_port.ts";
import { FrameLogReader, FrameLogWriter } from "./frame_log.ts";
import type { FromRoomWorker, RoomDrops, RoomNews, RoomWish } from "./room_wire.ts";
import type { RoomThread, SpawnWorker } from "./spawn_worker.ts";

/** Batches under way at once; what comes meanwhile waits for the next. */
const MAX_BATCHES = 4;

/** Bytes of messages that are under way or wait for the next batch; beyond, they wait in the sessions. */
const MAX_WAITING_BYTES = 1_048_576;

/** Ticks that a worker which was behind runs in a row, as the server's own tick loop does. */
const MAX_CATCH_UP_TICKS = 5;

/** How long a module may take to load, on a busy machine or from far away. */
const LOAD_TIMEOUT_MS = 30_000;
/** How long a room that ends may take to say so. */
const FINISH_TIMEOUT_MS = 1_000;

/** What a driver works with. */
export interface IsolatedDriverOptions {
  /** The module whose default export is the room's definition. */
  readonly module: string;
  /** The game's protocol. */
  readonly protocol: ProtocolCore;
  /** What the room is when it begins. */
  readonly origin: RoomOrigin;
  /** The room's way out. */
  readonly port: LobbyPort;
  /** Time and timers. */
  readonly clock: Clock;
  /** Length of a tick. */
  readonly periodMs: number;
  /** How long the worker may go without finishing a batch; to load the module it has 30 s at least. */
  readonly hangTimeoutMs: number;
  /** Starts the thread. */
  readonly spawn: SpawnWorker;
  /** Where messages that the schema refuses are counted. */
  readonly drops: DropCounters;
  /** Hands a message to the server's own handlers. */
  readonly dispatch: ServerDispatch;
  /** Handles what waits of a peer. */
  readonly resume: (peer: Peer<unknown>) => void;
  /** The worker failed. */
  readonly onCrash: (reason: string) => void;
  /** The thread is gone. */
  readonly onGone: () => void;
}

/** A room in another thread. */
export class IsolatedDriver implements RoomDriver {
  readonly #options: IsolatedDriverOptions;
  readonly #log = new FrameLogWriter();
  readonly #members = new Set<number>();
  /** When and with how many bytes batches that are under way left, the oldest first. */
  readonly #underWay: { atMs: number; sizeBytes: number }[] = [];
  /** Channels of what concerns the server and not the room, by version of the protocol. */
  readonly #ownChannels: readonly (readonly number[])[];
  #news: RoomNews[] = [];
  #thread: RoomThread | undefined;
  #finishTimer: TimerId | undefined;
  #underWayBytes = 0;
  #ticksOwed = 0;
  /** When the worker finished a batch last; the first answer says that the module is loaded. */
  #answeredAtMs = -Infinity;
  #nextBatch = 1;
  #isFull = false;

  constructor(options: IsolatedDriverOptions) {
    this.#options = options;
    const { tables, world } = options.protocol;
    const isOwn = ({ name, index }: BoundMessage): boolean =>
      name === "RoomsAsk" || index === world?.resync.index;
    this.#ownChannels = tables.map(({ channels }) =>
      channels.filter(({ messages }) => messages.some(isOwn)).map(({ index }) => index)
    );
  }

  start(): void {
    const { spawn, origin, module, periodMs, protocol, clock } = this.#options;
    try {
      this.#thread = spawn(`tickwire ${origin.name}`, {
        onMessage: (message) => this.#handle(message),
        onCrash: (reason) => this.#crash(reason),
      });
    } catch (error) {
      this.#options.onGone();
      throw error;
    }
    const { name: protocolName, tables } = protocol;
    const wires = tables.map(({ idHex }) => idHex);
    this.#thread.post({ what: "begin", module, protocolName, wires, origin, periodMs }, []);
    // An empty first batch: its answer shows that the module is loaded.
    this.#postBatch(clock.nowMs());
  }

  join(identity: RoomMemberIdentity, profile: unknown, peer: Peer<unknown>): void {
    this.#members.add(identity.id);
    this.#news.push({ what: "join", identity, profile, version: versionOf(peer) });
  }

  routerFor(member: number, peer: Peer<unknown>): MessageRouter {
    return { handleNext: (link, nowMs) => this.#forward(member, peer, link, nowMs) };
  }

  setAway(member: number, isAway: boolean, peer: Peer<unknown> | undefined): void {
    const version = peer && versionOf(peer);
    this.#news.push({ what: "away", member, isAway, version });
  }

  setReady(member: number, isReady: boolean): void {
    this.#news.push({ what: "ready", member, isReady });
  }

  leave(member: number, reason: RoomDeparture): void {
    this.#members.delete(member);
    this.#news.push({ what: "leave", member, reason });
  }

  runTick(nowMs: number): void {
    this.#ticksOwed = Math.min(this.#ticksOwed + 1, MAX_CATCH_UP_TICKS);
    const oldest = this.#underWay[0];
    const { hangTimeoutMs } = this.#options;
    const isLoading = this.#answeredAtMs === -Infinity;
    const patienceMs = isLoading ? Math.max(hangTimeoutMs, LOAD_TIMEOUT_MS) : hangTimeoutMs;
    // Batches that waited for the one before have had no time of their own yet.
    if (oldest !== undefined && nowMs - Math.max(oldest.atMs, this.#answeredAtMs) > patienceMs) {
      this.#crash(`its worker did nothing for ${patienceMs} ms`);
    } else if (this.#underWay.length < MAX_BATCHES) this.#postBatch(nowMs);
  }

  finish(reason: string): void {
    if (this.#thread === undefined) return;
    const { clock } = this.#options;
    this.#thread.post({ what: "finish", reason }, []);
    const giveUp = (): void => this.#terminate();
    this.#finishTimer = clock.setTimer(clock.nowMs() + FINISH_TIMEOUT_MS, giveUp);
  }

  #postBatch(nowMs: number): void {
    const frames = this.#log.take();
    const ticks = this.#ticksOwed;
    const news = this.#news;
    this.#ticksOwed = 0;
    this.#news = [];
    this.#underWay.push({ atMs: nowMs, sizeBytes: frames.byteLength });
    this.#underWayBytes += frames.byteLength;
    const batch = { what: "batch", number: this.#nextBatch++, nowMs, ticks, news, frames } as const;
    this.#thread?.post(batch, [frames.buffer]);
  }

  /** Takes one message of a member's session: as bytes, but for what concerns the server. */
  #forward(member: number, peer: Peer<unknown>, { typed }: PeerLink, nowMs: number): boolean {
    this.#isFull = this.#underWayBytes + this.#log.sizeBytes > MAX_WAITING_BYTES;
    if (this.#isFull) return false;
    const buffer = typed.session.pollMessage();
    if (buffer === undefined) return false;
    const index = this.#options.protocol.tables.indexOf(typed.table);
    if (this.#ownChannels[index]?.includes(buffer.channel)) {
      if (typed.accept(buffer, nowMs)) this.#options.dispatch(peer, typed.message, typed.value);
      return true;
    }
    this.#log.u32(member);
    this.#log.u32(buffer.channel);
    this.#log.block(buffer.bytes.subarray(0, buffer.sizeBytes));
    typed.session.release(buffer);
    return true;
  }

  #handle(message: FromRoomWorker): void {
    if (this.#thread === undefined) return;
    if (message.what === "finished") this.#terminate();
    else if (message.what === "failed") {
      this.#options.port.fail(message.error, "start");
      this.#crash(message.reason);
    } else if (this.#finishTimer === undefined) {
      const { sizeBytes } = this.#underWay.shift()!;
      this.#answeredAtMs = this.#options.clock.nowMs();
      this.#underWayBytes -= sizeBytes;
      this.#count(message.drops);
      this.#deliver(message.frames);
      for (const wish of message.wishes) this.#grant(wish);
      if (this.#isFull) this.#resume();
    }
  }

  #deliver(frames: Uint8Array): void {
    const { port, clock } = this.#options;
    const nowMs = clock.nowMs();
    const log = new FrameLogReader(frames);
    const touched = new Set<PeerLink>();
    while (!log.isAtEnd) {
      const version = log.u32();
      const message = log.u32();
      const members = Array.from({ length: log.u32() }, () => log.u32());
      const bytes = log.block();
      for (const member of members) {
        const peer = port.peerOf(member);
        if (peer === undefined) continue;
        const link = linkOf(peer);
        const entry = link.typed.table.entries[message];
        // A player who came back may speak another version than the one that the worker knew.
        if (entry === undefined || link.typed.table.version !== version) continue;
        if (link.typed.sendEncoded(entry, bytes, bytes.byteLength, nowMs) !== "queued") continue;
        link.host.onSent(link);
        touched.add(link);
      }
    }
    // It is a tick's worth: to wait for the end of the server's next tick would only make it late.
    for (const link of touched) link.host.flush(link);
  }

  #grant(wish: RoomWish): void {
    const { port } = this.#options;
    switch (wish.what) {
      case "metadata":
        port.setMetadata(wish.metadata);
        break;
      case "profile":
        port.setProfile(wish.member, wish.profile);
        break;
      case "clearReady":
        port.clearReady();
        break;
      case "lock":
        port.setLocked(wish.isLocked);
        break;
      case "kick":
        port.kick(wish.member, wish.reason);
        break;
      case "end":
        port.end(wish.reason);
        break;
      case "fail":
        port.fail(wish.error, wish.where);
    }
  }

  #count({ refused, wrongDirection, rateLimited }: RoomDrops): void {
    const { drops } = this.#options;
    drops.messageRefused += refused;
    drops.messageWrongDirection += wrongDirection;
    drops.messageRateLimited += rateLimited;
  }

  #resume(): void {
    this.#isFull = false;
    for (const member of [...this.#members]) {
      const peer = this.#options.port.peerOf(member);
      if (peer !== undefined) this.#options.resume(peer);
    }
  }

  #crash(reason: string): void {
    if (this.#thread === undefined) return;
    this.#terminate();
    this.#options.onCrash(reason);
  }

  #terminate(): void {
    if (this.#thread === undefined) return;
    this.#thread.terminate();
    this.#thread = undefined;
    if (this.#finishTimer !== undefined) this.#options.clock.clearTimer(this.#finishTimer);
    this.#options.onGone();
  }
}

function versionOf(peer: Peer<unknown>): number {
  return linkOf(peer).typed.table.version;
}
