/**
 * Game servers on Kubernetes: Agones.
 *
 * @module
 */
export * from "./agones.ts";
export * from "./agones_sdk.ts";
export * from "./agones_types.ts";
