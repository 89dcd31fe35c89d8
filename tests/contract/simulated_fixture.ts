/**
 * A fixture of the pipe contract for pipes of a simulated network, wrapped or not.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import type { Clock } from "../../transport/clock.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { SimulatedNetwork } from "../../transport/simulated_network.ts";
import type { OpenOptions, PipeFixture, RawSender } from "./pipe_fixture.ts";

/** Makes a fixture on a network of its own; `wrap` is given every pipe and the network's clock. */
export function simulatedFixture(
  wrap: (pipe: DatagramPipe, clock: Clock, options: OpenOptions) => DatagramPipe = (pipe) => pipe,
): PipeFixture {
  const network = new SimulatedNetwork({ seed: 1 });
  return {
    open: ({ hostname = "127.0.0.1", ...options } = {}) =>
      Promise.resolve(wrap(network.bind(hostname, 0, options), network.clock, options)),
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
