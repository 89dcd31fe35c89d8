/**
 * The arena as a picture of characters.
 *
 * @module
 */
import { MAX_HP, WORLD_HALF_HEIGHT, WORLD_HALF_WIDTH } from "../../schema/messages/arena.ts";
import { Canvas } from "../terminal/canvas.ts";
import { fitWidth, textWidth } from "../terminal/display_width.ts";
import type { SeenPlayer } from "./model.ts";

/** Everything that a picture shows. */
export interface Scene {
  /** Everybody. */
  readonly players: ReadonlyMap<number, SeenPlayer>;
  /** Which of them is at the keyboard. */
  readonly you: number | undefined;
  /** What flies. */
  readonly bullets: readonly { readonly owner: number; readonly x: number; readonly y: number }[];
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

const PLAYER_STYLES = ["96", "93", "95", "94", "91", "36", "33", "35"] as const;
const SELF_STYLE = "1;92";
const DIM = "2";
const HINT = "arrows or WASD run   space shoots   enter talks   q quits";

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

function drawStatus(canvas: Canvas, { players, you, state, rttMs, loss }: Scene): void {
  const self = you === undefined ? undefined : players.get(you);
  let at = canvas.put(1, 0, self?.name ?? "no seat yet", SELF_STYLE);
  if (self !== undefined) {
    const filled = Math.round(self.hp / MAX_HP * 10);
    at = canvas.put(at + 2, 0, "█".repeat(filled), self.hp > 25 ? "92" : "91");
    at = canvas.put(at, 0, "░".repeat(10 - filled), DIM);
    canvas.put(at + 1, 0, self.hp === 0 ? "down" : String(self.hp));
  }
  const count = players.size === 1 ? "1 player" : `${players.size} players`;
  const net = `${count}  ping ${rttMs.toFixed(0)} ms  loss ${(loss * 100).toFixed(1)} %  `;
  const start = canvas.columns - 1 - textWidth(net) - textWidth(state);
  canvas.put(canvas.put(start, 0, net), 0, state, state === "connected" ? "92" : "93");
}

function drawField(canvas: Canvas, scene: Scene, field: Rectangle): void {
  canvas.box(field.column, field.row, field.columns, field.rows, DIM);
  const place = (x: number, y: number): [number, number] => [
    field.column + 1 + scaled(x, WORLD_HALF_WIDTH, field.columns - 2),
    field.row + 1 + scaled(y, WORLD_HALF_HEIGHT, field.rows - 2),
  ];
  for (const { owner, x, y } of scene.bullets) {
    const [column, row] = place(x, y);
    canvas.put(column, row, "*", styleOf(owner, scene.you));
  }
  const draw = (player: SeenPlayer): void => {
    const [column, row] = place(player.x, player.y);
    drawPlayer(canvas, player, { column, row, isSelf: player.id === scene.you }, field);
  };
  for (const player of scene.players.values()) if (player.id !== scene.you) draw(player);
  // Last, so that nobody covers it.
  const self = scene.you === undefined ? undefined : scene.players.get(scene.you);
  if (self !== undefined) draw(self);
}

function drawPlayer(
  canvas: Canvas,
  player: SeenPlayer,
  look: { readonly column: number; readonly row: number; readonly isSelf: boolean },
  field: Rectangle,
): void {
  const { id, name, hp, away, aim } = player;
  const { column, row, isSelf } = look;
  const style = away || hp === 0 ? DIM : isSelf ? SELF_STYLE : styleOf(id, undefined);
  canvas.put(column, row, hp === 0 ? "x" : isSelf ? "@" : "O", style);
  const frontColumn = column + Math.round(Math.cos(aim));
  const frontRow = row + Math.round(Math.sin(aim));
  if (hp > 0 && !away && isInside(field, frontColumn, frontRow)) {
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

function drawBoard(canvas: Canvas, scene: Scene, area: Rectangle): void {
  const { column, row, columns, rows } = area;
  canvas.put(column + 1, row, "kills deaths", DIM);
  const ranked = [...scene.players.values()].sort((a, b) =>
    b.kills - a.kills || a.deaths - b.deaths || a.id - b.id
  );
  const room = rows - 1;
  ranked.slice(0, room).forEach(({ id, name, kills, deaths, away }, i) => {
    const at = canvas.put(
      column + 1,
      row + 1 + i,
      `${String(kills).padStart(3)} ${String(deaths).padStart(3)}  `,
    );
    const style = away ? DIM : styleOf(id, scene.you);
    canvas.put(at, row + 1 + i, fitWidth(name, column + columns - at), style);
  });
  if (ranked.length > room) {
    canvas.put(column + 1, row + room, `and ${ranked.length - room + 1} more    `, DIM);
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

function styleOf(id: number, you: number | undefined): string {
  return id === you ? SELF_STYLE : PLAYER_STYLES[id % PLAYER_STYLES.length]!;
}

/** A coordinate of -half to half as one of `cells` cells. */
function scaled(value: number, half: number, cells: number): number {
  return Math.min(cells - 1, Math.max(0, Math.floor((value + half) / (2 * half) * cells)));
}
