/**
 * NATS for tests: the server that `.ci/extra/20_nats.sh` started, and clusters that a test starts.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Clock } from "../../../transport/clock.ts";

/** Where a server is, or `undefined` where tests with NATS are skipped. */
export const NATS_URL: string | undefined = Deno.env.get("TICKWIRE_NATS_URL");

/** Added to the names of tests that need it. */
export const NEEDS_NATS = "(needs NATS: .ci/extra/20_nats.sh)";

/** A prefix that no other test uses, so that tests share a server. */
export function freshPrefix(): string {
  return `t${crypto.randomUUID().slice(0, 8)}`;
}

/** Waits in real time until something holds. */
export async function waitFor(
  clock: Clock,
  predicate: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 15_000,
): Promise<void> {
  const untilMs = clock.nowMs() + limitMs;
  while (!await predicate()) {
    assert.ok(clock.nowMs() < untilMs, `in ${limitMs} ms: ${what}`);
    await new Promise<void>((resolve) => void clock.setTimer(clock.nowMs() + 10, resolve));
  }
}

/** A running `nats-server`. */
export interface NatsServer {
  /** Its name in the cluster. */
  readonly name: string;
  /** Where clients connect. */
  readonly url: string;
  /** Ends it as a crash would, by SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again on the same port and store. */
  restart(): void;
}

/** Starts a server, or a cluster of several, with stores under `folder`. */
export function startNats(folder: string, count: number): NatsServer[] {
  const names = Array.from({ length: count }, (_, i) => `n${i + 1}`);
  const ports = names.map(() => freePort());
  const routePorts = names.map(() => freePort());
  const routes = routePorts.map((port) => `nats-route://127.0.0.1:${port}`).join(",");
  return names.map((name, i) => {
    const cluster = count === 1 ? [] : [
      "--cluster_name",
      "test",
      "--cluster",
      `nats://127.0.0.1:${routePorts[i]}`,
      "--routes",
      routes,
    ];
    const args = ["-js", "-a", "127.0.0.1", "-p", `${ports[i]}`, "-sd", `${folder}/${name}`]
      .concat("-n", name, cluster);
    const spawn = (): Deno.ChildProcess =>
      new Deno.Command("nats-server", { args, stdout: "null", stderr: "null" }).spawn();
    let child = spawn();
    return {
      name,
      url: `nats://127.0.0.1:${ports[i]}`,
      kill: async () => {
        child.kill("SIGKILL");
        await child.status;
      },
      restart: () => {
        child = spawn();
      },
    };
  });
}

/** A TCP port that was free a moment ago. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
