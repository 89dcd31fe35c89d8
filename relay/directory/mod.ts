/**
 * The directory: what directors know together, in memory or at NATS.
 *
 * @module
 */
export * from "./directory.ts";
export * from "./leader_lease.ts";
export * from "./memory_directory.ts";
export * from "./nats_directory.ts";
export type * from "./records.ts";
