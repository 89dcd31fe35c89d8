/**
 * Replays a recording of a server into the game itself: the same datagrams, timers and times come to
 * the same code, which has to do the same.
 *
 * A debugger can stop in it, and a line of log can be added to it. What the game asks of anybody but the
 * server (files, requests, timers of its own) is not in the recording: there the replay ends.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { CryptoBackend } from "../protocol/crypto/backend.ts";
import { checkSameWire } from "../protocol/recording/declared_protocol.ts";
import { type ReplayKeys, serverOptionsOf } from "../protocol/recording/made_options.ts";
import { isOutsideEvent, RecordCode } from "../protocol/recording/record_code.ts";
import { type RecordedFact, RecordReader } from "../protocol/recording/record_reader.ts";
import { RecordingError } from "../protocol/recording/recording_error.ts";
import { TappedServerEndpoint } from "../protocol/recording/tapped_server_endpoint.ts";
import { type Recording, VerifyingTape } from "../protocol/recording/verifying_tape.ts";
import { parseFlags } from "../server/cli_line.ts";
import { seedMathRandom } from "../server/cli_recording.ts";
import type { Game, GameLogger, RunningGame } from "../server/game.ts";
import { watchClosing } from "../server/record_server.ts";
import { Server } from "../server/server.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import type { Clock, TimerId } from "../transport/clock.ts";
import { nextTurn } from "../transport/next_turn.ts";
import type { DatagramPipe, PipeCounters, TransmitSlot } from "../transport/pipe.ts";

/** Options of {@link replayGame}. */
export interface GameReplayOptions {
  /** Keys and tags. */
  readonly crypto: CryptoBackend;
  /** Keys that the recording does not hold. */
  readonly keys?: ReplayKeys;
  /** Where the game logs. */
  readonly logger: GameLogger;
}

/** Turns of the event loop that a game may take for what it does on its own, such as hashing. */
const PATIENT_TURNS = 200;

/**
 * Replays to the end.
 *
 * @returns How many records were reproduced.
 * @throws RecordingError, or ReplayDivergence at the first thing that the game did otherwise.
 */
export async function replayGame(
  recording: Recording,
  game: Game,
  options: GameReplayOptions,
): Promise<number> {
  const { header } = recording;
  if (header.role !== "server" || header.server === undefined) {
    throw new RecordingError(
      "unsupported",
      "Only a server's recording can be replayed into a game",
    );
  }
  checkSameWire(header.protocol, game.protocol);
  const undo = header.game?.mathSeed === undefined
    ? () => {}
    : seedMathRandom(header.game.mathSeed);
  try {
    const replay = new GameReplay(recording, game, options);
    return await replay.run();
  } finally {
    undo();
  }
}

/** One replay. */
class GameReplay {
  readonly #tape: VerifyingTape;
  readonly #clock: TapeClock;
  readonly #pipe: TapePipe;
  readonly #recording: Recording;
  readonly #game: Game;
  readonly #options: GameReplayOptions;

  constructor(recording: Recording, game: Game, options: GameReplayOptions) {
    this.#tape = new VerifyingTape(recording);
    this.#clock = new TapeClock(this.#tape);
    this.#pipe = new TapePipe(this.#tape, recording);
    this.#recording = recording;
    this.#game = game;
    this.#options = options;
  }

  async run(): Promise<number> {
    const tape = this.#tape;
    const server = this.#serve();
    const running = await this.#start(server);
    while (true) {
      await this.#settle();
      const fact = tape.peek();
      if (fact === undefined || fact.code === RecordCode.end) return tape.record;
      if (!isOutsideEvent(fact.code)) {
        throw tape.diverge("nothing: the game waits for what the recording does not hold");
      }
      this.#happen(fact, server, running);
    }
  }

  #serve(): Server<ProtocolCore, unknown> {
    const { crypto, keys = {}, logger } = this.#options;
    const tape = this.#tape;
    const game = this.#game;
    const fact = tape.peek();
    if (fact?.code !== RecordCode.made) {
      throw new RecordingError("corrupt", "The recording does not begin with its server");
    }
    const surroundings = {
      protocol: game.protocol,
      crypto,
      random: (into: Uint8Array) => tape.random(into),
    };
    const endpointOptions = serverOptionsOf(fact.text, surroundings, keys);
    const endpoint = new TappedServerEndpoint(endpointOptions, fact.timeMs, tape, fact.text);
    const { tickHz, dispatch } = this.#recording.header.server!;
    const { tickHz: _, dispatch: __, ...gameOptions } = game.options ?? {};
    const server = new Server<ProtocolCore, unknown>(game.protocol, {
      endpoint,
      pipe: this.#pipe,
      clock: this.#clock,
      tickClock: this.#clock,
      options: {
        ...(game.peerData === undefined ? {} : { peerData: game.peerData }),
        ...gameOptions,
        tickHz,
        ...(tickHz === 0 ? {} : { dispatch }),
      },
      relay: undefined,
      onClosed: () => {},
    });
    watchClosing(server, tape);
    server.on("error", (error, where) => {
      // A difference is reported once, and not by everything that it breaks.
      if (error !== tape.divergence) logger.error("{where} failed: {error}", { where, error });
    });
    return server;
  }

  async #start(server: Server<ProtocolCore, unknown>): Promise<RunningGame> {
    const { header } = this.#recording;
    const { values: flags, positionals: args } = parseFlags(
      this.#game.flags,
      header.game?.args ?? [],
    );
    const context = {
      flags,
      args,
      tickHz: header.server!.tickHz,
      logger: this.#options.logger,
      wallClockMs: () => this.#tape.wallClockMs(),
    };
    return await this.#game.start(server, context) ?? {};
  }

  /** Lets the game do what it does of itself. */
  async #settle(): Promise<void> {
    const tape = this.#tape;
    for (let turn = 0; turn < PATIENT_TURNS; turn++) {
      await new Promise<void>((resolve) => {
        nextTurn(resolve);
      });
      // The server contains what is thrown in it; the tape remembers.
      if (tape.divergence !== undefined) throw tape.divergence;
      const fact = tape.peek();
      if (fact === undefined || fact.code === RecordCode.end || isOutsideEvent(fact.code)) return;
    }
  }

  /** Something happens, and everything else that happened in the same turn. */
  #happen(first: RecordedFact, server: Server<ProtocolCore, unknown>, running: RunningGame): void {
    const tape = this.#tape;
    let fact: RecordedFact | undefined = first;
    do {
      switch (fact.code) {
        case RecordCode.datagram:
          this.#pipe.deliver(fact);
          break;
        case RecordCode.timer:
          this.#clock.fire(fact);
          break;
        case RecordCode.hostStop:
          tape.skip();
          Promise.resolve(running.stop?.()).catch(() => {});
          break;
        case RecordCode.hostClose:
          // Nobody waits for it here: the end of the recording is its end.
          server.close(fact.text, { flush: fact.flag, timeoutMs: fact.value }).catch(() => {});
          break;
        case RecordCode.hostDrain:
          server.drain(fact.value).catch(() => {});
      }
      if (tape.divergence !== undefined) throw tape.divergence;
      fact = tape.peek();
    } while (fact !== undefined && isOfSameTurn(fact));
  }
}

function isOfSameTurn({ code, flag }: RecordedFact): boolean {
  return flag && (code === RecordCode.datagram || code === RecordCode.timer);
}

/** Time from a tape; timers fire when it says so. */
class TapeClock implements Clock {
  readonly #tape: VerifyingTape;
  readonly #pending = new Map<TimerId, () => void>();
  #nextId = 0;

  constructor(tape: VerifyingTape) {
    this.#tape = tape;
  }

  nowMs(): number {
    return this.#tape.nowMs();
  }

  setTimer(_atMs: number, callback: () => void): TimerId {
    const id = this.#nextId++;
    this.#pending.set(id, callback);
    return id;
  }

  clearTimer(id: TimerId): void {
    this.#pending.delete(id);
  }

  fire({ id }: RecordedFact): void {
    const callback = this.#pending.get(id);
    if (callback === undefined) throw this.#tape.diverge(`no timer ${id}`);
    this.#pending.delete(id);
    this.#tape.skip();
    callback();
  }
}

/** A pipe whose datagrams come from a tape. What is sent was compared where it was built. */
class TapePipe implements DatagramPipe {
  readonly kind = "recording";
  readonly localAddress: Address = { hostname: "0.0.0.0", port: 0 };
  readonly maxDatagramBytes: number;
  readonly deliversInBatches: boolean;
  readonly counters: PipeCounters = {
    datagramsSent: 0,
    bytesSent: 0,
    datagramsReceived: 0,
    bytesReceived: 0,
    sendErrors: 0,
    receiveErrors: 0,
    truncated: 0,
    portZero: 0,
    noBuffer: 0,
  };
  readonly #tape: VerifyingTape;
  readonly #slotBytes: number;
  readonly #free: TransmitSlot[] = [];
  #onDatagram: ((bytes: Uint8Array, from: Address) => void) | undefined;

  constructor(tape: VerifyingTape, recording: Recording) {
    const { deliversInBatches, maxDatagramBytes } = recording.header.server!;
    this.deliversInBatches = deliversInBatches;
    this.maxDatagramBytes = maxDatagramBytes;
    this.#tape = tape;
    this.#slotBytes = slotBytesOf(recording) ?? maxDatagramBytes;
  }

  start(onDatagram: (bytes: Uint8Array, from: Address) => void): void {
    this.#onDatagram = onDatagram;
  }

  deliver({ bytes, address }: RecordedFact): void {
    // A copy: the server decrypts in place.
    const datagram = bytes.slice();
    this.#tape.skip();
    this.#tape.hasDatagram = true;
    this.counters.datagramsReceived++;
    this.counters.bytesReceived += datagram.byteLength;
    this.#onDatagram?.(datagram, address);
  }

  acquire(): TransmitSlot | undefined {
    if (this.#tape.peek()?.code === RecordCode.noBuffer) {
      this.#tape.skip();
      return undefined;
    }
    return this.#free.pop() ?? { bytes: new Uint8Array(this.#slotBytes) };
  }

  send(slot: TransmitSlot, sizeBytes: number, _to: Address): void {
    this.counters.datagramsSent++;
    this.counters.bytesSent += sizeBytes;
    this.#free.push(slot);
  }

  release(slot: TransmitSlot): void {
    this.#free.push(slot);
  }

  resolve(): Promise<Address[]> {
    return Promise.reject(new TypeError("A recording knows no names"));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Room of the buffers that the recorded server built its datagrams in. */
function slotBytesOf({ chunks }: Recording): number | undefined {
  for (const chunk of chunks) {
    for (const reader = new RecordReader(chunk); !reader.isAtEnd;) {
      const fact = reader.read();
      if (fact.code === RecordCode.capacity) return fact.number;
    }
  }
  return undefined;
}
