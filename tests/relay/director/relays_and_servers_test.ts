import assert from "node:assert/strict";
import { encodeKey } from "../../../protocol/connect_url.ts";
import { nobleBackend } from "../../../protocol/crypto/noble.ts";
import { openHopRenewal } from "../../../protocol/relay/hop_renewal.ts";
import { exposureOf, HopFlag } from "../../../protocol/relay/hop_ticket.ts";
import { routeFromJson } from "../../../protocol/relay/api/grant_json.ts";
import { KEY_PERIOD_MS } from "../../../relay/director/key_tree.ts";
import { openKeys } from "../../../protocol/relay/api/sealed_keys.ts";
import {
  anchoredOf,
  heartbeatOf,
  isDirectorError,
  secretOf,
  ticketAt,
  withLab,
} from "./director_lab.ts";

const ids = (items: readonly { id: string }[]): string[] => items.map(({ id }) => id).sort();

Deno.test(
  "a relay is told its peers, and is forgotten ten seconds after its last heartbeat",
  withLab(async (lab) => {
    await lab.relays();
    const reply = await lab.relay("fra-1");
    assert.deepEqual(ids(reply.peers), ["ams-1", "fra-2"]);
    assert.equal(reply.heartbeatMs, 2_000);
    assert.equal(reply.drainDeadlineMs, undefined);
    await lab.pass(6_000);
    await lab.relay("fra-1");
    await lab.pass(6_000);
    assert.deepEqual(ids(lab.director.relays()), ["fra-1"]);
  }),
);

Deno.test(
  "keys are sealed to the relay, two are alive, and one of them stays for the next half day",
  withLab(async (lab) => {
    const first = await lab.relay("fra-1");
    assert.equal(openKeys(first.keys, secretOf("fra-2")), undefined, "not for another relay");
    assert.equal(openKeys(first.keys.slice(0, -4), secretOf("fra-1")), undefined);
    assert.equal(openKeys("", secretOf("fra-1")), undefined);
    const keyIds: number[][] = [];
    for (let halfDay = 0; halfDay < 6; halfDay++) {
      const { keys } = await lab.relayKeys("fra-1");
      keyIds.push(keys.map(({ keyId }) => keyId));
      await lab.server("s1");
      const { primary } = await lab.director.openSession({ serverId: "s1" });
      assert.ok(keyIds.at(-1)!.includes(primary.tickets[1]!), "tickets use a live key");
      await lab.pass(KEY_PERIOD_MS / 2);
    }
    for (const [a, b] of keyIds) assert.equal((a! + 1) % 256, b);
    for (let i = 1; i < keyIds.length; i++) {
      const [before, now] = [keyIds[i - 1]!, keyIds[i]!];
      assert.ok(now.some((id) => before.includes(id)), `${before} and ${now} overlap`);
    }
    const all = new Set(keyIds.flat());
    assert.ok(all.size >= 3, "keys do rotate");
  }),
);

Deno.test(
  "nobody takes the place of a living relay, and a dead one's place is free",
  withLab(async (lab) => {
    await lab.relay("fra-1");
    const thief = { publicKey: encodeKey(nobleBackend().x25519PublicKey(secretOf("thief"))) };
    await assert.rejects(lab.relay("fra-1", thief), isDirectorError("conflict"));
    await lab.pass(10_001);
    await lab.relay("fra-1", thief);
  }),
);

Deno.test(
  "a relay that cannot be is refused by name",
  withLab(async (lab) => {
    const shard = { shard: 0, port: 7_000, sessions: 0, load: 0 };
    const bad = [
      { id: "a.b" },
      { region: "" },
      { hostname: "relay.example.org" },
      { shards: [] },
      { shards: [shard, { ...shard, port: 7_001 }] },
      { publicKey: "short" },
      { publicKey: "A".repeat(43) },
      { instance: "1" },
    ];
    for (const more of bad) {
      await assert.rejects(
        lab.relay("fra-1", more),
        isDirectorError("invalid"),
        JSON.stringify(more),
      );
    }
    assert.deepEqual(lab.director.relays(), []);
    await lab.relay("fra-1", { hostname: "2001:DB8::0:1" });
    assert.equal(lab.director.relays()[0]!.hostname, "2001:db8::1");
  }),
);

Deno.test(
  "a drain outlives heartbeats, ends when it is called off, and with the process",
  withLab(async (lab) => {
    await lab.relays();
    const heard: string[] = [];
    lab.directory.subscribe(({ kind }) => void heard.push(kind));
    await lab.director.drain({ relayId: "fra-1", deadlineSeconds: 60 });
    const deadlineMs = lab.nowMs() + 60_000;
    assert.equal((await lab.relay("fra-1")).drainDeadlineMs, deadlineMs);
    assert.equal((await lab.relay("fra-1")).drainDeadlineMs, deadlineMs);
    assert.deepEqual(
      lab.director.beacons().beacons.map(({ relayId }) => relayId).sort(),
      ["ams-1", "fra-2"],
    );
    await lab.director.drain({ relayId: "fra-1", cancel: true });
    assert.equal((await lab.relay("fra-1")).drainDeadlineMs, undefined);
    await lab.director.drain({ relayId: "fra-1" });
    const restarted = await lab.relay("fra-1", { instance: "00000000000000cc" });
    assert.equal(restarted.drainDeadlineMs, undefined);
    assert.deepEqual(heard, ["drain", "undrain", "drain"]);
    await assert.rejects(lab.director.drain({ relayId: "nobody" }), isDirectorError("not-found"));
    await assert.rejects(lab.director.drain({}), isDirectorError("invalid"));
    await assert.rejects(
      lab.director.drain({ relayId: "fra-1", serverId: "s1" }),
      isDirectorError("invalid"),
    );
  }),
);

Deno.test(
  "measurements reach the planner, the worse of both ends, and are forgotten",
  withLab(async (lab) => {
    const link = { p95RttMs: 10, jitterMs: 1, loss: 0 };
    await lab.relay("fra-1", { links: [{ to: "ams-1", ...link }] });
    await lab.relay("ams-1", { links: [{ to: "fra-1", ...link, p95RttMs: 14 }] });
    await lab.server("s1");
    await lab.director.openSession({ serverId: "s1" });
    const { mesh } = lab.planner.asked.at(-1)!;
    const quality = (): unknown => mesh.quality("fra-1", "ams-1", lab.clock.nowMs());
    assert.deepEqual(quality(), { ...link, p95RttMs: 14 });
    await lab.pass(6_000);
    assert.equal(quality(), undefined);
  }),
);

Deno.test(
  "sessions that were just given out count as load until the relay tells its own",
  withLab(async (lab) => {
    const busy = { shards: [{ shard: 0, port: 7_000, sessions: 100, load: 0.5 }] };
    await lab.relay("fra-1", busy);
    await lab.server("s1");
    for (let i = 0; i < 10; i++) await lab.director.openSession({ serverId: "s1" });
    const load = (): number => lab.planner.asked.at(-1)!.relays[0]!.load;
    assert.ok(Math.abs(load() - 0.545) < 1e-9, `nine of 0.005 on top of 0.5: ${load()}`);
    await lab.relay("fra-1", busy);
    await lab.director.openSession({ serverId: "s1" });
    assert.equal(load(), 0.5);
  }),
);

Deno.test(
  "the next session goes to the least loaded shard",
  withLab(async (lab) => {
    await lab.relay("fra-1", {
      shards: [
        { shard: 3, port: 7_003, sessions: 9, load: 0.9 },
        { shard: 5, port: 7_005, sessions: 1, load: 0.1 },
      ],
    });
    await lab.server("s1");
    const { primary } = await lab.director.openSession({ serverId: "s1" });
    assert.deepEqual(primary.relays[0]!.shard, 5);
    assert.deepEqual(primary.relays[0]!.address.port, 7_005);
    assert.equal(primary.tickets[2], 5, "the ticket names its shard in the clear");
  }),
);

Deno.test(
  "a server is told its keys, the relays' addresses, and is forgotten without heartbeats",
  withLab(async (lab) => {
    await lab.relays();
    const reply = await lab.server("s1");
    assert.equal(reply.id, "s1");
    assert.equal(reply.desired, "ready");
    assert.deepEqual(reply.relayAddresses.sort(), ["192.0.1.1", "192.0.1.2", "192.0.2.1"]);
    const { keys, ticketKey } = lab.serverKeys(reply);
    assert.equal(keys.length, 2);
    assert.equal(ticketKey!.byteLength, 32);
    const beat = { leaseToken: reply.leaseToken, players: 3, state: "ready" } as const;
    await lab.pass(9_000);
    assert.equal((await lab.director.serverHeartbeat("s1", beat)).desired, "allocated");
    assert.equal(lab.director.servers()[0]!.players, 3);
    await lab.pass(10_001);
    await assert.rejects(lab.director.serverHeartbeat("s1", beat), isDirectorError("not-found"));
  }),
);

Deno.test(
  "a server without an id is given one; one with another key cannot take a living one's",
  withLab(async (lab) => {
    const { id: _, ...unnamed } = anchoredOf("x");
    const made = await lab.director.registerServer({ ...unnamed, hostname: "192.0.2.9", port: 1 });
    assert.match(made.id, /^s-[0-9a-f]{16}$/);
    await lab.server("s1");
    await lab.server("s1", { name: "again" });
    const thief = encodeKey(nobleBackend().x25519PublicKey(secretOf("thief")));
    await assert.rejects(lab.server("s1", { serverKey: thief }), isDirectorError("conflict"));
  }),
);

Deno.test(
  "heartbeats, removal and codes of a server need its own lease token",
  withLab(async (lab) => {
    const { leaseToken } = await lab.server("s1");
    const other = await lab.server("s2");
    const { director } = lab;
    for (const wrong of ["", other.leaseToken, leaseToken.slice(1), `${leaseToken}x`]) {
      const beat = { leaseToken: wrong, players: 0, state: "ready" } as const;
      await assert.rejects(director.serverHeartbeat("s1", beat), isDirectorError("forbidden"));
      await assert.rejects(director.removeServer("s1", wrong), isDirectorError("forbidden"));
      await assert.rejects(
        director.makeCode("s1", { leaseToken: wrong }),
        isDirectorError("forbidden"),
      );
    }
    await director.removeServer("s1", leaseToken);
    assert.deepEqual(ids(director.servers()), ["s2"]);
  }),
);

Deno.test(
  "a server that cannot be is refused by name",
  withLab(async (lab) => {
    const bad = [
      { id: "a b" },
      { protocolId: "" },
      { region: "a.b" },
      { serverKey: "A".repeat(43) },
      { serverKey: "x" },
      { hostname: "play.example.org" },
      { instance: "zz" },
    ];
    for (const more of bad) {
      await assert.rejects(
        lab.server("s1", more),
        isDirectorError("invalid"),
        JSON.stringify(more),
      );
    }
    const { port: _, ...portless } = { ...anchoredOf("s1"), hostname: "192.0.2.1", port: 1 };
    await assert.rejects(lab.director.registerServer(portless), isDirectorError("invalid"));
  }),
);

Deno.test(
  "a server behind NAT gets two anchors, and players' tickets end at them",
  withLab(async (lab) => {
    await lab.relays();
    const reply = await lab.director.registerServer(anchoredOf("s1"));
    assert.deepEqual(reply.anchors.map(({ relayId }) => relayId).sort(), ["fra-1", "fra-2"]);
    const [anchor] = reply.anchors.filter(({ relayId }) => relayId === "fra-1");
    const route = routeFromJson(anchor!.route!);
    const bound = ticketAt(route.tickets, 0, await lab.relayKeys("fra-1"));
    assert.equal(bound.sessionId, BigInt(`0x${anchor!.anchorId}`));
    assert.equal(
      bound.flags & 63,
      HopFlag.anchor | HopFlag.first | HopFlag.last | HopFlag.rebindOk,
    );
    assert.equal(exposureOf(bound.flags), "never");
    assert.deepEqual([bound.labelIn, bound.next], [route.firstLabel, undefined]);
    assert.deepEqual(bound.keyPrev, route.firstKey);

    lab.planner.next = { primary: ["ams-1", "fra-1"] };
    const grant = await lab.director.openSession({ serverId: "s1", exposure: "prefer" });
    assert.deepEqual(lab.planner.asked.at(-1)!.exitRelays?.toSorted(), ["fra-1", "fra-2"]);
    const exit = ticketAt(grant.primary.tickets, 1, await lab.relayKeys("fra-1"));
    const groups = anchor!.anchorId.match(/.{4}/g)!.map((group) =>
      parseInt(group, 16).toString(16)
    );
    assert.deepEqual(
      new URL(`http://[${exit.next!.hostname}]`).hostname,
      `${new URL(`http://[100::${groups.join(":")}]`).hostname}`,
    );
    assert.equal(exit.next!.port, 1);
    lab.planner.next = { primary: ["ams-1"] };
    await assert.rejects(
      lab.director.openSession({ serverId: "s1" }),
      isDirectorError("no-capacity"),
      "a relay without an anchor does not reach it",
    );
  }),
);

Deno.test(
  "heartbeats renew anchors, replace those of relays that went, and make all anew when asked",
  withLab(async (lab) => {
    await lab.relays();
    const { leaseToken, anchors } = await lab.director.registerServer({
      ...anchoredOf("s1"),
      exitRelays: ["ams-1", "fra-2"],
    });
    assert.deepEqual(anchors.map(({ relayId }) => relayId), ["ams-1", "fra-2"]);
    const beat = { leaseToken, players: 0, state: "ready" } as const;
    const same = await lab.director.serverHeartbeat("s1", beat);
    assert.deepEqual(
      same.anchors.map(({ anchorId }) => anchorId),
      anchors.map((one) => one.anchorId),
    );
    for (const { relayId, route, renewal } of same.anchors) {
      assert.equal(route, undefined);
      const bytes = Uint8Array.fromBase64(renewal!, { alphabet: "base64url" });
      const opened = openHopRenewal(bytes, 0, (await lab.relayKeys(relayId)).keys)!;
      assert.equal(opened.notAfterS, Math.floor(lab.nowMs() / 1_000) + 60);
    }
    await lab.director.drain({ relayId: "ams-1" });
    const moved = await lab.director.serverHeartbeat("s1", beat);
    assert.deepEqual(moved.anchors.map(({ relayId }) => relayId), ["fra-2", "fra-1"]);
    assert.deepEqual(moved.anchors.map(({ route }) => route !== undefined), [false, true]);
    const again = await lab.director.serverHeartbeat("s1", { ...beat, needAnchors: true });
    assert.ok(again.anchors.every(({ route }) => route !== undefined));
    assert.deepEqual(
      again.anchors.map(({ anchorId }) => anchorId),
      moved.anchors.map(({ anchorId }) => anchorId),
    );
    // Tickets of one anchor go with one another: a relay takes a fresh one for the slot that it has.
    assert.equal(again.anchors[1]!.route!.firstKey, moved.anchors[1]!.route!.firstKey);
    assert.notEqual(again.anchors[0]!.route!.firstKey, again.anchors[1]!.route!.firstKey);
    const registered = await lab.director.registerServer(anchoredOf("s1"));
    assert.deepEqual(
      registered.anchors.map(({ anchorId }) => anchorId),
      moved.anchors.map(({ anchorId }) => anchorId),
    );
    await assert.rejects(
      lab.director.registerServer({ ...anchoredOf("s2"), exitRelays: ["nobody"] }),
      isDirectorError("invalid"),
    );
  }),
);

Deno.test(
  "without a relay a server behind NAT cannot register, and one with an address can",
  withLab(async (lab) => {
    await assert.rejects(
      lab.director.registerServer(anchoredOf("s1")),
      isDirectorError("no-capacity"),
    );
    await lab.server("s2");
  }),
);

Deno.test(
  "directors of one directory have one key, or do not start",
  withLab(async (lab) => {
    const second = await lab.another({ id: "d-2" });
    second.close();
    await assert.rejects(
      lab.another({ key: new Uint8Array(32) }),
      isDirectorError("conflict"),
    );
    await assert.rejects(lab.another({ key: new Uint8Array(31) }), RangeError);
    await assert.rejects(lab.another({ maxRelays: 4 }), RangeError);
  }),
);

Deno.test(
  "two directors that hear of one relay at once keep it, and both tell it the same keys",
  withLab(async (lab) => {
    const second = await lab.another({ id: "d-2" });
    const beat = heartbeatOf("fra-1");
    const replies = await Promise.all([
      lab.director.relayHeartbeat(beat),
      second.relayHeartbeat(beat),
      lab.director.relayHeartbeat(beat),
    ]);
    const opened = replies.map(({ keys }) => openKeys(keys, secretOf("fra-1")));
    assert.deepEqual(opened[0], opened[1]);
    assert.deepEqual(opened[0], opened[2]);
    second.close();
  }),
);
