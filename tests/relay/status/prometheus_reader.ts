/**
 * A strict reader of the text format of Prometheus, version 0.0.4, for tests: refuses what a server would
 * refuse, and what `promtool check metrics` would blame.
 *
 * @module
 */
import assert from "node:assert/strict";

/** One family of samples. */
export interface MetricFamily {
  readonly type: string;
  readonly help: string;
  /** Values by name and labels, as they are written. */
  readonly samples: Map<string, number>;
}

const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\+Inf|-Inf|-?[0-9.e+-]+)$/;

/** Reads all families by name; throws at whatever is wrong. */
export function readMetrics(text: string): Map<string, MetricFamily> {
  assert.ok(text.endsWith("\n"), "the last line ends, too");
  const families = new Map<string, MetricFamily>();
  let name = "";
  let help = "";
  for (const line of text.split("\n").slice(0, -1)) {
    const [, helpName, helpText] = /^# HELP (\S+) (.+)$/.exec(line) ?? [];
    const [, typeName, type] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (helpName !== undefined) {
      assert.ok(!families.has(helpName), `${helpName} comes twice`);
      [name, help] = [helpName, helpText!];
    } else if (typeName !== undefined) {
      assert.equal(typeName, name, "the type follows the help");
      assert.equal(type === "counter", name.endsWith("_total"), `${name} is a ${type}`);
      families.set(name, { type: type!, help, samples: new Map() });
    } else {
      readSample(line, name, families.get(name));
    }
  }
  return families;
}

function readSample(line: string, name: string, family: MetricFamily | undefined): void {
  const [, sampleName = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
  assert.ok(sampleName !== "" && family !== undefined, `cannot read: ${line}`);
  const suffixes = family.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
  assert.ok(suffixes.some((suffix) => sampleName === name + suffix), `${sampleName} in ${name}`);
  const key = labels === "" ? sampleName : `${sampleName}{${labels}}`;
  assert.ok(!family.samples.has(key), `${key} comes twice`);
  const number = value === "+Inf" ? Infinity : value === "-Inf" ? -Infinity : Number(value);
  assert.ok(!Number.isNaN(number), line);
  family.samples.set(key, number);
}
