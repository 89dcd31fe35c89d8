/**
 * One version of a protocol, ready for the network: its channels, and a codec for each message.
 *
 * @module
 */
import type { BoundEntity, BoundMessage } from "./bound.ts";
import { assignChannels, type ChannelSpec } from "./channels.ts";
import { type Backend, type Codec, codecOf } from "./codec.ts";
import { blockBounds } from "./layout.ts";
import type { Direction } from "./message.ts";
import type { StructNode } from "./node.ts";
import { projectionOf } from "./projection.ts";
import { Refusal } from "./refusal.ts";
import { existsIn, structAtVersion } from "./version.ts";
import { idToHex, wireId } from "./wire_id.ts";

/** A message in one version. */
export interface MessageEntry {
  /** The message. */
  readonly message: BoundMessage;
  /** The number of its channel. */
  readonly channel: number;
  /** Its number on the channel, which the envelope byte holds. */
  readonly indexInChannel: number;
  /** 1 when the channel has several messages, else 0. */
  readonly envelopeBytes: 0 | 1;
  /** Largest envelope and body together. */
  readonly maxBytes: number;
  /** The properties that this version carries. */
  readonly struct: StructNode;
  /** Encodes and decodes the body; made on first use. */
  readonly codec: Codec<unknown>;
}

/** An entity in one version. */
export interface EntityEntry {
  /** The entity. */
  readonly entity: BoundEntity;
  /** The properties that this version carries. */
  readonly struct: StructNode;
}

/** Receives what {@link WireTable.read} decodes; reuse one for every message. */
export interface DecodedMessage {
  /** The message; as it was before when the bytes were refused early. */
  message: BoundMessage | undefined;
  /** A new value, owned by the receiver; meaningless after a refusal. */
  value: unknown;
}

/** One version of a protocol. Chosen once, when a connection is made. */
export interface WireTable {
  /** The version. */
  readonly version: number;
  /** Eight bytes that are equal on two ends exactly when their wires are. */
  readonly id: Uint8Array;
  /** {@link id} in hexadecimal digits. */
  readonly idHex: string;
  /** This version as printable text with all names; give it to `describeMismatch` of the other end. */
  readonly projection: string;
  /** The part of it that {@link id} is the SHA-256 of: without names that never travel. */
  readonly wire: string;
  /** The channels, by number. */
  readonly channels: readonly ChannelSpec[];
  /** The messages, by `BoundMessage.index`; `undefined` where this version does not have one. */
  readonly entries: readonly (MessageEntry | undefined)[];
  /** The entities, by `BoundEntity.index`; `undefined` where this version does not have one. */
  readonly entities: readonly (EntityEntry | undefined)[];

  /**
   * Writes envelope and body of a message at `offset`.
   *
   * @returns The offset after it; `-Refusal.short` when the view is too small;
   * `-Refusal.unknownMessage` when this version does not have the message.
   * @throws TypeError or RangeError for a value that the schema does not allow.
   */
  write<T>(message: BoundMessage<T>, view: DataView, offset: number, value: T): number;

  /**
   * Reads envelope and body of one message that fills `[offset, end)`. Allocates the value only.
   *
   * @param from Which end sent it; a message that this end never sends is refused.
   * @param channel The number of the channel that it came on.
   * @returns `end`, or a negated reason of `Refusal`. Never throws for any bytes.
   */
  read(
    from: "client" | "server",
    channel: number,
    view: DataView,
    offset: number,
    end: number,
    into: DecodedMessage,
  ): number;
}

/** What tables are built from. */
export interface TableSource {
  /** Name of the protocol. */
  readonly name: string;
  /** All messages, sorted by name. */
  readonly messages: readonly BoundMessage[];
  /** All entities, sorted by name. */
  readonly entities: readonly BoundEntity[];
  /** How codecs are made. */
  readonly backend: Backend;
}

/** Builds the table of one version; checks sizes and channels, but makes no codec yet. */
export function buildTable(source: TableSource, version: number): WireTable {
  const structs = new Map<BoundMessage | BoundEntity, StructNode>();
  const present = <D extends BoundMessage | BoundEntity>(definitions: readonly D[]): D[] =>
    definitions.filter((definition) => {
      if (!existsIn(definition.options, version)) return false;
      structs.set(definition, structAtVersion(definition.struct, version));
      return true;
    });
  const messages = present(source.messages);
  const entities = present(source.entities);
  const structOf = (definition: BoundMessage | BoundEntity): StructNode =>
    structs.get(definition) ?? definition.struct;
  const channels = assignChannels(messages, (message) => blockBounds(structOf(message)).max);
  const projection = projectionOf({ name: source.name, version, channels, entities, structOf });
  const entries: (MessageEntry | undefined)[] = source.messages.map(() => undefined);
  for (const channel of channels) {
    channel.messages.forEach((message, indexInChannel) => {
      const struct = structOf(message);
      entries[message.index] = new Entry(message, channel, indexInChannel, struct, source.backend);
    });
  }
  return new Table(
    version,
    projection,
    channels,
    entries,
    source.entities.map((entity) => {
      const struct = structs.get(entity);
      return struct === undefined ? undefined : Object.freeze({ entity, struct });
    }),
  );
}

class Entry implements MessageEntry {
  readonly message: BoundMessage;
  readonly channel: number;
  readonly indexInChannel: number;
  readonly envelopeBytes: 0 | 1;
  readonly maxBytes: number;
  readonly struct: StructNode;
  readonly #backend: Backend;
  #codec: Codec<unknown> | undefined;

  constructor(
    message: BoundMessage,
    channel: ChannelSpec,
    indexInChannel: number,
    struct: StructNode,
    backend: Backend,
  ) {
    this.message = message;
    this.channel = channel.index;
    this.indexInChannel = indexInChannel;
    this.envelopeBytes = channel.messages.length > 1 ? 1 : 0;
    this.struct = struct;
    this.maxBytes = this.envelopeBytes + blockBounds(struct).max;
    this.#backend = backend;
  }

  /** Late, so that a generated module may register its codecs after the protocol is declared. */
  get codec(): Codec<unknown> {
    return this.#codec ??= codecOf(this.struct, this.message.name, this.#backend);
  }
}

class Table implements WireTable {
  readonly version: number;
  readonly id: Uint8Array;
  readonly idHex: string;
  readonly projection: string;
  readonly wire: string;
  readonly channels: readonly ChannelSpec[];
  readonly entries: readonly (MessageEntry | undefined)[];
  readonly entities: readonly (EntityEntry | undefined)[];
  /** Entries by channel and number on it. */
  readonly #routes: readonly (readonly MessageEntry[])[];

  constructor(
    version: number,
    projection: { readonly named: string; readonly wire: string },
    channels: readonly ChannelSpec[],
    entries: readonly (MessageEntry | undefined)[],
    entities: readonly (EntityEntry | undefined)[],
  ) {
    this.version = version;
    this.id = wireId(projection.wire);
    this.idHex = idToHex(this.id);
    this.projection = projection.named;
    this.wire = projection.wire;
    this.channels = Object.freeze(channels);
    this.entries = Object.freeze(entries);
    this.entities = Object.freeze(entities);
    this.#routes = channels.map((channel) =>
      channel.messages.flatMap((message) => entries[message.index] ?? [])
    );
  }

  write<T>(message: BoundMessage<T>, view: DataView, offset: number, value: T): number {
    const entry = this.entries[message.index];
    if (entry === undefined) return -Refusal.unknownMessage;
    if (entry.envelopeBytes === 0) return entry.codec.write(view, offset, value);
    if (offset >= view.byteLength) return -Refusal.short;
    view.setUint8(offset, entry.indexInChannel);
    return entry.codec.write(view, offset + 1, value);
  }

  read(
    from: "client" | "server",
    channel: number,
    view: DataView,
    offset: number,
    end: number,
    into: DecodedMessage,
  ): number {
    const route = this.#routes[channel];
    if (route === undefined) return -Refusal.unknownMessage;
    let entry = route[0];
    let at = offset;
    if (route.length > 1) {
      if (at >= end) return -Refusal.short;
      entry = route[view.getUint8(at++)];
    }
    if (entry === undefined) return -Refusal.unknownMessage;
    into.message = entry.message;
    if (!maySend(entry.message.from, from)) return -Refusal.direction;
    const codec = entry.codec;
    const value = codec.create();
    into.value = value;
    return codec.read(view, at, end, value);
  }
}

function maySend(declared: Direction, sender: "client" | "server"): boolean {
  return declared === "both" || declared === sender;
}
