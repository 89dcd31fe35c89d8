import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { message, protocol, t } from "../../schema/mod.ts";
import { schemaCheck } from "../../tools/schema_check.ts";
import { describeProtocol, schemaDocs } from "../../tools/schema_docs.ts";
import { schemaGen } from "../../tools/schema_gen.ts";
import type { Output } from "../../tools/schema_module.ts";

const FIXTURE = fileURLToPath(new URL("./generated_fixture.ts", import.meta.url));
const SCHEMA = new URL("../../schema/mod.ts", import.meta.url).href;

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

type Tool = (args: readonly string[], output: Output) => Promise<number>;

async function run(tool: Tool, ...args: string[]): Promise<Run> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await tool(args, {
    log: (line) => void out.push(line),
    error: (line) => void err.push(line),
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

/** Runs `test` with a directory that is gone afterwards. */
async function withDirectory(
  test: (path: (name: string) => string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test((name) => `${directory}/${name}`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Writes a module that declares one message with this field. */
function writeModule(
  path: string,
  field: string,
  { version = 1, accepts = 1, name = "game" } = {},
): Promise<void> {
  return Deno.writeTextFile(
    path,
    `import { message, protocol, t } from ${JSON.stringify(SCHEMA)};
const Hit = message({ ${field} }, { from: "server", delivery: "unreliable" });
export default protocol("${name}", { version: ${version}, accepts: ${accepts} }, { Hit });
`,
  );
}

const TOOLS: readonly (readonly [string, Tool])[] = [
  ["schema_check", schemaCheck],
  ["schema_docs", schemaDocs],
  ["schema_gen", schemaGen],
];

Deno.test("every schema tool explains itself and its mistakes, and exits with 2 for them", async () => {
  for (const [name, tool] of TOOLS) {
    const help = await run(tool, "--help");
    assert.equal(help.code, 0);
    assert.match(help.out, RegExp(`Usage: deno run .* tools/${name}\\.ts <module>`));
    const takesMany = tool === schemaCheck;
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], takesMany ? /Name at least one module/ : /Name exactly one module/],
      [["a.ts", "b.ts"], takesMany ? /Cannot load a\.ts/ : /Name exactly one module/],
      [["--nonsense"], /Unknown option '--nonsense'/],
      [["does/not/exist.ts"], /Cannot load does\/not\/exist\.ts/],
      [[fileURLToPath(new URL("../../schema/refusal.ts", import.meta.url))], /exports no protocol/],
      [[FIXTURE, "--export", "Every"], /its export "Every" is no protocol/],
    ];
    for (const [args, message] of cases) {
      const failed = await run(tool, ...args);
      assert.equal(failed.code, 2, `${name} ${args.join(" ")}`);
      assert.match(failed.err, message);
      assert.match(failed.err, /Run with --help/);
    }
  }
});

Deno.test("schema_check records a version once and then guards it", async () => {
  await withDirectory(async (path) => {
    const lock = path("schema.lock.json");
    await writeModule(path("v1.ts"), "hp: t.int(0, 100)");
    const before = await run(schemaCheck, path("v1.ts"), "--lock", lock);
    assert.deepEqual([before.code, before.out], [0, "game version 1: not recorded"]);
    const written = await run(schemaCheck, path("v1.ts"), "--lock", lock, "--write");
    assert.equal(written.code, 0);
    assert.match(written.out, /game version 1: recorded, id [0-9a-f]{16}/);
    const text = await Deno.readTextFile(lock);
    assert.match(text, /"game": \{\n\s+"1": \{\n\s+"id": "[0-9a-f]{16}"/);

    const unchanged = await run(schemaCheck, path("v1.ts"), "--lock", lock);
    assert.match(unchanged.out, /game version 1: unchanged/);

    await writeModule(path("changed.ts"), "hp: t.int(0, 200)");
    const changed = await run(schemaCheck, path("changed.ts"), "--lock", lock, "--write");
    assert.equal(changed.code, 1);
    assert.match(
      changed.err,
      /version 1: its wire changed .*: Hit\.hp int\(0,200\) vs int\(0,100\)/,
    );
    assert.equal(await Deno.readTextFile(lock), text, "a recorded version is never overwritten");

    await writeModule(path("renamed.ts"), "health: t.int(0, 100)");
    assert.equal((await run(schemaCheck, path("renamed.ts"), "--lock", lock)).code, 0);

    await writeModule(path("v2.ts"), "hp: t.int(0, 100), mana: t.u8().since(2)", {
      version: 2,
      accepts: 2,
    });
    const raised = await run(schemaCheck, path("v2.ts"), "--lock", lock, "--write");
    assert.equal(raised.code, 0);
    assert.match(raised.out, /game version 1: unchanged/);
    assert.match(raised.out, /game version 2: recorded/);
  });
});

Deno.test("schema_check checks and records several protocols at once, and only fails for what changed", async () => {
  await withDirectory(async (path) => {
    const lock = path("lock.json");
    await writeModule(path("game.ts"), "hp: t.u8()");
    await writeModule(path("changed.ts"), "hp: t.u16()");
    await writeModule(path("other.ts"), "hp: t.u8()", { name: "other" });
    const both = [path("game.ts"), path("other.ts"), "--lock", lock];
    const written = await run(schemaCheck, ...both, "--write");
    assert.match(written.out, /game version 1: recorded.*\nother version 1: recorded/);
    assert.deepEqual(Object.keys(JSON.parse(await Deno.readTextFile(lock))), ["game", "other"]);
    const [first, second] = (await run(schemaCheck, ...both)).out.split("\n");
    assert.match(first ?? "", /^game version 1: unchanged/);
    assert.match(second ?? "", /^other version 1: unchanged/);

    const changed = await run(schemaCheck, path("changed.ts"), path("other.ts"), "--lock", lock);
    assert.equal(changed.code, 1);
    assert.match(changed.err, /^game version 1: its wire changed/);
    assert.match(changed.out, /^other version 1: unchanged/);

    const namesakes = await run(schemaCheck, path("game.ts"), path("changed.ts"), "--lock", lock);
    assert.equal(namesakes.code, 2);
    assert.match(namesakes.err, /changed\.ts: another module has a "game" too/);
  });
});

Deno.test("schema_check refuses a file that is not its lock file", async () => {
  await withDirectory(async (path) => {
    await writeModule(path("v1.ts"), "hp: t.u8()");
    for (const text of ["", "[]", "{", '{"game":{"1":{"id":5,"projection":[]}}}', '{"game":1}']) {
      await Deno.writeTextFile(path("lock.json"), text);
      const { code, err } = await run(schemaCheck, path("v1.ts"), "--lock", path("lock.json"));
      assert.equal(code, 2, text);
      assert.match(err, /it is not a lock file/);
    }
  });
});

Deno.test("schema_gen writes a module, and --check tells whether it is up to date", async () => {
  await withDirectory(async (path) => {
    await writeModule(path("game.ts"), "hp: t.int(0, 100)");
    const missing = await run(schemaGen, path("game.ts"), "--check");
    assert.equal(missing.code, 1);
    assert.match(missing.err, /game\.gen\.ts does not exist/);
    const written = await run(schemaGen, path("game.ts"), "--runtime", "./runtime.ts");
    assert.match(written.out, /Wrote .*game\.gen\.ts/);
    const text = await Deno.readTextFile(path("game.gen.ts"));
    assert.match(text, /import \{ registerGenerated \} from "\.\/runtime\.ts";/);
    const check = (...args: string[]) => run(schemaGen, path("game.ts"), "--check", ...args);
    assert.equal((await check("--runtime", "./runtime.ts")).code, 0);
    await writeModule(path("other.ts"), "hp: t.int(0, 200)");
    const stale = await run(
      schemaGen,
      path("other.ts"),
      "--out",
      path("game.gen.ts"),
      "--check",
      "--runtime",
      "./runtime.ts",
    );
    assert.equal(stale.code, 1);
    assert.match(stale.err, /is not up to date/);
  });
});

Deno.test("schema_docs describes channels, messages and the bits of each field", async () => {
  const { code, out } = await run(schemaDocs, FIXTURE);
  assert.equal(code, 0);
  assert.match(out, /^# Protocol fixture, version 2\n/);
  assert.match(
    out,
    /\| 0 \| reliable-ordered \| reliable-ordered \| 5 \| 1 \| Every, Ping \| \d+ B \|/,
  );
  assert.match(out, /\| small \| `int\(-3,9\)` \| 4 \| {2}\| {2}\|/);
  assert.match(out, /\| text \| `string\(24\)` \| 5 \| up to 24 \| {2}\|/);
  assert.match(out, /\| points\[\]\.x \| `int\(0,255\)` \| 8 \|/);
  assert.match(out, /\| added \| `int\(0,255\)` \| 8 \| {2}\| since version 2 \|/);
  const old = await run(schemaDocs, FIXTURE, "--version", "1");
  assert.match(old.out, /version 1\n/);
  assert.doesNotMatch(old.out, /added/);
  const wrong = await run(schemaDocs, FIXTURE, "--version", "3");
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /Cannot describe version 3: accepted are 2, 1/);
});

Deno.test("schema_docs tells sizes as codecs have them", () => {
  const Chat = message({ text: t.string({ maxBytes: 24 }), to: t.u16().optional() }, {
    from: "both",
    delivery: "reliable-ordered",
    rate: { perSecond: 4, burst: 8 },
  });
  const game = protocol("game", { version: 1 }, { Chat });
  const [table] = game.tables;
  assert.ok(table);
  const codec = table.entries[game.Chat.index]?.codec;
  const text = describeProtocol(game, table);
  assert.match(text, RegExp(`Size: ${codec?.minBytes} to ${codec?.maxBytes} bytes; 6 bits`));
  assert.match(text, /from both, reliable-ordered, channel 0, at most 4 a second, 8 at once\./);
});

Deno.test("a tool takes the protocol of a game module, and asks when there are several", async () => {
  await withDirectory(async (path) => {
    await writeModule(path("game.ts"), "hp: t.u8()");
    await Deno.writeTextFile(
      path("defined.ts"),
      `import game from "./game.ts";\nexport default { protocol: game };\n`,
    );
    assert.match((await run(schemaDocs, path("defined.ts"))).out, /# Protocol game/);
    await Deno.writeTextFile(
      path("several.ts"),
      `import game from "./game.ts";\nexport const One = game;\nexport const Two = game;\n`,
    );
    const asked = await run(schemaDocs, path("several.ts"));
    assert.equal(asked.code, 2);
    assert.match(asked.err, /choose one of One, Two with --export/);
    assert.equal((await run(schemaDocs, path("several.ts"), "--export", "Two")).code, 0);
  });
});
