/**
 * A simulated network with servers and clients whose every datagram, delivery and event is recorded.
 *
 * The ends are the real endpoints behind the real driver; only the network and the randomness are
 * simulated. What a scenario does is in `scenarios_*.ts`.
 *
 * @module
 */
import type { Address } from "../../protocol/address.ts";
import type { ClientEndpointOptions } from "../../protocol/client_endpoint.ts";
import { ClientEndpoint } from "../../protocol/client_endpoint.ts";
import type { CryptoBackend } from "../../protocol/crypto/backend.ts";
import { nobleBackend } from "../../protocol/crypto/noble.ts";
import type { QueryAnswer } from "../../protocol/query_asker.ts";
import { QueryAsker } from "../../protocol/query_asker.ts";
import type { SessionEvent } from "../../protocol/session_event.ts";
import type { TypedSession } from "../../protocol/typed_session.ts";
import type { Json } from "../../schema/mod.ts";
import { EndpointDriver } from "../../transport/endpoint_driver.ts";
import type { ImpairmentOptions } from "../../transport/impairment.ts";
import { Random, seedFor } from "../../transport/random.ts";
import { SimulatedNetwork } from "../../transport/simulated_network.ts";
import { addressText, type CapturedEvent, CLIENT_HOST, type DeliveredMessage } from "./capture.ts";
import { CaptureClient } from "./capture_client.ts";
import { Conform } from "./capture_protocols.ts";
import { CaptureServer, type CaptureServerOptions } from "./capture_server.ts";
import { Recorder } from "./recorder.ts";

/** What {@link CaptureLab.connect} may be told beside the options of an endpoint. */
export interface CaptureClientOptions extends Partial<ClientEndpointOptions> {
  /** The client's port; a fresh one by default. */
  readonly port?: number;
  /** The server; the first one by default. */
  readonly server?: CaptureServer;
}

/** One recorded network. */
export class CaptureLab {
  /** The network. */
  readonly network: SimulatedNetwork;
  /** What it carried. */
  readonly recorder: Recorder;
  /** What applications were handed, in order. */
  readonly delivered: DeliveredMessage[] = [];
  /** What applications were told, in order. */
  readonly events: CapturedEvent[] = [];
  /** Servers in the order in which they started; their keys are in the key log. */
  readonly servers: CaptureServer[] = [];
  /** Pure JavaScript: the same on every machine, and many may exist at once. */
  readonly crypto: CryptoBackend = nobleBackend();
  /** Draws the content of messages. */
  readonly content: Random;
  #nextPort = 40_000;

  constructor(name: string, seed: number, link: ImpairmentOptions = { delayMs: 20 }) {
    this.network = new SimulatedNetwork({ seed: seedFor(`${name} network`, seed), link });
    this.recorder = new Recorder(this.network, new Random(seedFor(`${name} secrets`, seed)));
    this.content = new Random(seedFor(`${name} content`, seed));
  }

  /** Simulated time in milliseconds. */
  get nowMs(): number {
    return this.network.clock.nowMs();
  }

  /** Starts a server. */
  serve(options: CaptureServerOptions = {}): CaptureServer {
    const server = new CaptureServer(this, options);
    this.servers.push(server);
    return server;
  }

  /** Starts a client; it connects as time goes on. */
  connect(options: CaptureClientOptions = {}): CaptureClient {
    const { port = this.#nextPort++, server = this.servers[0]!, ...rest } = options;
    const endpoint = new ClientEndpoint({
      protocol: Conform,
      crypto: this.crypto,
      random: this.recorder.random,
      serverKey: server.endpoint.staticPublic,
      addresses: [server.address],
      ...rest,
    });
    const table = (rest.protocol ?? Conform).tables[0]!;
    return new CaptureClient(this, endpoint, table, { hostname: CLIENT_HOST, port });
  }

  /** Connects and lets time go on until messages can flow both ways. */
  join(options: CaptureClientOptions = {}): CaptureClient {
    const server = options.server ?? this.servers[0]!;
    const before = server.endpoint.size;
    const client = this.connect(options);
    const isReady = this.network.runUntil(
      () => client.isOpen && server.endpoint.size > before,
      this.nowMs + 6_000,
    );
    if (!isReady) throw new Error("The client of a scenario could not connect");
    return client;
  }

  /** Asks a server a question; the answer is an event. */
  query(kind: number, page = 0): void {
    const pipe = this.network.bind(CLIENT_HOST, this.#nextPort++);
    const addresses = [this.servers[0]!.address];
    const { random } = this.recorder;
    const asker = new QueryAsker({ random, addresses, kind, page, timeoutMs: 300 }, this.nowMs);
    const driver = new EndpointDriver(asker, pipe, this.network.clock, (nowMs) => {
      if (!asker.isOver) return;
      this.note(nowMs, pipe.localAddress, "answer", answerOf(asker.answer));
      driver.stop();
    });
    driver.start();
  }

  /** Sends bytes that no endpoint sent, as a stranger does. */
  inject(bytes: Uint8Array, from: Address, to: Address): void {
    this.network.inject(bytes, from, to);
  }

  /** Lets time go on. */
  wait(durationMs: number): void {
    this.network.run(this.nowMs + durationMs);
  }

  /** Calls `step` every `intervalMs`, `count` times, while time goes on. */
  repeat(count: number, intervalMs: number, step: (n: number) => void): void {
    for (let n = 0; n < count; n++) {
      step(n);
      this.wait(intervalMs);
    }
  }

  /** Notes an event. */
  note(nowMs: number, at: Address, event: string, detail?: Json): void {
    this.events.push({
      t: nowMs,
      at: addressText(at),
      event,
      ...(detail === undefined ? {} : { detail }),
    });
  }

  /** Notes an event of a session. Callbacks are for programs. */
  noteSession(nowMs: number, at: Address, event: SessionEvent): void {
    const { kind, ...rest } = event;
    if (kind === "delivery") this.note(nowMs, at, kind, event.result);
    else if (kind === "pathChanged") this.note(nowMs, at, kind, addressText(event.address));
    else if (Object.keys(rest).length === 0) this.note(nowMs, at, kind);
    else this.note(nowMs, at, kind, JSON.parse(JSON.stringify(rest)));
  }

  /** Takes every message that waits for the application of one end. */
  drain(nowMs: number, at: Address, from: Address, typed: TypedSession): void {
    while (typed.poll(nowMs)) {
      const entry = typed.table.entries[typed.message.index]!;
      this.delivered.push({
        t: nowMs,
        at: addressText(at),
        from: addressText(from),
        message: typed.message.name,
        value: entry.codec.toJSON(typed.value),
      });
    }
  }
}

function answerOf(answer: QueryAnswer | undefined): Json {
  return answer === undefined ? null : { payload: answer.payload.toHex() };
}
