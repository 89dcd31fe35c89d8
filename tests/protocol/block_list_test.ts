import assert from "node:assert/strict";
import { BlockList as NodeBlockList } from "node:net";
import fc from "fast-check";
import { BlockList } from "../../protocol/block_list.ts";

function blocked(cidr: string): BlockList {
  const list = new BlockList();
  list.add(cidr);
  return list;
}

Deno.test("isBlocked is true inside of the network and false beside it", () => {
  const cases: readonly [string, readonly string[], readonly string[]][] = [
    ["192.0.2.7", ["192.0.2.7", "::ffff:192.0.2.7", "::ffff:c000:207"], ["192.0.2.6", "192.0.2.8"]],
    ["192.0.2.7/32", ["192.0.2.7"], ["192.0.2.6"]],
    ["192.0.2.0/24", ["192.0.2.0", "192.0.2.255"], ["192.0.1.255", "192.0.3.0"]],
    ["192.0.2.128/25", ["192.0.2.128", "192.0.2.255"], ["192.0.2.127", "192.0.3.128"]],
    ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]],
    ["128.0.0.0/1", ["128.0.0.0", "255.255.255.255"], ["127.255.255.255", "8000::"]],
    ["0.0.0.0/0", ["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"], ["::", "2001:db8::1"]],
    ["::ffff:192.0.2.0/120", ["192.0.2.9", "::ffff:192.0.2.9"], ["192.0.3.9"]],
    ["2001:db8::7", ["2001:db8::7", "2001:DB8:0:0::7"], ["2001:db8::6", "2001:db8::8"]],
    ["2001:db8::/32", ["2001:db8::", "2001:db8:ffff::1"], ["2001:db7:ffff::", "2001:db9::"]],
    ["2001:db8:1:2::/64", ["2001:db8:1:2::9"], ["2001:db8:1:3::9", "2001:db8:1:1:ffff::"]],
    ["2001:db8::8000/113", ["2001:db8::ffff"], ["2001:db8::7fff", "2001:db8::1:8000"]],
    ["8000::/1", ["8000::", "ffff::1"], ["7fff::", "128.0.0.1"]],
    ["::/0", ["::", "2001:db8::1"], ["1.2.3.4", "::ffff:1.2.3.4"]],
  ];
  for (const [cidr, inside, beside] of cases) {
    const list = blocked(cidr);
    for (const hostname of inside) assert(list.isBlocked(hostname, 0), `${hostname} in ${cidr}`);
    for (const hostname of beside) {
      assert(!list.isBlocked(hostname, 0), `${hostname} not in ${cidr}`);
    }
  }
});

Deno.test("an empty list blocks nothing, and what is no address is never blocked", () => {
  assert(!new BlockList().isBlocked("1.2.3.4", 0));
  const list = blocked("0.0.0.0/0");
  list.add("::/0");
  for (const hostname of ["", "localhost", "1.2.3", "::1%eth0", "1.2.3.4/32"]) {
    assert(!list.isBlocked(hostname, 0));
  }
});

Deno.test("add refuses what is no network, and says why", () => {
  const bad: readonly [string, RegExp][] = [
    ["", /"" is no IPv4 or IPv6 address literal/],
    ["example.org", /"example.org" is no IPv4/],
    ["1.2.3/8", /"1.2.3" is no IPv4/],
    ["1.2.3.4/", /"" is no prefix length of 0 to 32/],
    ["1.2.3.4/33", /"33" is no prefix length of 0 to 32/],
    ["1.2.3.4/-1", /"-1" is no prefix length/],
    ["1.2.3.4/08", /"08" is no prefix length/],
    ["1.2.3.4/8.0", /"8.0" is no prefix length/],
    ["1.2.3.4/ 8", /" 8" is no prefix length/],
    ["1.2.3.4/32/32", /"32\/32" is no prefix length/],
    ["1.2.3.4/255.255.255.0", /is no prefix length/],
    ["::1/129", /"129" is no prefix length of 0 to 128/],
    ["10.1.2.3/8", /the network is "10.0.0.0\/8"/],
    ["192.0.2.1/31", /the network is "192.0.2.0\/31"/],
    ["0.0.0.1/0", /the network is "0.0.0.0\/0"/],
    ["2001:db8::1/64", /the network is "2001:db8::\/64"/],
    ["2001:db8:8000::/32", /the network is "2001:db8::\/32"/],
    ["::ffff:1.2.3.4/95", /bits after its prefix/],
  ];
  const list = new BlockList();
  for (const [cidr, message] of bad) {
    assert.throws(
      () => list.add(cidr),
      (error) => error instanceof TypeError && message.test(error.message),
    );
    assert.throws(() => list.remove(cidr), TypeError);
  }
  assert.throws(() => list.add("1.2.3.4", NaN), RangeError);
  assert.equal(list.size, 0);
});

Deno.test("a block holds until its moment and not at it", () => {
  const list = new BlockList();
  list.add("192.0.2.0/24", 1_000);
  assert(list.isBlocked("192.0.2.1", -5));
  assert(list.isBlocked("192.0.2.1", 999.9));
  assert(!list.isBlocked("192.0.2.1", 1_000));
  assert(!list.isBlocked("192.0.2.1", 1e15));
});

Deno.test("adding a network again replaces its moment, whatever way it is written", () => {
  const list = new BlockList();
  list.add("192.0.2.7", 1_000);
  list.add("::ffff:192.0.2.7/128", 2_000);
  assert.equal(list.size, 1);
  assert(list.isBlocked("192.0.2.7", 1_500));
  list.add("192.0.2.7/32", 500);
  assert(!list.isBlocked("192.0.2.7", 1_500));
  list.add("192.0.2.7");
  assert(list.isBlocked("192.0.2.7", 1e300));
});

Deno.test("an expired or removed entry does not lift the network around it", () => {
  const list = new BlockList();
  list.add("192.0.2.7", 1_000);
  list.add("192.0.0.0/16", 3_000);
  list.add("192.0.2.0/24", 2_000);
  assert(list.isBlocked("192.0.2.7", 1_500));
  assert(list.remove("192.0.2.7"));
  assert(list.isBlocked("192.0.2.7", 2_500));
  assert(list.remove("192.0.0.0/16"));
  assert(list.isBlocked("192.0.2.7", 1_500));
  assert(!list.isBlocked("192.0.2.7", 2_500));
});

Deno.test("remove tells whether there was such an entry", () => {
  const list = blocked("192.0.2.0/24");
  assert.equal(list.remove("192.0.2.0/25"), false);
  assert.equal(list.remove("192.0.2.0"), false);
  assert.equal(list.remove("::ffff:192.0.2.0/120"), true);
  assert.equal(list.remove("192.0.2.0/24"), false);
  assert.equal(list.size, 0);
  assert(!list.isBlocked("192.0.2.0", 0));
});

Deno.test("entries lists what holds, canonical, larger networks first", () => {
  const list = new BlockList();
  list.add("2001:DB8::7");
  list.add("::/0", 50);
  list.add("192.0.2.7", 10);
  list.add("255.255.255.0/24", 20);
  list.add("::ffff:192.0.0.0/112", 30);
  list.add("0.0.0.0/0", 40);
  list.add("2001:db8:0:8000::/49", 60);
  assert.deepEqual(list.entries(10), [
    { cidr: "0.0.0.0/0", untilMs: 40 },
    { cidr: "192.0.0.0/16", untilMs: 30 },
    { cidr: "255.255.255.0/24", untilMs: 20 },
    { cidr: "::/0", untilMs: 50 },
    { cidr: "2001:db8:0:8000::/49", untilMs: 60 },
    { cidr: "2001:db8::7/128", untilMs: Infinity },
  ]);
  assert.deepEqual(list.entries(100), [{ cidr: "2001:db8::7/128", untilMs: Infinity }]);
  assert.equal(list.size, 7, "listing forgets nothing");
});

Deno.test("prune forgets what ended and keeps what holds", () => {
  const list = new BlockList();
  for (let i = 0; i < 100; i++) list.add(`10.0.0.${i}`, i);
  list.add("2001:db8::/32", 10);
  list.add("2001:db8::/48");
  list.prune(50);
  assert.equal(list.size, 50);
  assert.equal(list.entries(0).length, 50);
  assert(!list.isBlocked("10.0.0.50", 0));
  assert(list.isBlocked("10.0.0.51", 0));
  assert(list.isBlocked("2001:db8::1", 0));
});

const networks = fc.array(
  fc.record({
    isIpv4: fc.boolean(),
    start: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    bits: fc.nat({ max: 128 }),
  }),
  { minLength: 1, maxLength: 12 },
);

/** Text of the network, its bits after the prefix cleared. */
function cidrOf({ isIpv4, start, bits }: { isIpv4: boolean; start: Uint8Array; bits: number }): [
  string,
  number,
  "ipv4" | "ipv6",
] {
  const sizeBytes = isIpv4 ? 4 : 16;
  const length = isIpv4 ? bits % 33 : bits;
  const bytes = start.slice(0, sizeBytes);
  for (let bit = length; bit < sizeBytes * 8; bit++) bytes[bit >> 3]! &= ~(0x80 >> (bit & 7));
  if (isIpv4) return [bytes.join("."), length, "ipv4"];
  return [bytes.toHex().match(/.{4}/g)!.join(":"), length, "ipv6"];
}

Deno.test("isBlocked agrees with node:net's BlockList on any networks and the addresses around them", () => {
  let blockedCount = 0;
  fc.assert(
    fc.property(networks, fc.nat({ max: 127 }), (list, flippedBit) => {
      const ours = new BlockList();
      const theirs = new NodeBlockList();
      for (const network of list) {
        const [address, length, family] = cidrOf(network);
        ours.add(`${address}/${length}`);
        theirs.addSubnet(address, length, family);
      }
      for (const { isIpv4, start } of list) {
        const near = start.slice();
        near[flippedBit >> 3]! ^= 0x80 >> (flippedBit & 7);
        const [address, , family] = cidrOf({ isIpv4, start: near, bits: isIpv4 ? 32 : 128 });
        const isBlocked = ours.isBlocked(address, 0);
        if (isBlocked) blockedCount++;
        assert.equal(isBlocked, theirs.check(address, family), address);
      }
    }),
    { seed: 4632, numRuns: 500 },
  );
  assert(blockedCount > 100, `only ${blockedCount} addresses were blocked`);
});
