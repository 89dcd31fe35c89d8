/**
 * What differs between two protocols, in words: the text that turns "protocol id mismatch" into
 * "Player.hp int(0,100) vs int(0,200)".
 *
 * @module
 */

/** Longest foreign projection that is looked at; it came from a peer. */
const MAX_FOREIGN_CHARS = 65_536;

/** Most differences that are listed. */
const MAX_DIFFERENCES = 8;

/** A projection, parsed: field types by path, for each message and entity. */
interface Outline {
  readonly head: string;
  readonly definitions: Map<string, Definition>;
}

interface Definition {
  readonly head: string;
  readonly fields: Map<string, string>;
}

/** The version number in a projection, or `undefined` when it has none. */
export function projectionVersion(projection: string): number | undefined {
  const match = /^protocol \S+ version (\d{1,5})\n/.exec(`${projection.slice(0, 256)}\n`);
  return match === null ? undefined : Number(match[1]);
}

/**
 * Lists the differences between two projections, ours first.
 *
 * @param theirs Text from a peer: anything is accepted, nothing throws.
 * @returns Differences joined by `"; "`, or `"no difference"`.
 */
export function describeDifference(ours: string, theirs: string): string {
  const left = parseOutline(ours);
  const right = parseOutline(theirs.slice(0, MAX_FOREIGN_CHARS));
  const differences: string[] = [];
  const leftName = left.head.split(" ")[1];
  const rightName = right.head.split(" ")[1];
  if (leftName !== rightName) differences.push(`protocol ${leftName} vs ${printable(rightName)}`);
  for (const [name, definition] of left.definitions) {
    const other = right.definitions.get(name);
    if (other === undefined) differences.push(`${name} vs nothing`);
    else compareDefinitions(name, definition, other, differences);
  }
  for (const name of right.definitions.keys()) {
    if (!left.definitions.has(name)) differences.push(`nothing vs ${printable(name)}`);
  }
  if (differences.length === 0) return "no difference";
  const shown = differences.slice(0, MAX_DIFFERENCES);
  if (differences.length > shown.length) shown.push(`${differences.length - shown.length} more`);
  return shown.join("; ");
}

function parseOutline(text: string): Outline {
  const [head = "", ...lines] = text.split("\n");
  const definitions = new Map<string, Definition>();
  let current: Definition | undefined;
  for (const line of lines) {
    const words = line.trim().split(" ");
    const name = words[1] ?? "";
    if (line.startsWith("message ") || line.startsWith("entity ")) {
      current = { head: `${words[0]} ${words.slice(2).join(" ")}`, fields: new Map() };
      definitions.set(name, current);
    } else if (line.startsWith("  ") && current !== undefined) {
      current.fields.set(words[0] ?? "", words.slice(1).join(" "));
    }
  }
  return { head, definitions };
}

function compareDefinitions(
  name: string,
  ours: Definition,
  theirs: Definition,
  differences: string[],
): void {
  if (ours.head !== theirs.head) {
    differences.push(`${name} ${ours.head} vs ${printable(theirs.head)}`);
  }
  const left = [...ours.fields];
  const right = [...theirs.fields];
  // Names of properties do not travel: the same types in the same order are the same bytes.
  const sameTypes = left.length === right.length &&
    left.every(([, type], i) => type === right[i]?.[1]);
  if (sameTypes) return;
  const before = differences.length;
  for (const [path, type] of left) {
    const other = theirs.fields.get(path);
    if (other !== type) differences.push(`${name}.${path} ${type} vs ${printable(other)}`);
  }
  for (const [path, type] of right) {
    if (!ours.fields.has(path)) {
      differences.push(`${name}.${printable(path)} nothing vs ${printable(type)}`);
    }
  }
  if (differences.length === before) {
    differences.push(`${name} has its fields in another order`);
  }
}

/** Foreign text fit for a log line. */
function printable(text: string | undefined): string {
  if (text === undefined || text === "") return "nothing";
  return text.slice(0, 80).replace(/[^\x20-\x7e]/g, "?");
}
