/**
 * The arena as a picture of characters.
 *
 * @module
 */
import { MAX_HP, WORLD_HALF_HEIGHT, WORLD_HALF_WIDTH } from "../../schema/messages/arena.ts";
import { type Place, WALLS } from "./field.ts";
import { Canvas } from "../terminal/canvas.ts";
import { fitWidth, textWidth } from "../terminal/display_width.ts";
import type { BoardLine, Team } from "./model.ts";

/** Somebody on the field. */
export interface DrawnPlayer {
  /** Its name. */
  readonly name: string;
  /** Where it is. */
  readonly pos: Readonly<Place>;
  /** Where it looks, radians. */
  readonly aim: number;
  /** 0 while down. */
  readonly hp: number;
  /** Its team. */
  readonly team: Team;
  /** Whether it is the one at the keyboard, or the one that is watched. */
  readonly isSelf: boolean;
}

/** Everything that a picture shows. */
export interface Scene {
  /** Everybody in sight. */
  readonly players: readonly DrawnPlayer[];
  /** What flies in sight. */
  readonly bullets: readonly { readonly pos: Readonly<Place>; readonly team: Team }[];
  /** The score board, the best first. */
  readonly board: readonly BoardLine[];
  /** What the round is at. */
  readonly round: string;
  /** What happened, the newest last. */
  readonly log: readonly string[];
  /** What is being typed; `undefined` while the keys move the player. */
  readonly draft: string | undefined;
  /** The connection in a word. */
  readonly state: string;
  /** Round trip. */
  readonly rttMs: number;
  /** Share of packets lost, 0 to 1. */
  readonly loss: number;
  /** The netgraph's lines, shown over the field; `undefined` for none. */
  readonly netgraph?: readonly string[] | undefined;
}

/** A picture, and where the cursor stands while text is typed. */
export interface Picture {
  /** One text per row. */
  readonly lines: string[];
  /** Counted from 0. */
  readonly cursor?: { readonly column: number; readonly row: number };
}

/** Smaller, and there is nothing to be seen. */
const MIN_COLUMNS = 40;
const MIN_ROWS = 12;

/** The board needs room beside a field that is still wide enough. */
const BOARD_COLUMNS = 20;
const MIN_COLUMNS_WITH_BOARD = 70;

/** The field shows so much of the world, around whom it follows. */
const VIEW_HALF_WIDTH = 40;
const VIEW_HALF_HEIGHT = 20;

const TEAM_STYLES = { red: "91", blue: "94" } as const;
const SELF_STYLE = "1;92";
const DIM = "2";
const HINT = "arrows or WASD run   space shoots   r ready   enter talks   n net   q quits";

interface Rectangle {
  readonly column: number;
  readonly row: number;
  readonly columns: number;
  readonly rows: number;
}

/** Draws a scene into so many columns and rows. */
export function drawScene(
  scene: Scene,
  size: { readonly columns: number; readonly rows: number },
  hasColor: boolean,
): Picture {
  const { columns, rows } = size;
  const canvas = new Canvas(columns, rows);
  if (columns < MIN_COLUMNS || rows < MIN_ROWS) {
    canvas.put(0, 0, `Please make the window larger: ${MIN_COLUMNS} x ${MIN_ROWS} at least`);
    return { lines: canvas.lines(hasColor) };
  }
  const logRows = rows >= 20 ? 3 : 2;
  const board = columns >= MIN_COLUMNS_WITH_BOARD ? BOARD_COLUMNS : 0;
  const field = { column: 0, row: 1, columns: columns - board, rows: rows - 2 - logRows };
  drawStatus(canvas, scene);
  drawField(canvas, scene, field);
  if (board > 0) drawBoard(canvas, scene, { ...field, column: field.columns, columns: board });
  scene.log.slice(-logRows).forEach((line, i) => {
    canvas.put(1, rows - 1 - logRows + i, fitWidth(line, columns - 2), DIM);
  });
  const cursor = drawPrompt(canvas, scene.draft);
  return { lines: canvas.lines(hasColor), ...(cursor === undefined ? {} : { cursor }) };
}

function drawStatus(canvas: Canvas, { players, round, state, rttMs, loss }: Scene): void {
  const self = players.find(({ isSelf }) => isSelf);
  let at = canvas.put(1, 0, self?.name ?? "nobody yet", SELF_STYLE);
  if (self !== undefined) {
    const filled = Math.round(self.hp / MAX_HP * 10);
    at = canvas.put(at + 2, 0, "█".repeat(filled), self.hp > 25 ? "92" : "91");
    at = canvas.put(at, 0, "░".repeat(10 - filled), DIM);
    at = canvas.put(at + 1, 0, self.hp === 0 ? "down" : String(self.hp));
  }
  const net = `ping ${rttMs.toFixed(0)} ms  loss ${(loss * 100).toFixed(1)} %  `;
  const start = canvas.columns - 1 - textWidth(net) - textWidth(state);
  canvas.put(at + 2, 0, fitWidth(round, Math.max(0, start - at - 3)), "1");
  canvas.put(canvas.put(start, 0, net), 0, state, state === "connected" ? "92" : "93");
}

function drawField(canvas: Canvas, scene: Scene, field: Rectangle): void {
  canvas.box(field.column, field.row, field.columns, field.rows, DIM);
  const center = scene.players.find(({ isSelf }) => isSelf)?.pos ?? { x: 0, y: 0 };
  const left = edgeOf(center.x, VIEW_HALF_WIDTH, WORLD_HALF_WIDTH);
  const top = edgeOf(center.y, VIEW_HALF_HEIGHT, WORLD_HALF_HEIGHT);
  const unitColumns = (field.columns - 2) / (2 * VIEW_HALF_WIDTH);
  const unitRows = (field.rows - 2) / (2 * VIEW_HALF_HEIGHT);
  drawWalls(canvas, field, (column, row) => ({
    x: left + (column + 0.5) / unitColumns,
    y: top + (row + 0.5) / unitRows,
  }));
  const place = ({ x, y }: Readonly<Place>): { column: number; row: number } => ({
    column: field.column + 1 + Math.floor((x - left) * unitColumns),
    row: field.row + 1 + Math.floor((y - top) * unitRows),
  });
  for (const { pos, team } of scene.bullets) {
    const { column, row } = place(pos);
    if (isInside(field, column, row)) canvas.put(column, row, "*", TEAM_STYLES[team]);
  }
  // Oneself last, so that nobody covers it.
  for (const player of scene.players.toSorted((a, b) => Number(a.isSelf) - Number(b.isSelf))) {
    const { column, row } = place(player.pos);
    if (isInside(field, column, row)) drawPlayer(canvas, player, { column, row }, field);
  }
  scene.netgraph?.forEach((line, i) => {
    if (i < field.rows - 2) canvas.put(2, field.row + 1 + i, fitWidth(line, field.columns - 4));
  });
}

/** Where the picture begins, so that it shows nothing beyond the world. */
function edgeOf(center: number, viewHalf: number, worldHalf: number): number {
  return Math.min(worldHalf - viewHalf, Math.max(viewHalf - worldHalf, center)) - viewHalf;
}

function drawWalls(
  canvas: Canvas,
  { column, row, columns, rows }: Rectangle,
  placeOf: (column: number, row: number) => Place,
): void {
  for (let i = 0; i < rows - 2; i++) {
    for (let j = 0; j < columns - 2; j++) {
      const { x, y } = placeOf(j, i);
      const isWall = WALLS.some(([left, top, right, bottom]) =>
        x >= left && x <= right && y >= top && y <= bottom
      );
      if (isWall) canvas.put(column + 1 + j, row + 1 + i, "▒", DIM);
    }
  }
}

function drawPlayer(
  canvas: Canvas,
  { name, hp, aim, team, isSelf }: DrawnPlayer,
  { column, row }: { readonly column: number; readonly row: number },
  field: Rectangle,
): void {
  const style = hp === 0 ? DIM : isSelf ? SELF_STYLE : TEAM_STYLES[team];
  canvas.put(column, row, hp === 0 ? "x" : isSelf ? "@" : "O", style);
  const frontColumn = column + Math.round(Math.cos(aim));
  const frontRow = row + Math.round(Math.sin(aim));
  if (hp > 0 && isInside(field, frontColumn, frontRow)) {
    canvas.put(frontColumn, frontRow, BARRELS[Math.round(aim / (Math.PI / 4)) & 3]!, style);
  }
  if (isSelf) return;
  const label = fitWidth(name, 10);
  const width = textWidth(label);
  const start = Math.max(
    field.column + 1,
    Math.min(column - (width >> 1), field.column + field.columns - 1 - width),
  );
  // Above, or below where the frame is above.
  canvas.put(start, isInside(field, column, row - 1) ? row - 1 : row + 1, label, style);
}

/** What a player points with: right or left, down right or up left, down or up, down left or up right. */
const BARRELS = ["-", "\\", "|", "/"] as const;

/** Within the frame. */
function isInside({ column, row, columns, rows }: Rectangle, x: number, y: number): boolean {
  return x > column && x < column + columns - 1 && y > row && y < row + rows - 1;
}

function drawBoard(canvas: Canvas, { board }: Scene, area: Rectangle): void {
  const { column, row, columns, rows } = area;
  canvas.put(column + 1, row, "kills deaths", DIM);
  const room = rows - 1;
  board.slice(0, room).forEach(({ name, kills, deaths, team, isAway, isReady }, i) => {
    const numbers = `${String(kills).padStart(3)} ${String(deaths).padStart(3)} `;
    const at = canvas.put(column + 1, row + 1 + i, numbers + (isReady ? "✓" : " "));
    const style = isAway ? DIM : TEAM_STYLES[team];
    canvas.put(at, row + 1 + i, fitWidth(name, column + columns - at), style);
  });
  if (board.length > room) {
    canvas.put(column + 1, row + room, `and ${board.length - room + 1} more    `, DIM);
  }
}

function drawPrompt(canvas: Canvas, draft: string | undefined): Picture["cursor"] {
  const row = canvas.rows - 1;
  if (draft === undefined) {
    canvas.put(1, row, fitWidth(HINT, canvas.columns - 2), DIM);
    return undefined;
  }
  const start = canvas.put(1, row, "say: ", "1");
  // A long text scrolls: its end is what is being written.
  let shown = draft;
  while (textWidth(shown) > canvas.columns - start - 1) shown = shown.slice(1);
  return { column: canvas.put(start, row, shown), row };
}
