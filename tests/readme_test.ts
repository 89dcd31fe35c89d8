import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";

const REPOSITORY = new URL("../", import.meta.url);

/** The files of the README, by the name in their first line, importing this repository. */
function readmeFiles(): Map<string, string> {
  const readme = Deno.readTextFileSync(new URL("README.md", REPOSITORY));
  const blocks = readme.matchAll(/```ts\n\/\/ (\w+\.ts)\n(.*?)```/gs);
  return new Map(Array.from(blocks, ([, name = "", code = ""]) => [
    name,
    code.replaceAll("https://tickwire.example/mod.ts", new URL("mod.ts", REPOSITORY).href)
      .replace("port: 9999", 'port: 0, hostname: "127.0.0.1"'),
  ]));
}

function deno(...args: string[]): Deno.Command {
  const env = { NO_COLOR: "1" };
  return new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "piped", env });
}

function textOf({ stdout, stderr }: Deno.CommandOutput): string {
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test("the README's files compile, and its server and client talk", async () => {
  const folder = Deno.makeTempDirSync();
  const files = readmeFiles();
  assert.deepEqual([...files.keys()], ["room.ts", "server.ts", "client.ts"]);
  for (const [name, code] of files) Deno.writeTextFileSync(`${folder}/${name}`, code);
  const checked = await deno("check", `${folder}/server.ts`, `${folder}/client.ts`).output();
  assert.equal(checked.code, 0, textOf(checked));
  const run = ["run", "-A", "--unstable-net", "--no-check"];
  const server = deno(...run, `${folder}/server.ts`).spawn();
  try {
    const lines = createInterface({ input: Readable.fromWeb(server.stdout) });
    const log: string[] = [];
    let client: Promise<Deno.CommandOutput> | undefined;
    for await (const line of lines) {
      log.push(line);
      if (line.startsWith("tickwire://")) {
        client = deno(...run, `${folder}/client.ts`, line).output();
      }
      if (line.startsWith("bye")) break;
    }
    assert.deepEqual(log.slice(1), ["hello 1", "bye 1 done"]);
    const output = await client;
    assert.equal(output?.code, 0);
    assert.match(textOf(output), /^1 at /m);
  } finally {
    server.kill("SIGKILL");
    await Promise.all([server.status, server.stderr.cancel()]);
    Deno.removeSync(folder, { recursive: true });
  }
});
