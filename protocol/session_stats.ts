/**
 * How a session is, as plain numbers for games, dashboards and logs.
 *
 * @module
 */
import type { Session } from "./session.ts";

/** Statistics of one session; bytes are UDP payload bytes since it began. */
export interface SessionStats {
  /** Smoothed round-trip time. */
  readonly rttMs: number;
  /** Smallest round-trip time of the last 10 to 20 s. */
  readonly rttMinMs: number;
  /** Difference between neighbouring round trips, smoothed. */
  readonly jitterMs: number;
  /** Time that packets spend in queues on the way. */
  readonly queueingMs: number;
  /**
   * Share of our packets that were lost, 0 to 1, of all since the session began; of those that the peer
   * must acknowledge, since of the others nobody knows.
   */
  readonly lossOut: number;
  /**
   * Share of the peer's packets that did not arrive, 0 to 1, of all since the session began: gaps in
   * their numbers. A packet that is merely late counts until it comes.
   */
  readonly lossIn: number;
  /** Packets sent, acknowledgements alone included. */
  readonly packetsSent: number;
  /** Packets that arrived and were applied. */
  readonly packetsReceived: number;
  /** Packets sent that were lost. */
  readonly packetsLost: number;
  /** Packets that arrived and were refused: repeats, forgeries, what is beyond a limit. */
  readonly packetsRefused: number;
  /** Bytes of the packets sent. */
  readonly bytesSent: number;
  /** Bytes of the packets that arrived and were applied. */
  readonly bytesReceived: number;
  /** Messages that `send` queued. */
  readonly messagesSent: number;
  /** Messages that came, those that the schema refused included. */
  readonly messagesReceived: number;
  /** Parts of messages that were sent again. */
  readonly partsResent: number;
  /** Unreliable messages that waited too long or were superseded. */
  readonly messagesExpired: number;
  /** Bytes per second that may be sent now. */
  readonly sendRateBytesPerSecond: number;
  /** Packets not acknowledged yet. */
  readonly packetsInFlight: number;
  /** Largest datagram. */
  readonly datagramBytes: number;
  /** Times that the address changed. */
  readonly pathChanges: number;
  /** Times that the session was resumed. */
  readonly resumptions: number;
}

/** Reads the statistics of a session. */
export function sessionStats(session: Session): SessionStats {
  const { counters, rtt, channels, connection } = session;
  const settled = counters.packetsTracked - (connection?.recovery.sent.inFlight ?? 0);
  const lost = Math.max(0, counters.packetsLost - counters.spuriousLosses);
  const missing = counters.packetsMissing;
  const expected = counters.packetsReceived + missing;
  return {
    rttMs: rtt.smoothedMs,
    rttMinMs: rtt.minimumMs,
    jitterMs: rtt.jitterMs,
    queueingMs: rtt.queueingMs,
    lossOut: settled > 0 ? lost / settled : 0,
    lossIn: expected > 0 ? missing / expected : 0,
    packetsSent: counters.packetsSent,
    packetsReceived: counters.packetsReceived,
    packetsLost: lost,
    packetsRefused: counters.packetsRefused,
    bytesSent: counters.bytesSent,
    bytesReceived: counters.bytesReceived,
    messagesSent: counters.messagesSent,
    messagesReceived: counters.messagesReceived,
    partsResent: channels.context.partsResent,
    messagesExpired: channels.context.messagesExpired,
    sendRateBytesPerSecond: session.sendRateBytesPerSecond,
    packetsInFlight: connection?.recovery.sent.inFlight ?? 0,
    datagramBytes: connection?.mtu.currentBytes ?? 0,
    pathChanges: counters.pathChanges,
    resumptions: counters.resumptions,
  };
}
