/**
 * The thread of a part of the bots; `tools/bots.ts` starts it.
 *
 * @module
 */
import { BotFleet } from "./bot_fleet.ts";
import type { FromWorker, ToWorker } from "./bot_messages.ts";
import { isBot } from "./define_bot.ts";

/** How often the thread reports. */
const REPORT_MS = 500;

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer: Transferable[]): void;
  close(): void;
}

// The types of Deno's main thread are loaded here, which know no worker scope.
const scope = self as unknown as WorkerScope;
let fleet: BotFleet | undefined;

scope.onmessage = ({ data }): void => {
  if (data.kind === "stop") fleet?.stop();
  else run(data).catch((error) => reportError(error));
};

async function run({ options }: ToWorker & { kind: "start" }): Promise<void> {
  const bot: unknown = (await import(options.botUrl)).default;
  if (!isBot(bot)) throw new TypeError(`${options.botUrl} defines no bot`);
  fleet = new BotFleet(bot, options);
  const timer = setInterval(() => post(false), REPORT_MS);
  await fleet.run();
  clearInterval(timer);
  post(true);
  scope.close();
}

function post(isLast: boolean): void {
  const report = fleet!.report();
  scope.postMessage({ isLast, report }, [
    report.rttMicroseconds.buffer,
    report.connectMicroseconds.buffer,
  ]);
}
