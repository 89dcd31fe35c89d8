/**
 * The API as an OpenAPI 3.1 document, made of the table that serves it.
 *
 * @module
 */
import type { Json } from "../../../schema/json.ts";
import type { Node, StructNode } from "../../../schema/node.ts";
import { errorReplySchema } from "../requests.ts";
import type { ApiRoute } from "./api_route.ts";
import { ERROR_STATUSES } from "./api_error.ts";

/** The document. */
export function openApiDocument(routes: readonly ApiRoute[]): { [key: string]: Json } {
  const schemas: Record<string, Json> = { Error: schemaOf(errorReplySchema.node) };
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    for (const body of [route.request, route.reply]) {
      if (body !== undefined) schemas[body.name] = schemaOf(body.node);
    }
    const path = paths[route.path] ?? {};
    path[route.method.toLowerCase()] = operationOf(route);
    paths[route.path] = path;
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Tickwire director",
      version: "1",
      description: "Relays, game servers, sessions and join codes. See docs/relay_api.md.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "A token of one of the roles that an operation names",
        },
        session: {
          type: "apiKey",
          in: "query",
          name: "token",
          description: "The session's own token, as renew URLs carry it",
        },
      },
    },
  };
}

function operationOf(route: ApiRoute): Json {
  const { operationId, summary, access, request, reply, status } = route;
  const roles = access.filter((who) => who !== "anyone" && who !== "session");
  const parameters = parametersOf(route);
  const security: Json[] = [
    ...(roles.length > 0 ? [{ bearer: [] }] : []),
    ...(access.includes("session") ? [{ session: [] }] : []),
  ];
  return {
    operationId,
    summary,
    description: roles.length > 0 ? `Roles: ${roles.join(", ")}.` : "No token.",
    security,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(request === undefined
      ? {}
      : { requestBody: { required: true, content: contentOf(request.name) } }),
    responses: {
      [status]: { description: "Done", content: contentOf(reply.name) },
      default: {
        description: `An error: ${Object.keys(ERROR_STATUSES).join(", ")}`,
        content: contentOf("Error"),
      },
    },
  };
}

function parametersOf({ path, parameters, needsLease }: ApiRoute): Json[] {
  const text = { type: "string" };
  const list: Json[] = [];
  if (path.includes("{id}")) list.push({ name: "id", in: "path", required: true, schema: text });
  for (const [name, description] of Object.entries(parameters)) {
    // The session's token is a security scheme of its own.
    if (name !== "token") list.push({ name, in: "query", description, schema: text });
  }
  if (needsLease) {
    list.push({
      name: "Tickwire-Lease",
      in: "header",
      required: true,
      description: "The lease token that the server was given",
      schema: text,
    });
  }
  return list;
}

function contentOf(name: string): Json {
  return { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } };
}

/** JSON Schema of a declaration, as its JSON form has it. */
export function schemaOf(node: Node): Json {
  switch (node.kind) {
    case "bool":
      return { type: "boolean" };
    case "int":
      return { type: "integer", minimum: node.min, maximum: node.max };
    case "float":
      return { type: "number" };
    case "enum":
      return { type: "string", enum: [...node.values] };
    case "string":
      // The limit is in bytes of UTF-8; no text of that many characters or fewer is refused for less.
      return { type: "string", maxLength: node.maxBytes };
    case "array":
      return {
        type: "array",
        items: schemaOf(node.element),
        minItems: node.min,
        maxItems: node.max,
      };
    case "map":
      return {
        type: "object",
        additionalProperties: schemaOf(node.value),
        maxProperties: node.max,
      };
    case "struct":
      return structSchema(node);
    case "optional":
      return schemaOf(node.inner);
    default:
      throw new TypeError(`The API has no schema for "${node.kind}"`);
  }
}

function structSchema({ fields }: StructNode): Json {
  const required = fields.filter(({ node }) => node.kind !== "optional").map(({ name }) => name);
  return {
    type: "object",
    properties: Object.fromEntries(fields.map(({ name, node }) => [name, schemaOf(node)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}
