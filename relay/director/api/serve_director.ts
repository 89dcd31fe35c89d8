/**
 * Serves a director's API with `Deno.serve`.
 *
 * @module
 */
import type { Director } from "../director.ts";
import { directorApi, type DirectorApiOptions } from "./director_api.ts";

/** Options of {@link serveDirector}. */
export interface ServeDirectorOptions extends DirectorApiOptions {
  /** Where to listen. Default `"127.0.0.1"`: the rest of the world comes through a TLS proxy. */
  readonly hostname?: string;
  /** TCP port, 0 for a free one. Default 9980. */
  readonly port?: number;
}

/** A director that listens. */
export interface ServedDirector {
  /** Where, such as `http://127.0.0.1:9980`. */
  readonly url: string;
  /** Answers what was asked, then stops listening. The director stays open. */
  close(): Promise<void>;
}

/** Port of a director that is told no other. */
export const DEFAULT_DIRECTOR_PORT = 9_980;

/** Begins to listen. Throws what `Deno.serve` throws when the port is taken, RangeError for weak tokens. */
export function serveDirector(director: Director, options: ServeDirectorOptions): ServedDirector {
  const { hostname = "127.0.0.1", port = DEFAULT_DIRECTOR_PORT } = options;
  const { fetch } = directorApi(director, options);
  const server = Deno.serve({ hostname, port, onListen: () => {} }, fetch);
  const { hostname: bound, port: boundPort } = server.addr;
  const host = bound.includes(":") ? `[${bound}]` : bound;
  return {
    url: `http://${host}:${boundPort}`,
    close: () => server.shutdown(),
  };
}
