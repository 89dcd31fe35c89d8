/**
 * What a director does for the tests of routes: labels, keys, sealed tickets, grants.
 *
 * @module
 */
import type { Address } from "../../protocol/address.ts";
import { HOP_RENEWAL_BYTES, sealHopRenewal } from "../../protocol/relay/hop_renewal.ts";
import {
  type Exposure,
  exposureBits,
  HOP_TICKET_BYTES,
  HopFlag,
  type HopTicket,
  type RelayKey,
  sealHopTicket,
} from "../../protocol/relay/hop_ticket.ts";
import type { RelayGrant, RelayRoute } from "../../protocol/relay/relay_grant.ts";
import { Random, seedFor } from "../../transport/random.ts";

/** A relay as the director knows it. */
export interface KnownRelay {
  readonly id: string;
  readonly address: Address;
  readonly key: RelayKey;
}

/** What a grant is to be. */
export interface GrantOptions {
  readonly sessionId: bigint;
  /** Relays of the primary, first one first. */
  readonly primary: readonly KnownRelay[];
  /** Relays of the standby. Default none. */
  readonly standby?: readonly KnownRelay[];
  /** Where the last relay finds the server: its address, or its anchor there. */
  readonly server: (exit: KnownRelay) => Address;
  readonly exposure?: Exposure;
  /** Told to the client. */
  readonly serverAddress?: Address;
  readonly epoch?: number;
  readonly notAfterS: number;
}

/** Issues grants. The same seed gives the same ones. */
export class RelayDirector {
  readonly serverKey: RelayKey;
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seedFor("director", seed));
    this.serverKey = this.newKey();
  }

  /** A key for a relay or server. */
  newKey(): RelayKey {
    return { keyId: 1, aeadKey: this.#random.bytes(32), gateKey: this.#random.bytes(16) };
  }

  /** What a client needs. */
  grant(options: GrantOptions): RelayGrant {
    const { sessionId, primary, standby, exposure = "never", serverAddress } = options;
    return {
      sessionId,
      serverKey: new Uint8Array(32),
      primary: this.#route(options, primary),
      standby: standby && this.#route(options, standby),
      exposure,
      ...(serverAddress === undefined ? {} : { serverAddress }),
    };
  }

  /** What a server behind a NAT needs. */
  anchor(anchorId: bigint, relay: KnownRelay, notAfterS: number): RelayRoute {
    const [label, key] = [this.#label(), this.#random.bytes(16)];
    const ticket = this.#ticket({
      flags: HopFlag.first | HopFlag.last | HopFlag.anchor | HopFlag.rebindOk,
      sessionId: anchorId,
      notAfterS,
      labelIn: label,
      keyPrev: key,
    });
    const { id: relayId, address } = relay;
    return {
      epoch: 0,
      relays: [{ relayId, region: "test", address, shard: 0 }],
      tickets: this.#seal(ticket, relay.key, 1),
      firstLabel: label,
      firstKey: key,
      lastLabel: 0,
      lastKey: new Uint8Array(16),
      notAfterS,
    };
  }

  /** Fresh blobs for every hop of a route. `labels` are those of the route's hops. */
  renewal(
    route: RelayRoute,
    relays: readonly KnownRelay[],
    sessionId: bigint,
    notAfterS: number,
  ): Uint8Array {
    const keys = [...relays.map(({ key }) => key), this.serverKey];
    const labels = this.#labels.get(route.firstLabel)!;
    const blobs = new Uint8Array(keys.length * HOP_RENEWAL_BYTES);
    for (const [hopIndex, key] of keys.entries()) {
      const none = { kbpsUp: 0, kbpsDown: 0, ppsUp: 0, ppsDown: 0, maxMiB: 0 };
      const renewal = { ...none, sessionId, notAfterS, labelIn: labels[hopIndex]! };
      const blob = sealHopRenewal(renewal, key, { shard: 0, hopIndex }, this.#random.bytes(12));
      blobs.set(blob, hopIndex * HOP_RENEWAL_BYTES);
    }
    return blobs;
  }

  /** Key between the last relay of a route and the server. */
  lastHopKey(route: RelayRoute): Uint8Array {
    return this.#lastHopKeys.get(route.firstLabel)!;
  }

  readonly #labels = new Map<number, number[]>();
  readonly #lastHopKeys = new Map<number, Uint8Array>();

  #route(options: GrantOptions, relays: readonly KnownRelay[]): RelayRoute {
    const { sessionId, notAfterS, exposure = "never", epoch = 1 } = options;
    const hops = relays.length + 1;
    const labels = Array.from({ length: hops }, () => this.#label());
    const keys = Array.from({ length: hops + 1 }, () => this.#random.bytes(16));
    this.#labels.set(labels[0]!, labels);
    this.#lastHopKeys.set(labels[0]!, keys[hops - 1]!);
    const tickets = new Uint8Array(hops * HOP_TICKET_BYTES);
    for (let hopIndex = 0; hopIndex < hops; hopIndex++) {
      const isLast = hopIndex === hops - 1;
      const next = isLast
        ? undefined
        : relays[hopIndex + 1]?.address ?? options.server(relays[hopIndex]!);
      const place = hopIndex === 0 ? HopFlag.first | HopFlag.rebindOk : 0;
      const ticket = this.#ticket({
        flags: isLast ? HopFlag.last | exposureBits(exposure) : place,
        hopIndex,
        epoch,
        sessionId,
        notAfterS,
        labelIn: labels[hopIndex]!,
        labelOut: labels[hopIndex + 1] ?? 0,
        next,
        keyPrev: keys[hopIndex]!,
        keyNext: keys[hopIndex + 1]!,
      });
      const key = relays[hopIndex]?.key ?? this.serverKey;
      tickets.set(this.#seal(ticket, key, hops), hopIndex * HOP_TICKET_BYTES);
    }
    return {
      epoch,
      relays: relays.map(({ id, address }) => ({
        relayId: id,
        region: "test",
        address,
        shard: 0,
      })),
      tickets,
      firstLabel: labels[0]!,
      firstKey: keys[0]!,
      lastLabel: labels[hops - 1]!,
      lastKey: keys[hops]!,
      notAfterS,
    };
  }

  #ticket(fields: Partial<HopTicket>): HopTicket {
    return {
      flags: 0,
      hopIndex: 0,
      epoch: 0,
      sessionId: 0n,
      notAfterS: 0,
      labelIn: 0,
      labelOut: 0,
      nextShard: 0,
      next: undefined,
      keyPrev: new Uint8Array(16),
      keyNext: new Uint8Array(16),
      kbpsUp: 0,
      kbpsDown: 0,
      ppsUp: 0,
      ppsDown: 0,
      maxMiB: 0,
      sourceHash: 0n,
      ticketId: new DataView(this.#random.bytes(8).buffer).getBigUint64(0),
      ...fields,
    };
  }

  #seal(ticket: HopTicket, key: RelayKey, hops: number): Uint8Array {
    return sealHopTicket(ticket, key, { shard: 0, hops }, this.#random.bytes(12));
  }

  #label(): number {
    return new DataView(this.#random.bytes(4).buffer).getUint32(0);
  }
}
