/**
 * The next turn of the event loop, as soon as the platform allows.
 *
 * @module
 */

/**
 * Calls back in the next turn of the event loop, after every microtask of this one and after I/O that is
 * ready; returns what cancels it. About 3 µs in Deno; browsers, which have no `setImmediate`, may take 4 ms.
 */
export function nextTurn(callback: () => void): () => void {
  if (typeof setImmediate === "undefined") {
    const handle = setTimeout(callback, 0);
    return () => clearTimeout(handle);
  }
  const handle = setImmediate(callback);
  return () => clearImmediate(handle);
}
