/**
 * A protocol: all messages and entities that two ends share, under one name and version.
 *
 * @module
 */
import { BoundEntity, BoundMessage } from "./bound.ts";
import { byCodeUnits } from "./channels.ts";
import type { Backend } from "./codec.ts";
import { EntityDefinition } from "./entity.ts";
import { checkInteger, MAX_CODEC_BYTES, MAX_NAME_LENGTH } from "./limits.ts";
import { MessageDefinition } from "./message.ts";
import type { Direction } from "./message.ts";
import { describeDifference, projectionVersion } from "./mismatch.ts";
import {
  checkEntitySize,
  WORLD_MESSAGE_NAMES,
  type WorldMessages,
  worldMessages,
} from "./sync/world_messages.ts";
import { NEWEST_VERSION } from "./version.ts";
import { buildTable, type MessageEntry, type WireTable } from "./wire_table.ts";

/**
 * Default room for a message in one datagram: 1,200 bytes that every path carries, less the packet
 * header, the frame header and the authentication tag, with some to spare for acknowledgements.
 */
export const DEFAULT_DATAGRAM_BYTES = 1_100;

/** Most datagrams that an unreliable message with `fragments: true` may span. */
export const MAX_UNRELIABLE_FRAGMENTS = 16;

/** Options of {@link protocol}. */
export interface ProtocolOptions {
  /** The version that this end speaks, 1 to 65,535. Raise it when a released wire changes. */
  readonly version: number;
  /** How many versions this end still understands, the newest included; default 1. */
  readonly accepts?: number;
  /** Room for one message in a datagram, 64 to 1,400 bytes, default 1,100. */
  readonly datagramBytes?: number;
  /** How codecs are made, default `"jit"`. */
  readonly backend?: Backend;
}

/** What `protocol()` takes: definitions by name. */
export type Definitions = Readonly<
  Record<string, MessageDefinition<unknown, Direction> | EntityDefinition<unknown>>
>;

/** The definitions of a protocol with their names. */
export type BoundDefinitions<D extends Definitions> = {
  readonly [K in keyof D & string]: D[K] extends MessageDefinition<infer T, infer From>
    ? BoundMessage<T, From, K>
    : D[K] extends EntityDefinition<infer T> ? BoundEntity<T, K>
    : never;
};

/** A protocol, with each definition as a property: `Arena.Chat`. */
export type Protocol<D extends Definitions = Definitions> = ProtocolCore & BoundDefinitions<D>;

/** What every protocol has. All of it is fixed once declared. */
export class ProtocolCore {
  /** The name. */
  readonly name: string;
  /** The newest version. */
  readonly version: number;
  /** Room for one message in a datagram, in bytes. */
  readonly datagramBytes: number;
  /** How codecs are made. */
  readonly backend: Backend;
  /** All messages of all versions, by `BoundMessage.index`. */
  readonly messages: readonly BoundMessage[];
  /** All entities of all versions, by `BoundEntity.index`. */
  readonly entities: readonly BoundEntity[];
  /** What carries replication; `undefined` in a protocol without entities. */
  readonly world: WorldMessages | undefined;
  /** The versions that this end understands, newest first. */
  readonly tables: readonly WireTable[];

  /** Use {@link protocol} instead. */
  constructor(
    name: string,
    options: Required<ProtocolOptions>,
    messages: readonly BoundMessage[],
    entities: readonly BoundEntity[],
    world: WorldMessages | undefined,
  ) {
    const { version, accepts, datagramBytes, backend } = options;
    this.name = name;
    this.version = version;
    this.datagramBytes = datagramBytes;
    this.backend = backend;
    this.messages = Object.freeze(messages);
    this.entities = Object.freeze(entities);
    this.world = world;
    this.tables = Object.freeze(
      Array.from({ length: accepts }, (_, age) => {
        const table = buildTable({ name, messages, entities, backend }, version - age);
        for (const entry of table.entries) {
          if (entry !== undefined) checkSize(entry, datagramBytes);
        }
        if (world !== undefined) checkEntities(table, world.payloadBytes);
        return table;
      }),
    );
  }

  /** The newest accepted version whose wire has this id, or `undefined`. */
  table(id: Uint8Array): WireTable | undefined {
    return this.tables.find((table) =>
      table.id.length === id.length && table.id.every((byte, i) => byte === id[i])
    );
  }

  /**
   * What differs between this protocol and the other end's, for a person: each differing message and
   * field, ours first, such as `Player.hp int(0,100) vs int(0,200)`.
   *
   * @param otherProjection `WireTable.projection` of the other end; any text is safe.
   */
  describeMismatch(otherProjection: string): string {
    const version = projectionVersion(otherProjection);
    const ours = this.tables.find((table) => table.version === version) ?? this.tables[0];
    return describeDifference(ours?.projection ?? "", otherProjection);
  }
}

/**
 * Declares a protocol.
 *
 * @param name What it is called on the wire: 1 to 64 letters, digits, hyphens and underscores.
 * @param definitions Messages and entities by PascalCase names.
 * @throws RangeError or TypeError when a name, an option, a channel or a worst-case size is wrong.
 *
 * @example
 * ```ts
 * import { message, protocol, t } from "./mod.ts";
 * const Ping = message({ sentMs: t.u32() }, { from: "client", delivery: "unreliable" });
 * const Echo = protocol("echo", { version: 1 }, { Ping });
 * console.assert(Echo.Ping.index === 0 && Echo.tables[0]?.channels.length === 1);
 * ```
 */
export function protocol<D extends Definitions>(
  name: string,
  options: ProtocolOptions,
  definitions: D,
): Protocol<D> {
  const { version, accepts = 1, datagramBytes = DEFAULT_DATAGRAM_BYTES, backend = "jit" } = options;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
    throw new TypeError(
      `Cannot declare protocol ${
        JSON.stringify(name)
      }: a name has 1 to 64 letters, digits, hyphens and underscores`,
    );
  }
  checkInteger("protocol version", version, 1, NEWEST_VERSION);
  checkInteger("protocol accepts", accepts, 1, version);
  checkInteger("protocol datagramBytes", datagramBytes, 64, 1_400);
  if (backend !== "jit" && backend !== "interpreter") {
    throw new TypeError(
      `Cannot declare protocol: backend ${JSON.stringify(backend)} is not "jit" or "interpreter"`,
    );
  }
  const bound = bind(definitions);
  const messages = bound.filter((definition) => definition.kind === "message");
  const entities = bound.filter((definition) => definition.kind === "entity");
  const world = entities.length === 0
    ? undefined
    : worldMessages(entities, datagramBytes, messages.length);
  const core = new ProtocolCore(
    name,
    { version, accepts, datagramBytes, backend },
    world === undefined ? messages : [...messages, world.resync, world.snapshot],
    entities,
    world,
  );
  for (const definition of bound) {
    Object.defineProperty(core, definition.name, { value: definition, enumerable: true });
  }
  // The loop above has added exactly the properties of BoundDefinitions<D>.
  return Object.freeze(core) as Protocol<D>;
}

/** Names and numbers the definitions, each kind in order of names. */
function bind(definitions: Definitions): (BoundMessage | BoundEntity)[] {
  let messages = 0;
  let entities = 0;
  const hasEntities = Object.values(definitions).some((given) => given instanceof EntityDefinition);
  return Object.keys(definitions).sort(byCodeUnits).map((name) => {
    if (!/^[A-Z][A-Za-z0-9]*$/.test(name) || name.length > MAX_NAME_LENGTH) {
      throw new TypeError(
        `Cannot declare "${name}": names of messages and entities are PascalCase`,
      );
    }
    if (hasEntities && WORLD_MESSAGE_NAMES.some((taken) => taken === name)) {
      throw new TypeError(`Cannot declare "${name}": replication of entities has this name`);
    }
    const definition = definitions[name];
    if (definition instanceof MessageDefinition) {
      return new BoundMessage(name, messages++, definition);
    }
    if (definition instanceof EntityDefinition) {
      return new BoundEntity(name, entities++, definition);
    }
    throw new TypeError(`Cannot declare "${name}": it is neither a message() nor an entity()`);
  });
}

/** Every entity must fit into a snapshot, and a snapshot into a datagram. */
function checkEntities({ entities }: WireTable, payloadBytes: number): void {
  const present = entities.filter((entry) => entry !== undefined);
  for (const { entity, struct } of present) {
    checkEntitySize(entity.name, struct, present.length, payloadBytes);
  }
}

/** Finds out at declaration what would otherwise fail one rainy day in production. */
function checkSize(entry: MessageEntry, datagramBytes: number): void {
  const { message, maxBytes } = entry;
  const reliable = message.delivery.startsWith("reliable");
  const limit = reliable
    ? MAX_CODEC_BYTES
    : datagramBytes * (message.options.fragments === true ? MAX_UNRELIABLE_FRAGMENTS : 1);
  if (maxBytes <= limit) return;
  const advice = message.delivery === "unreliable" && message.options.fragments !== true
    ? "; lower a maximum, or declare fragments: true"
    : "; lower a maximum";
  throw new RangeError(
    `Cannot declare ${message.name}: ${message.delivery} messages are limited to ${limit} bytes, ` +
      `but its worst case is ${maxBytes}${advice}`,
  );
}
