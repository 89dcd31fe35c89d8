/**
 * Network addresses as the protocol sees them: where a datagram came from and where one goes.
 *
 * @module
 */

/** An IP address literal and a port. `hostname` may be in IPv4-mapped form as the socket reported it. */
export interface Address {
  /** IPv4 or IPv6 literal, without brackets. */
  readonly hostname: string;
  /** 1 to 65,535. */
  readonly port: number;
}
