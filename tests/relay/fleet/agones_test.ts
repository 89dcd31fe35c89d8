import assert from "node:assert/strict";
import { AGONES_HEALTH_MS, AgonesLink } from "../../../relay/fleet/agones.ts";
import { AgonesSdk } from "../../../relay/fleet/agones_sdk.ts";
import {
  AgonesError,
  type AgonesErrorCode,
  readCounter,
  readGameServer,
  readList,
} from "../../../relay/fleet/agones_types.ts";
import { jsonLines } from "../../../relay/fleet/json_lines.ts";
import { VirtualClock } from "../../../transport/virtual_clock.ts";
import { AgonesStandIn } from "./agones_stand_in.ts";

const isCode = (code: AgonesErrorCode) => (error: unknown): boolean =>
  error instanceof AgonesError && error.code === code;

async function withGateway(body: (gateway: AgonesStandIn) => Promise<void>): Promise<void> {
  const gateway = new AgonesStandIn();
  try {
    await body(gateway);
  } finally {
    await gateway.close();
  }
}

Deno.test("the life of a server goes through the gateway's states", () =>
  withGateway(async (gateway) => {
    const sdk = gateway.sdk();
    await sdk.health();
    for (
      const [step, state] of [
        [() => sdk.ready(), "Ready"],
        [() => sdk.reserve(30), "Reserved"],
        [() => sdk.allocate(), "Allocated"],
        [() => sdk.shutdown(), "Shutdown"],
      ] as const
    ) {
      await step();
      assert.equal((await sdk.gameServer()).state, state);
    }
    assert.equal(gateway.requests[0], "POST /health");
    await assert.rejects(sdk.reserve(0.5), RangeError);
  }));

Deno.test("a game server learns its public address, and what was said of it", () =>
  withGateway(async (gateway) => {
    const sdk = gateway.sdk();
    await sdk.setLabel("map", "dust");
    await sdk.setAnnotation("build", "7");
    const server = await sdk.gameServer();
    assert.equal(server.name, "arena-x7k2p");
    assert.equal(server.address, "198.51.100.20");
    assert.deepEqual([...server.ports], [["game", 7_654]]);
    assert.deepEqual(server.labels, { "agones.dev/sdk-map": "dust" });
    assert.deepEqual(server.annotations, { "agones.dev/sdk-build": "7" });
  }));

Deno.test("counters and lists are read and changed", () =>
  withGateway(async (gateway) => {
    const sdk = gateway.sdk();
    assert.deepEqual(await sdk.counter("players"), { count: 0, capacity: 64 });
    assert.deepEqual(await sdk.changeCounter("players", { countDiff: 3 }), {
      count: 3,
      capacity: 64,
    });
    const changed = await sdk.changeCounter("players", { count: 1, capacity: 8 });
    assert.deepEqual(changed, { count: 1, capacity: 8 });
    await assert.rejects(sdk.changeCounter("players", { countDiff: 8 }), isCode("refused"));
    await assert.rejects(sdk.changeCounter("players", {}), RangeError);
    await assert.rejects(sdk.changeCounter("players", { count: NaN }), RangeError);
    await assert.rejects(sdk.counter("nothing"), isCode("refused"));
    assert.deepEqual((await sdk.addToList("rooms", "blue")).values, ["blue"]);
    await assert.rejects(sdk.addToList("rooms", "blue"), isCode("refused"));
    assert.deepEqual((await sdk.addToList("rooms", "red")).values, ["blue", "red"]);
    await assert.rejects(sdk.addToList("rooms", "green"), isCode("refused"));
    assert.equal((await sdk.setListCapacity("rooms", 3)).capacity, 3);
    assert.deepEqual((await sdk.removeFromList("rooms", "blue")).values, ["red"]);
    assert.deepEqual((await sdk.list("rooms")).values, ["red"]);
    await assert.rejects(sdk.removeFromList("rooms", "blue"), isCode("refused"));
  }));

Deno.test("a watch tells the present state and every change, until it is aborted", () =>
  withGateway(async (gateway) => {
    const abort = new AbortController();
    const states: string[] = [];
    for await (const { state } of gateway.sdk().watch(abort.signal)) {
      states.push(state);
      if (state === "Scheduled") gateway.change("Ready");
      else if (state === "Ready") gateway.change("Allocated");
      else abort.abort();
    }
    assert.deepEqual(states, ["Scheduled", "Ready", "Allocated"]);
  }));

Deno.test("a watch that tells something else ends with an error", () =>
  withGateway(async (gateway) => {
    for (const raw of ["no json\n", "{}\n", '{"result":7}\n', '{"result":{"status":{}}}\n']) {
      const watch = gateway.sdk().watch();
      await watch.next();
      gateway.sendRaw(raw);
      await assert.rejects(watch.next(), isCode("malformed"), raw);
      gateway.breakWatches();
    }
  }));

Deno.test("without a gateway, and with one that refuses, the error says which", async () => {
  const gateway = new AgonesStandIn();
  const sdk = gateway.sdk();
  gateway.refuseWith = 500;
  await assert.rejects(
    sdk.ready(),
    (error) => isCode("refused")(error) && /POST \/ready: 500 .*not now/.test(String(error)),
  );
  await gateway.close();
  await assert.rejects(sdk.ready(), isCode("unreachable"));
  const odd = new AgonesSdk({
    url: "http://agones.test",
    fetch: () => Promise.resolve(new Response("<html>")),
  });
  await assert.rejects(odd.gameServer(), isCode("malformed"));
});

Deno.test("what Agones tells is read with care", () => {
  const server = { object_meta: { name: "a" }, status: { state: "Ready" } };
  assert.deepEqual(readGameServer(server), {
    name: "a",
    labels: {},
    annotations: {},
    state: "Ready",
    address: "",
    ports: new Map(),
  });
  assert.deepEqual(readGameServer({ ...server, objectMeta: {} }).name, "a");
  assert.deepEqual(readCounter({ capacity: "9007199254740991" }), {
    count: 0,
    capacity: Number.MAX_SAFE_INTEGER,
  });
  const bad: (() => unknown)[] = [
    () => readGameServer(null),
    () => readGameServer([]),
    () => readGameServer({ object_meta: { name: 7 }, status: { state: "" } }),
    () =>
      readGameServer({ ...server, status: { state: "Ready", ports: [{ name: "x", port: "y" }] } }),
    () => readGameServer({ object_meta: { name: "a", labels: { b: 1 } }, status: { state: "" } }),
    () => readCounter({ count: "many" }),
    () => readCounter({ count: 1.5 }),
    () => readCounter({ count: "9007199254740993" }),
    () => readList({ values: "a", capacity: 1 }),
    () => readList({ values: [1], capacity: 1 }),
  ];
  for (const read of bad) assert.throws(read, isCode("malformed"), String(read));
});

Deno.test("lines of a stream may be cut anywhere, and none is without end", async () => {
  const streamOf = (...chunks: string[]): ReadableStream<Uint8Array<ArrayBuffer>> =>
    new ReadableStream({
      start: (controller) => {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
        controller.close();
      },
    });
  const read = (...chunks: string[]): Promise<unknown[]> =>
    Array.fromAsync(jsonLines(streamOf(...chunks)));
  assert.deepEqual(await read('{"a":', "1}\n\n[2", ']\n"three"'), [{ a: 1 }, [2], "three"]);
  assert.deepEqual(await read(), []);
  await assert.rejects(read("1\n{"), isCode("malformed"));
  await assert.rejects(read("x".repeat(600_000), "x".repeat(600_000)), isCode("malformed"));
});

Deno.test("a link sends health while the server is well, and states once each", () =>
  withGateway(async (gateway) => {
    const clock = new VirtualClock();
    let isWell = true;
    const errors: unknown[] = [];
    const link = new AgonesLink({
      sdk: gateway.sdk(),
      clock,
      isWell: () => isWell,
      countsPlayers: true,
      onError: (error) => void errors.push(error),
    });
    const { address, ports } = await link.start();
    assert.deepEqual([address, ports.get("game")], ["198.51.100.20", 7_654]);
    const count = (request: string): number =>
      gateway.requests.filter((one) => one === request).length;
    link.update("ready", 0);
    link.update("allocated", 0);
    link.update("allocated", 2);
    await gateway.until(() => gateway.counters.get("players")!.count === 2);
    assert.equal(gateway.state, "Allocated");
    assert.deepEqual([count("POST /ready"), count("POST /allocate")], [1, 1]);
    clock.run(clock.nowMs() + AGONES_HEALTH_MS);
    await gateway.until(() => count("POST /health") === 2);
    isWell = false;
    clock.run(clock.nowMs() + 3 * AGONES_HEALTH_MS);
    link.update("ready", 0);
    await gateway.until(() => gateway.state === "Ready");
    assert.equal(count("POST /health"), 2, "a server that is not well keeps silent");
    await gateway.until(() => gateway.counters.get("players")!.count === 0);
    await link.close();
    assert.deepEqual(errors, []);
  }));

Deno.test("a draining server is protected from Agones until it says goodbye", () =>
  withGateway(async (gateway) => {
    const link = new AgonesLink({ sdk: gateway.sdk(), clock: new VirtualClock() });
    await link.start();
    link.update("draining", 4);
    await gateway.until(() => gateway.state === "Allocated");
    await link.shutdown();
    assert.equal(gateway.state, "Shutdown");
  }));

Deno.test("what Agones did not do is tried again with the next beat", () =>
  withGateway(async (gateway) => {
    const clock = new VirtualClock();
    const failed = Promise.withResolvers<unknown>();
    const link = new AgonesLink({ sdk: gateway.sdk(), clock, onError: failed.resolve });
    await link.start();
    // Otherwise it might be the watch that is refused.
    await gateway.until(() => gateway.watches === 1);
    gateway.refuseWith = 503;
    link.update("allocated", 1);
    assert.ok(isCode("refused")(await failed.promise));
    gateway.refuseWith = 0;
    clock.run(clock.nowMs() + AGONES_HEALTH_MS);
    await gateway.until(() => gateway.state === "Allocated");
    await link.close();
  }));

Deno.test("a server hears that Agones ends it, also after the watch broke", () =>
  withGateway(async (gateway) => {
    const clock = new VirtualClock();
    const ended = Promise.withResolvers<string>();
    const link = new AgonesLink({
      sdk: gateway.sdk(),
      clock,
      onShutdown: ({ state }) => ended.resolve(state),
    });
    await link.start();
    const watches = (): number =>
      gateway.requests.filter((one) => one === "GET /watch/gameserver").length;
    await gateway.until(() => watches() === 1);
    gateway.breakWatches();
    while (watches() < 2) {
      // The pause begins when the client has noticed; then its timer is what there is to run.
      await new Promise<void>((resolve) => setImmediate(resolve));
      clock.run(clock.nowMs() + AGONES_HEALTH_MS);
    }
    gateway.change("Shutdown");
    assert.equal(await ended.promise, "Shutdown");
    await link.close();
  }));

Deno.test("a link waits for a gateway that starts late, and gives up after half a minute", () =>
  withGateway(async (gateway) => {
    const clock = new VirtualClock();
    let absentUntilMs = 5_000;
    const sdk = new AgonesSdk({
      url: gateway.url,
      fetch: (input, init) => {
        if (clock.nowMs() >= absentUntilMs) return fetch(input, init);
        setImmediate(() => clock.run(clock.nowMs() + 500));
        return Promise.reject(new TypeError("connection refused"));
      },
    });
    const link = new AgonesLink({ sdk, clock });
    await link.start();
    assert.ok(clock.nowMs() >= 5_000 && clock.nowMs() < 7_000, `${clock.nowMs()}`);
    await link.close();
    absentUntilMs = Infinity;
    const startedAtMs = clock.nowMs();
    await assert.rejects(new AgonesLink({ sdk, clock }).start(), isCode("unreachable"));
    assert.ok(clock.nowMs() >= startedAtMs + 30_000);
  }));
