/**
 * Commands to a running proxy, a line each.
 *
 * @module
 */
import type { Output } from "../server/cli_output.ts";
import type { ImpairProxy } from "./impair_proxy.ts";

/** Does what a line says; `undefined`, or what is wrong with it. */
export function obey(proxy: ImpairProxy, line: string): string | undefined {
  switch (line.trim()) {
    case "":
      return undefined;
    case "rebind":
      proxy.rebind();
      return undefined;
    case "block":
      proxy.block("up");
      proxy.block("down");
      return undefined;
    case "block up":
      proxy.block("up");
      return undefined;
    case "block down":
      proxy.block("down");
      return undefined;
    case "unblock":
      proxy.unblock();
      return undefined;
    default:
      return `cannot do "${line.trim()}"; commands are rebind, block [up|down], unblock`;
  }
}

/** Does what a stream of lines says, until it ends. */
export async function followCommands(
  proxy: ImpairProxy,
  input: ReadableStream<Uint8Array<ArrayBuffer>>,
  complaints: Output,
): Promise<void> {
  let rest = "";
  for await (const text of input.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const complaint = obey(proxy, line);
      if (complaint !== undefined) complaints.line(complaint);
    }
  }
}
