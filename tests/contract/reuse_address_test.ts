import assert from "node:assert/strict";
import { TransportError } from "../../transport/errors.ts";
import { openDgram } from "../../transport/node_dgram.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import { openUdp } from "../../transport/udp.ts";
import { turnUntil } from "./socket_fixture.ts";

const HERE = "127.0.0.1";

/** Lets a pipe note the first byte of what comes in. */
function listenTo(pipe: DatagramPipe): number[] {
  const heard: number[] = [];
  pipe.start((bytes) => void heard.push(bytes[0]!));
  return heard;
}

function send(pipe: DatagramPipe, byte: number, to: DatagramPipe): void {
  const slot = pipe.acquire()!;
  slot.bytes[0] = byte;
  pipe.send(slot, 1, to.localAddress);
}

// Which of two sockets hears is the system's to decide: this is how Linux does, and what a takeover needs.
for (const [name, open] of [["udp", openUdp], ["dgram", openDgram]] as const) {
  Deno.test({
    name: `${name}: a second socket on a shared address hears, while the first can still speak`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      const old = await open({ hostname: HERE, port: 0, reuseAddress: true });
      const { port } = old.localAddress;
      const peer = await open({ hostname: HERE, port: 0 });
      const [atOld, atPeer] = [listenTo(old), listenTo(peer)];
      send(peer, 1, old);
      await turnUntil(() => atOld.length === 1);
      await assert.rejects(
        open({ hostname: HERE, port }),
        (error) => error instanceof TransportError && error.code === "address-in-use",
        "who does not say so is refused",
      );
      const young = await open({ hostname: HERE, port, reuseAddress: true });
      const atYoung = listenTo(young);
      send(peer, 2, young);
      send(old, 3, peer);
      await turnUntil(() => atYoung.length + atOld.length === 2 && atPeer.length === 1);
      assert.deepEqual([atOld, atYoung, atPeer], [[1], [2], [3]]);
      for (const pipe of [old, peer, young]) await pipe.close();
    },
  });

  Deno.test(`${name}: an address that was not opened for sharing is not shared`, async () => {
    const pipe = await open({ hostname: HERE, port: 0 });
    const { port } = pipe.localAddress;
    await assert.rejects(open({ hostname: HERE, port, reuseAddress: true }), TransportError);
    await pipe.close();
  });
}
