/**
 * The HTTP server of a relay process: its own pages first, the director's API behind them.
 *
 * @module
 */
import type { ApiConnection } from "../director/api/director_api.ts";
import type { Relay } from "./relay.ts";
import type { StatusApi } from "./status_api.ts";

type Fetch = (request: Request, connection: ApiConnection) => Response | Promise<Response>;

/** Paths that both a relay and a director answer: a process is well when both are. */
const HEALTH = /^\/(healthz|readyz)$/;

/** Listens before there is anything to answer, so that a taken port is found before anything else is done. */
export class HttpFront {
  readonly #hostname: string;
  #port: number;
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  #answer: Fetch = () => new Response("Starting", { status: 503, headers: { "retry-after": "1" } });

  /** Takes where to listen; port 0 picks one. */
  constructor(hostname: string, port: number) {
    this.#hostname = hostname;
    this.#port = port;
  }

  /** Where it listens, such as `http://127.0.0.1:9980`. All addresses are reached at this machine's own. */
  get url(): string {
    const hostname = this.#hostname === "::" || this.#hostname === "0.0.0.0"
      ? "127.0.0.1"
      : this.#hostname;
    return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${this.#port}`;
  }

  /** Listens, unless it does already. Throws HttpFrontError when the port is taken. */
  async listen(): Promise<void> {
    if (this.#server !== undefined) return;
    await Promise.resolve();
    try {
      this.#server = Deno.serve(
        { hostname: this.#hostname, port: this.#port, onListen: () => {} },
        (request, connection) => this.#answer(request, connection),
      );
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      throw new HttpFrontError(
        `Cannot listen on TCP port ${this.#port} at "${this.#hostname}": it is in use; ` +
          "choose another with --http-port (0 picks a free one)",
      );
    }
    this.#port = this.#server.addr.port;
  }

  /** Says who answers from now on. */
  answer(relay: Relay | undefined, api: Fetch | undefined, status: StatusApi | undefined): void {
    this.#answer = async (request, connection) => {
      const own = await status?.(request, connection);
      const isShared = api !== undefined && HEALTH.test(new URL(request.url).pathname);
      if (own !== undefined && !(isShared && own.ok)) return own;
      if (api !== undefined) return await api(request, connection);
      const message = relay === undefined ? "Nothing here" : "There is nothing at this path";
      return Response.json({ error: { code: "no-such-path", message } }, { status: 404 });
    };
  }

  /** Answers what was asked, then stops listening. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.shutdown();
  }
}

/** The HTTP port is taken. */
export class HttpFrontError extends Error {
  /** Always `"HttpFrontError"`. */
  override readonly name = "HttpFrontError";
  /** For programs. */
  readonly code = "address-in-use";
}
