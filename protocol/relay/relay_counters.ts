/**
 * What a relay counts: one named counter per reason of refusal, and frames and bytes per type.
 *
 * @module
 */
import type { RelayFrameType } from "./relay_frame.ts";

/** Everything that a relay refuses, by reason. */
export class RelayDropCounters {
  /** Datagrams shorter than a header, empty ones included. */
  tooShort = 0;
  /** Datagrams longer than a frame can be. */
  tooLong = 0;
  /** Datagrams whose first byte is none of 0xE0 to 0xEF. */
  notRelay = 0;
  /** Frames of another version. */
  badVersion = 0;
  /** Frames for another shard. */
  wrongShard = 0;
  /** Types that do not come in this direction, or that this relay does not serve. */
  unexpectedType = 0;
  /** Frames whose size their type does not have. */
  wrongSize = 0;
  /** Frames with a label of no session. */
  unknownLabel = 0;
  /** Frames of another epoch than their session's. */
  wrongEpoch = 0;
  /** Frames from an address that is pinned elsewhere. */
  wrongSource = 0;
  /** Sequence numbers seen before. */
  replayed = 0;
  /** Sequence numbers older than the window. */
  tooOld = 0;
  /** Frames whose tag does not match. */
  forged = 0;
  /** Frames of the next hop before its BOUND. */
  notBound = 0;
  /** Frames beyond the packet rate of their ticket. */
  overPps = 0;
  /** Frames beyond the bit rate of their ticket. */
  overKbps = 0;
  /** Frames beyond all bytes of their ticket; the session ends. */
  overQuota = 0;
  /** Frames to an anchor that is gone. */
  anchorGone = 0;
  /** Tickets of an unknown key, or with a wrong gate tag. */
  ticketGate = 0;
  /** Tickets that passed the gate and do not open. */
  ticketSealed = 0;
  /** Tickets that open and contradict themselves. */
  ticketContent = 0;
  /** Tickets after their time. */
  ticketExpired = 0;
  /** Tickets of sessions that were closed. */
  ticketEnded = 0;
  /** Tickets of sessions that were revoked. */
  ticketRevoked = 0;
  /** BINDs whose header contradicts their ticket. */
  bindMismatch = 0;
  /** BINDs beyond the rate of their prefix. */
  bindRateLimited = 0;
  /** BINDs without a valid cookie where one is due, answered by RETRY. */
  bindCookie = 0;
  /** BINDs of an inner hop from an address that its ticket does not name. */
  bindSource = 0;
  /** BINDs with an older bind id than the session has seen. */
  bindReplayed = 0;
  /** BINDs of an older epoch than the session has. */
  bindEpoch = 0;
  /** BINDs whose labels another session has. */
  labelTaken = 0;
  /** New BINDs while the relay drains. */
  bindDraining = 0;
  /** New BINDs shed under load. */
  bindShed = 0;
  /** New BINDs while all slots are taken. */
  slotsFull = 0;
  /** BINDs to an anchor that is not there. */
  anchorMissing = 0;
  /** BOUNDs that answer no BIND of the session. */
  boundUnexpected = 0;
  /** Sessions forgotten because no BOUND came. */
  bindTimeout = 0;
  /** Renewals that do not open, or are for another session. */
  renewalRefused = 0;
  /** Path responses that match no challenge. */
  pathMismatch = 0;
  /** New addresses of a session that changed its address too often. */
  rebindLimited = 0;
  /** NO_SESSIONs of the next hop that echo nothing that was sent. */
  noSessionForged = 0;
  /** NO_SESSIONs not sent because of their rate. */
  noSessionLimited = 0;
  /** Beacon pings without a valid token. */
  beaconForged = 0;
  /** Beacon pings whose token is expired. */
  beaconExpired = 0;
  /** Beacon pings beyond a rate. */
  beaconRateLimited = 0;
  /** Frames of our own dropped because too many wait to leave. */
  outboundFull = 0;
}

/** Frames and bytes by type, as plain typed arrays of 16 entries; bytes are UDP payload bytes. */
export class RelayTotals {
  /** Frames received, refused ones included. */
  readonly framesIn: Float64Array = new Float64Array(16);
  /** Their bytes. */
  readonly bytesIn: Float64Array = new Float64Array(16);
  /** Frames sent. */
  readonly framesOut: Float64Array = new Float64Array(16);
  /** Their bytes. */
  readonly bytesOut: Float64Array = new Float64Array(16);
  /** Sessions that became active. */
  sessionsBound = 0;
  /** Sessions that ended, for any reason. */
  sessionsEnded = 0;
  /** Times that a session's address changed. */
  rebinds = 0;
  /** Standby sessions shed under load. */
  standbyShed = 0;

  /** Notes a frame received. */
  onReceived(type: RelayFrameType, sizeBytes: number): void {
    this.framesIn[type]!++;
    this.bytesIn[type]! += sizeBytes;
  }

  /** Notes a frame sent. */
  onSent(type: RelayFrameType, sizeBytes: number): void {
    this.framesOut[type]!++;
    this.bytesOut[type]! += sizeBytes;
  }
}
