/**
 * Which message travels on which channel, in one version of a protocol.
 *
 * @module
 */
import type { BoundMessage } from "./bound.ts";
import type { Delivery } from "./message.ts";

/** Most channels of a protocol: a frame numbers 0 to 30 in its first byte and more in a second one. */
export const MAX_CHANNELS = 63;

/** Most messages of a channel: one byte numbers them. */
export const MAX_CHANNEL_MESSAGES = 256;

/** How many recent values an `input` packet repeats when its message does not say. */
export const DEFAULT_REDUNDANCY = 3;

const DEFAULT_PRIORITY: Readonly<Record<Delivery, number>> = {
  "input": 6,
  "reliable-ordered": 5,
  "reliable-unordered": 5,
  "reliable-latest": 4,
  "sequenced": 3,
  "unreliable": 2,
};

/** Deliveries whose messages share one channel unless they name another. */
const SHARED: ReadonlySet<Delivery> = new Set([
  "unreliable",
  "reliable-unordered",
  "reliable-ordered",
]);

/** A channel as the network layer needs it. */
export interface ChannelSpec {
  /** Its number on the wire. */
  readonly index: number;
  /** The declared name, the delivery of a shared channel, or the name of its only message. */
  readonly name: string;
  /** What it promises. */
  readonly delivery: Delivery;
  /** 0 to 7, larger leaves first. */
  readonly priority: number;
  /** Share among channels of equal priority, 1 to 255. */
  readonly weight: number;
  /** How long an unreliable message may wait in milliseconds; `undefined` for ever. */
  readonly ttlMs: number | undefined;
  /** How many values a packet repeats; 0 unless the delivery is `input`. */
  readonly redundancy: number;
  /** Largest body, envelope byte included, of any message on it in either direction. */
  readonly maxMessageBytes: number;
  /** The messages, by the number that the envelope byte holds. */
  readonly messages: readonly BoundMessage[];
}

/** The channel that a message is on. */
export function channelNameOf(message: BoundMessage): string {
  const { channel } = message.options;
  if (channel !== undefined) return channel;
  return SHARED.has(message.delivery) ? message.delivery : message.name;
}

/**
 * Puts messages on channels. Channels are numbered in order of their names, messages within a
 * channel in order of theirs, so both ends agree however the declarations are written.
 *
 * @param messages The messages of one version, sorted by name.
 * @param bodyBytes Largest body of a message, without envelope.
 * @throws RangeError or TypeError when the messages of a channel contradict each other or are too many.
 */
export function assignChannels(
  messages: readonly BoundMessage[],
  bodyBytes: (message: BoundMessage) => number,
): ChannelSpec[] {
  const byName = new Map<string, BoundMessage[]>();
  for (const message of messages) {
    const name = channelNameOf(message);
    const members = byName.get(name);
    if (members === undefined) byName.set(name, [message]);
    else members.push(message);
  }
  if (byName.size > MAX_CHANNELS) {
    throw new RangeError(
      `Cannot declare protocol: ${byName.size} channels, but the limit is ${MAX_CHANNELS}; ` +
        "give messages that may wait for each other a common channel name",
    );
  }
  return [...byName.keys()].sort(byCodeUnits).map((name, index) =>
    channelSpec(index, name, byName.get(name) ?? [], bodyBytes)
  );
}

/** The order of names, the same in every locale. */
export function byCodeUnits(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function channelSpec(
  index: number,
  name: string,
  messages: readonly BoundMessage[],
  bodyBytes: (message: BoundMessage) => number,
): ChannelSpec {
  if (messages.length > MAX_CHANNEL_MESSAGES) {
    throw new RangeError(
      `Cannot declare channel "${name}": ${messages.length} messages, but the limit is ${MAX_CHANNEL_MESSAGES}`,
    );
  }
  const delivery = agreed(name, "delivery", messages.map((message) => message.delivery)) ??
    "unreliable";
  const options = messages.map((message) => message.options);
  const envelopeBytes = messages.length > 1 ? 1 : 0;
  const redundancy = agreed(name, "redundancy", options.map((option) => option.redundancy));
  return Object.freeze({
    index,
    name,
    delivery,
    priority: agreed(name, "priority", options.map((option) => option.priority)) ??
      DEFAULT_PRIORITY[delivery],
    weight: agreed(name, "weight", options.map((option) => option.weight)) ?? 1,
    ttlMs: agreed(name, "ttlMs", options.map((option) => option.ttlMs)),
    redundancy: delivery === "input" ? redundancy ?? DEFAULT_REDUNDANCY : 0,
    maxMessageBytes: envelopeBytes + Math.max(...messages.map(bodyBytes)),
    messages: Object.freeze([...messages]),
  });
}

/** The one value that the messages of a channel gave to an option, if any did. */
function agreed<V>(
  channel: string,
  option: string,
  values: readonly (V | undefined)[],
): V | undefined {
  const distinct = [...new Set(values)].filter((value) => value !== undefined);
  if (distinct.length > 1) {
    throw new TypeError(
      `Cannot declare channel "${channel}": its messages give ${option} as ${
        distinct.join(" and ")
      }; give one of them a channel of its own`,
    );
  }
  return distinct[0];
}
