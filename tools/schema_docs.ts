/**
 * Describes a protocol in Markdown: channels, messages, entities, bits of each field, worst cases.
 *
 * @module
 */
import { parseArgs } from "node:util";
import {
  blockBounds,
  fixedBits,
  isLeaf,
  mapEntryNode,
  packedBits,
  tailBounds,
} from "../schema/layout.ts";
import type {
  EntityEntry,
  FieldMeta,
  MessageEntry,
  Node,
  ProtocolCore,
  StructNode,
  WireTable,
} from "../schema/mod.ts";
import { typeText } from "../schema/projection.ts";
import {
  EXIT_OK,
  loadProtocol,
  type Output,
  runTool,
  terminal,
  UsageError,
} from "./schema_module.ts";

const HELP = `Describes a protocol in Markdown.

Usage: deno run -R tools/schema_docs.ts <module> [options]

  <module>             a module that exports a protocol, or a game that has one
  --export <name>      which export, when there are several protocols
  --version <number>   which accepted version; default: the newest
  --out <file>         where to write (needs -W); default: standard output
  --help               this text`;

/** Runs the tool; returns its exit code. */
export function schemaDocs(args: readonly string[], output: Output = terminal): Promise<number> {
  return runTool(output, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        export: { type: "string" },
        version: { type: "string" },
        out: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      output.log(HELP);
      return EXIT_OK;
    }
    const [module, ...rest] = positionals;
    if (module === undefined || rest.length > 0) throw new UsageError("Name exactly one module");
    const protocol = await loadProtocol(module, values.export);
    const text = describeProtocol(protocol, tableOf(protocol, values.version));
    if (values.out === undefined) output.log(text.trimEnd());
    else await Deno.writeTextFile(values.out, text);
    return EXIT_OK;
  });
}

function tableOf(protocol: ProtocolCore, version: string | undefined): WireTable {
  const table = version === undefined
    ? protocol.tables[0]
    : protocol.tables.find((table) => `${table.version}` === version);
  if (table !== undefined) return table;
  const accepted = protocol.tables.map((table) => table.version).join(", ");
  throw new UsageError(`Cannot describe version ${version}: accepted are ${accepted}`);
}

/** The description of one version of a protocol. */
export function describeProtocol(protocol: ProtocolCore, table: WireTable): string {
  const lines = [
    `# Protocol ${protocol.name}, version ${table.version}`,
    "",
    `Id \`${table.idHex}\`. Made by \`tools/schema_docs.ts\`; the layout of the bytes is described in docs/schema_wire.md.`,
    "",
    "## Channels",
    "",
    "| number | name | delivery | priority | weight | messages | largest message |",
    "|---|---|---|---|---|---|---|",
  ];
  for (const channel of table.channels) {
    const names = channel.messages.map((message) => message.name).join(", ");
    lines.push(
      `| ${channel.index} | ${channel.name} | ${channel.delivery} | ${channel.priority} | ` +
        `${channel.weight} | ${names} | ${channel.maxMessageBytes} B |`,
    );
  }
  lines.push("", "## Messages");
  for (const entry of table.entries) if (entry !== undefined) lines.push(...messageLines(entry));
  const entities = table.entities.filter((entry) => entry !== undefined);
  if (entities.length > 0) lines.push("", "## Entities");
  for (const entry of entities) lines.push(...entityLines(entry));
  return `${lines.join("\n")}\n`;
}

function messageLines(entry: MessageEntry): string[] {
  const { message, struct } = entry;
  const { ttlMs, redundancy, rate, fragments } = message.options;
  const facts = [`from ${message.from}`, message.delivery, `channel ${entry.channel}`];
  if (entry.envelopeBytes > 0) facts.push(`number ${entry.indexInChannel} on it`);
  if (ttlMs !== undefined) facts.push(`dropped after ${ttlMs} ms in the queue`);
  if (redundancy !== undefined) facts.push(`${redundancy} values a packet`);
  if (fragments === true) facts.push("may span several datagrams");
  if (rate !== undefined) facts.push(`at most ${rate.perSecond} a second, ${rate.burst} at once`);
  return [
    "",
    `### ${message.name}`,
    "",
    `${facts.join(", ")}.`,
    ...sizeLines(struct, entry.envelopeBytes),
  ];
}

function entityLines({ entity, struct }: EntityEntry): string[] {
  return ["", `### ${entity.name}`, ...sizeLines(struct, 0)];
}

function sizeLines(struct: StructNode, envelopeBytes: number): string[] {
  const { min, max } = blockBounds(struct);
  const envelope = envelopeBytes > 0 ? ` after ${envelopeBytes} byte of envelope` : "";
  const unit = max === 1 ? "byte" : "bytes";
  const size = min === max ? `${max} ${unit}` : `${min} to ${max} ${unit}`;
  const lines = ["", `Size: ${size}${envelope}; ${fixedBits(struct)} bits in the fixed part.`];
  if (struct.fields.length === 0) return lines;
  lines.push("", "| field | type | bits | then bytes | notes |", "|---|---|---|---|---|");
  pushFields(lines, struct, "");
  return lines;
}

function pushFields(lines: string[], struct: StructNode, prefix: string): void {
  for (const field of struct.fields) {
    if (field.carried) pushNode(lines, field.node, `${prefix}${field.name}`, field.meta);
  }
}

function pushNode(lines: string[], node: Node, path: string, meta: FieldMeta): void {
  if (node.kind === "struct") return pushFields(lines, node, `${path}.`);
  const { min, max } = tailBounds(node);
  const tail = isLeaf(node) ? "" : min === max ? `${max}` : `up to ${max}`;
  const type = typeText(node).replaceAll("|", "\\|");
  lines.push(`| ${path} | \`${type}\` | ${fixedBits(node)} | ${tail} | ${notesOf(node, meta)} |`);
  switch (node.kind) {
    case "optional":
      return pushNode(lines, node.inner, `${path}?`, {});
    case "array":
      return pushNode(lines, node.element, `${path}[]`, {});
    case "map":
      return pushFields(lines, mapEntryNode(node.key, node.value), `${path}[].`);
    case "union":
      for (const variant of node.variants) {
        pushFields(lines, variant.struct, `${path}(${variant.name}).`);
      }
  }
}

function notesOf(node: Node, meta: FieldMeta): string {
  const notes: string[] = [];
  if (node.kind === "int" && node.role !== "number") notes.push(node.role);
  if (node.kind === "quantized") notes.push(`steps of ${node.grid.stepSize}`);
  if (node.kind === "array" && packedBits(node.element) > 0) notes.push("elements packed");
  if (meta.since !== undefined) notes.push(`since version ${meta.since}`);
  if (meta.deprecated !== undefined) notes.push(`until version ${meta.deprecated}`);
  if (meta.once === true) notes.push("sent once");
  if (meta.view !== undefined) notes.push(`seen by ${meta.view}`);
  if (meta.group !== undefined) notes.push(`group ${meta.group}`);
  if (meta.interpolation !== undefined) notes.push(meta.interpolation.kind);
  return notes.join(", ");
}

if (import.meta.main) Deno.exit(await schemaDocs(Deno.args));
