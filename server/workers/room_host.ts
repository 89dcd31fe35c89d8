/**
 * Runs one room's game on a worker, fed by batches of bytes.
 *
 * @module
 */
import { MessageRates } from "../../protocol/message_rates.ts";
import { type BoundMessage, type DecodedMessage, Refusal } from "../../schema/mod.ts";
import type { WireTable } from "../../schema/mod.ts";
import { createRoom } from "../rooms/room.ts";
import type { RoomControls } from "../rooms/room_controls.ts";
import { type AnyRoomDefinition, isRoomDefinition } from "../rooms/room_definition.ts";
import { FrameLogReader } from "./frame_log.ts";
import type { FromRoomWorker, RoomDrops, RoomNews, ToRoomWorker } from "./room_wire.ts";
import { cloneableError, WorkerPort } from "./worker_port.ts";

/** Sends something to the server's thread. */
export type PostToServer = (message: FromRoomWorker, transfer: ArrayBuffer[]) => void;

/** A member's version of the protocol, and how much of it it may send. */
interface Speaker {
  table: WireTable;
  rates: MessageRates;
}

interface Running {
  readonly definition: AnyRoomDefinition;
  readonly controls: RoomControls;
  readonly port: WorkerPort;
}

/** One room in a thread of its own. */
export class RoomHost {
  readonly #post: PostToServer;
  readonly #speakers = new Map<number, Speaker>();
  readonly #decoded: DecodedMessage = { message: undefined, value: undefined };
  readonly #waiting: ToRoomWorker[] = [];
  #drops = noDrops();
  #running: Running | undefined;

  constructor(post: PostToServer) {
    this.#post = post;
  }

  /** Takes what the server's thread says. */
  handle(message: ToRoomWorker): void {
    if (message.what === "begin") {
      this.#begin(message).catch((error) => {
        const reason = error instanceof Error ? error.message : String(error);
        this.#post({ what: "failed", reason, error: cloneableError(error) }, []);
      });
    } else if (this.#running === undefined) this.#waiting.push(message);
    else this.#handle(this.#running, message);
  }

  async #begin(begin: ToRoomWorker & { what: "begin" }): Promise<void> {
    const { module, origin, periodMs } = begin;
    const { default: definition }: { default?: unknown } = await import(module);
    if (!isRoomDefinition(definition) || definition.room !== origin.kind) {
      throw new TypeError(
        `Cannot run ${origin.name}: the default export of ${module} is no room "${origin.kind}"`,
      );
    }
    const { name, tables } = definition.protocol;
    const wires = tables.map(({ idHex }) => idHex);
    if (name !== begin.protocolName || wires.join() !== begin.wires.join()) {
      throw new TypeError(`Cannot run ${origin.name}: ${module} has another protocol`);
    }
    const port = new WorkerPort(definition, periodMs, (id) => this.#speakers.get(id)?.table);
    const { controls } = createRoom(definition, origin, port);
    controls.start();
    this.#running = { definition, controls, port };
    for (const message of this.#waiting.splice(0)) this.#handle(this.#running, message);
  }

  #handle(running: Running, message: ToRoomWorker): void {
    const { controls, port } = running;
    if (message.what === "finish") {
      controls.finish(message.reason);
      this.#post({ what: "finished" }, []);
    } else if (message.what === "batch") {
      for (const news of message.news) this.#apply(running, news);
      this.#dispatch(running, message.frames, message.nowMs);
      for (let i = 0; i < message.ticks; i++) controls.runTick();
      const { frames, wishes } = port.take();
      const drops = this.#drops;
      this.#drops = noDrops();
      const done = { what: "done", number: message.number, wishes, frames, drops } as const;
      this.#post(done, [frames.buffer]);
    }
  }

  #apply({ definition, controls, port }: Running, news: RoomNews): void {
    // Both threads have the same tables, as `begin` has made sure.
    const tableOf = (version: number): WireTable =>
      definition.protocol.tables.find((table) => table.version === version)!;
    switch (news.what) {
      case "join": {
        const { identity, profile, version } = news;
        this.#speakers.set(identity.id, { table: tableOf(version), rates: new MessageRates() });
        try {
          controls.join(identity, profile);
        } catch (error) {
          port.fail(error, "memberData");
          port.kick(identity.id, "internal error");
        }
        break;
      }
      case "away": {
        const { member, isAway, version } = news;
        const speaker = this.#speakers.get(member);
        if (speaker !== undefined && version !== undefined) speaker.table = tableOf(version);
        controls.setAway(member, isAway);
        break;
      }
      case "ready":
        controls.setReady(news.member, news.isReady);
        break;
      case "leave":
        this.#speakers.delete(news.member);
        controls.leave(news.member, news.reason);
    }
  }

  #dispatch({ controls }: Running, frames: Uint8Array, nowMs: number): void {
    const log = new FrameLogReader(frames);
    while (!log.isAtEnd) {
      const member = log.u32();
      const channel = log.u32();
      const bytes = log.block();
      const speaker = this.#speakers.get(member);
      if (speaker === undefined) continue;
      const message = this.#read(speaker, channel, bytes, nowMs);
      if (message === undefined) continue;
      if (!controls.handles(message)) this.#drops.unhandled++;
      else controls.dispatch(member, message, this.#decoded.value);
    }
  }

  #read(
    { table, rates }: Speaker,
    channel: number,
    bytes: Uint8Array,
    nowMs: number,
  ): BoundMessage | undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = table.read("client", channel, view, 0, bytes.byteLength, this.#decoded);
    if (end < 0) {
      if (-end === Refusal.direction) this.#drops.wrongDirection++;
      else this.#drops.refused++;
      return undefined;
    }
    const message = this.#decoded.message!;
    if (rates.take(message, nowMs)) return message;
    this.#drops.rateLimited++;
    return undefined;
  }
}

function noDrops(): RoomDrops {
  return { refused: 0, wrongDirection: 0, rateLimited: 0, unhandled: 0 };
}
