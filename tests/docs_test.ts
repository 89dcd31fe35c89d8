/**
 * Whether README and guide are true as far as a machine can tell: their TypeScript compiles, their tests
 * pass, their links lead somewhere, and their commands name files and tasks that exist.
 *
 * A block of TypeScript is a module of its own. One whose first line is `// name.ts` can be imported by
 * other blocks of the same documents; all pages of the guide are one such set, README is another.
 *
 * @module
 */
import assert from "node:assert/strict";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import config from "../deno.json" with { type: "json" };
import { CloseCode, DELIVERIES, REFUSAL_STATUSES, t } from "../mod.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Where documents say that the repository is served. */
const WEB_ROOT = "https://tickwire.example/";

/** Lines of a fence in a document. */
interface Block {
  readonly document: string;
  /** Of its first line of content, from 1. */
  readonly line: number;
  /** What stands behind the three backticks. */
  readonly info: string;
  readonly text: string;
}

/** Paths of documents, relative to the root, with their texts. */
type Documents = ReadonlyMap<string, string>;

function readDocuments(paths: readonly string[]): Documents {
  return new Map(paths.map((path) => [path, Deno.readTextFileSync(join(ROOT, path))]));
}

function markdownIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(join(ROOT, folder)), ({ name }) => name)
    .filter((name) => name.endsWith(".md")).sort().map((name) => `${folder}/${name}`);
}

const GUIDE = readDocuments(["docs/guide.md", ...markdownIn("docs/guide")]);
const README = readDocuments(["README.md"]);
const ALL = new Map([
  ...README,
  ...GUIDE,
  ...readDocuments(["CHANGELOG.md", ...markdownIn("docs")]),
]);

function blocksOf(documents: Documents): Block[] {
  return Array.from(documents, ([document, text]) => {
    const blocks: Block[] = [];
    const lines = text.split("\n");
    for (let i = 0; i < lines.length; i++) {
      const info = /^ *```(.+)$/.exec(lines[i]!)?.[1]?.trim();
      if (info === undefined) continue;
      const end = lines.findIndex((line, at) => at > i && line.trim() === "```");
      assert.notEqual(end, -1, `${document}:${i + 1}: the block has no end`);
      blocks.push({ document, line: i + 2, info, text: lines.slice(i + 1, end).join("\n") });
      i = end;
    }
    return blocks;
  }).flat();
}

/** The blocks that are to compile, by file name. */
function modulesOf(documents: Documents): Map<string, Block> {
  const modules = new Map<string, Block>();
  for (const block of blocksOf(documents)) {
    if (block.info !== "ts") continue;
    const page = block.document.replace(/^.*\//, "").replace(".md", "");
    const name = /^\/\/ (\w+\.ts)$/m.exec(block.text.split("\n")[0]!)?.[1] ??
      `${page}_${block.line}.ts`;
    const other = modules.get(name);
    assert.equal(other, undefined, `${name} is in ${other?.document} and in ${block.document}`);
    modules.set(name, block);
  }
  return modules;
}

/** A folder as a reader of the documents would have it, with this repository in place of the web's. */
function writeProject(sets: ReadonlyMap<string, Documents>): string {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "tickwire-docs-" }));
  const root = pathToFileURL(ROOT).href;
  const exported = Object.entries(config.exports).map(([name, path]) => [
    config.name + name.slice(1),
    new URL(path, root).href,
  ]);
  const project = {
    imports: { ...Object.fromEntries(exported), [WEB_ROOT]: root },
    compilerOptions: config.compilerOptions,
    unstable: config.unstable,
    lock: false,
  };
  Deno.writeTextFileSync(join(folder, "deno.json"), JSON.stringify(project));
  for (const [name, documents] of sets) {
    Deno.mkdirSync(join(folder, name));
    for (const [file, { text }] of modulesOf(documents)) {
      Deno.writeTextFileSync(join(folder, name, file), text);
    }
  }
  return folder;
}

/** The lines of the documents at which the checker found something wrong. */
function placesIn(report: string, sets: ReadonlyMap<string, Documents>): string[] {
  const places = report.matchAll(/at file:\/\/\S*\/(\w+)\/(\w+\.ts):(\d+):\d+/g);
  return Array.from(places, ([, set = "", file = "", line]) => {
    const block = modulesOf(sets.get(set) ?? new Map()).get(file);
    return block === undefined
      ? `${set}/${file}:${line}`
      : `${block.document}:${block.line + Number(line) - 1}`;
  });
}

async function deno(folder: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const command = new Deno.Command(Deno.execPath(), { args, cwd: folder, env: { NO_COLOR: "1" } });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test("every block of TypeScript compiles, and the guide's tests pass", async (step) => {
  // One that is wrong shows that the others were looked at.
  const wrong = new Map([[
    "wrong.md",
    "```ts\n// wrong.ts\nexport const no: number = `text`;\n```",
  ]]);
  const sets = new Map([["readme", README], ["guide", GUIDE], ["wrong", wrong]]);
  const folder = writeProject(sets);
  try {
    const [checked, tested] = await Promise.all([
      deno(folder, "check", "--quiet", "."),
      deno(folder, "test", "-A", "--no-check", "guide"),
    ]);
    await step.step("they compile", () => {
      assert.deepEqual(placesIn(checked.text, sets), ["wrong.md:3"], checked.text);
      assert.equal(checked.code, 1);
    });
    await step.step("the tests among them pass", () => {
      assert.equal(tested.code, 0, tested.text);
      assert.match(tested.text, /^ok \| [1-9]/m);
    });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

/** Text without code, in which brackets mean other things. */
function proseOf(text: string): string {
  return text.replace(/^ *```[^]*?^ *```$/gm, "").replace(/`[^`\n]*`/g, "");
}

/** The fragments by which the headings of a document are named, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const withoutBlocks = text.replace(/^ *```[^]*?^ *```$/gm, "");
  const headings = withoutBlocks.matchAll(/^#+ (.+)$/gm);
  return new Set(
    Array.from(
      headings,
      ([, heading = ""]) =>
        heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"),
    ),
  );
}

/** Relative links that lead nowhere. */
function deadLinks(documents: Documents): string[] {
  const dead: string[] = [];
  for (const [document, text] of documents) {
    for (const [, target = ""] of proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const to = path === "" ? document : normalize(join(dirname(document), path));
      const exists = documents.has(to) || isThere(to);
      const known = anchor === undefined || anchorsOf(documents.get(to) ?? "").has(anchor);
      if (!exists || !known) dead.push(`${document}: ${target}`);
    }
  }
  return dead;
}

function isThere(path: string): boolean {
  if (relative(ROOT, join(ROOT, path)).startsWith("..")) return false;
  try {
    return Deno.statSync(join(ROOT, path)) !== undefined;
  } catch {
    return false;
  }
}

Deno.test("every relative link leads to a file and to a heading in it", () => {
  assert.deepEqual(deadLinks(ALL), []);
});

Deno.test("a link to no file, no heading or out of the repository is found", () => {
  const text = "# A b\n[1](b.md#c-d) [2](b.md#e) [3](no.md) [4](#a-b) [5](../x) [6](https://x.y)";
  const documents = new Map([["a.md", text], ["b.md", "## C, `d`!\n`[7](no.md)`"]]);
  assert.deepEqual(deadLinks(documents), ["a.md: b.md#e", "a.md: no.md", "a.md: ../x"]);
});

const FOLDERS = new Set(
  Array.from(Deno.readDirSync(ROOT)).filter(({ name, isDirectory }) =>
    isDirectory && !name.startsWith(".")
  ).map(({ name }) => name),
);

/** Files of the repository and tasks that commands name and that do not exist. */
function deadCommands(blocks: readonly Block[]): string[] {
  const dead: string[] = [];
  for (const { document, info, text } of blocks) {
    if (info !== "sh") continue;
    for (const [, task = ""] of text.matchAll(/\bdeno task (\S+)/g)) {
      if (!Object.hasOwn(config.tasks, task)) dead.push(`${document}: deno task ${task}`);
    }
    for (const word of text.replaceAll(WEB_ROOT, "./").split(/[\s'"=]+/)) {
      const path = normalize(word);
      const isOurs = word.startsWith("./") || FOLDERS.has(path.split("/")[0]!);
      if (isOurs && /\.\w+$/.test(path) && !isThere(path)) dead.push(`${document}: ${word}`);
    }
  }
  return dead;
}

Deno.test("commands name files and tasks that exist", () => {
  const blocks = blocksOf(ALL);
  assert.ok(blocks.filter(({ info }) => info === "sh").length > 10);
  assert.deepEqual(deadCommands(blocks), []);
});

Deno.test("a command with a file or task that there is not is found", () => {
  const text = "```sh\ndeno run -A tools/no.ts mine.ts && deno task no\ndeno task ok\n" +
    "deno run https://tickwire.example/tools/bots.ts https://tickwire.example/no.ts\n```";
  assert.deepEqual(deadCommands(blocksOf(new Map([["a.md", text]]))), [
    "a.md: deno task no",
    "a.md: tools/no.ts",
    "a.md: ./no.ts",
  ]);
});

/** What a page should name in code and does not. */
function missingIn(page: string, names: readonly string[]): string[] {
  const text = GUIDE.get(`docs/guide/${page}`) ?? "";
  return names.filter((name) => !text.includes(name));
}

Deno.test("the guide names every field, delivery, refusal and close code", () => {
  assert.deepEqual(missingIn("messages.md", Object.keys(t).map((name) => `\`t.${name}(`)), []);
  assert.deepEqual(missingIn("deliveries.md", DELIVERIES.map((name) => `| \`${name}\``)), []);
  assert.deepEqual(missingIn("errors.md", REFUSAL_STATUSES.map((name) => `| \`"${name}"\``)), []);
  const codes = Object.entries(CloseCode).map(([name, code]) => `| ${code}    | \`${name}\``);
  assert.deepEqual(missingIn("errors.md", codes), []);
  assert.deepEqual(missingIn("errors.md", ["a name that is not there"]).length, 1);
});
