/**
 * The game server: `serve()`, its peers and options.
 *
 * @module
 */
export { CloseCode } from "../protocol/close_code.ts";
export {
  type Flag,
  flag,
  type FlagBuilders,
  type Flags,
  type FlagValues,
  type NumberOptions,
} from "./cli_flags.ts";
export {
  defineGame,
  type Game,
  type GameContext,
  type GameDefinition,
  type GameEnvironment,
  type GameLogger,
  type RunningGame,
  type StartedGame,
  startGame,
} from "./game.ts";
export type { DisconnectInfo, ServerEvents } from "./handlers.ts";
export { issueTicket, type TicketRequest } from "./issue_ticket.ts";
export type { InputCounters, InputQueueOptions } from "./netcode/input_queue.ts";
export { PeerInputs, type PeerInputsOptions, type TickedInput } from "./netcode/peer_inputs.ts";
export { type RewindClaim, RewindRing, type RewindRingOptions } from "./netcode/rewind_ring.ts";
export type {
  AuthorizeContext,
  AuthorizeRefusal,
  AuthorizeResult,
  PeerIdentity,
  ServeOptions,
  ServerEnvironment,
} from "./options.ts";
export { type DisconnectOptions, Peer, type PeerState } from "./peer.ts";
export type { ServeRelayOptions } from "./relay_options.ts";
export { Lobby } from "./rooms/lobby.ts";
export {
  type CreateRoomOptions,
  type LobbyEvents,
  LobbyFullError,
  type LobbyOptions,
  type LobbyRate,
  type LobbyStats,
  type RoomPage,
  type RoomQuery,
} from "./rooms/lobby_options.ts";
export { LobbyRoom, type ReserveOptions } from "./rooms/lobby_room.ts";
export { Room, type RoomBroadcastOptions } from "./rooms/room.ts";
export {
  type AnyRoomDefinition,
  defineRoom,
  type RoomApplicant,
  type RoomDefinition,
  type RoomOptions,
  type RoomSettings,
} from "./rooms/room_definition.ts";
export type { RoomEvents } from "./rooms/room_events.ts";
export { RoomMember } from "./rooms/room_member.ts";
export type { RoomMemberIdentity, RoomOrigin } from "./rooms/room_port.ts";
export { serve } from "./serve.ts";
export { Server } from "./server.ts";
export type { BroadcastOptions, ServerCloseOptions } from "./server_parts.ts";
export type { RelayAnchorStats, ServerRelay } from "./server_relay.ts";
export type { ServerStats } from "./server_stats.ts";
export type { TickCounters } from "./tick_loop.ts";
export { drawnBehind, InputReport, type InputReportValue } from "../schema/messages/netcode.ts";
export type { Shape } from "../schema/sync/interpolator.ts";
export { WireRounder } from "../schema/sync/wire_rounder.ts";
export * from "./world/mod.ts";
export { WorkerPoolError, type WorkerPoolErrorCode } from "./workers/pool_error.ts";
export type {
  FromRoomWorker,
  RoomDrops,
  RoomNews,
  RoomWish,
  ToRoomWorker,
} from "./workers/room_wire.ts";
export type { RoomThread, RoomThreadEvents, SpawnWorker } from "./workers/spawn_worker.ts";
export { type Transferring, transferring } from "./workers/transferring.ts";
export {
  type RunOptions,
  WorkerPool,
  type WorkerPoolOptions,
  type WorkerPoolStats,
} from "./workers/worker_pool.ts";
export { REFUSAL_STATUSES, type RefusalStatus } from "../schema/messages/mod.ts";
export type { Fetch } from "../transport/director_http.ts";
export type { Exposure } from "../protocol/relay/hop_ticket.ts";
export type { CryptoBackend, PacketKey } from "../protocol/crypto/backend.ts";
export type { DropCounters, SessionCounters } from "../protocol/counters.ts";
export type { EndpointLimits, SessionLimits } from "../protocol/limits.ts";
export type { DeliveryCallback, DeliveryResult } from "../protocol/message_pool.ts";
export type { TracedPacket } from "../protocol/packet_trace.ts";
export type { PacingOptions } from "../protocol/pacer.ts";
export type { SendResult } from "../protocol/send_channel.ts";
export type { SessionStats } from "../protocol/session_stats.ts";
export type {
  OpenRecording,
  RecordedGame,
  RecordingSink,
  RecordInput,
  RecordOptions,
} from "../transport/record_options.ts";
