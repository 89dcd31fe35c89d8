import assert from "node:assert/strict";
import { sessionContract } from "./session_contract.ts";

sessionContract("IPv4", "127.0.0.1", "127.0.0.1");
sessionContract("IPv6", "::1", "::1");
sessionContract("both families, by name", "::", "localhost");

Deno.test("the sessions' contract holds without --unstable-net, over node:dgram", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--no-config",
      "--no-lock",
      "--no-check",
      "--allow-all",
      "--sanitize-ops",
      "--sanitize-resources",
      "tests/contract/session_contract_dgram.ts",
    ],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.equal(code, 0, output);
  assert.match(output, /ok \| 5 passed \| 0 failed/);
});
