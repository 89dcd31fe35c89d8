/**
 * A room's way out of its worker: everything waits for the end of the batch, and leaves together.
 *
 * @module
 */
import type { SendResult } from "../../protocol/send_channel.ts";
import type { BoundMessage, MessageEntry, WireTable } from "../../schema/mod.ts";
import { roomKindsOf } from "../../schema/messages/rooms.ts";
import { Broadcaster, type EncodedSink } from "../broadcaster.ts";
import { KindCodecs } from "../rooms/kind_codecs.ts";
import type { AnyRoomDefinition } from "../rooms/room_definition.ts";
import type { RoomPort } from "../rooms/room_port.ts";
import { FrameLogWriter } from "./frame_log.ts";
import type { RoomWish } from "./room_wire.ts";

/** What leaves at the end of a batch. */
export interface RoomOutput {
  /** Messages to members. */
  readonly frames: Uint8Array<ArrayBuffer>;
  /** Everything else. */
  readonly wishes: RoomWish[];
}

/** The way out of one room. */
export class WorkerPort implements RoomPort {
  readonly periodMs: number;
  readonly #broadcaster: Broadcaster;
  readonly #codecs: KindCodecs;
  readonly #tableOf: (member: number) => WireTable | undefined;
  readonly #log = new FrameLogWriter();
  readonly #collector = new Collector();
  #wishes: RoomWish[] = [];

  /** @param tableOf What a member speaks; `undefined` when it is gone. */
  constructor(
    { protocol, room }: AnyRoomDefinition,
    periodMs: number,
    tableOf: (member: number) => WireTable | undefined,
  ) {
    this.periodMs = periodMs;
    this.#broadcaster = new Broadcaster(protocol);
    // `defineRoom` has made sure that the protocol has this kind.
    this.#codecs = new KindCodecs(room, roomKindsOf(protocol)![room]!);
    this.#tableOf = tableOf;
  }

  send(member: number, message: BoundMessage, value: unknown): SendResult {
    return this.broadcast([member], message, value) === 1 ? "queued" : "dropped";
  }

  broadcast(members: Iterable<number>, message: BoundMessage, value: unknown): number {
    this.#broadcaster.begin(message, value);
    const collector = this.#collector;
    let queued = 0;
    for (const member of members) {
      const table = this.#tableOf(member);
      if (table === undefined) continue;
      collector.member = member;
      collector.table = table;
      if (this.#broadcaster.sendTo(collector, 0) === "queued") queued++;
    }
    collector.writeTo(this.#log);
    return queued;
  }

  setMetadata(metadata: unknown): unknown {
    const checked = this.#codecs.metadata(metadata);
    this.#wishes.push({ what: "metadata", metadata: checked });
    return checked;
  }

  setProfile(member: number, profile: unknown): unknown {
    const checked = this.#codecs.profile(profile);
    this.#wishes.push({ what: "profile", member, profile: checked });
    return checked;
  }

  peerOf(): undefined {
    return undefined;
  }

  makeWorld(): never {
    throw new TypeError(
      "Cannot make a world: the room runs on a worker, and worlds beside the server",
    );
  }

  clearReady(): void {
    this.#wishes.push({ what: "clearReady" });
  }

  setLocked(isLocked: boolean): void {
    this.#wishes.push({ what: "lock", isLocked });
  }

  kick(member: number, reason: string): void {
    this.#wishes.push({ what: "kick", member, reason });
  }

  end(reason: string): void {
    this.#wishes.push({ what: "end", reason });
  }

  fail(error: unknown, where: string): void {
    this.#wishes.push({ what: "fail", error: cloneableError(error), where });
  }

  /** Everything since the last time. */
  take(): RoomOutput {
    const wishes = this.#wishes;
    this.#wishes = [];
    return { frames: this.#log.take(), wishes };
  }
}

/** Joins members who get the same bytes. */
class Collector implements EncodedSink {
  member = 0;
  table!: WireTable;
  readonly #groups = new Map<WireTable, { index: number; bytes: Uint8Array; members: number[] }>();

  sendEncoded(entry: MessageEntry, bytes: Uint8Array): SendResult {
    const group = this.#groups.get(this.table);
    if (group !== undefined) group.members.push(this.member);
    else {
      const { index } = entry.message;
      this.#groups.set(this.table, { index, bytes, members: [this.member] });
    }
    return "queued";
  }

  writeTo(log: FrameLogWriter): void {
    for (const [{ version }, { index, bytes, members }] of this.#groups) {
      log.u32(version);
      log.u32(index);
      log.u32(members.length);
      for (const member of members) log.u32(member);
      log.block(bytes);
    }
    this.#groups.clear();
  }
}

/** What was thrown, as something that crosses threads: anything may be thrown, not all of it crosses. */
export function cloneableError(error: unknown): unknown {
  try {
    return structuredClone(error);
  } catch {
    return new Error(String(error));
  }
}
