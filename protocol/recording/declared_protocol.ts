/**
 * A protocol as data, so that a recording can be read without the module that declared it.
 *
 * @module
 */
import {
  type Direction,
  EntityDefinition,
  type EntityOptions,
  MessageDefinition,
  type MessageOptions,
  protocol,
  type ProtocolCore,
  type StructNode,
} from "../../schema/mod.ts";
import { RecordingError } from "./recording_error.ts";

/** A protocol with everything that its wire needs. */
export interface DeclaredProtocol {
  /** Its name. */
  readonly name: string;
  /** Its newest version. */
  readonly version: number;
  /** How many versions it accepts. */
  readonly accepts: number;
  /** Room for one message in a datagram. */
  readonly datagramBytes: number;
  /** Hash of each accepted version's wire, newest first. */
  readonly ids: readonly string[];
  /** Each accepted version as text, newest first. */
  readonly projections: readonly string[];
  /** Its messages and entities. */
  readonly definitions: readonly DeclaredDefinition[];
}

/** A message or entity. */
export type DeclaredDefinition = {
  readonly kind: "message";
  readonly name: string;
  readonly struct: StructNode;
  readonly options: MessageOptions<Direction>;
} | {
  readonly kind: "entity";
  readonly name: string;
  readonly struct: StructNode;
  readonly options: EntityOptions;
};

/** A protocol as data. */
export function declaredProtocol(core: ProtocolCore): DeclaredProtocol {
  const internal = new Set<unknown>(core.world === undefined ? [] : Object.values(core.world));
  const bound = [...core.messages.filter((message) => !internal.has(message)), ...core.entities];
  return {
    name: core.name,
    version: core.version,
    accepts: core.tables.length,
    datagramBytes: core.datagramBytes,
    ids: core.tables.map((table) => table.idHex),
    projections: core.tables.map((table) => table.projection),
    // Boundary cast: kind, struct and options belong together in what was bound.
    definitions: bound.map(({ kind, name, struct, options }) => (
      { kind, name, struct, options } as DeclaredDefinition
    )),
  };
}

/**
 * The protocol again. It knows no more than its wire: `Arena.Chat` of the game's module is another object.
 *
 * @throws RecordingError `protocol` when this Tickwire gives it another wire than the one that was recorded.
 */
export function protocolOf(declared: DeclaredProtocol): ProtocolCore {
  const { name, version, accepts, datagramBytes } = declared;
  try {
    const core = protocol(
      name,
      { version, accepts, datagramBytes },
      Object.fromEntries(declared.definitions.map((definition) => [
        definition.name,
        definition.kind === "message"
          ? new MessageDefinition<unknown, Direction>(definition.struct, definition.options)
          : new EntityDefinition<unknown>(definition.struct, definition.options),
      ])),
    );
    checkSameWire(declared, core);
    return core;
  } catch (error) {
    if (error instanceof RecordingError) throw error;
    throw new RecordingError(
      "protocol",
      `The recording's protocol ${name} cannot be declared here; give its module with --protocol`,
      { cause: error },
    );
  }
}

/** @throws RecordingError `protocol` unless the protocol has the wire that was recorded. */
export function checkSameWire(declared: DeclaredProtocol, core: ProtocolCore): void {
  const ids = core.tables.map((table) => table.idHex);
  if (core.name === declared.name && declared.ids.every((id, age) => ids[age] === id)) return;
  const difference = core.describeMismatch(declared.projections[0] ?? "");
  throw new RecordingError(
    "protocol",
    `The recording is of another wire than ${core.name} version ${core.version}: ${difference}`,
  );
}
