import assert from "node:assert/strict";
import { readKeyFile } from "../../server/key_file.ts";
import { runProgram, startServer, TemporaryFolder } from "../examples/program.ts";

const KEYGEN = "tools/keygen.ts";

Deno.test("keygen makes a server key whose public half is in the server's URL", async () => {
  await using folder = new TemporaryFolder();
  const file = folder.join("server.key");
  const made = await runProgram(KEYGEN, ["server", file, "--json"]);
  assert.equal(made.code, 0, made.stderr);
  const { publicKey } = JSON.parse(made.stdout);
  const { server, url } = await startServer("server/main.ts", ["--key-file", file]);
  await using _ = server;
  assert.equal(new URL(url).hash, `#${publicKey}`);
  const shown = await runProgram(KEYGEN, ["server", file, "--show"]);
  assert.equal(shown.stdout, `public key ${publicKey}\n`);
});

Deno.test("keygen overwrites nothing without --force", async () => {
  await using folder = new TemporaryFolder();
  const run = (...args: string[]): ReturnType<typeof runProgram> =>
    runProgram(KEYGEN, args, { cwd: folder.path });
  assert.equal((await run("ticket")).code, 0);
  const file = folder.join(".tickwire/ticket.key");
  const first = await readKeyFile(file, "ticket");
  const second = await run("ticket");
  assert.equal(second.code, 1);
  assert.match(second.stderr, /^error: Cannot write key file .*there is one already/);
  assert.deepEqual(await readKeyFile(file, "ticket"), first);
  assert.equal((await run("ticket", "--force")).code, 0);
  assert.notDeepEqual(await readKeyFile(file, "ticket"), first);
  if (Deno.build.os !== "windows") {
    assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
  }
});

Deno.test("keygen says which kinds of key there are", async () => {
  const { code, stderr } = await runProgram(KEYGEN, ["srver"]);
  assert.equal(code, 1);
  assert.match(stderr, /"srver" is no kind of key: say "server" or "ticket"/);
});
