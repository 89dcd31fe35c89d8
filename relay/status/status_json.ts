/**
 * A snapshot as JSON, for programs that would rather not read metrics.
 *
 * @module
 */
import type { RelaySnapshot } from "./relay_snapshot.ts";

/** The snapshot as it is, with `null` for what is not known. */
export function statusJson(snapshot: RelaySnapshot): string {
  // JSON itself writes null for Infinity and NaN, but leaves out what is undefined.
  return JSON.stringify(snapshot, (_, value) => value === undefined ? null : value);
}
