import assert from "node:assert/strict";
import { loadGame } from "../../server/cli_game.ts";
import { ModuleError, moduleUrl } from "../../server/cli_module.ts";
import { TemporaryFolder } from "../examples/program.ts";

async function complaintAbout(specifier: string): Promise<string> {
  try {
    await loadGame(specifier);
  } catch (error) {
    assert.ok(error instanceof ModuleError, String(error));
    return error.message;
  }
  return "";
}

Deno.test("a game module is found by path and by URL", async () => {
  const url = new URL("../../examples/arena/game.ts", import.meta.url);
  const byUrl = await loadGame(url.href);
  assert.equal(byUrl.name, "arena");
  assert.equal(await loadGame(decodeURIComponent(url.pathname)), byUrl);
  assert.equal(
    await moduleUrl("https://example.org/game.ts", "game"),
    "https://example.org/game.ts",
  );
});

Deno.test("a module that is no game is told what it lacks", async () => {
  await using folder = new TemporaryFolder();
  assert.match(await complaintAbout(folder.join("none.ts")), /there is no file .*none\.ts$/);
  assert.match(await complaintAbout(folder.path), /it is a folder/);
  const cases: [string, RegExp][] = [
    ["export const game = 1;", /no default export.*export default defineGame/],
    ["export default { start() {} };", /not what defineGame\(\) returns/],
    ["export default 7;", /not what defineGame\(\) returns/],
  ];
  for (const [i, [text, expected]] of cases.entries()) {
    assert.match(await complaintAbout(await folder.write(`wrong_${i}.ts`, text)), expected, text);
  }
});

Deno.test("a module that fails says where", async () => {
  await using folder = new TemporaryFolder();
  const cases: [string, RegExp][] = [
    ["export default (", /^Cannot load game .*Expression expected[^]*broken_0\.ts:1:\d+/],
    ['import "./none.ts";', /^Cannot load game .*Module not found "file:.*none\.ts"/],
    ["throw new Error('own');", /^Cannot load game .*Error: own[^]*broken_2\.ts:1:\d+/],
  ];
  for (const [i, [text, expected]] of cases.entries()) {
    assert.match(await complaintAbout(await folder.write(`broken_${i}.ts`, text)), expected);
  }
});
