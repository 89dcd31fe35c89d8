import assert from "node:assert/strict";
import { CookieJar, isEqual } from "../../protocol/cookie.ts";
import { COOKIE_BYTES } from "../../protocol/handshake_packets.ts";
import { CRYPTO } from "../fixtures/pair.ts";
import { keyOf, randomFill } from "../fixtures/seeded.ts";

const FROM = { hostname: "198.51.100.1", port: 1_234 };
const EPHEMERAL = keyOf("ephemeral");
const APP = keyOf("app").slice(0, 8);

function jar(): CookieJar {
  return new CookieJar(CRYPTO, randomFill("cookies"), 0);
}

Deno.test("a cookie is good for the client, address, key and game that it was issued to", () => {
  const cookies = jar();
  const cookie = cookies.issue(FROM, EPHEMERAL, APP, 1_000);
  assert.equal(cookie.byteLength, COOKIE_BYTES);
  assert.equal(cookies.isValid(cookie, FROM, EPHEMERAL, APP, 1_000), true);
  assert.equal(cookies.isValid(cookie, { ...FROM, port: 1_235 }, EPHEMERAL, APP, 1_000), false);
  assert.equal(
    cookies.isValid(cookie, { ...FROM, hostname: "198.51.100.2" }, EPHEMERAL, APP, 1_000),
    false,
  );
  assert.equal(cookies.isValid(cookie, FROM, keyOf("another"), APP, 1_000), false);
  assert.equal(cookies.isValid(cookie, FROM, EPHEMERAL, keyOf("x").slice(0, 8), 1_000), false);
});

Deno.test("no bit of a cookie may change", () => {
  const cookies = jar();
  const cookie = cookies.issue(FROM, EPHEMERAL, APP, 5_000);
  for (let bit = 0; bit < COOKIE_BYTES * 8; bit++) {
    const changed = cookie.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(cookies.isValid(changed, FROM, EPHEMERAL, APP, 5_000), false, `bit ${bit}`);
  }
});

Deno.test("a host and port that run together are not another host and port", () => {
  const cookies = jar();
  const cookie = cookies.issue({ hostname: "1.2.3.4", port: 0x3131 }, EPHEMERAL, APP, 0);
  assert.equal(
    cookies.isValid(cookie, { hostname: "1.2.3.41", port: 0x31 }, EPHEMERAL, APP, 0),
    false,
  );
});

Deno.test("a cookie is good for 10 s, and not from the future", () => {
  const cookies = jar();
  const cookie = cookies.issue(FROM, EPHEMERAL, APP, 1_000);
  assert.equal(cookies.isValid(cookie, FROM, EPHEMERAL, APP, 11_999), true);
  assert.equal(cookies.isValid(cookie, FROM, EPHEMERAL, APP, 12_000), false);
  assert.equal(cookies.isValid(cookie, FROM, EPHEMERAL, APP, 999), false);
});

Deno.test("a cookie survives one change of the secret, not two", () => {
  const cookies = jar();
  const cookie = cookies.issue(FROM, EPHEMERAL, APP, 29_000);
  assert.equal(cookies.isValid(cookie, FROM, EPHEMERAL, APP, 31_000), true);
  // Two changes within the life of a cookie do not happen; were its time longer, it would still be bad.
  const old = cookies.issue(FROM, EPHEMERAL, APP, 31_500);
  cookies.issue(FROM, EPHEMERAL, APP, 61_500);
  cookies.issue(FROM, EPHEMERAL, APP, 91_500);
  const forward = new DataView(old.buffer);
  forward.setUint32(0, 91, true);
  assert.equal(cookies.isValid(old, FROM, EPHEMERAL, APP, 91_500), false);
});

Deno.test("cookies of another server are bad", () => {
  const other = new CookieJar(CRYPTO, randomFill("other"), 0);
  const cookie = other.issue(FROM, EPHEMERAL, APP, 0);
  assert.equal(jar().isValid(cookie, FROM, EPHEMERAL, APP, 0), false);
});

Deno.test("a clock that is set back makes cookies bad and throws nothing", () => {
  const cookies = jar();
  const cookie = cookies.issue(FROM, EPHEMERAL, APP, 3_600_000);
  assert.equal(cookies.isValid(cookie, FROM, EPHEMERAL, APP, 0), false);
  const next = cookies.issue(FROM, EPHEMERAL, APP, 0);
  assert.equal(cookies.isValid(next, FROM, EPHEMERAL, APP, 1_000), true);
});

Deno.test("isEqual() compares lengths and every byte", () => {
  assert.equal(isEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2)), true);
  assert.equal(isEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), false);
  assert.equal(isEqual(Uint8Array.of(1, 2), Uint8Array.of(0, 2)), false);
  assert.equal(isEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)), false);
  assert.equal(isEqual(new Uint8Array(0), new Uint8Array(0)), true);
});
