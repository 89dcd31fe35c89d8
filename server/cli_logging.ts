/**
 * Where the logs of a hosted game go. Libraries log and never configure; this is the one place that does.
 *
 * @module
 */
import {
  configure,
  dispose,
  getStreamSink,
  type LogLevel,
  type LogRecord,
  type Sink,
} from "npm:@logtape/logtape@2.4.2";
import { type Output, stderr, type TextStyle } from "./cli_output.ts";

/** What is logged, and where. */
export interface LoggingOptions {
  /** Least important level that is shown. */
  readonly level: LogLevel;
  /** Where players come and go: a file to append to, `""` for standard error, `undefined` for nowhere. */
  readonly accessLog: string | undefined;
}

/** Levels from the least important on. */
export const LOG_LEVELS = ["trace", "debug", "info", "warning", "error", "fatal"] as const;

const STYLES: Readonly<Record<LogLevel, TextStyle>> = {
  trace: "gray",
  debug: "gray",
  info: "green",
  warning: "yellow",
  error: "red",
  fatal: "red",
};

/** Sends logs to standard error and, if wanted, the access log to a file. Returns what flushes them. */
export async function configureLogging(options: LoggingOptions): Promise<() => Promise<void>> {
  const { level, accessLog } = options;
  await configure({
    sinks: { screen: outputSink(stderr), access: await accessSink(accessLog) },
    loggers: [
      { category: "tickwire", lowestLevel: level, sinks: ["screen"] },
      {
        category: ["tickwire", "access"],
        lowestLevel: accessLog === undefined ? null : "info",
        sinks: ["access"],
        parentSinks: "override",
      },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["screen"] },
    ],
  });
  return dispose;
}

function outputSink(output: Output): Sink {
  return (record) => {
    const mark = output.paint(STYLES[record.level], record.level.padEnd(7));
    const category = record.category.slice(1).join(".");
    output.line(`${timeOf(record)} ${mark} ${category}: ${messageOf(record)}`);
  };
}

async function accessSink(accessLog: string | undefined): Promise<Sink> {
  if (accessLog === undefined) return () => {};
  const format = (record: LogRecord): string => `${timeOf(record)} ${messageOf(record)}\n`;
  if (accessLog === "") return (record) => stderr.write(format(record));
  // Appending, so that a tool that rotates logs may copy and truncate the file under us.
  const file = await Deno.open(accessLog, { append: true, create: true });
  return getStreamSink(file.writable, { formatter: format });
}

function timeOf({ timestamp }: LogRecord): string {
  return new Date(timestamp).toISOString();
}

/** Texts as they are: an address or a name needs no quotes. Only what an error says may take several lines. */
function messageOf({ message }: LogRecord): string {
  return message.map((part) =>
    part instanceof Error
      ? (part.stack ?? part.message).split("\n").map(visible).join("\n")
      : visible(String(part))
  ).join("");
}

/** Control characters of strangers are shown, not sent: a name must not forge a line or recolor a terminal. */
function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
