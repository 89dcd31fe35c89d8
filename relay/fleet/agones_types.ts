/**
 * What Agones tells, read with care: another process wrote it.
 *
 * @module
 */

/** Codes of {@link AgonesError}. */
export type AgonesErrorCode =
  /** The gateway does not answer. */
  | "unreachable"
  /** It answers with an error. */
  | "refused"
  /** It answers with something else than it should. */
  | "malformed";

/** Agones did not do what it was asked. */
export class AgonesError extends Error {
  /** Always `"AgonesError"`. */
  override readonly name = "AgonesError";
  /** For programs. */
  readonly code: AgonesErrorCode;

  /** Takes the code and the sentence for people. */
  constructor(code: AgonesErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A game server as Kubernetes describes it, as far as a game server wants to know. */
export interface AgonesGameServer {
  /** Name of the object. */
  readonly name: string;
  /** Labels of the object. */
  readonly labels: Readonly<Record<string, string>>;
  /** Annotations of the object. */
  readonly annotations: Readonly<Record<string, string>>;
  /** `"Ready"`, `"Allocated"`, `"Reserved"`, `"Shutdown"` and the states on the way there. */
  readonly state: string;
  /** Public address of the node; empty before it is known. */
  readonly address: string;
  /** Public ports by name. */
  readonly ports: ReadonlyMap<string, number>;
}

/** A counter of a game server. */
export interface AgonesCounter {
  /** Where it stands. */
  readonly count: number;
  /** How far it goes. */
  readonly capacity: number;
}

/** A list of a game server. */
export interface AgonesList {
  /** Its values. */
  readonly values: readonly string[];
  /** How many it holds at most. */
  readonly capacity: number;
}

/** Reads a game server. Throws AgonesError `malformed`. */
export function readGameServer(json: unknown): AgonesGameServer {
  const { object_meta, objectMeta, status } = record(json);
  // The gateway of older releases has snake_case names, that of newer ones may have both.
  const meta = record(object_meta ?? objectMeta);
  const { state, address, ports } = record(status);
  return {
    name: text(meta.name),
    labels: texts(meta.labels),
    annotations: texts(meta.annotations),
    state: text(state),
    address: address === undefined ? "" : text(address),
    ports: new Map(
      list(ports).map((entry) => {
        const { name, port } = record(entry);
        return [text(name), whole(port)];
      }),
    ),
  };
}

/** Reads a counter. Throws AgonesError `malformed`. */
export function readCounter(json: unknown): AgonesCounter {
  const { count, capacity } = record(json);
  return { count: whole(count), capacity: whole(capacity) };
}

/** Reads a list. Throws AgonesError `malformed`. */
export function readList(json: unknown): AgonesList {
  const { values, capacity } = record(json);
  return { values: list(values).map(text), capacity: whole(capacity) };
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw malformed(value);
}

function list(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw malformed(value);
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  throw malformed(value);
}

function texts(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  return Object.fromEntries(Object.entries(record(value)).map(([key, item]) => [key, text(item)]));
}

/** 64-bit numbers come as texts, and 0 is left out (the JSON mapping of Protocol Buffers). */
function whole(value: unknown): number {
  const number = value === undefined ? 0 : typeof value === "string" ? Number(value) : value;
  if (typeof number === "number" && Number.isSafeInteger(number)) return number;
  throw malformed(value);
}

function malformed(value: unknown): AgonesError {
  const shown = JSON.stringify(value) ?? "nothing";
  return new AgonesError("malformed", `Agones answers with ${shown.slice(0, 80)}`);
}
