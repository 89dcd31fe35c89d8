/**
 * For tests of games and services: a simulated network with a clock of its own.
 *
 * Give servers and clients a pipe of {@link SimulatedNetwork.bind} and the network's clock, and a minute
 * of play over a bad line is tested in milliseconds, the same way every time.
 *
 * @module
 */
export type { Address } from "../protocol/address.ts";
export { loadSodium, type SodiumBackend, type SodiumOptions } from "../protocol/crypto/sodium.ts";
export type { Clock, TimerId } from "./clock.ts";
export { TransportError, type TransportErrorCode } from "./errors.ts";
export type { EventHandle } from "./event_queue.ts";
export { ImpairedLink, type LinkCounters, type LinkDrop } from "./impaired_link.ts";
export {
  completeImpairment,
  type Impairment,
  type ImpairmentOptions,
  NO_IMPAIRMENT,
} from "./impairment.ts";
export { formatImpairment, IMPAIRMENT_HELP, parseImpairment } from "./impairment_text.ts";
export type { Nat, NatDependence, NatOptions, RebindOptions } from "./nat_box.ts";
export type { NetworkCounters, NetworkDrop, NetworkEvent } from "./network_event.ts";
export {
  type DatagramPipe,
  MAX_DATAGRAM_BYTES,
  type PipeCounters,
  type TransmitSlot,
} from "./pipe.ts";
export { Random, seedFor } from "./random.ts";
export { SimulatedNetwork, type SimulatedNetworkOptions } from "./simulated_network.ts";
export type { SimulatedPipeOptions } from "./simulated_pipe.ts";
export type { Allocate } from "./slot_pool.ts";
export { VirtualClock, type VirtualEvent } from "./virtual_clock.ts";
