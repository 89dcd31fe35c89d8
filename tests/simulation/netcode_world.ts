/**
 * A small game with walls, played over a simulated network with the whole netcode.
 *
 * @module
 */
import { entity, message, type Peer, protocol, type Server, t } from "../../mod.ts";
import { drawnBehind, InputReport, type Netcode, type Prediction } from "../../client/mod.ts";
import { PeerInputs, RewindRing, WireRounder } from "../../server/mod.ts";
import type { ImpairmentOptions } from "../../transport/testing.ts";
import { Lab } from "../server/lab.ts";

export const TICK_HZ = 60;

/** Pixels of a unit, for figures. */
export const PIXELS_PER_UNIT = 64;

const RADIUS = 0.5;
const SPEED = 6;

/** Walls as left, top, right, bottom: four blocks to walk around. */
const WALLS = [[-6, -6, -2, -2], [2, -6, 6, -2], [-6, 2, -2, 6], [2, 2, 6, 6]] as const;

const body = {
  pos: t.vec2(t.quantized(-16, 16, 1 / 1024)).lerp({ snap: 4 }),
  vel: t.vec2(t.quantized(-8, 8, 1 / 1024)),
  aim: t.angle(12).lerp(),
};

/** What is predicted, interpolated and rewound. */
export const Body = entity(body);

const Input = message({
  tick: t.tick(),
  move: t.vec2(t.quantized(-1, 1, 1 / 8)),
  aim: t.angle(16),
  fire: t.bool(),
  behind: drawnBehind(),
}, { from: "client", delivery: "input", redundancy: 3 });

const Bodies = message({
  tick: t.tick(),
  bodies: t.array(
    t.struct({
      id: t.u16(),
      pos: t.vec2(t.quantized(-16, 16, 1 / 1024)),
      vel: t.vec2(t.quantized(-8, 8, 1 / 1024)),
      aim: t.angle(12),
    }),
    { max: 16 },
  ),
}, { from: "server", delivery: "sequenced" });

export const Yard = protocol("yard", { version: 1 }, { Input, Bodies, InputReport });

export type BodyValue = {
  pos: { x: number; y: number };
  vel: { x: number; y: number };
  aim: number;
};

export type InputValue = {
  tick: number;
  move: { x: number; y: number };
  aim: number;
  fire: boolean;
  behind: number;
};

export const IDLE: InputValue = {
  tick: 0,
  move: { x: 0, y: 0 },
  aim: 0,
  fire: false,
  behind: 0,
};

/** One tick of one body: accelerates, slides along walls. The same on both ends. */
export function step(body: BodyValue, input: InputValue, context: { stepSeconds: number }): void {
  const { stepSeconds } = context;
  body.aim = input.aim;
  body.vel.x += (input.move.x * SPEED - body.vel.x) * 0.25;
  body.vel.y += (input.move.y * SPEED - body.vel.y) * 0.25;
  const x = clamp(body.pos.x + body.vel.x * stepSeconds, 15);
  if (isFree(x, body.pos.y)) body.pos.x = x;
  else body.vel.x = 0;
  const y = clamp(body.pos.y + body.vel.y * stepSeconds, 15);
  if (isFree(body.pos.x, y)) body.pos.y = y;
  else body.vel.y = 0;
}

function isFree(x: number, y: number): boolean {
  return WALLS.every(([left, top, right, bottom]) =>
    x + RADIUS <= left || x - RADIUS >= right || y + RADIUS <= top || y - RADIUS >= bottom
  );
}

function clamp(value: number, bound: number): number {
  return Math.min(bound, Math.max(-bound, value));
}

/** The controls of somebody who walks around the blocks and turns eight times a second. */
export function walkAround(tick: number): { x: number; y: number } {
  const angle = Math.floor(tick / 8) * 0.6 + Math.floor(tick / 90) * 2.399963;
  return { x: Math.round(Math.cos(angle) * 8) / 8, y: Math.round(Math.sin(angle) * 8) / 8 };
}

export interface Shot {
  readonly tick: number;
  readonly rewindMs: number;
  readonly missedBy: number;
}

export interface YardOptions {
  readonly link: ImpairmentOptions;
  readonly seed?: number;
  readonly snapshotTicks?: number;
  /** Most that shots are rewound for the way of packets; 0 with `interpolationMs` 0 is off. */
  readonly maxRewindMs?: number;
  readonly interpolationMs?: number;
}

/** The game on its server, with one body that walks by itself (number 0). */
export class YardServer implements AsyncDisposable {
  readonly lab: Lab;
  readonly shots: Shot[] = [];
  /** The player's state by tick. */
  readonly history = new Map<number, BodyValue>();
  readonly bodies = new Map<number, BodyValue>();
  readonly rewind: RewindRing<number, BodyValue>;
  inputs!: PeerInputs<typeof Yard, undefined, InputValue>;
  server!: Server<typeof Yard>;
  #peer: Peer<undefined> | undefined;
  readonly #rounder = new WireRounder<BodyValue>(Body);
  readonly #snapshotTicks: number;

  constructor({ link, seed = 1, snapshotTicks = 1, ...rewind }: YardOptions) {
    this.lab = new Lab({ link, seed });
    this.#snapshotTicks = snapshotTicks;
    this.rewind = new RewindRing<number, BodyValue>(Body, { tickHz: TICK_HZ, ...rewind });
  }

  static async start(options: YardOptions): Promise<YardServer> {
    const yard = new YardServer(options);
    yard.server = await yard.lab.serve(Yard, { tickHz: TICK_HZ });
    yard.inputs = new PeerInputs(yard.server, Yard.Input, { report: Yard.InputReport });
    yard.bodies.set(0, { pos: { x: -10, y: 8 }, vel: { x: 0, y: 0 }, aim: 0 });
    yard.server.on("connected", (peer) => {
      yard.#peer = peer;
      yard.bodies.set(peer.id, { pos: { x: 0, y: 0 }, vel: { x: 0, y: 0 }, aim: 0 });
    });
    yard.server.onTick((tick, stepSeconds) => yard.#tick(tick, stepSeconds));
    return yard;
  }

  #tick(tick: number, stepSeconds: number): void {
    for (const [id, body] of this.bodies) {
      const input = id === 0 ? patrol(tick) : this.inputs.take(this.#peer!) ?? IDLE;
      step(body, input, { stepSeconds });
      this.#rounder.round(body);
      this.rewind.record(id, tick, body);
      // A repeated input is not pulled again.
      if (input.fire && input.tick === tick) this.#shoot(body, input);
      if (id !== 0) this.history.set(tick, structuredClone(body));
    }
    if (tick % this.#snapshotTicks !== 0) return;
    const bodies = Array.from(this.bodies, ([id, body]) => ({ id, ...body }));
    this.server.broadcast(Yard.Bodies, { tick, bodies });
  }

  /** A shot reaches everything at once; it hits what is no further than its radius from the line. */
  #shoot(shooter: BodyValue, input: InputValue): void {
    const { tick } = input;
    const at = this.rewind.tickOf({ tick, drawnBehind: input.behind, rttMs: this.#peer!.rttMs });
    const target = this.rewind.create();
    if (!this.rewind.sampleAt(0, at, target)) return;
    const way = { x: target.pos.x - shooter.pos.x, y: target.pos.y - shooter.pos.y };
    const missedBy = Math.abs(way.x * Math.sin(input.aim) - way.y * Math.cos(input.aim));
    this.shots.push({ tick, rewindMs: (tick - at) * 1000 / TICK_HZ, missedBy });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

/** Up and down, across the line of fire. */
function patrol(tick: number): InputValue {
  return { ...IDLE, tick, move: { x: 0, y: Math.floor(tick / 150) % 2 === 0 ? -1 : 1 } };
}

/** Whether a shot hit. */
export function isHit(shot: Shot): boolean {
  return shot.missedBy <= RADIUS;
}

/** A player's screen: frames at a rate of its own. */
export class YardPlayer {
  readonly netcode: Netcode;
  readonly me: Prediction<BodyValue, InputValue>;
  /** States as they were predicted first, by tick. */
  readonly predicted = new Map<number, BodyValue>();
  /** Largest step, in units, by which a correction moved the picture within a frame. */
  largestShownCorrection = 0;
  frames = 0;
  readonly #others;
  readonly #clock: Lab["network"]["clock"];
  readonly #frameMs: number;
  readonly #controls: (tick: number, player: YardPlayer) => Partial<InputValue>;
  #isOver = false;

  private constructor(
    lab: Lab,
    client: Awaited<ReturnType<typeof connectPlayer>>,
    frameHz: number,
    controls: (tick: number, player: YardPlayer) => Partial<InputValue>,
  ) {
    this.#clock = lab.network.clock;
    this.#frameMs = 1000 / frameHz;
    this.#controls = controls;
    this.netcode = client.netcode({ tickHz: TICK_HZ, countMessages: true });
    this.#others = this.netcode.interpolate<number, BodyValue>(Body);
    this.me = this.netcode.predict<BodyValue, InputValue>({
      state: Body,
      input: Yard.Input,
      report: Yard.InputReport,
      idle: IDLE,
      step,
      sample: ({ tick, drawnBehind }) => {
        return { ...IDLE, ...this.#controls(tick, this), tick, behind: drawnBehind };
      },
    });
    client.on(Yard.Bodies, ({ tick, bodies }) => {
      for (const { id, ...body } of bodies) {
        if (id === 0) this.#others.push(id, tick, body);
        else this.#reconcile(tick, body);
      }
      this.#others.heard(tick);
    });
  }

  static async join(
    yard: YardServer,
    controls: (tick: number, player: YardPlayer) => Partial<InputValue>,
    frameHz = 60,
  ): Promise<YardPlayer> {
    const player = new YardPlayer(
      yard.lab,
      await connectPlayer(yard),
      frameHz,
      controls,
    );
    player.#frame();
    return player;
  }

  /** Where the walking body is drawn. */
  get target(): Readonly<BodyValue> | undefined {
    return this.#others.sample(0);
  }

  stop(): void {
    this.#isOver = true;
  }

  #reconcile(tick: number, body: BodyValue): void {
    const { x, y } = this.me.drawn.pos;
    const wasRunning = this.me.isRunning;
    this.me.reconcile(tick, body);
    if (!wasRunning) return;
    // What a correction does at once; smoothing makes it nothing.
    this.#noteShown(Math.hypot(this.me.drawn.pos.x - x, this.me.drawn.pos.y - y));
  }

  #noteShown(units: number): void {
    this.largestShownCorrection = Math.max(this.largestShownCorrection, units);
  }

  #frame(): void {
    if (this.#isOver) return;
    const before = this.me.tick;
    const leftBefore = this.me.shownError;
    this.netcode.update();
    this.#noteShown(Math.abs(leftBefore - this.me.shownError));
    if (this.me.tick > before && before >= 0) {
      this.predicted.set(this.me.tick, structuredClone(this.me.state) as BodyValue);
    }
    this.frames++;
    this.#clock.setTimer(this.#clock.nowMs() + this.#frameMs, () => this.#frame());
  }
}

function connectPlayer(yard: YardServer) {
  return yard.lab.connect(Yard, yard.server);
}
