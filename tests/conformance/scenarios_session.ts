/**
 * Scenarios of sessions: other addresses, other keys, silence, resumption, ends of every kind.
 *
 * @module
 */
import { CAPTURE_EPOCH_MS, CLIENT_HOST, SERVER_HOST } from "./capture.ts";
import { CaptureLab } from "./capture_lab.ts";
import { Conform } from "./capture_protocols.ts";

/** The client goes on from another port while a large message is on its way. */
export function migration(seed: number): CaptureLab {
  const lab = new CaptureLab("migration", seed, { delayMs: 15 });
  const server = lab.serve();
  const client = lab.join();
  client.send(Conform.Chunk, { n: 1, data: lab.content.bytes(20_000) });
  client.flush();
  lab.wait(40);
  client.rebind(CLIENT_HOST, 50_001);
  client.send(Conform.Chat, { n: 2, text: "from another port" });
  client.flush();
  lab.wait(200);
  for (const entry of server.sessions) server.send(entry, Conform.Chat, { n: 3, text: "found" });
  server.flush();
  lab.wait(100);
  client.rebind("2001:db8::7", 50_002);
  client.send(Conform.Chat, { n: 4, text: "from another family" });
  client.flush();
  lab.wait(1_000);
  return lab;
}

/** Two hours of hardly anything: keys are changed by age, twice, and the phase bit returns to 0. */
export function rekeyByAge(seed: number): CaptureLab {
  const lab = new CaptureLab("rekey_by_age", seed);
  const limits = { idleTimeoutMs: 90_000, keepaliveMs: 15_000 };
  const server = lab.serve({ sessionLimits: limits });
  const client = lab.join({ sessionLimits: limits });
  lab.repeat(13, 600_000, (n) => {
    client.send(Conform.Chat, { n, text: "still here" });
    for (const entry of server.sessions) server.send(entry, Conform.Gift, gift(n));
    client.flush();
    server.flush();
  });
  return lab;
}

/** Keys are changed every 16 packets on a line that loses, doubles and reorders. */
export function rekeyByCount(seed: number): CaptureLab {
  const lab = new CaptureLab("rekey_by_count", seed, {
    delayMs: 20,
    jitterMs: 15,
    loss: 0.1,
    duplicate: 0.05,
    reorder: 0.1,
  });
  const sessionLimits = { rekeyPackets: 16 };
  const server = lab.serve({ sessionLimits });
  const client = lab.join({ sessionLimits });
  lab.repeat(120, 20, (n) => {
    client.send(Conform.Chat, { n, text: "turn by turn" });
    for (const entry of server.sessions) server.send(entry, Conform.Gift, gift(n));
    client.flush();
    server.flush();
  });
  lab.wait(2_000);
  return lab;
}

/** The line is dead for longer than the timeout; nothing reliable is lost. */
export function resumption(seed: number): CaptureLab {
  const lab = new CaptureLab("resumption", seed);
  const limits = { idleTimeoutMs: 2_000, keepaliveMs: 500 };
  const server = lab.serve({ sessionLimits: limits });
  const client = lab.join({ sessionLimits: limits });
  for (const n of [1, 2, 3]) client.send(Conform.Chat, { n, text: "before" });
  client.flush();
  lab.wait(100);
  lab.network.blackout(SERVER_HOST, CLIENT_HOST, lab.nowMs, lab.nowMs + 4_000);
  client.send(Conform.Chat, { n: 4, text: "into the dark" });
  client.send(Conform.Chunk, { n: 5, data: lab.content.bytes(5_000) });
  for (const entry of server.sessions) server.send(entry, Conform.Gift, gift(1));
  client.flush();
  server.flush();
  lab.wait(8_000);
  client.send(Conform.Chat, { n: 6, text: "after" });
  for (const entry of server.sessions) server.send(entry, Conform.Gift, gift(2));
  client.flush();
  server.flush();
  lab.wait(1_000);
  return lab;
}

/** The server is killed and started again with the same key: RESET, then an authenticated refusal. */
export function reset(seed: number): CaptureLab {
  const lab = new CaptureLab("reset", seed);
  const server = lab.serve();
  const client = lab.join();
  client.send(Conform.Chat, { n: 1, text: "hello" });
  client.flush();
  lab.wait(100);
  server.kill();
  lab.wait(50);
  lab.serve({
    staticSecret: server.staticSecret,
    port: server.address.port,
    epochMs: CAPTURE_EPOCH_MS,
  });
  client.send(Conform.Chat, { n: 2, text: "are you there?" });
  client.flush();
  lab.wait(2_000);
  return lab;
}

/** Ends: at once, after everything reliable has arrived, by the server, by both at once. */
export function close(seed: number): CaptureLab {
  const lab = new CaptureLab("close", seed, { delayMs: 20, loss: 0.1 });
  const server = lab.serve();
  const first = lab.join();
  first.send(Conform.Chat, { n: 1, text: "bye" });
  first.endpoint.session!.close(0, "tschüß", lab.nowMs);
  first.service();
  lab.wait(1_500);

  const second = lab.join();
  second.send(Conform.Chunk, { n: 2, data: lab.content.bytes(12_000) });
  second.endpoint.session!.linger(1_234, "done", 5_000, lab.nowMs);
  second.service();
  lab.wait(4_000);

  lab.join();
  for (const entry of server.sessions) {
    server.endpoint.close(entry, 5, "thrown out", lab.nowMs);
  }
  server.service();
  lab.wait(1_500);

  const fourth = lab.join();
  for (const entry of server.sessions) server.endpoint.close(entry, 4, "", lab.nowMs);
  fourth.endpoint.session!.close(1_000, "x".repeat(200), lab.nowMs);
  fourth.service();
  server.service();
  lab.wait(1_500);
  return lab;
}

function gift(n: number): unknown {
  return { n, item: "potion", count: n, shape: { kind: "circle", radius: 1 } };
}
