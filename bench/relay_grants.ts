/**
 * Grants for the relay bench: one relay, one server, and whatever limits are wished.
 *
 * @module
 */
import {
  HopFlag,
  type HopTicket,
  type RelayGrant,
  type RelayKey,
  sealHopTicket,
} from "../protocol/relay/hop_ticket.ts";
import { systemRandom } from "../transport/system_random.ts";

/** The relay's key. A bench has no secrets. */
export const BENCH_RELAY_KEY: RelayKey = {
  keyId: 1,
  aeadKey: new Uint8Array(32).fill(1),
  gateKey: new Uint8Array(16).fill(2),
};

/** The server's key. */
export const BENCH_SERVER_KEY: RelayKey = {
  keyId: 1,
  aeadKey: new Uint8Array(32).fill(3),
  gateKey: new Uint8Array(16).fill(4),
};

/** Limits of a session in both directions; 0 for none. */
export interface BenchCaps {
  /** Frames a second. */
  readonly pps: number;
  /** 1,000 bits of frames a second. */
  readonly kbps: number;
}

const HOST = "127.0.0.1";
const HOPS = 2;

/** A grant for a session through the relay at one port to the server at another. */
export function benchGrant(
  sessionId: bigint,
  { relayPort, serverPort, caps }: {
    readonly relayPort: number;
    readonly serverPort: number;
    readonly caps: BenchCaps;
  },
): RelayGrant {
  const notAfterS = Math.floor(Date.now() / 1_000) + 3_600;
  const [first, last] = [Number(sessionId) * 2, Number(sessionId) * 2 + 1];
  const [firstKey, middleKey, lastKey] = [randomBytes(16), randomBytes(16), randomBytes(16)];
  const common = {
    epoch: 1,
    sessionId,
    notAfterS,
    nextShard: 0,
    kbpsUp: caps.kbps,
    kbpsDown: caps.kbps,
    ppsUp: caps.pps,
    ppsDown: caps.pps,
    maxMiB: 0,
    sourceHash: 0n,
  };
  const relayTicket: HopTicket = {
    ...common,
    flags: HopFlag.first | HopFlag.rebindOk,
    hopIndex: 0,
    labelIn: first,
    labelOut: last,
    next: { hostname: HOST, port: serverPort },
    keyPrev: firstKey,
    keyNext: middleKey,
    ticketId: sessionId * 2n,
  };
  const serverTicket: HopTicket = {
    ...common,
    flags: HopFlag.last,
    hopIndex: 1,
    labelIn: last,
    labelOut: 0,
    next: undefined,
    keyPrev: middleKey,
    keyNext: lastKey,
    ticketId: sessionId * 2n + 1n,
  };
  const relaySeal = sealHopTicket(
    relayTicket,
    BENCH_RELAY_KEY,
    { shard: 0, hops: HOPS },
    randomBytes(12),
  );
  const serverSeal = sealHopTicket(
    serverTicket,
    BENCH_SERVER_KEY,
    { shard: 0, hops: HOPS },
    randomBytes(12),
  );
  const tickets = new Uint8Array([...relaySeal, ...serverSeal]);
  const address = { hostname: HOST, port: relayPort };
  return {
    sessionId,
    serverKey: new Uint8Array(32),
    primary: {
      epoch: 1,
      relays: [{ relayId: "bench", region: "bench", address, shard: 0 }],
      tickets,
      firstLabel: first,
      firstKey,
      lastLabel: last,
      lastKey,
      notAfterS,
    },
    standby: undefined,
    exposure: "never",
  };
}

function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  systemRandom(bytes);
  return bytes;
}
