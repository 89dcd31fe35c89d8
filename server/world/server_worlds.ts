/**
 * The worlds of a server: which peer sees which, and how snapshots get to it.
 *
 * @module
 */
import type { HandlerTable } from "../../protocol/handler_table.ts";
import type { ProtocolCore } from "../../schema/mod.ts";
import type { WorldMessages } from "../../schema/sync/world_messages.ts";
import type { ServerEvents } from "../handlers.ts";
import { linkOf, type Peer } from "../peer.ts";
import type { Viewer } from "./viewer.ts";
import { World, type WorldOptions } from "./world.ts";

/** Options of `Server.world`. */
export interface ServerWorldOptions extends WorldOptions {
  /** Whether every peer that connects sees it. Default true; rooms say false and use {@link ServerWorld.join}. */
  readonly autoJoin?: boolean;
}

/** What {@link ServerWorlds} needs of its server. */
export interface WorldsHost<Data> {
  /** The game's protocol. */
  readonly protocol: ProtocolCore;
  /** Ticks a second; 0 for none. */
  readonly tickHz: number;
  /** Who is connected. */
  readonly peers: ReadonlyMap<number, Peer<Data>>;
  /** Its handlers. */
  readonly handlers: HandlerTable<ServerEvents<Data>>;
  /** The time. */
  nowMs(): number;
}

/** A world whose viewers are peers of a server. */
export class ServerWorld<Data = undefined> extends World {
  readonly #worlds: ServerWorlds<Data>;

  /** @ignore Use `Server.world` instead. */
  constructor(worlds: ServerWorlds<Data>, host: WorldsHost<Data>, options: WorldOptions) {
    super(host.protocol, host.tickHz, options);
    this.#worlds = worlds;
  }

  /** Lets a peer see this world, and no other any more. */
  join(peer: Peer<Data>): Viewer {
    return this.#worlds.move(peer, this);
  }

  /** Lets a peer see nothing any more. Nothing happens when it does not see this world. */
  leave(peer: Peer<Data>): void {
    if (this.viewers.has(peer.id)) this.#worlds.move(peer, undefined);
  }

  /** What a peer sees of this world; `undefined` for one that does not see it. */
  viewer(peer: Peer<Data>): Viewer | undefined {
    return this.viewers.get(peer.id);
  }

  /** Ends the world: its peers see nothing any more, its entities are gone, it takes no more part in ticks. */
  close(): void {
    this.#worlds.remove(this);
  }
}

/** Where a peer is. */
interface Place {
  world: World | undefined;
  epoch: number;
}

/** All worlds of one server. */
export class ServerWorlds<Data> {
  readonly #host: WorldsHost<Data>;
  readonly #messages: WorldMessages;
  readonly #worlds = new Set<ServerWorld<Data>>();
  readonly #places = new Map<number, Place>();
  #home: ServerWorld<Data> | undefined;
  /** Where those are who see nothing: they are told so. */
  #nowhere: World | undefined;

  /** @throws TypeError for a protocol without entities, or a server without ticks. */
  constructor(host: WorldsHost<Data>) {
    const { protocol, tickHz } = host;
    if (protocol.world === undefined) {
      throw new TypeError(`Cannot make a world: protocol "${protocol.name}" has no entities`);
    }
    if (tickHz === 0) throw new TypeError('Cannot make a world: give serve() a "tickHz"');
    this.#host = host;
    this.#messages = protocol.world;
    this.#listen(host.handlers);
  }

  /** Makes a world. With `autoJoin` everybody sees it who sees none. */
  create({ autoJoin = true, ...options }: ServerWorldOptions): ServerWorld<Data> {
    const world = new ServerWorld<Data>(this, this.#host, options);
    this.#worlds.add(world);
    if (autoJoin) {
      this.#home = world;
      for (const peer of this.#host.peers.values()) {
        if (this.#places.get(peer.id)?.world === undefined) this.move(peer, world);
      }
    }
    return world;
  }

  /** Ends a world. */
  remove(world: ServerWorld<Data>): void {
    if (!this.#worlds.delete(world)) return;
    if (this.#home === world) this.#home = undefined;
    for (const id of [...world.viewers.keys()]) {
      const peer = this.#host.peers.get(id);
      if (peer !== undefined) this.move(peer, undefined);
      else world.removeViewer(id);
    }
    for (const entity of [...world.entities()]) entity.despawn();
  }

  /** Lets a peer see a world, or nothing. */
  move(peer: Peer<Data>, world: World | undefined): Viewer {
    const { id } = peer;
    const place = this.#places.get(id) ?? { world: undefined, epoch: -1 };
    const there = world ?? (this.#nowhere ??= new World(this.#host.protocol, this.#host.tickHz));
    // A resync began epochs that this place does not count.
    const epoch = Math.max(place.epoch, place.world?.viewers.get(id)?.epoch ?? -1) + 1 & 0xff;
    place.world?.removeViewer(id);
    this.#places.set(id, { world: there, epoch });
    const link = linkOf(peer);
    const { snapshot } = this.#messages;
    const viewer = there.addViewer(id, link.typed.table, (payload, onResult) => {
      const nowMs = this.#host.nowMs();
      if (link.typed.send(snapshot, { payload }, onResult, nowMs) !== "queued") return false;
      link.host.onSent(link);
      return true;
    }, epoch);
    // An old version without entities has no message for them either.
    if (link.typed.table.entries[snapshot.index] === undefined) viewer.close();
    viewer.isPaused = link.state === "suspended";
    return viewer;
  }

  /** Ends a tick in all worlds. */
  step(tick: number): void {
    for (const world of this.#worlds) world.step(tick);
    this.#nowhere?.step(tick);
  }

  #listen(handlers: HandlerTable<ServerEvents<Data>>): void {
    handlers.addEvent("connected", (peer: Peer<Data>) => {
      if (this.#home !== undefined && !this.#places.has(peer.id)) this.move(peer, this.#home);
    });
    handlers.addEvent("disconnected", ({ id }: Peer<Data>) => {
      this.#places.get(id)?.world?.removeViewer(id);
      this.#places.delete(id);
    });
    handlers.addEvent("suspended", (peer: Peer<Data>) => this.#pause(peer, true));
    handlers.addEvent("resumed", (peer: Peer<Data>) => this.#pause(peer, false));
    const onResync = (peer: Peer<Data>, { epoch }: { epoch: number }): void => {
      const viewer = this.#viewerOf(peer);
      // Of an epoch that is over already there is nothing to repeat.
      if (viewer?.epoch === epoch) viewer.restart();
    };
    handlers.addMessage(this.#messages.resync, onResync);
  }

  #pause(peer: Peer<Data>, isPaused: boolean): void {
    const viewer = this.#viewerOf(peer);
    if (viewer !== undefined) viewer.isPaused = isPaused;
  }

  #viewerOf({ id }: Peer<Data>): Viewer | undefined {
    return this.#places.get(id)?.world?.viewers.get(id);
  }
}
