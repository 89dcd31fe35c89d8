/**
 * A fixture of {@link testPipeContract} for pipes on real sockets of this machine.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import type { Address } from "../../protocol/address.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import type { SocketOptions } from "../../transport/socket_binding.ts";
import type { PipeFixture, RawSender } from "./pipe_fixture.ts";

/** Longest wait for loopback, far beyond what a loaded machine needs: only a failing test waits it out. */
const PATIENCE_MS = 10_000;

/** Makes a fixture whose pipes are opened by `open` at 127.0.0.1 unless a test says otherwise. */
export function socketFixture(
  open: (options: SocketOptions) => Promise<DatagramPipe>,
  openRaw: () => RawSender,
): PipeFixture {
  return {
    open: (options = {}) => open({ hostname: "127.0.0.1", port: 0, ...options }),
    until: turnUntil,
    openRaw,
  };
}

/** Lets the event loop turn until the predicate holds. */
export async function turnUntil(predicate: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!predicate()) {
    if (performance.now() > deadlineMs) {
      throw new Error(`What the test waits for has not happened within ${PATIENCE_MS} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Whether this machine has an IPv6 loopback; containers often have none. */
export function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

/** A bare socket of Deno. */
export function openRawUdp(): RawSender {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  return {
    async send(bytes: Uint8Array, to: Address): Promise<void> {
      await socket.send(bytes, { transport: "udp", hostname: to.hostname, port: to.port });
    },
    close: () => socket.close(),
  };
}

/** A bare socket of `node:dgram`. */
export function openRawDgram(): RawSender {
  const socket = createSocket("udp4");
  return {
    send: (bytes: Uint8Array, to: Address): Promise<void> =>
      new Promise((resolve, reject) => {
        socket.send(bytes, to.port, to.hostname, (error) => error ? reject(error) : resolve());
      }),
    close: () => socket.close(),
  };
}
