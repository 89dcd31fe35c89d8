import assert from "node:assert/strict";
import {
  nextState,
  type SessionState,
  type SessionTransition,
} from "../../protocol/session_state.ts";
import { markedText, tableHead, tableRows } from "./document.ts";

// The type checker refuses these lists as soon as the code has a state or transition that is not here.
const STATES = {
  open: 0,
  lingering: 0,
  closing: 0,
  draining: 0,
  detached: 0,
  closed: 0,
} satisfies Record<SessionState, 0>;
const TRANSITIONS = {
  close: 0,
  linger: 0,
  flushed: 0,
  peerClose: 0,
  silence: 0,
  resume: 0,
  expire: 0,
} satisfies Record<SessionTransition, 0>;

const TABLE = markedText("session states");

Deno.test("docs/protocol.md names every state and every transition of a session, and no other", () => {
  assert.deepEqual(tableHead(TABLE), ["state", ...Object.keys(TRANSITIONS)]);
  assert.deepEqual(tableRows(TABLE).map(([state]) => state), Object.keys(STATES));
});

Deno.test("docs/protocol.md and the code agree on where each transition leads", () => {
  const transitions = tableHead(TABLE).slice(1) as SessionTransition[]; // Checked above.
  for (const [state, ...cells] of tableRows(TABLE)) {
    transitions.forEach((transition, i) => {
      const drawn = cells[i] === "" ? undefined : cells[i];
      // Checked above that the rows are states.
      const next = nextState(state as SessionState, transition);
      assert.equal(next, drawn, `${state} --${transition}-->`);
    });
  }
});

Deno.test("every state but closed can end, and closed is the end", () => {
  for (const row of tableRows(TABLE)) {
    const [state, ...cells] = row;
    const leadsOn = cells.filter((cell) => cell !== "" && cell !== state);
    assert.equal(leadsOn.length === 0, state === "closed", state);
  }
});
