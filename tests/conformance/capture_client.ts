/**
 * A client whose deliveries and events are recorded.
 *
 * @module
 */
import type { ClientEndpoint, ClientEvent } from "../../protocol/client_endpoint.ts";
import type { SendResult } from "../../protocol/send_channel.ts";
import { TypedSession } from "../../protocol/typed_session.ts";
import type { BoundMessage, WireTable } from "../../schema/mod.ts";
import { EndpointDriver } from "../../transport/endpoint_driver.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import type { CaptureLab } from "./capture_lab.ts";

/** One recorded client. */
export class CaptureClient {
  /** The endpoint. */
  readonly endpoint: ClientEndpoint;
  readonly #lab: CaptureLab;
  readonly #table: WireTable;
  #pipe: DatagramPipe;
  #driver: EndpointDriver;
  #typed: TypedSession | undefined;

  constructor(
    lab: CaptureLab,
    endpoint: ClientEndpoint,
    table: WireTable,
    local: { readonly hostname: string; readonly port: number },
  ) {
    this.#lab = lab;
    this.#table = table;
    this.endpoint = endpoint;
    endpoint.connect(lab.nowMs);
    this.#pipe = lab.network.bind(local.hostname, local.port);
    this.#driver = this.#start();
  }

  /** Whether messages can flow. */
  get isOpen(): boolean {
    return this.endpoint.session?.state === "open";
  }

  /** Queues a message. */
  send(message: BoundMessage, value: unknown): SendResult {
    return this.#typedSession().send(message, value, undefined, this.#lab.nowMs);
  }

  /** Lets everything that was queued leave. */
  flush(): void {
    this.endpoint.session?.flush();
    this.service();
  }

  /** The driver; service it after calling the endpoint directly. */
  service(): void {
    this.#driver.service(this.#lab.nowMs);
  }

  /** Goes on from another port, as behind a NAT that forgot. Nothing arrives at the old one any more. */
  rebind(hostname: string, port: number): void {
    this.#driver.stop();
    // A simulated pipe is closed when the call returns; its promise is for pipes with sockets.
    void this.#pipe.close();
    this.#pipe = this.#lab.network.bind(hostname, port);
    this.#driver = this.#start();
  }

  #start(): EndpointDriver {
    const driver = new EndpointDriver(
      this.endpoint,
      this.#pipe,
      this.#lab.network.clock,
      (nowMs) => this.#news(nowMs),
    );
    driver.start();
    return driver;
  }

  #news(nowMs: number): void {
    const at = this.#pipe.localAddress;
    for (
      let event = this.endpoint.pollEvent(nowMs);
      event !== undefined;
      event = this.endpoint.pollEvent(nowMs)
    ) this.#note(nowMs, event);
    if (this.endpoint.session === undefined) return;
    this.#lab.drain(nowMs, at, this.endpoint.address, this.#typedSession());
  }

  #note(nowMs: number, event: ClientEvent): void {
    const at = this.#pipe.localAddress;
    if (event.kind === "refused") {
      const { status, reason, retryAfterMs } = event;
      this.#lab.note(nowMs, at, "refused", { status, reason, retryAfterMs });
    } else if (event.kind === "unreachable") {
      this.#lab.note(nowMs, at, "unreachable", [...event.serverVersions ?? []]);
    } else {
      this.#lab.noteSession(nowMs, at, event);
    }
  }

  #typedSession(): TypedSession {
    const { session, drops } = this.endpoint;
    if (session === undefined) throw new Error("The client of a scenario has no session yet");
    this.#typed ??= new TypedSession(session, this.#table, "server", drops);
    return this.#typed;
  }
}
