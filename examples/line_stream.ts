/**
 * Bytes in, lines of text out.
 *
 * @module
 */

/** Splits UTF-8 at `\n` or `\r\n`. A last line without an end is a line. */
export class TextLineStream extends TransformStream<Uint8Array, string> {
  constructor() {
    const decoder = new TextDecoder();
    let rest = "";
    const emit = (
      text: string,
      controller: TransformStreamDefaultController<string>,
    ): void => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) controller.enqueue(line.replace(/\r$/, ""));
    };
    super({
      transform: (bytes, controller) => emit(decoder.decode(bytes, { stream: true }), controller),
      flush(controller) {
        emit(decoder.decode(), controller);
        if (rest !== "") controller.enqueue(rest);
      },
    });
  }
}
