/**
 * Relays: run one in a program of your own. `relay/main.ts` is the program that ships.
 *
 * @module
 */
export * from "./process/director_link.ts";
export { Relay, type RelayParts } from "./process/relay.ts";
export type { HeartEvent, RelayIdentity } from "./process/relay_heart.ts";
export type * from "./process/shard.ts";
export * from "./process/status_api.ts";
export * from "./process/takeover_guest.ts";
export * from "./process/takeover_host.ts";
export * from "./serve_relay.ts";
export type { Address } from "../protocol/address.ts";
export type { CryptoBackend, PacketKey } from "../protocol/crypto/backend.ts";
export type { RelayKey } from "../protocol/relay/hop_ticket.ts";
export type { RelayLimits } from "../protocol/relay/relay_limits.ts";
export type { RelaySessionStats } from "../protocol/relay/relay_stats.ts";
export type { Clock, TimerId } from "../transport/clock.ts";
export type { DatagramPipe, PipeCounters, TransmitSlot } from "../transport/pipe.ts";
export type { RelayHeartbeat, RelayReply } from "./director/requests.ts";
export type { Mesh } from "./routes/mesh_matrix.ts";
export type { MeshPeer } from "./routes/mesh_peer.ts";
export type { MeshCounters } from "./routes/mesh_prober.ts";
export type { MeshLink } from "./routes/mesh_vector.ts";
export type { PathQuality } from "./routes/path_quality.ts";
export type * from "./status/relay_snapshot.ts";
