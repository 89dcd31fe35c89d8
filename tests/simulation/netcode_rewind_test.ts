import assert from "node:assert/strict";
import { printFigures } from "./netcode_figures.ts";
import { isHit, type YardOptions, YardPlayer, YardServer } from "./netcode_world.ts";

const FIRE_EVERY_TICKS = 40;

/** Somebody who aims exactly at where the walking body is drawn. */
async function shootAtWhatIsSeen(options: YardOptions): Promise<YardServer> {
  const yard = await YardServer.start(options);
  const player = await YardPlayer.join(yard, (tick, { me, target }) => {
    if (target === undefined || tick % FIRE_EVERY_TICKS !== 0) return {};
    const { x, y } = me.drawn.pos;
    return { fire: true, aim: Math.atan2(target.pos.y - y, target.pos.x - x) };
  });
  await yard.lab.run(15_000);
  player.stop();
  return yard;
}

function figures({ shots }: YardServer): { hits: number; shots: number; worst: number } {
  const worst = Math.max(...shots.map(({ missedBy }) => missedBy));
  const hits = shots.filter(isHit).length;
  const rewindMs = shots.reduce((sum, shot) => sum + shot.rewindMs, 0) / shots.length;
  printFigures(
    `${hits} of ${shots.length} hit, rewound ${rewindMs.toFixed(0)} ms, ` +
      `worst ${worst.toFixed(3)} units beside the middle`,
  );
  return { hits, shots: shots.length, worst };
}

Deno.test("a shot at where the target was drawn hits at 150 ms of latency", async () => {
  await using yard = await shootAtWhatIsSeen({ link: { delayMs: 75 } });
  const { hits, shots, worst } = figures(yard);
  assert.ok(shots > 15, `${shots}`);
  assert.equal(hits, shots);
  assert.ok(worst < 0.1, `${worst}`);
});

Deno.test("the same shots miss with rewind off", async () => {
  await using yard = await shootAtWhatIsSeen({
    link: { delayMs: 75 },
    maxRewindMs: 0,
    interpolationMs: 0,
  });
  const { hits, shots } = figures(yard);
  assert.ok(shots > 15, `${shots}`);
  // While the target turns around it is nearly where it was.
  assert.ok(hits <= shots * 0.2, `${hits} of ${shots}`);
});

Deno.test("at 150 ms each way the cap of 200 ms holds, and a cap of 400 ms hits the middle", async () => {
  await using capped = await shootAtWhatIsSeen({ link: { delayMs: 150 } });
  const short = figures(capped);
  assert.ok(short.worst > 0.25, `${short.worst}`);
  for (const { rewindMs } of capped.shots) assert.ok(rewindMs <= 300 + 1e-6, `${rewindMs}`);
  await using far = await shootAtWhatIsSeen({ link: { delayMs: 150 }, maxRewindMs: 400 });
  const long = figures(far);
  assert.equal(long.hits, long.shots);
  assert.ok(long.worst < 0.05, `${long.worst}`);
});

Deno.test("shots hit over a bad line with snapshots every third tick", async () => {
  await using yard = await shootAtWhatIsSeen({
    link: { delayMs: 50, jitterMs: 20, loss: 0.03 },
    snapshotTicks: 3,
    interpolationMs: 200,
  });
  const { hits, shots } = figures(yard);
  assert.ok(shots > 15, `${shots}`);
  assert.ok(hits >= shots * 0.95, `${hits} of ${shots}`);
});
