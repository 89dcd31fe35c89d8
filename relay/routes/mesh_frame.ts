/**
 * The two frames with which relays measure each other: type MESH, 24 bytes, both alike.
 *
 * ```text
 * 0  20  header; label: who sent it (meshLabel of its id); sequence: number of the probe;
 *        tag under the key of the pair
 * 20 u8  kind: 1 probe, 2 answer
 * 21 3   0
 * ```
 *
 * An answer is as long as the probe and goes where the directory says that the relay is, never to
 * whoever sent the datagram: nothing to amplify or to reflect with. Since the label names the sender and
 * is under the tag, a frame that is sent back to its sender is no frame of its peer.
 *
 * @module
 */
import type { CryptoBackend } from "../../protocol/crypto/backend.ts";
import {
  frameLabel,
  frameSequenceLow,
  frameType,
  frameVersion,
  isFrameAuthentic,
  isRelayFrame,
  RELAY_HEADER_BYTES,
  RELAY_VERSION,
  RelayFlag,
  RelayFrameType,
  writeFrameTag,
  writeRelayHeader,
} from "../../protocol/relay/relay_frame.ts";
import { SIPHASH_KEY_BYTES, type SipHasher } from "../../protocol/relay/siphash.ts";

/** What a mesh frame is. */
export const MeshKind = { probe: 1, answer: 2 } as const;

/** One of the values of {@link MeshKind}. */
export type MeshKind = typeof MeshKind[keyof typeof MeshKind];

/** Bytes of a mesh frame. */
export const MESH_FRAME_BYTES: number = RELAY_HEADER_BYTES + 4;

const KIND_AT = RELAY_HEADER_BYTES;

const ENCODER = new TextEncoder();
const NO_KEY = new Uint8Array(SIPHASH_KEY_BYTES);

/** A mesh frame whose tag has not been looked at. */
export interface MeshFrame {
  /** Probe or answer. */
  readonly kind: MeshKind;
  /** {@link meshLabel} of the sender. */
  readonly label: number;
  /** Number of the probe, a u32. */
  readonly number: number;
}

/** Whether a datagram belongs to a mesh prober: that of a relay gets everything else. */
export function isMeshFrame(bytes: Uint8Array): boolean {
  return bytes.byteLength > 0 && isRelayFrame(bytes[0]!) &&
    frameType(bytes) === RelayFrameType.mesh;
}

/**
 * The label by which a relay is known to its peers, a u32: the low half of SipHash-2-4 over the id in
 * UTF-8, under a key of zeros. Two relays may share one; their keys differ.
 */
export function meshLabel(hasher: SipHasher, relayId: string): number {
  const { written } = ENCODER.encodeInto(relayId, hasher.input);
  hasher.digest(NO_KEY, 0, written);
  return hasher.low >>> 0;
}

/**
 * The key of a pair of relays: 16 bytes that both derive and nobody else can, from their X25519 keys.
 * `undefined` when the public key is a trap (of low order).
 */
export function meshPairKey(
  crypto: CryptoBackend,
  own: { readonly relayId: string; readonly secretKey: Uint8Array },
  peer: { readonly relayId: string; readonly publicKey: Uint8Array },
): Uint8Array | undefined {
  const shared = crypto.x25519(own.secretKey, peer.publicKey);
  if (shared === undefined) return undefined;
  const pair = [own.relayId, peer.relayId].sort();
  const context = ENCODER.encode(JSON.stringify(["tickwire mesh 1", ...pair]));
  return crypto.hmacSha256(shared, context).slice(0, SIPHASH_KEY_BYTES);
}

/** Writes a mesh frame, {@link MESH_FRAME_BYTES} bytes. */
export function writeMeshFrame(
  hasher: SipHasher,
  key: Uint8Array,
  into: Uint8Array,
  frame: MeshFrame & { readonly shard: number },
): void {
  writeRelayHeader(into, {
    type: RelayFrameType.mesh,
    shard: frame.shard,
    flags: RelayFlag.probe,
    epoch: 0,
    label: frame.label,
    sequence: frame.number,
  });
  into.fill(0, KIND_AT, MESH_FRAME_BYTES);
  into[KIND_AT] = frame.kind;
  writeFrameTag(hasher, key, 0, into, MESH_FRAME_BYTES);
}

/** Reads a mesh frame without its tag; `undefined` when it is not of this layout. */
export function readMeshFrame(bytes: Uint8Array): MeshFrame | undefined {
  if (bytes.byteLength !== MESH_FRAME_BYTES || !isMeshFrame(bytes)) return undefined;
  const kind = bytes[KIND_AT];
  const isKind = kind === MeshKind.probe || kind === MeshKind.answer;
  if (frameVersion(bytes) !== RELAY_VERSION || !isKind) return undefined;
  return { kind, label: frameLabel(bytes), number: frameSequenceLow(bytes) };
}

/** Whether a frame that was read carries the tag of this pair. */
export function isMeshFrameOf(hasher: SipHasher, key: Uint8Array, bytes: Uint8Array): boolean {
  return isFrameAuthentic(hasher, key, 0, bytes, MESH_FRAME_BYTES);
}
