/**
 * A director and relays at hosts of a lab, as their operators would start them.
 *
 * @module
 */
import { join } from "node:path";
import type { Lab, LabHost } from "./lab.ts";
import type { LabProcess } from "./lab_process.ts";

/** UDP port of every relay. */
export const RELAY_PORT = 7_000;

/** HTTP port of the director. */
const HTTP_PORT = 9_980;

/** A relay of a fleet. */
export interface FleetRelay {
  /** Its id. */
  readonly id: string;
  /** Where it runs. */
  readonly host: LabHost;
  /** Starts it, again if it has ended; with arguments of its own. */
  start(...args: string[]): Promise<LabProcess>;
  /** What runs now. */
  process: LabProcess;
}

/** A director and relays. */
export class RelayFleet {
  /** Where the director runs. */
  readonly directorHost: LabHost;
  /** The director; may be replaced by one that is started anew. */
  director!: LabProcess;
  /** All relays by id. */
  readonly relays: Map<string, FleetRelay> = new Map();
  readonly #lab: Lab;
  readonly #folder: string;
  readonly #directorArgs: readonly string[];
  #nats: Deno.ChildProcess | undefined;

  private constructor(lab: Lab, directorArgs: readonly string[]) {
    this.#lab = lab;
    this.#folder = lab.folder;
    this.#directorArgs = directorArgs;
    this.directorHost = lab.host("dir");
  }

  /** Starts a director. Dispose of the fleet before the lab. */
  static async start(lab: Lab, directorArgs: readonly string[] = []): Promise<RelayFleet> {
    const fleet = new RelayFleet(lab, directorArgs);
    await fleet.startDirector();
    return fleet;
  }

  /** Where the director's API is. */
  get directorUrl(): string {
    return `http://${this.directorHost.address}:${HTTP_PORT}`;
  }

  /** The file of a role's token. */
  tokenFile(role: "relay" | "server" | "backend" | "operator"): string {
    return join(this.#folder, "director", `${role}.token`);
  }

  /** Starts the director, again if it has ended, with the NATS server that its arguments name. */
  async startDirector(): Promise<void> {
    if (this.#directorArgs.includes("--nats")) {
      this.#nats = new Deno.Command("ip", {
        args: [
          ...["netns", "exec", this.directorHost.namespace, "nats-server", "-js"],
          ...["-a", "127.0.0.1", "-sd", join(this.#folder, "nats")],
        ],
        stdout: "null",
        stderr: "null",
      }).spawn();
      // The director waits for it.
    }
    this.director = this.#lab.start(this.directorHost, {
      name: "director",
      script: "relay/main.ts",
      args: [
        ...["--role", "director", "--json", "--stats-seconds", "0"],
        ...["--http-host", this.directorHost.address, "--http-port", String(HTTP_PORT)],
        ...["--data", join(this.#folder, "director"), ...this.#directorArgs],
      ],
    });
    await this.director.next("ready");
  }

  /** Ends director and NATS without a word. */
  killDirector(): void {
    this.director.kill("SIGKILL");
    this.#nats?.kill("SIGKILL");
    this.#nats = undefined;
  }

  /** Adds a relay in a region of its own, at a host of its own unless one is named. */
  async add(id: string, { host = this.#lab.host(id), args = [] }: {
    readonly host?: LabHost;
    readonly args?: readonly string[];
  } = {}): Promise<FleetRelay> {
    const start = async (...more: string[]): Promise<LabProcess> => {
      const process = this.#lab.start(host, {
        name: `relay ${id}`,
        script: "relay/main.ts",
        args: [
          ...["--role", "relay", "--id", id, "--region", id, "--zone", id, "--json"],
          ...["--host", "0.0.0.0", "--port", String(RELAY_PORT), "--advertise", host.address],
          ...["--director", this.directorUrl, "--token-file", this.tokenFile("relay")],
          ...["--data", join(this.#folder, id), "--stats-seconds", "0", ...args, ...more],
        ],
      });
      await process.next("ready");
      return process;
    };
    const relay: FleetRelay = { id, host, start, process: await start() };
    this.relays.set(id, relay);
    return relay;
  }

  /** Asks the director's API as its operator. */
  async ask(path: string, body?: unknown): Promise<string> {
    const token = (await Deno.readTextFile(this.tokenFile("operator"))).trim();
    // This process is in none of the lab's namespaces: a program in one asks for it.
    const { stdout } = await new Deno.Command("ip", {
      args: [
        ...["netns", "exec", this.directorHost.namespace, Deno.execPath(), "eval"],
        `const answer = await fetch(${JSON.stringify(this.directorUrl + path)}, ${
          JSON.stringify({
            method: body === undefined ? "GET" : "POST",
            headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          })
        }); console.log(answer.status, await answer.text())`,
      ],
    }).output();
    return new TextDecoder().decode(stdout);
  }

  /** Ends NATS. */
  async dispose(): Promise<void> {
    this.#nats?.kill("SIGKILL");
    await this.#nats?.status;
  }
}
