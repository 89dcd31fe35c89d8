/**
 * A client's line to its server through relays: one pipe, whatever routes and grants come and go below.
 *
 * The session above sees one server at one address. When a director has forgotten the relay session, a new
 * grant takes the place of the old one here, and the server sees no more than a player who moved.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { CryptoBackend } from "../protocol/crypto/backend.ts";
import { ClientLeg } from "../protocol/relay/legs/client_leg.ts";
import type { ClientLegEvent } from "../protocol/relay/legs/client_leg_options.ts";
import { RELAY_MAX_INNER_BYTES } from "../protocol/relay/relay_frame.ts";
import type { RelayGrant } from "../protocol/relay/relay_grant.ts";
import type { SipHasher } from "../protocol/relay/siphash.ts";
import type { Clock } from "../transport/clock.ts";
import type { DatagramPipe, PipeCounters, TransmitSlot } from "../transport/pipe.ts";
import { RelayPipeCounters } from "../transport/relay_pipe_counters.ts";
import { RelayedPipe } from "../transport/relayed_pipe.ts";
import { checkTargetPort } from "../transport/resolve.ts";
import { RestartablePipe } from "../transport/restartable_pipe.ts";

/** What a line stands on. */
export interface RelayLineOptions {
  /** Moves datagrams. Taken over: close only the line. */
  readonly inner: DatagramPipe;
  /** Time and timers. */
  readonly clock: Clock;
  /** Wall clock, milliseconds since 1970, at time 0 of the clock. */
  readonly epochMs: number;
  /** Keys and tags. */
  readonly crypto: CryptoBackend;
  /** Tags of frames. */
  readonly hasher: SipHasher;
  /** Fills a buffer with random bytes. */
  readonly random: (into: Uint8Array) => void;
}

/** The socket as one grant uses it: what ends with the grant does not end the socket. */
class LentPipe extends RestartablePipe {
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A pipe to one server. `start` replaces the receiver, as of a {@link RestartablePipe}. */
export class RelayLine implements DatagramPipe {
  readonly kind: string;
  readonly localAddress: Address;
  readonly maxDatagramBytes: number = RELAY_MAX_INNER_BYTES;
  readonly counters: Readonly<PipeCounters>;
  /** The socket, for measurements before the first grant. */
  readonly socket: DatagramPipe;
  /** Told what the current leg reports. */
  onEvent: (event: ClientLegEvent) => void = () => {};
  readonly #options: RelayLineOptions;
  readonly #counters: RelayPipeCounters;
  #relayed: RelayedPipe | undefined;
  #grant: RelayGrant | undefined;
  #address: Address | undefined;
  #receiver: ((bytes: Uint8Array, from: Address) => void) | undefined;
  #isClosed = false;

  /** Takes a pipe that has not been started. */
  constructor(options: RelayLineOptions) {
    const { inner } = options;
    this.#options = options;
    this.kind = `relayed ${inner.kind}`;
    this.localAddress = inner.localAddress;
    this.socket = new RestartablePipe(inner);
    this.#counters = new RelayPipeCounters(inner.counters);
    this.counters = this.#counters;
  }

  /** The server as the session sees it; `undefined` before the first grant. */
  get address(): Address | undefined {
    return this.#address;
  }

  /** The end of the current routes. */
  get leg(): ClientLeg | undefined {
    return this.#relayed?.leg;
  }

  /** The grant that is in use. */
  get grant(): RelayGrant | undefined {
    return this.#grant;
  }

  /**
   * Uses a grant from now on, and binds its routes.
   *
   * @param isSameSession Whether the session above goes on: it then sees the address of before.
   * @throws TypeError for addresses that are none.
   */
  use(grant: RelayGrant, isSameSession: boolean): void {
    if (this.#isClosed) return;
    const { clock, epochMs, crypto, hasher, random } = this.#options;
    const leg = new ClientLeg({ grant, hasher, crypto, random, epochMs }, clock.nowMs());
    // It says goodbye to its relays and server; what comes late for it is for nobody.
    this.#relayed?.close();
    const relayed = new RelayedPipe(new LentPipe(this.socket), {
      leg,
      clock,
      onEvent: (event) => {
        if (relayed === this.#relayed) this.onEvent(event);
      },
    });
    this.#relayed = relayed;
    this.#grant = grant;
    if (!isSameSession || this.#address === undefined) this.#address = leg.virtualAddress;
    relayed.start((bytes) => {
      this.#counters.datagramsReceived++;
      this.#counters.bytesReceived += bytes.byteLength;
      this.#receiver?.(bytes, this.#address!);
    });
  }

  /**
   * Takes a new grant for the same relay session: routes that it names again live on.
   *
   * @throws RangeError when it is for another one, TypeError for addresses that are none.
   */
  update(grant: RelayGrant): void {
    if (this.#isClosed || this.#relayed === undefined) return;
    this.#relayed.leg.update(grant, this.#options.clock.nowMs());
    this.#grant = grant;
    this.service();
  }

  /** Resolves to whether a route is there within `timeoutMs`. */
  whenBound(timeoutMs: number): Promise<boolean> {
    return this.#relayed?.whenBound(timeoutMs) ?? Promise.resolve(false);
  }

  /** Lets leave what a call of the leg has brought about. */
  service(): void {
    this.#relayed?.service();
  }

  start(onDatagram: (bytes: Uint8Array, from: Address) => void): void {
    this.#receiver = onDatagram;
  }

  acquire(): TransmitSlot | undefined {
    return this.socket.acquire();
  }

  send(slot: TransmitSlot, sizeBytes: number, to: Address): void {
    const relayed = this.#relayed;
    const isServer = to === this.#address ||
      (to.hostname === this.#address?.hostname && to.port === this.#address.port);
    if (this.#isClosed || relayed === undefined || !isServer) {
      this.socket.release(slot);
      this.#counters.ownSendErrors++;
      return;
    }
    const { sendErrors } = relayed.counters;
    relayed.send(slot, sizeBytes, relayed.leg.virtualAddress);
    if (relayed.counters.sendErrors > sendErrors) this.#counters.ownSendErrors++;
    else {
      this.#counters.datagramsSent++;
      this.#counters.bytesSent += sizeBytes;
    }
  }

  release(slot: TransmitSlot): void {
    this.socket.release(slot);
  }

  // Asynchronous because the interface is: there is one other end, and no name to look up.
  // deno-lint-ignore require-await
  async resolve(_hostname: string, port: number): Promise<Address[]> {
    checkTargetPort(port);
    return this.#address === undefined ? [] : [this.#address];
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#relayed?.close();
    await this.socket.close();
  }
}
