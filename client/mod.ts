/**
 * The client: `connect()` and what it gives.
 *
 * @module
 */
export { CloseCode } from "../protocol/close_code.ts";
export { Client, type ClientStats, type CloseOptions, type NextOptions } from "./client.ts";
export { connect } from "./connect.ts";
export { ConnectError, type ConnectErrorCode } from "./errors.ts";
export type { ClientEvents, ClientState, ClosedInfo } from "./events.ts";
export { knownServers, type KnownServersOptions } from "./known_servers.ts";
export type { MessageFeed } from "./message_stream.ts";
export type {
  ClientEnvironment,
  ConnectOptions,
  GrantGiver,
  GrantInput,
  TicketText,
  TrustServer,
  TrustVerdict,
  UntrustedServer,
} from "./options.ts";
export {
  type InputContext,
  Netcode,
  type NetcodeOptions,
  type PredictOptions,
} from "./netcode/netcode.ts";
export {
  type ChannelTraffic,
  Netgraph,
  type NetgraphOptions,
  type NetgraphReading,
  type NetgraphSample,
} from "./netcode/netgraph.ts";
export { netgraphLines, type NetgraphLinesOptions } from "./netcode/netgraph_lines.ts";
export { Prediction, type PredictionCounters } from "./netcode/prediction.ts";
export type { PredictionClockOptions } from "./netcode/prediction_clock.ts";
export type { Reconciliation, Step, StepContext } from "./netcode/predictor.ts";
export type { RenderClockOptions } from "./netcode/render_clock.ts";
export type { ServerClockOptions } from "./netcode/server_clock.ts";
export type { PushResult } from "./netcode/snapshot_buffer.ts";
export {
  SnapshotInterpolation,
  type SnapshotInterpolationOptions,
} from "./netcode/snapshot_interpolation.ts";
export {
  type AnyJoinedRoom,
  type AnyKind as AnyRoomKind,
  type AnyRoomListing,
  ClientRooms,
  type CreateOptions as CreateRoomRequest,
  type JoinOptions as JoinRoomRequest,
  type JoinOrCreateOptions as JoinOrCreateRoomRequest,
  type ListOptions as ListRoomsRequest,
  type RoomListing,
  type RoomListPage,
} from "./rooms/client_rooms.ts";
export {
  JoinedRoom,
  type JoinedRoomEvents,
  type JoinedRoomState,
  type RoomMate,
} from "./rooms/joined_room.ts";
export { RoomError, type RoomErrorCode } from "./rooms/room_error.ts";
export { type QueryOptions, queryServer, type ServerDescription } from "./query.ts";
export type { HeldRoute, RouteStats } from "./route_stats.ts";
export { drawnBehind, InputReport, type InputReportValue } from "../schema/messages/netcode.ts";
export type { Shape } from "../schema/sync/interpolator.ts";
export { WireRounder } from "../schema/sync/wire_rounder.ts";
export * from "./world/mod.ts";
export { REFUSAL_STATUSES, type RefusalStatus } from "../schema/messages/mod.ts";
export type { Fetch } from "../transport/director_http.ts";
export type { Exposure } from "../protocol/relay/hop_ticket.ts";
export type { RelayGrant, RelayRoute, RelayRouteHop } from "../protocol/relay/relay_grant.ts";
export type { CryptoBackend, PacketKey } from "../protocol/crypto/backend.ts";
export type { DropCounters } from "../protocol/counters.ts";
export type { SessionLimits } from "../protocol/limits.ts";
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
