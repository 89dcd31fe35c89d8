/**
 * The schema language: declare messages and entities once, get types, codecs and a wire.
 *
 * `t` builds fields, {@link message} and {@link entity} put them together, {@link protocol} names and
 * numbers them. {@link compileCodec} makes a codec for bytes outside any protocol. Pure: no clock, no
 * randomness, no I/O. The bytes are described in docs/schema_wire.md.
 *
 * @module
 */
export { BoundEntity, BoundMessage, type ClientMessage, type ServerMessage } from "./bound.ts";
export type { ArrayOptions, MapOptions, Vec2, Vec3 } from "./builders/composite.ts";
export type { EntityRefOptions } from "./builders/number.ts";
export { type Builders, t } from "./builders/t.ts";
export type { AnyOptions, BytesOptions, StringOptions } from "./builders/text.ts";
export type { ChannelSpec } from "./channels.ts";
export { type Backend, type Codec, type CodecOptions, compileCodec } from "./codec.ts";
export type { AnyValue } from "./dynamic.ts";
export { entity, EntityDefinition, type EntityOptions } from "./entity.ts";
export { Field, type LerpOptions } from "./field.ts";
export type { Carrier, Fields, Flatten, Infer, InferFields, InferUnion } from "./infer.ts";
export type { InspectRow } from "./inspect.ts";
export type { Json } from "./json.ts";
export {
  DELIVERIES,
  type Delivery,
  type Direction,
  message,
  MessageDefinition,
  type MessageOptions,
  type RateLimit,
} from "./message.ts";
export {
  type RoomKind,
  roomKind,
  type RoomKindName,
  type RoomKindOptions,
  type RoomKinds,
  roomKindsOf,
  type RoomMessages,
  type RoomMetadataOf,
  type RoomOptionsOf,
  type RoomProfileOf,
  type RoomShape,
  type RoomShapeOf,
  withRooms,
} from "./messages/rooms.ts";
export {
  type AnswerValue as RoomsAnswerValue,
  type AskValue as RoomsAskValue,
  type Entry as RoomEntryValue,
  type ListingValue as RoomListingValue,
  type Making as RoomMakingValue,
  type MemberValue as RoomMemberValue,
  type NoticeValue as RoomsNoticeValue,
  type PerKind as PerRoomKind,
  ROOM_DEPARTURES,
  ROOM_REFUSALS,
  type RoomAnswer,
  type RoomAsk,
  type RoomDeparture,
  type RoomNotice,
  type RoomRefusal,
  type SeatValue as RoomSeatValue,
  type Wanted as RoomWantedValue,
} from "./messages/rooms_values.ts";
export type * from "./node.ts";
export {
  type BoundDefinitions,
  type Definitions,
  type Protocol,
  protocol,
  ProtocolCore,
  type ProtocolOptions,
} from "./protocol.ts";
export { Refusal, refusalName, type RefusalReason } from "./refusal.ts";
export type { CompressedFloatGrid } from "./wire/compressed_float.ts";
export type { QuantizedGrid } from "./wire/quantized.ts";
export type { Quaternion } from "./wire/quaternion.ts";
export {
  MAX_VARINT_BYTES,
  readVarint,
  varintBytes,
  varintEnd,
  writeVarint,
} from "./wire/varint.ts";
export type { WorldMessages } from "./sync/world_messages.ts";
export type { DecodedMessage, EntityEntry, MessageEntry, WireTable } from "./wire_table.ts";
