/**
 * Run by generated_test.ts where code generation from strings is forbidden; prints what works.
 *
 * @module
 */
import { compileCodec, t } from "../../schema/mod.ts";
import { Fixture } from "./generated_fixture.ts";

function outcome(run: () => unknown): string {
  try {
    run();
    return "works";
  } catch (error) {
    return error instanceof Error ? error.name : "throws";
  }
}

const entry = Fixture.tables[0]?.entries[Fixture.Every.index];
const results = {
  jit: outcome(() => compileCodec(t.struct({ a: t.u8() }))),
  interpreter: outcome(() => compileCodec(t.struct({ a: t.u8() }), { backend: "interpreter" })),
  protocolBefore: outcome(() => entry?.codec),
  protocolAfter: "",
};
await import("./generated_fixture.gen.ts");
results.protocolAfter = outcome(() => {
  const codec = entry?.codec;
  return codec?.decode(codec.encode(codec.create()));
});
// deno-lint-ignore no-console
console.log(JSON.stringify(results));
