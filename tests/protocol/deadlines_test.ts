import assert from "node:assert/strict";
import { CloseCode } from "../../protocol/close_code.ts";
import { Random } from "../../transport/random.ts";
import { Pair } from "../fixtures/pair.ts";

/** Endpoints that are driven by their deadlines alone: a deadline that never moves would never end. */
function wakeUpsPerSecond(pair: Pair, seconds: number, onStep?: () => void): number {
  return pair.advance(seconds * 1_000, onStep) / seconds;
}

Deno.test("an idle session wakes each end a few times a minute", () => {
  const pair = new Pair();
  pair.connect();
  pair.advance(60_000);
  const perSecond = wakeUpsPerSecond(pair, 600);
  assert.ok(perSecond < 1.5, `${perSecond} wake-ups a second`);
});

Deno.test("a server without sessions sleeps for ever", () => {
  assert.equal(new Pair().server.deadlineMs(), Infinity);
});

Deno.test("a client that has given up sleeps for ever", () => {
  const pair = new Pair();
  const client = pair.addClient();
  pair.advance(20_000, () => pair.drop());
  assert.deepEqual(client.kinds, ["unreachable"]);
  assert.equal(client.endpoint.deadlineMs(pair.nowMs), Infinity);
});

Deno.test("deadlines do not spin while the pace holds back inputs, resends, credit or new messages", () => {
  const pacing = {
    initialBytesPerSecond: 2_000,
    floorBytesPerSecond: 2_000,
    ceilingBytesPerSecond: 2_000,
  };
  const pair = new Pair({ server: { sessionLimits: { pacing } } });
  const client = pair.connect({ sessionLimits: { pacing } });
  const { peer } = pair;
  for (const end of [client, peer]) {
    end.send("input", new Uint8Array(900));
    end.send("reliable-ordered", new Uint8Array(15_000));
    end.send("reliable-latest", new Uint8Array(15_000));
    end.send("unreliable", new Uint8Array(5_000));
  }
  client.session.flush();
  pair.server.flush(peer.entry);
  const random = new Random(1);
  const perSecond = wakeUpsPerSecond(pair, 60, () => {
    for (const datagram of pair.drop()) if (!random.chance(0.3)) pair.deliver(datagram);
    pair.collect();
  });
  assert.ok(perSecond < 150, `${perSecond} wake-ups a second`);
});

Deno.test("deadlines do not spin in any state on the way out", () => {
  for (const arrives of [true, false]) {
    const step = (pair: Pair): void => {
      if (arrives) pair.settle();
      else pair.drop();
    };
    const closing = new Pair();
    closing.connect().session.close(CloseCode.normal, "", closing.nowMs);
    assert.ok(closing.advance(60_000, () => step(closing)) < 200);
    const lingering = new Pair();
    const client = lingering.connect();
    client.send("reliable-ordered", new Uint8Array(10));
    client.session.linger(CloseCode.normal, "", 5_000, lingering.nowMs);
    assert.ok(lingering.advance(60_000, () => step(lingering)) < 300);
    assert.equal(client.session.state, "closed");
  }
});

Deno.test("deadlines do not spin while a session waits to be resumed, and end with its window", () => {
  const pair = new Pair();
  pair.connect();
  const wakeUps = pair.advance(120_000, () => pair.drop());
  // HELLOs of the client: about two a second for the 30 s of the window.
  assert.ok(wakeUps < 250, `${wakeUps} wake-ups`);
  assert.equal(pair.deadlineMs, Infinity);
});

Deno.test("times that are no whole milliseconds do not make a deadline miss itself", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const pair = new Pair({ seed });
    const random = new Random(seed);
    pair.nowMs = random.unit() * 1e6;
    pair.connect();
    const wakeUps = pair.advance(50_000 + random.unit(), () => pair.drop());
    assert.ok(wakeUps < 300, `${wakeUps} wake-ups with seed ${seed}`);
  }
});

Deno.test("a stream at 60 Hz wakes each end no more often than it has something to do", () => {
  const pair = new Pair();
  const client = pair.connect();
  let wakeUps = 0;
  for (let tick = 0; tick < 600; tick++) {
    pair.sendFromClient(client, "input", Uint8Array.of(tick & 255));
    pair.sendFromServer(pair.peer, "sequenced", new Uint8Array(200));
    wakeUps += pair.advance(1_000 / 60);
  }
  assert.ok(wakeUps / 10 < 240, `${wakeUps / 10} wake-ups a second`);
});

Deno.test("a server that reads messages at its ticks sends the credit that is due with the same tick", () => {
  const pair = new Pair();
  const client = pair.connect();
  const { peer } = pair;
  const into = new Uint8Array(1_452);
  // Packets are taken as they come; nobody asks for news until the tick.
  for (let i = 0; i < 70; i++) client.send("reliable-ordered", new Uint8Array(1_000));
  client.session.flush();
  const noNews = (): void => {
    for (;;) {
      const sizeBytes = client.endpoint.pollTransmit(into, pair.nowMs);
      if (sizeBytes === 0) break;
      pair.server.handleDatagram(into.slice(0, sizeBytes), client.address, pair.nowMs);
    }
    for (;;) {
      const sizeBytes = pair.server.pollTransmit(into, pair.nowMs);
      if (sizeBytes === 0) return;
      client.endpoint.handleDatagram(into.slice(0, sizeBytes), pair.server.transmitTo, pair.nowMs);
    }
  };
  for (let i = 0; i < 3; i++) pair.advance(500, noNews);
  assert.equal(client.session.channels.hasUnsent, true, "the credit is used up");
  // The tick: news, messages, and what is to be sent. Nothing was sent by the game.
  const entry = pair.server.pollNews();
  assert.equal(entry, peer.entry);
  peer.drain();
  noNews();
  noNews();
  assert.equal(client.session.channels.hasUnsent, false);
});
