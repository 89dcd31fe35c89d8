import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { captureFiles, schemaFile } from "./capture_files.ts";
import { SCENARIOS } from "./scenarios.ts";

const VERIFY = fileURLToPath(new URL("verify.py", import.meta.url));

// A Python with the package "cryptography". `.ci/extra/10_python_decoder.sh` names one.
const python = Deno.env.get("TICKWIRE_PYTHON");

/** Writes every scenario of a seed, as `emit.ts --out` does. */
function writeCaptures(folder: string, seed: number): void {
  Deno.writeTextFileSync(`${folder}/schema.json`, schemaFile());
  for (const [name, play] of SCENARIOS) {
    Deno.mkdirSync(`${folder}/${name}`);
    for (const [file, text] of Object.entries(captureFiles(play(seed)))) {
      Deno.writeTextFileSync(`${folder}/${name}/${file}`, text);
    }
  }
}

async function verify(folder: string): Promise<{ code: number; text: string }> {
  const command = new Deno.Command(python!, { args: [VERIFY, folder] });
  const { code, stdout, stderr } = await command.output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

for (const seed of [1, 2, 3]) {
  Deno.test({
    name: `the Python decoder reads every capture of seed ${seed} by the documents alone`,
    ignore: python === undefined,
    fn: async () => {
      const folder = Deno.makeTempDirSync();
      try {
        writeCaptures(folder, seed);
        const { code, text } = await verify(folder);
        assert.equal(code, 0, text);
        for (const name of SCENARIOS.keys()) {
          assert.match(text, new RegExp(`^${name}: .* ok$`, "m"));
        }
      } finally {
        Deno.removeSync(folder, { recursive: true });
      }
    },
  });
}

// [what, file of a scenario, change]
type Sabotage = readonly [what: string, file: string, change: (text: string) => string];

const SABOTAGE: readonly Sabotage[] = [
  // The last digit of the thirtieth datagram stands in its authentication tag.
  ["a flipped bit on the wire", "clean/capture.jsonl", (text) => {
    const lines = text.split("\n");
    lines[30] = lines[30]!.replace(
      /("bytes":"[0-9a-f]*)([0-9a-f])"/,
      (_, head, last) => `${head}${last === "0" ? "1" : "0"}"`,
    );
    return lines.join("\n");
  }],
  [
    "another value",
    "clean/delivered.jsonl",
    (text) => text.replace(/"value":\{/, '"value":{"x":1,'),
  ],
  ["a message that was never sent", "lossy/delivered.jsonl", (text) => {
    const end = text.indexOf("\n") + 1;
    return text.slice(0, end) + text;
  }],
];

for (const [what, file, change] of SABOTAGE) {
  Deno.test({
    name: `the Python decoder notices ${what}`,
    ignore: python === undefined,
    fn: async () => {
      const folder = Deno.makeTempDirSync();
      try {
        writeCaptures(folder, 1);
        const path = `${folder}/${file}`;
        const text = Deno.readTextFileSync(path);
        const changed = change(text);
        assert.notEqual(changed, text);
        Deno.writeTextFileSync(path, changed);
        const { code, text: report } = await verify(folder);
        assert.equal(code, 1, report);
      } finally {
        Deno.removeSync(folder, { recursive: true });
      }
    },
  });
}
