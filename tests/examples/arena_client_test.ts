import assert from "node:assert/strict";
import { Program, runProgram, startServer, TemporaryFolder } from "./program.ts";

const CLIENT = "examples/arena/client.ts";

function startArena(folder: TemporaryFolder): Promise<{ server: Program; url: string }> {
  return startServer("server/main.ts", ["--stats-seconds", "0"], { cwd: folder.path });
}

Deno.test("two clients without a terminal see each other move, talk and leave", async () => {
  await using folder = new TemporaryFolder();
  const { server, url } = await startArena(folder);
  await using _ = server;
  await using ann = new Program(CLIENT, [url, "--name", "Ann", "--json"]);
  await ann.event("welcome");
  await using bob = new Program(CLIENT, [url, "--name", "Bob", "--json"]);
  const { players } = await bob.event("welcome");
  assert.deepEqual(players, ["Ann", "Bob"]);
  await ann.event("joined", ({ name }) => name === "Bob");
  await bob.type("left 0.1", "right 0.1", "say hello from the pipe", "fire");
  await ann.event("moved", ({ name }) => name === "Bob");
  const { name, text } = await ann.event("said");
  assert.deepEqual([name, text], ["Bob", "hello from the pipe"]);
  await ann.event("shot", ({ by }) => by === "Bob");
  await ann.type("up 0.1", "down 0.1", "say hi Bob");
  await bob.event("moved", ({ name }) => name === "Ann");
  await bob.event("said", ({ text }) => text === "hi Bob");
  await bob.type("dance", "quit");
  const { code, stderr } = await bob.end();
  assert.equal(code, 0);
  assert.match(stderr, /unknown command: dance/);
  await ann.event("left", ({ name }) => name === "Bob");
  assert.equal((await ann.interrupt()).code, 0);
});

Deno.test("a client that was killed joins again at once under its name, and nobody sees it leave", async () => {
  await using folder = new TemporaryFolder();
  const { server, url } = await startArena(folder);
  await using _ = server;
  await using watcher = new Program(CLIENT, [url, "--name", "watcher", "--json", "--guest"]);
  await watcher.event("welcome");
  await using killed = new Program(CLIENT, [url, "--name", "Phoenix", "--json"]);
  const before = await killed.event("welcome");
  killed.signal("SIGKILL");
  await using again = new Program(CLIENT, [url, "--name", "Phoenix", "--json"]);
  const after = await again.event("welcome");
  assert.equal(after["you"], before["you"], "the same seat");
  assert.deepEqual(after["players"], ["watcher", "Phoenix"]);
  // Somebody else gets neither the seat nor the name.
  await using other = new Program(CLIENT, [url, "--name", "Phoenix", "--json", "--guest"]);
  const { reason } = await other.event("refused");
  assert.equal(reason, "name-taken");
  await again.type("quit");
  assert.equal((await again.end()).code, 0);
  const left = await watcher.event("left");
  assert.equal(left["reason"], "left", "the goodbye of the second start is the first");
  const { stdout } = await watcher.interrupt();
  assert.equal(stdout.match(/"joined"/g)?.length, 1);
});

Deno.test("a client says in words what happened, and ends with 1 when the server is gone", async () => {
  await using folder = new TemporaryFolder();
  const { server, url } = await startArena(folder);
  await using _ = server;
  await using ann = new Program(CLIENT, [url, "--name", "Ann"]);
  await ann.line((line) => line === "You are Ann. Nobody else is here.");
  await ann.type("say to myself");
  await ann.line((line) => line === "Ann: to myself");
  await server.interrupt();
  const { code, stdout } = await ann.end();
  assert.equal(code, 1);
  assert.match(stdout, /Disconnected: the server stops\.\n$/);
});

Deno.test("a client explains what it was not given", async () => {
  const cases: [string[], RegExp][] = [
    [[], /expected the URL that the server printed: tickwire:\/\/host:port#key/],
    [["tickwire://127.0.0.1:9#abc"], /expected 43 characters of base64url/],
    [["tickwire://127.0.0.1:9", "--name", "a name that is too long"], /1 to 16 visible characters/],
  ];
  const ends = await Promise.all(cases.map(([args]) => runProgram(CLIENT, args)));
  for (const [i, [args, expected]] of cases.entries()) {
    assert.match(ends[i]!.stderr, expected, args.join(" "));
    assert.equal(ends[i]!.code, 1);
  }
});

Deno.test("a client without a key in its URL is told the key that it should compare", async () => {
  await using folder = new TemporaryFolder();
  const { server, url } = await startArena(folder);
  await using _ = server;
  const { code, stderr } = await runProgram(CLIENT, [url.replace(/#.*/, "")]);
  assert.equal(code, 1);
  assert.ok(stderr.includes(url), stderr);
});

/** A pseudo terminal of 80 x 24 around a command: from util-linux or BSD, on machines that have it. */
function inTerminal(command: string): Deno.ChildProcess {
  return new Deno.Command("script", {
    args: ["-qefc", `stty cols 80 rows 24; ${command}`, "/dev/null"],
    env: { TERM: "xterm-256color", NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
}

function hasPseudoTerminals(): boolean {
  if (Deno.build.os !== "linux") return false;
  try {
    return new Deno.Command("script", { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
}

Deno.test({
  name: "a client in a terminal draws the field, answers keys, and gives the terminal back",
  ignore: !hasPseudoTerminals(),
  async fn() {
    await using folder = new TemporaryFolder();
    const { server, url } = await startArena(folder);
    await using _ = server;
    await using ann = new Program(CLIENT, [url, "--name", "Ann", "--json", "--guest"]);
    await ann.event("welcome");
    const client = new URL(`../../${CLIENT}`, import.meta.url).pathname;
    const terminal = inTerminal(
      `'${Deno.execPath()}' run -A --quiet '${client}' '${url}' --name Terminal --guest`,
    );
    const patience = setTimeout(() => terminal.kill("SIGKILL"), 20_000);
    const writer = terminal.stdin.getWriter();
    const type = (keys: string): Promise<void> => writer.write(new TextEncoder().encode(keys));
    const screen = terminal.stdout.pipeThrough(new TextDecoderStream()).values();
    let shown = "";
    const waitFor = async (text: string): Promise<void> => {
      while (!shown.includes(text)) {
        const { value, done } = await screen.next();
        assert.ok(!done, `the client ended, and showed ${JSON.stringify(shown)}`);
        shown += value;
      }
    };
    await ann.event("joined", ({ name }) => name === "Terminal");
    await waitFor("\x1b[?1049h");
    await waitFor("connected");
    await waitFor("┌────");
    await waitFor("arrows or WASD");
    await type("\x1b[C\x1b[D ");
    await ann.event("shot", ({ by }) => by === "Terminal");
    await type("\rtyped in a terminal\r");
    await ann.event("said", ({ text }) => text === "typed in a terminal");
    await ann.type("say seen?");
    await waitFor("Ann: seen?");
    await type("q");
    await waitFor("\x1b[?25h\x1b[?1049l");
    for await (const text of screen) shown += text;
    assert.equal((await terminal.status).code, 0);
    clearTimeout(patience);
    await writer.close().catch(() => {});
    assert.equal(shown.split("\x1b[?1049h").length, 2, "entered once");
    await ann.interrupt();
  },
});
