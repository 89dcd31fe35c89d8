/**
 * Every limit of the protocol with its default. docs/protocol.md, "Limits", lists them with reasons.
 *
 * @module
 */
import { DEFAULT_PACING, type PacingOptions } from "./pacer.ts";
import { REKEY_INTERVAL_MS, REKEY_PACKETS } from "./packet_protection.ts";

/** Limits of one session. Either end chooses its own; what the peer must know travels in the handshake. */
export interface SessionLimits {
  /** Largest datagram that is sent, 576 to 1,452 bytes. */
  readonly datagramBytes: number;
  /** Messages that wait for the application. */
  readonly receiveQueueMessages: number;
  /** Bytes of them. */
  readonly receiveQueueBytes: number;
  /** Messages that one channel holds before `send` is blocked or drops the oldest. */
  readonly sendQueueMessages: number;
  /** Bytes of them. */
  readonly sendQueueBytes: number;
  /**
   * Incomplete messages of several parts. Never fewer than an honest sender may have under way: 16 and
   * one per `reliable-latest` channel.
   */
  readonly reassemblyContexts: number;
  /** Bytes of their parts. Never less than an honest sender may have under way. */
  readonly reassemblyBytes: number;
  /** Datagrams a second that the peer may send; a burst of one second's worth is let through. */
  readonly packetsPerSecond: number;
  /** Bytes a second that the peer may send. */
  readonly bytesPerSecond: number;
  /** Silence after which the peer is taken for gone. */
  readonly idleTimeoutMs: number;
  /** Silence after which a client sends a PING; grows to 15 s or a third of the timeout while nothing happens. */
  readonly keepaliveMs: number;
  /** Authentic packets with malformed frames before the session is closed. */
  readonly malformedPackets: number;
  /** How fast the session may send. */
  readonly pacing: PacingOptions;
  /** Whether datagrams larger than `datagramBytes` are tried. */
  readonly mtuProbing: boolean;
  /** Packets of each session that are remembered for people to look at; 0 for none. */
  readonly traceDatagrams: number;
  /** Packets sealed with one key at most; either end's limit changes the keys of both. */
  readonly rekeyPackets: number;
  /** Age of a key at most. */
  readonly rekeyIntervalMs: number;
}

/** The defaults. A 60 Hz game with 20 snapshots a second stays far below each of them. */
export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  datagramBytes: 1_200,
  receiveQueueMessages: 1_000,
  receiveQueueBytes: 1_048_576,
  sendQueueMessages: 4_096,
  sendQueueBytes: 1_048_576,
  reassemblyContexts: 64,
  reassemblyBytes: 1_048_576,
  packetsPerSecond: 500,
  bytesPerSecond: 256_000,
  idleTimeoutMs: 10_000,
  keepaliveMs: 1_000,
  malformedPackets: 8,
  pacing: DEFAULT_PACING,
  mtuProbing: false,
  traceDatagrams: 0,
  rekeyPackets: REKEY_PACKETS,
  rekeyIntervalMs: REKEY_INTERVAL_MS,
};

/** Limits of a server endpoint, over all its sessions. */
export interface EndpointLimits {
  /** Sessions at once; more are refused as FULL. */
  readonly sessions: number;
  /** Sessions at once from one address (IPv6: one /64). */
  readonly sessionsPerAddress: number;
  /** HELLOs a second from one address (IPv6: one /64). */
  readonly hellosPerSecondPerAddress: number;
  /** Handshakes that wait for their first DATA packet. */
  readonly halfOpen: number;
  /** How long they wait. Longer than a client tries, so that its repeats find the same answer. */
  readonly halfOpenTimeoutMs: number;
  /** Half-open handshakes up to which a HELLO is answered without a cookie. */
  readonly directHalfOpen: number;
  /** HELLOs a second up to which a HELLO is answered without a cookie. */
  readonly directHellosPerSecond: number;
  /** Calls of the authorize hook at once. */
  readonly pendingAuthorizations: number;
  /** How long the authorize hook may take. */
  readonly authorizeTimeoutMs: number;
  /** RESETs a second to one address. */
  readonly resetsPerSecondPerAddress: number;
  /** QUERY replies a second to one address. */
  readonly queriesPerSecondPerAddress: number;
  /** QUERY replies a second in all. */
  readonly queriesPerSecond: number;
  /** How long a session whose peer is gone can be resumed. */
  readonly resumeWindowMs: number;
}

/** The defaults. */
export const DEFAULT_ENDPOINT_LIMITS: EndpointLimits = {
  sessions: 4_096,
  sessionsPerAddress: 8,
  hellosPerSecondPerAddress: 20,
  halfOpen: 1_024,
  halfOpenTimeoutMs: 6_000,
  directHalfOpen: 64,
  directHellosPerSecond: 200,
  pendingAuthorizations: 256,
  authorizeTimeoutMs: 4_000,
  resetsPerSecondPerAddress: 10,
  queriesPerSecondPerAddress: 20,
  queriesPerSecond: 2_000,
  resumeWindowMs: 30_000,
};
