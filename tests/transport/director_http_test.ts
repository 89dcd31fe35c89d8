import assert from "node:assert/strict";
import { emptySchema } from "../../protocol/relay/api/client_requests.ts";
import {
  DirectorHttp,
  DirectorRequestError,
  type Fetch,
  replyCodec,
} from "../../transport/director_http.ts";
import { VirtualClock } from "../../transport/virtual_clock.ts";

const empty = replyCodec("Empty", emptySchema);
const CALL = { method: "POST", path: "/v1/things", reply: empty, body: { a: 1 } } as const;

function director(fetch: Fetch, more: { url?: string; token?: string } = {}) {
  const clock = new VirtualClock();
  const url = "http://203.0.113.1:9980/";
  return { clock, http: new DirectorHttp({ url, clock, fetch, ...more }) };
}

function isRefusal(code: string, retryAfterMs = 0): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DirectorRequestError, String(error));
    assert.deepEqual([error.code, error.retryAfterMs], [code, retryAfterMs]);
    return true;
  };
}

Deno.test("a request carries its body and token to one URL, and follows nobody's redirect", async () => {
  const asked: [string, RequestInit][] = [];
  const { http } = director((url, init) => {
    asked.push([url, init]);
    return Promise.resolve(Response.json({ unknown: "is skipped" }));
  }, { token: "secret" });
  assert.deepEqual(await http.call({ ...CALL, headers: { "tickwire-lease": "l" } }), {});
  const [[url, init]] = asked as [[string, RequestInit]];
  assert.equal(url, "http://203.0.113.1:9980/v1/things");
  assert.deepEqual([init.method, init.body, init.redirect], ["POST", '{"a":1}', "error"]);
  const headers = new Headers(init.headers);
  assert.equal(headers.get("authorization"), "Bearer secret");
  assert.equal(headers.get("content-type"), "application/json");
  assert.equal(headers.get("tickwire-lease"), "l");
});

Deno.test("what a director refuses with is told with its code and advice", async () => {
  const answer = (status: number, headers: HeadersInit, body: unknown) =>
    director(() => Promise.resolve(Response.json(body, { status, headers }))).http.call(CALL);
  const error = { error: { code: "too-many", message: "Wait" } };
  await assert.rejects(answer(429, { "retry-after": "5" }, error), isRefusal("too-many", 5_000));
  await assert.rejects(answer(429, { "retry-after": "soon" }, error), isRefusal("too-many"));
  await assert.rejects(answer(500, {}, { oops: true }), isRefusal("malformed"));
  const page = director(() => Promise.resolve(new Response("<html>")));
  await assert.rejects(page.http.call(CALL), isRefusal("malformed"));
  assert.ok(new DirectorRequestError("away", "").isPassing);
  assert.ok(!new DirectorRequestError("forbidden", "").isPassing);
});

Deno.test("an answer that does not come, or never ends, is waited for five seconds or a megabyte", async () => {
  const { clock, http } = director((_url, { signal }) =>
    new Promise((_, reject) =>
      signal!.addEventListener("abort", () => reject(new Error("aborted")))
    )
  );
  const call = http.call(CALL);
  const refused = assert.rejects(call, isRefusal("unreachable"));
  await clock.runAsync(4_999);
  let isOver = false;
  call.catch(() => {
    isOver = true;
  });
  await clock.runAsync(4_999.5);
  assert.equal(isOver, false);
  await clock.runAsync(5_000);
  await refused;
  const flood = director(() =>
    Promise.resolve(
      new Response(
        new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) }),
      ),
    )
  );
  await assert.rejects(flood.http.call(CALL), isRefusal("malformed"));
});

Deno.test("why nobody answered is told, and a caller who gives up is told their own reason", async () => {
  const cause = new Error("error sending request for url (http://a/renew?token=x): refused");
  const { http } = director(() => Promise.reject(new TypeError("fetch failed", { cause })));
  await assert.rejects(
    http.call(CALL),
    /203\.0\.113\.1:9980 is away: error sending request: refused$/,
  );
  const reason = new Error("enough");
  await assert.rejects(http.call({ ...CALL, signal: AbortSignal.abort(reason) }), reason);
  const abort = new AbortController();
  const late = director(() => {
    abort.abort(reason);
    return Promise.reject(new Error("whatever"));
  });
  await assert.rejects(late.http.call({ ...CALL, signal: abort.signal }), reason);
  for (const url of ["", "203.0.113.1:9980", "ftp://203.0.113.1"]) {
    assert.throws(() => director(() => Promise.reject(), { url }), TypeError);
  }
});
