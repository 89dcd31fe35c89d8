/**
 * What the two kinds of UDP socket have in common when they are opened: options, the default
 * hostname, and errors with a code.
 *
 * @module
 */
import { TransportError } from "./errors.ts";
import type { Allocate } from "./slot_pool.ts";

/** How to open a UDP socket. */
export interface SocketOptions {
  /**
   * Address to bind. Default: `"::"`, which hears both families, or `"0.0.0.0"` on a machine without
   * IPv6. It is always passed on, because the platforms' own defaults changed between releases.
   */
  hostname?: string | undefined;
  /** Port to bind, 0 to 65,535; 0 lets the system choose. */
  port: number;
  /**
   * Lets another process that also says so bind the same address later. On Linux the last one that bound
   * gets what comes in, while the others go on sending. Default false: a taken address is refused.
   */
  reuseAddress?: boolean | undefined;
  /** Where the receive buffer and the transmit slab live; called once for each. Default: the heap. */
  allocate?: Allocate | undefined;
  /**
   * Datagrams that may be in flight at once, at least one burst between two turns of the event loop.
   * Default 512.
   */
  transmitSlots?: number | undefined;
}

/** Codes with which a machine without IPv6 refuses to bind `::`. */
const NO_IPV6: ReadonlySet<string> = new Set(["EAFNOSUPPORT", "EADDRNOTAVAIL", "EPROTONOSUPPORT"]);

/**
 * Binds with `bind`, falling back from `::` to `0.0.0.0` where no hostname was asked for.
 *
 * @throws {RangeError} if the port is not 0 to 65,535.
 * @throws {TransportError} `address-in-use` or `address-not-available`; other errors as they are.
 */
export async function bindSocket<Socket>(
  options: SocketOptions,
  bind: (hostname: string, port: number) => Socket | Promise<Socket>,
): Promise<Socket> {
  const { hostname, port } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`Cannot bind port ${port}: a port is 0 to 65,535`);
  }
  if (hostname !== undefined) return await bindAt(hostname, port, bind);
  try {
    return await bind("::", port);
  } catch (error) {
    if (!NO_IPV6.has(errorCode(error))) throw bindingError(error, "::", port);
    return await bindAt("0.0.0.0", port, bind);
  }
}

async function bindAt<Socket>(
  hostname: string,
  port: number,
  bind: (hostname: string, port: number) => Socket | Promise<Socket>,
): Promise<Socket> {
  try {
    return await bind(hostname, port);
  } catch (error) {
    throw bindingError(error, hostname, port);
  }
}

function bindingError(error: unknown, hostname: string, port: number): unknown {
  const where = `Cannot bind UDP port ${port} at "${hostname}"`;
  switch (errorCode(error)) {
    case "EADDRINUSE":
      return new TransportError("address-in-use", `${where}: the address is in use`, {
        cause: error,
      });
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
      return new TransportError(
        "address-not-available",
        `${where}: this machine has no such address`,
        { cause: error },
      );
    default:
      return error;
  }
}

/** The system's code of an error, such as `"EADDRINUSE"`: classes differ between platforms, codes do not. */
export function errorCode(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}
