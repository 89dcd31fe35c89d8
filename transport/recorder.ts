/**
 * Records an endpoint to a file: wraps what it stands on, and makes it on a tape.
 *
 * A recording holds secrets: the random bytes of its sessions are in it, so whoever has the file can
 * read everything that was said. See docs/recording.md.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import type { ClientEndpoint, ClientEndpointOptions } from "../protocol/client_endpoint.ts";
import { declaredProtocol } from "../protocol/recording/declared_protocol.ts";
import { textOfClient, textOfServer } from "../protocol/recording/made_options.ts";
import { RecordCode } from "../protocol/recording/record_code.ts";
import type { RecordedServerOptions } from "../protocol/recording/recording_header.ts";
import {
  type RecordingSink,
  RecordingTape,
  type TapeSources,
} from "../protocol/recording/recording_tape.ts";
import type { Tape } from "../protocol/recording/tape.ts";
import { TappedClientEndpoint } from "../protocol/recording/tapped_client_endpoint.ts";
import { TappedServerEndpoint } from "../protocol/recording/tapped_server_endpoint.ts";
import { TICKWIRE_VERSION } from "../protocol/recording/tickwire_version.ts";
import type { ServerEndpoint } from "../protocol/server_endpoint.ts";
import type { ServerEndpointOptions } from "../protocol/server_endpoint_options.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import type { Clock, TimerId } from "./clock.ts";
import type { DatagramPipe, PipeCounters, TransmitSlot } from "./pipe.ts";
import type { OpenRecording, RecordInput, RecordOptions } from "./record_options.ts";
import { openRecordingFile } from "./recording_file.ts";

/** A recording is stopped at this size unless told otherwise: hours of a small game. */
export const DEFAULT_RECORDING_BYTES = 1024 ** 3;

/** Smallest limit that makes sense: a header and some records. */
const MIN_RECORDING_BYTES = 64 * 1024;

/** Records one server or one client. */
export class Recorder implements OpenRecording {
  readonly #options: RecordOptions;
  readonly #sink: RecordingSink;
  /** Where it goes; `undefined` for a sink of the caller's. */
  readonly file: string | undefined;
  #tape: RecordingTape | undefined;
  #timers = 0;
  #clients = 0;
  #isTurnOpen = false;

  /**
   * Opens the file.
   *
   * @throws TypeError or RangeError for options that make no sense; what opening a file throws.
   */
  constructor(input: string | RecordOptions) {
    const options = typeof input === "string" ? { file: input } : input;
    const { file, sink, maxBytes = DEFAULT_RECORDING_BYTES } = options;
    if ((file === undefined) === (sink === undefined)) {
      throw new TypeError('Cannot record: give either a "file" or a "sink"');
    }
    if (!Number.isSafeInteger(maxBytes) || maxBytes < MIN_RECORDING_BYTES) {
      throw new RangeError(
        `Cannot record ${maxBytes} bytes: "maxBytes" is a whole number of ${MIN_RECORDING_BYTES} and more`,
      );
    }
    this.#options = options;
    const opened = file === undefined ? undefined : openRecordingFile(file);
    this.file = opened?.path;
    // One of the two is there: this was checked above.
    this.#sink = sink ?? opened!.sink;
  }

  /** Bytes so far. */
  get sizeBytes(): number {
    return this.#tape?.sizeBytes ?? 0;
  }

  /** Whether it records: it was begun, and has neither ended nor stopped. */
  get isRecording(): boolean {
    return this.#tape !== undefined && !this.#tape.isOver;
  }

  /** Begins a server's recording and makes its endpoint. */
  server(
    options: ServerEndpointOptions,
    server: RecordedServerOptions & { readonly isKeyOwn: boolean },
    sources: TapeSources,
  ): ServerEndpoint {
    const { isKeyOwn, ...recorded } = server;
    const { keys = false } = this.#options;
    const tape = this.#begin("server", options.protocol, sources, recorded);
    const text = textOfServer(options, { own: keys || !isKeyOwn, ofTickets: keys });
    return new TappedServerEndpoint(options, sources.nowMs(), tape, text);
  }

  /** Begins a client's recording; {@link clientEndpoint} makes its endpoints. */
  client(protocol: ProtocolCore, sources: TapeSources): void {
    this.#begin("client", protocol, sources, undefined);
  }

  /** Makes a client's next endpoint. */
  clientEndpoint(options: ClientEndpointOptions, nowMs: number): ClientEndpoint {
    const madeOf = textOfClient(options, this.#options.keys ?? false);
    return new TappedClientEndpoint(options, {
      tape: this.#begun(),
      id: this.#clients++,
      nowMs,
      madeOf,
    });
  }

  /** The same clock, whose time and timers are recorded. */
  clock(inner: Clock): Clock {
    const tape = this.#begun();
    return {
      nowMs: () => tape.nowMs(),
      setTimer: (atMs, callback): TimerId => {
        const id = this.#timers++;
        return inner.setTimer(atMs, () => {
          tape.out.byte(RecordCode.timer);
          tape.out.varint(id);
          tape.out.byte(this.#isSameTurn() ? 1 : 0);
          tape.commit();
          callback();
        });
      },
      clearTimer: (id) => inner.clearTimer(id),
    };
  }

  /** The same pipe, whose datagrams are recorded. Its end is that of the recording. */
  pipe(inner: DatagramPipe): DatagramPipe {
    return new RecordedPipe(inner, this.#begun(), () => this.#isSameTurn(), () => this.end());
  }

  /** The wall clock, recorded once the recording has begun. */
  wallClockMs(inner: () => number): number {
    return this.isRecording ? this.#begun().wallClockMs() : inner();
  }

  /** Somebody closes the server. */
  noteClose(reason: string, flush: boolean, timeoutMs: number): void {
    this.#begun().noteClose(reason, flush, timeoutMs);
  }

  /** Somebody drains the server. */
  noteDrain(timeoutMs: number): void {
    this.#begun().noteDrain(timeoutMs);
  }

  /** The host is about to stop the game: what it does then is the game's doing. */
  noteStop(): void {
    if (this.isRecording) this.#begun().note(RecordCode.hostStop);
  }

  /** Ends the recording. Idempotent. */
  end(reason = "closed"): void {
    if (this.#tape === undefined) this.#sink.close();
    else this.#tape.end(reason);
  }

  #begin(
    role: "server" | "client",
    protocol: ProtocolCore,
    sources: TapeSources,
    server: RecordedServerOptions | undefined,
  ): RecordingTape {
    if (this.#tape !== undefined) throw new TypeError("Cannot record two ends with one recorder");
    const { keys = false, maxBytes = DEFAULT_RECORDING_BYTES, game } = this.#options;
    const header = {
      role,
      protocol: declaredProtocol(protocol),
      tickwire: TICKWIRE_VERSION,
      runtime: runtimeName(),
      startedAtMs: sources.wallClockMs(),
      hasKeys: keys,
      server,
      game,
    };
    this.#tape = new RecordingTape(this.#sink, header, sources, {
      maxBytes,
      onStopped: this.#options.onStopped ?? reportStop,
    });
    return this.#tape;
  }

  #begun(): RecordingTape {
    if (this.#tape === undefined) throw new TypeError("Cannot record: the recording has not begun");
    return this.#tape;
  }

  /** Whether something happens before the promises of what happened last are settled. */
  #isSameTurn(): boolean {
    if (this.#isTurnOpen) return true;
    this.#isTurnOpen = true;
    queueMicrotask(() => {
      this.#isTurnOpen = false;
    });
    return false;
  }
}

/** A pipe whose datagrams are noted on their way in. What leaves is noted where it is built. */
class RecordedPipe implements DatagramPipe {
  readonly kind: string;
  readonly localAddress: Address;
  readonly maxDatagramBytes: number;
  readonly deliversInBatches: boolean;
  readonly counters: Readonly<PipeCounters>;
  readonly #inner: DatagramPipe;
  readonly #tape: Tape;
  readonly #isSameTurn: () => boolean;
  readonly #onClosed: () => void;

  constructor(inner: DatagramPipe, tape: Tape, isSameTurn: () => boolean, onClosed: () => void) {
    this.kind = inner.kind;
    this.localAddress = inner.localAddress;
    this.maxDatagramBytes = inner.maxDatagramBytes;
    this.deliversInBatches = inner.deliversInBatches ?? false;
    this.counters = inner.counters;
    this.#inner = inner;
    this.#tape = tape;
    this.#isSameTurn = isSameTurn;
    this.#onClosed = onClosed;
  }

  start(onDatagram: (bytes: Uint8Array, from: Address) => void): void {
    this.#inner.start((bytes, from) => {
      this.#tape.noteDatagram(bytes, from, this.#isSameTurn());
      onDatagram(bytes, from);
    });
  }

  acquire(): TransmitSlot | undefined {
    const slot = this.#inner.acquire();
    if (slot === undefined) this.#tape.note(RecordCode.noBuffer);
    return slot;
  }

  send(slot: TransmitSlot, sizeBytes: number, to: Address): void {
    this.#inner.send(slot, sizeBytes, to);
  }

  release(slot: TransmitSlot): void {
    this.#inner.release(slot);
  }

  resolve(hostname: string, port: number): Promise<Address[]> {
    return this.#inner.resolve(hostname, port);
  }

  async close(): Promise<void> {
    await this.#inner.close();
    this.#onClosed();
  }
}

function runtimeName(): string {
  return typeof Deno === "undefined" ? "another runtime" : `Deno ${Deno.version.deno}`;
}

function reportStop(reason: string): void {
  // deno-lint-ignore no-console -- the caller has named nobody else to tell.
  console.error(`The recording was stopped: ${reason}`);
}

/** The recorder that a `record` option names or is. */
export function recorderOf(input: RecordInput): Recorder {
  if (input instanceof Recorder) return input;
  if (typeof input === "object" && "isRecording" in input) {
    throw new TypeError(
      "Cannot record: it is neither a file, nor options, nor a recorder of this module",
    );
  }
  return new Recorder(input);
}
