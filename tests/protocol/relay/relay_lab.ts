/**
 * Relays, a client and a server in one memory: real frames between real cores, over a wire that tests may
 * cut, flip and reorder.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Address } from "../../../protocol/address.ts";
import { addressKey } from "../../../protocol/address.ts";
import { loadSodium } from "../../../protocol/crypto/sodium.ts";
import {
  BIND_TICKETS_AT,
  readBindId,
  writeBoundBody,
} from "../../../protocol/relay/control_frames.ts";
import {
  HOP_TICKET_BYTES,
  HopFlag,
  type HopTicket,
  openHopTicket,
  type RelayKey,
  sealHopTicket,
  sourceHashOf,
} from "../../../protocol/relay/hop_ticket.ts";
import { RelayCore, type RelayCoreOptions } from "../../../protocol/relay/relay_core.ts";
import {
  frameType,
  RELAY_HEADER_BYTES,
  RELAY_MAX_FRAME_BYTES,
  RelayFrameType,
} from "../../../protocol/relay/relay_frame.ts";
import type { RelayLimits } from "../../../protocol/relay/relay_limits.ts";
import { loadSodiumSipHasher } from "../../../protocol/relay/sodium_siphash.ts";
import { keyOf, randomFill } from "../../fixtures/seeded.ts";
import { LabEnd } from "./lab_end.ts";

export { LabEnd } from "./lab_end.ts";

const CRYPTO = await loadSodium();
/** The hasher of all relays. */
export const HASHER = await loadSodiumSipHasher();

/** Wall clock at `nowMs` 0. */
export const EPOCH_MS = 1_800_000_000_000;
/** Where the client is, and the port that its NAT box gives it. */
export const CLIENT: Address = { hostname: "198.51.100.7", port: 40_001 };
/** Where the server is. */
export const SERVER: Address = { hostname: "203.0.113.9", port: 9_999 };

/** A datagram on the wire. */
export interface Datagram {
  /** What it holds. */
  readonly bytes: Uint8Array;
  /** From where. */
  readonly from: Address;
  /** Where to. */
  readonly to: Address;
}

/** Keys of a hop, by its name. */
export function relayKey(name: string, keyId = 1): RelayKey {
  return { keyId, aeadKey: keyOf(`aead ${name}`), gateKey: keyOf(`gate ${name}`).slice(0, 16) };
}

/** Where relay `index` is. */
export function relayAddress(index: number): Address {
  return { hostname: `192.0.2.${index + 1}`, port: 7_000 };
}

/** A relay for a test, with defaults for everything. */
export function makeCore(
  index = 0,
  limits: Partial<RelayLimits> = {},
  options: Partial<RelayCoreOptions> = {},
): RelayCore {
  return new RelayCore({
    shard: index,
    keys: [relayKey(`relay ${index}`)],
    crypto: CRYPTO,
    hasher: HASHER,
    random: randomFill(`relay ${index}`),
    epochMs: EPOCH_MS,
    limits: { sessions: 64, ...limits },
    ...options,
  }, 0);
}

/** How a route differs from the usual one. */
export interface RouteOptions {
  /** Relays on the way; 1 if not given. */
  readonly relays?: number;
  /** Tells routes apart: other labels, keys and ids. */
  readonly name?: string;
  /** Session id, if not by name. */
  readonly sessionId?: bigint;
  /** Version of the path. */
  readonly epoch?: number;
  /** Changes to the ticket of one hop. */
  readonly change?: (ticket: HopTicket, hop: number) => void;
  /** Whether the first ticket names the client's address, so that no cookie is due; `true` if not given. */
  readonly isKnownSource?: boolean;
}

/** A route as a director would seal it. */
export class LabRoute {
  /** What each hop is told. */
  readonly hops: HopTicket[] = [];
  /** The sealed tickets, one after the other. */
  readonly tickets: Uint8Array;

  constructor(options: RouteOptions = {}) {
    const { relays = 1, name = "route", epoch = 1, change, isKnownSource = true } = options;
    const id = idOf(name);
    for (let hop = 0; hop <= relays; hop++) {
      const isFirst = hop === 0;
      const isLast = hop === relays;
      const hostname = isFirst ? CLIENT.hostname : relayAddress(hop - 1).hostname;
      const { gateKey } = relayKey(isLast ? "server" : `relay ${hop}`);
      const ticket: HopTicket = {
        flags: (isFirst ? HopFlag.first | HopFlag.rebindOk : 0) | (isLast ? HopFlag.last : 0),
        hopIndex: hop,
        epoch,
        sessionId: options.sessionId ?? id,
        notAfterS: EPOCH_MS / 1_000 + 3_600,
        labelIn: labelOf(name, hop),
        labelOut: labelOf(name, hop + 1),
        nextShard: isLast || hop + 1 === relays ? 0 : hop + 1,
        next: isLast ? undefined : hop + 1 === relays ? SERVER : relayAddress(hop + 1),
        keyPrev: pairKey(name, hop),
        keyNext: pairKey(name, hop + 1),
        kbpsUp: 0,
        kbpsDown: 0,
        ppsUp: 0,
        ppsDown: 0,
        maxMiB: 0,
        sourceHash: isFirst && !isKnownSource ? 0n : sourceHashOf(hostname, gateKey),
        ticketId: id + BigInt(hop),
      };
      change?.(ticket, hop);
      this.hops.push(ticket);
    }
    this.tickets = new Uint8Array((relays + 1) * HOP_TICKET_BYTES);
    for (const [hop, ticket] of this.hops.entries()) {
      const isLast = hop === relays;
      const key = relayKey(isLast ? "server" : `relay ${hop}`);
      const clear = { shard: isLast ? 0 : hop, hops: relays + 1 };
      const nonce = keyOf(`nonce ${name} ${hop}`).slice(0, 12);
      this.tickets.set(sealHopTicket(ticket, key, clear, nonce, CRYPTO), hop * HOP_TICKET_BYTES);
    }
  }

  /** An end that stands before hop `hop`. */
  endBefore(hop: number): LabEnd {
    const { labelIn, keyPrev, epoch } = this.hops[hop]!;
    return new LabEnd({ label: labelIn, key: keyPrev, epoch, shard: hop, isServer: false });
  }

  /** An end that stands behind the last relay: the server. */
  serverEnd(): LabEnd {
    const { labelIn, keyPrev, epoch } = this.hops.at(-1)!;
    return new LabEnd({ label: labelIn, key: keyPrev, epoch, shard: 0, isServer: true });
  }
}

/** A client, a chain of relays, a server, and the wire between them. */
export class RelayLab {
  /** The clock of all. */
  nowMs = 0;
  /** The relays, first one first. */
  readonly cores: RelayCore[];
  /** The route. */
  readonly route: LabRoute;
  /** The client's end. */
  readonly client: LabEnd;
  /** The server's end. */
  readonly server: LabEnd;
  /** Where the client sends from. */
  clientAddress: Address = CLIENT;
  /** Where the server sends from. */
  serverAddress: Address = SERVER;
  /** Decides what becomes of a datagram: those that it returns arrive. */
  tamper: (datagram: Datagram) => readonly Datagram[] = (datagram) => [datagram];
  /** Everything that was put on the wire since the lab was made. */
  readonly log: Datagram[] = [];
  readonly #wire: Datagram[] = [];
  readonly #buffer = new Uint8Array(RELAY_MAX_FRAME_BYTES);

  constructor(
    options: RouteOptions & { readonly limits?: Partial<RelayLimits> } = {},
    cores?: RelayCore[],
  ) {
    const { relays = 1, limits } = options;
    this.cores = cores ?? Array.from({ length: relays }, (_, i) => makeCore(i, limits));
    this.route = new LabRoute(options);
    this.client = this.route.endBefore(0);
    this.server = this.route.serverEnd();
  }

  /** A bound route: BIND sent, RETRY answered, BOUND received. */
  static bound(
    options: RouteOptions & { readonly limits?: Partial<RelayLimits> } = {},
    cores?: RelayCore[],
  ): RelayLab {
    const lab = new RelayLab(options, cores);
    lab.bind();
    assert.equal(lab.client.of(RelayFrameType.bound).length, 1);
    return lab;
  }

  /** The first relay. */
  get core(): RelayCore {
    return this.cores[0]!;
  }

  /** Binds, with the cookie if one is asked for. */
  bind(bindId = 1n): void {
    this.fromClient(this.client.bind(this.route.tickets, bindId));
    const [retry] = this.client.of(RelayFrameType.retry).slice(-1);
    if (retry === undefined) return;
    const cookie = retry.subarray(RELAY_HEADER_BYTES);
    this.fromClient(this.client.bind(this.route.tickets, bindId, cookie));
  }

  /** Sends from the client to the first relay, and lets everything that follows happen. */
  fromClient(bytes: Uint8Array): void {
    this.put({ bytes, from: this.clientAddress, to: relayAddress(0) });
    this.settle();
  }

  /** Sends from the server to the last relay, and lets everything that follows happen. */
  fromServer(bytes: Uint8Array): void {
    this.put({ bytes, from: this.serverAddress, to: relayAddress(this.cores.length - 1) });
    this.settle();
  }

  /** Sends a DATA frame with a text up. */
  say(text: string): void {
    this.fromClient(this.client.frame(RelayFrameType.data, new TextEncoder().encode(text)));
  }

  /** Sends a DATA frame with a text down. */
  answer(text: string): void {
    this.fromServer(this.server.frame(RelayFrameType.data, new TextEncoder().encode(text)));
  }

  /** Puts a datagram on the wire. */
  put(datagram: Datagram): void {
    this.log.push({ ...datagram, bytes: datagram.bytes.slice() });
    this.#wire.push(...this.tamper({ ...datagram, bytes: datagram.bytes.slice() }));
  }

  /** Delivers until the wire is empty. */
  settle(): void {
    for (let datagram = this.#wire.shift(); datagram; datagram = this.#wire.shift()) {
      this.#deliver(datagram);
    }
  }

  /** Lets time pass, with every deadline met on the way. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (true) {
      const nextMs = Math.min(...this.cores.map((core) => core.deadlineMs()));
      if (nextMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      for (const [i, core] of this.cores.entries()) {
        core.handleTimeout(this.nowMs);
        this.#drain(core, relayAddress(i));
      }
      this.settle();
    }
    this.nowMs = untilMs;
  }

  #deliver({ bytes, from, to }: Datagram): void {
    const index = this.cores.findIndex((_, i) => isAt(to, relayAddress(i)));
    if (index >= 0) {
      const core = this.cores[index]!;
      const sizeBytes = core.forwardInPlace(bytes, from, this.nowMs);
      if (sizeBytes > 0) {
        this.put({ bytes: bytes.slice(0, sizeBytes), from: to, to: core.forwardTo });
      }
      this.#drain(core, to);
    } else if (isAt(to, this.serverAddress)) this.#atServer(bytes);
    else if (isAt(to, this.clientAddress)) this.client.take(bytes);
  }

  #drain(core: RelayCore, from: Address): void {
    for (
      let sizeBytes = core.pollTransmit(this.#buffer, this.nowMs);
      sizeBytes > 0;
      sizeBytes = core.pollTransmit(this.#buffer, this.nowMs)
    ) {
      this.put({ bytes: this.#buffer.slice(0, sizeBytes), from, to: core.transmitTo });
    }
  }

  #atServer(bytes: Uint8Array): void {
    if (!this.server.take(bytes) || frameType(bytes) !== RelayFrameType.bind) return;
    const ticket = bytes.subarray(BIND_TICKETS_AT, BIND_TICKETS_AT + HOP_TICKET_BYTES);
    assert.deepEqual(openHopTicket(ticket, [relayKey("server")]), this.route.hops.at(-1));
    const bound = new Uint8Array(52);
    this.server.seal(bound, RelayFrameType.bound, 0, this.server.sequence);
    writeBoundBody(bound, {
      observed: relayAddress(this.cores.length - 1),
      leaseS: 600,
      notAfterS: 2 ** 32 - 1,
      bindId: readBindId(bytes),
    });
    this.server.seal(bound, RelayFrameType.bound);
    this.server.resetWindow();
    this.put({
      bytes: bound,
      from: this.serverAddress,
      to: relayAddress(this.cores.length - 1),
    });
  }
}

function isAt(a: Address, b: Address): boolean {
  return addressKey(a) === addressKey(b);
}

function idOf(name: string): bigint {
  return new DataView(keyOf(`id ${name}`).buffer).getBigUint64(0, true) >> 8n;
}

function labelOf(name: string, hop: number): number {
  return new DataView(keyOf(`label ${name} ${hop}`).buffer).getUint32(0, true);
}

function pairKey(name: string, hop: number): Uint8Array {
  return keyOf(`pair ${name} ${hop}`).slice(0, 16);
}
