/**
 * Opens the best UDP pipe that this process can have.
 *
 * @module
 */
import type { DatagramPipe } from "./pipe.ts";
import type { SocketOptions } from "./socket_binding.ts";
import { hasListenDatagram, openUdp } from "./udp.ts";

/** How to open a UDP pipe. */
export interface DatagramPipeOptions extends SocketOptions {
  /**
   * `"udp"` for `Deno.listenDatagram`, which needs `--unstable-net`; `"dgram"` for `node:dgram`, which
   * needs nothing and is slower. Default `"auto"`: the first of the two that is there.
   */
  via?: "auto" | "udp" | "dgram" | undefined;
}

/**
 * Opens a UDP pipe.
 *
 * @example
 * ```ts
 * import { openDatagramPipe } from "./open_datagram_pipe.ts";
 *
 * const pipe = await openDatagramPipe({ hostname: "127.0.0.1", port: 0 });
 * pipe.start((bytes, from) => {
 *   const slot = pipe.acquire();
 *   if (slot === undefined) return;
 *   slot.bytes.set(bytes);
 *   pipe.send(slot, bytes.byteLength, from);
 * });
 * await pipe.close();
 * ```
 *
 * @throws {TransportError} `flag-missing` if `via` is `"udp"` and Deno runs without `--unstable-net`;
 * `address-in-use`, `address-not-available` if the address cannot be bound.
 */
export async function openDatagramPipe(options: DatagramPipeOptions): Promise<DatagramPipe> {
  const { via = "auto" } = options;
  if (via === "udp" || (via === "auto" && hasListenDatagram())) return await openUdp(options);
  // Loaded only where it is needed: whoever has the flag does not pay for it.
  const { openDgram } = await import("./node_dgram.ts");
  return await openDgram(options);
}
