/**
 * What a simulated network tells about datagrams: events for captures, counters for assertions.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { LinkDrop } from "./impaired_link.ts";

/**
 * Why a datagram did not arrive: what a {@link LinkDrop} says, or
 *
 * - `blackout`: it left while the path was dark;
 * - `unreachable`: nobody listens there;
 * - `truncated`: longer than the receiving pipe takes;
 * - `port-zero`: its source port was 0;
 * - `nat-unmapped`: a NAT had no mapping on that external port;
 * - `nat-filtered`: a NAT had one, but not for this sender;
 * - `nat-hairpin`: a NAT without hairpinning was sent to from its inside.
 */
export type NetworkDrop =
  | LinkDrop
  | "blackout"
  | "unreachable"
  | "truncated"
  | "port-zero"
  | "nat-unmapped"
  | "nat-filtered"
  | "nat-hairpin";

/** One thing that happened to one datagram. */
export interface NetworkEvent {
  /** Simulated time. */
  readonly atMs: number;
  /** `sent` once per datagram, then `delivered` per copy or `dropped`. */
  readonly what: "sent" | "delivered" | "dropped";
  /** Why it was dropped; undefined otherwise. */
  readonly reason: NetworkDrop | undefined;
  /** Sender as the receiver sees it: behind a NAT, its external address. */
  readonly from: Address;
  /** Where it was sent to. */
  readonly to: Address;
  /** The datagram; valid during the call only. */
  readonly bytes: Uint8Array;
}

/** What a simulated network has counted since it was made. */
export interface NetworkCounters {
  /** Datagrams that pipes sent. */
  sent: number;
  /** Copies that arrived. */
  delivered: number;
  /** Datagrams and copies that did not, by reason. */
  readonly dropped: Record<NetworkDrop, number>;
}

/** Counters of a network in which nothing has happened. */
export function newNetworkCounters(): NetworkCounters {
  return {
    sent: 0,
    delivered: 0,
    dropped: {
      mtu: 0,
      queue: 0,
      loss: 0,
      burst: 0,
      blackout: 0,
      unreachable: 0,
      truncated: 0,
      "port-zero": 0,
      "nat-unmapped": 0,
      "nat-filtered": 0,
      "nat-hairpin": 0,
    },
  };
}
