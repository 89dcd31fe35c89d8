/**
 * The thread of a shard. `worker_shard.ts` starts and asks it; nothing imports it.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { errorCode } from "../../transport/socket_binding.ts";
import { systemClock } from "../../transport/system_clock.ts";
import { systemRandom } from "../../transport/system_random.ts";
import { LocalShard } from "./local_shard.ts";
import { openShardPipe } from "./shard_pipe.ts";
import type { WorkerCall, WorkerReply } from "./worker_call.ts";

let shard: LocalShard | undefined;

async function answer(call: WorkerCall): Promise<unknown> {
  if (call.method === "open") {
    const { options, binding } = call.argument;
    shard = await LocalShard.open(options, {
      openPipe: () => openShardPipe(binding, systemClock),
      clock: systemClock,
      wallClockMs: Date.now,
      random: systemRandom,
    });
    return { hostname: shard.hostname, port: shard.port };
  }
  if (shard === undefined) throw new TypeError("The shard is not open");
  switch (call.method) {
    case "start":
      return await shard.start();
    case "apply":
      return await shard.apply(call.argument);
    case "report":
      return await shard.report(call.argument);
    case "exportTable":
      return await shard.exportTable();
    case "importTable":
      return await shard.importTable(call.argument);
    case "close":
      return await shard.close();
  }
}

function reply(message: WorkerReply): void {
  self.postMessage(message);
}

self.onmessage = async ({ data: call }: MessageEvent<WorkerCall>) => {
  try {
    reply({ id: call.id, value: await answer(call) });
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    // Classes and codes of errors do not survive the way between threads; messages do.
    reply({ id: call.id, error: new Error(error.message), code: errorCode(error) || undefined });
  }
};
