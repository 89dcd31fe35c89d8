/**
 * A director on a virtual clock, with relays and servers that say what a test wants.
 *
 * @module
 */
import assert from "node:assert/strict";
import { encodeKey } from "../../../protocol/connect_url.ts";
import { nobleBackend } from "../../../protocol/crypto/noble.ts";
import {
  HOP_TICKET_BYTES,
  type HopTicket,
  openHopTicket,
} from "../../../protocol/relay/hop_ticket.ts";
import { Director, type DirectorOptions } from "../../../relay/director/director.ts";
import { DirectorError, type DirectorErrorCode } from "../../../relay/director/director_error.ts";
import type {
  RelayHeartbeat,
  RelayReply,
  ServerRegistration,
  ServerReply,
} from "../../../relay/director/requests.ts";
import type { Plan, PlanRequest, RoutePlanner } from "../../../relay/director/route_planner.ts";
import { type DeliveredKeys, openKeys } from "../../../protocol/relay/api/sealed_keys.ts";
import type { Directory } from "../../../relay/directory/directory.ts";
import { MemoryDirectory } from "../../../relay/directory/memory_directory.ts";
import { VirtualClock } from "../../../transport/virtual_clock.ts";
import { keyOf, randomFill } from "../../fixtures/seeded.ts";

const crypto = nobleBackend();

/** Wall clock at the start: noon, so that a key period ends in twelve hours. */
export const NOON_MS: number = Date.UTC(2026, 0, 1, 12);

/** A planner that answers what a test says, and remembers what it was asked. */
export class ScriptedPlanner implements RoutePlanner {
  /** The answer. */
  next: Plan | undefined = { primary: ["fra-1"] };
  /** The questions. */
  readonly asked: PlanRequest[] = [];

  plan(request: PlanRequest): Plan | undefined {
    this.asked.push(request);
    return this.next;
  }
}

/** The director and its world. */
export class DirectorLab {
  readonly clock = new VirtualClock();
  readonly planner = new ScriptedPlanner();
  readonly directory: Directory;
  director!: Director;

  private constructor(directory?: (clock: VirtualClock) => Directory) {
    this.directory = directory?.(this.clock) ?? new MemoryDirectory({ clock: this.clock });
  }

  /** Opens a director. */
  static async open(
    options: Partial<DirectorOptions> & { wrap?: (clock: VirtualClock) => Directory } = {},
  ): Promise<DirectorLab> {
    const { wrap, ...more } = options;
    const lab = new DirectorLab(wrap);
    lab.director = await lab.another(more);
    return lab;
  }

  /** Another director of the same network. */
  another(more: Partial<DirectorOptions> = {}): Promise<Director> {
    return Director.open({
      directory: this.directory,
      key: keyOf("director"),
      planner: this.planner,
      id: "d-1",
      publicUrl: "https://director.example.org/",
      clock: this.clock,
      wallClockMs: () => this.nowMs(),
      random: randomFill("director", directors++),
      ...more,
    });
  }

  /** Wall clock. */
  nowMs(): number {
    return NOON_MS + this.clock.nowMs();
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    this.clock.run(this.clock.nowMs() + ms);
    for (let i = 0; i < 20; i++) await Promise.resolve();
  }

  /** A relay's heartbeat. */
  relay(id: string, more: Partial<RelayHeartbeat> = {}): Promise<RelayReply> {
    return this.director.relayHeartbeat(heartbeatOf(id, more));
  }

  /** Two relays in Frankfurt and one in Amsterdam. */
  async relays(): Promise<void> {
    for (const id of ["fra-1", "fra-2", "ams-1"]) await this.relay(id);
  }

  /** Registers a server. */
  server(id: string, more: Partial<ServerRegistration> = {}): Promise<ServerReply> {
    return this.director.registerServer(registrationOf(id, more));
  }

  /** The keys that a relay was told. */
  async relayKeys(id: string): Promise<DeliveredKeys> {
    return delivered(await this.relay(id), secretOf(id));
  }

  /** The keys that a server was told. */
  serverKeys(reply: ServerReply): DeliveredKeys {
    return delivered(reply, secretOf(reply.id));
  }

  /** Ends timers. */
  async close(): Promise<void> {
    this.director.close();
    await this.directory.close();
  }
}

let directors = 1;

/** Runs a test with a lab. */
export function withLab(
  body: (lab: DirectorLab) => Promise<void>,
  options: Parameters<typeof DirectorLab.open>[0] = {},
): () => Promise<void> {
  return async () => {
    const lab = await DirectorLab.open(options);
    try {
      await body(lab);
    } finally {
      await lab.close();
    }
  };
}

/** The X25519 secret of a relay or server. */
export function secretOf(id: string): Uint8Array {
  return keyOf(`secret of ${id}`);
}

/** What a relay says; the number after its name is the last part of its address. */
export function heartbeatOf(id: string, more: Partial<RelayHeartbeat> = {}): RelayHeartbeat {
  const [region = "", number = "1"] = id.split("-");
  const net = { fra: 1, ams: 2, nyc: 3 }[region] ?? 9;
  return {
    id,
    region,
    hostname: `192.0.${net}.${number}`,
    shards: [{ shard: 0, port: 7_000, sessions: 0, load: 0.1 }],
    state: "active",
    publicKey: encodeKey(crypto.x25519PublicKey(secretOf(id))),
    instance: "00000000000000aa",
    version: "0.1.0",
    ...more,
  };
}

/** How a server with a public address introduces itself. */
export function registrationOf(
  id: string,
  more: Partial<ServerRegistration> = {},
): ServerRegistration {
  return {
    id,
    protocolId: "arena",
    name: `Server ${id}`,
    region: "fra",
    serverKey: encodeKey(crypto.x25519PublicKey(secretOf(id))),
    hostname: "198.51.100.7",
    port: 9_999,
    maxPlayers: 32,
    exposure: "never",
    acceptsTickets: false,
    instance: "00000000000000bb",
    ...more,
  };
}

/** The same, behind NAT. */
export function anchoredOf(id: string): ServerRegistration {
  const { hostname: _, port: __, ...rest } = registrationOf(id);
  return rest;
}

function delivered(reply: { keys: string }, secret: Uint8Array): DeliveredKeys {
  const keys = openKeys(reply.keys, secret);
  assert.ok(keys !== undefined, "the keys open");
  return keys;
}

/** Opens the ticket at a place of a route. */
export function ticketAt(tickets: Uint8Array, index: number, keys: DeliveredKeys): HopTicket {
  const start = index * HOP_TICKET_BYTES;
  const ticket = openHopTicket(tickets.slice(start, start + HOP_TICKET_BYTES), keys.keys);
  assert.ok(ticket !== undefined, `ticket ${index} opens`);
  return ticket;
}

/** For `assert.rejects`. */
export function isDirectorError(code: DirectorErrorCode): (error: unknown) => boolean {
  return (error) => {
    if (error instanceof DirectorError && error.code === code) return true;
    throw error;
  };
}
