import assert from "node:assert/strict";
import { configure, type LogRecord, reset } from "npm:@logtape/logtape@2.4.2";
import { Lab } from "./lab.ts";
import { Room } from "./room.ts";

/** What `server.on("error")` is told. */
type Told = [message: string, where: string];

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

for (const options of [{}, { tickHz: 20 }]) {
  const how = JSON.stringify(options);

  Deno.test(`handlers that throw or reject are contained, counted and told, with ${how}`, async () => {
    await using lab = new Lab();
    const server = await lab.serve(Room, options);
    const told: Told[] = [];
    const heard: string[] = [];
    server.on("error", (error, where) => told.push([messageOf(error), where]));
    server.on(Room.Chat, () => {
      throw new Error("sync");
    });
    server.on(Room.Chat, async () => {
      await Promise.resolve();
      throw new Error("async");
    });
    server.on(Room.Chat, () => Promise.reject("no error at all"));
    server.on(Room.Chat, (_, { text }) => heard.push(text));
    server.on("connected", () => {
      throw new Error("connected");
    });
    server.on("disconnected", async () => {
      await Promise.resolve();
      throw new Error("disconnected");
    });
    const client = await lab.connect(Room, server);
    client.send(Room.Chat, { text: "hello" });
    await lab.run(200);
    await lab.settle(client.close());
    await lab.run(200);
    assert.deepEqual(told.toSorted(), [
      ["async", "Chat"],
      ["connected", "connected"],
      ["disconnected", "disconnected"],
      ["no error at all", "Chat"],
      ["sync", "Chat"],
    ]);
    assert.deepEqual(heard, ["hello"], "what one handler does is no other's business");
    assert.equal(server.stats().handlerErrors, 5);
  });
}

Deno.test("a tick handler that throws or rejects stops neither the others nor the ticks", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { tickHz: 10 });
  const told: Told[] = [];
  server.on("error", (error, where) => told.push([messageOf(error), where]));
  server.onTick((tick) => {
    if (tick === 1) throw new Error("one");
  });
  server.onTick(async (tick) => {
    await Promise.resolve();
    if (tick === 2) throw new Error("two");
  });
  const ticks: number[] = [];
  server.onTick((tick) => {
    ticks.push(tick);
  });
  await lab.run(300);
  assert.deepEqual(ticks, [1, 2, 3]);
  assert.deepEqual(told, [["one", "tick"], ["two", "tick"]]);
});

Deno.test("peerData that throws sends its peer away, and no event tells of it", async () => {
  await using lab = new Lab();
  let calls = 0;
  const server = await lab.serve(Room, {
    peerData: ({ id, address, userId, userData }) => {
      calls++;
      assert.deepEqual([userId, userData.byteLength], ["", 0]);
      if (id === 1) throw new Error("no seat");
      return { seat: id, from: address.hostname };
    },
  });
  const told: Told[] = [];
  const events: string[] = [];
  server.on("error", (error, where) => told.push([messageOf(error), where]));
  server.on("connected", ({ id, data }) => events.push(`connected ${id} ${JSON.stringify(data)}`));
  server.on("disconnected", ({ id }) => events.push(`disconnected ${id}`));
  const first = await lab.connect(Room, server);
  const info = await lab.settle(first.closed);
  assert.deepEqual([info.reason, info.isByServer], ["internal error", true]);
  await lab.connect(Room, server, { host: "203.0.113.5" });
  await lab.run(100);
  assert.deepEqual(told, [["no seat", "peerData"]]);
  assert.deepEqual(events, ['connected 2 {"seat":2,"from":"203.0.113.5"}']);
  assert.equal(calls, 2);
});

Deno.test("callbacks of send that throw or reject are contained", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const told: Told[] = [];
  server.on("error", (error, where) => told.push([messageOf(error), where]));
  const client = await lab.connect(Room, server);
  client.on("error", (error, where) => told.push([messageOf(error), where]));
  await lab.run(50);
  const [peer] = server.peers.values();
  peer!.send(Room.Chat, { text: "" }, () => {
    throw new Error("server's");
  });
  client.send(Room.Chat, { text: "" }, async () => {
    await Promise.resolve();
    throw new Error("client's");
  });
  await lab.run(100);
  assert.deepEqual(told.toSorted(), [["client's", "delivery"], ["server's", "delivery"]]);
});

Deno.test("a client contains what its handlers do", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server);
  await lab.run(50);
  const told: Told[] = [];
  const heard: string[] = [];
  client.on("error", (error, where) => told.push([messageOf(error), where]));
  client.on(Room.Chat, () => {
    throw new Error("sync");
  });
  client.on(Room.Chat, () => Promise.reject(new Error("async")));
  client.on(Room.Chat, ({ text }) => heard.push(text));
  client.on("disconnected", () => {
    throw new Error("last");
  });
  server.broadcast(Room.Chat, { text: "a" });
  await lab.run(50);
  server.broadcast(Room.Ping, { n: 1 });
  await lab.run(50);
  assert.equal(client.stats().handlerErrors, 2);
  assert.equal(client.stats().messagesUnhandled, 1);
  await lab.settle(client.close());
  assert.deepEqual(told, [["sync", "Chat"], ["async", "Chat"], ["last", "disconnected"]]);
  assert.deepEqual(heard, ["a"]);
});

Deno.test("an error handler that fails is reported, not called again", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const records = await captureLog();
  try {
    let calls = 0;
    server.on("error", () => {
      calls++;
      throw new Error("second");
    });
    server.on("error", () => {
      calls++;
      return Promise.reject(new Error("third"));
    });
    server.on("connected", () => {
      throw new Error("first");
    });
    await lab.connect(Room, server);
    await lab.run(50);
    assert.equal(calls, 2);
    assert.equal(server.stats().handlerErrors, 1);
    assert.deepEqual(records.map(({ properties }) => messageOf(properties["error"])), [
      "second",
      "third",
    ]);
  } finally {
    await reset();
  }
});

Deno.test("without an error handler failures are logged; without a log they are printed", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  server.on("connected", () => {
    throw new Error("look at me");
  });
  const records = await captureLog();
  try {
    await lab.connect(Room, server);
    await lab.run(50);
  } finally {
    await reset();
  }
  const [record] = records;
  assert.deepEqual(record?.category, ["tickwire", "server"]);
  assert.equal(record.properties["where"], "connected");
  const printed: unknown[][] = [];
  const { error } = console;
  // deno-lint-ignore no-console -- what is printed is what is tested.
  console.error = (...args: unknown[]) => printed.push(args);
  try {
    const client = await lab.connect(Room, server);
    client.on(Room.Chat, () => Promise.reject(new Error("me too")));
    await lab.run(50);
    server.broadcast(Room.Chat, { text: "" });
    await lab.run(50);
  } finally {
    // deno-lint-ignore no-console -- put back.
    console.error = error;
  }
  assert.deepEqual(printed.map(([text, thrown]) => [text, messageOf(thrown)]), [
    ["Tickwire server: the handler of connected failed:", "look at me"],
    ["Tickwire client: the handler of Chat failed:", "me too"],
  ]);
});

Deno.test("listening to what there is not throws at once", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const client = await lab.connect(Room, server);
  // @ts-expect-error there is no such event.
  assert.throws(() => server.on("conected", () => {}), /events are "connected", "suspended"/);
  // @ts-expect-error there is no such event.
  assert.throws(() => client.on("connected", () => {}), /events are "suspended", "resumed"/);
  // @ts-expect-error only a server sends it.
  assert.throws(() => server.on(Room.State, () => {}), /only a server sends it/);
  // @ts-expect-error only a client sends it.
  assert.throws(() => client.on(Room.Move, () => {}), /only a client sends it/);
  // @ts-expect-error a handler is a function.
  assert.throws(() => server.on(Room.Chat, "handler"), /is not a function/);
  // @ts-expect-error a handler is a function.
  assert.throws(() => client.on("suspended", undefined), /is not a function/);
});

/** Collects what is logged below `tickwire`, until `reset`. */
async function captureLog(): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  await configure({
    sinks: { memory: (record) => records.push(record) },
    loggers: [
      { category: ["tickwire", "server"], sinks: ["memory"], lowestLevel: "error" },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "error" },
    ],
  });
  return records;
}
