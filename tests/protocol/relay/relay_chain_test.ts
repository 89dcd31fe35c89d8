import assert from "node:assert/strict";
import { readBoundBody } from "../../../protocol/relay/control_frames.ts";
import { RelayFrameType } from "../../../protocol/relay/relay_frame.ts";
import { CLIENT, EPOCH_MS, RelayLab } from "./relay_lab.ts";

for (const relays of [1, 2, 3]) {
  Deno.test(`a route over ${relays} relays is bound in one round trip and carries data both ways`, () => {
    const lab = RelayLab.bound({ relays });
    lab.say("hello");
    lab.say("again");
    assert.deepEqual(lab.server.texts(), ["hello", "again"]);
    lab.answer("welcome");
    assert.deepEqual(lab.client.texts(), ["welcome"]);
    const [bound] = lab.client.of(RelayFrameType.bound);
    const body = readBoundBody(bound!);
    assert.deepEqual(body, {
      observed: CLIENT,
      leaseS: 60,
      notAfterS: EPOCH_MS / 1_000 + 3_600,
      bindId: 1n,
    });
    // One BIND and one BOUND per hop.
    assert.equal(lab.log.length, 5 * (relays + 1));
    for (const core of lab.cores) {
      assert.equal(core.size, 1);
      assert.equal(core.totals.sessionsBound, 1);
      assert.ok(Object.values(core.drops).every((count) => count === 0));
    }
  });
}
