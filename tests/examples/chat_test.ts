import assert from "node:assert/strict";
import chat from "../../examples/chat/server.ts";
import { Chat, MAX_CHAT_HISTORY } from "../../schema/messages/chat.ts";
import { GameLab } from "./game_lab.ts";
import { Program, runProgram, startServer } from "./program.ts";

const SERVER = "examples/chat/server.ts";
const CLIENT = "examples/chat/client.ts";

Deno.test("people in a terminal and in a pipe hear each other", async () => {
  const { server, url } = await startServer(SERVER);
  await using _ = server;
  await using ann = new Program(CLIENT, [url, "--name", "Ann", "--json", "--guest"]);
  await ann.event("welcome", ({ room }) => room === "lobby");
  await ann.type("hello", "/me waves");
  await ann.event("said", ({ text, style }) => text === "hello" && style === "said");
  await ann.event("said", ({ text, style }) => text === "waves" && style === "did");
  await ann.type("/who", "/nonsense");
  await ann.event("people", ({ people }) => String(people) === "Ann");
  await ann.event("note", ({ text }) => String(text).includes("/help"));
  // One line more than goes out at once: it waits, and is not lost.
  await using bob = new Program(CLIENT, [url, "--name", "Bob", "--guest"]);
  const lines = Array.from({ length: 5 }, (_, i) => `line ${i}`);
  await bob.type(...lines);
  await bob.endInput();
  await ann.event("joined", ({ name }) => name === "Bob");
  for (const line of lines) {
    await ann.event("said", ({ name, text }) => name === "Bob" && text === line);
  }
  await ann.event("left", ({ name }) => name === "Bob");
  const { code, stdout } = await bob.end();
  assert.equal(code, 0);
  assert.match(stdout, /^\d\d:\d\d Ann: hello\n\d\d:\d\d Ann waves\nYou are Bob in lobby\./);
  await ann.type("/quit");
  assert.equal((await ann.end()).code, 0);
});

Deno.test("a name is one person's, who gets it back at once after a crash", async () => {
  const { server, url } = await startServer(SERVER);
  await using _ = server;
  await using watcher = new Program(CLIENT, [url, "--name", "watcher", "--json", "--guest"]);
  await watcher.event("welcome");
  await using crashed = new Program(CLIENT, [url, "--name", "Chatterbox", "--json"]);
  await crashed.event("welcome");
  const refused = await runProgram(CLIENT, [url, "--name", "chatterbox", "--guest"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /Somebody else has that name/);
  crashed.signal("SIGKILL");
  await using again = new Program(CLIENT, [url, "--name", "Chatterbox", "--json"]);
  const { people } = await again.event("welcome");
  assert.deepEqual(people, ["watcher", "Chatterbox"]);
  await again.interrupt();
});

Deno.test("the server stops, and says so to people", async () => {
  const { server, url } = await startServer(SERVER);
  await using _ = server;
  await using ann = new Program(CLIENT, [url, "--name", "Ann", "--guest"]);
  await ann.line((line) => line.startsWith("You are Ann"));
  assert.equal((await server.interrupt()).code, 0);
  const { code, stdout } = await ann.end();
  assert.equal(code, 1);
  assert.match(stdout, /Disconnected: the server stops/);
});

Deno.test("rooms keep apart what is said in them, and a newcomer hears the last of it", async () => {
  await using lab = await GameLab.start(chat, {});
  const join = async (name: string, room: string): Promise<string[]> => {
    const { client } = await lab.connect();
    const log: string[] = [];
    client.on(Chat.Welcome, ({ people, history }) => {
      log.push(`in with ${people}`, ...history.map(({ name, text }) => `before ${name}: ${text}`));
    });
    client.on(Chat.Said, ({ name, text }) => log.push(`${name}: ${text}`));
    client.on(Chat.Left, ({ name, reason }) => log.push(`${name} ${reason}`));
    client.on(Chat.Refused, ({ reason }) => log.push(reason));
    client.send(Chat.Join, { name, room, seat: new Uint8Array(16).fill(name.length) });
    clients.set(name, client);
    await lab.run(0.3);
    return log;
  };
  const clients = new Map<string, Awaited<ReturnType<typeof lab.connect>>["client"]>();
  const ann = await join("Ann", "Kitchen");
  const carol = await join("Carol", "attic");
  for (let i = 0; i < MAX_CHAT_HISTORY + 5; i++) {
    clients.get("Ann")!.send(Chat.Say, { text: `word ${i}`, style: "said" });
    await lab.run(0.6);
  }
  const bobby = await join("Bobby", "kitchen");
  assert.equal(ann.length, 1 + MAX_CHAT_HISTORY + 5);
  assert.deepEqual(carol, ["in with Carol"]);
  assert.equal(bobby[0], "in with Ann,Bobby");
  assert.equal(bobby.length, 1 + MAX_CHAT_HISTORY);
  assert.equal(bobby.at(-1), `before Ann: word ${MAX_CHAT_HISTORY + 4}`);
  clients.get("Ann")!.send(Chat.Join, { name: "Eve", room: "attic", seat: new Uint8Array(16) });
  await lab.run(0.3);
  assert.equal(ann.at(-1), "in with Carol,Ann", "who is inside keeps the name");
  assert.equal(bobby.at(-1), "Ann moved");
  assert.deepEqual(await join("\u202e", "attic"), ["name-invalid"]);
  assert.deepEqual(await join("Dora", " "), ["room-invalid"]);
});

Deno.test("who talks faster than the declared rate is not heard", async () => {
  await using lab = await GameLab.start(chat, {});
  const { client } = await lab.connect();
  let heard = 0;
  client.on(Chat.Said, () => heard++);
  client.send(Chat.Join, { name: "Ann", room: "lobby", seat: new Uint8Array(16) });
  for (let i = 0; i < 50; i++) client.send(Chat.Say, { text: `spam ${i}`, style: "said" });
  await lab.run(1);
  assert.equal(heard, Chat.Say.options.rate!.burst);
  assert.equal(lab.server.stats().drops.messageRateLimited, 45);
});
