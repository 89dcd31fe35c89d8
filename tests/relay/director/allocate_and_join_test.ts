import assert from "node:assert/strict";
import { Random } from "../../../transport/random.ts";
import { connectTicketCodec } from "../../../schema/messages/mod.ts";
import { grantFromJson } from "../../../protocol/relay/api/grant_json.ts";
import { CODE_ALPHABET, readCode } from "../../../relay/director/join_codes.ts";
import { DirectorLab, isDirectorError, withLab } from "./director_lab.ts";

const players = (count: number, pingLocation?: string): { pingLocation?: string }[] =>
  Array.from({ length: count }, () => pingLocation === undefined ? {} : { pingLocation });

async function threeServers(lab: DirectorLab): Promise<void> {
  await lab.relays();
  await lab.server("fra-a", { maxPlayers: 4 });
  await lab.server("fra-b", { maxPlayers: 4 });
  await lab.server("ams-a", { maxPlayers: 4, region: "ams" });
}

Deno.test(
  "an allocation gives every player a grant of their own on one server",
  withLab(async (lab) => {
    await threeServers(lab);
    const reply = await lab.director.allocate({
      protocolId: "arena",
      players: [{ userId: "ann" }, { userId: "bob", clientHostname: "203.0.113.4" }],
      regions: ["fra"],
    });
    assert.equal(reply.region, "fra");
    const grants = reply.grants.map((grant) => grantFromJson(grant));
    assert.equal(new Set(grants.map(({ sessionId }) => sessionId)).size, 2);
    assert.deepEqual(lab.planner.asked.at(-1)!.regions, ["fra"]);
  }),
);

Deno.test(
  "servers are filled up one after the other, never above their seats",
  withLab(async (lab) => {
    await threeServers(lab);
    const taken: string[] = [];
    for (let i = 0; i < 6; i++) {
      const { serverId } = await lab.director.allocate({
        protocolId: "arena",
        players: players(2),
      });
      taken.push(serverId);
    }
    assert.deepEqual(taken, ["ams-a", "ams-a", "fra-a", "fra-a", "fra-b", "fra-b"]);
    const allocate = lab.director.allocate({ protocolId: "arena", players: players(1) });
    await assert.rejects(allocate, isDirectorError("no-capacity"));
  }),
);

Deno.test(
  "racing allocations of two directors never promise a seat twice",
  withLab(async (lab) => {
    await threeServers(lab);
    const second = await lab.another({ id: "d-2" });
    const results = await Promise.allSettled(
      Array.from({ length: 9 }, (_, i) =>
        (i % 2 === 0 ? lab.director : second).allocate({
          protocolId: "arena",
          players: players(2),
        })),
    );
    const servers = results.flatMap((one) =>
      one.status === "fulfilled" ? [one.value.serverId] : []
    );
    for (const id of ["fra-a", "fra-b", "ams-a"]) {
      assert.ok(servers.filter((serverId) => serverId === id).length <= 2, servers.join(" "));
    }
    second.close();
  }),
);

Deno.test("a director whose view lags looks again before it promises", async () => {
  const lab = await DirectorLab.open();
  await lab.relays();
  await lab.server("s1", { maxPlayers: 2 });
  const { directory } = lab;
  const stale = directory.list("servers");
  await lab.director.allocate({ protocolId: "arena", players: players(2) });
  // What another director wrote is not in the view yet.
  directory.list = (() => stale) as typeof directory.list;
  const allocate = lab.director.allocate({ protocolId: "arena", players: players(1) });
  await assert.rejects(allocate, isDirectorError("conflict"));
  assert.equal(directory.get("servers", "s1")?.value.reservations.length, 1);
  await lab.close();
});

Deno.test(
  "a seat that nobody takes is free again, one that somebody took is not",
  withLab(async (lab) => {
    await lab.relays();
    const { leaseToken } = await lab.server("s1", { maxPlayers: 2 });
    const request = { protocolId: "arena", players: players(2) };
    await lab.director.allocate(request);
    await assert.rejects(lab.director.allocate(request), isDirectorError("no-capacity"));
    const beat = async (count: number): Promise<string> => {
      await lab.relays();
      const body = { leaseToken, players: count, state: "ready" } as const;
      return (await lab.director.serverHeartbeat("s1", body)).desired;
    };
    for (let i = 0; i < 4; i++) {
      await lab.pass(7_000);
      assert.equal(await beat(0), "allocated", "promised seats are not given up early");
    }
    await lab.pass(7_000);
    assert.equal(await beat(0), "ready");
    await lab.director.allocate(request);
    await lab.pass(9_000);
    await beat(2);
    await assert.rejects(lab.director.allocate(request), isDirectorError("no-capacity"));
  }),
);

Deno.test(
  "the region is the one that is best for the player farthest from it",
  withLab(async (lab) => {
    await threeServers(lab);
    const where = async (...locations: string[]): Promise<string> => {
      const list = locations.map((pingLocation) => ({ pingLocation }));
      return (await lab.director.allocate({ protocolId: "arena", players: list })).region;
    };
    assert.equal(await where("v1:ams=80,fra=20"), "fra");
    assert.equal(await where("v1:ams=15,fra=60", "v1:ams=40,fra=90"), "ams");
    assert.equal(await where("v1:fra=90"), "fra", "a region without a measurement is far");
    const odd = lab.director.allocate({
      protocolId: "arena",
      players: [{ pingLocation: "fra=1" }],
    });
    await assert.rejects(odd, isDirectorError("invalid"));
  }),
);

Deno.test(
  "wished regions come in their order, and others not at all",
  withLab(async (lab) => {
    await threeServers(lab);
    const where = async (regions: string[], count = 1): Promise<string> =>
      (await lab.director.allocate({ protocolId: "arena", players: players(count), regions }))
        .region;
    assert.equal(await where(["fra", "ams"]), "fra");
    assert.equal(await where(["ams", "fra"]), "ams");
    assert.equal(await where(["nyc", "ams"], 3), "ams");
    await assert.rejects(where(["nyc"]), isDirectorError("no-capacity"));
  }),
);

Deno.test(
  "draining servers, other protocols and empty requests are left out",
  withLab(async (lab) => {
    await lab.relays();
    await lab.server("s1");
    const allocate = (protocolId: string, count = 1): Promise<unknown> =>
      lab.director.allocate({ protocolId, players: players(count) });
    await assert.rejects(allocate("chat"), isDirectorError("no-capacity"));
    await assert.rejects(allocate("arena", 0), isDirectorError("invalid"));
    await assert.rejects(allocate("arena", 33), isDirectorError("no-capacity"));
    await lab.director.drain({ serverId: "s1" });
    await assert.rejects(allocate("arena"), isDirectorError("no-capacity"));
    await lab.director.drain({ serverId: "s1", cancel: true });
    await allocate("arena");
  }),
);

Deno.test("the fleet hears of seats given away, and of players without a server", async () => {
  const heard: unknown[] = [];
  const lab = await DirectorLab.open({
    fleet: { allocated: (one) => heard.push(one), starved: (one) => heard.push(one) },
  });
  await lab.relays();
  await lab.server("s1", { maxPlayers: 2 });
  const request = { protocolId: "arena", players: players(2), regions: ["fra"] };
  await lab.director.allocate(request);
  await assert.rejects(lab.director.allocate(request), isDirectorError("no-capacity"));
  assert.deepEqual(heard, [
    { serverId: "s1", players: 2 },
    { protocolId: "arena", regions: ["fra"], players: 2 },
  ]);
  await lab.close();
});

Deno.test(
  "a code leads to its server and room, in whatever way it is typed, until it ends",
  withLab(async (lab) => {
    await lab.relays();
    const { leaseToken } = await lab.server("s1", { acceptsTickets: true });
    const { director } = lab;
    const { code, expiresAtMs } = await director.makeCode("s1", { leaseToken, room: "blue" });
    assert.match(code, new RegExp(`^[${CODE_ALPHABET}]{6}$`));
    assert.equal(expiresAtMs, lab.nowMs() + 3_600_000);
    const typed = ` ${code.slice(0, 3).toLowerCase()}-${code.slice(3)} `;
    const { room, grant } = await director.join({ code: typed }, { source: "a" });
    assert.equal(room, "blue");
    const ticket = connectTicketCodec.decode(
      Uint8Array.fromBase64(grant.connectTicket!, { alphabet: "base64url" }),
    );
    assert.ok(ticket !== undefined, "the server learns of the room inside a ticket");
    assert.equal((await director.makeCode("s1", { leaseToken, room: "blue" })).code, code);
    assert.notEqual((await director.makeCode("s1", { leaseToken })).code, code);
    await director.endCode("s1", { leaseToken, room: "blue" });
    await director.endCode("s1", { leaseToken, room: "never made" });
    await assert.rejects(director.join({ code }, { source: "b" }), isDirectorError("not-found"));
    const next = await director.makeCode("s1", { leaseToken, room: "blue" });
    assert.notEqual(next.code, code, "an ended code does not come back");
  }),
);

Deno.test(
  "a server that had a code gets it again unless another one has it, whatever the directory forgot",
  withLab(async (lab) => {
    await lab.relays();
    const tokens = [];
    for (const id of ["s1", "s2"]) tokens.push((await lab.server(id)).leaseToken);
    const [one = "", two = ""] = tokens;
    const { director } = lab;
    const make = async (id: string, leaseToken: string, wish: string): Promise<string> =>
      (await director.makeCode(id, { leaseToken, wish })).code;
    assert.equal(await make("s1", one, "cdf-ghj"), "CDFGHJ");
    assert.equal(await make("s1", one, "WXYWXY"), "CDFGHJ", "the one that it has comes first");
    const other = await make("s2", two, "CDFGHJ");
    assert.notEqual(other, "CDFGHJ");
    await director.endCode("s2", { leaseToken: two });
    assert.match(await make("s2", two, "no code"), new RegExp(`^[${CODE_ALPHABET}]{6}$`));
  }),
);

Deno.test(
  "a code ends with its time and with its server",
  withLab(async (lab) => {
    await lab.relays();
    const { leaseToken } = await lab.server("s1");
    const { director } = lab;
    const { code } = await director.makeCode("s1", { leaseToken, lifeSeconds: 5 });
    await lab.pass(4_999);
    await lab.relays();
    await lab.server("s1");
    await director.join({ code }, { source: "a" });
    await lab.pass(1);
    await assert.rejects(director.join({ code }, { source: "a" }), isDirectorError("not-found"));
    const { code: longer } = await director.makeCode("s1", { leaseToken });
    await director.removeServer("s1", leaseToken);
    await assert.rejects(
      director.join({ code: longer }, { source: "a" }),
      isDirectorError("not-found"),
    );
    await assert.rejects(director.makeCode("s1", { leaseToken }), isDirectorError("not-found"));
  }),
);

Deno.test(
  "whoever guesses codes is slowed down, alone at first, then everybody who guesses",
  withLab(async (lab) => {
    await lab.relays();
    const { leaseToken } = await lab.server("s1");
    const { code } = await lab.director.makeCode("s1", { leaseToken });
    const guess = (source: string): Promise<string> =>
      lab.director.join({ code: "333333" }, { source }).then(() => "", ({ code }) => code);
    for (let i = 0; i < 10; i++) assert.equal(await guess("a"), "not-found");
    assert.equal(await guess("a"), "too-many");
    await assert.rejects(lab.director.join({ code }, { source: "a" }), isDirectorError("too-many"));
    await lab.director.join({ code }, { source: "b" });
    await lab.pass(5_000);
    await lab.relays();
    await lab.server("s1");
    assert.equal(await guess("a"), "not-found", "one more every five seconds");
    let refused = 0;
    for (let i = 0; i < 300; i++) if (await guess(`bot ${i}`) === "too-many") refused++;
    assert.equal(refused, 101, "200 wrong codes at once, of which one was spent just now");
  }),
);

Deno.test("codes hold no character that looks like another, and are drawn evenly", async () => {
  for (const confusing of "0OQ1IL2Z5S8BUVAE") assert.ok(!CODE_ALPHABET.includes(confusing));
  assert.equal(new Set(CODE_ALPHABET).size, 20);
  const random = new Random(7);
  const lab = await DirectorLab.open({ random: (into) => void random.fill(into) });
  const { leaseToken } = await lab.server("s1");
  const counts = new Map<string, number>();
  for (let i = 0; i < 1_000; i++) {
    const { code } = await lab.director.makeCode("s1", { leaseToken, room: `${i}` });
    for (const character of code) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  assert.equal(counts.size, 20);
  // 300 each on average; five standard deviations are 85.
  for (const [character, count] of counts) {
    assert.ok(count > 215 && count < 385, `${character}: ${count}`);
  }
  await lab.close();
});

Deno.test("what is no code is told apart before anybody is asked", () => {
  assert.equal(readCode("cdf-ghj"), "CDFGHJ");
  assert.equal(readCode(" C D F G H J "), "CDFGHJ");
  for (const typed of ["", "CDFGH", "CDFGHJK", "CDFGH0", "CDFGHÄ", "CDFGH.", "💥💥💥"]) {
    assert.equal(readCode(typed), undefined, typed);
  }
});
