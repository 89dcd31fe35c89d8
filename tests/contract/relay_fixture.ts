/**
 * Fixtures of the pipe contract for the two ends of relays: the gate alone, and a client with its gate.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import { ClientLeg } from "../../protocol/relay/legs/client_leg.ts";
import { ServerLeg } from "../../protocol/relay/legs/server_leg.ts";
import { RelayCore } from "../../protocol/relay/relay_core.ts";
import { RELAY_MAX_INNER_BYTES } from "../../protocol/relay/relay_frame.ts";
import { PureSipHasher } from "../../protocol/relay/siphash.ts";
import type { Clock } from "../../transport/clock.ts";
import { EndpointDriver } from "../../transport/endpoint_driver.ts";
import type { DatagramPipe, TransmitSlot } from "../../transport/pipe.ts";
import { RelayGate } from "../../transport/relay_gate.ts";
import { RelayedPipe } from "../../transport/relayed_pipe.ts";
import { SimulatedNetwork } from "../../transport/simulated_network.ts";
import { CRYPTO } from "../fixtures/pair.ts";
import { randomFill } from "../fixtures/seeded.ts";
import { type KnownRelay, RelayDirector } from "../simulation/relay_director.ts";
import type { OpenOptions, PipeFixture } from "./pipe_fixture.ts";

const EPOCH_MS = 1_700_000_000_000;
const NOT_AFTER_S = EPOCH_MS / 1_000 + 3_600;
const SERVER: Address = { hostname: "192.0.2.1", port: 9_999 };

/** A server's leg that has no sessions. */
export function serverLeg(director: RelayDirector, clock: Clock): ServerLeg {
  return new ServerLeg({
    relayKeys: [director.serverKey],
    hasher: new PureSipHasher(),
    crypto: CRYPTO,
    random: randomFill("server leg"),
    epochMs: EPOCH_MS,
  }, clock.nowMs());
}

/** One end of a pair, under the address that its peer knows it by. It may listen before it is started. */
class PairEnd implements DatagramPipe {
  readonly kind: string;
  readonly localAddress: Address;
  readonly maxDatagramBytes: number;
  readonly counters;
  readonly #pipe: DatagramPipe;
  #onDatagram: ((bytes: Uint8Array, from: Address) => void) | undefined;

  constructor(pipe: DatagramPipe, localAddress: Address) {
    this.kind = pipe.kind;
    this.localAddress = localAddress;
    this.maxDatagramBytes = RELAY_MAX_INNER_BYTES;
    this.counters = pipe.counters;
    this.#pipe = pipe;
    pipe.start((bytes, from) => this.#onDatagram?.(bytes, from));
  }

  start(onDatagram: (bytes: Uint8Array, from: Address) => void): void {
    // A second start is the pipe's to refuse.
    if (this.#onDatagram !== undefined) this.#pipe.start(onDatagram);
    this.#onDatagram = onDatagram;
  }
  acquire(): TransmitSlot | undefined {
    return this.#pipe.acquire();
  }
  send(slot: TransmitSlot, sizeBytes: number, to: Address): void {
    this.#pipe.send(slot, sizeBytes, to);
  }
  release(slot: TransmitSlot): void {
    this.#pipe.release(slot);
  }
  resolve(hostname: string, port: number): Promise<Address[]> {
    return this.#pipe.resolve(hostname, port);
  }
  close(): Promise<void> {
    return this.#pipe.close();
  }
}

/** Pairs of pipes over one relay: the first that is opened is the client's, the second the server's. */
export function relayedFixture(): PipeFixture {
  const network = new SimulatedNetwork({ seed: 1 });
  const { clock } = network;
  const director = new RelayDirector(1);
  const relay: KnownRelay = {
    id: "relay",
    address: { hostname: "203.0.113.1", port: 7_000 },
    key: director.newKey(),
  };
  const core = new RelayCore({
    shard: 0,
    keys: [relay.key],
    crypto: CRYPTO,
    hasher: new PureSipHasher(),
    random: randomFill("relay"),
    epochMs: EPOCH_MS,
    limits: { sessions: 8, outboundFrames: 2_048 },
  }, 0);
  const relayPipe = network.bind(relay.address.hostname, relay.address.port);
  new EndpointDriver(core, relayPipe, clock, () => {}).start();
  const grant = director.grant({
    sessionId: 7n,
    primary: [relay],
    server: () => SERVER,
    notAfterS: NOT_AFTER_S,
  });
  let opened = 0;
  let client: RelayedPipe | undefined;
  return {
    async open(options: OpenOptions = {}): Promise<DatagramPipe> {
      const { hostname: _, ...rest } = options;
      if (opened++ % 2 === 0) {
        const leg = new ClientLeg({
          grant,
          hasher: new PureSipHasher(),
          crypto: CRYPTO,
          random: randomFill("client leg"),
          epochMs: EPOCH_MS,
        }, clock.nowMs());
        client = new RelayedPipe(network.bind("198.51.100.1", 0, rest), { leg, clock });
        return new PairEnd(client, leg.virtualAddress);
      }
      const inner = network.bind(SERVER.hostname, SERVER.port, rest);
      const gate = new RelayGate(inner, { leg: serverLeg(director, clock), clock });
      const end = new PairEnd(gate, client!.leg.virtualAddress);
      await network.settle(client!.whenBound(5_000));
      return end;
    },
    async until(predicate: () => boolean): Promise<void> {
      await network.runAsync(clock.nowMs());
      assert.ok(network.runUntil(predicate, clock.nowMs() + 10_000));
    },
  };
}
