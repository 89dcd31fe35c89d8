import { playGames } from "./sync_game.ts";

Deno.test("whatever is lost, doubled and overtaken, clients have what the server had: 100 games", () => {
  playGames(1, 100);
});
