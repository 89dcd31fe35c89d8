/**
 * A director over HTTP.
 *
 * Everything is JSON. What is refused says so in one form: `{ "error": { "code", "message" } }`.
 *
 * @module
 */
import { type Context, Hono } from "npm:hono@4.13.19";
import { bodyLimit } from "npm:hono@4.13.19/body-limit";
import { cors } from "npm:hono@4.13.19/cors";
import { canonicalHostname } from "../../../protocol/address.ts";
import type { Director } from "../director.ts";
import {
  ApiAccessControl,
  type ApiLimits,
  type ApiTokens,
  DEFAULT_API_LIMITS,
} from "./api_access.ts";
import { ApiError, errorResponse } from "./api_error.ts";
import type { ApiRoute } from "./api_route.ts";
import { API_ROUTES } from "./api_routes.ts";
import { openApiDocument } from "./openapi.ts";

/** Options of {@link directorApi}. */
export interface DirectorApiOptions {
  /** Tokens of each role. */
  readonly tokens: ApiTokens;
  /** Default: {@link DEFAULT_API_LIMITS}. */
  readonly limits?: ApiLimits;
  /**
   * Whether a proxy stands in front that appends the caller's address to `X-Forwarded-For`. Never
   * without one: callers could claim any address. Default false.
   */
  readonly behindProxy?: boolean;
  /** Told of errors that are defects; default: nobody. */
  readonly onDefect?: (error: unknown) => void;
}

/** What `Deno.serve` tells of a connection. */
export interface ApiConnection {
  /** Where it comes from. */
  readonly remoteAddr: Deno.Addr;
}

/** An API that can be served. */
export interface DirectorApi {
  /** For `Deno.serve`. */
  readonly fetch: (request: Request, connection: ApiConnection) => Response | Promise<Response>;
  /** Paths as Hono has them, for the test that compares them with the document. */
  readonly routes: readonly { readonly method: string; readonly path: string }[];
}

type Env = { Bindings: ApiConnection };

/** Makes the API of a director. Throws RangeError for tokens that can be guessed. */
export function directorApi(director: Director, options: DirectorApiOptions): DirectorApi {
  const { tokens, limits = DEFAULT_API_LIMITS, behindProxy = false, onDefect } = options;
  const access = new ApiAccessControl(director, tokens, limits);
  const app = new Hono<Env>();
  const document = openApiDocument(API_ROUTES);
  app.get("/openapi.json", (context) => context.json(document));
  for (const route of API_ROUTES) {
    const path = route.path.replace("{id}", ":id");
    // Browsers may call what needs no role's token.
    if (route.access.some((who) => who === "anyone" || who === "session")) {
      app.use(path, cors({ origin: "*", allowHeaders: ["authorization", "content-type"] }));
    }
    app.on(
      route.method,
      path,
      bodyLimit({
        maxSize: route.maxBodyBytes,
        onError: () => errorResponse(tooLarge(route)),
      }),
      async (context) => {
        const hostname = hostnameOf(context, behindProxy);
        const id = context.req.param("id") ?? "";
        const caller = access.check(route, { token: tokenOf(context, route), id, hostname });
        const body = await bodyOf(context, route);
        const reply = await route.handle({
          director,
          caller,
          id,
          body,
          hostname,
          query: (name) => context.req.query(name),
          lease: context.req.header("tickwire-lease") ?? "",
        });
        context.header("cache-control", "no-store");
        return context.json(plainObject(route.reply.codec.toJSON(reply)), route.status);
      },
    );
  }
  app.notFound(() => errorResponse(new ApiError("no-such-path", "There is nothing at this path")));
  app.onError((error) => {
    const response = errorResponse(error);
    if (response.status === 500) onDefect?.(error);
    return response;
  });
  return {
    fetch: (request, connection) => app.fetch(request, connection),
    routes: app.routes.filter(({ method }) => method !== "ALL"),
  };
}

function tooLarge({ maxBodyBytes }: ApiRoute): ApiError {
  return new ApiError("too-large", `A body has at most ${maxBodyBytes} bytes here`);
}

/** Structs become objects; Hono's types want to know. */
function plainObject(json: unknown): Record<string, never> {
  return json as Record<string, never>;
}

function tokenOf({ req }: Context<Env>, route: ApiRoute): string | undefined {
  const [scheme, token] = req.header("authorization")?.split(" ") ?? [];
  if (scheme?.toLowerCase() === "bearer" && token !== undefined) return token;
  return route.access.includes("session") ? req.query("token") : undefined;
}

/** A Unix socket has no address: whoever reaches it is on this machine. */
function hostnameOf({ req, env }: Context<Env>, behindProxy: boolean): string {
  const { remoteAddr } = env;
  const own = "hostname" in remoteAddr ? remoteAddr.hostname : "127.0.0.1";
  const last = behindProxy ? req.header("x-forwarded-for")?.split(",").at(-1)?.trim() : undefined;
  return (last === undefined ? undefined : canonicalHostname(last)) ??
    canonicalHostname(own) ?? "127.0.0.1";
}

async function bodyOf({ req }: Context<Env>, { request }: ApiRoute): Promise<object> {
  if (request === undefined) return {};
  if (req.header("content-type")?.split(";")[0]?.trim().toLowerCase() !== "application/json") {
    throw new ApiError("not-json", `Expected "content-type: application/json"`);
  }
  let json: unknown;
  try {
    json = await req.json();
  } catch (error) {
    throw new ApiError("invalid", "The body is no JSON", { cause: error });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new ApiError("invalid", "The body is no JSON object");
  }
  const known = new Set(request.node.fields.map(({ name }) => name));
  for (const name of Object.keys(json)) {
    // A misspelled wish that is ignored is a wish that is not granted.
    if (!known.has(name)) throw new ApiError("invalid", `${request.name} has no "${name}"`);
  }
  try {
    return request.codec.fromJSON(json);
  } catch (error) {
    throw new ApiError("invalid", error instanceof Error ? error.message : String(error));
  }
}
