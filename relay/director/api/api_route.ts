/**
 * One operation of the HTTP API: its path, who may call it, what goes in and out.
 *
 * @module
 */
import { type Codec, compileCodec } from "../../../schema/codec.ts";
import type { Field } from "../../../schema/field.ts";
import type { StructNode } from "../../../schema/node.ts";
import type { Director } from "../director.ts";

/** Whom a bearer token stands for. */
export type ApiRole = "relay" | "server" | "backend" | "operator";

/** Who may call: a role, everybody, or whoever holds the token of the session in the path. */
export type ApiAccess = ApiRole | "anyone" | "session";

/** What a handler is given. */
export interface ApiCall<Q> {
  /** The director that serves. */
  readonly director: Director;
  /** What the caller showed: a role's token, the session's own, or nothing. */
  readonly caller: ApiAccess;
  /** The id in the path; empty in paths without. */
  readonly id: string;
  /** The checked body; an empty object without one. */
  readonly body: Q;
  /** A query parameter. */
  readonly query: (name: string) => string | undefined;
  /** The header `Tickwire-Lease`: a server's lease token where there is no body. */
  readonly lease: string;
  /** IP literal that asks, as far as anybody knows. */
  readonly hostname: string;
}

/** A body, and what it is called in OpenAPI. */
export interface ApiBody {
  /** Name of the schema. */
  readonly name: string;
  /** What it holds. */
  readonly node: StructNode;
  /** Checks and converts. */
  readonly codec: Codec<object>;
}

/** An operation with its types erased, as the server and OpenAPI see it. */
export interface ApiRoute {
  /** HTTP method. */
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path with `{id}`. */
  readonly path: string;
  /** Name in OpenAPI and generated clients. */
  readonly operationId: string;
  /** One sentence. */
  readonly summary: string;
  /** Who may call. */
  readonly access: readonly ApiAccess[];
  /** Query parameters with their meaning. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Whether the header `Tickwire-Lease` is needed. */
  readonly needsLease: boolean;
  /** Most bytes of a request's body. */
  readonly maxBodyBytes: number;
  /** What goes in. */
  readonly request: ApiBody | undefined;
  /** What comes out. */
  readonly reply: ApiBody;
  /** Status of success. */
  readonly status: 200 | 201;
  /** Does it. */
  readonly handle: (call: ApiCall<object>) => Promise<object>;
}

/** Declaration of an operation. */
export interface ApiRouteSpec<Q extends object, R extends object> {
  /** Method and path: `"POST /v1/servers"`. */
  readonly at: `${ApiRoute["method"]} /${string}`;
  /** Name in OpenAPI and generated clients. */
  readonly operationId: string;
  /** One sentence. */
  readonly summary: string;
  /** Who may call. */
  readonly access: readonly ApiAccess[];
  /** Query parameters with their meaning. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Whether the header `Tickwire-Lease` is needed. */
  readonly needsLease?: boolean;
  /** Most bytes of a request's body. Default 64 KiB. */
  readonly maxBodyBytes?: number;
  /** What goes in, with its name. */
  readonly request?: readonly [string, Field<Q>];
  /** What comes out, with its name. */
  readonly reply: readonly [string, Field<R>];
  /** Status of success. Default 200. */
  readonly status?: 200 | 201;
  /** Does it. */
  readonly handle: (call: ApiCall<Q>) => R | Promise<R>;
}

const DEFAULT_MAX_BODY_BYTES = 65_536;

/** Declares an operation. */
export function apiRoute<Q extends object, R extends object>(spec: ApiRouteSpec<Q, R>): ApiRoute {
  const { at, operationId, summary, access, parameters = {}, needsLease = false } = spec;
  const { maxBodyBytes = DEFAULT_MAX_BODY_BYTES, request, reply, status = 200, handle } = spec;
  const [method, path = ""] = at.split(" ");
  return Object.freeze({
    // The template type of `at` says as much; `split` forgets it.
    method: method as ApiRoute["method"],
    path,
    operationId,
    summary,
    access,
    parameters,
    needsLease,
    maxBodyBytes,
    request: request && bodyOf(...request),
    reply: bodyOf(...reply),
    status,
    // The body that comes in has been through the codec of `request`, which makes a Q.
    handle: async (call: ApiCall<object>) => await handle(call as ApiCall<Q>),
  });
}

function bodyOf(name: string, field: Field<object>): ApiBody {
  if (field.node.kind !== "struct") throw new TypeError(`The body "${name}" is no struct`);
  return { name, node: field.node, codec: compileCodec(field, { name, backend: "interpreter" }) };
}
