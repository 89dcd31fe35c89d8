/**
 * The text format of Prometheus, version 0.0.4: families of samples with a help line and a type.
 *
 * @module
 */

/** Labels of a sample, in the order in which they are written. */
export type MetricLabels = Readonly<Record<string, string>>;

/** A sample: its value, its labels. */
export type MetricSample = readonly [value: number, labels?: MetricLabels];

const METRIC_NAME = /^[a-z_][a-z0-9_]*$/;

/** Writes families, each once. */
export class MetricWriter {
  readonly #lines: string[] = [];
  readonly #prefix: string;
  readonly #names: Set<string> = new Set();

  /**
   * Has written nothing yet.
   *
   * @param prefix What every name begins with.
   */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** A total that only grows; its name ends in `_total`. */
  counter(name: string, help: string, samples: readonly MetricSample[]): void {
    this.#family(name, "counter", help);
    for (const [value, labels] of samples) this.#sample(name, value, labels);
  }

  /** A value that rises and falls. */
  gauge(name: string, help: string, samples: readonly MetricSample[]): void {
    this.#family(name, "gauge", help);
    for (const [value, labels] of samples) this.#sample(name, value, labels);
  }

  /**
   * A histogram.
   *
   * @param bounds Ascending upper bounds.
   * @param counts One per bound and one more, each without those below.
   */
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    counts: readonly number[],
    sum: number,
  ): void {
    this.#family(name, "histogram", help);
    let total = 0;
    for (const [at, bound] of [...bounds, Infinity].entries()) {
      total += counts[at] ?? 0;
      this.#sample(`${name}_bucket`, total, { le: formatValue(bound) });
    }
    this.#sample(`${name}_sum`, sum);
    this.#sample(`${name}_count`, total);
  }

  /** All of it, for a response of type `text/plain; version=0.0.4`. */
  text(): string {
    return this.#lines.map((line) => `${line}\n`).join("");
  }

  #family(name: string, type: string, help: string): void {
    const full = this.#prefix + name;
    if (!METRIC_NAME.test(full) || this.#names.has(full)) {
      throw new RangeError(`Cannot write metric "${full}": no name, or written already`);
    }
    this.#names.add(full);
    this.#lines.push(`# HELP ${full} ${escapeHelp(help)}`, `# TYPE ${full} ${type}`);
  }

  #sample(name: string, value: number, labels: MetricLabels = {}): void {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
    const list = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
    this.#lines.push(`${this.#prefix}${name}${list} ${formatValue(value)}`);
  }
}

function formatValue(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
