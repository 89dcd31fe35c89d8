import assert from "node:assert/strict";
import { CloseCode, issueTicket, type TicketRequest } from "../../server/mod.ts";
import { Lab, LAB_EPOCH_MS, SERVER_HOST } from "./lab.ts";
import { Room } from "./room.ts";

const KEY = new Uint8Array(32).fill(7);
const OTHER_KEY = new Uint8Array(32).fill(8);

/** A ticket on the clock of the lab. */
function ticketFor(
  lab: Lab,
  server: { url(): string },
  request: Partial<TicketRequest> = {},
): string {
  const wallClockMs = (): number => LAB_EPOCH_MS + lab.nowMs;
  return issueTicket({ key: KEY, url: server.url(), wallClockMs, ...request });
}

Deno.test("ticket: lets its holder in, under the name and with the data of its issuer", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { ticketKeys: [OTHER_KEY, KEY], requireTicket: true });
  const ticket = ticketFor(lab, server, { userId: "zoë", userData: "team red" });
  await lab.connect(Room, "", { ticket });
  await lab.connect(Room, server, { ticket: ticketFor(lab, server) });
  const bytes = Uint8Array.fromBase64(ticketFor(lab, server, { userId: "bytes" }), {
    alphabet: "base64url",
  });
  await lab.connect(Room, "", { ticket: bytes });
  await lab.run(100);
  const seen = Array.from(
    server.peers.values(),
    ({ userId, userData }) => [userId, new TextDecoder().decode(userData)],
  );
  assert.deepEqual(seen, [["zoë", "team red"], ["", ""], ["bytes", ""]]);
});

Deno.test("ticket: what it says goes through authorize, which has the last word", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, {
    ticketKeys: [KEY],
    authorize: ({ userId, userData }) => {
      if (userId === "banned") return { refused: "banned", reason: "until friday" };
      return { userId: `${userId}@${new TextDecoder().decode(userData)}` };
    },
  });
  await lab.connect(Room, "", {
    ticket: ticketFor(lab, server, { userId: "zoe", userData: "earth" }),
  });
  const ticket = ticketFor(lab, server, { userId: "banned" });
  await assert.rejects(lab.connect(Room, "", { ticket }), { code: "banned" });
  await lab.run(100);
  assert.deepEqual(Array.from(server.peers.values(), ({ userId }) => userId), ["zoe@earth"]);
});

Deno.test("ticket: good for one session, and named a repeat to who shows it twice", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { ticketKeys: [KEY] });
  const ticket = ticketFor(lab, server);
  await lab.connect(Room, "", { ticket });
  await assert.rejects(lab.connect(Room, "", { ticket }), {
    code: "auth",
    message: /the ticket was used before/,
  });
});

Deno.test("ticket: expired, for another server, or missing: refused with the reason", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { ticketKeys: [KEY], requireTicket: true });
  const other = await lab.serve(Room, { ticketKeys: [KEY], host: "192.0.2.2" });
  const ticket = ticketFor(lab, server, { lifeMs: 1_000 });
  await lab.run(1_001);
  await assert.rejects(lab.connect(Room, "", { ticket }), {
    code: "auth",
    message: /the ticket has expired/,
  });
  await assert.rejects(lab.connect(Room, server), {
    code: "auth",
    message: /only players with a connect ticket/,
  });
  // Sealed for one server, its open part changed to lead to another.
  const moved = ticketFor(lab, { url: () => other.url() }, {
    url: other.url().replace("192.0.2.2", SERVER_HOST),
  });
  await assert.rejects(lab.connect(Room, "", { ticket: moved, timeoutMs: 1_000 }), {
    code: "unreachable",
  });
  await assert.rejects(
    lab.connect(Room, server, { ticket: ticketFor(lab, other) }),
    /TypeError: .*the ticket is for the server with the key/,
  );
  await assert.rejects(
    lab.connect(Room, server, { ticket: () => ticketFor(lab, other) }),
    /TypeError: .*the ticket is for the server with the key/,
  );
});

Deno.test("ticket: sealed with a key that the server does not share: silence", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { ticketKeys: [KEY] });
  const ticket = ticketFor(lab, server, { key: OTHER_KEY });
  await assert.rejects(lab.connect(Room, "", { ticket, timeoutMs: 1_000 }), {
    code: "unreachable",
  });
  assert.equal(server.stats().drops.ticketRefused, 1);
});

Deno.test("ticket: the first address is dead, the second answers", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { ticketKeys: [KEY] });
  const ticket = ticketFor(lab, server, {
    url: server.url("192.0.2.99"),
    addresses: [`${SERVER_HOST}:9999`],
  });
  const client = await lab.connect(Room, "", { ticket });
  assert.equal(client.serverAddress.hostname, SERVER_HOST);
});

Deno.test("ticket: malformed ones are the caller's mistake", async () => {
  await using lab = new Lab();
  for (const ticket of ["", "!", "AAAA", new Uint8Array(0), new Uint8Array(500)]) {
    await assert.rejects(lab.connect(Room, "", { ticket }), {
      name: "TypeError",
      message: "Cannot connect: the ticket is malformed",
    });
  }
  await assert.rejects(lab.connect(Room, ""), TypeError);
});

Deno.test("ticket: a function gets a fresh one for every new session", async () => {
  await using lab = new Lab();
  const key = new Uint8Array(32).fill(3);
  const options = { ticketKeys: [KEY], requireTicket: true, key };
  let server = await lab.serve(Room, options);
  let issued = 0;
  const client = await lab.connect(Room, "", {
    ticket: async () => {
      await Promise.resolve();
      issued++;
      return ticketFor(lab, server, { userId: `session ${issued}` });
    },
  });
  await lab.run(100);
  assert.equal([...server.peers.values()][0]?.userId, "session 1");
  lab.network.blackout("198.51.100.1", SERVER_HOST, lab.nowMs, lab.nowMs + 4_000);
  await lab.settle(server.close("", { flush: false }));
  server = await lab.serve(Room, options);
  await lab.run(8_000);
  assert.equal(client.state, "connected");
  assert.equal([...server.peers.values()][0]?.userId, "session 2");
  assert.equal(issued, 2);
});

Deno.test("ticket: a used one ends the client when its session is lost, and says so", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { ticketKeys: [KEY], limits: { resumeWindowMs: 0 } });
  const client = await lab.connect(Room, "", { ticket: ticketFor(lab, server) });
  await lab.run(100);
  lab.network.blackout("198.51.100.1", SERVER_HOST, lab.nowMs, lab.nowMs + 12_000);
  const info = await lab.settle(client.closed);
  assert.equal(info.code, CloseCode.reset);
  assert.equal(info.reason, "the server refused (auth): the ticket was used before");
});

Deno.test("issueTicket refuses what no server would take", () => {
  const url = `tickwire://192.0.2.1:9999#${"A".repeat(43)}`;
  assert.ok(issueTicket({ key: KEY, url }));
  assert.throws(() => issueTicket({ key: KEY, url: "tickwire://192.0.2.1" }), TypeError);
  assert.throws(() => issueTicket({ key: KEY.subarray(1), url }), RangeError);
  assert.throws(() => issueTicket({ key: KEY, url, userId: "x".repeat(65) }), RangeError);
  assert.throws(() => issueTicket({ key: KEY, url, userData: "x".repeat(257) }), RangeError);
  assert.throws(() => issueTicket({ key: KEY, url, lifeMs: 0 }), RangeError);
  assert.throws(() => issueTicket({ key: KEY, url, addresses: ["a b"] }), TypeError);
  const addresses = Array.from({ length: 8 }, (_, i) => `192.0.2.${i}:1`);
  assert.throws(() => issueTicket({ key: KEY, url, addresses }), RangeError);
  assert.ok(issueTicket({ key: KEY, url, addresses: addresses.slice(1) }));
});
