/**
 * Definitions with the name and number that a protocol gave them: what `send` and `on` take.
 *
 * @module
 */
import type { EntityDefinition, EntityOptions } from "./entity.ts";
import type { Delivery, Direction, MessageDefinition, MessageOptions } from "./message.ts";
import type { StructNode } from "./node.ts";

/** A message of a protocol: `Arena.Chat`. */
export class BoundMessage<
  T = unknown,
  From extends Direction = Direction,
  Name extends string = string,
> {
  /** The carried type; exists for the type checker only. */
  declare readonly "~type": T;
  /** Tells definitions apart. */
  readonly kind = "message";
  /** The name in the protocol. */
  readonly name: Name;
  /** The number among all messages of the protocol, in order of names; never on the wire. */
  readonly index: number;
  /** Who sends it. */
  readonly from: From;
  /** What the network promises. */
  readonly delivery: Delivery;
  /** All options, as declared. */
  readonly options: Readonly<MessageOptions<From>>;
  /** The properties in the newest version, before `since` and `deprecated` are applied. */
  readonly struct: StructNode;

  /** Use `protocol()` instead. */
  constructor(name: Name, index: number, definition: MessageDefinition<T, From>) {
    this.name = name;
    this.index = index;
    this.from = definition.options.from;
    this.delivery = definition.options.delivery;
    this.options = definition.options;
    this.struct = definition.struct;
    Object.freeze(this);
  }
}

/** An entity of a protocol: `Arena.Player`. */
export class BoundEntity<T = unknown, Name extends string = string> {
  /** The carried type; exists for the type checker only. */
  declare readonly "~type": T;
  /** Tells definitions apart. */
  readonly kind = "entity";
  /** The name in the protocol. */
  readonly name: Name;
  /** The number among all entities of the protocol, in order of names. */
  readonly index: number;
  /** All options, as declared. */
  readonly options: Readonly<EntityOptions>;
  /** The properties, before `since` and `deprecated` are applied. */
  readonly struct: StructNode;

  /** Use `protocol()` instead. */
  constructor(name: Name, index: number, definition: EntityDefinition<T>) {
    this.name = name;
    this.index = index;
    this.options = definition.options;
    this.struct = definition.struct;
    Object.freeze(this);
  }
}

/** A message that a client may send. */
export type ClientMessage<T> = BoundMessage<T, "client" | "both">;

/** A message that a server may send. */
export type ServerMessage<T> = BoundMessage<T, "server" | "both">;
