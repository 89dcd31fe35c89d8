/**
 * A bot as a module: what `tools/bots.ts` runs by the thousand.
 *
 * @module
 */
import type { Client } from "../client/client.ts";
import type { ProtocolCore } from "../schema/mod.ts";
import type { Random } from "../transport/random.ts";

/** What a bot counts. */
export interface BotCounters {
  /** Messages that it sent and that an answer, or some effect, is expected of. */
  sent: number;
  /** Answers, or effects. */
  received: number;
  /** What was sent and will not be answered any more. */
  lost: number;
}

/** What a bot gets when it starts. */
export interface BotContext {
  /** Its number among all bots of the run, from 0. A bot that takes the place of another has its number. */
  readonly number: number;
  /** Actions a second that are wanted of it. */
  readonly ratePerSecond: number;
  /** Its own random numbers: the same in every run with the same seed. */
  readonly random: Random;
  /** What it counts. */
  readonly counters: BotCounters;
  /** Where it records round trips. */
  readonly rtt: { record(rttMs: number): void };
  /** Says what an action is; it is called at the wanted rate until the bot ends. */
  act(action: () => void): void;
}

/** What a started bot lets its runner do. */
export interface RunningBot {
  /** Called once at the end, before the client is closed: the last chance to count what was lost. */
  finish?(): void;
}

/** What {@link defineBot} takes. */
export interface BotDefinition<P extends ProtocolCore> {
  /** What the bot speaks. */
  readonly protocol: P;
  /** Begins. The client is connected. */
  start(client: Client<P>, context: BotContext): RunningBot | void;
}

/** A defined bot. A bot module has it as its default export. */
export interface Bot<P extends ProtocolCore = ProtocolCore> extends BotDefinition<P> {
  /** Tells bots from other values, also those of another copy of this module. */
  readonly kind: "tickwire-bot-1";
}

const BOT_KIND: Bot["kind"] = "tickwire-bot-1";

/** Defines a bot. */
export function defineBot<P extends ProtocolCore>(definition: BotDefinition<P>): Bot<P> {
  return { ...definition, kind: BOT_KIND };
}

/** Whether a value, such as the default export of a module, is a defined bot. */
export function isBot(value: unknown): value is Bot {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === BOT_KIND;
}
