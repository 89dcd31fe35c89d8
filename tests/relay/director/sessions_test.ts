import assert from "node:assert/strict";
import { decodeKey, encodeKey } from "../../../protocol/connect_url.ts";
import { nobleBackend } from "../../../protocol/crypto/noble.ts";
import {
  exposureOf,
  HOP_TICKET_BYTES,
  HopFlag,
  sourceHashOf,
} from "../../../protocol/relay/hop_ticket.ts";
import { HOP_RENEWAL_BYTES, openHopRenewal } from "../../../protocol/relay/hop_renewal.ts";
import { TicketOffice } from "../../../protocol/ticket_office.ts";
import { connectTicketCodec } from "../../../schema/messages/mod.ts";
import { grantFromJson, grantToJson } from "../../../protocol/relay/api/grant_json.ts";
import { DEFAULT_LIMITS } from "../../../relay/director/director_context.ts";
import type { SessionLimits } from "../../../relay/directory/records.ts";
import { isDirectorError, secretOf, ticketAt, withLab } from "./director_lab.ts";

const fromText = (text: string): Uint8Array =>
  Uint8Array.fromBase64(text, { alphabet: "base64url" });

Deno.test(
  "the tickets of a route chain its hops: labels, keys and addresses fit",
  withLab(async (lab) => {
    await lab.relays();
    const server = await lab.server("s1");
    lab.planner.next = { primary: ["ams-1", "fra-1"], standby: ["fra-2"] };
    const grant = await lab.director.openSession({ serverId: "s1", clientHostname: "203.0.113.9" });
    const { primary } = grant;
    assert.equal(primary.tickets.byteLength, 3 * HOP_TICKET_BYTES);
    assert.deepEqual(primary.relays.map(({ relayId }) => relayId), ["ams-1", "fra-1"]);
    assert.deepEqual(primary.relays[0]!.address, { hostname: "192.0.2.1", port: 7_000 });
    const frontKeys = await lab.relayKeys("ams-1");
    const front = ticketAt(primary.tickets, 0, frontKeys);
    const exit = ticketAt(primary.tickets, 1, await lab.relayKeys("fra-1"));
    const last = ticketAt(primary.tickets, 2, lab.serverKeys(server));
    assert.deepEqual([front.labelIn, last.labelIn], [primary.firstLabel, primary.lastLabel]);
    assert.deepEqual([front.labelOut, exit.labelOut], [exit.labelIn, last.labelIn]);
    assert.deepEqual([front.keyNext, exit.keyNext], [exit.keyPrev, last.keyPrev]);
    assert.deepEqual(front.keyPrev, primary.firstKey);
    assert.deepEqual(last.keyNext, primary.lastKey);
    assert.deepEqual(front.next, { hostname: "192.0.1.1", port: 7_000 });
    assert.deepEqual(exit.next, { hostname: "198.51.100.7", port: 9_999 });
    assert.equal(last.next, undefined);
    for (const [i, ticket] of [front, exit, last].entries()) {
      assert.equal(ticket.hopIndex, i);
      assert.equal(ticket.sessionId, grant.sessionId);
      assert.equal(ticket.epoch, 1);
      assert.equal(ticket.notAfterS, Math.floor(lab.nowMs() / 1_000) + 60);
      assert.equal(exposureOf(ticket.flags), "never");
      assert.ok(ticket.flags & HopFlag.multipath && ticket.flags & HopFlag.hideIp);
      const { kbpsUp, kbpsDown, ppsUp, ppsDown, maxMiB } = ticket;
      assert.deepEqual({ kbpsUp, kbpsDown, ppsUp, ppsDown, maxMiB }, DEFAULT_LIMITS);
    }
    assert.deepEqual([front, exit, last].map(({ flags }) => (flags & HopFlag.first) !== 0), [
      true,
      false,
      false,
    ]);
    // The first hop holds the client to its address; inner hops know theirs from the tickets.
    const { gateKey } = frontKeys.keys.find(({ keyId }) => keyId === primary.tickets[1])!;
    assert.equal(front.sourceHash, sourceHashOf("203.0.113.9", gateKey));
    assert.deepEqual([exit.sourceHash, last.sourceHash], [0n, 0n]);
  }),
);

Deno.test(
  "no other relay and no other server opens a ticket",
  withLab(async (lab) => {
    await lab.relays();
    await lab.server("s1");
    const other = await lab.server("s2");
    const grant = await lab.director.openSession({ serverId: "s1" });
    const strangers = [await lab.relayKeys("fra-2"), lab.serverKeys(other)];
    for (const keys of strangers) {
      assert.throws(() => ticketAt(grant.primary.tickets, 0, keys), /opens/);
      assert.throws(() => ticketAt(grant.primary.tickets, 1, keys), /opens/);
    }
  }),
);

Deno.test(
  "sessions share neither ids, nor labels anywhere, nor keys",
  withLab(async (lab) => {
    await lab.relays();
    await lab.server("s1");
    const seen = { ids: new Set(), labels: new Set<number>(), keys: new Set<string>() };
    for (let i = 0; i < 200; i++) {
      const { sessionId, primary } = await lab.director.openSession({ serverId: "s1" });
      seen.ids.add(sessionId);
      seen.labels.add(primary.firstLabel).add(primary.lastLabel);
      seen.keys.add(primary.firstKey.toHex()).add(primary.lastKey.toHex());
    }
    assert.deepEqual([seen.ids.size, seen.labels.size, seen.keys.size], [200, 400, 400]);
  }),
);

Deno.test(
  "a grant survives JSON",
  withLab(async (lab) => {
    await lab.relays();
    await lab.server("s1", { exposure: "prefer", acceptsTickets: true });
    lab.planner.next = { primary: ["fra-1"], standby: ["ams-1", "fra-2"] };
    const grant = await lab.director.openSession({ serverId: "s1", userId: "zoe" });
    assert.deepEqual(grantFromJson(JSON.parse(JSON.stringify(grantToJson(grant)))), grant);
    const json = grantToJson(grant);
    const bad = [
      { ...json, sessionId: "xyz" },
      { ...json, serverKey: "short" },
      { ...json, primary: { ...json.primary, tickets: json.primary.tickets.slice(4) } },
      { ...json, primary: { ...json.primary, firstKey: "!" } },
      { ...json, primary: { ...json.primary, relays: [] } },
      { ...json, exposure: "always" },
      "grant",
      null,
    ];
    for (const wrong of bad) assert.throws(() => grantFromJson(wrong));
  }),
);

Deno.test(
  "a server's address is told only as far as server and request allow",
  withLab(async (lab) => {
    await lab.relays();
    const cases = [
      ["never", undefined, "never"],
      ["never", "prefer", "never"],
      ["fallback", undefined, "fallback"],
      ["fallback", "prefer", "fallback"],
      ["prefer", "fallback", "fallback"],
      ["prefer", undefined, "prefer"],
      ["prefer", "never", "never"],
    ] as const;
    for (const [ofServer, asked, expected] of cases) {
      await lab.server("s1", { exposure: ofServer });
      const grant = await lab.director.openSession({
        serverId: "s1",
        ...(asked === undefined ? {} : { exposure: asked }),
      });
      assert.equal(grant.exposure, expected, `${ofServer} and ${asked}`);
      const address = expected === "never" ? undefined : { hostname: "198.51.100.7", port: 9_999 };
      assert.deepEqual(grant.serverAddress, address);
    }
  }),
);

Deno.test(
  "a connect ticket opens at its server, once, for the user, and names no real address",
  withLab(async (lab) => {
    await lab.relays();
    const reply = await lab.server("s1", { acceptsTickets: true });
    const { connectTicket } = await lab.director.openSession({
      serverId: "s1",
      userId: "zoë",
      userData: "red team",
    });
    const ticket = connectTicketCodec.decode(fromText(connectTicket!))!;
    assert.match(ticket.addresses.join(" "), /^\[100::[0-9a-f:]+\]:1$/);
    const crypto = nobleBackend();
    const office = new TicketOffice({
      crypto,
      staticPublic: crypto.x25519PublicKey(secretOf("s1")),
      connectKeys: [lab.serverKeys(reply).ticketKey!],
      resumeKey: new Uint8Array(32),
      random: () => {},
    });
    const shown = office.openConnect(ticket.sealed, lab.nowMs())!;
    assert.equal(shown.problem, undefined);
    assert.equal(shown.ticket.userId, "zoë");
    assert.equal(new TextDecoder().decode(shown.ticket.userData), "red team");
    await assert.rejects(
      lab.director.openSession({ serverId: "s1", userId: "ü".repeat(33) }),
      /userId|bytes/,
    );
    await lab.server("s2");
    const plain = await lab.director.openSession({ serverId: "s2", userId: "zoë" });
    assert.equal(plain.connectTicket, undefined);
  }),
);

Deno.test(
  "renewals open at every hop and carry the session's caps",
  withLab(async (lab) => {
    await lab.relays();
    const server = await lab.server("s1");
    lab.planner.next = { primary: ["ams-1", "fra-1"], standby: ["fra-2"] };
    const limits = { kbpsUp: 1, kbpsDown: 2, ppsUp: 3, ppsDown: 4, maxMiB: 5 };
    const grant = await lab.director.openSession({ serverId: "s1", limits });
    const id = grantToJson(grant).sessionId;
    await lab.pass(5_000);
    await lab.relays();
    const reply = await lab.director.renewSession(id);
    assert.equal(reply.notAfterS, Math.floor(lab.nowMs() / 1_000) + 60);
    assert.equal(reply.advice, "keep");
    const primary = fromText(reply.primary);
    assert.equal(primary.byteLength, 3 * HOP_RENEWAL_BYTES);
    assert.equal(fromText(reply.standby!).byteLength, 2 * HOP_RENEWAL_BYTES);
    const front = openHopRenewal(primary, 0, (await lab.relayKeys("ams-1")).keys);
    const expected = { sessionId: grant.sessionId, notAfterS: reply.notAfterS, ...limits };
    assert.deepEqual(front, { ...expected, labelIn: grant.primary.firstLabel });
    const last = openHopRenewal(primary, 2 * HOP_RENEWAL_BYTES, lab.serverKeys(server).keys);
    assert.deepEqual(last, { ...expected, labelIn: grant.primary.lastLabel });
    assert.equal(openHopRenewal(primary, 0, (await lab.relayKeys("fra-2")).keys), undefined);
  }),
);

Deno.test(
  "caps come from the request, else from the operator's configuration, else from the defaults",
  withLab(async (lab) => {
    await lab.relays();
    await lab.server("s1");
    const capsOf = async (limits?: SessionLimits): Promise<number> => {
      const request = limits === undefined ? {} : { limits };
      const grant = await lab.director.openSession({ serverId: "s1", ...request });
      return ticketAt(grant.primary.tickets, 0, await lab.relayKeys("fra-1")).kbpsUp;
    };
    assert.equal(await capsOf(), DEFAULT_LIMITS.kbpsUp);
    await lab.directory.put("config", "limits", { ...DEFAULT_LIMITS, kbpsUp: 77 });
    assert.equal(await capsOf(), 77);
    assert.equal(await capsOf({ ...DEFAULT_LIMITS, kbpsUp: 5 }), 5);
  }),
);

Deno.test(
  "a renewal advises to move when a relay drains, and when one is gone",
  withLab(async (lab) => {
    await lab.relays();
    await lab.server("s1");
    lab.planner.next = { primary: ["fra-1"], standby: ["ams-1"] };
    const grant = await lab.director.openSession({ serverId: "s1" });
    const id = grantToJson(grant).sessionId;
    assert.equal((await lab.director.renewSession(id)).advice, "keep");
    await lab.director.drain({ relayId: "ams-1" });
    assert.equal((await lab.director.renewSession(id)).advice, "move");
    await lab.director.drain({ relayId: "ams-1", cancel: true });
    assert.equal((await lab.director.renewSession(id)).advice, "keep");
    await lab.pass(9_000);
    await lab.relay("fra-1");
    await lab.pass(2_000);
    assert.equal((await lab.director.renewSession(id)).advice, "move");
  }),
);

Deno.test(
  "a move counts the epoch up, keeps the session, and asks for the same front relay",
  withLab(async (lab) => {
    await lab.relays();
    await lab.server("s1");
    const other = await lab.server("s2", { region: "ams", hostname: "198.51.100.8" });
    lab.planner.next = { primary: ["fra-1"], standby: ["fra-2"] };
    const before = await lab.director.openSession({
      serverId: "s1",
      pingLocation: "v1:fra=12",
      userId: "zoe",
    });
    const id = grantToJson(before).sessionId;
    lab.planner.next = { primary: ["fra-1", "ams-1"] };
    const after = await lab.director.moveSession(id, { serverId: "s2" });
    const asked = lab.planner.asked.at(-1)!;
    assert.equal(asked.frontRelay, "fra-1");
    assert.equal(asked.pingLocation, "v1:fra=12");
    assert.equal(asked.serverRegion, "ams");
    assert.equal(after.sessionId, before.sessionId);
    assert.equal(after.primary.epoch, 2);
    assert.equal(after.standby, undefined);
    assert.notEqual(after.primary.firstLabel, before.primary.firstLabel);
    assert.equal(
      encodeKey(after.serverKey),
      encodeKey(nobleBackend().x25519PublicKey(secretOf("s2"))),
    );
    const last = ticketAt(after.primary.tickets, 2, lab.serverKeys(other));
    assert.equal(last.epoch, 2);
    assert.equal((await lab.director.renewSession(id)).epoch, 2);
    // A front relay that drains is not asked for.
    await lab.director.drain({ relayId: "fra-1" });
    await lab.director.moveSession(id, {});
    assert.equal(lab.planner.asked.at(-1)!.frontRelay, undefined);
  }),
);

Deno.test(
  "two directors that move one session at once both do, one after the other",
  withLab(async (lab) => {
    await lab.relays();
    await lab.server("s1");
    const second = await lab.another({ id: "d-2" });
    const grant = await lab.director.openSession({ serverId: "s1" });
    const id = grantToJson(grant).sessionId;
    const moved = await Promise.all([
      lab.director.moveSession(id, {}),
      second.moveSession(id, {}),
    ]);
    assert.deepEqual(moved.map(({ primary }) => primary.epoch).sort(), [2, 3]);
    second.close();
  }),
);

Deno.test(
  "a session cannot be moved more often than its epoch can count",
  withLab(async (lab) => {
    await lab.relays();
    await lab.server("s1");
    const grant = await lab.director.openSession({ serverId: "s1" });
    const id = grantToJson(grant).sessionId;
    for (let epoch = 2; epoch <= 255; epoch++) await lab.director.moveSession(id, {});
    await assert.rejects(lab.director.moveSession(id, {}), isDirectorError("conflict"));
    assert.equal((await lab.director.renewSession(id)).epoch, 255);
  }),
);

Deno.test(
  "an ended session is told to its relays and its server, by every director, and is not renewed",
  withLab(async (lab) => {
    await lab.relays();
    const { leaseToken } = await lab.server("s1");
    const second = await lab.another({ id: "d-2" });
    lab.planner.next = { primary: ["fra-1"], standby: ["ams-1"] };
    const id = grantToJson(await lab.director.openSession({ serverId: "s1" })).sessionId;
    await second.endSession(id);
    assert.deepEqual((await lab.relay("fra-1")).revoked, [id]);
    assert.deepEqual((await lab.relay("ams-1")).revoked, [id]);
    assert.deepEqual((await lab.relay("fra-2")).revoked, []);
    const beat = { leaseToken, players: 0, state: "ready" } as const;
    assert.deepEqual((await second.serverHeartbeat("s1", beat)).revoked, [id]);
    await assert.rejects(lab.director.renewSession(id), isDirectorError("not-found"));
    await assert.rejects(lab.director.moveSession(id, {}), isDirectorError("not-found"));
    await assert.rejects(lab.director.endSession(id), isDirectorError("not-found"));
    // Told for as long as a relay without directors could keep the session, and no longer.
    for (let minute = 0; minute < 17; minute++) await lab.pass(60_000);
    assert.deepEqual((await lab.relay("fra-1")).revoked, []);
    second.close();
  }),
);

Deno.test(
  "what cannot be is refused by name",
  withLab(async (lab) => {
    await lab.relays();
    await lab.server("s1");
    const { director, planner } = lab;
    await assert.rejects(
      director.openSession({ serverId: "nobody" }),
      isDirectorError("not-found"),
    );
    await assert.rejects(director.openSession({ serverId: "a b" }), isDirectorError("invalid"));
    await assert.rejects(
      director.openSession({ serverId: "s1", clientHostname: "example.org" }),
      isDirectorError("invalid"),
    );
    for (const id of ["", "xyz", "00000000000000AA", "0".repeat(17)]) {
      await assert.rejects(director.renewSession(id), isDirectorError("invalid"), id);
    }
    await assert.rejects(director.renewSession("0".repeat(16)), isDirectorError("not-found"));
    planner.next = undefined;
    await assert.rejects(director.openSession({ serverId: "s1" }), isDirectorError("no-capacity"));
    planner.next = { primary: ["gone-1"] };
    await assert.rejects(director.openSession({ serverId: "s1" }), isDirectorError("no-capacity"));
  }),
);

Deno.test(
  "renew URLs carry a token that is good for one session",
  withLab(async (lab) => {
    await lab.relays();
    await lab.server("s1");
    const grant = await lab.director.openSession({ serverId: "s1" });
    const id = grantToJson(grant).sessionId;
    const url = new URL(grant.renewUrl!);
    assert.equal(url.origin + url.pathname, `https://director.example.org/v1/sessions/${id}/renew`);
    const token = url.searchParams.get("token")!;
    assert.equal(lab.director.isSessionToken(id, token), true);
    assert.equal(lab.director.isSessionToken("0".repeat(16), token), false);
    assert.equal(lab.director.isSessionToken(id, token.slice(1)), false);
    assert.equal(decodeKey(grantToJson(grant).serverKey).byteLength, 32);
  }),
);
