import assert from "node:assert/strict";
import type { ConnectOptions, ServeOptions } from "../../mod.ts";
import { CloseCode, serve } from "../../server/mod.ts";
import { Lab, SERVER_HOST } from "./lab.ts";
import { Room } from "./room.ts";

const CLIENT_HOST = "198.51.100.40";

const wrongServe: [ServeOptions, RegExp][] = [
  [{ tickHz: -1 }, /"tickHz" is 0 to 1000/],
  [{ tickHz: NaN }, /"tickHz" is 0 to 1000/],
  [{ tickHz: 1_001 }, /"tickHz" is 0 to 1000/],
  [{ dispatch: "tick" }, /give serve\(\) a "tickHz"/],
  [{ key: new Uint8Array(31) }, /a key of 31 bytes/],
  [{ ticketKeys: [new Uint8Array(32), new Uint8Array(16)] }, /a ticket key of 16 bytes/],
  [{ name: "ä".repeat(33) }, /at most 64 bytes/],
  [{ maxPeers: 0 }, /"maxPeers" is an integer of 1 and more/],
  [{ maxPeers: 1.5 }, /"maxPeers" is an integer of 1 and more/],
  [{ limits: { resumeWindowMs: -1 } }, /"limits.resumeWindowMs" is a number of 0 to/],
  [{ limits: { sessions: NaN } }, /"limits.sessions" is a number of 1 to/],
  [{ sessionLimits: { datagramBytes: 1_453 } }, /"sessionLimits.datagramBytes" is .* 576 to 1452/],
  [{ sessionLimits: { datagramBytes: 575 } }, /"sessionLimits.datagramBytes" is/],
  [{ sessionLimits: { idleTimeoutMs: Infinity } }, /"sessionLimits.idleTimeoutMs" is/],
  [{ traceDatagrams: -1 }, /"sessionLimits.traceDatagrams" is a number of 0 to 65536/],
  [{ sim: "loss=huge" }, /Cannot read "loss=huge"/],
];
for (const [options, text] of wrongServe) {
  Deno.test(`serve throws at once: ${text.source}`, async () => {
    await using lab = new Lab();
    await assert.rejects(lab.serve(Room, options), (error) => {
      assert.ok(error instanceof RangeError || error instanceof TypeError);
      assert.match(error.message, text);
      return true;
    });
    // Whatever was bound by then was let go: the address is free again.
    await lab.serve(Room);
  });
}

Deno.test("serve throws at once for limits that there are not", async () => {
  // @ts-expect-error a slip of the pen.
  await assert.rejects(serve(Room, { limits: { session: 4 } }), /no "limits.session": there are/);
  // @ts-expect-error undefined is no limit.
  await assert.rejects(serve(Room, { sessionLimits: { keepaliveMs: undefined } }), RangeError);
  // @ts-expect-error neither is a text.
  await assert.rejects(serve(Room, { sessionLimits: { keepaliveMs: "1" } }), RangeError);
  // @ts-expect-error yes and no are true and false.
  await assert.rejects(serve(Room, { sessionLimits: { mtuProbing: "yes" } }), TypeError);
  // @ts-expect-error there are two ways.
  await assert.rejects(serve(Room, { tickHz: 1, dispatch: "later" }), /"tick" or "immediate"/);
});

const wrongConnect: [ConnectOptions, RegExp][] = [
  [{ timeoutMs: 0 }, /"timeoutMs" is above 0/],
  [{ timeoutMs: NaN }, /"timeoutMs" is above 0/],
  [{ reconnectTimeoutMs: -1 }, /"reconnectTimeoutMs" is 0 and more/],
  [{ sessionLimits: { keepaliveMs: 9 } }, /"sessionLimits.keepaliveMs" is a number of 10 to/],
  [{ traceDatagrams: 65_537 }, /"sessionLimits.traceDatagrams" is/],
  [{ sim: "delay=often" }, /Cannot read "delay=often"/],
];
for (const [options, text] of wrongConnect) {
  Deno.test(`connect throws at once: ${text.source}`, async () => {
    await using lab = new Lab();
    const server = await lab.serve(Room);
    const pipe = lab.network.bind(CLIENT_HOST, 7_777);
    const environment = { pipe };
    await assert.rejects(lab.connect(Room, server, { ...options, environment }), text);
    // The pipe was taken over and let go.
    await lab.network.bind(CLIENT_HOST, 7_777).close();
  });
}

for (const url of ["", "192.0.2.1:9999", "https://192.0.2.1", "tickwire://", "tickwire://h:0"]) {
  Deno.test(`connect throws at once for the URL ${JSON.stringify(url)}`, async () => {
    await using lab = new Lab();
    await assert.rejects(lab.connect(Room, url), { name: "TypeError", message: /Cannot connect/ });
  });
}

Deno.test("sessionLimits.idleTimeoutMs: each end has its own patience", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { sessionLimits: { idleTimeoutMs: 3_000 } });
  const client = await lab.connect(Room, server, {
    host: CLIENT_HOST,
    sessionLimits: { idleTimeoutMs: 6_000 },
  });
  await lab.run(100);
  const log: string[] = [];
  const startMs = lab.nowMs;
  const note = (what: string) => () => {
    log.push(`${what} after ${Math.round((lab.nowMs - startMs) / 1_000)} s`);
  };
  server.on("suspended", note("server"));
  client.on("suspended", note("client"));
  lab.network.blackout(CLIENT_HOST, SERVER_HOST, lab.nowMs, lab.nowMs + 10_000);
  await lab.run(10_000);
  assert.deepEqual(log, ["server after 3 s", "client after 6 s"]);
});

Deno.test("sessionLimits.keepaliveMs: how often an idle client speaks", async () => {
  for (const [keepaliveMs, least, most] of [[100, 4, 6], [1_000, 1, 2]] as const) {
    await using lab = new Lab();
    const server = await lab.serve(Room);
    const client = await lab.connect(Room, server, {
      host: CLIENT_HOST,
      sessionLimits: { keepaliveMs },
    });
    await lab.run(500);
    // The interval grows while nothing happens, and is small again after something did.
    client.send(Room.Ping, { n: 1 });
    await lab.run(1);
    let sent = 0;
    lab.network.onDatagram = ({ what, from }) => {
      if (what === "sent" && from.hostname === CLIENT_HOST) sent++;
    };
    await lab.run(1_300);
    assert.ok(sent >= least && sent <= most, `${sent} packets at ${keepaliveMs} ms`);
  }
});

Deno.test("limits.resumeWindowMs: for how long a silent peer may come back; 0 is never", async () => {
  for (const resumeWindowMs of [0, 5_000]) {
    await using lab = new Lab();
    const server = await lab.serve(Room, { limits: { resumeWindowMs } });
    await lab.connect(Room, server, { host: CLIENT_HOST, reconnect: false });
    await lab.run(100);
    const log: string[] = [];
    server.on("suspended", () => log.push("suspended"));
    server.on("disconnected", (_, { code }) => log.push(`disconnected ${code}`));
    const startMs = lab.nowMs;
    let goneMs = 0;
    server.on("disconnected", () => {
      goneMs = lab.nowMs - startMs;
    });
    lab.network.blackout(CLIENT_HOST, SERVER_HOST, lab.nowMs, lab.nowMs + 60_000);
    await lab.run(40_000);
    const end = `disconnected ${CloseCode.timeout}`;
    assert.deepEqual(log, resumeWindowMs === 0 ? [end] : ["suspended", end]);
    assert.ok(Math.abs(goneMs - 10_000 - resumeWindowMs) < 1_000, `${goneMs} ms`);
  }
});

Deno.test("limits.halfOpenTimeoutMs: how long a handshake waits for its confirmation", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { limits: { halfOpenTimeoutMs: 1_500 } });
  // The answer never arrives, so nothing confirms it.
  lab.network.setLink(SERVER_HOST, CLIENT_HOST, { delayMs: 10, loss: 1 });
  const dialling = lab.dial(Room, server, { host: CLIENT_HOST, timeoutMs: 50 });
  await assert.rejects(lab.settle(dialling), { code: "unreachable" });
  assert.equal(server.stats().halfOpen, 1);
  await lab.run(1_000);
  assert.equal(server.stats().halfOpen, 1);
  await lab.run(1_000);
  assert.equal(server.stats().halfOpen, 0);
  assert.equal(server.stats().drops.handshakeExpired, 1);
});

Deno.test("sessionLimits.datagramBytes: no datagram is larger", async () => {
  await using lab = new Lab();
  const server = await lab.serve(Room, { sessionLimits: { datagramBytes: 600 } });
  const client = await lab.connect(Room, server);
  await lab.run(100);
  let largest = 0;
  lab.network.onDatagram = ({ what, from, bytes }) => {
    if (what === "sent" && from.hostname === SERVER_HOST) {
      largest = Math.max(largest, bytes.byteLength);
    }
  };
  const received = client.next(Room.Map);
  server.broadcast(Room.Map, { bytes: new Uint8Array(50_000) });
  assert.equal((await lab.settle(received)).bytes.byteLength, 50_000);
  assert.ok(largest > 500 && largest <= 600, `${largest} bytes`);
});

Deno.test("sim impairs an end's own traffic in both directions", async () => {
  await using lab = new Lab({ link: { delayMs: 1 } });
  const server = await lab.serve(Room, { sim: "delay=40ms" });
  const client = await lab.connect(Room, server, { sim: { delayMs: 10 } });
  await lab.run(500);
  // Out and in, at both ends, and the line itself; an acknowledgement may wait 25 ms.
  assert.ok(client.rttMs >= 101 && client.rttMs <= 130, `${client.rttMs} ms`);
});

Deno.test("name and key: what the server calls itself, and its identity over restarts", async () => {
  await using lab = new Lab();
  const key = new Uint8Array(32).fill(9);
  const first = await lab.serve(Room, { key });
  const second = await lab.serve(Room, { key, host: "192.0.2.2" });
  const third = await lab.serve(Room, { host: "192.0.2.3" });
  assert.deepEqual(first.publicKey, second.publicKey);
  assert.notDeepEqual(first.publicKey, third.publicKey);
  assert.match(first.url(), /^tickwire:\/\/192\.0\.2\.1:9999#[\w-]{43}$/);
  assert.match(first.url("play.example.org"), /^tickwire:\/\/play\.example\.org:9999#/);
  assert.match(first.url("2001:db8::7"), /^tickwire:\/\/\[2001:db8::7\]:9999#/);
});
