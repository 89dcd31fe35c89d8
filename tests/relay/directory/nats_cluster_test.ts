import assert from "node:assert/strict";
import { jetstream } from "npm:@nats-io/jetstream@3.4.0";
import { connect } from "npm:@nats-io/transport-node@3.4.0";
import { NatsDirectory } from "../../../relay/directory/nats_directory.ts";
import { systemClock } from "../../../transport/system_clock.ts";
import {
  freshPrefix,
  NATS_URL,
  type NatsServer,
  NEEDS_NATS,
  startNats,
  waitFor,
} from "./nats_fixture.ts";

const clock = systemClock;

Deno.test({
  name: `NATS cluster: kill -9 of a bucket's leader loses nothing acknowledged ${NEEDS_NATS}`,
  ignore: NATS_URL === undefined,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const servers = startNats(folder, 3);
    const directories: NatsDirectory[] = [];
    try {
      const prefix = freshPrefix();
      const open = async (): Promise<NatsDirectory> => {
        const directory = await NatsDirectory.open({
          servers: servers.map(({ url }) => url),
          prefix,
          replicas: 3,
          maxBucketBytes: 2 ** 20,
          timeoutMs: 1_000,
        });
        directories.push(directory);
        return directory;
      };
      let writer: NatsDirectory | undefined;
      await waitFor(
        clock,
        async () => {
          writer = await open().catch(() => undefined);
          return writer !== undefined;
        },
        "the cluster forms",
        30_000,
      );
      await leaderLoss(writer!, await open(), { prefix, servers });
    } finally {
      for (const directory of directories) await directory.close();
      for (const server of servers) await server.kill().catch(() => {});
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/**
 * Writes a counter without a pause, kills the leader of its bucket, and compares. The bucket is one
 * without leases: the gap is as long as the shortest of them.
 */
async function leaderLoss(
  writer: NatsDirectory,
  watcher: NatsDirectory,
  { prefix, servers }: { prefix: string; servers: readonly NatsServer[] },
): Promise<void> {
  const seen: number[] = [];
  watcher.watch("keys", (change) => {
    if (change.type === "put") seen.push(Number(change.entry.value.fingerprint));
  });
  let acknowledged = 0;
  let revision = await writer.put("keys", "count", { fingerprint: "0" });
  let gapMs = 0;
  let lastMs = clock.nowMs();
  let killedAtMs = Infinity;
  const endMs = clock.nowMs() + 30_000;
  while (gapMs < 100 || clock.nowMs() < killedAtMs + gapMs + 2_000) {
    assert.ok(clock.nowMs() < endMs, `writes go on; the longest gap was ${gapMs} ms`);
    if (acknowledged === 50 && killedAtMs === Infinity) {
      const leader = await leaderOf(`KV_${prefix}_keys`, servers);
      await servers.find(({ name }) => name === leader)!.kill();
      killedAtMs = clock.nowMs();
    }
    const next = await writer.update(
      "keys",
      "count",
      { fingerprint: `${acknowledged + 1}` },
      revision,
    )
      .catch(() => undefined);
    if (next === undefined) {
      // A write without an answer may have happened: what is there decides. A pause, not a storm.
      await new Promise<void>((resolve) => void clock.setTimer(clock.nowMs() + 50, resolve));
      const entry = await writer.read("keys", "count");
      const found = Number(entry?.value.fingerprint);
      if (writer.state === "connected") {
        assert.ok(found >= acknowledged, `found ${found} after ${acknowledged} was acknowledged`);
        acknowledged = found;
      }
      revision = entry!.revision;
      continue;
    }
    acknowledged++;
    revision = next;
    gapMs = Math.max(gapMs, clock.nowMs() - lastMs);
    lastMs = clock.nowMs();
  }
  assert.equal((await writer.read("keys", "count"))?.value.fingerprint, `${acknowledged}`);
  await waitFor(clock, () => seen.at(-1) === acknowledged, "the watch resumes");
  assert.deepEqual(seen, seen.toSorted((a, b) => a - b), "in order");
  assert.ok(gapMs < 15_000, `the gap was ${gapMs} ms`);
  await Deno.stdout.write(new TextEncoder().encode(
    `write gap after the loss of a leader: ${Math.round(gapMs)} ms, ${acknowledged} writes\n`,
  ));
}

async function leaderOf(stream: string, servers: readonly NatsServer[]): Promise<string> {
  const connection = await connect({ servers: servers.map(({ url }) => url) });
  const manager = await jetstream(connection).jetstreamManager();
  const { cluster } = await manager.streams.info(stream);
  await connection.close();
  assert.ok(cluster?.leader !== undefined, "a stream has a leader");
  return cluster.leader;
}
