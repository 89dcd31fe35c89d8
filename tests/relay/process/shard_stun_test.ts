import assert from "node:assert/strict";
import { isStunBinding } from "../../../protocol/relay/stun_binding.ts";
import { LocalShard } from "../../../relay/process/local_shard.ts";
import { SimulatedNetwork } from "../../../transport/simulated_network.ts";
import { CRYPTO } from "../../fixtures/pair.ts";
import { randomFill } from "../../fixtures/seeded.ts";

const REQUEST = Uint8Array.fromHex("000100002112a442b7e7a701bc34d686fa87dfae");

/** What a relay's shard answers to a plain STUN request, and what it counts as no frame of relays. */
async function askShard(
  answersStun: boolean,
): Promise<{ answers: string[]; notRelay: number | undefined }> {
  const network = new SimulatedNetwork({ seed: 1 });
  const { clock } = network;
  const shard = await LocalShard.open({ shard: 0, relayId: "one", limits: {}, answersStun }, {
    openPipe: () => network.bind("203.0.113.1", 7_000),
    clock,
    wallClockMs: () => 1_700_000_000_000 + clock.nowMs(),
    random: randomFill("shard"),
    crypto: CRYPTO,
  });
  await shard.start();
  const asker = network.bind("192.0.2.1", 32_853);
  const answers: string[] = [];
  asker.start((bytes) => void answers.push(bytes.toHex()));
  const slot = asker.acquire()!;
  slot.bytes.set(REQUEST);
  asker.send(slot, REQUEST.byteLength, { hostname: "203.0.113.1", port: 7_000 });
  network.run(1_000);
  const { drops } = await shard.report(false);
  await shard.close();
  await asker.close();
  return { answers, notRelay: drops["notRelay"] };
}

Deno.test("a relay is silent to STUN unless it was told to answer", async () => {
  assert.equal(isStunBinding(REQUEST), true);
  assert.deepEqual(await askShard(false), { answers: [], notRelay: 1 });
});

Deno.test("a relay with --stun tells who asks where it is seen", async () => {
  assert.deepEqual(await askShard(true), {
    answers: ["0101000c2112a442b7e7a701bc34d686fa87dfae" + "002000080001a147e112a643"],
    notRelay: 0,
  });
});
