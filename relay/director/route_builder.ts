/**
 * Builds a route: keys and tickets for hops whose labels are known.
 *
 * Pure: random bytes come in. Implements the director's side of docs/relay_protocol.md, "Hop ticket" and
 * "Renewal".
 *
 * @module
 */
import type { Address } from "../../protocol/address.ts";
import { sealHopRenewal } from "../../protocol/relay/hop_renewal.ts";
import {
  type Exposure,
  exposureBits,
  HOP_TICKET_BYTES,
  HopFlag,
  type HopTicket,
  type RelayKey,
  type RelayRoute,
  sealHopTicket,
  sourceHashOf,
} from "../../protocol/relay/hop_ticket.ts";
import { virtualAddress } from "../../protocol/relay/legs/virtual_address.ts";
import type {
  ServerAnchor,
  ServerRecord,
  SessionLimits,
  SessionRoute,
} from "../directory/records.ts";
import type { KeyHolder } from "./key_tree.ts";

/** What routes are built with. */
export interface RouteTools {
  /** The key that seals a holder's tickets now. */
  readonly keyOf: (holder: KeyHolder) => RelayKey;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
}

/** What every hop of a session is told. */
export interface RouteTerms {
  /** The session, 64 bits. */
  readonly sessionId: bigint;
  /** Version of the routes, 0 to 255. */
  readonly epoch: number;
  /** When the tickets expire, seconds since 1970. */
  readonly notAfterS: number;
  /** Caps. */
  readonly limits: SessionLimits;
  /** Who may learn the server's address. */
  readonly exposure: Exposure;
  /** Whether there is a standby route besides. */
  readonly isMultipath: boolean;
  /** IP literal from which the client binds; empty for any. */
  readonly clientHostname: string;
}

/** Where a route ends. */
export type RouteServer = Pick<ServerRecord, "id" | "hostname" | "port" | "anchors">;

const HOP_KEY_BYTES = 16;

/** Builds what a client is given for one route. */
export function buildRoute(
  route: SessionRoute,
  server: RouteServer,
  { terms, tools }: { readonly terms: RouteTerms; readonly tools: RouteTools },
): RelayRoute {
  const { hops, serverLabel } = route;
  const count = hops.length + 1;
  // keys[i] is between hop i and the one before; the last is for a direct path.
  const keys = Array.from({ length: count + 1 }, () => randomBytes(tools, HOP_KEY_BYTES));
  const labels = [...hops.map(({ label }) => label), serverLabel];
  const tickets = new Uint8Array(count * HOP_TICKET_BYTES);
  for (let i = 0; i < count; i++) {
    const holder = holderOf(route, server, i);
    const key = tools.keyOf(holder);
    const next = nextOf(route, server, i);
    const ticket: HopTicket = {
      ...terms.limits,
      flags: flagsOf(i, count, terms),
      hopIndex: i,
      epoch: terms.epoch,
      sessionId: terms.sessionId,
      notAfterS: terms.notAfterS,
      labelIn: labels[i]!,
      labelOut: labels[i + 1] ?? 0,
      nextShard: next?.shard ?? 0,
      next: next?.address,
      keyPrev: keys[i]!,
      keyNext: keys[i + 1]!,
      sourceHash: i === 0 && terms.clientHostname !== ""
        ? sourceHashOf(terms.clientHostname, key.gateKey)
        : 0n,
      ticketId: randomU64(tools),
    };
    const clear = { shard: hops[i]?.shard ?? 0, hops: count };
    const nonce = randomBytes(tools, 12);
    tickets.set(sealHopTicket(ticket, key, clear, nonce), i * HOP_TICKET_BYTES);
  }
  return {
    epoch: terms.epoch,
    relays: hops.map(({ relayId, region, hostname, port, shard }) => ({
      relayId,
      region,
      address: { hostname, port },
      shard,
    })),
    tickets,
    firstLabel: labels[0]!,
    firstKey: keys[0]!,
    lastLabel: serverLabel,
    lastKey: keys[count]!,
    notAfterS: terms.notAfterS,
  };
}

/** Seals one renewal per hop, the server's last. */
export function renewRoute(
  route: SessionRoute,
  server: RouteServer,
  { terms, tools }: {
    readonly terms: Pick<RouteTerms, "sessionId" | "notAfterS" | "limits">;
    readonly tools: RouteTools;
  },
): Uint8Array {
  const { sessionId, notAfterS, limits } = terms;
  const labels = [...route.hops.map(({ label }) => label), route.serverLabel];
  const renewals = labels.map((labelIn, hopIndex) =>
    sealHopRenewal(
      { ...limits, sessionId, notAfterS, labelIn },
      tools.keyOf(holderOf(route, server, hopIndex)),
      { shard: route.hops[hopIndex]?.shard ?? 0, hopIndex },
      randomBytes(tools, 12),
    )
  );
  const bytes = new Uint8Array(renewals.length * renewals[0]!.byteLength);
  renewals.forEach((renewal, i) => bytes.set(renewal, i * renewal.byteLength));
  return bytes;
}

/** Where an anchor is bound. */
export interface AnchorPlace {
  /** The relay and its region. */
  readonly relayId: string;
  /** Its region. */
  readonly region: string;
  /** Where it receives. */
  readonly address: Address;
}

/**
 * Builds what a server is given to bind an anchor: a route of one hop that ends at the relay.
 *
 * @param place Where, and with which key: it is the same for every ticket of an anchor.
 */
export function buildAnchor(
  anchor: ServerAnchor,
  place: AnchorPlace & { readonly firstKey: Uint8Array },
  { notAfterS, tools }: { readonly notAfterS: number; readonly tools: RouteTools },
): RelayRoute {
  const { firstKey, relayId, region, address } = place;
  const none = new Uint8Array(HOP_KEY_BYTES);
  const ticket: HopTicket = {
    ...ANCHOR_LIMITS,
    flags: HopFlag.first | HopFlag.last | HopFlag.anchor | HopFlag.rebindOk,
    hopIndex: 0,
    epoch: 0,
    sessionId: BigInt(`0x${anchor.anchorId}`),
    notAfterS,
    labelIn: anchor.label,
    labelOut: 0,
    nextShard: 0,
    next: undefined,
    keyPrev: firstKey,
    keyNext: none,
    sourceHash: 0n,
    ticketId: randomU64(tools),
  };
  const key = tools.keyOf({ kind: "relay", id: anchor.relayId });
  const clear = { shard: anchor.shard, hops: 1 };
  return {
    epoch: 0,
    relays: [{ relayId, region, address, shard: anchor.shard }],
    tickets: sealHopTicket(ticket, key, clear, randomBytes(tools, 12)),
    firstLabel: anchor.label,
    firstKey,
    lastLabel: 0,
    lastKey: none,
    notAfterS,
  };
}

/** Seals the renewal of an anchor. */
export function renewAnchor(
  anchor: ServerAnchor,
  { notAfterS, tools }: { readonly notAfterS: number; readonly tools: RouteTools },
): Uint8Array {
  return sealHopRenewal(
    {
      ...ANCHOR_LIMITS,
      sessionId: BigInt(`0x${anchor.anchorId}`),
      notAfterS,
      labelIn: anchor.label,
    },
    tools.keyOf({ kind: "relay", id: anchor.relayId }),
    { shard: anchor.shard, hopIndex: 0 },
    randomBytes(tools, 12),
  );
}

/** An anchor carries PINGs; what players send is counted by the slots of their sessions. */
const ANCHOR_LIMITS: SessionLimits = { kbpsUp: 0, kbpsDown: 0, ppsUp: 0, ppsDown: 0, maxMiB: 0 };

/** 64 random bits as a number. */
export function randomU64(tools: Pick<RouteTools, "random">): bigint {
  return new DataView(randomBytes(tools, 8).buffer).getBigUint64(0);
}

/** 64 random bits as 16 hexadecimal digits. */
export function randomHex(tools: Pick<RouteTools, "random">): string {
  return randomBytes(tools, 8).toHex();
}

function randomBytes(
  { random }: Pick<RouteTools, "random">,
  sizeBytes: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  random(bytes);
  return bytes;
}

function holderOf({ hops }: SessionRoute, server: RouteServer, index: number): KeyHolder {
  const hop = hops[index];
  return hop === undefined ? { kind: "server", id: server.id } : { kind: "relay", id: hop.relayId };
}

function nextOf(
  { hops }: SessionRoute,
  server: RouteServer,
  index: number,
): { readonly address: Address; readonly shard: number } | undefined {
  const here = hops[index];
  const next = hops[index + 1];
  if (here === undefined) return undefined;
  if (next !== undefined) {
    return { address: { hostname: next.hostname, port: next.port }, shard: next.shard };
  }
  const anchor = server.anchors.find(({ relayId, shard }) =>
    relayId === here.relayId && shard === here.shard
  );
  if (anchor !== undefined) {
    return { address: virtualAddress(BigInt(`0x${anchor.anchorId}`)), shard: 0 };
  }
  return { address: { hostname: server.hostname, port: server.port }, shard: 0 };
}

function flagsOf(index: number, count: number, terms: RouteTerms): number {
  const isFirst = index === 0;
  let flags = exposureBits(terms.exposure);
  if (isFirst) flags |= HopFlag.first | HopFlag.rebindOk;
  if (index === count - 1) flags |= HopFlag.last;
  if (terms.isMultipath) flags |= HopFlag.multipath;
  if (terms.exposure === "never") flags |= HopFlag.hideIp;
  return flags;
}
