import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { schemaCheck } from "../../tools/schema_check.ts";

/** What `deno task schema:check` names. */
const MODULES = ["arena", "chat", "echo"].map((name) => pathOf(`schema/messages/${name}.ts`));
const LOCK = pathOf("schema.lock.json");

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../${name}`, import.meta.url));
}

async function check(modules: readonly string[]): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const line = (text: string) => void lines.push(text);
  const code = await schemaCheck([...modules, "--lock", LOCK], { log: line, error: line });
  return { code, lines };
}

Deno.test("the protocols of this repository speak the wires that schema.lock.json recorded", async () => {
  const { code, lines } = await check(MODULES);
  assert.equal(code, 0, lines.join("\n"));
  // A version that is not recorded passes the check but is guarded by nothing.
  for (const line of lines) assert.match(line, /^\w+ version \d+: unchanged, id [0-9a-f]{16}$/);
  assert.ok(lines.length >= MODULES.length);
});

Deno.test("a copy of a recorded protocol with one number changed is caught, and the field named", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const schema = new URL("../../schema/", import.meta.url);
    const source = await Deno.readTextFile(new URL("messages/echo.ts", schema));
    const absolute = source.replaceAll(/from "\.\.\//g, `from "${schema.href}`);
    const copy = `${directory}/echo.ts`;
    await Deno.writeTextFile(copy, absolute);
    assert.equal((await check([copy])).code, 0);
    const changed = `${directory}/changed.ts`;
    await Deno.writeTextFile(
      changed,
      absolute.replace("MAX_ECHO_BYTES = 1_000", "MAX_ECHO_BYTES = 999"),
    );
    const { code, lines } = await check([changed]);
    assert.equal(code, 1);
    assert.match(
      lines.join("\n"),
      /^echo version 1: its wire changed .*: Ping\.payload bytes\(999\) vs bytes\(1000\)/,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
