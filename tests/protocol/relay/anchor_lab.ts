/**
 * A server behind NAT that has bound an anchor at its relay, and a player whose route ends there.
 *
 * @module
 */
import type { Address } from "../../../protocol/address.ts";
import { HopFlag, type HopTicket, sealHopTicket } from "../../../protocol/relay/hop_ticket.ts";
import { RelayFrameType } from "../../../protocol/relay/relay_frame.ts";
import { keyOf } from "../../fixtures/seeded.ts";
import { LabEnd, LabRoute, relayKey, RelayLab } from "./relay_lab.ts";

/** The anchor's id. */
export const ANCHOR_ID = 0x77n;

/** One relay, one anchor, one player. */
export class AnchorLab extends RelayLab {
  /** The server's end of its anchor. */
  readonly anchor: LabEnd;
  /** The anchor's sealed ticket. */
  readonly anchorTicket: Uint8Array;

  /** Binds the anchor. */
  constructor() {
    super({
      change: (ticket, hop) => {
        if (hop === 0) ticket.next = { hostname: "100::77", port: 1 };
      },
    });
    const [ticket] = new LabRoute({ name: "anchor" }).hops;
    const anchor: HopTicket = {
      ...ticket!,
      flags: HopFlag.anchor | HopFlag.first | HopFlag.last | HopFlag.rebindOk,
      sessionId: ANCHOR_ID,
      next: undefined,
      sourceHash: 0n,
    };
    const nonce = keyOf("anchor").slice(0, 12);
    this.anchorTicket = sealHopTicket(anchor, relayKey("relay 0"), { shard: 0, hops: 1 }, nonce);
    const { labelIn: label, keyPrev: key, epoch } = anchor;
    this.anchor = new LabEnd({ label, key, epoch, shard: 0, isServer: false });
    this.bindAnchor();
  }

  /** Binds the anchor from where the server is, with the cookie that the relay asks for. */
  bindAnchor(bindId = 1n): void {
    const first = this.log.length;
    this.fromServer(this.anchor.bind(this.anchorTicket, bindId));
    const retry = this.log.slice(first).find(({ bytes }) =>
      bytes[0] === (0xe0 | RelayFrameType.retry)
    );
    if (retry === undefined) return;
    this.fromServer(this.anchor.bind(this.anchorTicket, bindId, retry.bytes.slice(20)));
  }

  /** Binds the player's route. */
  bindPlayer(): void {
    this.bind();
  }

  /** What reached an address, of one type. */
  sentTo(address: Address, type: RelayFrameType): Uint8Array[] {
    return this.log.filter(({ to, bytes }) =>
      to.hostname === address.hostname && to.port === address.port && bytes[0] === (0xe0 | type)
    ).map(({ bytes }) => bytes);
  }
}
