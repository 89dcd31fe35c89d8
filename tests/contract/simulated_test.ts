import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import { SimulatedNetwork } from "../../transport/simulated_network.ts";
import { type PipeFixture, type RawSender, testPipeContract } from "./pipe_contract.ts";

function simulatedFixture(): PipeFixture {
  const network = new SimulatedNetwork({ seed: 1 });
  return {
    open: ({ hostname = "127.0.0.1", ...options } = {}) =>
      Promise.resolve(network.bind(hostname, 0, options)),
    async until(predicate: () => boolean): Promise<void> {
      // Handlers that await, such as a close, go on before time does.
      await network.runAsync(network.clock.nowMs());
      assert.ok(network.runUntil(predicate, network.clock.nowMs() + 10_000));
    },
    openRaw(): RawSender {
      const from: Address = { hostname: "127.0.0.1", port: 1 };
      return {
        send(bytes: Uint8Array, to: Address): Promise<void> {
          network.inject(bytes, from, to);
          return Promise.resolve();
        },
        close: () => {},
      };
    },
  };
}

testPipeContract("simulated", simulatedFixture, { ipv6: true, addressed: true });
