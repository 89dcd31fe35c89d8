/**
 * The director, and its HTTP API.
 *
 * @module
 */
export * from "./api/api_access.ts";
export * from "./api/api_error.ts";
export * from "./api/director_api.ts";
export * from "./api/secrets_file.ts";
export * from "./api/serve_director.ts";
export * from "./director.ts";
export * from "./director_error.ts";
export type * from "./fleet_hooks.ts";
export * from "../../protocol/relay/api/grant_json.ts";
export type * from "./requests.ts";
export type * from "./route_planner.ts";
export * from "../../protocol/relay/api/sealed_keys.ts";
