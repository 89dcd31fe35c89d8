import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import {
  addressKey,
  canonicalHostname,
  formatIp,
  IP_BYTES,
  isIpv4,
  isLoopback,
  parseIp,
  sourceKey,
} from "../../protocol/address.ts";

function bytesOf(hostname: string): string | undefined {
  const into = new Uint8Array(IP_BYTES);
  return parseIp(hostname, into) ? into.toHex() : undefined;
}

const NO_LITERALS = [
  "",
  " ",
  "localhost",
  "1",
  "1.2.3",
  "1.2.3.",
  ".1.2.3",
  "1..2.3",
  "1.2.3.4.",
  "1.2.3.4.5",
  "1.2.3.256",
  "1.2.3.-4",
  "1.2.3.4 ",
  " 1.2.3.4",
  "1.2.3.4:80",
  "01.2.3.4",
  "1.2.3.00",
  "0x1.2.3.4",
  "1.2.3.1e1",
  "1.2.3.99999999999999999999",
  "1.2.3.\u0664",
  ":",
  ":::",
  ":1",
  "1:",
  "::1:",
  ":1::",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:",
  "1:2:3:4:5:6:7:8:",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7:8::",
  "::1:2:3:4:5:6:7:8",
  "1:2:3:4::5:6:7:8",
  "12345::",
  "00001::",
  "g::",
  "1::-1",
  "[::1]",
  "::1%1",
  "fe80::1%eth0",
  "::1/128",
  "::1.2.3",
  "::1.2.3.4.5",
  "::1.2.3.04",
  "::1.2.3.4:5",
  "1.2.3.4::",
  "::a1.2.3.4",
  "1:2:3:4:5:6:7:1.2.3.4",
  "1:2:3:4:5:1.2.3.4",
  "1:2:3:4:5:6::1.2.3.4",
  "::.",
];

/** Literals and their canonical text; the first eight groups are the cases of RFC 5952, sections 2 and 4. */
const CANONICAL: readonly [string, string][] = [
  ["2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:db8::1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:db8:0:0:1::1", "2001:db8::1:0:0:1"],
  ["2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"],
  ["2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"],
  ["2001:0db8::0001", "2001:db8::1"],
  ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
  ["2001:db8::0:1", "2001:db8::1"],
  ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
  ["2001:db8::aAaA", "2001:db8::aaaa"],
  ["::", "::"],
  ["0:0:0:0:0:0:0:0", "::"],
  ["::1", "::1"],
  ["1::", "1::"],
  ["::8:7:6:5:4:3:2", "0:8:7:6:5:4:3:2"],
  ["2:3:4:5:6:7:8::", "2:3:4:5:6:7:8:0"],
  ["1:0:0:2:0:0:3:4", "1::2:0:0:3:4"],
  ["1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"],
  ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ["1:2:3:4:5:6:255.255.255.255", "1:2:3:4:5:6:ffff:ffff"],
  ["::1.2.3.4", "::102:304"],
  ["::fffe:1.2.3.4", "::fffe:102:304"],
  ["::ffff:1.2.3.4", "1.2.3.4"],
  ["::FFFF:102:304", "1.2.3.4"],
  ["0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"],
  ["::ffff:0:0", "0.0.0.0"],
  ["0.0.0.0", "0.0.0.0"],
  ["255.255.255.255", "255.255.255.255"],
  ["10.100.9.0", "10.100.9.0"],
];

for (const [literal, canonical] of CANONICAL) {
  Deno.test(`canonicalHostname("${literal}") is "${canonical}", which stands for itself`, () => {
    assert.equal(canonicalHostname(literal), canonical);
    assert.equal(canonicalHostname(canonical), canonical);
    assert.equal(bytesOf(canonical), bytesOf(literal));
  });
}

Deno.test("what is no literal is refused", () => {
  for (const hostname of NO_LITERALS) {
    assert.equal(bytesOf(hostname), undefined, `"${hostname}"`);
    assert.equal(canonicalHostname(hostname), undefined);
    assert.throws(() => addressKey({ hostname, port: 1 }), TypeError);
    assert.throws(() => sourceKey(hostname), TypeError);
  }
});

Deno.test("parseIp writes 16 bytes where it is told and no others", () => {
  assert.equal(bytesOf("192.0.2.33"), "00000000000000000000ffffc0000221");
  assert.equal(bytesOf("2001:db8::1"), "20010db8000000000000000000000001");
  for (const hostname of ["192.0.2.33", "2001:db8::1", "::", "1::", "::ffff:192.0.2.33"]) {
    const into = new Uint8Array(30).fill(0xa5);
    assert(parseIp(hostname, into, 7));
    assert.equal(into.slice(7, 23).toHex(), bytesOf(hostname));
    assert.equal(formatIp(into, 7), canonicalHostname(hostname));
    assert(into.subarray(0, 7).every((byte) => byte === 0xa5));
    assert(into.subarray(23).every((byte) => byte === 0xa5));
  }
});

Deno.test("parseIp writes nothing beside its 16 bytes when it refuses", () => {
  for (const hostname of NO_LITERALS) {
    const into = new Uint8Array(30).fill(0xa5);
    assert.equal(parseIp(hostname, into, 7), false);
    assert(into.subarray(0, 7).every((byte) => byte === 0xa5), hostname);
    assert(into.subarray(23).every((byte) => byte === 0xa5), hostname);
  }
});

Deno.test("parseIp throws when there is no room", () => {
  assert.throws(() => parseIp("::1", new Uint8Array(15)), RangeError);
  assert.throws(() => parseIp("::1", new Uint8Array(20), 5), RangeError);
  assert.throws(() => parseIp("::1", new Uint8Array(20), -1), RangeError);
});

Deno.test("isIpv4 is true for the mapped form alone", () => {
  const bytes = new Uint8Array(IP_BYTES);
  for (
    const [hostname, expected] of [
      ["1.2.3.4", true],
      ["::ffff:1.2.3.4", true],
      ["::1.2.3.4", false],
      ["::fffe:1.2.3.4", false],
      ["1::ffff:1.2.3.4", false],
      ["::", false],
    ] as const
  ) {
    assert(parseIp(hostname, bytes));
    assert.equal(isIpv4(bytes), expected, hostname);
  }
});

Deno.test("addressKey is one key for one peer, whichever form the socket reported", () => {
  assert.equal(addressKey({ hostname: "1.2.3.4", port: 5 }), "1.2.3.4 5");
  assert.equal(addressKey({ hostname: "::ffff:1.2.3.4", port: 5 }), "1.2.3.4 5");
  assert.equal(addressKey({ hostname: "2001:DB8:0::1", port: 65_535 }), "2001:db8::1 65535");
});

Deno.test("sourceKey takes every address of 100::/64 for a source by itself, and none beside it", () => {
  assert.equal(sourceKey("100::1"), "100::1");
  assert.equal(sourceKey("0100:0:0:0:1:2:3:4"), "100::1:2:3:4");
  assert.notEqual(sourceKey("100::1"), sourceKey("100::2"));
  assert.equal(sourceKey("100:0:0:1::1"), sourceKey("100:0:0:1::2"));
  assert.equal(sourceKey("100:0:1::1"), "100:0:1::/64");
  assert.equal(sourceKey("101::1"), "101::/64");
});

Deno.test("sourceKey is the address for IPv4 and the /64 for IPv6", () => {
  assert.equal(sourceKey("192.0.2.33"), "192.0.2.33");
  assert.equal(sourceKey("::ffff:192.0.2.33"), "192.0.2.33");
  assert.equal(sourceKey("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  assert.equal(sourceKey("2001:db8:1:2:ffff::"), "2001:db8:1:2::/64");
  assert.notEqual(sourceKey("2001:db8:1:3::"), sourceKey("2001:db8:1:2::"));
  assert.equal(sourceKey("::1"), "::/64");
});

Deno.test("isLoopback is true for 127.0.0.0/8 and ::1 in any form, and for nothing else", () => {
  for (
    const hostname of [
      "127.0.0.1",
      "127.255.255.255",
      "127.0.0.0",
      "::ffff:127.0.0.1",
      "::1",
      "0:0:0:0:0:0:0:1",
    ]
  ) {
    assert(isLoopback(hostname), hostname);
  }
  for (
    const hostname of [
      "126.255.255.255",
      "128.0.0.0",
      "1.2.3.127",
      "::",
      "::2",
      "::101",
      "1::1",
      "::127.0.0.1",
      "::fffe:127.0.0.1",
      "localhost",
      "127.1",
      "",
    ]
  ) {
    assert(!isLoopback(hostname), hostname);
  }
});

/** Groups with zeros among them, so that `::` is met in every place. */
const ipBytes = fc.array(fc.oneof(fc.constant(0), fc.constant(0xffff), fc.nat({ max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
}).map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])));

Deno.test("parseIp reads back what formatIp printed", () => {
  fc.assert(
    fc.property(ipBytes, (bytes) => assert.equal(bytesOf(formatIp(bytes)), bytes.toHex())),
    { seed: 5952, numRuns: 3_000 },
  );
  const ipv4Bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(ipv4Bytes, (bytes) => {
      assert.equal(bytesOf(bytes.join(".")), `00000000000000000000ffff${bytes.toHex()}`);
      assert.equal(canonicalHostname(bytes.join(".")), bytes.join("."));
    }),
    { seed: 791, numRuns: 300 },
  );
});

Deno.test("formatIp prints IPv6 as the URL standard does", () => {
  fc.assert(
    fc.property(ipBytes.filter((bytes) => !isIpv4(bytes)), (bytes) => {
      assert.equal(`[${formatIp(bytes)}]`, new URL(`http://[${formatIp(bytes)}]/`).hostname);
    }),
    { seed: 4291, numRuns: 1_000 },
  );
});

Deno.test("parseIp takes exactly what node:net takes for an address", () => {
  const piece = fc.constantFrom(
    "::",
    ":",
    "0",
    "1",
    "ab",
    "ffff",
    "00a0",
    "1.2.3.4",
    ".",
    "255",
    "g",
  );
  const almostLiteral = fc.array(piece, { maxLength: 17 }).map((pieces) => pieces.join(""));
  const joined = fc.array(piece, { minLength: 1, maxLength: 9 }).map((pieces) => pieces.join(":"));
  const dotted = fc.array(fc.constantFrom("0", "9", "10", "255", "256", "007", ""), {
    minLength: 3,
    maxLength: 5,
  }).map((parts) => parts.join("."));
  let takenCount = 0;
  fc.assert(
    fc.property(fc.oneof(almostLiteral, joined, dotted), (text) => {
      const isTaken = bytesOf(text) !== undefined;
      if (isTaken) takenCount++;
      assert.equal(isTaken, isIPv4(text) || isIPv6(text), text);
    }),
    { seed: 64, numRuns: 20_000 },
  );
  assert(takenCount > 200, `only ${takenCount} literals among the generated texts`);
});
