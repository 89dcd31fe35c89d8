import assert from "node:assert/strict";
import { serve } from "../../server/mod.ts";
import { Room } from "../server/room.ts";
import { sessionContract } from "./session_contract.ts";

sessionContract("IPv4", "127.0.0.1", "127.0.0.1");
sessionContract("IPv6", "::1", "::1");
sessionContract("both families, by name", "::", "localhost");

for (const preciseTicks of [false, true]) {
  Deno.test(`a server ticks in real time, preciseTicks ${preciseTicks}`, async () => {
    await using server = await serve(Room, {
      hostname: "127.0.0.1",
      port: 0,
      tickHz: 200,
      preciseTicks,
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    const ticks: number[] = [];
    server.onTick((tick) => {
      ticks.push(tick);
      if (ticks.length === 10) resolve();
    });
    await promise;
    assert.deepEqual(ticks, ticks.toSorted((a, b) => a - b));
    assert.ok(server.stats().tick!.ticks >= 10);
  });
}

Deno.test("the sessions' contract holds without --unstable-net, over node:dgram", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--no-config",
      "--no-lock",
      "--no-check",
      "--allow-all",
      "--sanitize-ops",
      "--sanitize-resources",
      "tests/contract/session_contract_dgram.ts",
    ],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.equal(code, 0, output);
  assert.match(output, /ok \| 5 passed \| 0 failed/);
});
