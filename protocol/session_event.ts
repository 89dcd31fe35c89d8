/**
 * What a session tells its driver beside messages.
 *
 * @module
 */
import type { Address } from "./address.ts";
import type { DeliveryCallback, DeliveryResult } from "./message_pool.ts";

/** Events of one session, in the order in which they happened. */
export type SessionEvent =
  /** Both ends can talk. The first event of every session. */
  | { readonly kind: "connected" }
  /** The peer fell silent or forgot us; the session may come back. */
  | { readonly kind: "detached"; readonly code: number }
  /** The session came back; nothing reliable was lost. */
  | { readonly kind: "resumed" }
  /** The last event of every session. */
  | {
    readonly kind: "closed";
    readonly code: number;
    readonly reason: string;
    readonly isByPeer: boolean;
  }
  /** The peer's address is another one now, and proven. */
  | { readonly kind: "pathChanged"; readonly address: Address }
  /** What became of a tracked message. */
  | {
    readonly kind: "delivery";
    readonly callback: DeliveryCallback;
    readonly result: DeliveryResult;
  }
  /** A channel that blocked takes messages again. */
  | { readonly kind: "drained"; readonly channel: number };
