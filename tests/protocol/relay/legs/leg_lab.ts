/**
 * One leg and the relay next to it, without a network: the test holds every frame in its hands.
 *
 * @module
 */
import type { Address } from "../../../../protocol/address.ts";
import {
  BOUND_FRAME_BYTES,
  readBindId,
  writeBindBody,
  writeBoundBody,
} from "../../../../protocol/relay/control_frames.ts";
import type { Exposure } from "../../../../protocol/relay/hop_ticket.ts";
import { ClientLeg } from "../../../../protocol/relay/legs/client_leg.ts";
import { FrameLink } from "../../../../protocol/relay/legs/frame_link.ts";
import { ServerLeg } from "../../../../protocol/relay/legs/server_leg.ts";
import type { ServerLegOptions } from "../../../../protocol/relay/legs/server_leg_options.ts";
import {
  frameType,
  RELAY_HEADER_BYTES,
  RelayFrameType,
} from "../../../../protocol/relay/relay_frame.ts";
import type { RelayGrant } from "../../../../protocol/relay/relay_grant.ts";
import { PureSipHasher } from "../../../../protocol/relay/siphash.ts";
import { CRYPTO } from "../../../fixtures/pair.ts";
import { randomFill } from "../../../fixtures/seeded.ts";
import { RelayDirector } from "../../../simulation/relay_director.ts";

export const EPOCH_MS = 1_700_000_000_000;
export const NOT_AFTER_S = EPOCH_MS / 1_000 + 3_600;
export const RELAY: Address = { hostname: "203.0.113.1", port: 7_000 };
export const CLIENT: Address = { hostname: "198.51.100.1", port: 50_000 };
const HASHER = new PureSipHasher();

/** A frame that a leg sent. */
export interface Sent {
  readonly bytes: Uint8Array;
  readonly type: RelayFrameType;
  readonly to: Address;
}

/** What both labs have: a director with one relay, and a grant over it. */
class Lab {
  readonly director = new RelayDirector(1);
  readonly relay = { id: "relay", address: RELAY, key: this.director.newKey() };
  readonly grant: RelayGrant;
  nowMs = 0;

  constructor(exposure: Exposure) {
    this.grant = this.director.grant({
      sessionId: 5n,
      primary: [this.relay],
      exposure,
      server: () => ({ hostname: "192.0.2.1", port: 9_999 }),
      notAfterS: NOT_AFTER_S,
    });
  }

  /** The frames that a leg has to send now. */
  drain(leg: ClientLeg | ServerLeg): Sent[] {
    const into = new Uint8Array(1_452);
    const sent: Sent[] = [];
    leg.handleTimeout(this.nowMs);
    while (leg.wantsTransmit(this.nowMs)) {
      const sizeBytes = leg.pollTransmit(into, this.nowMs);
      if (sizeBytes === 0) break;
      const bytes = into.slice(0, sizeBytes);
      sent.push({ bytes, type: frameType(bytes), to: leg.transmitTo });
    }
    return sent;
  }
}

/** A frame with a body, as the other end of a link writes it. */
export function frameOf(
  link: FrameLink,
  type: RelayFrameType,
  body: Uint8Array = new Uint8Array(),
  flags = 0,
): Uint8Array {
  const frame = new Uint8Array(RELAY_HEADER_BYTES + body.byteLength);
  link.begin(frame, type, flags);
  frame.set(body, RELAY_HEADER_BYTES);
  link.finish(frame, frame.byteLength);
  return frame;
}

/** A client's leg, and the first relay's end of its first hop. */
export class ClientLab extends Lab {
  readonly leg: ClientLeg;
  readonly hop: FrameLink;

  constructor(exposure: Exposure = "never") {
    super(exposure);
    const { primary } = this.grant;
    this.leg = new ClientLeg({
      grant: this.grant,
      hasher: HASHER,
      crypto: CRYPTO,
      random: randomFill("client leg"),
      epochMs: EPOCH_MS,
    }, 0);
    this.hop = new FrameLink({
      hasher: HASHER,
      key: primary.firstKey,
      label: primary.firstLabel,
      shard: 0,
      epoch: primary.epoch,
      isClient: false,
    });
  }

  /** Answers the BIND that is due. */
  bind(): void {
    const bind = this.drain(this.leg).find(({ type }) => type === RelayFrameType.bind)!;
    const frame = new Uint8Array(BOUND_FRAME_BYTES);
    this.hop.begin(frame, RelayFrameType.bound);
    const bindId = readBindId(bind.bytes);
    writeBoundBody(frame, { observed: CLIENT, leaseS: 60, notAfterS: NOT_AFTER_S, bindId });
    this.hop.finish(frame, frame.byteLength);
    this.take(frame);
  }

  /** Gives the leg a datagram. */
  take(frame: Uint8Array, from: Address = RELAY): number {
    return this.leg.handleDatagram(frame, from, this.nowMs);
  }
}

/** A server's leg, and the exit relay's end of the last hop. */
export class ServerLab extends Lab {
  readonly leg: ServerLeg;
  readonly hop: FrameLink;
  /** The client's end of a direct path. */
  readonly direct: FrameLink;

  constructor(exposure: Exposure = "never", options: Partial<ServerLegOptions> = {}) {
    super(exposure);
    this.leg = new ServerLeg({
      relayKeys: [this.director.serverKey],
      hasher: HASHER,
      crypto: CRYPTO,
      random: randomFill("server leg"),
      epochMs: EPOCH_MS,
      ...options,
    }, 0);
    const { primary: { lastLabel: label, lastKey, epoch } } = this.grant;
    const key = this.director.lastHopKey(this.grant.primary);
    const common = { hasher: HASHER, label, shard: 0, epoch, isClient: true };
    this.hop = new FrameLink({ ...common, key });
    this.direct = new FrameLink({ ...common, key: lastKey });
  }

  /** The BIND that the exit relay forwards. */
  bindFrame(bindId = 1n): Uint8Array {
    const ticket = this.grant.primary.tickets.slice(-144);
    const frame = new Uint8Array(1_000);
    this.hop.begin(frame, RelayFrameType.bind);
    const sizeBytes = writeBindBody(frame, bindId, ticket);
    this.hop.finish(frame.subarray(0, sizeBytes), sizeBytes);
    return frame.slice(0, sizeBytes);
  }

  /** The exit relay's end of the last hop of another grant, and the BIND that it forwards. */
  another(sessionId: bigint): { readonly hop: FrameLink; readonly bind: Uint8Array } {
    const server = { hostname: "192.0.2.1", port: 9_999 };
    const { primary } = this.director.grant({
      sessionId,
      primary: [this.relay],
      server: () => server,
      notAfterS: NOT_AFTER_S,
    });
    const { lastLabel: label, epoch } = primary;
    const key = this.director.lastHopKey(primary);
    const hop = new FrameLink({ hasher: HASHER, key, label, shard: 0, epoch, isClient: true });
    const frame = new Uint8Array(1_000);
    hop.begin(frame, RelayFrameType.bind);
    const bind = frame.slice(0, writeBindBody(frame, 1n, primary.tickets.slice(-144)));
    hop.finish(bind, bind.byteLength);
    return { hop, bind };
  }

  /** Binds, and takes the answer. */
  bind(): Sent[] {
    this.take(this.bindFrame());
    return this.drain(this.leg);
  }

  /** Gives the leg a datagram. */
  take(frame: Uint8Array, from: Address = RELAY): number {
    return this.leg.handleDatagram(frame, from, this.nowMs);
  }
}
