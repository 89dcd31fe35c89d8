import assert from "node:assert/strict";
import { join } from "node:path";
import { knownServers, type UntrustedServer } from "../../client/mod.ts";
import { encodeKey } from "../../protocol/connect_url.ts";
import { Lab } from "../server/lab.ts";
import { Room } from "../server/room.ts";

/** A server that shows a key. */
function shows(keyByte: number, hostname = "play.example.org", port = 9_999): UntrustedServer {
  const key = new Uint8Array(32).fill(keyByte);
  return { hostname, port, key, keyText: encodeKey(key), name: "a name", game: "a game" };
}

/** A folder that is gone after the test. */
class Folder {
  readonly path = Deno.makeTempDirSync();

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Asks, and when it is trusted lets the server prove its key. Returns whether it was trusted. */
async function meet(
  trust: ReturnType<typeof knownServers>,
  server: UntrustedServer,
): Promise<boolean> {
  const verdict = await trust(server);
  if (typeof verdict === "function") await verdict();
  return verdict !== false;
}

Deno.test("known servers: the first is asked about, remembered, and then known", async () => {
  using folder = new Folder();
  const file = join(folder.path, "deep", "known_servers");
  const asked: string[] = [];
  const trust = knownServers({
    file,
    onUnknown: ({ hostname }) => {
      asked.push(hostname);
      return true;
    },
  });
  assert.ok(await meet(trust, shows(1)));
  assert.ok(await meet(trust, shows(1)));
  assert.ok(await meet(trust, shows(2, "2001:DB8::1", 5_000)));
  assert.ok(await meet(trust, shows(2, "2001:db8::1", 5_000)));
  assert.deepEqual(asked, ["play.example.org", "2001:DB8::1"]);
  assert.equal(
    await Deno.readTextFile(file),
    "# Servers that were trusted, as host:port and key. Remove a line to forget one.\n" +
      `play.example.org:9999 ${shows(1).keyText}\n` +
      `[2001:db8::1]:5000 ${shows(2).keyText}\n`,
  );
});

Deno.test({
  name: "known servers: the file is its owner's, and so is a folder that is made for it",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using folder = new Folder();
    const file = join(folder.path, "deep", "known_servers");
    assert.ok(await meet(knownServers({ file }), shows(1)));
    assert.equal(Deno.statSync(file).mode! & 0o777, 0o600);
    assert.equal(Deno.statSync(join(folder.path, "deep")).mode! & 0o777, 0o700);
    await Deno.chmod(file, 0o664);
    await assert.rejects(async () => await knownServers({ file })(shows(1)), {
      name: "ConnectError",
      code: "untrusted",
      message:
        `Cannot trust the known servers: others may write ${file}; run: chmod go-w '${file}'`,
    });
    await Deno.chmod(file, 0o644);
    assert.ok(await meet(knownServers({ file }), shows(1)));
  },
});

Deno.test("known servers: another key than before is refused, with both keys and the line", async () => {
  using folder = new Folder();
  const file = join(folder.path, "known_servers");
  const trust = knownServers({ file });
  await meet(trust, shows(7, "other.example.org"));
  await meet(trust, shows(1));
  const before = await Deno.readTextFile(file);
  await assert.rejects(async () => await trust(shows(2)), (error) => {
    assert.ok(error instanceof Error && "code" in error);
    assert.equal(error.code, "untrusted");
    assert.match(error.message, /the key of play\.example\.org:9999 has changed/);
    assert.ok(error.message.includes(`${shows(1).keyText} (line 3 of ${file})`));
    assert.ok(error.message.includes(shows(2).keyText));
    return true;
  });
  assert.equal(await Deno.readTextFile(file), before);
  assert.ok(await meet(trust, shows(2, "play.example.org", 9_998)), "another port, another server");
});

Deno.test("known servers: a server may have several keys, and a line can be removed", async () => {
  using folder = new Folder();
  const file = join(folder.path, "known_servers");
  const line = (keyByte: number): string => `play.example.org:9999 ${shows(keyByte).keyText}`;
  // As an editor may leave it: no newline at the end, spaces, a comment of the user's own.
  await Deno.writeTextFile(file, `# mine\n\n  ${line(1)}\n${line(2)}  `, { mode: 0o600 });
  const trust = knownServers({ file });
  assert.equal(await trust(shows(1)), true);
  assert.equal(await trust(shows(2)), true);
  await assert.rejects(async () => await trust(shows(3)));
  await meet(trust, shows(4, "new.example.org"));
  assert.match(await Deno.readTextFile(file), /\nnew\.example\.org:9999 \S{43}\n$/);
  await Deno.writeTextFile(file, "");
  assert.ok(await meet(trust, shows(3)));
});

Deno.test("known servers: who is refused, or never proves its key, is not remembered", async () => {
  using folder = new Folder();
  const file = join(folder.path, "known_servers");
  assert.equal(await meet(knownServers({ file, onUnknown: () => false }), shows(1)), false);
  const verdict = await knownServers({ file, onUnknown: () => Promise.resolve(true) })(shows(1));
  assert.equal(typeof verdict, "function");
  await assert.rejects(Deno.stat(file), Deno.errors.NotFound);
});

Deno.test("known servers: two who remember at once leave one line", async () => {
  using folder = new Folder();
  const file = join(folder.path, "known_servers");
  const verdicts = await Promise.all(
    [1, 2].map(async () => await knownServers({ file })(shows(1))),
  );
  for (const verdict of verdicts) if (typeof verdict === "function") await verdict();
  const lines = (await Deno.readTextFile(file)).split("\n").filter((line) => line.includes("9999"));
  assert.equal(lines.length, 1);
});

Deno.test("known servers: a file that is something else is refused, not skipped", async () => {
  using folder = new Folder();
  const file = join(folder.path, "known_servers");
  for (const text of ["nonsense", "host:1 tooshort", `host:1 ${shows(1).keyText} more`]) {
    await Deno.writeTextFile(file, `# fine\n${text}\n`, { mode: 0o600 });
    await assert.rejects(async () => await knownServers({ file })(shows(1)), {
      code: "untrusted",
      message: `Cannot read the known servers: line 2 of ${file} is not "host:port key"`,
    });
  }
  await assert.rejects(async () => await knownServers({ file: folder.path })(shows(1)), {
    code: "untrusted",
    message: /Cannot read the known servers in/,
  });
});

Deno.test("a URL without a key: the server is asked, trusted, proven, and remembered", async () => {
  using folder = new Folder();
  const file = join(folder.path, "known_servers");
  await using lab = new Lab();
  const server = await lab.serve(Room, { name: "the lab" });
  const bare = server.url().split("#")[0]!;
  await assert.rejects(lab.connect(Room, bare), {
    code: "untrusted",
    message: /^Cannot connect to tickwire:\/\/192\.0\.2\.1:9999: the URL has no server key/,
  });
  await assert.rejects(lab.connect(Room, bare, { trustServer: () => false }), {
    code: "untrusted",
    message: /is not trusted$/,
  });
  const told: UntrustedServer[] = [];
  let proven = 0;
  const client = await lab.connect(Room, bare, {
    trustServer: (who) => {
      told.push(who);
      return () => {
        proven++;
      };
    },
  });
  assert.equal(client.state, "connected");
  const [{ hostname, port, key, keyText, name, game }] = told as [UntrustedServer];
  assert.deepEqual([hostname, port, name, game], ["192.0.2.1", 9_999, "the lab", "room"]);
  assert.deepEqual(key, server.publicKey);
  assert.ok(server.url().endsWith(`#${keyText}`));
  assert.equal(proven, 1);
  const dialled = await fileSettled(
    lab,
    lab.dial(Room, bare, { trustServer: knownServers({ file }) }),
  );
  assert.equal(dialled.state, "connected");
  assert.match(await Deno.readTextFile(file), /192\.0\.2\.1:9999 /);
});

Deno.test("a server that claims a key which is not its own is not remembered", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const honest = lab.network.bind("192.0.2.66", 9_999);
  // Answers questions with the key of another, as somebody on the way could, and no handshake.
  const relayed = lab.network.bind("192.0.2.66", 1_234);
  honest.start((bytes, from) => {
    if (bytes[0] !== 0x48) return;
    waiting.push(from);
    send(relayed, bytes, server.address);
  });
  const waiting: { hostname: string; port: number }[] = [];
  relayed.start((bytes) => {
    send(honest, bytes, waiting.shift()!);
  });
  let proven = 0;
  const trustServer = () => () => {
    proven++;
  };
  const url = "tickwire://192.0.2.66:9999";
  await assert.rejects(lab.connect(Room, url, { trustServer, timeoutMs: 1_000 }), {
    code: "unreachable",
  });
  assert.equal(proven, 0);
  await Promise.all([honest.close(), relayed.close()]);
});

Deno.test("what trustServer throws ends the attempt", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room);
  const bare = server.url().split("#")[0]!;
  const failures = [
    () => Promise.reject(new Error("no")),
    () => () => Promise.reject(new Error("no")),
    () => () => {
      throw new Error("no");
    },
  ];
  for (const trustServer of failures) {
    await assert.rejects(lab.connect(Room, bare, { trustServer }), { message: "no" });
  }
});

function send(
  pipe: ReturnType<Lab["network"]["bind"]>,
  bytes: Uint8Array,
  to: { hostname: string; port: number },
): void {
  const slot = pipe.acquire();
  assert.ok(slot);
  slot.bytes.set(bytes);
  pipe.send(slot, bytes.byteLength, to);
}

/** Simulated time does not wait for files; this does, and lets time go on meanwhile. */
async function fileSettled<Value>(lab: Lab, promise: Promise<Value>): Promise<Value> {
  let isPending = true;
  const done = (): void => {
    isPending = false;
  };
  promise.then(done, done);
  while (isPending) {
    await Deno.stat(".");
    await lab.run(1);
  }
  return await promise;
}
