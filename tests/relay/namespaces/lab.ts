/**
 * Hosts and NATs in network namespaces of this machine: an internet of one switch, and what hangs on it.
 *
 * Linux only, as root. Everything carries the prefix of its lab and is gone after `dispose`, which also runs
 * when the process ends by itself or by SIGINT or SIGTERM. Nothing leaves the namespaces.
 *
 * @module
 */
import { type NatKind, natRules } from "./nat_rules.ts";
import { LabProcess, type LabProcessOptions } from "./lab_process.ts";

/** A host: a namespace with one address. */
export interface LabHost {
  /** Namespace. */
  readonly namespace: string;
  /** Its own address. */
  readonly address: string;
  /** Its NATs, from itself outwards; empty for a host with a public address. */
  readonly nats: readonly LabNat[];
}

/** A NAT: a namespace between two networks. */
export interface LabNat {
  /** Namespace. */
  readonly namespace: string;
  /** How it maps. */
  readonly kind: NatKind;
}

/** How a host is connected. `stacked` is a home NAT behind one of a carrier. */
export const ACCESS_KINDS = ["public", "preserving", "symmetric", "stacked"] as const;

/** One of {@link ACCESS_KINDS}. */
export type AccessKind = typeof ACCESS_KINDS[number];

/** Public addresses of a lab: of the block for measurements (RFC 2544), each in a /24 of its own. */
const PUBLIC_BLOCK = "198.18";

/** What names of namespaces begin with. */
const PREFIX = /^[a-z0-9]{1,12}$/;

/** Whether namespaces can be made here, and if not, why. */
export function whyNoNamespaces(): string | undefined {
  if (Deno.build.os !== "linux") return "namespaces are of Linux";
  if (Deno.uid() !== 0) return "namespaces need root";
  for (const tool of ["ip", "nft", "conntrack"]) {
    try {
      new Deno.Command(tool, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    } catch {
      return `"${tool}" is not installed`;
    }
  }
  return undefined;
}

/** Runs a program, and throws with what it said when it fails. */
export function run(program: string, args: readonly string[], input = ""): string {
  const command = input === ""
    ? new Deno.Command(program, { args: [...args], stderr: "piped" })
    // Only a spawned process takes input; a shell makes that synchronous.
    : new Deno.Command("sh", {
      args: ["-c", `${program} ${args.join(" ")} <<'END'\n${input}\nEND`],
    });
  const { success, stdout, stderr } = command.outputSync();
  const text = new TextDecoder();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${text.decode(stderr)}`);
  return text.decode(stdout);
}

/** A lab. */
export class Lab {
  /** Begins the name of every namespace. */
  readonly prefix: string;
  /** A folder for keys and tokens; it goes with the lab. */
  readonly folder: string = Deno.makeTempDirSync({ prefix: "tickwire-lab-" });
  readonly #namespaces: string[] = [];
  readonly #processes = new Set<LabProcess>();
  readonly #onEnd = (): void => this.#removeAll();
  readonly #onSignal = (): void => {
    this.#killAll();
    this.#removeAll();
    Deno.exit(130);
  };
  #nextPublic = 2;
  #nextPrivate = 1;

  /** Makes the internet: a switch. Throws RangeError for a prefix that is none. */
  constructor(prefix: string = Deno.env.get("TICKWIRE_LAB_PREFIX") ?? `tw${Deno.pid}`) {
    if (!PREFIX.test(prefix)) throw new RangeError(`"${prefix}" is no prefix of a lab`);
    this.prefix = prefix;
    globalThis.addEventListener("unload", this.#onEnd);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(signal, this.#onSignal);
    }
    const world = this.#namespace("net");
    run("ip", ["-n", world, "link", "add", "switch", "type", "bridge"]);
    run("ip", ["-n", world, "link", "set", "switch", "up"]);
  }

  /** Adds a host. With `public` access its address is one of the internet. */
  host(name: string, access: AccessKind = "public"): LabHost {
    const namespace = this.#namespace(name);
    if (access === "public") {
      return { namespace, address: this.#plug(namespace, "eth0"), nats: [] };
    }
    const inner = access === "stacked" ? "preserving" : access;
    const home = this.#namespace(`${name}-nat`);
    const nats: LabNat[] = [{ namespace: home, kind: inner }];
    const address = this.#cable(home, namespace, "10");
    if (access === "stacked") {
      const carrier = this.#namespace(`${name}-cgn`);
      nats.push({ namespace: carrier, kind: "preserving" });
      this.#cable(carrier, home, "100", "out");
      this.#plug(carrier, "out");
    } else {
      this.#plug(home, "out");
    }
    for (const { namespace: nat, kind } of nats) {
      run("ip", ["netns", "exec", nat, "sysctl", "-qw", "net.ipv4.ip_forward=1"]);
      run("ip", ["netns", "exec", nat, "nft", "-f", "-"], natRules(kind));
    }
    return { namespace, address, nats };
  }

  /** Adds rules of nftables to a host. */
  rules(host: LabHost, text: string): void {
    run("ip", ["netns", "exec", host.namespace, "nft", "-f", "-"], text);
  }

  /** Makes the NATs of a host forget all mappings, as a router that was switched off and on does. */
  rebind(host: LabHost): void {
    for (const { namespace } of host.nats) {
      run("ip", ["netns", "exec", namespace, "conntrack", "-D", "-p", "udp"]);
    }
  }

  /** Starts a script of this repository at a host. */
  start(host: LabHost, options: LabProcessOptions): LabProcess {
    const process = new LabProcess(host.namespace, options);
    this.#processes.add(process);
    process.status.then(() => this.#processes.delete(process));
    return process;
  }

  /** Ends all processes and removes all namespaces and the folder. */
  async dispose(): Promise<void> {
    const processes = [...this.#processes];
    this.#killAll();
    await Promise.all(processes.map((process) => process.close()));
    this.#removeAll();
    globalThis.removeEventListener("unload", this.#onEnd);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.removeSignalListener(signal, this.#onSignal);
    }
  }

  #namespace(name: string): string {
    const namespace = `${this.prefix}-${name}`;
    run("ip", ["netns", "add", namespace]);
    this.#namespaces.push(namespace);
    run("ip", ["-n", namespace, "link", "set", "lo", "up"]);
    return namespace;
  }

  /** Connects a namespace to the switch; its address there. */
  #plug(namespace: string, name: string): string {
    const address = `${PUBLIC_BLOCK}.${this.#nextPublic}.1`;
    const port = `p${this.#nextPublic++}`;
    const world = this.#namespaces[0]!;
    run("ip", ["-n", world, "link", "add", port, "type", "veth", "peer", name, "netns", namespace]);
    run("ip", ["-n", world, "link", "set", port, "master", "switch", "up"]);
    run("ip", ["-n", namespace, "addr", "add", `${address}/16`, "dev", name]);
    run("ip", ["-n", namespace, "link", "set", name, "up"]);
    return address;
  }

  /** A network of its own between a NAT and what is behind it; the address of the latter. */
  #cable(nat: string, behind: string, block: string, name = "eth0"): string {
    const number = this.#nextPrivate++;
    const network = block === "10" ? `10.${number}.0` : `100.64.${number}`;
    run("ip", ["-n", nat, "link", "add", "in", "type", "veth", "peer", name, "netns", behind]);
    run("ip", ["-n", nat, "addr", "add", `${network}.1/24`, "dev", "in"]);
    run("ip", ["-n", nat, "link", "set", "in", "up"]);
    run("ip", ["-n", behind, "addr", "add", `${network}.2/24`, "dev", name]);
    run("ip", ["-n", behind, "link", "set", name, "up"]);
    run("ip", ["-n", behind, "route", "add", "default", "via", `${network}.1`]);
    return `${network}.2`;
  }

  #killAll(): void {
    for (const process of this.#processes) process.kill("SIGKILL");
  }

  #removeAll(): void {
    for (const namespace of this.#namespaces.splice(0)) {
      // A namespace whose name is gone lives on as long as a process in it; all of them are the lab's.
      const left = new Deno.Command("ip", { args: ["netns", "pids", namespace], stderr: "null" })
        .outputSync();
      for (const id of new TextDecoder().decode(left.stdout).split("\n")) {
        if (id !== "") kill(Number(id));
      }
      // What fails here is gone already.
      new Deno.Command("ip", { args: ["netns", "del", namespace], stderr: "null" }).outputSync();
    }
    try {
      Deno.removeSync(this.folder, { recursive: true });
    } catch {
      // It has been removed.
    }
  }
}

function kill(processId: number): void {
  try {
    Deno.kill(processId, "SIGKILL");
  } catch {
    // It has ended.
  }
}
