import assert from "node:assert/strict";
import { bindSocket } from "../../transport/socket_binding.ts";

/** Binds as a machine does that refuses some hosts with a code. */
function machine(refusals: Record<string, string>): {
  tried: string[];
  bind: (hostname: string, port: number) => string;
} {
  const tried: string[] = [];
  const bind = (hostname: string, port: number): string => {
    tried.push(hostname);
    const code = refusals[hostname];
    if (code !== undefined) throw Object.assign(new Error(code), { code });
    return `${hostname}|${port}`;
  };
  return { tried, bind };
}

Deno.test("bindSocket listens to both families by default", async () => {
  const { tried, bind } = machine({});
  assert.equal(await bindSocket({ port: 7 }, bind), "::|7");
  assert.deepEqual(tried, ["::"]);
});

for (const code of ["EAFNOSUPPORT", "EADDRNOTAVAIL", "EPROTONOSUPPORT"]) {
  Deno.test(`bindSocket falls back to IPv4 when IPv6 is refused with ${code}`, async () => {
    const { tried, bind } = machine({ "::": code });
    assert.equal(await bindSocket({ port: 7 }, bind), "0.0.0.0|7");
    assert.deepEqual(tried, ["::", "0.0.0.0"]);
  });
}

Deno.test("bindSocket does not fall back from an address that was asked for, or from a port in use", async () => {
  const { tried, bind } = machine({ "::": "EADDRNOTAVAIL" });
  await assert.rejects(bindSocket({ hostname: "::", port: 7 }, bind), {
    code: "address-not-available",
  });
  const busy = machine({ "::": "EADDRINUSE" });
  await assert.rejects(bindSocket({ port: 7 }, busy.bind), { code: "address-in-use" });
  assert.deepEqual([tried, busy.tried], [["::"], ["::"]]);
});

Deno.test("bindSocket names the port and host in its errors and keeps unknown errors as they are", async () => {
  const { bind } = machine({ "192.0.2.1": "EADDRINUSE", "192.0.2.2": "EACCES" });
  await assert.rejects(bindSocket({ hostname: "192.0.2.1", port: 9_999 }, bind), {
    name: "TransportError",
    message: 'Cannot bind UDP port 9999 at "192.0.2.1": the address is in use',
  });
  await assert.rejects(bindSocket({ hostname: "192.0.2.2", port: 80 }, bind), { code: "EACCES" });
});

Deno.test("bindSocket refuses ports out of range before it tries", async () => {
  const { tried, bind } = machine({});
  for (const port of [-1, 65_536, 0.5, NaN]) {
    await assert.rejects(bindSocket({ port }, bind), RangeError);
  }
  assert.deepEqual(tried, []);
  for (const port of [0, 65_535]) assert.equal(await bindSocket({ port }, bind), `::|${port}`);
});
