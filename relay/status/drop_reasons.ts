/**
 * Why a relay drops frames, in words for whoever looks at its status page.
 *
 * @module
 */
import type { RelayDropCounters } from "../../protocol/relay/relay_counters.ts";

/** One sentence per reason. */
const EXPLANATIONS: Readonly<Record<keyof RelayDropCounters, string>> = {
  tooShort: "shorter than a frame can be",
  tooLong: "longer than a frame can be",
  notRelay: "no relay frame at all: strays and scanners",
  badVersion: "of another version of the protocol",
  wrongShard: "for another shard of this relay",
  unexpectedType: "of a type that does not come this way",
  wrongSize: "of a size that its type does not have",
  unknownLabel: "of no session that this relay has",
  wrongEpoch: "of a route that was replaced",
  wrongSource: "from elsewhere than the ticket allows",
  replayed: "seen before: duplicated on the way, or replayed",
  tooOld: "much later than others of its session",
  forged: "with a tag that is not its session's",
  notBound: "before the session was complete",
  overPps: "above the packet rate of the ticket",
  overKbps: "above the bit rate of the ticket",
  overQuota: "above all bytes of the ticket; the session ended",
  anchorGone: "to a server that has left",
  ticketGate: "ticket for another relay, or forged",
  ticketSealed: "ticket that does not open",
  ticketContent: "ticket that contradicts itself",
  ticketExpired: "ticket after its time",
  ticketEnded: "ticket of a session that has ended",
  ticketRevoked: "ticket of a session that was revoked",
  bindMismatch: "bind that contradicts its ticket",
  bindRateLimited: "too many binds from one network",
  bindCookie: "bind that first has to prove its address",
  bindSource: "bind from a relay that the ticket does not name",
  bindReplayed: "bind that came before",
  bindEpoch: "bind for a route that was replaced",
  labelTaken: "bind with labels of another session",
  bindDraining: "new session while the relay drains",
  bindShed: "new session refused under load",
  slotsFull: "new session while all places are taken",
  anchorMissing: "for a server that is not here",
  boundUnexpected: "answer to no bind",
  bindTimeout: "bind that the server never answered",
  renewalRefused: "renewal that does not open",
  pathMismatch: "answer to no challenge of an address",
  rebindLimited: "address that changes too often",
  noSessionForged: "notice that echoes nothing of ours",
  noSessionLimited: "notice of our own not sent, because of its rate",
  beaconForged: "ping without a valid token",
  beaconExpired: "ping with a token after its time",
  beaconRateLimited: "too many pings",
  outboundFull: "own frame, because too many wait to leave",
};

/** A reason in words; the name itself for one that is not known here. */
export function explainDrop(reason: string): string {
  // Reasons of other parts of a relay may be among them: the index signature says so.
  const explanations: Readonly<Record<string, string>> = EXPLANATIONS;
  return Object.hasOwn(explanations, reason) ? explanations[reason]! : reason;
}
