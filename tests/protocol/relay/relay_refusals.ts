/**
 * Provokes refusals of a relay and checks that exactly their counters move.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Address } from "../../../protocol/address.ts";
import { BEACON_TOKEN_AT, QOS_PING_BYTES } from "../../../protocol/relay/beacon.ts";
import {
  HOP_TICKET_BYTES,
  HopFlag,
  type HopTicket,
  sealHopTicket,
} from "../../../protocol/relay/hop_ticket.ts";
import type { RelayCore } from "../../../protocol/relay/relay_core.ts";
import type { RelayDropCounters } from "../../../protocol/relay/relay_counters.ts";
import {
  RelayFrameType,
  writeFrameTag,
  writeRelayHeader,
} from "../../../protocol/relay/relay_frame.ts";
import type { RelayLimits } from "../../../protocol/relay/relay_limits.ts";
import { PureSipHasher } from "../../../protocol/relay/siphash.ts";
import { keyOf } from "../../fixtures/seeded.ts";
import { EPOCH_MS, relayKey, RelayLab, type RouteOptions } from "./relay_lab.ts";
import { resealTicket } from "./reseal_ticket.ts";

/** Names of all counters. */
export type Counter = keyof RelayDropCounters;

/** Where nobody is. */
export const ELSEWHERE: Address = { hostname: "198.51.100.200", port: 1_234 };
/** Does something, and checks that exactly this counter moved, by one unless told otherwise. */
export function refuses(name: Counter, core: RelayCore, action: () => void, times = 1): void {
  const before = { ...core.drops };
  action();
  const changed: Record<string, number> = {};
  for (const [key, value] of Object.entries(core.drops)) {
    const difference = value - before[key as Counter]; // Both have the keys of one class.
    if (difference !== 0) changed[key] = difference;
  }
  assert.deepEqual(changed, { [name]: times });
}

/** Bytes of a datagram from the client to a relay that has one session. */
export function refusesBytes(name: Counter, bytes: Uint8Array, lab = RelayLab.bound()): void {
  const sent = lab.log.length;
  refuses(name, lab.core, () => lab.fromClient(bytes));
  assert.equal(lab.log.length, sent + 1, "silence to what is refused");
}

/** A BIND of a route that a relay refuses. */
export function refusesRoute(
  name: Counter,
  route: RouteOptions,
  limits: Partial<RelayLimits> = {},
  prepare: (lab: RelayLab) => void = () => {},
): void {
  const lab = new RelayLab({ ...route, limits });
  prepare(lab);
  refuses(name, lab.core, () => lab.fromClient(lab.client.bind(lab.route.tickets)));
  assert.equal(lab.server.received.length, 0);
}

/** A BIND whose ticket or header was changed, sealed or tagged again where `retag` says so. */
export function refusesBind(
  name: Counter,
  change: (frame: Uint8Array) => void,
  retag = false,
): void {
  const lab = new RelayLab();
  const frame = lab.client.bind(lab.route.tickets);
  change(frame);
  if (retag) writeFrameTag(new PureSipHasher(), lab.client.options.key, 0, frame, frame.byteLength);
  refusesBytes(name, frame, lab);
}

/** A BIND of a route that ends at the relay, which is no server. */
export function endingBind(): Uint8Array {
  const lab = new RelayLab({
    change: (ticket, hop) => {
      if (hop !== 0) return;
      ticket.next = undefined;
      ticket.flags |= HopFlag.last;
      ticket.hopIndex = 1;
    },
  });
  return lab.client.bind(lab.route.tickets.subarray(0, HOP_TICKET_BYTES));
}

/** A beacon ping with this token. */
export function beaconPing(token: Uint8Array): Uint8Array {
  const frame = new Uint8Array(QOS_PING_BYTES);
  writeRelayHeader(frame, {
    type: RelayFrameType.qosPing,
    shard: 0,
    flags: 0,
    epoch: 0,
    label: 0,
    sequence: 1,
  });
  frame.set(token, BEACON_TOKEN_AT);
  return frame;
}

/** Wall clock of the labs in seconds. */
export const NOW_S: number = EPOCH_MS / 1_000;

/** Seals a text of another version under the right keys: by hand, since the function refuses to. */
export function sealedContradiction(ticket: HopTicket): Uint8Array {
  const nonce = keyOf("contradiction").slice(0, 12);
  const fine = sealHopTicket(ticket, relayKey("relay 0"), { shard: 0, hops: 2 }, nonce);
  return resealTicket(fine, relayKey("relay 0"), (text) => text[0] = 9);
}
