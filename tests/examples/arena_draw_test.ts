import assert from "node:assert/strict";
import * as fc from "fast-check";
import { type DrawnPlayer, drawScene, type Scene } from "../../examples/arena/draw.ts";
import type { BoardLine } from "../../examples/arena/model.ts";
import { textWidth } from "../../examples/terminal/display_width.ts";

function player(name: string, more: Partial<DrawnPlayer> = {}): DrawnPlayer {
  return { name, pos: { x: 0, y: 0 }, aim: 0, hp: 100, team: "red", isSelf: false, ...more };
}

function me(more: Partial<DrawnPlayer> = {}): DrawnPlayer {
  return player("Ann", { isSelf: true, ...more });
}

function line(id: number, more: Partial<BoardLine> = {}): BoardLine {
  const { name = `p${id}`, team = "red", kills = 0, deaths = 0 } = more;
  return { id, name, team, kills, deaths, isAway: false, isReady: false, ...more };
}

function scene(players: readonly DrawnPlayer[], more: Partial<Scene> = {}): Scene {
  return {
    players,
    bullets: [],
    board: [],
    round: "lobby",
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

Deno.test("the picture shows name, hit points, round, ping, loss and state in its first line", () => {
  const [status = ""] = linesOf(scene([me({ hp: 75 }), player("Bob")], { round: "playing 9 s" }));
  assert.match(
    status,
    /^ Ann {2}████████░░ 75 {2}playing 9 s +ping 12 ms {2}loss 1\.5 % {2}connected $/,
  );
  assert.match(linesOf(scene([me({ hp: 0 })]))[0]!, /░{10} down/);
  assert.match(linesOf(scene([]))[0]!, /^ nobody yet/);
});

Deno.test("the picture follows oneself and shows nothing beyond the corners of the world", () => {
  const corner = linesOf(scene([me({ pos: { x: -64, y: -32 } })]));
  assert.equal(corner[2]!.indexOf("@"), 1);
  const far = linesOf(scene([me({ pos: { x: 63.9, y: 31.9 } })]));
  const bottom = far.findLastIndex((line) => line.startsWith("└")) - 1;
  assert.equal(far[bottom]!.lastIndexOf("@"), 58);
  const middle = linesOf(scene([me(), player("Bob", { pos: { x: 10, y: 0 } })]));
  const row = middle.find((line) => line.includes("@"))!;
  assert.ok(row.indexOf("@") > 25 && row.indexOf("@") < 33, row);
  assert.ok(row.indexOf("O") > row.indexOf("@") + 4, row);
  assert.ok(
    !linesOf(scene([me({ pos: { x: -64, y: 0 } }), player("Bob", { pos: { x: 60, y: 0 } })]))
      .join("").includes("Bob"),
  );
});

Deno.test("walls are drawn where they stand", () => {
  const rows = linesOf(scene([me()]));
  assert.ok(rows.some((line) => /▒{5}.*@|@.*▒{5}|▒{5}/.test(line)));
  // The walls are the same on both sides of the middle.
  const count = (rows: readonly string[]): number => rows.join("").split("▒").length - 1;
  assert.ok(count(rows.slice(2, 10)) > 0);
});

Deno.test("everybody points where they look, the dead nowhere", () => {
  const pointing = (more: Partial<DrawnPlayer>): string[] =>
    linesOf(scene([me(more)])).slice(2, 18);
  assert.ok(pointing({ aim: 0 }).some((line) => line.includes("@-")));
  assert.ok(pointing({ aim: Math.PI }).some((line) => line.includes("-@")));
  assert.ok(pointing({ aim: Math.PI / 2 }).some((line) => line.includes("|  ")));
  assert.ok(pointing({ hp: 0 }).some((line) => / x /.test(line)));
});

Deno.test("the board has its order, says who is ready, and how many it leaves out", () => {
  const many = Array.from({ length: 40 }, (_, i) => line(i, { kills: 40 - i, isReady: i === 1 }));
  const board = linesOf(scene([], { board: many })).map((line) => line.slice(60));
  assert.match(board[1]!, /kills deaths/);
  assert.match(board[2]!, /40 {3}0 {2}p0/);
  assert.match(board[3]!, /39 {3}0 ✓p1/);
  assert.ok(board.some((line) => /and 23 more/.test(line)));
});

Deno.test("the netgraph is shown over the field, and bullets where they are", () => {
  const bullets = [{ pos: { x: 3, y: 0 }, team: "blue" }] as const;
  const lines = linesOf(scene([me()], { netgraph: ["rtt 12 ms", "rtt     ▁▂▃"], bullets }));
  assert.ok(lines[2]!.startsWith("│ rtt 12 ms"));
  assert.ok(lines[3]!.startsWith("│ rtt     ▁▂▃"));
  assert.ok(lines.some((line) => line.includes("*")));
});

Deno.test("what is typed is shown at its end, with the cursor behind it", () => {
  const { lines, cursor } = drawScene(scene([me()], { draft: "hi 漢" }), SIZE, false);
  assert.ok(lines[23]!.startsWith(" say: hi 漢"));
  assert.deepEqual(cursor, { column: 11, row: 23 });
  const long = drawScene(
    scene([me()], { draft: `${"x".repeat(150)}end` }),
    SIZE,
    false,
  );
  assert.ok(long.lines[23]!.trimEnd().endsWith("end"));
  assert.equal(drawScene(scene([]), SIZE, false).cursor, undefined);
});

Deno.test("the newest lines of the log are shown, cut to the width", () => {
  const log = ["first", "second", "third", `fourth ${"x".repeat(100)}`];
  const lines = linesOf(scene([me()], { log }));
  assert.deepEqual(lines.slice(20, 22).map((line) => line.trim()), ["second", "third"]);
  assert.ok(lines[22]!.startsWith(" fourth xxx"));
  assert.ok(!lines.join("").includes("first"));
});

Deno.test("a window that is too small says so", () => {
  const { lines } = drawScene(scene([me()]), { columns: 30, rows: 5 }, false);
  assert.ok(lines[0]!.startsWith("Please make the window larger"));
});

Deno.test("whatever is drawn, every row has the width of the window", () => {
  const names = fc.string({ unit: "grapheme", minLength: 1, maxLength: 16 });
  const anybody = fc.record({
    name: names.map((name) => name.replace(/\p{C}/gu, "?")),
    pos: fc.record({
      x: fc.double({ min: -64, max: 64, noNaN: true }),
      y: fc.double({ min: -32, max: 32, noNaN: true }),
    }),
    aim: fc.double({ min: -4, max: 4, noNaN: true }),
    hp: fc.nat(100),
    team: fc.constantFrom("red", "blue"),
    isSelf: fc.boolean(),
  });
  const netgraph = ["rtt 12 ms ±1 ms  loss 0 % in 0 % out  choke 0 %", "rtt     ▁▂▃"];
  const sizes = fc.record({
    columns: fc.integer({ min: 1, max: 200 }),
    rows: fc.integer({ min: 1, max: 60 }),
  });
  fc.assert(
    fc.property(fc.array(anybody, { maxLength: 12 }), sizes, (players, size) => {
      const board = players.map(({ name }, id) => line(id, { name, kills: id * 5_000 }));
      const { lines } = drawScene(scene(players, { netgraph, board }), size, false);
      assert.equal(lines.length, size.rows);
      for (const line of lines) assert.equal(textWidth(line), size.columns, JSON.stringify(line));
    }),
    { seed: 4, numRuns: 200 },
  );
});
