/**
 * Random bytes from the operating system.
 *
 * @module
 */

/** Fills a buffer with bytes that nobody can guess. */
export function systemRandom(into: Uint8Array): void {
  // A view of shared or WebAssembly memory is no legal target; those bytes come by way of a copy.
  if (into.buffer instanceof ArrayBuffer) crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
  else into.set(crypto.getRandomValues(new Uint8Array(into.byteLength)));
}
