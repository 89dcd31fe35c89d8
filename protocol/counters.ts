/**
 * One named counter per reason for which something off the wire is refused.
 *
 * Plain numbers on plain objects: reading them costs nothing, metrics and tests read them by name.
 *
 * @module
 */

/** Everything that an endpoint refuses, by reason. */
export class DropCounters {
  /** Datagrams without a byte. */
  emptyDatagram = 0;
  /** First bytes that mean nothing, or a family that this endpoint does not serve. */
  unknownType = 0;
  /** DATA packets shorter than any can be. */
  dataTooShort = 0;
  /** DATA packets with the reserved bit set, or without the connection id where one is due. */
  dataBadHeader = 0;
  /** DATA packets of no known connection, or of a session that waits to be resumed. */
  unknownConnection = 0;
  /** Packet numbers seen before. */
  replayed = 0;
  /** Packet numbers older than the replay window. */
  tooOld = 0;
  /** Packets whose tag does not match. */
  forged = 0;
  /** Packets beyond the peer's rate. */
  rateLimited = 0;
  /** Authentic packets with malformed frames. */
  malformedFrames = 0;
  /** Authentic packets that acknowledge what was never sent. */
  badAck = 0;
  /** Authentic packets that break a channel's window, credit or part sizes. */
  channelViolation = 0;
  /** Packets refused whole because the application is behind with a reliable channel. */
  receiveQueueFull = 0;
  /** Unreliable messages dropped because the application is behind with the messages before. */
  receiveQueueDropped = 0;
  /** Packets refused whole because the budget for incomplete messages is used up. */
  reassemblyFull = 0;
  /** HELLOs of another size than 1,200 bytes, or with impossible lengths. */
  helloMalformed = 0;
  /** HELLOs of another wire version, answered by VERSION. */
  helloVersion = 0;
  /** HELLOs without a valid cookie while one is due, answered by RETRY. */
  helloCookie = 0;
  /** HELLOs, QUERYs and DATA packets without a session from a blocked address; none gets an answer. */
  helloBlocked = 0;
  /** HELLOs beyond the rate of their address. */
  helloRateLimited = 0;
  /** HELLOs while the table of half-open handshakes is full. */
  helloHalfOpenFull = 0;
  /** HELLOs that do not decrypt under our key, or whose payload is malformed. */
  helloUndecipherable = 0;
  /** HELLOs and QUERYs while the server is closed, and HELLOs while it drains. */
  helloWhileClosed = 0;
  /** Half-open handshakes that were never confirmed. */
  handshakeExpired = 0;
  /** Tickets that do not open, are expired or are used. */
  ticketRefused = 0;
  /** Resume tickets that do not open or whose session is gone. */
  resumeRefused = 0;
  /** QUERYs of the wrong size or form. */
  queryMalformed = 0;
  /** QUERYs beyond a rate. */
  queryRateLimited = 0;
  /** RESETs not sent because of their rate. */
  resetRateLimited = 0;
  /** Client: RESETs whose token is not the session's. */
  resetForged = 0;
  /** Client: RETRY, ACCEPT, VERSION or QUERY_REPLY that nothing asked for, or malformed. */
  unexpectedReply = 0;
  /** Client: ACCEPTs that do not decrypt. */
  acceptForged = 0;
  /** Path challenges and responses that match no challenge. */
  pathMismatch = 0;
  /** Messages whose bytes the schema refuses. */
  messageRefused = 0;
  /** Messages that this end does not take. */
  messageWrongDirection = 0;
  /** Messages beyond the rate that their type declares. */
  messageRateLimited = 0;
}

/** What a session did since it began. Bytes are UDP payload bytes. */
export class SessionCounters {
  /** Packets sent, acknowledgements alone included. */
  packetsSent = 0;
  /** Those of them that the peer must acknowledge: of the others nobody knows whether they arrived. */
  packetsTracked = 0;
  /** Bytes of the packets sent. */
  bytesSent = 0;
  /** Packets that arrived and were applied. */
  packetsReceived = 0;
  /** Bytes of the packets that arrived and were applied. */
  bytesReceived = 0;
  /** Messages taken by `send`. */
  messagesSent = 0;
  /** Messages handed to the application. */
  messagesReceived = 0;
  /** Packets of ours declared lost. */
  packetsLost = 0;
  /** Packets that were acknowledged after all. */
  spuriousLosses = 0;
  /** Probe timeouts. */
  probeTimeouts = 0;
  /** Packet numbers of the peer that were skipped and have not come since: lost on the way, or late. */
  packetsMissing = 0;
  /** Packets of the peer refused, for any of the reasons of {@link DropCounters}. */
  packetsRefused = 0;
  /** Times that the peer's address changed. */
  pathChanges = 0;
  /** Times that the session was resumed. */
  resumptions = 0;
}

/** Adds what one session did to a sum. */
export function addCounters(sum: SessionCounters, counters: SessionCounters): void {
  for (const key of Object.keys(sum) as (keyof SessionCounters)[]) sum[key] += counters[key];
}
