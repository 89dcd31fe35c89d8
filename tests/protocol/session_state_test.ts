import assert from "node:assert/strict";
import {
  nextState,
  type SessionState,
  type SessionTransition,
} from "../../protocol/session_state.ts";

const STATES: readonly SessionState[] = [
  "open",
  "lingering",
  "closing",
  "draining",
  "detached",
  "closed",
];

const TRANSITIONS: readonly SessionTransition[] = [
  "close",
  "linger",
  "flushed",
  "peerClose",
  "silence",
  "resume",
  "expire",
];

/** The whole table: what is not here must lead nowhere. */
const LICENSED: Readonly<Record<string, SessionState>> = {
  "open close": "closing",
  "open linger": "lingering",
  "open peerClose": "draining",
  "open silence": "detached",
  "open resume": "open",
  "lingering close": "closing",
  "lingering flushed": "closing",
  "lingering expire": "closing",
  "lingering peerClose": "draining",
  "lingering silence": "closed",
  "closing peerClose": "closed",
  "closing silence": "closed",
  "closing expire": "closed",
  "draining silence": "closed",
  "draining expire": "closed",
  "detached close": "closed",
  "detached linger": "closed",
  "detached resume": "open",
  "detached expire": "closed",
};

Deno.test("only licensed transitions lead anywhere, all 42 pairs", () => {
  for (const state of STATES) {
    for (const transition of TRANSITIONS) {
      const pair = `${state} ${transition}`;
      assert.equal(nextState(state, transition), LICENSED[pair], pair);
    }
  }
});

Deno.test("from every state the end can be reached, and nothing leads out of it", () => {
  const reachesEnd = new Set<SessionState>(["closed"]);
  for (let round = 0; round < STATES.length; round++) {
    for (const state of STATES) {
      const nexts = TRANSITIONS.map((transition) => nextState(state, transition));
      if (nexts.some((next) => next !== undefined && reachesEnd.has(next))) reachesEnd.add(state);
    }
  }
  assert.deepEqual([...reachesEnd].sort(), [...STATES].sort());
  for (const transition of TRANSITIONS) assert.equal(nextState("closed", transition), undefined);
});
