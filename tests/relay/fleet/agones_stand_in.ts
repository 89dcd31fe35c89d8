/**
 * A stand-in for the REST gateway of Agones: same paths, same forms, same refusals.
 *
 * @module
 */
import assert from "node:assert/strict";
import { AgonesSdk } from "../../../relay/fleet/agones_sdk.ts";

interface StoredList {
  readonly values: string[];
  capacity: number;
}

/** The gateway of one game server, on loopback. */
export class AgonesStandIn {
  /** `"POST /ready"` and so on, in order. */
  readonly requests: string[] = [];
  /** State of the game server. */
  state = "Scheduled";
  /** Status with which the next requests are refused; 0 for none. */
  refuseWith = 0;
  readonly labels: Record<string, string> = {};
  readonly annotations: Record<string, string> = {};
  readonly counters = new Map([["players", { count: 0, capacity: 64 }]]);
  readonly lists = new Map<string, StoredList>([["rooms", { values: [], capacity: 2 }]]);
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #watchers = new Set<ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>>();
  #waiting: { readonly predicate: () => boolean; readonly resolve: () => void }[] = [];

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  /** Where it listens. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** An SDK that speaks to it. */
  sdk(): AgonesSdk {
    return new AgonesSdk({ url: this.url });
  }

  /** How many watches are open. */
  get watches(): number {
    return this.#watchers.size;
  }

  /** Waits for requests until something holds. */
  until(predicate: () => boolean): Promise<void> {
    if (predicate()) return Promise.resolve();
    return new Promise((resolve) => void this.#waiting.push({ predicate, resolve }));
  }

  /** Changes the state, and tells all watches. */
  change(state: string): void {
    this.state = state;
    for (const watcher of this.#watchers) watcher.enqueue(this.#line());
  }

  /** Breaks all watches, as a restart of the gateway does. */
  breakWatches(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers.clear();
  }

  /** Sends raw text to all watches. */
  sendRaw(text: string): void {
    for (const watcher of this.#watchers) watcher.enqueue(new TextEncoder().encode(text));
  }

  async close(): Promise<void> {
    this.breakWatches();
    await this.#server.shutdown();
  }

  #line(): Uint8Array<ArrayBuffer> {
    return new TextEncoder().encode(`${JSON.stringify({ result: this.#description() })}\n`);
  }

  #description(): object {
    return {
      object_meta: {
        name: "arena-x7k2p",
        namespace: "default",
        labels: this.labels,
        annotations: this.annotations,
        creation_timestamp: "1767268800",
      },
      status: {
        state: this.state,
        address: "198.51.100.20",
        ports: [{ name: "game", port: 7_654 }],
      },
    };
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const text = await request.text();
    this.requests.push(`${request.method} ${pathname}`);
    const response = this.refuseWith === 0
      ? this.#reply(request.method, pathname, text === "" ? {} : JSON.parse(text))
      : Response.json({ code: 2, message: "not now" }, { status: this.refuseWith });
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ predicate }) => !predicate());
    for (const { predicate, resolve } of waiting) if (predicate()) resolve();
    return response;
  }

  #reply(method: string, path: string, body: Record<string, string>): Response {
    const states: Record<string, string> = {
      "/ready": "Ready",
      "/allocate": "Allocated",
      "/reserve": "Reserved",
      "/shutdown": "Shutdown",
    };
    if (method === "POST" && path === "/health") return Response.json({});
    const state = states[path];
    if (method === "POST" && state !== undefined) {
      if (path === "/reserve") assert.match(body.seconds ?? "", /^\d+$/, "seconds travel as text");
      this.change(state);
      return Response.json({});
    }
    if (path === "/gameserver") return Response.json(this.#description());
    if (path === "/watch/gameserver") return this.#watch();
    const metadata = { "/metadata/label": this.labels, "/metadata/annotation": this.annotations };
    if (method === "PUT" && path in metadata) {
      const target = metadata[path as keyof typeof metadata];
      target[`agones.dev/sdk-${body.key}`] = body.value ?? "";
      return Response.json({});
    }
    return this.#beta(method, path, body);
  }

  #beta(method: string, path: string, body: Record<string, string>): Response {
    const [, kind, name = "", action] =
      /^\/v1beta1\/(counters|lists)\/([^:]+)(?::(\w+))?$/.exec(path) ?? [];
    const counter = kind === "counters" ? this.counters.get(name) : undefined;
    if (counter !== undefined) {
      counter.capacity = Number(body.capacity ?? counter.capacity);
      counter.count = Number(body.count ?? counter.count) + Number(body.countDiff ?? 0);
      if (counter.count > counter.capacity) return new Response("out of range", { status: 400 });
      // 64-bit numbers are texts, and 0 is left out.
      const count = counter.count === 0 ? {} : { count: `${counter.count}` };
      return Response.json({ name, ...count, capacity: `${counter.capacity}` });
    }
    const list = kind === "lists" ? this.lists.get(name) : undefined;
    if (list === undefined) {
      return Response.json({ code: 5, message: "not found" }, { status: 404 });
    }
    const { value = "" } = body;
    const at = list.values.indexOf(value);
    if (action === "addValue") {
      if (at >= 0 || list.values.length >= list.capacity) return new Response("", { status: 409 });
      list.values.push(value);
    } else if (action === "removeValue") {
      if (at < 0) return new Response("", { status: 404 });
      list.values.splice(at, 1);
    } else if (method === "PATCH") list.capacity = Number(body.capacity);
    return Response.json({ name, capacity: `${list.capacity}`, values: list.values });
  }

  #watch(): Response {
    let own: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        own = controller;
        this.#watchers.add(controller);
        controller.enqueue(this.#line());
      },
      cancel: () => void (own && this.#watchers.delete(own)),
    });
    return new Response(stream, { headers: { "content-type": "application/json" } });
  }
}
