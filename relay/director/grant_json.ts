/**
 * Grants as JSON, for whoever looks for them here: both ends of a session read them too, so they are
 * declared in `protocol/relay/api/`.
 *
 * @module
 */
export * from "../../protocol/relay/api/grant_json.ts";
