import assert from "node:assert/strict";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import type { Address } from "../../protocol/address.ts";
import { DgramPipe } from "../../transport/node_dgram.ts";

function bind(): Promise<Socket> {
  const socket = createSocket("udp4");
  return new Promise((resolve) => socket.bind(0, "127.0.0.1", () => resolve(socket)));
}

function remote(port: number): RemoteInfo {
  return { address: "192.0.2.1", family: "IPv4", port, size: 4 };
}

Deno.test("DgramPipe drops datagrams from port 0, and everything once it is being closed", async () => {
  const socket = await bind();
  const pipe = new DgramPipe(socket);
  const sources: Address[] = [];
  pipe.start((_bytes, from) => sources.push(from));
  const bytes = new Uint8Array(4);
  socket.emit("message", bytes, remote(0));
  socket.emit("message", bytes, remote(5));
  const closing = pipe.close();
  socket.emit("message", bytes, remote(6));
  await closing;
  assert.deepEqual(sources.map(({ port }) => port), [5]);
  assert.equal(pipe.counters.portZero, 1);
  assert.equal(pipe.counters.datagramsReceived, 1);
});

Deno.test("DgramPipe counts the errors of its socket and lives on", async () => {
  const socket = await bind();
  const pipe = new DgramPipe(socket);
  socket.emit("error", new Error("ECONNRESET"));
  socket.emit("error", new Error("ECONNRESET"));
  assert.equal(pipe.counters.receiveErrors, 2);
  await pipe.close();
});
