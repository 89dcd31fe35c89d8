/**
 * Comparison of secrets that takes as long for a wrong one as for the right one.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";

/** Whether two texts are equal. Hashes are compared, so that not even the length shows. */
export function equalText(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
