/**
 * The version that recordings are stamped with. A test keeps it equal to that of deno.json, which the
 * modules that a URL can reach must not import.
 *
 * @module
 */

/** This version of Tickwire. */
export const TICKWIRE_VERSION = "0.1.0";
