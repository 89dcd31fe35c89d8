import assert from "node:assert/strict";
import { join } from "node:path";
import {
  loadOrCreateSecrets,
  readSecrets,
  SecretsFileError,
  type SecretsFileErrorCode,
} from "../../../relay/director/api/secrets_file.ts";

async function inFolder(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(join(folder, "deep", "director.json"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const isCode = (code: SecretsFileErrorCode) => (error: unknown): boolean =>
  error instanceof SecretsFileError && error.code === code;

Deno.test("secrets are made once, for their owner only, and read again", () =>
  inFolder(async (path) => {
    assert.equal(await readSecrets(path), undefined);
    const made = await loadOrCreateSecrets(path);
    assert.equal(made.isNew, true);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    const { isNew, ...again } = await loadOrCreateSecrets(path);
    assert.equal(isNew, false);
    assert.deepEqual(again, { key: made.key, tokens: made.tokens });
    const tokens = Object.values(made.tokens).flat();
    assert.equal(new Set(tokens).size, 4);
    for (const token of tokens) assert.ok(token.length >= 32, token);
  }));

Deno.test("of several that start at once all have the same secrets", () =>
  inFolder(async (path) => {
    const all = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateSecrets(path)));
    assert.equal(all.filter(({ isNew }) => isNew).length, 1);
    for (const { key } of all) assert.deepEqual(key, all[0]!.key);
  }));

Deno.test("a file that others may read, or that holds something else, is refused", () =>
  inFolder(async (path) => {
    await loadOrCreateSecrets(path);
    await Deno.chmod(path, 0o640);
    await assert.rejects(loadOrCreateSecrets(path), isCode("too-open"));
    await Deno.chmod(path, 0o600);
    const text = await Deno.readTextFile(path);
    const wrong = ["", "{}", "[]", text.slice(0, -20), text.replace(/"key": "./, '"key": "')];
    for (const content of [...wrong, text.replace('"relay": [', '"rely": [')]) {
      await Deno.writeTextFile(path, content);
      await assert.rejects(
        readSecrets(path),
        (error) => isCode("malformed")(error) && !String(error).includes("relay-"),
        content,
      );
    }
  }));
