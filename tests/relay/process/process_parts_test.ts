import assert from "node:assert/strict";
import { join } from "node:path";
import { DirectorError } from "../../../relay/director/director_error.ts";
import { SecretsFileError } from "../../../relay/director/api/secrets_file.ts";
import { ownAddress, parseAdvertised } from "../../../relay/process/advertised_address.ts";
import { DirectorLinkError, httpDirectorLink } from "../../../relay/process/director_link.ts";
import { dropsIn } from "../../../relay/process/kernel_drops.ts";
import { QuietSessions } from "../../../relay/process/quiet_sessions.ts";
import { readBlock, readJson, writeBlock } from "../../../relay/process/takeover_channel.ts";
import { readTokenFile, writeTokenFiles } from "../../../relay/process/token_file.ts";
import { TemporaryFolder } from "../../examples/program.ts";
import { heartbeatOf } from "../director/director_lab.ts";

Deno.test("an advertised address is an IP literal, with a port or without", () => {
  for (
    const [text, expected] of [
      ["192.0.2.1", { hostname: "192.0.2.1" }],
      ["192.0.2.1:7000", { hostname: "192.0.2.1", port: 7_000 }],
      ["2001:db8::1", { hostname: "2001:db8::1" }],
      ["[2001:db8::1]", { hostname: "2001:db8::1" }],
      ["[2001:DB8::1]:1", { hostname: "2001:db8::1", port: 1 }],
      ["192.0.2.1:65535", { hostname: "192.0.2.1", port: 65_535 }],
    ] as const
  ) assert.deepEqual(parseAdvertised(text), expected, text);
  const bad = [
    "",
    "relay.example.org",
    "192.0.2.1:0",
    "192.0.2.1:65536",
    "192.0.2.1:",
    "192.0.2",
    "[192.0.2.1",
    "2001:db8::1]:7",
    ":7000",
    "192.0.2.1:7000:1",
  ];
  for (const text of bad) assert.throws(() => parseAdvertised(text), RangeError, text);
});

Deno.test("the own address is what is listened on, else the first that others reach, IPv4 before IPv6", () => {
  const loopback = { family: "IPv4", address: "127.0.0.1" };
  const link = { family: "IPv6", address: "fe80::1" };
  const six = { family: "IPv6", address: "2001:db8::5" };
  const four = { family: "IPv4", address: "192.0.2.5" };
  const all = [loopback, link, six, four];
  assert.deepEqual(ownAddress("192.0.2.9", all), { hostname: "192.0.2.9" });
  assert.deepEqual(ownAddress("127.0.0.1", all), { hostname: "127.0.0.1" });
  for (const anywhere of [undefined, "::", "0.0.0.0"]) {
    assert.deepEqual(ownAddress(anywhere, all), { hostname: "192.0.2.5" });
    assert.deepEqual(ownAddress(anywhere, [loopback, link, six]), { hostname: "2001:db8::5" });
    assert.deepEqual(ownAddress(anywhere, [loopback, link]), { hostname: "127.0.0.1" });
    assert.deepEqual(ownAddress(anywhere, []), { hostname: "127.0.0.1" });
  }
});

Deno.test("kernel drops are those of sockets at the relay's ports", () => {
  // Lines as /proc/net/udp has them; ports 7000 and 7001 are 1B58 and 1B59.
  const line = (port: string, drops: string): string =>
    `  101: 0100007F:${port} 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 ` +
    `4711 2 0000000000000000 ${drops}`;
  const text = [
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout " +
    "inode ref pointer drops             ",
    line("1B58", "17"),
    line("1B59", "4"),
    line("0035", "1000"),
    "",
  ].join("\n");
  assert.equal(dropsIn(text, new Set([7_000, 7_001])), 21);
  assert.equal(dropsIn(text, new Set([7_001])), 4);
  assert.equal(dropsIn(text, new Set([7_002])), 0);
  assert.equal(dropsIn("", new Set([7_000])), 0);
  assert.equal(dropsIn("head\n: nonsense", new Set([7_000])), 0);
});

Deno.test("a session is quiet when nothing moved for five seconds", () => {
  const session = {
    sessionId: 1n,
    epoch: 0,
    state: "active",
    isAnchor: false,
    labelIn: 5,
    labelOut: 6,
    prev: { hostname: "203.0.113.1", port: 1 },
    next: undefined,
    ageMs: 0,
    expiresInMs: 0,
    silentMs: 0,
    framesUp: 10,
    bytesUp: 0,
    framesDown: 20,
    bytesDown: 0,
    refused: 0,
    missingUp: 0,
    missingDown: 0,
    rebinds: 0,
  } as const;
  const quiet = new QuietSessions();
  assert.equal(quiet.isQuiet(session, 0), false, "never seen");
  quiet.look([session], 1_000);
  assert.equal(quiet.isQuiet(session, 5_999), false);
  assert.equal(quiet.isQuiet(session, 6_000), true);
  quiet.look([session], 6_000);
  assert.equal(quiet.isQuiet(session, 6_000), true);
  quiet.look([{ ...session, framesDown: 21 }], 6_001);
  assert.equal(quiet.isQuiet(session, 7_000), false);
  quiet.look([], 7_000);
  quiet.look([session], 8_000);
  assert.equal(quiet.isQuiet(session, 8_000), false, "it was gone in between");
});

/** A stream of memory that gives what it has in pieces. */
class Pieces {
  readonly #bytes: number[] = [];
  read(into: Uint8Array): Promise<number | null> {
    const piece = this.#bytes.splice(0, Math.min(3, into.byteLength));
    into.set(piece);
    return Promise.resolve(piece.length === 0 ? null : piece.length);
  }
  write(bytes: Uint8Array): Promise<number> {
    const piece = bytes.subarray(0, 5);
    this.#bytes.push(...piece);
    return Promise.resolve(piece.byteLength);
  }
}

Deno.test("blocks of a takeover arrive whole, in pieces of any size, and never half", async () => {
  const stream = new Pieces();
  const blocks = [new Uint8Array(), Uint8Array.of(1), new Uint8Array(100).fill(7)];
  for (const block of blocks) await writeBlock(stream, block);
  for (const block of blocks) assert.deepEqual(await readBlock(stream), block);
  await assert.rejects(readBlock(stream), RangeError);
  await stream.write(Uint8Array.of(9, 0, 0, 0, 1));
  await assert.rejects(readBlock(stream), /left in the middle/);
  await stream.write(Uint8Array.of(0, 0, 0, 255));
  await assert.rejects(readBlock(stream), /no block/);
  await writeBlock(stream, Uint8Array.of(123));
  await assert.rejects(readJson(stream), SyntaxError);
});

Deno.test("tokens get files of their owner, are read again, and change with the director's", async () => {
  await using folder = new TemporaryFolder();
  const tokens = (n: number) => ({
    relay: [`relay-${"r".repeat(32)}${n}`],
    server: [`server-${"s".repeat(32)}`, `server-${"s".repeat(32)}${n}`],
    backend: [`backend-${"b".repeat(32)}`],
    operator: [],
  });
  await writeTokenFiles(folder.path, tokens(1));
  const relay = join(folder.path, "relay.token");
  assert.equal(await readTokenFile(relay), tokens(1).relay[0]);
  const newest = await readTokenFile(join(folder.path, "server.token"));
  assert.equal(newest, tokens(1).server[1], "the newest of several");
  await writeTokenFiles(folder.path, tokens(2));
  assert.equal(await readTokenFile(relay), tokens(2).relay[0]);
  await assert.rejects(readTokenFile(join(folder.path, "operator.token")), SecretsFileError);

  await Deno.chmod(relay, 0o640);
  await assert.rejects(readTokenFile(relay), /others than its owner may read it/);
  for (const text of ["", "short", `two words of which ${"x".repeat(22)} is one`]) {
    await Deno.remove(relay);
    await Deno.writeTextFile(relay, text, { mode: 0o600 });
    await assert.rejects(readTokenFile(relay), /holds no token/);
  }
});

const BEAT = heartbeatOf("fra-1");

function linkTo(answer: () => Response | Promise<Response>, seen: Request[] = []) {
  return httpDirectorLink({
    url: "https://director.example.org/",
    token: "relay-token-of-this-test",
    fetch: async (url, init) => {
      seen.push(new Request(url, init));
      return await answer();
    },
  });
}

Deno.test("a heartbeat goes to the director with its token, and what comes back is checked", async () => {
  const seen: Request[] = [];
  const reply = { directorId: "d-1", heartbeatMs: 2_000, keys: "", revoked: [], peers: [] };
  const link = linkTo(() => Response.json(reply), seen);
  assert.deepEqual({ ...await link.heartbeat(BEAT) }, { ...reply, drainDeadlineMs: undefined });
  const [request] = seen;
  assert.equal(request!.url, "https://director.example.org/v1/relays/heartbeat");
  assert.equal(request!.headers.get("authorization"), "Bearer relay-token-of-this-test");
  assert.equal((await request!.json()).id, "fra-1");
});

Deno.test("a director that does not answer, refuses or is none is told apart", async () => {
  const refuse = (status: number, code: string) =>
    linkTo(() => Response.json({ error: { code, message: "No" } }, { status }));
  const isLinkError = (code: string) => (error: unknown) =>
    error instanceof DirectorLinkError && error.code === code;
  const down = linkTo(() => Promise.reject(new TypeError("connection refused")));
  await assert.rejects(down.heartbeat(BEAT), isLinkError("unreachable"));
  await assert.rejects(refuse(401, "unauthorized").heartbeat(BEAT), isLinkError("refused"));
  for (const code of ["conflict", "away", "invalid"] as const) {
    await assert.rejects(
      refuse(409, code).heartbeat(BEAT),
      (error) => error instanceof DirectorError && error.code === code,
    );
  }
  const others = [
    () => new Response("<html>", { status: 502 }),
    () => new Response("<html>"),
    () => Response.json({ directorId: 5 }),
    () => Response.json(null),
    () => new Response("x".repeat(3_000_000)),
  ];
  for (const answer of others) {
    await assert.rejects(linkTo(answer).heartbeat(BEAT), isLinkError("malformed"));
  }
  for (const url of ["", "director", "ftp://x", "nats://x"]) {
    assert.throws(() => httpDirectorLink({ url, token: "t" }), RangeError);
  }
});
