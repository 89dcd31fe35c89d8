import assert from "node:assert/strict";
import type { ApiRole } from "../../../relay/director/api/api_route.ts";
import { API_ROUTES } from "../../../relay/director/api/api_routes.ts";
import { type ApiTokens, ROLES } from "../../../relay/director/api/api_access.ts";
import { ERROR_STATUSES } from "../../../relay/director/api/api_error.ts";
import {
  type DirectorApi,
  directorApi,
  type DirectorApiOptions,
} from "../../../relay/director/api/director_api.ts";
import { serveDirector } from "../../../relay/director/api/serve_director.ts";
import { grantFromJson } from "../../../protocol/relay/api/grant_json.ts";
import { type Directory, DirectoryError } from "../../../relay/directory/directory.ts";
import { MemoryDirectory } from "../../../relay/directory/memory_directory.ts";
import { DirectorLab, heartbeatOf, registrationOf } from "./director_lab.ts";

const TOKENS: ApiTokens = {
  relay: ["relay-token-0123456789abcdef"],
  server: ["server-token-0123456789abcdef"],
  backend: ["backend-token-0123456789abcdef", "backend-token-next-0123456789"],
  operator: ["operator-token-0123456789abcdef"],
};

interface Call {
  readonly as?: ApiRole;
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly from?: string;
}

/** Calls an API without a network. */
class Caller {
  readonly #api: DirectorApi;

  constructor(lab: DirectorLab, options: Partial<DirectorApiOptions> = {}) {
    this.#api = directorApi(lab.director, {
      tokens: TOKENS,
      limits: {
        anonymous: { perSecond: 1, burst: 1_000 },
        authorized: { perSecond: 1, burst: 1_000 },
      },
      ...options,
    });
  }

  async fetch(at: string, call: Call = {}): Promise<Response> {
    const [method = "", path = ""] = at.split(" ");
    const token = call.token ?? (call.as && TOKENS[call.as][0]);
    const isText = typeof call.body === "string";
    return await this.#api.fetch(
      new Request(`http://director.test${path}`, {
        method,
        headers: {
          ...(call.body === undefined ? {} : { "content-type": "application/json" }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...call.headers,
        },
        ...(call.body === undefined
          ? {}
          : { body: isText ? call.body as string : JSON.stringify(call.body) }),
      }),
      { remoteAddr: { transport: "tcp", hostname: call.from ?? "203.0.113.1", port: 1 } },
    );
  }

  // deno-lint-ignore no-explicit-any -- tests look into replies whose shape they assert
  async json(at: string, call: Call = {}): Promise<any> {
    const response = await this.fetch(at, call);
    const json = await response.json();
    assert.ok(response.ok, `${at}: ${response.status} ${JSON.stringify(json)}`);
    return json;
  }

  /** The code of the error; its status is checked. */
  async refused(at: string, call: Call = {}): Promise<string> {
    const response = await this.fetch(at, call);
    const { error } = await response.json();
    const expected = (ERROR_STATUSES as Record<string, number>)[error.code];
    assert.equal(response.status, expected, `${at}: ${JSON.stringify(error)}`);
    assert.ok(error.message.length > 10, "a sentence for people");
    return error.code;
  }
}

function withApi(
  body: (api: Caller, lab: DirectorLab) => Promise<void>,
  options: Partial<DirectorApiOptions> = {},
): () => Promise<void> {
  return async () => {
    const lab = await DirectorLab.open();
    try {
      await body(new Caller(lab, options), lab);
    } finally {
      await lab.close();
    }
  };
}

async function prepare(api: Caller): Promise<{ leaseToken: string }> {
  for (const id of ["fra-1", "ams-1"]) {
    await api.json("POST /v1/relays/heartbeat", { as: "relay", body: heartbeatOf(id) });
  }
  return await api.json("POST /v1/servers", { as: "server", body: registrationOf("s1") });
}

Deno.test(
  "a whole life over HTTP: relays, server, session, renewal, move, code, end",
  withApi(async (api) => {
    const { leaseToken } = await prepare(api);
    const beat = { leaseToken, players: 1, state: "ready" };
    const told = await api.json("PUT /v1/servers/s1/heartbeat", { as: "server", body: beat });
    assert.equal(told.desired, "allocated");
    const opened = await api.fetch("POST /v1/sessions", {
      as: "backend",
      body: { serverId: "s1", clientRttMs: { "fra-1": 12.5 }, userId: "zoe" },
    });
    assert.equal(opened.status, 201);
    assert.equal(opened.headers.get("cache-control"), "no-store");
    const grant = await opened.json();
    assert.equal(grantFromJson(grant).primary.relays[0]!.relayId, "fra-1");
    const renewPath = new URL(grant.renewUrl);
    const renewed = await api.json(`POST ${renewPath.pathname}${renewPath.search}`);
    assert.equal(renewed.epoch, 1);
    const token = renewPath.searchParams.get("token")!;
    const at = `/v1/sessions/${grant.sessionId}`;
    const moved = await api.json(`POST ${at}/move`, { token, body: {} });
    assert.equal(moved.primary.epoch, 2);
    await api.json(`POST ${at}/move`, { as: "backend", body: { serverId: "s1" } });
    assert.equal(
      await api.refused(`POST ${at}/move`, { token, body: { serverId: "s1" } }),
      "forbidden",
    );
    const made = await api.json("POST /v1/servers/s1/codes", {
      as: "server",
      body: { leaseToken },
    });
    const joined = await api.json("POST /v1/join", { body: { code: made.code } });
    assert.equal(grantFromJson(joined.grant).serverName, "Server s1");
    await api.json("DELETE /v1/servers/s1/codes", {
      as: "server",
      headers: { "tickwire-lease": leaseToken },
    });
    assert.equal(await api.refused("POST /v1/join", { body: { code: made.code } }), "not-found");
    await api.json(`DELETE ${at}`, { as: "operator" });
    assert.equal(await api.refused(`POST ${at}/renew`, { token }), "not-found");
    const allocated = await api.json("POST /v1/allocate", {
      as: "backend",
      body: { protocolId: "arena", players: [{}, {}] },
    });
    assert.equal(allocated.grants.length, 2);
    await api.json("POST /v1/drain", { as: "operator", body: { relayId: "ams-1" } });
    const { beacons } = await api.json("GET /v1/beacons");
    assert.deepEqual(beacons.map((one: { relayId: string }) => one.relayId), ["fra-1"]);
    assert.equal(beacons[0].token.length, 22);
    const { regions } = await api.json("GET /v1/regions");
    assert.deepEqual(
      regions.map((one: { region: string; relays: number }) => [one.region, one.relays]),
      [["ams", 0], ["fra", 1]],
    );
    assert.equal(regions[1].freeSeats, 29);
    await api.json("DELETE /v1/servers/s1", {
      as: "server",
      headers: { "tickwire-lease": leaseToken },
    });
  }),
);

Deno.test(
  "every operation refuses strangers, other roles and half a token, by name",
  withApi(async (api) => {
    for (const { method, path, access } of API_ROUTES) {
      if (access.includes("anyone")) continue;
      const at = `${method} ${path.replace("{id}", "0000000000000000")}`;
      assert.equal(await api.refused(at), "unauthorized", at);
      assert.equal(await api.refused(at, { token: "x" }), "unauthorized", at);
      for (const role of ROLES) {
        const { error } = await (await api.fetch(at, { as: role })).json();
        // What a role may do may still be forbidden for want of a lease.
        const isRefused = error.code === "forbidden" && error.message.includes("of role");
        assert.equal(isRefused, !access.includes(role), `${at} as ${role}: ${error.message}`);
        const half = TOKENS[role][0]!.slice(0, -1);
        assert.equal(await api.refused(at, { token: half }), "unauthorized", at);
      }
    }
    const next = await api.refused("POST /v1/sessions", { token: TOKENS.backend[1]!, body: {} });
    assert.equal(next, "invalid", "the second token of a role is as good as the first");
    const response = await api.fetch("POST /v1/drain");
    assert.equal(response.headers.get("www-authenticate"), "Bearer");
  }),
);

Deno.test(
  "bodies that are no JSON, too large, misspelled or out of bounds are refused by name",
  withApi(async (api) => {
    await prepare(api);
    const at = "POST /v1/sessions";
    const as = "backend";
    assert.equal(await api.refused(at, { as, body: "{" }), "invalid");
    assert.equal(await api.refused(at, { as, body: "[]" }), "invalid");
    assert.equal(await api.refused(at, { as, body: "null" }), "invalid");
    assert.equal(await api.refused(at, { as, body: "" }), "invalid");
    assert.equal(await api.refused(at, { as }), "not-json");
    const headers = { "content-type": "text/plain" };
    assert.equal(await api.refused(at, { as, body: "{}", headers }), "not-json");
    assert.equal(await api.refused(at, { as, body: { serverId: "s1", serverid: 1 } }), "invalid");
    assert.equal(await api.refused(at, { as, body: { serverId: 7 } }), "invalid");
    assert.equal(await api.refused(at, { as, body: { serverId: "x".repeat(65) } }), "invalid");
    const limits = { kbpsUp: -1, kbpsDown: 1, ppsUp: 1, ppsDown: 1, maxMiB: 1 };
    assert.equal(await api.refused(at, { as, body: { serverId: "s1", limits } }), "invalid");
    const rtts = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`r${i}`, 1]));
    const many = { serverId: "s1", clientRttMs: rtts };
    assert.equal(await api.refused(at, { as, body: many }), "invalid");
    const large = JSON.stringify({ serverId: "s1", userData: "x".repeat(65_536) });
    assert.equal(await api.refused(at, { as, body: large }), "too-large");
    const message = await (await api.fetch(at, { as, body: { serverId: 7 } })).json();
    assert.match(message.error.message, /serverId/, "the place is named");
    assert.equal(await api.refused("GET /v1/nothing"), "no-such-path");
    assert.equal(await api.refused("POST /v1/regions"), "no-such-path");
    await api.json(at, { as, body: { serverId: "s1" } });
  }),
);

Deno.test("one address without a token is slowed down, others are not", async () => {
  const lab = await DirectorLab.open();
  const limits = {
    anonymous: { perSecond: 1, burst: 3 },
    authorized: { perSecond: 1, burst: 5 },
  };
  const api = new Caller(lab, { limits });
  for (let i = 0; i < 3; i++) await api.json("GET /v1/regions");
  const response = await api.fetch("GET /v1/regions");
  assert.deepEqual([response.status, response.headers.get("retry-after")], [429, "5"]);
  await api.json("GET /v1/regions", { from: "203.0.113.2" });
  // Guesses at tokens are counted with everything else that shows none.
  assert.equal(await api.refused("POST /v1/drain", { token: "guess" }), "too-many");
  await lab.pass(1_000);
  assert.equal(await api.refused("POST /v1/drain", { token: "guess" }), "unauthorized");
  for (let i = 0; i < 5; i++) await api.json("GET /v1/regions", { as: "backend" });
  assert.equal(await api.refused("GET /v1/regions", { as: "backend" }), "too-many");
  await api.json("GET /v1/regions", { as: "operator" });
  await lab.close();
});

Deno.test("a proxy's word on addresses counts only where there is a proxy", async () => {
  const lab = await DirectorLab.open();
  const limits = {
    anonymous: { perSecond: 1, burst: 1 },
    authorized: { perSecond: 1, burst: 1 },
  };
  const call = (address: string): Call => ({
    headers: { "x-forwarded-for": `198.51.100.1, ${address}` },
  });
  const open = new Caller(lab, { limits });
  await open.json("GET /v1/regions", call("192.0.2.1"));
  assert.equal(await open.refused("GET /v1/regions", call("192.0.2.2")), "too-many");
  const proxied = new Caller(lab, { limits, behindProxy: true });
  await proxied.json("GET /v1/regions", call("192.0.2.1"));
  await proxied.json("GET /v1/regions", call("2001:db8::1"));
  assert.equal(await proxied.refused("GET /v1/regions", call("192.0.2.1")), "too-many");
  assert.equal(
    await proxied.refused("GET /v1/regions", call("2001:db8::2")),
    "too-many",
    "one /64 is one source",
  );
  await lab.close();
});

Deno.test(
  "browsers may call what needs no role's token, and nothing else",
  withApi(async (api) => {
    const origin = { origin: "https://game.example.org" };
    const open = await api.fetch("GET /v1/beacons", { headers: origin });
    assert.equal(open.headers.get("access-control-allow-origin"), "*");
    await open.body?.cancel();
    const preflight = await api.fetch("OPTIONS /v1/join", {
      headers: { ...origin, "access-control-request-method": "POST" },
    });
    assert.equal(preflight.status, 204);
    const closed = await api.fetch("OPTIONS /v1/drain", {
      headers: { ...origin, "access-control-request-method": "POST" },
    });
    assert.equal(closed.headers.get("access-control-allow-origin"), null);
    await closed.body?.cancel();
  }),
);

Deno.test("tokens that can be guessed, or that stand for two roles, are refused", async () => {
  const lab = await DirectorLab.open();
  const tokens = (more: Partial<ApiTokens>): void =>
    void directorApi(lab.director, { tokens: { ...TOKENS, ...more } });
  assert.throws(() => tokens({ relay: ["short"] }), RangeError);
  assert.throws(() => tokens({ relay: TOKENS.operator }), RangeError);
  tokens({ relay: [] });
  await lab.close();
});

Deno.test("HOLD over HTTP: renewals go on, new sessions wait, and readiness says so", async () => {
  let away: AwayDirectory | undefined;
  const lab = await DirectorLab.open({
    wrap: (clock) => away = new AwayDirectory(new MemoryDirectory({ clock })),
  });
  const defects: unknown[] = [];
  const api = new Caller(lab, { onDefect: (error) => void defects.push(error) });
  await prepare(api);
  const grant = await api.json("POST /v1/sessions", { as: "backend", body: { serverId: "s1" } });
  await api.json("GET /readyz");
  away!.isAway = true;
  const at = `POST /v1/sessions/${grant.sessionId}/renew`;
  const renewed = await api.json(at, { as: "backend" });
  assert.equal(renewed.advice, "keep");
  const open = { as: "backend", body: { serverId: "s1" } } as const;
  const refusal = await api.fetch("POST /v1/sessions", { ...open });
  assert.deepEqual([refusal.status, refusal.headers.get("retry-after")], [503, "2"]);
  assert.equal((await refusal.json()).error.code, "away");
  assert.equal(await api.refused("GET /readyz"), "away");
  assert.deepEqual(await api.json("GET /healthz"), { status: "hold", directorId: "d-1" });
  // Longer than a renewal is written again for: what cannot be written does not keep it from going out.
  await lab.pass(200_000);
  assert.equal((await api.json(at, { as: "backend" })).epoch, 1);
  away!.isAway = false;
  await prepare(api);
  await api.json("POST /v1/sessions", { ...open });
  assert.deepEqual(defects, []);
  await lab.close();
});

Deno.test("a defect is told to its listener and not to the caller", async () => {
  const lab = await DirectorLab.open();
  const defects: unknown[] = [];
  const api = new Caller(lab, { onDefect: (error) => void defects.push(error) });
  await prepare(api);
  lab.planner.plan = () => {
    throw new TypeError("secret detail");
  };
  const response = await api.fetch("POST /v1/sessions", {
    as: "backend",
    body: { serverId: "s1" },
  });
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /secret/);
  assert.equal((defects[0] as Error).message, "secret detail");
  await lab.close();
});

Deno.test("a director is served on a socket, and stops", async () => {
  const lab = await DirectorLab.open();
  const served = serveDirector(lab.director, { tokens: TOKENS, port: 0 });
  const response = await fetch(`${served.url}/healthz`);
  assert.deepEqual(await response.json(), { status: "ok", directorId: "d-1" });
  await served.close();
  await lab.close();
});

/** A memory directory of which the writes can be made to fail. */
class AwayDirectory implements Directory {
  isAway = false;
  readonly #inner: Directory;

  constructor(inner: Directory) {
    this.#inner = inner;
  }

  get state(): Directory["state"] {
    return this.isAway ? "away" : "connected";
  }

  onState: Directory["onState"] = () => () => {};
  get: Directory["get"] = (bucket, key) => this.#inner.get(bucket, key);
  list: Directory["list"] = (bucket) => this.#inner.list(bucket);
  read: Directory["read"] = (bucket, key) => this.#inner.read(bucket, key);
  put: Directory["put"] = (...args) => this.#write(() => this.#inner.put(...args));
  create: Directory["create"] = (...args) => this.#write(() => this.#inner.create(...args));
  update: Directory["update"] = (...args) => this.#write(() => this.#inner.update(...args));
  delete: Directory["delete"] = (...args) => this.#write(() => this.#inner.delete(...args));
  watch: Directory["watch"] = (bucket, listener) => this.#inner.watch(bucket, listener);
  publish: Directory["publish"] = (message) => this.#write(() => this.#inner.publish(message));
  subscribe: Directory["subscribe"] = (listener) => this.#inner.subscribe(listener);
  close: Directory["close"] = () => this.#inner.close();

  #write<T>(action: () => Promise<T>): Promise<T> {
    if (!this.isAway) return action();
    return Promise.reject(new DirectoryError("away", "nobody answers"));
  }
}
