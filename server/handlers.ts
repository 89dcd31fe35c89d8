/**
 * What a game does on events and messages, and what happens when it throws.
 *
 * @module
 */
import type { BoundMessage } from "../schema/mod.ts";
import type { Peer } from "./peer.ts";

/** How a peer's time with us ended. */
export interface DisconnectInfo {
  /** `CloseCode`, or 1,000 and more for the game's own. */
  readonly code: number;
  /** Reason as given by whoever ended it. */
  readonly reason: string;
  /** Whether the peer ended it. */
  readonly isByPeer: boolean;
}

/** Lifecycle events of a server and what they come with. */
export interface ServerEvents<Data> {
  /** A peer is there. The first event of every peer. */
  connected: (peer: Peer<Data>) => void;
  /** A peer fell silent; it may come back. */
  suspended: (peer: Peer<Data>) => void;
  /** A suspended peer came back; nothing reliable was lost. */
  resumed: (peer: Peer<Data>) => void;
  /** A peer is gone for good. The last event of every peer. */
  disconnected: (peer: Peer<Data>, info: DisconnectInfo) => void;
  /** A channel that blocked takes messages again. */
  drained: (peer: Peer<Data>) => void;
  /** A handler threw. Without a listener the error is logged. */
  error: (error: unknown, where: string) => void;
  /** The server begins to stop: the last chance to send. */
  stopping: () => void;
}

type Handler<Data> = (peer: Peer<Data>, value: unknown) => void;

/** The handlers of one server. */
export class HandlerTable<Data> {
  /** Handlers that threw. */
  errors = 0;
  /** Messages that no handler wanted. */
  unhandled = 0;
  readonly #messages: Handler<Data>[][] = [];
  readonly #events: { readonly [E in keyof ServerEvents<Data>]: ServerEvents<Data>[E][] } = {
    connected: [],
    suspended: [],
    resumed: [],
    disconnected: [],
    drained: [],
    error: [],
    stopping: [],
  };
  readonly #onUnhandledError: (error: unknown, where: string) => void;

  /** @param onUnhandledError Told of errors for which nobody listens. */
  constructor(onUnhandledError: (error: unknown, where: string) => void) {
    this.#onUnhandledError = onUnhandledError;
  }

  /** Adds a handler of an event. Returns what removes it. */
  addEvent<E extends keyof ServerEvents<Data>>(
    event: E,
    handler: ServerEvents<Data>[E],
  ): () => void {
    const handlers = this.#events[event];
    if (handlers === undefined) {
      const known = Object.keys(this.#events).map((name) => `"${name}"`).join(", ");
      throw new TypeError(`Cannot listen to "${event}": events are ${known}`);
    }
    return add(handlers, handler);
  }

  /** Adds a handler of a message. Returns what removes it. */
  addMessage(message: BoundMessage, handler: Handler<Data>): () => void {
    return add(this.#messages[message.index] ??= [], handler);
  }

  /** Calls the handlers of an event; what they throw is contained. */
  emit<E extends keyof ServerEvents<Data>>(
    event: E,
    ...args: Parameters<ServerEvents<Data>[E]>
  ): void {
    // The tuple of arguments belongs to the event by its type; TypeScript cannot see it through the union.
    const handlers = this.#events[event] as ((...args: unknown[]) => void)[];
    for (const handler of handlers) {
      try {
        handler(...args);
      } catch (error) {
        this.fail(error, event);
      }
    }
  }

  /** Calls the handlers of a message; what they throw is contained. */
  dispatch(message: BoundMessage, peer: Peer<Data>, value: unknown): void {
    const handlers = this.#messages[message.index];
    if (handlers === undefined || handlers.length === 0) {
      this.unhandled++;
      return;
    }
    for (let i = 0; i < handlers.length; i++) {
      try {
        handlers[i]!(peer, value);
      } catch (error) {
        this.fail(error, message.name);
      }
    }
  }

  /** Counts an error of the game and tells whoever listens. */
  fail(error: unknown, where: string): void {
    this.errors++;
    const listeners = this.#events.error;
    if (listeners.length === 0) this.#onUnhandledError(error, where);
    for (const listener of listeners) {
      try {
        listener(error, where);
      } catch (second) {
        this.#onUnhandledError(second, "error");
      }
    }
  }
}

function add<H>(handlers: H[], handler: H): () => void {
  handlers.push(handler);
  return () => {
    const index = handlers.indexOf(handler);
    if (index !== -1) handlers.splice(index, 1);
  };
}
