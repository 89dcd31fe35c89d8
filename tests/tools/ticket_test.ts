import assert from "node:assert/strict";
import { type Client, connect, defineGame, message, protocol, t } from "../../mod.ts";
import { writeKeyFile } from "../../server/key_file.ts";
import { type Program, runProgram, startServer, TemporaryFolder } from "../examples/program.ts";
import { Arena } from "../../schema/messages/arena.ts";

const TICKET = "tools/ticket.ts";

/** A server that wants tickets, and what issues them. */
async function setUp(folder: TemporaryFolder): Promise<{
  server: Program;
  url: string;
  issue: (...args: string[]) => Promise<string>;
  [Symbol.asyncDispose]: () => Promise<void>;
}> {
  const key = folder.join("ticket.key");
  await writeKeyFile(key, crypto.getRandomValues(new Uint8Array(32)), { kind: "ticket" });
  const other = folder.join("other.key");
  await writeKeyFile(other, crypto.getRandomValues(new Uint8Array(32)), { kind: "ticket" });
  const { server, url } = await startServer(
    "server/main.ts",
    ["--ticket-key", other, "--ticket-key", key, "--require-ticket", "--stats-seconds", "0.1"],
    { cwd: folder.path },
  );
  return {
    server,
    url,
    issue: async (...args) => {
      const { code, stdout, stderr } = await runProgram(TICKET, ["issue", "--key", key, ...args]);
      assert.equal(code, 0, stderr);
      return stdout.trim();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function connectWith(ticket: string): Promise<Client<typeof Arena>> {
  return connect(Arena, "", { ticket });
}

/** A server that cannot open a ticket has no key to refuse it with: it counts, and says nothing. */
async function assertIgnored(server: Program, ticket: string, counter: string): Promise<void> {
  const giveUp = new AbortController();
  const attempt = connect(Arena, "", { ticket, signal: giveUp.signal });
  await Promise.all([
    assert.rejects(attempt, { code: "aborted" }),
    server.event("stats", ({ drops }) => Object.hasOwn(Object(drops), counter))
      .then(() => giveUp.abort()),
  ]);
}

Deno.test("a ticket opens the server that it is for, once, until it expires", async () => {
  await using folder = new TemporaryFolder();
  await using setup = await setUp(folder);
  const { url, issue } = setup;
  const foreignKey = new Uint8Array(32).fill(9).toBase64({ alphabet: "base64url" }).slice(0, 43);
  const [good, short, foreign] = await Promise.all([
    issue("--url", url, "--user", "ann", "--data", "red"),
    issue("--url", url, "--user", "bob", "--expires-seconds", "0.001"),
    issue("--server-key", foreignKey, "--address", new URL(url).host),
  ]);
  await assert.rejects(connect(Arena, url), {
    code: "auth",
    message: /only players with a connect ticket/,
  });
  const client = await connectWith(good);
  await client.close();
  await assert.rejects(connectWith(good), { code: "auth", message: /used before/ });
  // The handshake is for the other server's key, so that this one cannot even read it.
  await assertIgnored(setup.server, foreign, "helloUndecipherable");
  await assert.rejects(connectWith(short), { code: "auth", message: /expired/ });
});

Deno.test("a ticket of somebody without the shared key is refused", async () => {
  await using folder = new TemporaryFolder();
  await using setup = await setUp(folder);
  const key = folder.join("mine.key");
  await writeKeyFile(key, new Uint8Array(32).fill(1), { kind: "ticket" });
  const args = ["issue", "--key", key, "--url", setup.url];
  const { stdout } = await runProgram(TICKET, args);
  await assertIgnored(setup.server, stdout.trim(), "ticketRefused");
});

Deno.test("a game is told whom the ticket is for", async () => {
  await using folder = new TemporaryFolder();
  const key = folder.join("ticket.key");
  await writeKeyFile(key, new Uint8Array(32).fill(7), { kind: "ticket" });
  const repository = new URL("../../", import.meta.url).href;
  const game = await folder.write(
    "who.ts",
    `import { defineGame, message, protocol, t } from "${repository}mod.ts";
     const Who = message({ text: t.string({ maxBytes: 100 }) },
       { from: "both", delivery: "reliable-ordered" });
     const Hello = protocol("hello", { version: 1 }, { Who });
     export default defineGame({ protocol: Hello, start(server) {
       server.on(Hello.Who, (peer) => {
         const data = new TextDecoder().decode(peer.userData);
         peer.send(Hello.Who, { text: peer.userId + " " + data });
       });
     } });`,
  );
  const { server, url } = await startServer("server/main.ts", [game, "--ticket-key", key], {
    cwd: folder.path,
  });
  await using _ = server;
  const issued = await runProgram(
    TICKET,
    ["issue", "--key", key, "--url", url, "--user", "ann", "--data", "red team", "--json"],
  );
  const { ticket, user } = JSON.parse(issued.stdout);
  assert.equal(user, "ann");
  const Who = message({ text: t.string({ maxBytes: 100 }) }, {
    from: "both",
    delivery: "reliable-ordered",
  });
  const Hello = protocol("hello", { version: 1 }, { Who });
  assert.ok(defineGame({ protocol: Hello, start() {} }));
  const client = await connect(Hello, "", { ticket });
  client.send(Hello.Who, { text: "" });
  for await (const { text } of client.messages(Hello.Who)) {
    assert.equal(text, "ann red team");
    break;
  }
  await client.close();
  const connected = await server.event("connected");
  assert.equal(connected["userId"], "ann");
});

Deno.test("inspect shows what is public, and with the key what is sealed", async () => {
  await using folder = new TemporaryFolder();
  const key = folder.join("ticket.key");
  const wrong = folder.join("wrong.key");
  await writeKeyFile(key, new Uint8Array(32).fill(3), { kind: "ticket" });
  await writeKeyFile(wrong, new Uint8Array(32).fill(4), { kind: "ticket" });
  const serverKey = new Uint8Array(32).fill(5).toBase64({ alphabet: "base64url" }).slice(0, 43);
  const issued = await runProgram(TICKET, [
    ...["issue", "--key", key, "--server-key", serverKey, "--user", "ann", "--data", "red"],
    ...["--address", "a.example:1", "--address", "[2001:db8::1]:2"],
  ]);
  const ticket = issued.stdout.trim();
  assert.match(ticket, /^[\w-]+$/);
  const [plain, opened, refused] = await Promise.all([
    runProgram(TICKET, ["inspect", ticket, "--json"]),
    runProgram(TICKET, ["inspect", ticket, "--json", "--key", key]),
    runProgram(TICKET, ["inspect", ticket, "--key", wrong]),
  ]);
  const shown = JSON.parse(plain.stdout);
  assert.equal(shown.serverKey, serverKey);
  assert.deepEqual(shown.addresses, ["a.example:1", "[2001:db8::1]:2"]);
  assert.equal(shown.expired, false);
  assert.equal(shown.user, undefined);
  const { user, data, problem } = JSON.parse(opened.stdout);
  assert.deepEqual([user, data, problem], ["ann", "red", "none"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /sealed with another key/);
});

Deno.test("ticket explains what it was not given", async () => {
  await using folder = new TemporaryFolder();
  const key = folder.join("ticket.key");
  await writeKeyFile(key, new Uint8Array(32).fill(3), { kind: "ticket" });
  const serverKey = "A".repeat(43);
  const cases: [string[], RegExp][] = [
    [["issue", "--key", key], /give the server's public key/],
    [["issue", "--key", key, "--server-key", serverKey, "--address", "two words:1"], /host:port/],
    [
      ["issue", "--key", key, "--url", `tickwire://h:1#${serverKey}`, "--user", "x".repeat(65)],
      /64/,
    ],
    [["inspect", "nonsense"], /this is no connect ticket/],
  ];
  const ends = await Promise.all(cases.map(([args]) => runProgram(TICKET, args)));
  for (const [i, [args, expected]] of cases.entries()) {
    assert.match(ends[i]!.stderr, expected, args.join(" "));
    assert.equal(ends[i]!.code, 1);
  }
});
