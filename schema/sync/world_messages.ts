/**
 * The two messages that carry replication. A protocol with entities declares them by itself.
 *
 * @module
 */
import { BoundMessage } from "../bound.ts";
import { t } from "../builders/t.ts";
import type { EntityDefinition } from "../entity.ts";
import { blockBounds } from "../layout.ts";
import { message } from "../message.ts";
import type { StructNode } from "../node.ts";
import { bitsRequired } from "../wire/bits.ts";
import { entityLayout, maxRecordBits } from "./layout.ts";
import { snapshotOverheadBits } from "./snapshot_format.ts";

/** Names that a protocol with entities takes for itself. */
export const WORLD_MESSAGE_NAMES = ["WorldResync", "WorldSnapshot"] as const;

/** A snapshot that waited longer is worth less than the next one. */
const SNAPSHOT_TTL_MS = 250;

/** The messages of a protocol with entities. */
export interface WorldMessages {
  /** From the client: it cannot go on from what the server believes it has. */
  readonly resync: BoundMessage<{ epoch: number }, "client">;
  /** From the server: records of one frame. */
  readonly snapshot: BoundMessage<{ payload: Uint8Array }, "server">;
  /** Largest payload of a snapshot in bytes. */
  readonly payloadBytes: number;
}

/** What {@link worldMessages} needs to know of an entity. */
type Entity = Pick<EntityDefinition<unknown>, "options">;

/**
 * Makes the messages.
 *
 * @param index Number of the first one among the messages of the protocol.
 */
export function worldMessages(
  entities: readonly Entity[],
  datagramBytes: number,
  index: number,
): WorldMessages {
  const span = versionsOf(entities);
  // The payload's length takes one or two bytes.
  const payloadBytes = datagramBytes - (datagramBytes > 256 ? 2 : 1);
  const resync = message({ epoch: t.u8() }, {
    from: "client",
    delivery: "reliable-ordered",
    channel: "world-resync",
    rate: { perSecond: 1, burst: 3 },
    ...span,
  });
  const snapshot = message({ payload: t.bytes({ maxBytes: payloadBytes }) }, {
    from: "server",
    delivery: "unreliable",
    channel: "world-snapshot",
    ttlMs: SNAPSHOT_TTL_MS,
    ...span,
  });
  return Object.freeze({
    resync: new BoundMessage("WorldResync", index, resync),
    snapshot: new BoundMessage("WorldSnapshot", index + 1, snapshot),
    payloadBytes,
  });
}

/**
 * Throws when a record of the entity could be too large for a datagram.
 *
 * @param types How many entity types the version has.
 */
export function checkEntitySize(
  name: string,
  struct: StructNode,
  types: number,
  payloadBytes: number,
): void {
  const typeBits = bitsRequired(0, Math.max(types - 1, 0));
  // First by bytes: the layout of an absurd tree is not worth making.
  const { max } = blockBounds(struct);
  const bits = maxRecordBits(entityLayout(name, struct)) + snapshotOverheadBits(typeBits);
  const sizeBytes = Math.max(Math.ceil(bits / 8), max);
  if (sizeBytes <= payloadBytes) return;
  throw new RangeError(
    `Cannot declare ${name}: an entity spawns in one datagram of ${payloadBytes} bytes, ` +
      `but its worst case is ${sizeBytes}; lower a maximum`,
  );
}

/** The versions that have any entity. */
function versionsOf(entities: readonly Entity[]): { since?: number; deprecated?: number } {
  const since = Math.min(...entities.map(({ options }) => options.since ?? 1));
  const deprecated = Math.max(...entities.map(({ options }) => options.deprecated ?? Infinity));
  return {
    ...(since > 1 ? { since } : {}),
    ...(deprecated < Infinity ? { deprecated } : {}),
  };
}
