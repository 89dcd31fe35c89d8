/**
 * The load of `relay_bench.ts`: players and their server in a process of its own, whatever is between them.
 *
 * The first line says what that is: `direct`, `bare`, `turn PORT` or `relay PORT PPS KBPS`, and how many
 * sessions. Then `run MS IN_FLIGHT` keeps datagrams going round and answers how many came back,
 * `latency COUNT` sends one after the other, and `offer MS PPS` sends at a rate, whatever comes back.
 *
 * @module
 */
import { createInterface } from "node:readline";
import process from "node:process";
import { loadSodium } from "../protocol/crypto/sodium.ts";
import { ClientLeg } from "../protocol/relay/legs/client_leg.ts";
import { ServerLeg } from "../protocol/relay/legs/server_leg.ts";
import { loadSodiumSipHasher } from "../protocol/relay/sodium_siphash.ts";
import type { DatagramPipe } from "../transport/pipe.ts";
import { RelayGate } from "../transport/relay_gate.ts";
import { RelayedPipe } from "../transport/relayed_pipe.ts";
import { systemClock } from "../transport/system_clock.ts";
import { systemRandom } from "../transport/system_random.ts";
import { openUdp } from "../transport/udp.ts";
import { BENCH_SERVER_KEY, type BenchCaps, benchGrant } from "./relay_grants.ts";
import { CHANNEL_HEADER_BYTES, channelData, openChannel } from "./relay_turn.ts";

/** What is inside of frames and channels; relay frames have 20 bytes more, and so has what is bare. */
const PAYLOAD_BYTES = 100;
const FRAME_BYTES = 120;
const SILENCE_MS = 100;
const HOST = "127.0.0.1";

/** One session: sends a datagram that is answered. */
interface Session {
  send(): void;
  onReturn: () => void;
}

function bind(): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname: HOST, port: 0 });
}

function portOf(socket: Deno.DatagramConn): number {
  return (socket.addr as Deno.NetAddr).port;
}

const ignore = (): void => {};

async function receiveAll(
  socket: Deno.DatagramConn,
  onDatagram: (bytes: Uint8Array, from: Deno.Addr) => void,
): Promise<void> {
  const buffer = new Uint8Array(2_048);
  for (;;) {
    const [bytes, from] = await socket.receive(buffer);
    onDatagram(bytes, from);
  }
}

/** A server's socket that echoes. */
function echoPeer(): Deno.DatagramConn {
  const socket = bind();
  // The promise of a send settles after the bytes were read: loopback does not wait.
  void receiveAll(socket, (bytes, from) => void socket.send(bytes, from).catch(ignore));
  return socket;
}

function rawSession(socket: Deno.DatagramConn, datagram: Uint8Array, to: Deno.NetAddr): Session {
  const session: Session = {
    send: () => void socket.send(datagram, to).catch(ignore),
    onReturn: ignore,
  };
  void receiveAll(socket, () => session.onReturn());
  return session;
}

/** Sessions over bare sockets; the answer names the ports of both ends, for the forwarder. */
function bareSessions(count: number, isDirect: boolean): { sessions: Session[]; answer: string } {
  const sessions: Session[] = [];
  const ports: string[] = [];
  // Where the forwarder is comes with the second line.
  for (let i = 0; i < count; i++) {
    const [socket, peer] = [bind(), echoPeer()];
    const to: Deno.NetAddr = {
      transport: "udp",
      hostname: HOST,
      port: isDirect ? portOf(peer) : forwarderPort,
    };
    sessions.push(rawSession(socket, new Uint8Array(FRAME_BYTES).fill(7), to));
    ports.push(`${portOf(socket)}:${portOf(peer)}`);
  }
  return { sessions, answer: ports.join(",") };
}

async function turnSessions(count: number, port: number): Promise<Session[]> {
  const turn: Deno.NetAddr = { transport: "udp", hostname: HOST, port };
  const sessions: Session[] = [];
  for (let i = 0; i < count; i++) {
    const socket = bind();
    await openChannel(socket, turn, portOf(echoPeer()));
    sessions.push(rawSession(socket, channelData(FRAME_BYTES - CHANNEL_HEADER_BYTES), turn));
  }
  return sessions;
}

async function relaySessions(
  count: number,
  relayPort: number,
  caps: BenchCaps,
): Promise<Session[]> {
  const [crypto, hasher] = await Promise.all([loadSodium(), loadSodiumSipHasher()]);
  const clock = systemClock;
  const common = { crypto, hasher, random: systemRandom, epochMs: Date.now() - clock.nowMs() };
  const serverPipe = await openUdp({ hostname: HOST, port: 0, transmitSlots: 1_024 });
  const serverLeg = new ServerLeg({ ...common, relayKeys: [BENCH_SERVER_KEY] }, clock.nowMs());
  const gate = new RelayGate(serverPipe, { leg: serverLeg, clock });
  gate.start((bytes, from) => {
    const slot = gate.acquire();
    if (slot === undefined) return;
    slot.bytes.set(bytes);
    gate.send(slot, bytes.byteLength, from);
  });
  const sessions: Session[] = [];
  for (let i = 0; i < count; i++) {
    const grant = benchGrant(BigInt(i + 1), {
      relayPort,
      serverPort: serverPipe.localAddress.port,
      caps,
    });
    const pipe: DatagramPipe & { whenBound(timeoutMs: number): Promise<boolean> } = new RelayedPipe(
      await openUdp({ hostname: HOST, port: 0 }),
      { leg: new ClientLeg({ ...common, grant }, clock.nowMs()), clock },
    );
    if (!await pipe.whenBound(5_000)) throw new Error("The relay does not bind");
    const [to] = await pipe.resolve("", 1);
    const session: Session = {
      send() {
        const slot = pipe.acquire();
        if (slot === undefined) return;
        slot.bytes.fill(7, 0, PAYLOAD_BYTES);
        pipe.send(slot, PAYLOAD_BYTES, to!);
      },
      onReturn: ignore,
    };
    pipe.start(() => session.onReturn());
    sessions.push(session);
  }
  return sessions;
}

/** Keeps `inFlight` datagrams of each session going round, and counts what comes back. */
async function run(
  sessions: readonly Session[],
  durationMs: number,
  inFlight: number,
): Promise<number> {
  let returned = 0;
  let seen = 0;
  let isOver = false;
  const fill = (): void => {
    for (const session of sessions) {
      for (let i = 0; i < inFlight; i++) session.send();
    }
  };
  for (const session of sessions) {
    session.onReturn = () => {
      if (isOver) return;
      returned++;
      session.send();
    };
  }
  // What is lost was lost on loopback; when all is, the window starts anew.
  const watch = setInterval(() => {
    if (returned === seen) fill();
    seen = returned;
  }, SILENCE_MS);
  fill();
  await pause(durationMs);
  isOver = true;
  clearInterval(watch);
  // What is still on its way is not the next one's.
  await pause(50);
  return returned;
}

/** Round trips of one datagram after the other, in milliseconds. */
async function latency([session]: readonly Session[], count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const startMs = performance.now();
    const took = await new Promise<number>((resolve) => {
      const timer = setTimeout(() => resolve(NaN), SILENCE_MS);
      session!.onReturn = () => {
        clearTimeout(timer);
        resolve(performance.now() - startMs);
      };
      session!.send();
    });
    if (!Number.isNaN(took)) times.push(took);
  }
  return times.sort((a, b) => a - b);
}

/** Sends at a rate, in portions of a millisecond. */
async function offer(
  [session]: readonly Session[],
  durationMs: number,
  pps: number,
): Promise<number> {
  let returned = 0;
  session!.onReturn = () => void returned++;
  const startMs = performance.now();
  let sent = 0;
  for (let nowMs = startMs; nowMs - startMs < durationMs; nowMs = performance.now()) {
    for (; sent < (nowMs - startMs) / 1_000 * pps; sent++) session!.send();
    await pause(1);
  }
  return returned;
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

let sessions: Session[] = [];
let forwarderPort = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...rest] = line.split(" ");
  const [first = 0, second = 0, third = 0, fourth = 0] = rest.map(Number);
  let answer = "";
  if (command === "direct" || command === "bare") {
    forwarderPort = second;
    ({ sessions, answer } = bareSessions(first, command === "direct"));
  } else if (command === "turn") sessions = await turnSessions(first, second);
  else if (command === "relay") {
    sessions = await relaySessions(first, second, { pps: third, kbps: fourth });
  } else if (command === "run") answer = String(await run(sessions, first, second));
  else if (command === "latency") answer = JSON.stringify(await latency(sessions, first));
  else if (command === "offer") answer = String(await offer(sessions, first, second));
  process.stdout.write(`${answer}\n`);
}
process.exit(0);
