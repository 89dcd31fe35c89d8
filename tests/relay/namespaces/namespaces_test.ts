import assert from "node:assert/strict";
import { whyNoNamespaces } from "./lab.ts";
import { SCENARIOS } from "./scenarios.ts";

/** Set by `.ci/extra/40_namespaces.sh`: namespaces are not to be made by whoever just runs the tests. */
const isWanted = Deno.env.get("TICKWIRE_NAMESPACES") === "1";
const reason = isWanted ? whyNoNamespaces() : "set TICKWIRE_NAMESPACES=1";

for (const { name, title, isChecked, play } of SCENARIOS) {
  if (!isChecked) continue;
  Deno.test({
    name: `in network namespaces (${name}): ${title}${reason === undefined ? "" : ` — ${reason}`}`,
    // Asked for, a lab that cannot be made is a failure.
    ignore: !isWanted,
    async fn() {
      assert.equal(reason, undefined);
      const { bars } = await play(false);
      assert.ok(bars.length > 0);
      assert.deepEqual(bars.filter(({ isMet }) => !isMet), []);
    },
  });
}
