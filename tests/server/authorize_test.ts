import assert from "node:assert/strict";
import { type ConnectError, REFUSAL_STATUSES } from "../../client/mod.ts";
import { type AuthorizeContext, type AuthorizeResult, CloseCode } from "../../server/mod.ts";
import { Lab } from "./lab.ts";
import { Room } from "./room.ts";

/** Waits on the lab's clock. */
function pause(lab: Lab, durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    lab.network.clock.setTimer(lab.nowMs + durationMs, resolve);
  });
}

/** The error of a connection that must fail. */
async function refusal(lab: Lab, promise: Promise<unknown>): Promise<ConnectError> {
  try {
    await lab.settle(promise);
  } catch (error) {
    return error as ConnectError; // Whatever else it is fails the assertions on its code.
  }
  throw new Error("It connected");
}

Deno.test("authorize is told who is at the door, and what it says decides", async () => {
  await using lab = new Lab();
  const seen: AuthorizeContext[] = [];
  const server = await lab.serve(Room, {
    authorize: (context) => {
      seen.push(context);
      return { userId: new TextDecoder().decode(context.auth) };
    },
  });
  await lab.connect(Room, server, { auth: "zoë", host: "203.0.113.1" });
  await lab.connect(Room, server, { auth: new Uint8Array([97]) });
  await lab.run(100);
  assert.deepEqual(Array.from(server.peers.values(), ({ userId }) => userId), ["zoë", "a"]);
  const [{ address, userId, userData, auth }] = seen as [AuthorizeContext];
  assert.deepEqual([address.hostname, userId, userData.byteLength], ["203.0.113.1", "", 0]);
  assert.equal(new TextDecoder().decode(auth), "zoë");
});

Deno.test("authorize: without auth there is an empty one", async () => {
  await using lab = new Lab();
  const sizes: number[] = [];
  const server = await lab.serve(Room, {
    authorize: ({ auth }) => {
      sizes.push(auth.byteLength);
      return true;
    },
  });
  await lab.connect(Room, server);
  assert.deepEqual(sizes, [0]);
});

Deno.test("authorize: an auth of 512 bytes goes through, a longer one throws at the caller", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { authorize: ({ auth }) => auth.every((b) => b === 7) });
  await lab.connect(Room, server, { auth: new Uint8Array(512).fill(7) });
  await assert.rejects(lab.connect(Room, server, { auth: new Uint8Array(513) }), RangeError);
});

const waits: [string, number][] = [["at once", 0], ["slowly", 3_900]];
for (const [how, waitMs] of waits) {
  Deno.test(`authorize may answer ${how}`, async () => {
    await using lab = new Lab();
    const server = await lab.serve(Room, {
      authorize: async () => {
        if (waitMs > 0) await pause(lab, waitMs);
        return true;
      },
    });
    const client = await lab.connect(Room, server);
    assert.equal(client.state, "connected");
    // One round trip and the hook's own time: the answer leaves in its turn.
    assert.equal(lab.nowMs, 20 + waitMs);
    await lab.run(100);
    assert.equal(server.peers.size, 1);
  });
}

Deno.test("authorize that takes too long: busy, with advice; its late answer is ignored", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, {
    limits: { authorizeTimeoutMs: 500 },
    authorize: async () => {
      await pause(lab, 700);
      return true;
    },
  });
  const error = await refusal(lab, lab.dial(Room, server));
  assert.deepEqual([error.code, error.retryAfterMs], ["busy", 1_000]);
  await lab.run(2_000);
  assert.equal(server.peers.size, 0);
  assert.equal(server.stats().halfOpen, 0);
});

const long = "ä".repeat(80);
const refusals: [AuthorizeResult, code: string, text: RegExp, retryAfterMs: number][] = [
  [false, "auth", /\(auth\): not authorized$/, 0],
  [{ refused: "auth", reason: "wrong password" }, "auth", /\(auth\): wrong password$/, 0],
  [{ refused: "banned", reason: "" }, "banned", /\(banned\): $/, 0],
  [{ refused: "full", reason: "room 3 is full", retryAfterMs: 700 }, "full", /room 3/, 700],
  // 100 bytes are 50 of them.
  [{ refused: "auth", reason: long }, "auth", /: ä{50}$/, 0],
];
for (const [result, code, text, retryAfterMs] of refusals) {
  Deno.test(`authorize: ${JSON.stringify(result)} keeps the player out`, async () => {
    await using lab = new Lab();
    for (const isAsync of [false, true]) {
      const server = await lab.serve(Room, {
        host: isAsync ? "192.0.2.8" : "192.0.2.9",
        authorize: () => isAsync ? Promise.resolve(result) : result,
      });
      const error = await refusal(lab, lab.dial(Room, server));
      assert.equal(error.name, "ConnectError");
      assert.deepEqual([error.code, error.retryAfterMs], [code, retryAfterMs]);
      assert.match(error.message, text);
      await lab.run(100);
      assert.deepEqual([server.peers.size, server.stats().halfOpen], [0, 0]);
      assert.equal(server.stats().handlerErrors, 0);
    }
  });
}

Deno.test("authorize: every status of a refusal arrives as the code of the error", async () => {
  await using lab = new Lab();
  let next = 0;
  const server = await lab.serve(Room, {
    authorize: () => ({ refused: REFUSAL_STATUSES[next]!, reason: "because" }),
  });
  for (const [index, status] of REFUSAL_STATUSES.entries()) {
    next = index;
    assert.equal((await refusal(lab, lab.dial(Room, server))).code, status);
  }
});

const failures: [string, () => unknown][] = [
  ["throws", () => {
    throw new Error("the database is down");
  }],
  ["rejects", () => Promise.reject(new Error("the database is down"))],
  ["forgets to return", () => undefined],
  ["returns null", () => null],
  ["returns an empty object", () => ({})],
  ["returns a number as user", () => ({ userId: 7 })],
];
for (const [what, hook] of failures) {
  Deno.test(`authorize that ${what}: the player is told nothing of it, the game is`, async () => {
    await using lab = new Lab();
    // @ts-expect-error what JavaScript may return.
    const server = await lab.serve(Room, { authorize: hook });
    const told: string[] = [];
    server.on("error", (_, where) => told.push(where));
    const error = await refusal(lab, lab.dial(Room, server));
    assert.equal(error.code, "busy");
    assert.match(error.message, /internal error$/);
    assert.deepEqual(told, ["authorize"]);
    assert.equal(server.stats().handlerErrors, 1);
  });
}

Deno.test("authorize: the same user again takes the place of the one before", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { authorize: () => ({ userId: "zoe" }) });
  const log: string[] = [];
  server.on("connected", ({ id }) => log.push(`connected ${id}`));
  server.on("disconnected", ({ id }, { code }) => log.push(`disconnected ${id} ${code}`));
  const first = await lab.connect(Room, server);
  const second = await lab.connect(Room, server);
  await lab.run(100);
  assert.deepEqual(log, [
    "connected 1",
    `disconnected 1 ${CloseCode.superseded}`,
    "connected 2",
  ]);
  assert.deepEqual([first.state, second.state], ["disconnected", "connected"]);
});

Deno.test("authorize: too many at the door are refused as busy", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, {
    limits: { pendingAuthorizations: 2 },
    authorize: async () => {
      await pause(lab, 1_000);
      return true;
    },
  });
  const ends = await lab.settle(
    Promise.allSettled([1, 2, 3, 4].map(() => lab.dial(Room, server))),
  );
  const codes = ends.map((end) => end.status === "fulfilled" ? "in" : end.reason.code);
  assert.deepEqual(codes.toSorted(), ["busy", "busy", "in", "in"]);
});

Deno.test("authorize is not asked again when a session is resumed", async () => {
  await using lab = new Lab();
  let calls = 0;
  const server = await lab.serve(Room, {
    authorize: () => {
      calls++;
      return { userId: "zoe" };
    },
  });
  const client = await lab.connect(Room, server, { host: "198.51.100.77" });
  await lab.run(100);
  lab.network.blackout("198.51.100.77", "192.0.2.1", lab.nowMs, lab.nowMs + 12_000);
  await lab.run(15_000);
  assert.equal(client.state, "connected");
  assert.equal(client.stats().resumptions, 1);
  assert.equal(calls, 1);
});
