import assert from "node:assert/strict";
import { Seats, SILENT_SECONDS } from "../../examples/seats.ts";

const ANN = new Uint8Array(16).fill(1);
const BOB = new Uint8Array(16).fill(2);

function seatsOf(silence: Record<string, number> = {}): Seats<string> {
  return new Seats((holder) => silence[holder] ?? 0);
}

Deno.test("a free name is free, and a taken one is taken, whatever its case", () => {
  const seats = seatsOf();
  assert.deepEqual(seats.ask("Ann", ANN), { kind: "free" });
  seats.take("Ann", ANN, "first");
  assert.equal(seats.ask("ANN", BOB).kind, "taken");
  assert.deepEqual(seats.ask("Bob", BOB), { kind: "free" });
  assert.equal(seats.size, 1);
});

Deno.test("whoever shows the token gets the seat back at once, however lively its holder seems", () => {
  const seats = seatsOf();
  seats.take("Ann", ANN, "crashed");
  assert.deepEqual(seats.ask("Ann", ANN.slice()), { kind: "own", holder: "crashed" });
  assert.equal(seats.ask("Ann", ANN.subarray(0, 15)).kind, "taken");
});

Deno.test("somebody else gets a name once its holder has been silent for long", () => {
  const silence = { first: SILENT_SECONDS - 1 };
  const seats = seatsOf(silence);
  seats.take("Ann", ANN, "first");
  assert.deepEqual(seats.ask("Ann", BOB), { kind: "taken", retryAfterSeconds: 1 });
  silence.first = SILENT_SECONDS;
  assert.deepEqual(seats.ask("Ann", BOB), { kind: "silent", holder: "first" });
});

Deno.test("who was replaced does not free the seat of who came after", () => {
  const seats = seatsOf();
  seats.take("Ann", ANN, "old");
  seats.take("Ann", ANN, "new");
  seats.leave("Ann", "old");
  assert.deepEqual(seats.ask("Ann", ANN), { kind: "own", holder: "new" });
  seats.leave("ann", "new");
  assert.deepEqual(seats.ask("Ann", BOB), { kind: "free" });
});
