/**
 * The least that an echo can do: what every server is measured against.
 *
 * @module
 */

/** A running echo. */
export interface BareEcho {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  /** Ends it. */
  close(): void;
}

/**
 * Starts an echo without copies or counters, with a reused buffer per outstanding receive.
 *
 * @param receives Receives outstanding at once.
 */
export function bareEcho(receives = 1): BareEcho {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const ignore = (): void => {};
  const loop = async (): Promise<void> => {
    const buffer = new Uint8Array(2_048);
    try {
      for (;;) {
        const [bytes, from] = await socket.receive(buffer);
        socket.send(bytes, from).catch(ignore);
      }
    } catch {
      // Closed.
    }
  };
  for (let count = 0; count < receives; count++) loop();
  // A UDP socket reports NetAddr only; its type allows Unix sockets too.
  const { port } = socket.addr as Deno.NetAddr;
  return { port, close: () => socket.close() };
}
