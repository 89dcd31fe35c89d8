/**
 * Sealed keys, for whoever looks for them here: game servers open them too, so they are declared in
 * `protocol/relay/api/`.
 *
 * @module
 */
export * from "../../protocol/relay/api/sealed_keys.ts";
