/**
 * A version of a protocol as text: one line a message and a field. The text is what two ends compare,
 * what `schema.lock.json` records, and, without the names that never travel, what the protocol id hashes.
 *
 * @module
 */
import type { BoundEntity, BoundMessage } from "./bound.ts";
import type { ChannelSpec } from "./channels.ts";
import { mapEntryNode } from "./layout.ts";
import type { FieldMeta, Node, StructNode } from "./node.ts";

/** What a projection is made from. */
export interface ProjectionSource {
  /** Name of the protocol. */
  readonly name: string;
  /** The version. */
  readonly version: number;
  /** Its channels. */
  readonly channels: readonly ChannelSpec[];
  /** Its entities, sorted by name. */
  readonly entities: readonly BoundEntity[];
  /** The properties of a message or entity as this version carries them. */
  readonly structOf: (definition: BoundMessage | BoundEntity) => StructNode;
}

/** The two texts of a version. */
export interface Projection {
  /** With every name and the version number: for people, and for naming differences. */
  readonly named: string;
  /** Without property and channel names and without the version: exactly what fixes the bytes, and nothing else. */
  readonly wire: string;
}

/** One line of a projection. */
interface Line {
  /** Nesting of arrays, maps, optionals and unions; nested structs add none, for they add no bytes. */
  readonly depth: number;
  readonly path: string;
  readonly type: string;
}

/** Projects one version. */
export function projectionOf(source: ProjectionSource): Projection {
  const named = [`protocol ${source.name} version ${source.version}`];
  const wire = [`tickwire schema 1`, `protocol ${source.name}`];
  for (const channel of source.channels) {
    named.push(`channel ${channel.index} ${channel.delivery} ${channel.name}`);
    wire.push(`channel ${channel.index} ${channel.delivery}`);
    channel.messages.forEach((message, indexInChannel) => {
      const place = `${channel.index}.${indexInChannel}`;
      const head = `message ${message.name} from ${message.from} at ${place}`;
      pushDefinition(head, source.structOf(message), named, wire);
    });
  }
  for (const entity of source.entities) {
    pushDefinition(`entity ${entity.name}`, source.structOf(entity), named, wire);
  }
  return { named: named.join("\n"), wire: wire.join("\n") };
}

function pushDefinition(
  head: string,
  struct: StructNode,
  named: string[],
  wire: string[],
): void {
  named.push(head);
  wire.push(head);
  const lines: Line[] = [];
  pushStruct(lines, struct, "", 1);
  for (const { depth, path, type } of lines) {
    named.push(`  ${path} ${type}`);
    wire.push(" ".repeat(depth) + type);
  }
}

function pushStruct(lines: Line[], node: StructNode, prefix: string, depth: number): void {
  for (const field of node.fields) {
    if (!field.carried) continue;
    pushNode(lines, field.node, `${prefix}${field.name}`, depth, modifiersOf(field.meta));
  }
}

/** Modifiers that change what replication sends. */
function modifiersOf(meta: FieldMeta): string {
  let text = "";
  if (meta.once === true) text += " once";
  if (meta.view !== undefined) text += ` view(${meta.view})`;
  if (meta.group !== undefined) text += ` group(${meta.group})`;
  return text;
}

function pushNode(
  lines: Line[],
  node: Node,
  path: string,
  depth: number,
  modifiers: string,
): void {
  if (node.kind === "struct") {
    // Modifiers of a nested struct count for each of its lines: the struct has no line of its own.
    for (const field of node.fields) {
      if (field.carried) pushNode(lines, field.node, `${path}.${field.name}`, depth, modifiers);
    }
    return;
  }
  lines.push({ depth, path, type: typeText(node) + modifiers });
  switch (node.kind) {
    case "optional":
      pushNode(lines, node.inner, `${path}?`, depth + 1, "");
      break;
    case "array":
      pushNode(lines, node.element, `${path}[]`, depth + 1, "");
      break;
    case "map":
      pushStruct(lines, mapEntryNode(node.key, node.value), `${path}[].`, depth + 1);
      break;
    case "union":
      for (const variant of node.variants) {
        lines.push({
          depth: depth + 1,
          path: `${path}.${variant.name}`,
          type: `variant ${variant.name}`,
        });
        pushStruct(lines, variant.struct, `${path}.${variant.name}.`, depth + 2);
      }
  }
}

/** A node as a declaration would write it, without its children. */
export function typeText(node: Node): string {
  switch (node.kind) {
    case "bool":
    case "varint":
    case "optional":
    case "struct":
      return node.kind;
    case "int":
      return `int(${node.min},${node.max})`;
    case "float":
      return `f${node.bits}`;
    case "quantized":
      return `quantized(${node.grid.min},${node.grid.max},${node.grid.steps})`;
    case "compressedFloat":
      return `compressedFloat(${node.grid.min},${node.grid.max},${node.grid.resolution})`;
    case "angle":
      return `angle(${node.bits})`;
    case "enum":
      // The values are what is carried, so exchanging two of them changes what every byte means.
      return `enum(${node.values.map((value) => JSON.stringify(value)).join(",")})`;
    case "quaternion":
      return `quat(${node.bits})`;
    case "string":
      return `string(${node.maxBytes})`;
    case "bytes":
      return node.minBytes === node.maxBytes
        ? `bytes(=${node.maxBytes})`
        : `bytes(${node.maxBytes})`;
    case "any":
      return `any(${node.maxBytes},${node.maxDepth},${node.maxItems})`;
    case "array":
      return `array(${node.min},${node.max})`;
    case "map":
      return `map(${node.max})`;
    case "union":
      return `union`;
  }
}
