import assert from "node:assert/strict";
import { encodeKey } from "../../protocol/connect_url.ts";
import {
  formatJoinUrl,
  isJoinUrl,
  parseDirectorUrl,
  parseJoinUrl,
} from "../../protocol/join_url.ts";

const KEY = new Uint8Array(32).fill(7);

Deno.test("a join URL survives being written and read, with and without a key", () => {
  for (
    const [directorUrl, text] of [
      ["http://203.0.113.1:9980", "tickwire-join://203.0.113.1:9980/CDFGHJ"],
      ["http://[2001:db8::1]:9980", "tickwire-join://[2001:db8::1]:9980/CDFGHJ"],
      ["https://play.example.org", "tickwire-joins://play.example.org/CDFGHJ"],
      ["https://example.org/games/relay", "tickwire-joins://example.org/games/relay/CDFGHJ"],
    ] as const
  ) {
    for (const serverKey of [undefined, KEY]) {
      const url = { directorUrl, code: "CDFGHJ", serverKey };
      const written = formatJoinUrl(url);
      assert.equal(written, serverKey === undefined ? text : `${text}#${encodeKey(KEY)}`);
      assert.deepEqual(parseJoinUrl(written), url);
    }
  }
  assert.equal(
    formatJoinUrl({ directorUrl: "http://a.example/", code: "cdf-ghj", serverKey: undefined }),
    "tickwire-join://a.example/cdf-ghj",
  );
});

Deno.test("codes may be typed with dashes and spaces", () => {
  assert.equal(parseJoinUrl("tickwire-join://a.example:1/cdf-ghj").code, "cdf-ghj");
  assert.equal(parseJoinUrl("tickwire-join://a.example:1/cdf%20ghj").code, "cdf ghj");
});

Deno.test("what is no join URL is refused", () => {
  for (
    const text of [
      "",
      "CDFGHJ",
      "tickwire://a.example/CDFGHJ",
      "http://a.example/CDFGHJ",
      "tickwire-join:CDFGHJ",
      "tickwire-join:///CDFGHJ",
      "tickwire-join://a.example",
      "tickwire-join://a.example/",
      "tickwire-join://a.example/a!b",
      "tickwire-join://a.example/%ff",
      "tickwire-join://a.example/CDFGHJ?room=1",
      "tickwire-join://a.example/CDFGHJ#key",
      `tickwire-join://a.example/${"C".repeat(33)}`,
      "tickwire-join://a.example:99999/CDFGHJ",
    ]
  ) assert.throws(() => parseJoinUrl(text), TypeError, text);
});

Deno.test("a director is at an http or https URL that says nothing else", () => {
  assert.equal(parseDirectorUrl("http://a.example:1").host, "a.example:1");
  for (
    const text of ["", "a.example:1", "ftp://a.example", "http://u:p@a.example", "http://a/?q"]
  ) {
    assert.throws(() => parseDirectorUrl(text), TypeError, text);
  }
});

Deno.test("join URLs are told from connect URLs by their scheme alone", () => {
  assert.ok(isJoinUrl("tickwire-join://a"));
  assert.ok(isJoinUrl("TICKWIRE-JOINS://a"));
  for (const text of ["tickwire://a", "", "join://a", "xtickwire-join://a"]) {
    assert.ok(!isJoinUrl(text), text);
  }
});
