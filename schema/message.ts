/**
 * Messages: values that one end sends and the other handles.
 *
 * @module
 */
import { structNode } from "./builders/composite.ts";
import type { Fields, InferFields } from "./infer.ts";
import { checkInteger } from "./limits.ts";
import type { StructNode } from "./node.ts";
import { NEWEST_VERSION } from "./version.ts";

/** Who sends a message. */
export type Direction = "client" | "server" | "both";

/**
 * What the network promises about a message.
 *
 * - `unreliable`: at most once, in any order;
 * - `sequenced`: at most once, and never one older than the last;
 * - `reliable-unordered`: exactly once, in any order;
 * - `reliable-ordered`: exactly once, in the order sent;
 * - `reliable-latest`: the newest for certain, older ones may be skipped;
 * - `input`: repeated in each packet until acknowledged, handled once and in order, or skipped when too late.
 */
export type Delivery = typeof DELIVERIES[number];

/** Every {@link Delivery}. */
export const DELIVERIES = [
  "unreliable",
  "sequenced",
  "reliable-unordered",
  "reliable-ordered",
  "reliable-latest",
  "input",
] as const;

/** How often a peer may send a message; more is refused and counted. A token bucket. */
export interface RateLimit {
  /** Messages per second in the long run, above 0. */
  readonly perSecond: number;
  /** Messages at once after a pause, at least 1. */
  readonly burst: number;
}

/** Options of {@link message}. */
export interface MessageOptions<From extends Direction> {
  /** Who sends it. Sending it from the other end is a type error, and refused on arrival. */
  readonly from: From;
  /** What the network promises. */
  readonly delivery: Delivery;
  /**
   * Joins the messages of one name, all of one delivery, into one channel: one order, one queue.
   * Lowercase words and hyphens. Without it, messages of delivery `unreliable`,
   * `reliable-unordered` and `reliable-ordered` share a channel for each, and the others have their own.
   */
  readonly channel?: string;
  /** 0 to 7, larger leaves first when the network is busy; default 6 for `input`, 5 and 4 for reliable, 3 for `sequenced`, 2 for `unreliable`. */
  readonly priority?: number;
  /** Share among channels of equal priority, 1 to 255, default 1. */
  readonly weight?: number;
  /** An `unreliable` message that has waited this many milliseconds is dropped; above 0, default never. */
  readonly ttlMs?: number;
  /** How many values each packet of an `input` message repeats, 1 to 32, default 3. */
  readonly redundancy?: number;
  /** Lets an `unreliable` message span up to 16 datagrams; losing one loses the message. */
  readonly fragments?: boolean;
  /** How often a peer may send it; default as often as the connection allows. */
  readonly rate?: RateLimit;
  /** First protocol version that has it. */
  readonly since?: number;
  /** First protocol version that no longer has it. */
  readonly deprecated?: number;
}

/** A declared message; `protocol()` gives it its name. */
export class MessageDefinition<T, From extends Direction> {
  /** The carried type; exists for the type checker only. */
  declare readonly "~type": T;
  /** Tells definitions apart. */
  readonly kind = "message";
  /** The properties. */
  readonly struct: StructNode;
  /** The options, checked. */
  readonly options: Readonly<MessageOptions<From>>;

  /** Use {@link message} instead. */
  constructor(struct: StructNode, options: MessageOptions<From>) {
    this.struct = struct;
    const { rate } = options;
    this.options = Object.freeze({
      ...options,
      ...(rate === undefined ? {} : { rate: Object.freeze({ ...rate }) }),
    });
  }
}

/**
 * Declares a message.
 *
 * @param fields Its properties in declaration order, which is their order on the wire.
 * @throws RangeError or TypeError that names the option that is wrong.
 *
 * @example
 * ```ts
 * import { message, t } from "./mod.ts";
 * const Chat = message({ text: t.string({ maxBytes: 240 }) }, {
 *   from: "both",
 *   delivery: "reliable-ordered",
 *   rate: { perSecond: 4, burst: 8 },
 * });
 * console.assert(Chat.options.delivery === "reliable-ordered");
 * ```
 */
export function message<F extends Fields, From extends Direction>(
  fields: F,
  options: MessageOptions<From>,
): MessageDefinition<InferFields<F>, From> {
  checkOptions(options);
  return new MessageDefinition(structNode("message", fields), options);
}

const CHANNEL_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

function checkOptions(options: MessageOptions<Direction>): void {
  const { from, delivery, channel, priority, weight, since, deprecated } = options;
  if (from !== "client" && from !== "server" && from !== "both") {
    throw new TypeError(
      `Cannot declare message: from ${JSON.stringify(from)} is not "client", "server" or "both"`,
    );
  }
  if (!DELIVERIES.includes(delivery)) {
    throw new TypeError(
      `Cannot declare message: delivery ${JSON.stringify(delivery)} is none of ${
        DELIVERIES.join(", ")
      }`,
    );
  }
  if (channel !== undefined && (!CHANNEL_NAME.test(channel) || channel.length > 64)) {
    throw new TypeError(
      `Cannot declare message: channel ${
        JSON.stringify(channel)
      } is not lowercase words with hyphens`,
    );
  }
  if (priority !== undefined) checkInteger("message priority", priority, 0, 7);
  if (weight !== undefined) checkInteger("message weight", weight, 1, 255);
  if (since !== undefined) checkInteger("message since", since, 1, NEWEST_VERSION);
  if (deprecated !== undefined) {
    checkInteger("message deprecated", deprecated, (since ?? 1) + 1, NEWEST_VERSION);
  }
  checkDeliveryOptions(options);
}

/** Options that mean something for one delivery only. */
function checkDeliveryOptions(options: MessageOptions<Direction>): void {
  const { delivery, ttlMs, redundancy, fragments, rate } = options;
  if (ttlMs !== undefined) {
    requireDelivery("ttlMs", "unreliable", delivery);
    if (!(ttlMs > 0 && Number.isFinite(ttlMs))) {
      throw new RangeError(`Cannot declare message: ttlMs ${ttlMs} is not a finite number above 0`);
    }
  }
  if (redundancy !== undefined) {
    requireDelivery("redundancy", "input", delivery);
    checkInteger("message redundancy", redundancy, 1, 32);
  }
  if (fragments !== undefined) requireDelivery("fragments", "unreliable", delivery);
  if (rate !== undefined) {
    if (!(rate.perSecond > 0 && Number.isFinite(rate.perSecond))) {
      throw new RangeError(
        `Cannot declare message: rate.perSecond ${rate.perSecond} is not a finite number above 0`,
      );
    }
    checkInteger("message rate.burst", rate.burst, 1, 1_000_000);
  }
}

function requireDelivery(option: string, wanted: Delivery, delivery: Delivery): void {
  if (delivery === wanted) return;
  throw new TypeError(
    `Cannot declare message: ${option} is for "${wanted}" delivery, not "${delivery}"`,
  );
}
