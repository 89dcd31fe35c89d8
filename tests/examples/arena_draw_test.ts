import assert from "node:assert/strict";
import * as fc from "fast-check";
import { drawScene, type Scene } from "../../examples/arena/draw.ts";
import type { SeenPlayer } from "../../examples/arena/model.ts";
import { textWidth } from "../../examples/terminal/display_width.ts";

function player(id: number, name: string, more: Partial<SeenPlayer> = {}): SeenPlayer {
  const still = { x: 0, y: 0, aim: 0, hp: 100, away: false, kills: 0, deaths: 0 };
  return { id, name, ...still, ...more };
}

function scene(players: readonly SeenPlayer[], more: Partial<Scene> = {}): Scene {
  return {
    players: new Map(players.map((player) => [player.id, player])),
    you: players[0]?.id,
    bullets: [],
    log: [],
    draft: undefined,
    state: "connected",
    rttMs: 12.4,
    loss: 0.015,
    ...more,
  };
}

const SIZE = { columns: 80, rows: 24 };

function linesOf(scene: Scene): string[] {
  return drawScene(scene, SIZE, false).lines;
}

Deno.test("the picture shows name, hit points, players, ping, loss and state in its first line", () => {
  const [status = ""] = linesOf(scene([player(1, "Ann", { hp: 75 }), player(2, "Bob")]));
  assert.match(
    status,
    /^ Ann {2}████████░░ 75 .* 2 players {2}ping 12 ms {2}loss 1\.5 % {2}connected $/,
  );
  assert.match(linesOf(scene([player(1, "Ann", { hp: 0 })]))[0]!, /░{10} down/);
  assert.match(linesOf(scene([]))[0]!, /^ no seat yet/);
});

Deno.test("players are where they are: corners of the world are corners of the field", () => {
  const corners = [player(1, "me", { x: -40, y: -20 }), player(2, "far", { x: 40, y: 20 })];
  const lines = linesOf(scene(corners));
  assert.equal(lines[2]!.indexOf("@"), 1);
  const bottom = lines.findLastIndex((line) => line.startsWith("└")) - 1;
  assert.equal(lines[bottom]!.lastIndexOf("O"), 58);
  assert.ok(lines[bottom - 1]!.includes("far"));
});

Deno.test("everybody points where they look, the dead and the absent nowhere", () => {
  const pointing = (more: Partial<SeenPlayer>): string[] =>
    linesOf(scene([player(1, "me", more)])).slice(2, 18);
  assert.ok(pointing({ aim: 0 }).some((line) => line.includes("@-")));
  assert.ok(pointing({ aim: Math.PI }).some((line) => line.includes("-@")));
  assert.ok(pointing({ aim: Math.PI / 2 }).some((line) => line.includes("|  ")));
  assert.ok(pointing({ hp: 0 }).some((line) => / x /.test(line)));
  assert.ok(pointing({ away: true }).some((line) => / @ /.test(line)));
});

Deno.test("the board ranks by kills, and says how many it leaves out", () => {
  const many = Array.from({ length: 40 }, (_, i) => player(i, `p${i}`, { kills: i }));
  const board = linesOf(scene(many)).map((line) => line.slice(60));
  assert.match(board[1]!, /kills deaths/);
  assert.match(board[2]!, /39 {3}0 {2}p39/);
  assert.ok(board.some((line) => /and 23 more/.test(line)));
});

Deno.test("what is typed is shown at its end, with the cursor behind it", () => {
  const { lines, cursor } = drawScene(scene([player(1, "Ann")], { draft: "hi 漢" }), SIZE, false);
  assert.ok(lines[23]!.startsWith(" say: hi 漢"));
  assert.deepEqual(cursor, { column: 11, row: 23 });
  const long = drawScene(
    scene([player(1, "Ann")], { draft: `${"x".repeat(150)}end` }),
    SIZE,
    false,
  );
  assert.ok(long.lines[23]!.trimEnd().endsWith("end"));
  assert.equal(drawScene(scene([]), SIZE, false).cursor, undefined);
});

Deno.test("the newest lines of the log are shown, cut to the width", () => {
  const log = ["first", "second", "third", `fourth ${"x".repeat(100)}`];
  const lines = linesOf(scene([player(1, "Ann")], { log }));
  assert.deepEqual(lines.slice(20, 22).map((line) => line.trim()), ["second", "third"]);
  assert.ok(lines[22]!.startsWith(" fourth xxx"));
  assert.ok(!lines.join("").includes("first"));
});

Deno.test("a window that is too small says so", () => {
  const { lines } = drawScene(scene([player(1, "Ann")]), { columns: 30, rows: 5 }, false);
  assert.ok(lines[0]!.startsWith("Please make the window larger"));
});

Deno.test("whatever is drawn, every row has the width of the window", () => {
  const names = fc.string({ unit: "grapheme", minLength: 1, maxLength: 16 });
  const anybody = fc.record({
    id: fc.nat(300),
    name: names.map((name) => name.replace(/\p{C}/gu, "?")),
    x: fc.double({ min: -40, max: 40, noNaN: true }),
    y: fc.double({ min: -20, max: 20, noNaN: true }),
    aim: fc.double({ min: -4, max: 4, noNaN: true }),
    hp: fc.nat(100),
    away: fc.boolean(),
    kills: fc.nat(65_535),
    deaths: fc.nat(65_535),
  });
  const sizes = fc.record({
    columns: fc.integer({ min: 1, max: 200 }),
    rows: fc.integer({ min: 1, max: 60 }),
  });
  fc.assert(
    fc.property(fc.array(anybody, { maxLength: 12 }), sizes, (players, size) => {
      const { lines } = drawScene(scene(players), size, false);
      assert.equal(lines.length, size.rows);
      for (const line of lines) assert.equal(textWidth(line), size.columns, JSON.stringify(line));
    }),
    { seed: 4, numRuns: 200 },
  );
});
