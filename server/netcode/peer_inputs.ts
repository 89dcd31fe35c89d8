/**
 * The inputs of all peers of a server, each at the tick that it is for.
 *
 * @module
 */
import type { BoundMessage, ClientMessage, ProtocolCore, ServerMessage } from "../../schema/mod.ts";
import { type InputReportValue, MAX_REPORTED_MARGIN_TICKS } from "../../schema/messages/netcode.ts";
import type { Peer } from "../peer.ts";
import type { Server } from "../server.ts";
import { type InputCounters, InputQueue, type InputQueueOptions } from "./input_queue.ts";

/** What an input message carries at least. */
export interface TickedInput {
  /** The tick that the input is for. */
  tick: number;
}

/** Options of {@link PeerInputs}. */
export interface PeerInputsOptions extends InputQueueOptions {
  /** The protocol's `InputReport`: peers are told how early their inputs come, and steer by it. */
  readonly report?: ServerMessage<InputReportValue>;
  /** Ticks between two reports, 1 to 600. Default 15, four a second at 60 Hz. */
  readonly reportTicks?: number;
}

interface Entry<Input> {
  readonly queue: InputQueue<Input>;
  takenAtTick: number;
  taken: Input | undefined;
}

/**
 * Collects an input message and hands it out tick by tick.
 *
 * @example
 * ```ts ignore
 * const inputs = new PeerInputs(server, Arena.Input, { report: Arena.InputReport });
 * server.onTick(() => {
 *   for (const peer of server.peers.values()) step(peer.data, inputs.take(peer) ?? IDLE);
 * });
 * ```
 */
export class PeerInputs<P extends ProtocolCore, Data, Input extends TickedInput> {
  readonly #server: Server<P, Data>;
  readonly #options: PeerInputsOptions;
  readonly #reportTicks: number;
  readonly #entries = new Map<Peer<Data>, Entry<Input>>();
  readonly #remove: readonly (() => void)[];

  /**
   * Listens to the message from now on.
   *
   * @param message Declared with `delivery: "input"`: every packet repeats the newest.
   * @throws TypeError for a message of another delivery, protocol or direction; RangeError for options
   * out of bounds.
   */
  constructor(
    server: Server<P, Data>,
    message: ClientMessage<Input>,
    options: PeerInputsOptions = {},
  ) {
    const { reportTicks = 15, report } = options;
    checkInputMessage(message);
    if (!Number.isInteger(reportTicks) || reportTicks < 1 || reportTicks > 600) {
      throw new RangeError(`Cannot report every ${reportTicks} ticks: reportTicks is 1 to 600`);
    }
    if (report !== undefined && server.protocol.messages[report.index] !== report) {
      throw new TypeError(`Cannot report by "${report.name}": it belongs to another protocol`);
    }
    // What is wrong with the options is told now, not with the first input.
    new InputQueue(0, options);
    this.#server = server;
    this.#options = options;
    this.#reportTicks = reportTicks;
    this.#remove = [
      server.on(message, (peer: Peer<Data>, input: Input) => {
        this.#entryOf(peer).queue.push(input.tick, input);
      }),
      server.on("disconnected", (peer) => this.#entries.delete(peer)),
    ];
  }

  /**
   * The input of a peer for the current tick, to be called in each: the last one again when it did not
   * come in time, and `undefined` before the first and after too many missing ones.
   */
  take(peer: Peer<Data>): Input | undefined {
    const { tick } = this.#server;
    const entry = this.#entryOf(peer);
    if (entry.takenAtTick === tick) return entry.taken;
    entry.takenAtTick = tick;
    entry.taken = entry.queue.take(tick);
    // Not all in the same tick.
    if ((tick + peer.id) % this.#reportTicks === 0) this.#report(peer, entry.queue);
    return entry.taken;
  }

  /** Inputs of a peer that wait for their tick. */
  depth(peer: Peer<Data>): number {
    return this.#entries.get(peer)?.queue.depth ?? 0;
  }

  /** What came of a peer's inputs; `undefined` before the first. */
  counters(peer: Peer<Data>): Readonly<InputCounters> | undefined {
    return this.#entries.get(peer)?.queue.counters;
  }

  /** Forgets a peer's inputs: it died, or plays on as somebody else. */
  reset(peer: Peer<Data>): void {
    this.#entries.delete(peer);
  }

  /** Stops listening. */
  close(): void {
    for (const remove of this.#remove) remove();
    this.#entries.clear();
  }

  #entryOf(peer: Peer<Data>): Entry<Input> {
    let entry = this.#entries.get(peer);
    if (entry === undefined) {
      const queue = new InputQueue<Input>(this.#server.tick, this.#options);
      entry = { queue, takenAtTick: -1, taken: undefined };
      this.#entries.set(peer, entry);
    }
    return entry;
  }

  #report(peer: Peer<Data>, queue: InputQueue<Input>): void {
    const { report: message } = this.#options;
    const report = queue.report();
    if (message === undefined || report === undefined || peer.state !== "connected") return;
    const most = MAX_REPORTED_MARGIN_TICKS;
    peer.send(message, {
      tick: this.#server.tick,
      marginTicks: Math.min(most, Math.max(-most - 1, report.marginTicks)),
      missing: Math.min(255, report.missing),
    });
  }
}

function checkInputMessage({ name, delivery }: BoundMessage): void {
  if (delivery === "input") return;
  throw new TypeError(
    `Cannot take inputs from "${name}": its delivery is "${delivery}", not "input"`,
  );
}
