/**
 * A relay's core and the measuring of other relays behind one socket, as one thing to drive.
 *
 * @module
 */
import type { Address } from "../../protocol/address.ts";
import type { RelayCore } from "../../protocol/relay/relay_core.ts";
import { RelayFrameType } from "../../protocol/relay/relay_frame.ts";
import { MAX_STUN_ANSWER_BYTES, type StunResponder } from "../../protocol/relay/stun_binding.ts";
import type { DrivenEndpoint } from "../../transport/endpoint_driver.ts";
import type { MeshProber } from "../routes/mesh_prober.ts";

/** STUN answers that wait to leave; there are more only in a flood. */
const MAX_STUN_WAITING = 16;

/** First byte of every STUN request of today: no relay frame begins with it. */
const STUN_FIRST_BYTE = 0;

interface StunAnswer {
  readonly bytes: Uint8Array;
  readonly to: Address;
}

/** Sends what the core has first: players do not wait for measurements. */
export class ShardEndpoint implements DrivenEndpoint {
  readonly #core: RelayCore;
  readonly #prober: MeshProber;
  readonly #stun: StunResponder | undefined;
  readonly #stunAnswers: StunAnswer[] = [];
  #transmitTo: Address | undefined;

  /** Takes a core whose `onProbe` leads to the prober, and what answers STUN where that is wanted. */
  constructor(core: RelayCore, prober: MeshProber, stun?: StunResponder) {
    this.#core = core;
    this.#prober = prober;
    this.#stun = stun;
  }

  get transmitTo(): Address {
    // Asked only after pollTransmit gave something.
    return this.#transmitTo!;
  }

  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): void {
    if (bytes[0] === STUN_FIRST_BYTE && this.#stun !== undefined) {
      this.#answerStun(this.#stun, bytes, from, nowMs);
    } else this.#core.handleDatagram(bytes, from, nowMs);
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
    return probe > 0 ? probe : this.#pollStun(into);
  }

  #answerStun(stun: StunResponder, request: Uint8Array, from: Address, nowMs: number): void {
    if (this.#stunAnswers.length >= MAX_STUN_WAITING) return;
    const bytes = new Uint8Array(MAX_STUN_ANSWER_BYTES);
    const sizeBytes = stun.answer(request, from, bytes, nowMs);
    if (sizeBytes > 0) this.#stunAnswers.push({ bytes: bytes.subarray(0, sizeBytes), to: from });
  }

  #pollStun(into: Uint8Array): number {
    const answer = this.#stunAnswers.shift();
    if (answer === undefined) return 0;
    into.set(answer.bytes);
    this.#transmitTo = answer.to;
    return answer.bytes.byteLength;
  }
}
