import assert from "node:assert/strict";
import { printFigures } from "./netcode_figures.ts";
import { netgraphLines } from "../../client/mod.ts";
import { PIXELS_PER_UNIT, walkAround, YardPlayer, YardServer } from "./netcode_world.ts";

const walking = (tick: number): { move: { x: number; y: number } } => ({ move: walkAround(tick) });

for (const delayMs of [0, 10, 75]) {
  Deno.test(`prediction equals the server bit for bit on a clean link of ${delayMs} ms`, async () => {
    await using yard = await YardServer.start({ link: { delayMs } });
    const player = await YardPlayer.join(yard, walking);
    await yard.lab.run(8_000);
    player.stop();
    let compared = 0;
    for (const [tick, state] of player.predicted) {
      const real = yard.history.get(tick);
      if (real === undefined) continue;
      assert.deepEqual(state, real, `tick ${tick}`);
      compared++;
    }
    const { matches, corrections } = player.me.counters;
    printFigures(`${compared} ticks equal, ${matches} of ${matches + corrections} states matched`);
    assert.ok(compared > 400, `${compared}`);
    assert.ok(matches > 400, `${matches}`);
    assert.equal(corrections, 0);
    assert.equal(player.netcode.missedInputs, 0);
  });
}

// Seeds in which inputs came too late at a turn; most have none.
for (const seed of [9, 10]) {
  Deno.test(`a correction is seen by less than a pixel at 80 ms ± 20 ms and 2 % loss, seed ${seed}`, async () => {
    const link = { delayMs: 80, jitterMs: 20, loss: 0.02 };
    await using yard = await YardServer.start({ link, seed });
    const player = await YardPlayer.join(yard, walking);
    await yard.lab.run(25_000);
    player.stop();
    const { matches, corrections } = player.me.counters;
    const shown = player.largestShownCorrection * PIXELS_PER_UNIT;
    const error = player.me.largestError * PIXELS_PER_UNIT;
    printFigures(
      `shown ${shown.toFixed(3)} px at once, prediction error ${error.toFixed(2)} px, ` +
        `${corrections} corrections of ${matches + corrections} states`,
    );
    assert.ok(matches > 1_000, `${matches}`);
    assert.ok(corrections <= 3, `${corrections}`);
    assert.ok(corrections > 0 && error > 0, "else it shows nothing");
    assert.ok(shown < 1, `${shown} px`);
  });
}

Deno.test("a line that loses a fifth is corrected often, and never seen to jump", async () => {
  const link = { delayMs: 60, jitterMs: 50, loss: 0.2, duplicate: 0.1, reorder: 0.1 };
  await using yard = await YardServer.start({ link, seed: 4 });
  const player = await YardPlayer.join(yard, walking, 144);
  await yard.lab.run(15_000);
  player.stop();
  const { matches, corrections, replayedTicks } = player.me.counters;
  const shown = player.largestShownCorrection * PIXELS_PER_UNIT;
  const error = player.me.largestError * PIXELS_PER_UNIT;
  printFigures(
    `shown ${shown.toFixed(2)} px at once, prediction error ${error.toFixed(2)} px, ` +
      `${corrections} corrections of ${matches + corrections} states, ${replayedTicks} ticks again`,
  );
  assert.ok(corrections > 0);
  assert.ok(replayedTicks > corrections);
  // A frame of 7 ms shows a twentieth of an error whose half-life is 100 ms.
  assert.ok(shown < error * 0.06, `${shown} of ${error} px`);
});

Deno.test("the lead grows when the way to the server does, without a jump, and shrinks again", async () => {
  await using yard = await YardServer.start({ link: { delayMs: 20 } });
  const player = await YardPlayer.join(yard, walking);
  const { netcode } = player;
  const lead = (): number => netcode.predictedTick - netcode.serverTick;
  await yard.lab.run(6_000);
  const before = lead();
  // Only the way to the server: no clock at the client can see that.
  yard.lab.network.setLink("198.51.100.1", "192.0.2.1", { delayMs: 120 });
  await yard.lab.run(8_000);
  const during = lead();
  const missed = netcode.missedInputs;
  await yard.lab.run(4_000);
  assert.equal(netcode.missedInputs, missed, "the new lead is enough");
  yard.lab.network.setLink("198.51.100.1", "192.0.2.1", { delayMs: 20 });
  await yard.lab.run(25_000);
  player.stop();
  printFigures(`lead ${before.toFixed(1)}, ${during.toFixed(1)}, ${lead().toFixed(1)} ticks`);
  assert.ok(during > before + 2, `${before} to ${during}`);
  assert.ok(lead() < during - 2, `${during} to ${lead()}`);
});

Deno.test("the netgraph of a session tells its round trip, loss, delay and bytes by channel", async () => {
  const link = { delayMs: 40, jitterMs: 5, loss: 0.1 };
  await using yard = await YardServer.start({ link, seed: 2 });
  const player = await YardPlayer.join(yard, walking);
  await yard.lab.run(10_000);
  player.stop();
  const { graph } = player.netcode;
  const lines = netgraphLines(graph, { columns: 80, unit: "units" });
  for (const line of lines) printFigures(line);
  const { rttMs, interpolationDelayMs, bytesInPerSecond, choke } = graph.latest!;
  assert.ok(rttMs > 70 && rttMs < 110, `${rttMs}`);
  assert.ok(interpolationDelayMs > 50 && interpolationDelayMs < 130, `${interpolationDelayMs}`);
  assert.ok(bytesInPerSecond > 2_500, `${bytesInPerSecond}`);
  assert.equal(choke, 0);
  const mean = (of: "lossIn" | "lossOut"): number =>
    graph.samples.reduce((sum, sample) => sum + sample[of], 0) / graph.samples.length;
  for (const side of ["lossIn", "lossOut"] as const) {
    assert.ok(mean(side) > 0.05 && mean(side) < 0.16, `${side} ${mean(side)}`);
  }
  const byName = new Map(graph.channels.map((channel) => [channel.name, channel]));
  const [peer] = yard.server.peers.values();
  const input = byName.get("Input")!;
  assert.ok(input.messagesOut >= yard.inputs.counters(peer!)!.queued);
  assert.equal(input.bytesOut % input.messagesOut, 0, "inputs are all of one size");
  assert.equal(input.messagesIn, 0);
  const bodies = byName.get("Bodies")!;
  assert.ok(bodies.messagesIn > 450 && bodies.messagesIn < 600, `${bodies.messagesIn}`);
  assert.ok(byName.get("InputReport")!.messagesIn > 20);
});
