import assert from "node:assert/strict";
import { type Client, entity, type Infer, message, protocol, t } from "../../mod.ts";
import { InputReport } from "../../client/mod.ts";
import { PeerInputs } from "../../server/mod.ts";
import { Lab, SERVER_HOST } from "../server/lab.ts";
import { printFigures } from "./netcode_figures.ts";
import { walkAround } from "./netcode_world.ts";

const TICK_HZ = 60;

const CLIENT_HOST = "198.51.100.40";

const Field = protocol("field", { version: 1 }, {
  Runner: entity({ pos: t.vec2(t.quantized(-32, 32, 1 / 256)).lerp(), hp: t.u8().default(100) }),
  Input: message({ tick: t.tick(), move: t.vec2(t.quantized(-1, 1, 1 / 8)) }, {
    from: "client",
    delivery: "input",
    redundancy: 3,
  }),
  You: message({ id: t.u16() }, { from: "server", delivery: "reliable-ordered" }),
  InputReport,
});
type RunnerValue = Infer<typeof Field.Runner>;
type InputValue = Infer<typeof Field.Input>;

const IDLE: InputValue = { tick: 0, move: { x: 0, y: 0 } };

function step({ pos }: RunnerValue, { move }: InputValue): void {
  pos.x = Math.min(32, Math.max(-32, pos.x + move.x * 6 / TICK_HZ));
  pos.y = Math.min(32, Math.max(-32, pos.y + move.y * 6 / TICK_HZ));
}

async function startField(lab: Lab, snapshotHz: number, key = new Uint8Array(32).fill(3)) {
  const server = await lab.serve(Field, { tickHz: TICK_HZ, key });
  const world = server.world({ snapshotHz });
  const inputs = new PeerInputs(server, Field.Input, { report: Field.InputReport });
  const runners = new Map<number, ReturnType<typeof spawn>>();
  const spawn = () => world.spawn(Field.Runner, {});
  const history = new Map<number, RunnerValue>();
  server.on("connected", (peer) => {
    const runner = spawn();
    runners.set(peer.id, runner);
    peer.send(Field.You, { id: runner.id });
  });
  server.on("disconnected", (peer) => {
    runners.get(peer.id)?.despawn();
    runners.delete(peer.id);
  });
  server.onTick((tick) => {
    for (const peer of server.peers.values()) {
      const runner = runners.get(peer.id);
      if (runner === undefined) continue;
      const value = runner.value;
      step(value, inputs.take(peer) ?? IDLE);
      runner.set(value);
      if (peer.id === 1) history.set(tick, runner.value);
    }
  });
  return { server, runners, history };
}

function play(client: Client<typeof Field>, lab: Lab, move: (tick: number) => InputValue["move"]) {
  const netcode = client.netcode({ tickHz: TICK_HZ });
  const others = netcode.interpolateEntities(client.world, Field.Runner);
  const predicted = new Map<number, RunnerValue>();
  const me = netcode.predict<RunnerValue, InputValue>({
    state: Field.Runner,
    input: Field.Input,
    report: Field.InputReport,
    idle: IDLE,
    step,
    sample: ({ tick }) => ({ tick, move: move(tick) }),
  });
  let own = -1;
  client.on(Field.You, ({ id }) => own = id);
  const drawn: { tick: number; x: number }[] = [];
  const frame = (): void => {
    const entity = client.world.get(own);
    if (entity?.is(Field.Runner)) me.reconcile(entity.tick, entity.value);
    netcode.update();
    if (me.isRunning) predicted.set(me.tick, structuredClone(me.state) as RunnerValue);
    for (const key of others.keys()) {
      const other = key === own ? undefined : others.sample(key);
      if (other !== undefined) drawn.push({ tick: netcode.renderTick, x: other.pos.x });
    }
    if (client.state !== "disconnected") {
      lab.network.clock.setTimer(lab.nowMs + 1000 / TICK_HZ, frame);
    }
  };
  frame();
  return { netcode, me, predicted, others, drawn };
}

for (const snapshotHz of [60, 20]) {
  Deno.test(`an entity of a world is predicted bit for bit at ${snapshotHz} snapshots a second`, async () => {
    await using lab = new Lab({ link: { delayMs: 40 } });
    const { server, history } = await startField(lab, snapshotHz);
    const client = await lab.connect(Field, server);
    const { me, predicted } = play(client, lab, walkAround);
    await lab.run(6_000);
    let compared = 0;
    for (const [tick, state] of predicted) {
      const real = history.get(tick);
      if (real === undefined) continue;
      assert.deepEqual(state, real, `tick ${tick}`);
      compared++;
    }
    const { matches, corrections } = me.counters;
    printFigures(`${compared} ticks equal, ${matches} of ${matches + corrections} states matched`);
    assert.equal(corrections, 0);
    assert.ok(compared > 250 && matches > snapshotHz * 3, `${compared}, ${matches}`);
  });
}

Deno.test("another player's entity is drawn where it was, and stands when it stops", async () => {
  await using lab = new Lab({ link: { delayMs: 40, jitterMs: 15, loss: 0.05 }, seed: 3 });
  const { server, history } = await startField(lab, 30);
  const runner = await lab.connect(Field, server);
  // Runs to the right for two seconds, then rests.
  let firstTick = 0;
  play(runner, lab, (tick) => {
    firstTick ||= tick;
    return { x: tick - firstTick < 120 ? 1 : 0, y: 0 };
  });
  const watcher = await lab.connect(Field, server);
  const { drawn, netcode } = play(watcher, lab, () => ({ x: 0, y: 0 }));
  await lab.run(6_000);
  const places = [...history.values()].map(({ pos }) => pos.x);
  const farthest = Math.max(...places);
  let worst = 0;
  let last = -Infinity;
  for (const { tick, x } of drawn) {
    assert.ok(x >= last, "never back");
    last = x;
    const from = history.get(Math.floor(tick))?.pos.x;
    const to = history.get(Math.floor(tick) + 1)?.pos.x;
    if (from === undefined || to === undefined) continue;
    worst = Math.max(worst, Math.abs(x - (from + (to - from) * (tick % 1))));
  }
  printFigures(
    `drawn ${netcode.interpolationDelayMs.toFixed(0)} ms late, worst ${worst.toFixed(3)} units off`,
  );
  assert.ok(farthest > 10, `${farthest}`);
  assert.equal(last, farthest);
  // A state that was lost shows as standing still for a moment at 6 units a second.
  assert.ok(worst < 0.5, `${worst}`);
});

Deno.test("a server that restarts: clocks, prediction and pictures begin anew", async () => {
  await using lab = new Lab({ link: { delayMs: 20 } });
  const first = await startField(lab, 60);
  const client = await lab.connect(Field, first.server, { host: CLIENT_HOST });
  const { netcode, me, others } = play(client, lab, walkAround);
  await lab.run(10_000);
  const own = netcode.interpolate<string, RunnerValue>(Field.Runner);
  own.push("a ghost", 500, { pos: { x: 0, y: 0 }, hp: 1 });
  assert.ok(netcode.serverTick > 550 && me.tick > 550, `${netcode.serverTick}, ${me.tick}`);
  // Killed: nothing of its last words gets out.
  lab.network.blackout(CLIENT_HOST, SERVER_HOST, lab.nowMs, lab.nowMs + 1_500);
  await lab.settle(first.server.close("", { flush: false }));
  const second = await startField(lab, 60);
  await lab.run(6_000);
  assert.equal(client.state, "connected");
  assert.equal(second.server.peers.size, 1);
  const ahead = netcode.serverTick - second.server.tick;
  assert.ok(Math.abs(ahead) <= 2, `${ahead} ticks`);
  assert.ok(netcode.renderTick < second.server.tick);
  assert.ok(me.isRunning && me.tick > second.server.tick && me.tick < second.server.tick + 20);
  assert.equal([...others.keys()].length, 1);
  assert.equal([...own.keys()].length, 0);
  assert.equal(netcode.clockSteps, 0, "begun anew, not jumped");
});

Deno.test("a blackout of 20 s: the same session goes on, and predictions are right again", async () => {
  await using lab = new Lab({ link: { delayMs: 20 } });
  const { server } = await startField(lab, 60);
  const client = await lab.connect(Field, server, { host: CLIENT_HOST });
  const { netcode, me } = play(client, lab, walkAround);
  await lab.run(5_000);
  assert.equal(me.counters.corrections, 0);
  lab.network.blackout(CLIENT_HOST, SERVER_HOST, lab.nowMs, lab.nowMs + 20_000);
  await lab.run(27_000);
  const { corrections, matches } = me.counters;
  assert.equal(client.state, "connected");
  await lab.run(5_000);
  assert.ok(me.counters.matches > matches + 250, `${me.counters.matches - matches}`);
  assert.equal(me.counters.corrections, corrections, "all is right again");
  assert.ok(Math.abs(netcode.serverTick - server.tick) <= 2);
});

Deno.test("client.netcode(): a caller's mistakes throw", async () => {
  await using lab = new Lab();
  const { server } = await startField(lab, 60);
  const client = await lab.connect(Field, server);
  assert.throws(() => client.netcode({ tickHz: 0 }), RangeError);
  const netcode = client.netcode({ tickHz: TICK_HZ });
  assert.equal(netcode.serverTick, -1);
  assert.equal(netcode.renderTick, -1);
  assert.equal(netcode.drawnBehind, 0);
  const Other = protocol("other", { version: 1 }, {
    Input: message({ tick: t.tick() }, { from: "client", delivery: "input" }),
    Late: message({ tick: t.tick() }, { from: "client", delivery: "unreliable" }),
  });
  const base = { state: Field.Runner, step: () => {} };
  for (const input of [Other.Input, Other.Late]) {
    const options = { ...base, input, idle: { tick: 0 }, sample: () => ({ tick: 0 }) };
    assert.throws(() => netcode.predict(options), {
      name: "TypeError",
      message: /Cannot predict by/,
    });
  }
  const wrong = netcode.predict({ ...base, input: Field.Input, idle: IDLE, sample: () => IDLE });
  wrong.reconcile(3, { pos: { x: 0, y: 0 }, hp: 1 });
  assert.throws(() => wrong.update(0, 4), { name: "TypeError", message: /tick 4 says tick 0/ });
});
