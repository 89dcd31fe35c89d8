/**
 * What a relay tells about itself over HTTP: a page for people, JSON and metrics for programs, and two
 * questions for whoever keeps it alive.
 *
 * @module
 */
import { canonicalHostname, isLoopback } from "../../protocol/address.ts";
import { equalText } from "../director/equal_text.ts";
import { prometheusText } from "../status/prometheus_text.ts";
import type { RelaySnapshot } from "../status/relay_snapshot.ts";
import { statusJson } from "../status/status_json.ts";
import { statusPage } from "../status/status_page.ts";
import type { Relay } from "./relay.ts";

/** Options of {@link statusApi}. */
export interface StatusApiOptions {
  /** Who may look from elsewhere: bearer tokens, or the query parameter `token` for a browser. */
  readonly tokens: readonly string[];
  /** Whether a proxy stands in front: then nobody is taken for this machine. */
  readonly behindProxy: boolean;
}

/** Answers a request, or gives `undefined` when it is for somebody else. */
export type StatusApi = (
  request: Request,
  connection: { readonly remoteAddr: Deno.Addr },
) => Promise<Response | undefined>;

interface View {
  readonly type: string;
  readonly render: (snapshot: RelaySnapshot) => string;
}

const VIEWS: ReadonlyMap<string, View> = new Map([
  ["/status", { type: "text/html; charset=utf-8", render: statusPage }],
  ["/status.json", { type: "application/json", render: statusJson }],
  ["/metrics", { type: "text/plain; version=0.0.4; charset=utf-8", render: prometheusText }],
]);

/** Nothing that a page of ours needs comes from elsewhere, and nobody may frame it. */
const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** The pages of a relay. */
export function statusApi(relay: Relay, options: StatusApiOptions): StatusApi {
  return async (request, connection) => {
    const url = new URL(request.url);
    if (url.pathname === "/healthz") return json(200, { status: "ok", relayId: relay.id });
    if (url.pathname === "/readyz") return readiness(relay);
    const view = VIEWS.get(url.pathname);
    if (view === undefined) return undefined;
    if (request.method !== "GET" && request.method !== "HEAD") {
      return refusal(405, "no-such-path", "This is only to be read");
    }
    if (!mayLook(request, url, connection, options)) {
      return refusal(
        401,
        "unauthorized",
        "From another machine this needs a token: a bearer token, or ?token= in a browser",
      );
    }
    const { type, render } = view;
    return new Response(render(await relay.snapshot()), {
      headers: { ...HEADERS, "content-type": type },
    });
  };
}

/** Session ids and routes are the operator's business: free on this machine, by token elsewhere. */
function mayLook(
  request: Request,
  url: URL,
  { remoteAddr }: { readonly remoteAddr: Deno.Addr },
  { tokens, behindProxy }: StatusApiOptions,
): boolean {
  const hostname = "hostname" in remoteAddr ? canonicalHostname(remoteAddr.hostname) : "127.0.0.1";
  // A page of another site that a browser of this machine shows must not read it by a name of its own.
  const isByAddress = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (!behindProxy && isByAddress && hostname !== undefined && isLoopback(hostname)) return true;
  const [scheme, bearer] = request.headers.get("authorization")?.split(" ") ?? [];
  const token = scheme?.toLowerCase() === "bearer" ? bearer : url.searchParams.get("token");
  return token !== undefined && token !== null &&
    tokens.filter((known) => equalText(token, known)).length > 0;
}

function readiness(relay: Relay): Response {
  if (relay.isReady) return json(200, { status: "ok", relayId: relay.id });
  return relay.drainUntilMs === undefined
    ? refusal(503, "away", "The director has given no keys yet")
    : refusal(503, "draining", "The relay drains: it takes no new sessions");
}

function refusal(status: number, code: string, message: string): Response {
  return json(status, { error: { code, message } });
}

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...HEADERS, "content-type": "application/json" },
  });
}
