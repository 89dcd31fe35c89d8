/**
 * Writes a record that was read: what goes in comes out, byte for byte.
 *
 * @module
 */
import { RECORD_LAYOUTS } from "./record_code.ts";
import type { RecordedFact } from "./record_reader.ts";
import type { RecordWriter } from "./record_writer.ts";

/** Writes a record as its layout says. */
export function writeFact(out: RecordWriter, fact: RecordedFact): void {
  out.byte(fact.code);
  for (const field of RECORD_LAYOUTS[fact.code]?.fields ?? []) {
    switch (field) {
      case "id":
      case "number":
        out.varint(fact[field]);
        break;
      case "value":
        out.float(fact.value);
        break;
      case "timeMs":
        out.time(fact.timeMs);
        break;
      case "bytes":
        out.bytes(fact.bytes);
        break;
      case "text":
        out.text(fact.text);
        break;
      case "address":
        out.address(fact.address);
        break;
      case "flag":
        out.byte(fact.flag ? 1 : 0);
        break;
      case "check":
        out.check(fact.check);
    }
  }
}
