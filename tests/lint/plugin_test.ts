import assert from "node:assert/strict";
import plugin, { layerOf, mayImport } from "./plugin.ts";

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

function messagesOf(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, ROOT + path, source).map((diagnostic) => diagnostic.message);
}

Deno.test("layerOf() names the top folder of a project file only", () => {
  assert.equal(layerOf("/p/schema/field.ts", "/p/"), "schema");
  assert.equal(layerOf("/p/mod.ts", "/p/"), undefined);
  assert.equal(layerOf("/elsewhere/schema/field.ts", "/p/"), undefined);
});

Deno.test("mayImport() lets imports run one way", () => {
  assert.equal(mayImport("protocol", "schema"), true);
  assert.equal(mayImport("schema", "protocol"), false);
  assert.equal(mayImport("server", "client"), false);
  assert.equal(mayImport("client", "server"), false);
  assert.equal(mayImport("tools", "server"), true);
});

Deno.test("import-direction refuses an import against the direction, also by re-export and import()", () => {
  assert.equal(messagesOf("schema/x.ts", `import "../protocol/packet.ts";`).length, 1);
  assert.equal(messagesOf("client/x.ts", `export * from "../server/mod.ts";`).length, 1);
  assert.equal(messagesOf("client/x.ts", `export { a } from "../server/mod.ts";`).length, 1);
  assert.equal(messagesOf("server/x.ts", `await import("../relay/mod.ts");`).length, 1);
  assert.equal(messagesOf("server/x.ts", `import "../mod.ts";`).length, 1);
  assert.deepEqual(messagesOf("server/x.ts", `import "../protocol/packet.ts";`), []);
  assert.deepEqual(messagesOf("tools/x.ts", `import "../server/mod.ts";`), []);
});

Deno.test("import-direction lets a main.ts put the parts together", () => {
  assert.deepEqual(messagesOf("server/main.ts", `import "../examples/arena/game.ts";`), []);
  assert.equal(messagesOf("server/domain.ts", `import "../examples/arena/game.ts";`).length, 1);
});

Deno.test("import-direction refuses specifiers that need an import map", () => {
  assert.equal(messagesOf("server/x.ts", `import "fast-check";`).length, 1);
  assert.deepEqual(messagesOf("server/x.ts", `import "npm:hono@4.0.0";`), []);
});

Deno.test("sans-io refuses clocks, timers, randomness and I/O in schema and protocol", () => {
  for (
    const source of [
      "Date.now();",
      "new Date();",
      "Math.random();",
      "performance.now();",
      "crypto.getRandomValues(x);",
      "setTimeout(f, 1);",
      `Deno.readTextFileSync("x");`,
      `import "node:fs";`,
    ]
  ) {
    assert.equal(messagesOf("protocol/x.ts", source).length, 1, source);
    assert.equal(messagesOf("schema/a/x.ts", source).length, 1, source);
    assert.deepEqual(messagesOf("transport/x.ts", source), [], source);
  }
});

Deno.test("sans-io lets pure code pass", () => {
  assert.deepEqual(messagesOf("protocol/x.ts", "const a = new Date(0); Math.floor(1.5);"), []);
});
