import assert from "node:assert/strict";
import { message, protocol, t } from "../../../schema/mod.ts";
import { InputReport } from "../../../schema/messages/netcode.ts";
import { PeerInputs } from "../../../server/mod.ts";
import { Lab } from "../lab.ts";

const Game = protocol("game", { version: 1 }, {
  Input: message({ tick: t.tick(), x: t.i8() }, { from: "client", delivery: "input" }),
  Late: message({ tick: t.tick() }, { from: "client", delivery: "unreliable" }),
  InputReport,
});
const Other = protocol("other", { version: 1 }, { InputReport });

async function start() {
  const lab = new Lab({ link: { delayMs: 10 } });
  const server = await lab.serve(Game, { tickHz: 50 });
  const inputs = new PeerInputs(server, Game.Input, {
    report: Game.InputReport,
    reportTicks: 5,
    repeatTicks: 2,
  });
  const taken: [tick: number, x: number | undefined][] = [];
  server.onTick((tick) => {
    for (const peer of server.peers.values()) taken.push([tick, inputs.take(peer)?.x]);
  });
  const client = await lab.connect(Game, server);
  return { lab, server, inputs, taken, client };
}

Deno.test("PeerInputs hands each input out at its tick, repeats the last and stops", async () => {
  const { lab, server, taken, inputs, client } = await start();
  await using _ = lab;
  const next = server.tick + 3;
  for (const [at, x] of [[next, 1], [next + 1, 2], [next + 2, 3]] as const) {
    client.send(Game.Input, { tick: at, x });
  }
  await lab.run(300);
  const heard = taken.filter(([tick]) => tick >= next - 1 && tick <= next + 6).map(([, x]) => x);
  assert.deepEqual(heard, [undefined, 1, 2, 3, 3, 3, undefined, undefined]);
  const [peer] = server.peers.values();
  assert.equal(inputs.counters(peer!)?.queued, 3);
  assert.equal(inputs.depth(peer!), 0);
  inputs.reset(peer!);
  assert.equal(inputs.counters(peer!), undefined);
});

Deno.test("PeerInputs: the same tick is taken twice, and is the same", async () => {
  const { lab, server, inputs, client } = await start();
  await using _ = lab;
  const pairs: [unknown, unknown][] = [];
  server.onTick(() => {
    const [peer] = server.peers.values();
    if (peer !== undefined) pairs.push([inputs.take(peer), inputs.take(peer)]);
  });
  client.send(Game.Input, { tick: server.tick + 4, x: 5 });
  await lab.run(200);
  assert.ok(pairs.some(([input]) => input !== undefined));
  for (const [first, second] of pairs) assert.equal(first, second);
  const [peer] = server.peers.values();
  const after = pairs.length - 1 - pairs.findIndex(([input]) => input !== undefined);
  assert.equal(inputs.counters(peer!)?.missing, after, "a tick is missed once");
});

Deno.test("PeerInputs reports margins and what was missing", async () => {
  const { lab, server, client } = await start();
  await using _ = lab;
  const reports: { tick: number; marginTicks: number; missing: number }[] = [];
  client.on(Game.InputReport, (report) => reports.push(report));
  await lab.run(400);
  assert.deepEqual(reports, [], "nothing came, nothing to report");
  client.send(Game.Input, { tick: server.tick + 8, x: 5 });
  await lab.run(60);
  client.send(Game.Input, { tick: 0, x: 5 });
  await lab.run(500);
  assert.ok(reports.some(({ marginTicks }) => marginTicks >= 5 && marginTicks <= 8));
  assert.ok(reports.some(({ marginTicks }) => marginTicks <= -20), "an input for a tick long ago");
  assert.ok(reports.some(({ missing }) => missing === 5));
});

Deno.test("PeerInputs forgets who is gone, and listens no more once it is closed", async () => {
  const { lab, server, inputs, client } = await start();
  await using _ = lab;
  client.send(Game.Input, { tick: server.tick + 4, x: 5 });
  await lab.run(200);
  const [peer] = server.peers.values();
  assert.notEqual(inputs.counters(peer!), undefined);
  await lab.settle(client.close());
  await lab.run(200);
  assert.equal(inputs.counters(peer!), undefined);
  const other = await lab.connect(Game, server);
  inputs.close();
  other.send(Game.Input, { tick: server.tick + 4, x: 5 });
  await lab.run(200);
  assert.equal(server.stats().messagesUnhandled, 1);
});

Deno.test("PeerInputs: a caller's mistakes throw", async () => {
  const { lab, server } = await start();
  await using _ = lab;
  assert.throws(() => new PeerInputs(server, Game.Late), {
    name: "TypeError",
    message: /delivery is "unreliable"/,
  });
  assert.throws(() => new PeerInputs(server, Game.Input, { report: Other.InputReport }), TypeError);
  for (const options of [{ reportTicks: 0 }, { reportTicks: 601 }, { aheadTicks: 0 }]) {
    assert.throws(() => new PeerInputs(server, Game.Input, options), RangeError);
  }
});
