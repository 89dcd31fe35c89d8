/**
 * A relay process as an operator starts it, with a game server and a player on sockets of this machine.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadSodium } from "../../../protocol/crypto/sodium.ts";
import { ClientLeg } from "../../../protocol/relay/legs/client_leg.ts";
import { ServerLeg } from "../../../protocol/relay/legs/server_leg.ts";
import { loadSodiumSipHasher } from "../../../protocol/relay/sodium_siphash.ts";
import { grantFromJson } from "../../../protocol/relay/api/grant_json.ts";
import { openKeys } from "../../../protocol/relay/api/sealed_keys.ts";
import type { DatagramPipe } from "../../../transport/pipe.ts";
import { RelayedPipe } from "../../../transport/relayed_pipe.ts";
import { RelayGate } from "../../../transport/relay_gate.ts";
import { systemClock } from "../../../transport/system_clock.ts";
import { systemRandom } from "../../../transport/system_random.ts";
import { openUdp } from "../../../transport/udp.ts";
import { registrationOf, secretOf } from "../director/director_lab.ts";
import { echoOn, Player } from "./echo.ts";

/** Asks a director, with the token of a role from the folder of its process. */
export async function ask(
  url: string,
  path: string,
  { folder, role, body }: {
    readonly folder: string;
    readonly role: string;
    readonly body: unknown;
  },
): Promise<Record<string, unknown>> {
  const token = (await Deno.readTextFile(join(folder, ".tickwire", `${role}.token`))).trim();
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const reply = await response.json();
  assert.ok(response.ok, `${path}: ${JSON.stringify(reply)}`);
  return reply;
}

/** A game server and its players, who know what a director told them over HTTP. */
export class LiveGame implements AsyncDisposable {
  readonly #url: string;
  readonly #folder: string;
  readonly #pipes: DatagramPipe[] = [];
  readonly #players: Player[] = [];

  constructor(url: string, folder: string) {
    this.#url = url;
    this.#folder = folder;
  }

  /** Starts a server that sends back what it gets. */
  async serve(region: string): Promise<void> {
    const inner = await openUdp({ hostname: "127.0.0.1", port: 0 });
    const { port } = inner.localAddress;
    const registration = registrationOf("s1", { hostname: "127.0.0.1", port, region });
    const { keys } = await ask(this.#url, "/v1/servers", {
      folder: this.#folder,
      role: "server",
      body: registration,
    });
    const common = await parts();
    const leg = new ServerLeg({
      ...common,
      relayKeys: [...openKeys(String(keys), secretOf("s1"))!.keys],
    }, systemClock.nowMs());
    const gate = new RelayGate(inner, { leg, clock: systemClock });
    this.#pipes.push(gate);
    echoOn(gate);
  }

  /** Lets a player in and play. */
  async play(intervalMs?: number): Promise<Player> {
    const json = await ask(this.#url, "/v1/sessions", {
      folder: this.#folder,
      role: "backend",
      body: { serverId: "s1" },
    });
    // The reply of a director, which the reader checks.
    const grant = grantFromJson(json as Parameters<typeof grantFromJson>[0]);
    const leg = new ClientLeg({ ...await parts(), grant }, systemClock.nowMs());
    const inner = await openUdp({ hostname: "127.0.0.1", port: 0 });
    const pipe = new RelayedPipe(inner, { leg, clock: systemClock });
    this.#pipes.push(pipe);
    const player = new Player(pipe, {
      to: leg.virtualAddress,
      clock: systemClock,
      ...(intervalMs === undefined ? {} : { intervalMs }),
    });
    assert.ok(await pipe.whenBound(5_000), "the player's route is bound");
    player.play();
    this.#players.push(player);
    return player;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const player of this.#players) player.stop();
    for (const pipe of this.#pipes) await pipe.close();
  }
}

/** Waits, with a bound, until numbers have come back that were not there before. */
export async function untilReceived(player: Player, count: number): Promise<void> {
  const goal = player.received.size + count;
  await until(() => player.received.size >= goal, `${count} more packets`);
}

/** Waits until something holds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + 15_000;
  while (!holds()) {
    assert.ok(performance.now() < endMs, `waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function parts() {
  const [crypto, hasher] = await Promise.all([loadSodium(), loadSodiumSipHasher()]);
  return { crypto, hasher, random: systemRandom, epochMs: Date.now() - systemClock.nowMs() };
}
