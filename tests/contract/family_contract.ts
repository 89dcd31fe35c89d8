/**
 * The part of the pipe contract that is about IPv4, IPv6 and what lies between.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Address } from "../../protocol/address.ts";
import { TransportError } from "../../transport/errors.ts";
import type { DatagramPipe } from "../../transport/pipe.ts";
import {
  type DefineTest,
  type PipeFixture,
  type PipeTraits,
  sendBytes,
  withPair,
} from "./pipe_fixture.ts";

/** Defines the tests of address families. */
export function testFamilies(test: DefineTest, traits: PipeTraits): void {
  const exchange = async (
    fixture: PipeFixture,
    server: DatagramPipe,
    client: DatagramPipe,
    to: Address,
  ): Promise<Address> => {
    const heard: Address[] = [];
    let answers = 0;
    server.start((bytes, from) => {
      heard.push(from);
      sendBytes(server, bytes, from);
    });
    client.start(() => answers++);
    sendBytes(client, new Uint8Array([1]), to);
    await fixture.until(() => answers === 1);
    await Promise.all([server.close(), client.close()]);
    const from = heard[0];
    assert.ok(from !== undefined);
    return from;
  };

  test("takes an IPv4-mapped target for the IPv4 host that it is", async (fixture) => {
    const server = await fixture.open({ hostname: "127.0.0.1" });
    const client = await fixture.open({ hostname: "127.0.0.1" });
    const { port } = server.localAddress;
    await exchange(fixture, server, client, { hostname: "::ffff:127.0.0.1", port });
  });

  if (traits.ipv6) {
    test("speaks IPv6", async (fixture) => {
      const server = await fixture.open({ hostname: "::1" });
      const client = await fixture.open({ hostname: "::1" });
      const [to] = await client.resolve("[::1]", server.localAddress.port);
      assert.ok(to !== undefined);
      const from = await exchange(fixture, server, client, to);
      assert.equal(from.hostname, "::1");
    });
  }

  if (traits.dualStack) {
    test("counts a target of the other family as an error", (fixture) =>
      withPair(fixture, async (a, b, received) => {
        const six = await fixture.open({ hostname: "::1" });
        sendBytes(a, new Uint8Array([1]), { hostname: "::1", port: six.localAddress.port });
        sendBytes(six, new Uint8Array([1]), { hostname: "127.0.0.1", port: b.localAddress.port });
        sendBytes(a, new Uint8Array([2]), b.localAddress);
        await fixture.until(() => received.length > 0);
        assert.deepEqual(received.map(({ bytes }) => bytes[0]), [2]);
        assert.equal(a.counters.sendErrors, 1);
        assert.equal(six.counters.sendErrors, 1);
        await assert.rejects(
          a.resolve("::1", 1),
          (error) => error instanceof TransportError && error.code === "unresolved",
        );
        await six.close();
      }, { hostname: "127.0.0.1" }));

    for (const hostname of ["127.0.0.1", "::ffff:127.0.0.1", "::1"]) {
      test(`reaches ${hostname} from a socket of both families, and back`, async (fixture) => {
        const bound = hostname === "::1" ? "::1" : "127.0.0.1";
        const server = await fixture.open({ hostname: bound });
        const client = await fixture.open({ hostname: "::" });
        await exchange(fixture, server, client, { hostname, port: server.localAddress.port });
      });

      test(`reaches a socket of both families at ${hostname}, and back`, async (fixture) => {
        const bound = hostname === "::1" ? "::1" : "127.0.0.1";
        const server = await fixture.open({ hostname: "::" });
        const client = await fixture.open({ hostname: bound });
        const { port } = server.localAddress;
        const from = await exchange(fixture, server, client, { hostname, port });
        assert.equal(from.hostname, bound === "::1" ? "::1" : "::ffff:127.0.0.1");
      });
    }

    test("resolves IPv4 hosts to mapped form on a socket of both families", async (fixture) => {
      const pipe = await fixture.open({ hostname: "::" });
      const addresses = await pipe.resolve("127.0.0.1", 9);
      assert.deepEqual(
        addresses.map(({ hostname, port }) => ({ hostname, port })),
        [{ hostname: "::ffff:127.0.0.1", port: 9 }],
      );
      await pipe.close();
    });
  }
}
