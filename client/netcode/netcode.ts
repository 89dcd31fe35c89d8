/**
 * What makes a client feel as if it were where the server is: one clock, prediction, interpolation, netgraph.
 *
 * `update()` once per frame moves all of it; then what is to be drawn is asked for. Nothing runs by
 * itself and no timer is set.
 *
 * @module
 */
import type { Session } from "../../protocol/session.ts";
import type { SendResult } from "../../protocol/send_channel.ts";
import type { BoundEntity, ClientMessage, ProtocolCore, ServerMessage } from "../../schema/mod.ts";
import type { InputReportValue } from "../../schema/messages/netcode.ts";
import type { Shape } from "../../schema/sync/interpolator.ts";
import { codecOfShape } from "../../schema/sync/wire_rounder.ts";
import {
  SnapshotInterpolation,
  type SnapshotInterpolationOptions,
} from "./snapshot_interpolation.ts";
import { type MessageObserver, MessageTraffic } from "./message_traffic.ts";
import type { MirroredEntity } from "../world/mirrored_entity.ts";
import type { WorldMirror } from "../world/world_mirror.ts";
import { Netgraph, type NetgraphOptions, type NetgraphReading } from "./netgraph.ts";
import { Prediction } from "./prediction.ts";
import { PredictionClock, type PredictionClockOptions } from "./prediction_clock.ts";
import type { Step } from "./predictor.ts";
import { RenderClock, type RenderClockOptions } from "./render_clock.ts";
import { ServerClock, type ServerClockOptions } from "./server_clock.ts";

/** Most that `drawnBehind` fields carry, in ticks. */
const MAX_DRAWN_BEHIND_TICKS = 127;

/** Options of `Client.netcode`. */
export interface NetcodeOptions extends NetgraphOptions {
  /** The server's ticks a second, above 0. */
  readonly tickHz: number;
  /** How the server's tick is followed. */
  readonly clock?: Omit<ServerClockOptions, "tickHz">;
  /** How far ahead inputs are made. */
  readonly prediction?: Omit<PredictionClockOptions, "tickHz">;
  /** How late the others are drawn. */
  readonly rendering?: Omit<RenderClockOptions, "tickHz">;
  /** Whether messages are counted by channel for {@link Netgraph.channels}. Default false. */
  readonly countMessages?: boolean;
}

/** What a player's input is made for. */
export interface InputContext {
  /** The tick: the input message says the same. */
  readonly tick: number;
  /** How many ticks earlier the world was that the player saw last; for a `drawnBehind` field. */
  readonly drawnBehind: number;
}

/** What {@link Netcode.predict} predicts. */
export interface PredictOptions<State, Input extends { tick: number }> {
  /** What the state is: an entity or a message. `.lerp()` and `.slerp()` of its fields say what is smoothed. */
  readonly state: Shape<State>;
  /** The message that carries inputs, declared with `delivery: "input"`. */
  readonly input: ClientMessage<Input>;
  /** The protocol's `InputReport`. Without it the lead is guessed once and never corrected. */
  readonly report?: ServerMessage<InputReportValue>;
  /** The input of ticks in which the player had no say; the server must assume the same. */
  readonly idle: Input;
  /** Makes the player's input for a tick. */
  readonly sample: (context: InputContext) => Input;
  /** One tick of the game, the same function as on the server. */
  readonly step: Step<State, Input>;
  /** Time in which half of a correction fades; 0 shows corrections at once. Default 100 ms. */
  readonly halfLifeMs?: number;
  /** Ticks that can be run again, 2 to 4,096. Default 128. */
  readonly historyTicks?: number;
}

/** What a netcode needs of its client. */
export interface NetcodeHost {
  /** The game's protocol. */
  readonly protocol: ProtocolCore;
  /** The session now. */
  session(): Session;
  /** The time. */
  nowMs(): number;
  /** Sends a message. */
  send<T>(message: ClientMessage<T>, value: T): SendResult;
  /** Listens to a message. */
  on<T>(message: ServerMessage<T>, handler: (value: T) => void): () => void;
  /** Tells somebody of all messages from now on, or nobody. */
  observe(observer: MessageObserver | undefined): void;
}

/** The netcode of one client. Made by `Client.netcode`. */
export class Netcode {
  /** How the line is, over the last seconds. */
  readonly graph: Netgraph;
  readonly #host: NetcodeHost;
  readonly #tickHz: number;
  readonly #serverClock: ServerClock;
  readonly #predictionClock: PredictionClock;
  readonly #renderClock: RenderClock;
  readonly #predictions = new Set<Prediction<unknown, unknown>>();
  readonly #interpolations = new Set<{ clear(): void }>();
  readonly #removers = new Set<() => void>();
  #session: Session;
  #timeAtMs = -1;
  #marginTicks = 0;
  #missedInputs = 0;

  /** Use `Client.netcode` instead. */
  constructor(host: NetcodeHost, options: NetcodeOptions) {
    const { tickHz, clock, prediction, rendering, countMessages = false } = options;
    this.#host = host;
    this.#tickHz = tickHz;
    this.#session = host.session();
    this.graph = new Netgraph(options);
    this.#serverClock = new ServerClock({ ...clock, tickHz });
    this.#predictionClock = new PredictionClock({ ...prediction, tickHz });
    this.#renderClock = new RenderClock({ ...rendering, tickHz });
    if (!countMessages) return;
    host.observe(new MessageTraffic(host.protocol.tables[0]!, this.graph.channels));
    this.#keepUntilClosed(() => host.observe(undefined));
  }

  /** The server's tick now, with its fraction; -1 before the first TIME frame. Never goes back in a session. */
  get serverTick(): number {
    this.#readTime();
    return this.#serverClock.advance(this.#host.nowMs(), this.#oneWayMs);
  }

  /** The tick that inputs are made for, with its fraction, as of the last {@link update}; -1 before. */
  get predictedTick(): number {
    return this.#predictionClock.tick;
  }

  /** The tick in which the others are drawn, with its fraction, as of the last {@link update}; -1 before. */
  get renderTick(): number {
    return this.#renderClock.tick;
  }

  /** How far behind the server's present the others are drawn. */
  get interpolationDelayMs(): number {
    return this.#renderClock.delayMs;
  }

  /** How much faster the server's clock goes than ours, as a share. */
  get drift(): number {
    return this.#serverClock.drift;
  }

  /** Speed of the prediction's clock against time: 1.02 is two percent faster. */
  get clockRate(): number {
    return this.#predictionClock.rate;
  }

  /** Times in this session that a clock jumped instead of following: dead lines, clocks that were set. */
  get clockSteps(): number {
    return this.#serverClock.steps + this.#predictionClock.steps + this.#renderClock.steps;
  }

  /** How many ticks too early the latest input came, as the server reported last; below 0 it was late. */
  get inputMarginTicks(): number {
    return this.#marginTicks;
  }

  /** Ticks for which the server had no input in time, as it reported. */
  get missedInputs(): number {
    return this.#missedInputs;
  }

  /** How many ticks earlier the world that is drawn was than the one that inputs are made for: 0 to 127. */
  get drawnBehind(): number {
    const behind = Math.floor(this.predictedTick) - this.renderTick;
    if (this.predictedTick < 0 || this.renderTick < 0) return 0;
    return Math.min(MAX_DRAWN_BEHIND_TICKS, Math.max(0, behind));
  }

  /** Draws things of one kind between their snapshots, by key. */
  interpolate<Key, T>(
    shape: Shape<T>,
    options: SnapshotInterpolationOptions = {},
  ): SnapshotInterpolation<Key, T> {
    const made = new SnapshotInterpolation<Key, T>(
      shape,
      this.#renderClock,
      this.#tickHz,
      () => this.serverTick,
      options,
    );
    this.#interpolations.add(made);
    return made;
  }

  /**
   * Draws the entities of one type in a world between their snapshots, by number: all of them, the
   * player's own included. An entity that is gone, or out of sight, is gone from here at once.
   *
   * A world says nothing of what does not change, and nothing at all when nothing does. So by default an
   * entity stands, and does not go on as it went, when its newest state is due: it may have stopped.
   *
   * @param world `client.world`.
   * @param options `extrapolationMs` is 0 unless given.
   */
  interpolateEntities<T>(
    world: WorldMirror,
    type: BoundEntity<T>,
    options: SnapshotInterpolationOptions = {},
  ): SnapshotInterpolation<number, T> {
    const made = this.interpolate<number, T>(type, { extrapolationMs: 0, ...options });
    const take = (entity: MirroredEntity<T>): void => {
      made.push(entity.id, entity.tick, entity.value);
    };
    const forget = (entity: MirroredEntity<T>): void => made.remove(entity.id);
    for (const entity of world.entities(type)) take(entity);
    this.#keepUntilClosed(
      world.on(type, "spawn", take),
      world.on(type, "update", take),
      world.on(type, "despawn", forget),
      world.on(type, "leave", forget),
      world.on("snapshot", (tick) => made.heard(tick)),
    );
    return made;
  }

  /**
   * Predicts the player's own part of the game. It begins with the first state given to
   * {@link Prediction.reconcile}.
   *
   * @throws TypeError for messages of another protocol, or another delivery than `"input"`; RangeError
   * for options out of bounds.
   */
  predict<State, Input extends { tick: number }>(
    options: PredictOptions<State, Input>,
  ): Prediction<State, Input> {
    const { state, input, report, idle, step, sample, halfLifeMs = 100, historyTicks } = options;
    const { protocol } = this.#host;
    if (protocol.messages[input.index] !== input || input.delivery !== "input") {
      throw new TypeError(`Cannot predict by "${input.name}": it is no input of this protocol`);
    }
    const made = new Prediction<State, Input>({
      shape: state,
      stateCodec: codecOfShape(state, "state", protocol.backend),
      inputCodec: codecOfShape<Input>(input, input.name, protocol.backend),
      idle,
      step,
      halfLifeMs,
      stepSeconds: 1 / this.#tickHz,
      ...(historyTicks === undefined ? {} : { historyTicks }),
      sample: (tick) => sampleFor(tick, sample({ tick, drawnBehind: this.#seenBehind(tick) })),
      send: (value) => this.#host.send(input, value),
    });
    if (report !== undefined) this.#listenTo(report);
    // The boundary: all that is done with it here needs neither type.
    this.#predictions.add(made as Prediction<unknown, unknown>);
    return made;
  }

  /** Moves everything to the present: once per frame, before drawing. */
  update(): void {
    const nowMs = this.#host.nowMs();
    const session = this.#host.session();
    if (session !== this.#session) this.#restart(session);
    // Before this frame's inputs: what is still there from the last one was held back.
    const isChoked = session.channels.hasUnsent;
    const { serverTick } = this;
    const tick = this.#predictionClock.advance(
      nowMs,
      serverTick,
      this.#oneWayMs,
      session.rtt.jitterMs,
    );
    for (const prediction of this.#predictions) prediction.update(nowMs, tick);
    // After the inputs: what the player aimed at was drawn in the frame before.
    this.#renderClock.advance(serverTick);
    this.graph.record(nowMs, this.#reading(session, isChoked));
  }

  /** Stops listening. */
  close(): void {
    for (const remove of this.#removers) remove();
    this.#removers.clear();
  }

  #keepUntilClosed(...removers: readonly (() => void)[]): void {
    for (const remove of removers) this.#removers.add(remove);
  }

  get #oneWayMs(): number {
    const { rtt } = this.#session;
    return (rtt.hasSample ? rtt.minimumMs : rtt.smoothedMs) / 2;
  }

  #seenBehind(tick: number): number {
    const { renderTick } = this;
    return renderTick < 0 ? 0 : Math.min(MAX_DRAWN_BEHIND_TICKS, Math.max(0, tick - renderTick));
  }

  /** A TIME frame may have come since. */
  #readTime(): void {
    const { connection } = this.#session;
    if (connection === undefined || connection.peerTick < 0) return;
    if (connection.peerTickAtMs === this.#timeAtMs) return;
    this.#timeAtMs = connection.peerTickAtMs;
    const fraction = connection.peerTickMicroseconds * this.#tickHz / 1e6;
    this.#serverClock.addSample(connection.peerTick + fraction, connection.peerTickAtMs);
  }

  #listenTo(report: ServerMessage<InputReportValue>): void {
    this.#keepUntilClosed(this.#host.on(report, ({ tick, marginTicks, missing }) => {
      this.#marginTicks = marginTicks;
      this.#missedInputs += missing;
      this.#predictionClock.report(tick, marginTicks);
    }));
  }

  /** Another session may be with a server that began anew: nothing of before holds. */
  #restart(session: Session): void {
    this.#session = session;
    this.#timeAtMs = -1;
    this.#marginTicks = 0;
    this.#serverClock.reset();
    this.#predictionClock.reset();
    this.#renderClock.reset();
    for (const prediction of this.#predictions) prediction.stop();
    for (const interpolation of this.#interpolations) interpolation.clear();
  }

  #reading({ rtt, counters, connection }: Session, isChoked: boolean): NetgraphReading {
    const inFlight = connection?.recovery.sent.inFlight ?? 0;
    let predictionError = 0;
    for (const { lastError } of this.#predictions) {
      predictionError = Math.max(predictionError, lastError);
    }
    return {
      rttMs: rtt.smoothedMs,
      jitterMs: rtt.jitterMs,
      packetsSettled: counters.packetsTracked - inFlight,
      packetsLost: counters.packetsLost - counters.spuriousLosses,
      packetsReceived: counters.packetsReceived,
      packetsMissing: counters.packetsMissing,
      bytesSent: counters.bytesSent,
      bytesReceived: counters.bytesReceived,
      isChoked,
      interpolationDelayMs: this.#renderClock.delayMs,
      predictionError,
      inputMarginTicks: this.#marginTicks,
      clockRate: this.#predictionClock.rate,
    };
  }
}

function sampleFor<Input extends { tick: number }>(tick: number, input: Input): Input {
  if (input.tick === tick) return input;
  throw new TypeError(`Cannot predict: the input for tick ${tick} says tick ${input.tick}`);
}
