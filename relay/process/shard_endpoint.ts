/**
 * A relay's core and the measuring of other relays behind one socket, as one thing to drive.
 *
 * @module
 */
import type { Address } from "../../protocol/address.ts";
import type { RelayCore } from "../../protocol/relay/relay_core.ts";
import { RelayFrameType } from "../../protocol/relay/relay_frame.ts";
import type { DrivenEndpoint } from "../../transport/endpoint_driver.ts";
import type { MeshProber } from "../routes/mesh_prober.ts";

/** Sends what the core has first: players do not wait for measurements. */
export class ShardEndpoint implements DrivenEndpoint {
  readonly #core: RelayCore;
  readonly #prober: MeshProber;
  #transmitTo: Address | undefined;

  /** Takes a core whose `onProbe` leads to the prober. */
  constructor(core: RelayCore, prober: MeshProber) {
    this.#core = core;
    this.#prober = prober;
  }

  get transmitTo(): Address {
    // Asked only after pollTransmit gave something.
    return this.#transmitTo!;
  }

  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): void {
    this.#core.handleDatagram(bytes, from, nowMs);
  }

  handleTimeout(nowMs: number): void {
    this.#core.handleTimeout(nowMs);
    this.#prober.handleTimeout(nowMs);
  }

  deadlineMs(nowMs: number): number {
    return Math.min(this.#core.deadlineMs(), this.#prober.deadlineMs(nowMs));
  }

  pollTransmit(into: Uint8Array, nowMs: number): number {
    const forwarded = this.#core.pollTransmit(into, nowMs);
    if (forwarded > 0) {
      this.#transmitTo = this.#core.transmitTo;
      return forwarded;
    }
    const probe = this.#prober.pollTransmit(into, nowMs);
    if (probe > 0) {
      this.#transmitTo = this.#prober.transmitTo;
      this.#core.totals.onSent(RelayFrameType.mesh, probe);
    }
    return probe;
  }
}
