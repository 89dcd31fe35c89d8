/**
 * Many bots in one thread, each with a client and a socket of its own.
 *
 * @module
 */
import type { Client } from "../client/client.ts";
import { connect } from "../client/connect.ts";
import { ConnectError } from "../client/errors.ts";
import { openDatagramPipe } from "../transport/open_datagram_pipe.ts";
import { Random, seedFor } from "../transport/random.ts";
import type { FleetOptions, FleetReport } from "./bot_messages.ts";
import { BotPacer } from "./bot_pacer.ts";
import type { Bot, BotCounters, RunningBot } from "./define_bot.ts";

/** A bot has few datagrams in flight, and thousands of bots have thousands of these buffers. */
const TRANSMIT_SLOTS = 8;

/** What is not answered within this after the last action is lost. */
export const LAST_ANSWER_MS = 1_000;

/**
 * Connections begun and not yet made. A server that is slow to answer gets no more of them: thousands of
 * clients that ask again and again would measure their own impatience.
 */
const MAX_CONNECTING = 64;

/** Pause between two looks at whether everything was answered. */
const PATIENCE_MS = 50;

/** Pause between two looks at what is due. */
const PUMP_MS = 1;

/** A connected bot. */
interface Member {
  readonly client: Client;
  readonly counters: BotCounters;
  readonly running: RunningBot;
}

/** Samples that grow and are taken away. */
class Samples {
  #values = new Uint32Array(1_024);
  #count = 0;

  add(ms: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Uint32Array(this.#count * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = Math.min(0xffff_ffff, Math.max(1, Math.round(ms * 1000)));
  }

  take(): Uint32Array<ArrayBuffer> {
    const taken = this.#values.slice(0, this.#count);
    this.#count = 0;
    return taken;
  }
}

/** The bots of one worker. */
export class BotFleet {
  readonly #bot: Bot;
  readonly #options: FleetOptions;
  readonly #places: (Member | undefined)[];
  readonly #pacer: BotPacer;
  readonly #random: Random;
  readonly #rtts = new Samples();
  readonly #connectTimes = new Samples();
  readonly #failed: Record<string, number> = {};
  readonly #giveUp = new AbortController();
  readonly #leaving = new Set<Promise<void>>();
  /** What members counted that are gone. */
  readonly #past = { sent: 0, received: 0, lost: 0, bytesSent: 0, bytesReceived: 0 };
  #attempted = 0;
  #connecting = 0;
  #connected = 0;
  #dropped = 0;
  #churned = 0;
  #startedAtMs = 0;
  #isStopping = false;

  constructor(bot: Bot, options: FleetOptions) {
    this.#bot = bot;
    this.#options = options;
    this.#places = new Array(options.count).fill(undefined);
    this.#pacer = new BotPacer(options.count, options.ratePerSecond, performance.now());
    this.#random = new Random(seedFor(`fleet ${options.firstNumber}`, options.seed));
  }

  /** Runs until the time is over or {@link stop}, then ends every bot. */
  async run(): Promise<void> {
    this.#startedAtMs = performance.now();
    const endAtMs = this.#startedAtMs + this.#options.seconds * 1000;
    let started = 0;
    while (!this.#isStopping && performance.now() < endAtMs) {
      const nowMs = performance.now();
      const seconds = (nowMs - this.#startedAtMs) / 1000;
      const due = Math.min(this.#options.count, seconds * this.#options.rampPerSecond);
      while (started < due && this.#connecting < MAX_CONNECTING) this.#begin(started++);
      this.#churn(seconds);
      this.#pacer.run(nowMs);
      await pause(PUMP_MS);
    }
    this.#giveUp.abort();
    await this.#lastAnswers();
    this.#places.forEach((_, place) => this.#end(place));
    await Promise.all(this.#leaving);
  }

  /** Ends the run early. */
  stop(): void {
    this.#isStopping = true;
  }

  /** What happened so far. Takes the samples away. */
  report(): FleetReport {
    const { sent, received, lost, bytesSent, bytesReceived } = this.#past;
    const report = {
      attempted: this.#attempted,
      connected: this.#connected,
      online: 0,
      failed: { ...this.#failed },
      dropped: this.#dropped,
      sent,
      received,
      lost,
      skipped: this.#pacer.skipped,
      bytesSent,
      bytesReceived,
      rttMicroseconds: this.#rtts.take(),
      connectMicroseconds: this.#connectTimes.take(),
    };
    for (const member of this.#places) {
      if (member === undefined) continue;
      report.online++;
      addMember(report, member);
    }
    return report;
  }

  /** Waits for what is on its way, no longer than it is worth. */
  async #lastAnswers(): Promise<void> {
    const untilMs = performance.now() + LAST_ANSWER_MS;
    while (performance.now() < untilMs && this.#places.some(isWaiting)) await pause(PATIENCE_MS);
  }

  #begin(place: number): void {
    this.#attempted++;
    this.#connecting++;
    this.#connect(place).finally(() => this.#connecting--).catch((error) => {
      if (this.#giveUp.signal.aborted) {
        // Nobody waits for it any more; that is no failure.
        this.#attempted--;
        return;
      }
      const code = codeOf(error);
      this.#failed[code] = (this.#failed[code] ?? 0) + 1;
    });
  }

  async #connect(place: number): Promise<void> {
    const { url, sim } = this.#options;
    const startedAtMs = performance.now();
    const pipe = await openDatagramPipe({ port: 0, transmitSlots: TRANSMIT_SLOTS });
    const client = await connect(this.#bot.protocol, url, {
      environment: { pipe },
      reconnect: false,
      signal: this.#giveUp.signal,
      ...(sim === undefined ? {} : { sim }),
    });
    this.#connected++;
    this.#connectTimes.add(performance.now() - startedAtMs);
    this.#enter(place, client);
  }

  #enter(place: number, client: Client): void {
    const { firstNumber, ratePerSecond, seed } = this.#options;
    const number = firstNumber + place;
    const counters = { sent: 0, received: 0, lost: 0 };
    const running = this.#bot.start(client, {
      number,
      ratePerSecond,
      random: new Random(seedFor(`bot ${number}`, seed)),
      counters,
      rtt: { record: (rttMs) => this.#rtts.add(rttMs) },
      act: (action) => this.#pacer.set(place, action),
    }) ?? {};
    const member: Member = { client, counters, running };
    this.#places[place] = member;
    client.on("disconnected", () => {
      if (this.#places[place] !== member) return;
      this.#dropped++;
      this.#end(place);
    });
  }

  /** Ends the bot of a place: counts what it did, closes its client. */
  #end(place: number): void {
    const member = this.#places[place];
    if (member === undefined) return;
    this.#places[place] = undefined;
    this.#pacer.set(place, undefined);
    member.running.finish?.();
    addMember(this.#past, member);
    const leaving = member.client.close("bye", { flush: false }).finally(() => {
      this.#leaving.delete(leaving);
    });
    this.#leaving.add(leaving);
  }

  #churn(seconds: number): void {
    const due = Math.floor(seconds * this.#options.churnPerSecond);
    for (; this.#churned < due; this.#churned++) {
      const place = this.#random.below(this.#places.length);
      if (this.#places[place] === undefined) continue;
      this.#end(place);
      this.#begin(place);
    }
  }
}

function isWaiting(member: Member | undefined): boolean {
  return member !== undefined && member.counters.sent > member.counters.received;
}

function addMember(
  sum: {
    sent: number;
    received: number;
    lost: number;
    bytesSent: number;
    bytesReceived: number;
  },
  { client, counters }: Member,
): void {
  const { pipe } = client.stats();
  sum.sent += counters.sent;
  sum.received += counters.received;
  sum.lost += counters.lost;
  sum.bytesSent += pipe.bytesSent;
  sum.bytesReceived += pipe.bytesReceived;
}

function codeOf(error: unknown): string {
  if (error instanceof ConnectError) return error.code;
  if (error instanceof Error && "code" in error) return String(error.code);
  return error instanceof Error ? error.message : String(error);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
