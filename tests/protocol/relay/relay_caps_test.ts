import assert from "node:assert/strict";
import { RELAY_HEADER_BYTES, RelayFrameType } from "../../../protocol/relay/relay_frame.ts";
import { CapVerdict, RelayDirection, SessionCaps } from "../../../protocol/relay/session_caps.ts";
import { RelayLab } from "./relay_lab.ts";

/** Sends through a relay at so many frames a second; what passed in the seconds after the burst. */
function passed(
  rates: { pps?: number; kbps?: number },
  isUp: boolean,
  framesPerSecond: number,
  payload: number,
): { frames: number; bytes: number } {
  const lab = RelayLab.bound({
    change: (ticket) => {
      ticket.ppsUp = ticket.ppsDown = rates.pps ?? 0;
      ticket.kbpsUp = ticket.kbpsDown = rates.kbps ?? 0;
    },
  });
  const end = isUp ? lab.client : lab.server;
  const taken = isUp ? lab.server : lab.client;
  const run = (seconds: number): void => {
    for (let i = 0; i < framesPerSecond * seconds; i++) {
      const frame = end.frame(RelayFrameType.data, payload);
      if (isUp) lab.fromClient(frame);
      else lab.fromServer(frame);
      lab.nowMs += 1_000 / framesPerSecond;
    }
  };
  run(10);
  taken.received.length = 0;
  run(20);
  const frames = taken.of(RelayFrameType.data);
  return {
    frames: frames.length,
    bytes: frames.length * (payload + RELAY_HEADER_BYTES),
  };
}

for (const isUp of [true, false]) {
  const direction = isUp ? "up" : "down";

  Deno.test(`the packet rate ${direction} is exact within 2 % when twice as much is sent`, () => {
    const { frames } = passed({ pps: 128 }, isUp, 256, 40);
    assert.ok(Math.abs(frames / (128 * 20) - 1) <= 0.02, `${frames} frames in 20 s`);
  });

  Deno.test(`the bit rate ${direction} is exact within 2 % when twice as much is sent`, () => {
    const { bytes } = passed({ kbps: 256 }, isUp, 250, 236);
    assert.ok(Math.abs(bytes * 8 / (256_000 * 20) - 1) <= 0.02, `${bytes} bytes in 20 s`);
  });

  Deno.test(`what keeps to its rates ${direction} passes whole`, () => {
    assert.equal(passed({ pps: 128, kbps: 256 }, isUp, 125, 230).frames, 2_500);
  });
}

Deno.test("0 is no limit", () => {
  assert.equal(passed({}, true, 1_000, 1_000).frames, 20_000);
});

Deno.test("a burst of two seconds passes, and not one frame more", () => {
  const caps = new SessionCaps(2, 2);
  caps.set(1, RelayDirection.up, 10, 0, 0);
  caps.set(1, RelayDirection.down, 0, 80, 0);
  const take = (direction: RelayDirection, bytes: number): CapVerdict =>
    caps.take(1, direction, bytes, 0);
  for (let i = 0; i < 20; i++) assert.equal(take(RelayDirection.up, 1_232), CapVerdict.pass);
  assert.equal(take(RelayDirection.up, 20), CapVerdict.overPps);
  for (let i = 0; i < 20; i++) assert.equal(take(RelayDirection.down, 1_000), CapVerdict.pass);
  assert.equal(take(RelayDirection.down, 1), CapVerdict.overKbps);
  assert.equal(caps.take(1, RelayDirection.up, 20, 99.9), CapVerdict.overPps);
  assert.equal(caps.take(1, RelayDirection.up, 20, 100.1), CapVerdict.pass);
});

Deno.test("a frame that one bucket refuses takes nothing from the other", () => {
  const caps = new SessionCaps(1, 1);
  caps.set(0, RelayDirection.up, 2, 10, 0);
  for (let i = 0; i < 10; i++) {
    assert.equal(caps.take(0, RelayDirection.up, 1_251, 0), CapVerdict.overKbps);
  }
  assert.equal(caps.take(0, RelayDirection.up, 600, 0), CapVerdict.pass);
  assert.equal(caps.take(0, RelayDirection.up, 600, 0), CapVerdict.pass);
  assert.equal(caps.take(0, RelayDirection.up, 1, 0), CapVerdict.overPps);
});

Deno.test("a clock that is set back fills no bucket and breaks none", () => {
  const caps = new SessionCaps(1, 2);
  caps.set(0, RelayDirection.up, 1, 0, 10_000);
  for (let i = 0; i < 2; i++) caps.take(0, RelayDirection.up, 20, 10_000);
  assert.equal(caps.take(0, RelayDirection.up, 20, 0), CapVerdict.overPps);
  assert.equal(caps.take(0, RelayDirection.up, 20, 1_000), CapVerdict.pass);
});

Deno.test("the slowest session can send the largest frame", () => {
  const caps = new SessionCaps(1, 0.25);
  caps.set(0, RelayDirection.up, 1, 1, 0);
  assert.equal(caps.take(0, RelayDirection.up, 1_232, 0), CapVerdict.pass);
});
