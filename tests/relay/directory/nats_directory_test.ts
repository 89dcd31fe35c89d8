import assert from "node:assert/strict";
import { NatsDirectory } from "../../../relay/directory/nats_directory.ts";
import type { MeshRecord } from "../../../relay/directory/records.ts";
import { systemClock } from "../../../transport/system_clock.ts";
import { directoryContract, isDirectoryError } from "./directory_contract.ts";
import { freshPrefix, NATS_URL, NEEDS_NATS, startNats, waitFor } from "./nats_fixture.ts";
import { relayRecord, sessionRecord } from "./records_fixture.ts";

const ignore = NATS_URL === undefined;
const clock = systemClock;

function openAt(url: string, prefix: string, replicas = 1): Promise<NatsDirectory> {
  return NatsDirectory.open({ servers: [url], prefix, replicas, maxBucketBytes: 2 ** 20 });
}

directoryContract(`NATS directory ${NEEDS_NATS}`, {
  ignore,
  open: async () => {
    const prefix = freshPrefix();
    const a = await openAt(NATS_URL!, prefix);
    const b = await openAt(NATS_URL!, prefix);
    return {
      a,
      b,
      clock,
      until: (predicate, what) => waitFor(clock, predicate, what),
      close: async () => {
        await a.close();
        await b.close();
      },
    };
  },
});

Deno.test({
  name: `NATS directory: a newcomer sees at once what was written before ${NEEDS_NATS}`,
  ignore,
  fn: async () => {
    const prefix = freshPrefix();
    const a = await openAt(NATS_URL!, prefix);
    for (const id of ["r-1", "r-2", "r-3"]) await a.put("relays", id, relayRecord(id));
    await a.delete("relays", "r-2");
    const b = await openAt(NATS_URL!, prefix);
    assert.deepEqual(b.list("relays").map(({ key }) => key), ["r-1", "r-3"]);
    await a.close();
    await b.close();
  },
});

Deno.test({
  name: `NATS directory: without a server opening fails, and says where ${NEEDS_NATS}`,
  ignore,
  fn: async () => {
    await assert.rejects(
      NatsDirectory.open({ servers: ["nats://127.0.0.1:9"], timeoutMs: 500 }),
      isDirectoryError("away"),
    );
    await assert.rejects(
      NatsDirectory.open({ servers: [NATS_URL!], prefix: "a.b" }),
      TypeError,
    );
  },
});

Deno.test({
  name: `NATS directory: a full bucket refuses new records, and stays connected ${NEEDS_NATS}`,
  ignore,
  fn: async () => {
    const directory = await NatsDirectory.open({
      servers: [NATS_URL!],
      prefix: freshPrefix(),
      maxBucketBytes: 4_096,
    });
    // Records of 1.5 KB: 2.9.10 does not count its 60 bytes of overhead when it decides, and drops the
    // oldest record instead when one fits but for these.
    const record = (from: string): MeshRecord => ({
      from,
      links: Array.from(
        { length: 24 },
        (_, i) => ({ to: `relay-${i}`, p95RttMs: 10, jitterMs: 1, loss: 0 }),
      ),
    });
    const filling = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) await directory.put("mesh", `r-${i}`, record(`r-${i}`));
    };
    await assert.rejects(filling(), isDirectoryError("full"));
    const held = directory.list("mesh").map(({ key }) => key);
    assert.ok(held[0] === "r-0" && held.length < 5, held.join(" "));
    assert.equal(directory.state, "connected");
    await directory.close();
  },
});

Deno.test({
  name: `NATS directory: HOLD while the only server is gone, and back with it ${NEEDS_NATS}`,
  ignore,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const [server] = startNats(folder, 1);
    const prefix = freshPrefix();
    let directory: NatsDirectory | undefined;
    try {
      await waitFor(clock, async () => {
        directory = await openAt(server!.url, prefix).catch(() => undefined);
        return directory !== undefined;
      }, "the server starts");
      await hold(directory!, server!);
    } finally {
      await directory?.close();
      await server!.kill().catch(() => {});
      await Deno.remove(folder, { recursive: true });
    }
  },
});

async function hold(
  directory: NatsDirectory,
  server: { kill(): Promise<void>; restart(): void },
): Promise<void> {
  const states: string[] = [];
  directory.onState((state) => void states.push(state));
  await directory.put("mesh", "fra-1", { from: "fra-1", links: [] });
  await directory.put("sessions", "aa", sessionRecord("aa"));
  await server.kill();
  await waitFor(clock, () => directory.state === "away", "the loss is noticed");
  const lostAtMs = clock.nowMs();
  await assert.rejects(
    directory.put("mesh", "x", { from: "x", links: [] }),
    isDirectoryError("away"),
  );
  // The lease of "mesh" is 5 s: held values outlive it.
  await waitFor(clock, () => clock.nowMs() > lostAtMs + 5_500, "a lease passes");
  assert.ok(directory.get("mesh", "fra-1")!.ageMs > 5_000, "served with its age");
  assert.deepEqual((await directory.read("sessions", "aa"))?.value, sessionRecord("aa"));
  server.restart();
  await waitFor(clock, () => directory.state === "connected", "it comes back by itself");
  assert.ok(directory.get("mesh", "fra-1") !== undefined, "writers get the time of a lease");
  await directory.put("relays", "new", relayRecord("new"));
  await waitFor(clock, () => directory.get("relays", "new") !== undefined, "the watch resumed");
  await waitFor(clock, () => directory.get("mesh", "fra-1") === undefined, "then leases end");
  assert.deepEqual(states, ["away", "connected"]);
}
