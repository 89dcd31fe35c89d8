/**
 * A server whose deliveries and events are recorded.
 *
 * @module
 */
import type { Address } from "../../protocol/address.ts";
import type { SendResult } from "../../protocol/send_channel.ts";
import { ServerEndpoint } from "../../protocol/server_endpoint.ts";
import type { ServerEndpointOptions } from "../../protocol/server_endpoint_options.ts";
import type { ServerSession } from "../../protocol/session_registry.ts";
import { TypedSession } from "../../protocol/typed_session.ts";
import type { BoundMessage } from "../../schema/mod.ts";
import { EndpointDriver } from "../../transport/endpoint_driver.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { CAPTURE_EPOCH_MS, SERVER_HOST } from "./capture.ts";
import type { CaptureLab } from "./capture_lab.ts";
import { Conform } from "./capture_protocols.ts";

/** What makes a recorded server. */
export interface CaptureServerOptions extends Partial<ServerEndpointOptions> {
  /** Its port, default 9999. */
  readonly port?: number;
}

/** One recorded server. */
export class CaptureServer {
  /** The endpoint. */
  readonly endpoint: ServerEndpoint;
  /** Its X25519 secret key. */
  readonly staticSecret: Uint8Array;
  /** Keys that it shares with issuers of tickets. */
  readonly ticketKeys: readonly Uint8Array[];
  /** Whether messages stay in the session instead of being handed to the application. */
  isBusy = false;
  readonly #lab: CaptureLab;
  readonly #pipe: DatagramPipe;
  readonly #driver: EndpointDriver;
  readonly #typed = new Map<ServerSession, TypedSession>();

  constructor(lab: CaptureLab, options: CaptureServerOptions) {
    const { port = 9_999, ...rest } = options;
    this.#lab = lab;
    this.staticSecret = rest.staticSecret ?? lab.recorder.draw(32);
    this.ticketKeys = rest.ticketKeys ?? [];
    this.endpoint = new ServerEndpoint({
      protocol: Conform,
      crypto: lab.crypto,
      random: lab.recorder.random,
      epochMs: CAPTURE_EPOCH_MS,
      name: "capture",
      ...rest,
      staticSecret: this.staticSecret,
    }, lab.nowMs);
    this.#pipe = lab.network.bind(SERVER_HOST, port);
    this.#driver = new EndpointDriver(
      this.endpoint,
      this.#pipe,
      lab.network.clock,
      (nowMs) => this.#news(nowMs),
    );
    this.#driver.start();
  }

  /** Where it listens. */
  get address(): Address {
    return this.#pipe.localAddress;
  }

  /** Its sessions, oldest first. */
  get sessions(): readonly ServerSession[] {
    return [...this.endpoint.sessions()];
  }

  /** The driver; service it after calling the endpoint directly. */
  service(): void {
    this.#driver.service(this.#lab.nowMs);
  }

  /** Lets clients know of a tick that begins now. */
  startTick(tick: number): void {
    this.endpoint.time.tick = tick;
    this.endpoint.time.startedAtMs = this.#lab.nowMs;
  }

  /** Queues a message to a session. */
  send(entry: ServerSession, message: BoundMessage, value: unknown): SendResult {
    return this.#typedOf(entry).send(message, value, undefined, this.#lab.nowMs);
  }

  /** Lets everything that was queued for all sessions leave. */
  flush(): void {
    for (const entry of this.endpoint.sessions()) this.endpoint.flush(entry);
    this.service();
  }

  /** Hands the messages of all sessions to the application. */
  takeMessages(): void {
    for (const entry of this.sessions) {
      this.#drain(entry, this.#lab.nowMs);
      this.endpoint.touch(entry);
    }
    this.service();
  }

  /** Stops without a word, as a process that is killed. Its address is free then. */
  kill(): void {
    this.#driver.stop();
    // A simulated pipe is closed when the call returns; its promise is for pipes with sockets.
    void this.#pipe.close();
  }

  #news(nowMs: number): void {
    for (let entry = this.endpoint.pollNews(); entry; entry = this.endpoint.pollNews()) {
      if (!this.isBusy) this.#drain(entry, nowMs);
      for (let event = entry.session.pollEvent(); event; event = entry.session.pollEvent()) {
        this.#lab.noteSession(nowMs, this.address, event);
      }
      this.endpoint.touch(entry);
    }
  }

  #drain(entry: ServerSession, nowMs: number): void {
    this.#lab.drain(nowMs, this.address, entry.address, this.#typedOf(entry));
  }

  #typedOf(entry: ServerSession): TypedSession {
    let typed = this.#typed.get(entry);
    if (typed === undefined) {
      typed = new TypedSession(entry.session, entry.table, "client", this.endpoint.drops);
      this.#typed.set(entry, typed);
    }
    return typed;
  }
}
