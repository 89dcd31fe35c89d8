import assert from "node:assert/strict";
import { checkEndpointLimits, checkSessionLimits } from "../../protocol/check_limits.ts";
import { checkCloseCode, CloseCode } from "../../protocol/close_code.ts";
import { DEFAULT_ENDPOINT_LIMITS, DEFAULT_SESSION_LIMITS } from "../../protocol/limits.ts";

Deno.test("the defaults are within their own bounds", () => {
  checkSessionLimits(DEFAULT_SESSION_LIMITS);
  checkEndpointLimits(DEFAULT_ENDPOINT_LIMITS);
  checkSessionLimits({});
  checkEndpointLimits({});
});

Deno.test("every limit refuses what is no number, and numbers out of bounds", () => {
  for (const name of Object.keys(DEFAULT_SESSION_LIMITS)) {
    if (name === "pacing" || name === "mtuProbing") continue;
    for (const value of [NaN, -1, "1", null, undefined]) {
      assert.throws(() => checkSessionLimits({ [name]: value }), RangeError, `${name} ${value}`);
    }
  }
  for (const name of Object.keys(DEFAULT_ENDPOINT_LIMITS)) {
    for (const value of [NaN, -1, "1", null, undefined]) {
      assert.throws(() => checkEndpointLimits({ [name]: value }), RangeError, `${name} ${value}`);
    }
  }
  const { pacing } = DEFAULT_SESSION_LIMITS;
  assert.throws(() => checkSessionLimits({ pacing: { ...pacing, floorBytesPerSecond: 0 } }));
  checkSessionLimits({ pacing: { ...pacing, ceilingBytesPerSecond: Infinity } });
});

Deno.test("bounds are inclusive", () => {
  for (const datagramBytes of [576, 1_452]) checkSessionLimits({ datagramBytes });
  for (const datagramBytes of [575.9, 1_452.1]) {
    assert.throws(() => checkSessionLimits({ datagramBytes }), RangeError);
  }
  checkEndpointLimits({ resumeWindowMs: 0, queriesPerSecond: Infinity });
});

Deno.test("an unknown limit is told, with those that there are", () => {
  const limits = JSON.parse('{ "toString": 1 }');
  assert.throws(
    () => checkSessionLimits(limits),
    /no "sessionLimits.toString": there are datagram/,
  );
  assert.throws(() => checkEndpointLimits(limits), /no "limits.toString": there are sessions/);
});

Deno.test("close codes: 32 bits, but none that means a lost connection", () => {
  for (const code of [0, CloseCode.kicked, CloseCode.draining, 999, 1_000, 2 ** 32 - 1]) {
    checkCloseCode(code);
  }
  for (const code of [CloseCode.timeout, CloseCode.reset, -1, 0.5, NaN, Infinity, 2 ** 32]) {
    assert.throws(() => checkCloseCode(code), RangeError, `${code}`);
  }
});
