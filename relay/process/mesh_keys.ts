/**
 * Keys of the pairs that a relay forms with its peers: an agreement costs a millisecond, and the same
 * peers come with every heartbeat.
 *
 * @module
 */
import { decodeKey } from "../../protocol/connect_url.ts";
import type { CryptoBackend } from "../../protocol/crypto/backend.ts";
import type { RelayReply } from "../director/requests.ts";
import { meshPairKey } from "../routes/mesh_frame.ts";
import type { MeshPeer } from "../routes/mesh_peer.ts";

/** One peer as a director names it. */
export type ListedPeer = RelayReply["peers"][number];

/** Derives keys of pairs, and remembers those of the peers that are still there. */
export class MeshKeys {
  readonly #crypto: CryptoBackend;
  readonly #own: { readonly relayId: string; readonly secretKey: Uint8Array };
  #known: Map<string, Uint8Array | undefined> = new Map();

  /** Takes who this relay is. */
  constructor(
    crypto: CryptoBackend,
    own: { readonly relayId: string; readonly secretKey: Uint8Array },
  ) {
    this.#crypto = crypto;
    this.#own = own;
  }

  /** The peers to measure. One whose key is none is left out. */
  peersOf(listed: readonly ListedPeer[]): MeshPeer[] {
    const known: Map<string, Uint8Array | undefined> = new Map();
    const peers: MeshPeer[] = [];
    for (const { id: relayId, hostname, port, shard, publicKey } of listed) {
      const name = `${relayId} ${publicKey}`;
      const key = this.#known.has(name) ? this.#known.get(name) : this.#derive(relayId, publicKey);
      known.set(name, key);
      if (key !== undefined) peers.push({ relayId, address: { hostname, port }, shard, key });
    }
    this.#known = known;
    return peers;
  }

  #derive(relayId: string, publicKey: string): Uint8Array | undefined {
    try {
      return meshPairKey(this.#crypto, this.#own, { relayId, publicKey: decodeKey(publicKey) });
    } catch {
      return undefined;
    }
  }
}
