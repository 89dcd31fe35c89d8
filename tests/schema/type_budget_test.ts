import assert from "node:assert/strict";

const SCHEMA = new URL("../../schema/mod.ts", import.meta.url).href;

/** A module of 100 messages of ten fields, a protocol of all of them, and a use of each. */
function hundredMessages(): string {
  const declarations: string[] = [];
  const uses: string[] = [];
  const names: string[] = [];
  for (let i = 0; i < 100; i++) {
    const name = `Message${i}`;
    names.push(name);
    declarations.push(`export const ${name} = message({
  id: t.u16(), at: t.vec3(t.quantized(-512, 512, 1 / 64)), hp: t.int(0, ${100 + i}).default(1),
  kind: t.enum("fist", "bow", "staff${i}"), keys: t.flags("up", "down", "fire"), name: t.string({ maxBytes: 24 }),
  maybe: t.u8().optional(), list: t.array(t.struct({ a: t.u8(), b: t.bool() }), { max: 8 }),
  action: t.union("kind", { move: { to: t.u8() }, stop: {} }), scores: t.map(t.u8(), t.u16(), { max: 4 }),
}, { from: "${["client", "server", "both"][i % 3]}", delivery: "reliable-ordered" });`);
    uses.push(`{
  const value: Infer<typeof Big.${name}> = {
    id: 1, at: { x: 0, y: 0, z: 0 }, hp: 1, kind: "staff${i}", keys: { up: true, down: false, fire: true },
    name: "", list: [{ a: 1, b: true }], action: { kind: "move", to: 1 }, scores: new Map([[1, 2]]),
  };
  send(Big.${name}, value);
  end = Math.max(end, table.write(Big.${name}, view, 0, value));
  // @ts-expect-error There is no such kind.
  value.kind = "laser";
}`);
  }
  return `import { type BoundMessage, type Infer, message, protocol, t } from ${
    JSON.stringify(SCHEMA)
  };
${declarations.join("\n")}
export const Big = protocol("big", { version: 1 }, { ${names.join(", ")} });
function send<T>(message: BoundMessage<T>, value: T): void { void message; void value; }
const [table] = Big.tables;
if (table === undefined) throw new Error("no table");
const view = new DataView(new ArrayBuffer(4096));
let end = 0;
${uses.join("\n")}
console.log(Big.messages.length, end > 0);
`;
}

Deno.test("a hundred messages type-check and run", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, hundredMessages());
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--check", "--no-lock", path],
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.equal(new TextDecoder().decode(stdout).trim(), "100 true");
  } finally {
    await Deno.remove(path);
  }
});
