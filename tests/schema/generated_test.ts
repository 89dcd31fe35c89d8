import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { compileCodec, type Field, type Node, type StructNode, t } from "../../schema/mod.ts";
import { generateCodec } from "../../schema/generator/generate.ts";
import { registerGenerated, runtime } from "../../schema/runtime.ts";
import { structId } from "../../schema/struct_id.ts";
import { interpretedFunctions } from "../../schema/backend.ts";
import { generateModule } from "../../tools/schema_gen.ts";
import { Fixture } from "./generated_fixture.ts";

function structOf(field: Field<unknown>) {
  assert.ok(field.node.kind === "struct");
  return field.node;
}

Deno.test("the committed generated file is what the tool writes today", async () => {
  const committed = await Deno.readTextFile(new URL("./generated_fixture.gen.ts", import.meta.url));
  assert.equal(committed, generateModule(Fixture, "../../schema/runtime.ts"));
});

Deno.test("where code generation is forbidden, the interpreter and generated files work, the JIT says why not", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--v8-flags=--disallow-code-generation-from-strings",
      fileURLToPath(new URL("./no_codegen.ts", import.meta.url)),
    ],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), {
    jit: "EvalError",
    interpreter: "works",
    protocolBefore: "EvalError",
    protocolAfter: "works",
  });
});

Deno.test("the interpreter never asks for code generation, not even to probe", () => {
  const original = globalThis.Function;
  let asked = 0;
  globalThis.Function = new Proxy(original, {
    construct() {
      asked++;
      throw new EvalError("forbidden");
    },
    apply() {
      asked++;
      throw new EvalError("forbidden");
    },
  });
  try {
    const codec = compileCodec(t.struct({ a: t.u8() }), { backend: "interpreter" });
    assert.deepEqual(codec.decode(codec.encode({ a: 1 })), { a: 1 });
    assert.equal(asked, 0);
    assert.throws(() => compileCodec(t.struct({ a: t.u8() }), { backend: "jit" }), EvalError);
    assert.equal(asked, 1);
  } finally {
    globalThis.Function = original;
  }
});

Deno.test("a registered codec is used for its struct and no other, whatever the backend", () => {
  const field = t.struct({ onlyHere: t.int(0, 77) });
  let made = 0;
  registerGenerated({
    [structId(structOf(field))]: () => {
      made++;
      return interpretedFunctions(structOf(field), "registered");
    },
  });
  for (const backend of ["jit", "interpreter"] as const) {
    const codec = compileCodec(field, { backend });
    assert.deepEqual(codec.decode(codec.encode({ onlyHere: 5 })), { onlyHere: 5 });
  }
  assert.equal(made, 2);
  compileCodec(t.struct({ onlyHere: t.int(0, 78) }));
  assert.equal(made, 2);
});

Deno.test("the id of a struct changes with everything that its code depends on", () => {
  const variants = [
    t.struct({ a: t.u8() }),
    t.struct({ b: t.u8() }),
    t.struct({ a: t.u8().default(1) }),
    t.struct({ a: t.u16() }),
    t.struct({ a: t.f32().default(0) }),
    t.struct({ a: t.f32().default(-0) }),
    t.struct({ a: t.enum("x", "y") }),
    t.struct({ a: t.enum("y", "x") }),
    t.struct({ a: t.bytes({ maxBytes: 2 }) }),
    t.struct({ a: t.bytes({ maxBytes: 2 }).default(Uint8Array.of(1)) }),
    t.struct({ a: t.map(t.u8(), t.u8(), { max: 2 }) }),
    t.struct({ a: t.map(t.u8(), t.u8(), { max: 2 }).default(new Map([[1, 2]])) }),
  ].map((field) => structId(structOf(field)));
  assert.equal(new Set(variants).size, variants.length);
  assert.equal(structId(structOf(t.struct({ a: t.u8() }))), variants[0]);
});

Deno.test("a name that no builder has checked does not become code either", () => {
  const name = "a; globalThis.pwned = 1; //";
  const u8: Node = { kind: "int", min: 0, max: 255, bits: 8, role: "number" };
  const struct: StructNode = {
    kind: "struct",
    fields: [{ name, node: u8, meta: {}, carried: true }],
  };
  assert.throws(() => generateCodec(struct, []), /a name is an ASCII identifier/);
  const tagged: Node = { kind: "union", tag: name, variants: [], bits: 0 };
  const union: StructNode = {
    kind: "struct",
    fields: [{ name: "u", node: tagged, meta: {}, carried: true }],
  };
  assert.throws(() => generateCodec(union, []), /a name is an ASCII identifier/);
});

Deno.test("texts of a schema stay texts in generated code", () => {
  const hostile = [
    '"; globalThis.pwned = 1; "',
    "'; globalThis.pwned = 1; '",
    "`${globalThis.pwned = 1}`",
    "*/ globalThis.pwned = 1; /*",
    '\\"; globalThis.pwned = 1; //',
    "\n globalThis.pwned = 1; //",
    "\u2028globalThis.pwned = 1\u2029",
    "</script>",
    "__proto__",
  ];
  const field = t.struct({
    few: t.enum(...hostile.slice(0, 3)),
    many: t.enum(...hostile),
    text: t.string({ maxBytes: 64 }).default(hostile[0] ?? ""),
    any: t.any({ maxBytes: 200 }).default({ [hostile[1] ?? ""]: hostile[2] ?? "" }),
    map: t.map(t.string({ maxBytes: 64 }), t.u8(), { max: 2 }).default(
      new Map([[hostile[3] ?? "", 1]]),
    ),
    keyed: t.map(t.enum(...hostile), t.u8(), { max: 20 }),
  });
  const codec = compileCodec(field);
  for (const name of hostile) {
    const value = { ...codec.create(), many: name, keyed: new Map([[name, 1]]) };
    assert.deepEqual(codec.decode(codec.encode(value)), value);
  }
  const created = codec.create();
  assert.equal(created.text, hostile[0]);
  assert.deepEqual(created.any, { [hostile[1] ?? ""]: hostile[2] });
  assert.equal("pwned" in globalThis, false);
  // Outside of string literals, nothing of a schema's texts is left in the program text.
  const text = generateCodec(structOf(field), Object.keys(runtime));
  assert.equal(text.replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""').includes("pwned"), false);
});
