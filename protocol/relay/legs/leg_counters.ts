/**
 * One named counter per reason for which a leg refuses a frame, and what legs did.
 *
 * @module
 */

/** What both kinds of leg refuse. */
export class LegDropCounters {
  /** Shorter than a header, longer than a frame, or of a size that its type cannot have. */
  size = 0;
  /** Frames of another version. */
  version = 0;
  /** Types that no leg takes. */
  type = 0;
  /** Labels of no route. */
  noLabel = 0;
  /** Frames from an address that the route does not have, or that is no relay of ours. */
  source = 0;
  /** Tags that do not match. */
  tag = 0;
  /** Sequence numbers seen before. */
  replay = 0;
  /** Sequence numbers older than the window. */
  window = 0;
  /** BOUND, RETRY, RENEWED, PONG or PATH_RESPONSE that nothing asked for, or stale. */
  unasked = 0;
  /** SIGNALs that do not open, or answer nothing. */
  signal = 0;
  /** Hints that a route is gone which echo nothing of ours. */
  noSession = 0;
}

/** What a client leg refused and did. */
export class ClientLegCounters extends LegDropCounters {
  /** BINDs that left. */
  binds = 0;
  /** BINDs that left again because a RETRY asked for a cookie. */
  retries = 0;
  /** BOUNDs taken. */
  bounds = 0;
  /** Times that a route was bound again after a relay had lost it. */
  rebinds = 0;
  /** PATH_CHALLENGEs answered: a relay saw us at a new address. */
  challenges = 0;
  /** Times that a route was doubted. */
  doubts = 0;
  /** Doubts that the route itself dispelled. */
  falseDoubts = 0;
  /** Switches to another route because the one before was doubted. */
  failovers = 0;
  /** Switches to a better route. */
  promotions = 0;
  /** Packets that left on two routes. */
  duplicated = 0;
  /** Packets lost because no route was there. */
  unrouted = 0;
  /** Times that a direct path was proven. */
  directPaths = 0;
  /** Tries to find one. */
  punches = 0;
  /** RENEWs that were answered. */
  renewals = 0;
}

/** What a server leg refused and did. */
export class ServerLegCounters extends LegDropCounters {
  /** Tickets whose gate tag does not match. */
  gate = 0;
  /** Tickets that do not decrypt. */
  sealed = 0;
  /** Tickets that decrypt to nonsense, or are not for the last hop. */
  content = 0;
  /** Tickets that have expired. */
  expired = 0;
  /** BINDs older than the one that made the route. */
  staleBind = 0;
  /** BINDs while the table of sessions is full. */
  sessionsFull = 0;
  /** Frames of a path without relays, of a session whose director forbids it. */
  directForbidden = 0;
  /** Session datagrams that came without relays, while only relays may reach the server. */
  directDatagram = 0;
  /** Datagrams that claim to come from a virtual address. */
  spoofedVirtual = 0;
  /** RENEWs that do not open, or are for another route. */
  renewalRefused = 0;
  /** BINDs answered. */
  bounds = 0;
  /** Sessions made. */
  sessions = 0;
  /** Sessions that ended because nothing came any more. */
  sessionsExpired = 0;
  /** Sessions that a CLOSE ended. */
  sessionsClosed = 0;
  /** Times that answers went on over another route. */
  routeSwitches = 0;
  /** Packets that left on two routes. */
  duplicated = 0;
  /** Packets lost because the session has no route. */
  unrouted = 0;
  /** Packets that were too long for a route. */
  tooLong = 0;
  /** Direct paths proven. */
  directPaths = 0;
  /** RENEWs taken. */
  renewals = 0;
}
