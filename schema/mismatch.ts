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

/** A projection, parsed. */
interface Outline {
  readonly protocol: string;
  readonly definitions: Map<string, Definition>;
}

/** A message or entity of a projection. */
interface Definition {
  /** What it is: `entity`, or who sends it and how: `from both, reliable-ordered`. */
  readonly nature: string;
  /** Channel and number on it; empty for an entity. */
  readonly place: string;
  /** Types by path, in wire order. */
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
  if (left.protocol !== right.protocol) {
    differences.push(`protocol ${left.protocol} vs ${printable(right.protocol)}`);
  }
  for (const [name, definition] of left.definitions) {
    const other = right.definitions.get(name);
    if (other === undefined) differences.push(`${name} vs nothing`);
    else compareDefinitions(name, definition, other, differences);
  }
  for (const name of right.definitions.keys()) {
    if (!left.definitions.has(name)) differences.push(`nothing vs ${printable(name)}`);
  }
  // One message more moves all that follow it; the numbers matter only when nothing else differs.
  if (differences.length === 0) comparePlaces(left, right, differences);
  if (differences.length === 0) return "no difference";
  const shown = differences.slice(0, MAX_DIFFERENCES);
  if (differences.length > shown.length) shown.push(`${differences.length - shown.length} more`);
  return shown.join("; ");
}

function parseOutline(text: string): Outline {
  const [head = "", ...lines] = text.split("\n");
  const deliveries = new Map<string, string>();
  const definitions = new Map<string, Definition>();
  let current: Definition | undefined;
  for (const line of lines) {
    const words = line.trim().split(" ");
    const [kind, name = "", second = "", third = "", , place = ""] = words;
    if (line.startsWith("  ")) {
      current?.fields.set(words[0] ?? "", words.slice(1).join(" "));
    } else if (kind === "channel") {
      deliveries.set(name, second);
    } else if (kind === "message") {
      const delivery = deliveries.get(place.split(".")[0] ?? "") ?? "";
      current = { nature: `${second} ${third}, ${delivery}`, place, fields: new Map() };
      definitions.set(name, current);
    } else if (kind === "entity") {
      current = { nature: "entity", place: "", fields: new Map() };
      definitions.set(name, current);
    }
  }
  return { protocol: head.split(" ")[1] ?? "", definitions };
}

function compareDefinitions(
  name: string,
  ours: Definition,
  theirs: Definition,
  differences: string[],
): void {
  if (ours.nature !== theirs.nature) {
    differences.push(`${name} ${ours.nature} vs ${printable(theirs.nature)}`);
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

function comparePlaces(left: Outline, right: Outline, differences: string[]): void {
  for (const [name, { place }] of left.definitions) {
    const other = right.definitions.get(name)?.place;
    if (other !== place) differences.push(`${name} at ${place} vs ${printable(other)}`);
  }
}

/** Foreign text fit for a log line. */
function printable(text: string | undefined): string {
  if (text === undefined || text === "") return "nothing";
  return text.slice(0, 80).replace(/[^\x20-\x7e]/g, "?");
}
