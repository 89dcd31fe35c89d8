/**
 * Scenarios of messages: all deliveries both ways, on good and bad lines, whole and in fragments.
 *
 * @module
 */
import type { BoundMessage } from "../../schema/mod.ts";
import type { CaptureClient } from "./capture_client.ts";
import { CLIENT_HOST, SERVER_HOST } from "./capture.ts";
import { CaptureLab } from "./capture_lab.ts";
import { Conform, VALUES, Wide } from "./capture_protocols.ts";
import type { CaptureServer } from "./capture_server.ts";

/** Length of a tick at 60 Hz. */
const TICK_MS = 1000 / 60;

/** Sends one of every message in both directions per tick. */
function play(lab: CaptureLab, server: CaptureServer, client: CaptureClient, ticks: number): void {
  lab.repeat(ticks, TICK_MS, (n) => {
    server.startTick(n + 1);
    for (const [message, valueOf] of VALUES) {
      client.send(message, valueOf(n, lab.content));
      for (const entry of server.sessions) server.send(entry, message, valueOf(n, lab.content));
    }
    client.flush();
    server.flush();
  });
}

/** Sends one large message of `message` both ways. */
function sendBytes(
  lab: CaptureLab,
  server: CaptureServer,
  client: CaptureClient,
  message: BoundMessage,
  sizeBytes: number,
  n: number,
): void {
  client.send(message, { n, data: lab.content.bytes(sizeBytes) });
  for (const entry of server.sessions) {
    server.send(entry, message, { n, data: lab.content.bytes(sizeBytes) });
  }
}

/** All deliveries both ways on a clean line, with the server's tick. */
export function clean(seed: number): CaptureLab {
  const lab = new CaptureLab("clean", seed);
  const server = lab.serve();
  const client = lab.join();
  play(lab, server, client, 45);
  lab.wait(500);
  return lab;
}

/** The same with loss, duplicates and reordering: gaps in ACK frames, resends, repeated inputs. */
export function lossy(seed: number): CaptureLab {
  const lab = new CaptureLab("lossy", seed, {
    delayMs: 30,
    jitterMs: 20,
    loss: 0.2,
    duplicate: 0.05,
    reorder: 0.1,
  });
  const server = lab.serve();
  const client = lab.join();
  play(lab, server, client, 120);
  lab.wait(3_000);
  return lab;
}

/** Large messages of every delivery that has them, a newer `reliable-latest` overtaking an older one. */
export function fragments(seed: number): CaptureLab {
  const lab = new CaptureLab("fragments", seed, { delayMs: 15, loss: 0.05 });
  const server = lab.serve();
  const client = lab.join();
  sendBytes(lab, server, client, Conform.Chunk, 30_000, 1);
  sendBytes(lab, server, client, Conform.Parcel, 9_000, 2);
  sendBytes(lab, server, client, Conform.Burst, 6_000, 3);
  client.send(Conform.Chat, { n: 4, text: "behind the chunk" });
  const big = { points: new Map(), replay: lab.content.bytes(4_000) };
  for (const entry of server.sessions) server.send(entry, Conform.Score, { n: 5, ...big });
  client.flush();
  server.flush();
  lab.wait(3_000);
  client.send(Conform.Score, { n: 6, ...big });
  client.flush();
  lab.wait(10);
  client.send(Conform.Score, { n: 7, points: new Map([["ada", 7]]), replay: new Uint8Array(0) });
  client.flush();
  lab.wait(500);
  client.send(Conform.Score, { n: 8, ...big });
  client.flush();
  lab.wait(500);
  return lab;
}

/** Datagrams of at most 576 bytes, so that a sequenced message needs fragments. */
export function smallDatagrams(seed: number): CaptureLab {
  const lab = new CaptureLab("small_datagrams", seed);
  const server = lab.serve({ sessionLimits: { datagramBytes: 576 } });
  const client = lab.join({ sessionLimits: { datagramBytes: 576 } });
  for (const n of [1, 2]) {
    const pose = { n, heading: 1, rotation: { x: 0, y: 0, z: 0, w: 1 }, speed: 2 };
    const label = "x".repeat(700);
    client.send(Conform.Pose, { ...pose, label });
    for (const entry of server.sessions) server.send(entry, Conform.Pose, { ...pose, label });
    client.flush();
    server.flush();
    lab.wait(100);
  }
  return lab;
}

/** More reliable bytes than the first credit allows, to an application that is busy for a while. */
export function credit(seed: number): CaptureLab {
  const lab = new CaptureLab("credit", seed, { delayMs: 10, loss: 0.02 });
  const server = lab.serve();
  const client = lab.join();
  server.isBusy = true;
  for (let n = 0; n < 8; n++) {
    client.send(Conform.Chunk, { n, data: lab.content.bytes(20_000) });
  }
  for (let n = 0; n < 16; n++) {
    client.send(Conform.Parcel, { n, data: lab.content.bytes(8_000) });
  }
  client.flush();
  lab.wait(1_500);
  server.isBusy = false;
  server.takeMessages();
  lab.wait(4_000);
  return lab;
}

/** 40 channels: MESSAGE frames with a channel behind the escape. */
export function wide(seed: number): CaptureLab {
  const lab = new CaptureLab("wide", seed);
  const server = lab.serve({ protocol: Wide });
  const client = lab.join({ protocol: Wide });
  for (const n of [1, 2, 3]) {
    for (const message of Wide.messages) {
      client.send(message, { n });
      for (const entry of server.sessions) server.send(entry, message, { n });
    }
    client.flush();
    server.flush();
    lab.wait(50);
  }
  return lab;
}

/** A second in which no acknowledgement arrives: longer packet numbers, longer runs in ACK frames. */
export function deafClient(seed: number): CaptureLab {
  const lab = new CaptureLab("deaf_client", seed, { delayMs: 10 });
  const server = lab.serve();
  const client = lab.join();
  lab.network.setLink(SERVER_HOST, CLIENT_HOST, { loss: 1 });
  lab.repeat(200, 5, (n) => {
    client.send(Conform.Blip, { n, at: { x: 0, y: 0 }, isLoud: false });
    client.flush();
  });
  lab.network.setLink(SERVER_HOST, CLIENT_HOST, { delayMs: 10 });
  lab.repeat(3, 50, (n) => {
    client.send(Conform.Chat, { n, text: "heard again" });
    for (const entry of server.sessions) server.send(entry, Conform.Chat, { n, text: "indeed" });
    client.flush();
    server.flush();
  });
  lab.wait(500);
  return lab;
}

/** Probes for larger datagrams; the path carries no more than 1,380 bytes. */
export function datagramSize(seed: number): CaptureLab {
  const lab = new CaptureLab("datagram_size", seed, { delayMs: 10, mtuBytes: 1_380 });
  const server = lab.serve({ sessionLimits: { mtuProbing: true } });
  const client = lab.join({ sessionLimits: { mtuProbing: true } });
  lab.repeat(60, 50, (n) => {
    client.send(Conform.Chat, { n, text: "and so on" });
    for (const entry of server.sessions) server.send(entry, Conform.Chat, { n, text: SERVER_HOST });
    client.flush();
    server.flush();
  });
  return lab;
}
