/**
 * The entity types of one version of a protocol, numbered as on the wire.
 *
 * @module
 */
import type { BoundEntity } from "../bound.ts";
import type { Backend } from "../codec.ts";
import { bitsRequired } from "../wire/bits.ts";
import type { WireTable } from "../wire_table.ts";
import { EntityCodec } from "./entity_codec.ts";

/** An entity type in one version. */
export interface SyncType {
  /** The entity. */
  readonly entity: BoundEntity;
  /** Its codec in this version. */
  readonly codec: EntityCodec;
}

/** All of one version. */
export interface SyncTable {
  /** The types by their number on the wire: entities of the version in order of names. */
  readonly types: readonly SyncType[];
  /** Bits of that number. */
  readonly typeBits: number;
  /** The number of an entity by `BoundEntity.index`; -1 where the version does not have it. */
  readonly wireIndex: readonly number[];
}

const made = new WeakMap<WireTable, SyncTable>();

/** The types of a version; made on first use. */
export function syncTableOf(table: WireTable, backend: Backend): SyncTable {
  let found = made.get(table);
  if (found === undefined) made.set(table, found = makeTable(table, backend));
  return found;
}

function makeTable(table: WireTable, backend: Backend): SyncTable {
  const types: SyncType[] = [];
  const wireIndex = table.entities.map((entry) => {
    if (entry === undefined) return -1;
    const { entity, struct } = entry;
    return types.push({ entity, codec: new EntityCodec(entity.name, struct, backend) }) - 1;
  });
  return Object.freeze({
    types,
    typeBits: bitsRequired(0, Math.max(types.length - 1, 0)),
    wireIndex,
  });
}
