import assert from "node:assert/strict";
import { statusApi, type StatusApiOptions } from "../../../relay/process/status_api.ts";
import { ProcessLab } from "./process_lab.ts";

const TOKEN = "operator-token-of-this-test";
const VIEWS = ["/status", "/status.json", "/metrics"];

function from(hostname: string): { readonly remoteAddr: Deno.Addr } {
  return { remoteAddr: { transport: "tcp", hostname, port: 5_000 } };
}

async function statusOf(
  lab: ProcessLab,
  path: string,
  more: {
    readonly host?: string;
    readonly from?: string;
    readonly authorization?: string;
    readonly method?: string;
  } & Partial<StatusApiOptions> = {},
): Promise<number | undefined> {
  const { host = "localhost:9980", authorization, method = "GET", behindProxy = false } = more;
  const api = statusApi(lab.relays.get("fra-1")!, { tokens: [TOKEN], behindProxy });
  const headers = authorization === undefined ? {} : { authorization };
  const request = new Request(`http://${host}${path}`, { method, headers });
  const response = await api(request, from(more.from ?? "127.0.0.1"));
  await response?.body?.cancel();
  return response?.status;
}

Deno.test("status pages are free on this machine, and for a token elsewhere", async () => {
  await using lab = await ProcessLab.open();
  await lab.relay("fra-1", "192.0.2.1");
  for (const path of VIEWS) {
    const away = { from: "203.0.113.1", host: "192.0.2.1:9980" };
    assert.equal(await statusOf(lab, path), 200);
    assert.equal(await statusOf(lab, path, { from: "::1", host: "[::1]:9980" }), 200);
    assert.equal(await statusOf(lab, path, away), 401);
    assert.equal(await statusOf(lab, path, { ...away, authorization: `Bearer ${TOKEN}` }), 200);
    assert.equal(await statusOf(lab, path, { ...away, authorization: `Basic ${TOKEN}` }), 401);
    assert.equal(await statusOf(lab, path, { ...away, authorization: `Bearer ${TOKEN}x` }), 401);
    assert.equal(await statusOf(lab, path, { ...away, authorization: "Bearer" }), 401);
    assert.equal(await statusOf(lab, `${path}?token=${TOKEN}`, away), 200);
    assert.equal(await statusOf(lab, `${path}?token=`, away), 401);
    // Behind a proxy everybody seems to be here; and so does a page that points its own name here.
    assert.equal(await statusOf(lab, path, { behindProxy: true }), 401);
    assert.equal(await statusOf(lab, path, { host: "evil.example.org" }), 401);
    assert.equal(await statusOf(lab, path, { method: "POST" }), 405);
  }
  assert.equal(await statusOf(lab, "/v1/beacons"), undefined);
});

Deno.test("a relay is healthy while it lives, and ready while it takes sessions", async () => {
  await using lab = await ProcessLab.open();
  lab.isDirectorAway = true;
  const relay = await lab.relay("fra-1", "192.0.2.1");
  const away = { from: "203.0.113.1" };
  assert.equal(await statusOf(lab, "/healthz", away), 200);
  assert.equal(await statusOf(lab, "/readyz", away), 503);
  lab.isDirectorAway = false;
  await lab.pass(2_100);
  assert.equal(await statusOf(lab, "/readyz", away), 200);
  await lab.network.settle(relay.drain(0));
  assert.equal(await statusOf(lab, "/readyz", away), 503);
  assert.equal(await statusOf(lab, "/healthz", away), 200);
});
