import assert from "node:assert/strict";
import {
  socketFamily,
  targetHostname,
  unmapped,
  unmappedAddress,
} from "../../transport/ip_literal.ts";

Deno.test("unmapped finds the IPv4 literal in every spelling of a mapped one, and only there", () => {
  for (
    const [hostname, expected] of [
      ["::ffff:192.0.2.1", "192.0.2.1"],
      ["::FFFF:192.0.2.1", "192.0.2.1"],
      ["::ffff:c000:201", "192.0.2.1"],
      ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
      ["0000:0000:0000:0000:0000:ffff:c000:0201", "192.0.2.1"],
      ["::ffff:0:0", "0.0.0.0"],
      ["::ffff:255.255.255.255", "255.255.255.255"],
      ["192.0.2.1", "192.0.2.1"],
      ["::1", "::1"],
      ["2001:db8::ffff:1", "2001:db8::ffff:1"],
      ["::ffff:0:192.0.2.1", "::ffff:0:192.0.2.1"],
      ["64:ff9b::192.0.2.1", "64:ff9b::192.0.2.1"],
      ["fe80::1%eth0", "fe80::1%eth0"],
      ["::ffff:1.2.3", "::ffff:1.2.3"],
      ["example.org", "example.org"],
      ["", ""],
    ] as const
  ) assert.equal(unmapped(hostname), expected, hostname);
});

Deno.test("unmappedAddress keeps the object when there is nothing to unmap", () => {
  const plain = { hostname: "192.0.2.1", port: 5 };
  assert.equal(unmappedAddress(plain), plain);
  assert.deepEqual(unmappedAddress({ hostname: "::ffff:192.0.2.1", port: 5 }), plain);
});

Deno.test("targetHostname writes each target for each kind of socket, or knows that it cannot", () => {
  const families = {
    ipv4: socketFamily("127.0.0.1"),
    ipv6: socketFamily("::1"),
    dual: socketFamily("::"),
    mapped: socketFamily("::ffff:127.0.0.1"),
  };
  assert.deepEqual(families, { ipv4: "ipv4", ipv6: "ipv6", dual: "dual", mapped: "mapped" });
  const v4 = "192.0.2.1";
  const mapped = "::ffff:192.0.2.1";
  const v6 = "2001:db8::1";
  for (const target of [v4, mapped, "::ffff:c000:201"]) {
    assert.equal(targetHostname("ipv4", target), v4);
    assert.equal(targetHostname("dual", target), mapped);
    assert.equal(targetHostname("mapped", target), mapped);
    assert.equal(targetHostname("ipv6", target), undefined);
  }
  assert.equal(targetHostname("ipv6", v6), v6);
  assert.equal(targetHostname("dual", v6), v6);
  assert.equal(targetHostname("ipv4", v6), undefined);
  assert.equal(targetHostname("mapped", v6), undefined);
  for (const name of ["", "localhost", "256.1.1.1", "[::1]", "1.2.3"]) {
    assert.equal(targetHostname("dual", name), undefined, name);
  }
});
