import assert from "node:assert/strict";

/** Runs Deno as a user does who imports us by URL: without this repository's deno.json, so without the flag. */
async function denoWithoutConfig(args: string[]): Promise<{ code: number; output: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args.slice(0, 1), "--no-config", "--no-lock", "--no-check", ...args.slice(1)],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test("without --unstable-net the pipe is node:dgram, and forcing UDP says what is missing", async () => {
  const { code, output } = await denoWithoutConfig([
    "eval",
    `
      import { openDatagramPipe } from "./transport/open_datagram_pipe.ts";
      const pipe = await openDatagramPipe({ hostname: "127.0.0.1", port: 0 });
      console.log(pipe.kind);
      await pipe.close();
      await openDatagramPipe({ port: 0, via: "udp" })
        .catch(({ name, code, message }) => console.log(name, code, message));
    `,
  ]);
  assert.equal(
    output,
    "dgram\nTransportError flag-missing Cannot open a UDP socket with Deno.listenDatagram: " +
      "run with --unstable-net\n",
  );
  assert.equal(code, 0);
});

Deno.test("without --unstable-net the whole contract holds for node:dgram", async () => {
  const { code, output } = await denoWithoutConfig([
    "test",
    "--allow-all",
    "--sanitize-ops",
    "--sanitize-resources",
    "tests/contract/node_dgram_test.ts",
  ]);
  assert.equal(code, 0, output);
  assert.match(output, /ok \| \d{2,} passed \| 0 failed/);
});
