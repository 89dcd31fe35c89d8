/**
 * The SDK of Agones for a game server in Kubernetes, over its REST gateway.
 *
 * Agones runs the gateway beside the game server, on `localhost:${AGONES_SDK_HTTP_PORT}`. Plain `fetch`
 * is all it takes. Names and forms are those of the gateway; nothing here knows of directors.
 *
 * @module
 */
import {
  type AgonesCounter,
  AgonesError,
  type AgonesGameServer,
  type AgonesList,
  readCounter,
  readGameServer,
  readList,
} from "./agones_types.ts";
import { jsonLines } from "./json_lines.ts";

/** Port of the gateway unless the environment says otherwise. */
export const DEFAULT_AGONES_PORT = 9_358;

/** Longest text of an error that is repeated. */
const MAX_DETAIL_CHARACTERS = 200;

/** Options of {@link AgonesSdk}. */
export interface AgonesSdkOptions {
  /** Default: `http://localhost:` and `AGONES_SDK_HTTP_PORT`, or 9358. */
  readonly url?: string;
  /** Longest wait for an answer. Default 5,000 ms: health counts every five seconds. */
  readonly timeoutMs?: number;
  /** Sends requests. Default: `fetch`. */
  readonly fetch?: typeof fetch;
}

/** Changes to a counter; at least one. */
export interface CounterChange {
  /** Sets the count. */
  readonly count?: number;
  /** Sets the capacity. */
  readonly capacity?: number;
  /** Adds to the count, which stays within 0 and the capacity. */
  readonly countDiff?: number;
}

/** The gateway's operations. All throw {@link AgonesError}. */
export class AgonesSdk {
  readonly #url: string;
  readonly #timeoutMs: number;
  readonly #fetch: typeof fetch;

  /** Makes an SDK that asks nothing yet. */
  constructor(options: AgonesSdkOptions = {}) {
    const port = Deno.env.get("AGONES_SDK_HTTP_PORT") ?? DEFAULT_AGONES_PORT;
    this.#url = (options.url ?? `http://localhost:${port}`).replace(/\/$/, "");
    this.#timeoutMs = options.timeoutMs ?? 5_000;
    this.#fetch = options.fetch ?? fetch;
  }

  /** Whether this process was started by Agones. */
  static isPresent(): boolean {
    return Deno.env.has("AGONES_SDK_HTTP_PORT");
  }

  /** Says that players may come. */
  ready(): Promise<void> {
    return this.#tell("POST", "/ready");
  }

  /** Says that the server is well; expected every few seconds, or Agones replaces it. */
  health(): Promise<void> {
    return this.#tell("POST", "/health");
  }

  /** Says that players are here: the server is not stopped for having too many of its kind. */
  allocate(): Promise<void> {
    return this.#tell("POST", "/allocate");
  }

  /** Keeps the server from being allocated or stopped for a while, then it is ready again; 0 s for ever. */
  async reserve(seconds: number): Promise<void> {
    await this.#tell("POST", "/reserve", { seconds: String(checkWhole("seconds", seconds)) });
  }

  /** Asks to be ended. */
  shutdown(): Promise<void> {
    return this.#tell("POST", "/shutdown");
  }

  /** The server as Kubernetes describes it. */
  async gameServer(): Promise<AgonesGameServer> {
    return readGameServer(await this.#ask("GET", "/gameserver"));
  }

  /** Every change of the description, beginning with the present one, until `signal` aborts. */
  async *watch(signal?: AbortSignal): AsyncGenerator<AgonesGameServer, void, undefined> {
    const response = await this.#send("GET", "/watch/gameserver", { signal: signal ?? null });
    if (response.body === null) throw new AgonesError("malformed", "Agones watches nothing");
    try {
      for await (const line of jsonLines(response.body)) {
        // The gateway wraps each message of a stream.
        if (isRecord(line) && isRecord(line.result)) yield readGameServer(line.result);
        else throw new AgonesError("malformed", "Agones tells of no game server");
      }
    } catch (error) {
      if (signal?.aborted === true) return;
      throw error instanceof AgonesError
        ? error
        : new AgonesError("unreachable", "The watch ended early", { cause: error });
    }
  }

  /** Sets a label, which Agones prefixes with `agones.dev/sdk-`. */
  setLabel(key: string, value: string): Promise<void> {
    return this.#tell("PUT", "/metadata/label", { key, value });
  }

  /** Sets an annotation, which Agones prefixes with `agones.dev/sdk-`. */
  setAnnotation(key: string, value: string): Promise<void> {
    return this.#tell("PUT", "/metadata/annotation", { key, value });
  }

  /** A counter that the fleet declares. */
  async counter(name: string): Promise<AgonesCounter> {
    return readCounter(await this.#ask("GET", `/v1beta1/counters/${encodeURIComponent(name)}`));
  }

  /** Changes a counter; returns what it is afterwards. */
  async changeCounter(name: string, change: CounterChange): Promise<AgonesCounter> {
    const body = Object.fromEntries(
      Object.entries(change).map(([key, value]) => [key, String(checkWhole(key, value))]),
    );
    if (Object.keys(body).length === 0) {
      throw new RangeError(`Counter "${name}": nothing to change`);
    }
    return readCounter(
      await this.#ask("PATCH", `/v1beta1/counters/${encodeURIComponent(name)}`, body),
    );
  }

  /** A list that the fleet declares. */
  async list(name: string): Promise<AgonesList> {
    return readList(await this.#ask("GET", `/v1beta1/lists/${encodeURIComponent(name)}`));
  }

  /** Changes the capacity of a list, 0 to 1,000. */
  async setListCapacity(name: string, capacity: number): Promise<AgonesList> {
    const body = { capacity: String(checkWhole("capacity", capacity)) };
    return readList(await this.#ask("PATCH", `/v1beta1/lists/${encodeURIComponent(name)}`, body));
  }

  /** Adds a value to a list; `refused` when it is there already or the list is full. */
  async addToList(name: string, value: string): Promise<AgonesList> {
    const path = `/v1beta1/lists/${encodeURIComponent(name)}:addValue`;
    return readList(await this.#ask("POST", path, { value }));
  }

  /** Removes a value from a list; `refused` when it is not there. */
  async removeFromList(name: string, value: string): Promise<AgonesList> {
    const path = `/v1beta1/lists/${encodeURIComponent(name)}:removeValue`;
    return readList(await this.#ask("POST", path, { value }));
  }

  async #tell(method: string, path: string, body: object = {}): Promise<void> {
    await this.#ask(method, path, body);
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const response = await this.#send(method, path, {
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(this.#timeoutMs),
    });
    try {
      const text = await response.text();
      return text === "" ? {} : JSON.parse(text);
    } catch (error) {
      throw new AgonesError("malformed", `Agones answers ${method} ${path} with no JSON`, {
        cause: error,
      });
    }
  }

  async #send(method: string, path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await this.#fetch(`${this.#url}${path}`, {
        ...init,
        method,
        headers: { "content-type": "application/json" },
      });
    } catch (error) {
      throw new AgonesError("unreachable", `Agones does not answer ${method} ${path}`, {
        cause: error,
      });
    }
    if (response.ok) return response;
    const detail = (await response.text().catch(() => "")).slice(0, MAX_DETAIL_CHARACTERS);
    throw new AgonesError(
      "refused",
      `Agones refuses ${method} ${path}: ${response.status} ${detail}`,
    );
  }
}

/** The gateway takes 64-bit numbers as texts. */
function checkWhole(name: string, value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new RangeError(`"${name}" is a whole number, not ${value}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
