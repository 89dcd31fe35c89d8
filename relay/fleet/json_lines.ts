/**
 * JSON values of a stream, one per line.
 *
 * @module
 */
import { AgonesError } from "./agones_types.ts";

/** A description of a game server has some kilobytes; whatever is longer is no line. */
const MAX_LINE_CHARACTERS = 1_048_576;

/** The values in order. Throws AgonesError `malformed` for a line that is no JSON, or never ends. */
export async function* jsonLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<unknown, void, undefined> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MAX_LINE_CHARACTERS) {
      throw new AgonesError("malformed", "A line of the stream does not end");
    }
    for (const line of lines) if (line.trim() !== "") yield parse(line);
  }
  if (rest.trim() !== "") yield parse(rest);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new AgonesError("malformed", "A line of the stream is no JSON", { cause: error });
  }
}
