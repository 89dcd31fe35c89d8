/**
 * The part of the pipe contract that is about the end of a pipe.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type DefineTest, sendBytes, withPair } from "./pipe_fixture.ts";

/** Defines the tests of closing. */
export function testClosing(test: DefineTest): void {
  test("closes more than once, before it has started and with datagrams in flight", async (fixture) => {
    const idle = await fixture.open();
    await Promise.all([idle.close(), idle.close()]);
    await idle.close();
    const busy = await fixture.open();
    busy.start(() => {});
    for (let count = 0; count < 10; count++) {
      sendBytes(busy, new Uint8Array(10), busy.localAddress);
    }
    await Promise.all([busy.close(), busy.close()]);
    await busy.close();
  });

  test("counts a send after close as an error and gives the slot back", (fixture) =>
    withPair(fixture, async (a, b) => {
      const slot = a.acquire();
      assert.ok(slot !== undefined);
      await a.close();
      a.send(slot, 1, b.localAddress);
      assert.equal(a.counters.sendErrors, 1);
      assert.equal(a.acquire(), slot);
    }, { transmitSlots: 1 }));

  test("delivers nothing after close, even when it is closed by the handler", (fixture) =>
    withPair(fixture, async (a, b) => {
      let calls = 0;
      a.start(() => {
        calls++;
        a.close();
      });
      for (let count = 0; count < 5; count++) sendBytes(b, new Uint8Array(1), a.localAddress);
      await fixture.until(() => calls > 0 && b.counters.datagramsSent === 5);
      await a.close();
      assert.equal(calls, 1);
    }));
}
