/**
 * Handlers of messages and events, and what happens when one of them fails.
 *
 * Server and client share it. A handler that throws, or returns a promise that rejects, is counted and
 * told to `"error"` handlers: what one message makes go wrong stops neither the other handlers nor the
 * run loop. Knows nothing of peers and sessions.
 *
 * @module
 */
import type { BoundMessage, ProtocolCore } from "../schema/mod.ts";

/** Told of a failure: what was thrown, and the message or event whose handler it was. */
export type ErrorHandler = (error: unknown, where: string) => void;

/** Events by name, one of which is `error`. */
export interface EventMap {
  /** A handler failed. */
  error: ErrorHandler;
}

/** Any handler; the typed methods of server and client tie arguments to messages and events. */
type Handler = (...args: never[]) => unknown;

/**
 * Checks that one end may listen to a message.
 *
 * @param self Whose handler it would be.
 * @throws TypeError for a message of another protocol, or one that only this end sends.
 */
export function assertReceivable(
  protocol: ProtocolCore,
  message: BoundMessage,
  self: "client" | "server",
): void {
  const { index, name, from } = message;
  if (protocol.messages[index] !== message) {
    throw new TypeError(`Cannot listen to "${name}": it belongs to another protocol`);
  }
  if (from === self) throw new TypeError(`Cannot listen to "${name}": only a ${self} sends it`);
}

/** What is called: messages come with one or two arguments, events with up to two. */
type Callback = (first: unknown, second: unknown) => unknown;

/** The handlers of one server or client. Lists are replaced, never changed: a handler may remove itself. */
export class HandlerTable<Events extends EventMap> {
  /** Handlers that threw or rejected. */
  errors = 0;
  /** Messages that no handler wanted. */
  unhandled = 0;
  readonly #messages: (readonly Callback[] | undefined)[] = [];
  readonly #events = new Map<PropertyKey, readonly Callback[]>();
  readonly #onUnhandledError: ErrorHandler;

  /**
   * @param events The names of all events.
   * @param onUnhandledError Told of failures for which there is no `"error"` handler, and of its own.
   */
  constructor(events: readonly (keyof Events)[], onUnhandledError: ErrorHandler) {
    for (const event of events) this.#events.set(event, []);
    this.#onUnhandledError = onUnhandledError;
  }

  /**
   * Adds a handler of an event. Returns what removes it.
   *
   * @throws TypeError for an event that there is not, or a handler that is no function.
   */
  addEvent(event: PropertyKey, handler: Handler): () => void {
    if (!this.#events.has(event)) {
      const known = Array.from(this.#events.keys(), (name) => `"${String(name)}"`).join(", ");
      throw new TypeError(`Cannot listen to "${String(event)}": events are ${known}`);
    }
    const callback = asCallback(handler, String(event));
    this.#events.set(event, [...this.#events.get(event)!, callback]);
    return once(() => this.#events.set(event, without(this.#events.get(event)!, callback)));
  }

  /**
   * Adds a handler of a message. Returns what removes it.
   *
   * @throws TypeError for a handler that is no function.
   */
  addMessage(message: BoundMessage, handler: Handler): () => void {
    const { index, name } = message;
    const callback = asCallback(handler, name);
    this.#messages[index] = [...this.#messages[index] ?? [], callback];
    return once(() => {
      this.#messages[index] = without(this.#messages[index]!, callback);
    });
  }

  /** Calls the handlers of an event. */
  emit<E extends keyof Events>(event: E, ...args: EventArguments<Events[E]>): void {
    const [first, second] = args as readonly unknown[];
    for (const callback of this.#events.get(event)!) {
      this.run(callback, first, second, String(event));
    }
  }

  /** Whether anybody listens to a message. */
  handles(message: BoundMessage): boolean {
    const callbacks = this.#messages[message.index];
    return callbacks !== undefined && callbacks.length > 0;
  }

  /** Calls the handlers of a message. */
  dispatch(message: BoundMessage, first: unknown, second?: unknown): void {
    const callbacks = this.#messages[message.index];
    if (callbacks === undefined || callbacks.length === 0) {
      this.unhandled++;
      return;
    }
    for (let i = 0; i < callbacks.length; i++) {
      this.run(callbacks[i]!, first, second, message.name);
    }
  }

  /** Calls any function of the game; what it throws, or its promise rejects with, is contained. */
  run(callback: Callback, first: unknown, second: unknown, where: string): void {
    try {
      const result = callback(first, second);
      if (isThenable(result)) {
        result.then(undefined, (error) => this.fail(error, where));
      }
    } catch (error) {
      this.fail(error, where);
    }
  }

  /** Counts a failure and tells whoever listens. */
  fail(error: unknown, where: string): void {
    this.errors++;
    const listeners = this.#events.get("error")!;
    if (listeners.length === 0) this.#onUnhandledError(error, where);
    for (const listener of listeners) {
      try {
        const result = listener(error, where);
        if (isThenable(result)) {
          result.then(undefined, (second) => this.#onUnhandledError(second, "error"));
        }
      } catch (second) {
        this.#onUnhandledError(second, "error");
      }
    }
  }
}

/** What the handlers of an event are called with. */
export type EventArguments<H> = H extends (...args: infer Args) => void ? Args : never;

interface Thenable {
  then(onFulfilled: undefined, onRejected: (error: unknown) => void): unknown;
}

function isThenable(value: unknown): value is Thenable {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}

/** The boundary: from here on it is the caller that passes what the handler's type asks for. */
function asCallback(handler: Handler, where: string): Callback {
  if (typeof handler !== "function") {
    throw new TypeError(`Cannot listen to "${where}": the handler is not a function`);
  }
  return handler as Callback;
}

function without(callbacks: readonly Callback[], callback: Callback): readonly Callback[] {
  const index = callbacks.indexOf(callback);
  return callbacks.toSpliced(index, 1);
}

/** The same function may be added twice; removing it twice must not remove the other one. */
function once(remove: () => void): () => void {
  let isRemoved = false;
  return () => {
    if (isRemoved) return;
    isRemoved = true;
    remove();
  };
}
