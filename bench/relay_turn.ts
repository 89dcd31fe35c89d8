/**
 * coturn for the relay bench, and as much of a TURN client (RFC 8656) as it takes to send through it.
 *
 * No authentication and no refresh: allocations live for ten minutes, benches for less.
 *
 * @module
 */

const COOKIE = 0x2112_a442;
const ALLOCATE = 0x0003;
const CHANNEL_BIND = 0x0009;
const SUCCESS = 0x0100;
const REQUESTED_TRANSPORT = 0x0019;
const CHANNEL_NUMBER = 0x000c;
const XOR_PEER_ADDRESS = 0x0012;
const HEADER_BYTES = 20;
const CHANNEL = 0x4000;

/** Bytes that ChannelData adds to a datagram. */
export const CHANNEL_HEADER_BYTES = 4;

/** A running coturn. */
export interface Coturn {
  /** Its process. */
  readonly pid: number;
  /** Its UDP port. */
  readonly port: number;
  /** Ends it. */
  close(): Promise<void>;
}

/** Starts coturn with one thread for relaying, as a shard has; `undefined` when it is not installed. */
export async function startCoturn(): Promise<Coturn | undefined> {
  const port = freePort();
  const folder = await Deno.makeTempDir({ prefix: "tickwire-coturn-" });
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("turnserver", {
      args: [
        ...[
          "-n",
          "-L",
          "127.0.0.1",
          "-E",
          "127.0.0.1",
          "-p",
          String(port),
          "--no-auth",
          "--no-cli",
        ],
        ...["--no-tls", "--no-dtls", "--no-tcp", "--no-tcp-relay", "--allow-loopback-peers"],
        ...["--relay-threads", "1", "--no-stdout-log", "--log-file", `${folder}/log`],
        ...["--pidfile", `${folder}/pid`, "--userdb", `${folder}/db`],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return {
    pid: child.pid,
    port,
    async close(): Promise<void> {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Seconds of processor time that a process has used. Linux only. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The name in parentheses may hold spaces; utime and stime are fields 14 and 15, in ticks of 10 ms.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Makes an allocation on this socket and binds a channel to a peer on this machine. */
export async function openChannel(
  socket: Deno.DatagramConn,
  turn: Deno.NetAddr,
  peerPort: number,
): Promise<void> {
  await ask(socket, turn, ALLOCATE, [REQUESTED_TRANSPORT, 0, 4, 17, 0, 0, 0]);
  const port = peerPort ^ (COOKIE >>> 16);
  await ask(socket, turn, CHANNEL_BIND, [
    ...[CHANNEL_NUMBER, 0, 4, CHANNEL >> 8, CHANNEL & 0xff, 0, 0],
    // 127.0.0.1, XORed with the cookie.
    ...[XOR_PEER_ADDRESS, 0, 8, 0, 1, port >> 8, port & 0xff],
    ...[127 ^ 0x21, 0 ^ 0x12, 0 ^ 0xa4, 1 ^ 0x42],
  ]);
}

/** A ChannelData message with so many bytes inside. */
export function channelData(sizeBytes: number): Uint8Array {
  const message = new Uint8Array(CHANNEL_HEADER_BYTES + sizeBytes);
  new DataView(message.buffer).setUint32(0, CHANNEL << 16 | sizeBytes);
  return message;
}

/** Attributes as bytes, but for their first, the type, which has two. */
async function ask(
  socket: Deno.DatagramConn,
  turn: Deno.NetAddr,
  method: number,
  attributes: readonly number[],
): Promise<void> {
  const body: number[] = [];
  for (let at = 0; at < attributes.length;) {
    const valueBytes = attributes[at + 2]!;
    body.push(0, ...attributes.slice(at, at + 3 + valueBytes));
    at += 3 + valueBytes;
  }
  const request = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(request.buffer);
  view.setUint16(0, method);
  view.setUint16(2, body.length);
  view.setUint32(4, COOKIE);
  crypto.getRandomValues(request.subarray(8, HEADER_BYTES));
  request.set(body, HEADER_BYTES);
  const buffer = new Uint8Array(2_048);
  const received = socket.receive(buffer).then(([bytes]) => bytes);
  // It may not listen yet.
  for (let tries = 0; tries < 50; tries++) {
    await socket.send(request, turn).catch(() => {});
    const answer = await Promise.race([
      received,
      new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 100)),
    ]);
    if (answer === undefined) continue;
    const type = new DataView(answer.buffer, answer.byteOffset).getUint16(0);
    if (type === (method | SUCCESS)) return;
    throw new Error(`coturn answered 0x${type.toString(16)}`);
  }
  throw new Error("coturn does not answer");
}

function freePort(): number {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  socket.close();
  return port;
}
