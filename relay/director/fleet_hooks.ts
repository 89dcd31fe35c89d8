/**
 * What a director tells whoever starts and stops game servers.
 *
 * @module
 */

/** Told of demand. Both are called once per request, and must not throw. */
export interface FleetHooks {
  /** Seats of a server were given away: it must not be stopped now. */
  readonly allocated?: (
    allocation: { readonly serverId: string; readonly players: number },
  ) => void;
  /** Nobody had seats: start another server. */
  readonly starved?: (
    demand: {
      readonly protocolId: string;
      readonly regions: readonly string[];
      readonly players: number;
    },
  ) => void;
}
