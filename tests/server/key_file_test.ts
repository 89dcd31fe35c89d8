import assert from "node:assert/strict";
import {
  KeyFileError,
  type KeyFileErrorCode,
  loadOrCreateKey,
  readKeyFile,
  writeKeyFile,
} from "../../server/key_file.ts";
import { TemporaryFolder } from "../examples/program.ts";

const hasModes = Deno.build.os !== "windows";
const KEY = new Uint8Array(32).map((_, i) => i * 7);

function hasCode(code: KeyFileErrorCode, text: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof KeyFileError && error.code === code && text.test(error.message);
}

Deno.test("a key that was written is read back, by its owner only", async () => {
  await using folder = new TemporaryFolder();
  const path = folder.join("deep/er/server.key");
  await writeKeyFile(path, KEY, { kind: "server" });
  assert.deepEqual(await readKeyFile(path, "server"), KEY);
  const { mode } = await Deno.stat(path);
  if (hasModes) assert.equal((mode ?? 0) & 0o777, 0o600);
  assert.match(await Deno.readTextFile(path), /^# tickwire server key.*\n[\w-]{43}\n$/);
});

Deno.test("writing a key leaves no other file behind", async () => {
  await using folder = new TemporaryFolder();
  const path = folder.join("a.key");
  await writeKeyFile(path, KEY, { kind: "ticket" });
  await assert.rejects(writeKeyFile(path, KEY, { kind: "ticket" }));
  await writeKeyFile(path, KEY, { kind: "ticket", overwrite: true });
  assert.deepEqual(Array.from(Deno.readDirSync(folder.path), ({ name }) => name), ["a.key"]);
});

Deno.test("a key file is not replaced unless that is asked for", async () => {
  await using folder = new TemporaryFolder();
  const path = folder.join("server.key");
  const other = KEY.map((byte) => byte ^ 1);
  await writeKeyFile(path, KEY, { kind: "server" });
  await assert.rejects(
    writeKeyFile(path, other, { kind: "server" }),
    hasCode("exists", /there is one already/),
  );
  assert.deepEqual(await readKeyFile(path, "server"), KEY);
  await writeKeyFile(path, other, { kind: "server", overwrite: true });
  assert.deepEqual(await readKeyFile(path, "server"), other);
});

Deno.test({
  name: "a key file that others can read is refused with the command that helps",
  ignore: !hasModes,
  async fn() {
    await using folder = new TemporaryFolder();
    const path = folder.join("server.key");
    await writeKeyFile(path, KEY, { kind: "server" });
    for (const mode of [0o640, 0o604, 0o620, 0o601]) {
      await Deno.chmod(path, mode);
      await assert.rejects(
        readKeyFile(path, "server"),
        hasCode("too-open", new RegExp(`${mode.toString(8)}.*chmod 600 .*server\\.key`)),
      );
    }
    for (const mode of [0o600, 0o400]) {
      await Deno.chmod(path, mode);
      assert.deepEqual(await readKeyFile(path, "server"), KEY);
    }
  },
});

Deno.test("a key of one kind is refused as the other", async () => {
  await using folder = new TemporaryFolder();
  const path = folder.join("some.key");
  await writeKeyFile(path, KEY, { kind: "ticket" });
  await assert.rejects(readKeyFile(path, "server"), hasCode("malformed", /it is a ticket key/));
});

Deno.test("a file that holds no key is refused without repeating what it holds", async () => {
  await using folder = new TemporaryFolder();
  const text = KEY.toBase64({ alphabet: "base64url", omitPadding: true });
  const bad = [
    "",
    "# only a comment\n",
    "secret-that-is-short\n",
    `${text}\n${text}\n`,
    `${text}A\n`,
  ];
  for (const content of bad) {
    const path = await folder.write("bad.key", content);
    if (hasModes) await Deno.chmod(path, 0o600);
    await assert.rejects(
      readKeyFile(path, "server"),
      (error) =>
        hasCode("malformed", /expected one line with 43 characters/)(error) &&
        !String(error).includes("secret-that-is-short"),
    );
  }
  await assert.rejects(readKeyFile(folder.path, "server"), hasCode("malformed", /it is no file/));
});

Deno.test("a bare key, as other tools write it, is accepted", async () => {
  await using folder = new TemporaryFolder();
  const text = KEY.toBase64({ alphabet: "base64url", omitPadding: true });
  const path = await folder.write("bare.key", `\r\n  ${text}\r\n`);
  if (hasModes) await Deno.chmod(path, 0o600);
  assert.deepEqual(await readKeyFile(path, "ticket"), KEY);
});

Deno.test("a missing key is made once, also by several processes at once", async () => {
  await using folder = new TemporaryFolder();
  const path = folder.join("server.key");
  await assert.rejects(readKeyFile(path, "server"), hasCode("missing", /there is no such file/));
  const loaded = await Promise.all(
    Array.from({ length: 8 }, () => loadOrCreateKey(path, "server")),
  );
  assert.equal(loaded.filter(({ isNew }) => isNew).length, 1);
  for (const { key } of loaded) assert.deepEqual(key, loaded[0]!.key);
  assert.deepEqual(await loadOrCreateKey(path, "server"), { key: loaded[0]!.key, isNew: false });
  assert.notDeepEqual(loaded[0]!.key, new Uint8Array(32));
});
